"""`python -m bot` is `machi`."""

import sys

from bot.cli import main

sys.exit(main())
