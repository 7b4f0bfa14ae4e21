"""`python -m studio FOLDER` is `hairline studio FOLDER`."""

import sys

from pipeline.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["studio", *sys.argv[1:]]))
