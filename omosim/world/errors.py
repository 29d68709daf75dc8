"""What a world cannot be built from, or a dated change cannot do: the user's input, with the way out."""

from __future__ import annotations


class WorldError(Exception):
    """Base; the message names the value, what is allowed, and the way out."""

    exit_code = 2


class CannotIntervene(WorldError):
    """A dated change names a thing that does not exist, or narrows a quantity in a way it cannot be narrowed."""
