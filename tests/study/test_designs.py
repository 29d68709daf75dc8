"""Designs and sensitivities against known functions."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.designs import DesignError, Factor, design_points
from omosim.study.sensitivity import indices, noise_share


def test_a_grid_crosses_values_the_last_fastest() -> None:
    factors = [Factor("a", (1, 2)), Factor("b", ("x", "y", "z"))]
    assert design_points(factors, "grid", 9, 1) == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    assert design_points([], "grid", 9, 1) == [()]
    with pytest.raises(DesignError, match=r"interval|range"):
        design_points([Factor("a", (), 0, 1)], "grid", 4, 1)


@pytest.mark.parametrize("design", ["lhs", "sobol"])
def test_spread_designs_fill_every_slice(design: str) -> None:
    factors = [Factor("a", (), 0.5, 2.5), Factor("n", (), 1, 4, whole=True), Factor("c", ("p", "q"))]
    points = design_points(factors, design, 64, 1)
    a = np.array([p[0] for p in points])
    assert len(points) == 64 and a.min() >= 0.5 and a.max() < 2.5
    assert (np.bincount(((a - 0.5) / 2 * 16).astype(int), minlength=16) == 4).all()
    assert sorted({p[1] for p in points}) == [1, 2, 3, 4]
    assert sum(p[2] == "p" for p in points) == 32
    assert points == design_points(factors, design, 64, 1)
    assert points != design_points(factors, design, 64, 2)


def test_sobol_grows_without_moving_its_first_points() -> None:
    factors = [Factor("a", (), 0, 1), Factor("b", (), 0, 1)]
    assert design_points(factors, "sobol", 48, 1) == design_points(factors, "sobol", 64, 1)[:48]


def ishigami(x: np.ndarray) -> np.ndarray:
    z = (2 * x - 1) * np.pi
    return np.asarray(np.sin(z[:, 0]) + 7 * np.sin(z[:, 1]) ** 2 + 0.1 * z[:, 2] ** 4 * np.sin(z[:, 0]))


def test_sobol_shares_of_the_ishigami_function() -> None:
    pytest.importorskip("SALib")
    factors = [Factor(n, (), 0, 1) for n in ("x1", "x2", "x3")]
    x = np.array(design_points(factors, "saltelli", 1024, 1))
    rows = {r["input"]: r for r in indices("saltelli", ["x1", "x2", "x3"], x, ishigami(x)[:, None])}
    for name, first, total in (("x1", 0.3139, 0.5576), ("x2", 0.4424, 0.4424), ("x3", 0.0, 0.2437)):
        assert rows[name]["first"] == pytest.approx(first, abs=0.03)
        assert rows[name]["effect"] == pytest.approx(total, abs=0.03)
    assert rows["noise of replications"]["effect"] is None


def test_morris_ranks_a_linear_function_exactly() -> None:
    pytest.importorskip("SALib")
    factors = [Factor(n, (), 0, 1) for n in ("a", "b", "c")]
    x = np.array(design_points(factors, "morris", 10, 1))
    rows = indices("morris", ["a", "b", "c"], x, (x @ np.array([1.0, -5.0, 0.0]))[:, None])
    assert [r["input"] for r in rows[:3]] == ["b", "a", "c"]
    assert rows[0]["effect"] == pytest.approx(5) and rows[0]["first"] == pytest.approx(-5)
    assert rows[2]["effect"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(DesignError, match="two factors"):
        design_points(factors[:1], "morris", 4, 1)


def sobol_g(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.asarray(np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=1))


G = np.array([0.0, 1.0, 4.5, 9.0])


def test_sobol_shares_of_the_g_function() -> None:
    """Closed form: V_i = 1/3 (1 + a_i)^-2, total of i: V_i prod over others (1 + V_j), over prod (1 + V) - 1."""
    pytest.importorskip("SALib")
    names = [f"x{i}" for i in range(4)]
    x = np.array(design_points([Factor(n, (), 0, 1) for n in names], "saltelli", 4096, 1))
    rows = {r["input"]: r for r in indices("saltelli", names, x, sobol_g(x, G)[:, None])}
    part = 1 / (3 * (1 + G) ** 2)
    whole = np.prod(1 + part) - 1
    for i, name in enumerate(names):
        assert rows[name]["first"] == pytest.approx(part[i] / whole, abs=0.02)
        assert rows[name]["effect"] == pytest.approx(part[i] * np.prod(np.delete(1 + part, i)) / whole, abs=0.02)


def test_morris_ranks_the_g_function() -> None:
    """On four levels, a step of 2/3 leads from 0 to 2/3 or 1/3 to 1: |4x - 2| changes by 4/3, so the effect of i is 2 / (1 + a_i) times the mean of the rest."""
    pytest.importorskip("SALib")
    names = [f"x{i}" for i in range(4)]
    x = np.array(design_points([Factor(n, (), 0, 1) for n in names], "morris", 400, 1))
    rows = indices("morris", names, x, sobol_g(x, G)[:, None])
    assert [r["input"] for r in rows[:4]] == names
    rest = (np.array([2.0, 2 / 3, 2 / 3, 2.0]).mean() + G) / (1 + G)  # mean of a factor over the four levels
    for i, row in enumerate(rows[:4]):
        assert row["effect"] == pytest.approx(2 / (1 + G[i]) * np.prod(np.delete(rest, i)), rel=0.1)
        assert abs(row["first"]) < 0.25 * row["effect"]  # it rises on one side and falls on the other


def test_noise_has_a_line_of_its_own() -> None:
    draw = np.random.default_rng(3)
    truth = draw.normal(0, 1, 400)[:, None]
    values = truth + draw.normal(0, 2, (400, 4))  # variance of a mean: 1 + 4/4
    share = noise_share(values)
    assert share is not None and share == pytest.approx(0.5, abs=0.06)
    assert noise_share(values[:, :1]) is None
