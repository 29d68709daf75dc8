"""`python -m omosim` is `omosim`."""

import sys

from omosim.cli.main import main

sys.exit(main())
