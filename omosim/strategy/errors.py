"""What can be wrong with a strategy: the value, what is allowed, the way out."""

from __future__ import annotations


class StrategyError(Exception):
    """Base; `problems` lists every problem of the strategy, the message shows them all."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(problems))


class UnknownCapability(StrategyError):
    """No capability has this name."""


class IncompatibleCapabilities(StrategyError):
    """A capability lacks one that it needs, or stands beside one that it excludes."""


class BadLevel(StrategyError):
    """A level that the capability does not have, or a value outside its range."""
