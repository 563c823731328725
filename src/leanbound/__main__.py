"""`python -m leanbound`."""

import sys

from leanbound.cli import main

if __name__ == "__main__":
    sys.exit(main())
