"""Attribution models against paths counted by hand and closed forms of the chain."""

from __future__ import annotations

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
    total = sum(p.value for p in paths)
    for name, model in MODELS.items():
        credit = model(paths)
        assert sum(credit.values()) == pytest.approx(total), name
        assert all(v >= -1e-9 for v in credit.values()), name


def test_transitions_are_counted() -> None:
    assert transitions([path("AB"), path("A", bought=False)]) == {("(start)", "A"): 2, ("A", "B"): 1, ("B", "(bought)"): 1, ("A", "(nothing)"): 1}
