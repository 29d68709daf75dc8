"""Intervals of proportions against published ones."""

from __future__ import annotations

import pytest

from omosim.results.proportions import wilson


def test_wilson_against_published_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29
    rows = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for x, n, low, high in rows:
        got = wilson(x, n)
        assert got == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="not in"):
        wilson(3, 2)


def test_wilson_needs_no_whole_number() -> None:
    """The ends solve (p - share)^2 = z^2 p (1 - p) / n, whatever n."""
    for share, n in ((0.95, 33.7), (0.01, 1000.5), (1.0, 12.0), (0.0, 1.0)):
        for p in wilson(share * n, n) or ():
            assert p in (0.0, 1.0) or (p - share) ** 2 == pytest.approx(1.959963985**2 * p * (1 - p) / n, rel=1e-6)
