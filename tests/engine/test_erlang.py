"""Erlang B and the Poisson law against tables, scipy, and each other."""

from __future__ import annotations

import pytest
from scipy.stats import poisson as exact

from omosim.engine.erlang import erlang_b, poisson, poisson_from, poisson_quantile


@pytest.mark.parametrize(("servers", "load", "lost"), [(4, 3.4, 0.249703), (96, 80.0, 0.009385), (1, 1.0, 0.5), (0, 2.0, 1.0), (5, 0.0, 0.0)])
def test_erlang_b(servers: int, load: float, lost: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(lost, abs=1e-6)


def test_erlang_b_is_a_poisson_law_cut_off() -> None:
    for servers, load in ((3, 0.2), (40, 33.0), (500, 520.0)):
        assert erlang_b(servers, load) == pytest.approx(exact.pmf(servers, load) / exact.cdf(servers, load), rel=1e-9)
    assert erlang_b(100_000, 50.0) == 0.0, "the recursion ends where nothing is left"


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.7, 3.4, 80.0, 5000.5])
def test_poisson(mean: float) -> None:
    first, cdf = poisson(mean)
    assert cdf[-1] == 1.0 and first >= 0
    for i, p in enumerate(cdf):
        assert p == pytest.approx(exact.cdf(first + i, mean), abs=1e-11)
    for share in (0.05, 0.5, 0.95):
        assert poisson_quantile(share, mean) == int(exact.ppf(share, mean)) or mean == 0
    for count in (0, 1, int(mean), int(mean) + 3, int(mean) * 4 + 100):
        assert poisson_from(count, mean) == pytest.approx(exact.sf(count - 1, mean), abs=1e-11)
