"""`python -m bot.cli`: the same as the command `mutoscope`."""

import sys

from bot.cli import main

if __name__ == "__main__":
    sys.exit(main())
