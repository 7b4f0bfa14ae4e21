"""`python -m pipeline`: the command line, as `hairline` runs it."""

import sys

from pipeline.cli.main import main

sys.exit(main())
