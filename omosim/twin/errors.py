"""What can keep a readable order log from being fitted."""

from omosim.ingest.errors import InputError


class CalibrationError(InputError):
    """The orders were read, but cannot carry a calibration."""
