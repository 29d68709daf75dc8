"""Lets the tests of this folder import their shared module of stations."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
