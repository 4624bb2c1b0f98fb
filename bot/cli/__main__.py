"""`python -m bot.cli`: the command `mutoscope`."""

import sys

from bot.cli import main

if __name__ == "__main__":
    sys.exit(main())
