"""Attribution models against paths counted by hand, closed forms, definitions written out, and makers of paths of known truth."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omosim.journeys.log import Path
from omosim.schema.columns import DAY
from omosim.study.attribution import MODELS, markov, transitions


def path(names: str, value: float = 1.0, bought: bool = True, days: tuple[float, ...] = ()) -> Path:
    touches = tuple(names)
    before = days or tuple(float(len(touches) - i) for i in range(len(touches)))
    t = tuple(round((10_000 - d) * DAY) for d in before)
    return Path(1, 77 if bought else -1, value if bought else 0, t, touches, ("web",) * len(touches))  # type: ignore[arg-type]


def test_rules_of_thumb_by_hand() -> None:
    paths = [path("ABC", 10), path("A", 4), path("BA", 0, bought=False), path("", 7)]
    assert MODELS["first_touch"](paths) == {"A": 14, "B": 0, "C": 0}
    assert MODELS["last_touch"](paths) == {"A": 4, "B": 0, "C": 10}
    assert MODELS["linear"](paths) == pytest.approx({"A": 4 + 10 / 3, "B": 10 / 3, "C": 10 / 3})
    assert MODELS["position"](paths) == pytest.approx({"A": 4 + 4, "B": 2, "C": 4})
    assert MODELS["shapley"](paths) == pytest.approx({"A": 4 + 10 / 3, "B": 10 / 3, "C": 10 / 3})


def test_time_decay_halves_in_a_week() -> None:
    found = MODELS["time_decay"]([path("AB", 3, days=(7.0, 0.0))])
    assert found == pytest.approx({"A": 1, "B": 2})
    old = MODELS["time_decay"]([path("AB", 3, days=(9007.0, 9000.0))])
    assert old == pytest.approx({"A": 1, "B": 2})


def test_markov_of_the_textbook_case() -> None:
    """Anderl et al.'s example: C1 C2 C3 bought, C1 lost, C2 C3 lost. P(bought) 1/3; without C1 1/6, without C2 or C3 0."""
    paths = [path("123"), path("1", bought=False), path("23", bought=False)]
    # removal effects .5, 1, 1 -> .2, .4, .4 of one purchase
    assert markov(paths) == pytest.approx({"1": 0.2, "2": 0.4, "3": 0.4})


def test_markov_of_two_independent_ways() -> None:
    paths = [path("A")] * 3 + [path("B")] + [path("A", bought=False)] * 2
    assert markov(paths) == pytest.approx({"A": 3, "B": 1})


@given(st.lists(st.tuples(st.text("ABCD", min_size=1, max_size=6), st.booleans(), st.integers(1, 50)), min_size=1, max_size=30))
def test_every_model_shares_out_the_whole_value(rows: list[tuple[str, bool, int]]) -> None:
    paths = [path(names, float(value), bought) for names, bought, value in rows]
    total = sum(p.revenue for p in paths)
    for name, model in MODELS.items():
        credit = model(paths)
        assert sum(credit.values()) == pytest.approx(total), name
        assert all(v >= -1e-9 for v in credit.values()), name


def test_transitions_are_counted() -> None:
    assert transitions([path("AB"), path("A", bought=False)]) == {("(start)", "A"): 2, ("A", "B"): 1, ("B", "(bought)"): 1, ("A", "(nothing)"): 1}


def by_definition(paths: list[Path]) -> dict[str, float]:
    """Shapley value by every order of joining: a set is worth the purchases whose touchpoints all lie in it."""
    names = sorted({n for p in paths for n in p.touchpoint})
    worth = lambda team: sum(p.revenue for p in paths if p.bought and p.touchpoint and set(p.touchpoint) <= set(team))
    out = dict.fromkeys(names, 0.0)
    for order in itertools.permutations(names):
        for i, name in enumerate(order):
            out[name] += (worth(order[: i + 1]) - worth(order[:i])) / math.factorial(len(names))
    return out


@given(st.lists(st.tuples(st.text("ABCDE", min_size=1, max_size=5), st.booleans(), st.integers(1, 50)), min_size=1, max_size=12))
def test_shapley_is_what_its_definition_says(rows: list[tuple[str, bool, int]]) -> None:
    paths = [path(names, float(value), bought) for names, bought, value in rows]
    found, expected = MODELS["shapley"](paths), by_definition(paths)
    assert {n: found.get(n, 0.0) for n in expected} == pytest.approx(expected)


def absorbed(seed: int, removed: str = "", n: int = 40_000) -> tuple[list[Path], float]:
    """Paths of a chain of known moves, and the share that buys; who comes to the removed touchpoint is lost."""
    moves = {"(": "AAB", "A": "BBC!.", "B": "AC!...", "C": "!!.A"}
    draw, out, bought = random.Random(seed), [], 0
    for _ in range(n):
        here, steps = draw.choice(moves["("]), ""
        while here not in "!." and here != removed:
            steps += here
            here = draw.choice(moves[here])
        bought += here == "!"
        out.append(path(steps, 1.0, here == "!"))
    return out, bought / n


def test_markov_finds_the_removal_effects_of_a_chain_that_is_run_again_without_each() -> None:
    """An independent maker of paths: the chain is walked again with a touchpoint removed, and nothing is solved."""
    paths, whole = absorbed(1)
    effects = {name: 1 - absorbed(2 + i, name)[1] / whole for i, name in enumerate("ABC")}
    credit = markov(paths)
    total = sum(effects.values())
    for name in "ABC":
        assert credit[name] / sum(credit.values()) == pytest.approx(effects[name] / total, abs=0.015)


def test_a_world_where_only_one_touchpoint_sells_and_another_is_always_last() -> None:
    """Truth that no model has in it: buying depends on having met S, which is early; L stands at the end of every path that buys."""
    draw = random.Random(5)
    paths = []
    for _ in range(20_000):
        met = draw.random() < 0.4
        steps = ("S" if met else "") + draw.choice(["X", "XX", ""])
        bought = met and draw.random() < 0.5
        paths.append(path(steps + ("L" if bought else draw.choice("LX")), 10.0, bought))
    last = MODELS["last_touch"](paths)
    assert last["L"] == sum(p.revenue for p in paths) and last["S"] == 0
    credit = {name: model(paths) for name, model in MODELS.items()}
    assert credit["first_touch"]["S"] == sum(p.revenue for p in paths)
    share = {name: c["S"] / sum(c.values()) for name, c in credit.items()}
    assert share["last_touch"] < share["linear"] < share["first_touch"] and 0.3 < share["shapley"] < 0.6
    assert credit["markov"]["S"] < credit["markov"]["X"]  # a chain of order one has forgotten S after the next touch


def test_a_touchpoint_that_only_accompanies_gets_no_more_than_it_has_paths() -> None:
    paths = [path("AN", 10.0), path("A", 10.0), path("N", bought=False), path("N", bought=False)]
    credit = markov(paths)
    assert credit["A"] > credit["N"] and sum(credit.values()) == pytest.approx(20)
