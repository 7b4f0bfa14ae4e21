"""`python -m weights NAME`."""

import sys

from weights.fetch import main

sys.exit(main())
