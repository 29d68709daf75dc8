"""What can be wrong with a result folder; each message says what to do."""

from __future__ import annotations


class ResultError(Exception):
    """A result folder cannot be used; the message names the file and the cure."""

    exit_code = 2


class NotAResult(ResultError):
    """The path is not a result folder of omosim."""


class Unfinished(ResultError):
    """The study in the folder was interrupted before its end."""


class NewerSchema(ResultError):
    """A file was written by a later version of omosim."""


class FolderInUse(ResultError):
    """The folder belongs to another command."""
