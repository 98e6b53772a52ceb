"""`python -m colorlib` is the command `colorlib`."""

import sys

from colorlib.cli import main

sys.exit(main())
