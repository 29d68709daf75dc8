"""What can go wrong inside a run: each is our bug or a broken promise, never the user's input."""

from __future__ import annotations


class EngineError(Exception):
    """Base of the engine's errors."""


class CausalityError(EngineError):
    """Something was planned for a time that has already passed, or happened outside its window."""


class LawBroken(EngineError):
    """A law's residual is not zero; the run stops and publishes nothing.

    Parameters
    ----------
    residuals : law name -> residual (integers), only the broken ones
    when : simulated second at which it was found
    """

    exit_code = 4

    def __init__(self, residuals: dict[str, int], when: int, meaning: dict[str, str] | None = None) -> None:
        self.residuals = dict(residuals)
        self.when = when
        said = "; ".join(f"{law} ({(meaning or {}).get(law, 'law')}): residual {res}" for law, res in residuals.items())
        super().__init__(f"law broken at second {when}: {said}")


class SnapshotError(EngineError):
    """A snapshot does not fit: other layout, other settings, or a newer version."""
