"""What can keep a readable order file from being planned on; each message says what to do."""

from omosim.ingest.errors import InputError


class PlanError(InputError):
    """The orders were read, but cannot carry a plan."""
