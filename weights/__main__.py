"""`python -m weights NAME`."""

import sys

from weights.download import main

sys.exit(main())
