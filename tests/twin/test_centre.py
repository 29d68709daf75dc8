"""People assumed in the centre follow the orders a day and the picking times; those given stand."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp
from pathlib import Path

import pytest

from omosim.api.twin_state import fit_of
from omosim.cli.main import main
from omosim.twin import folder
from omosim.twin.market import centre
from omosim.twin.parameters import Fit, settings_of
from omosim.twin.tables import tables_of
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
A_DAY = 24


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """Of a shop with 24 orders a day."""
    here = tmp_path_factory.mktemp("centre")
    orders = shop.write(shop.orders(days=84, per_day=A_DAY, people=200), here / "orders.csv")
    assert main(["twin", "new", f"dir={here / 'twin'}", f"orders={orders}", "timezone=Asia/Seoul"]) == 0
    kept = folder.read(here / "twin")
    return fit_of(kept, tables_of(kept))


@pytest.mark.parametrize("times", [0.01, 0.3, 1.0, 1.7, 3.0, 50.0])
def test_people_are_those_whom_the_picking_asks_for(fit: Fit, times: float) -> None:
    """By hand: 150 s and 600 s for the units of a middling order, a mean one larger as lognormal values are; a sixth of the day."""
    laws = replace(fit.laws, level=fit.laws.level * times)
    made = centre(laws, list(fit.bands), {})
    assert made.orders == pytest.approx(A_DAY * times, rel=0.1)
    assert made.seconds == pytest.approx(150 + 600 * exp(fit.laws.values.sd**2 / 2), rel=0.001)
    assert made.people == min(4, max(1, ceil(made.orders * made.seconds / 14_400)))
    if times in (0.01, 50.0):
        assert made.people == (1 if times < 1 else 4)


def test_members_have_them_and_slow_picking_asks_for_more(fit: Fit) -> None:
    made = settings_of(fit, {}, scale=1.0, forward=True).network.work
    assert made.centre_pickers == centre(fit.laws, list(fit.bands), {}).people < 4
    slow = replace(fit, given={"network.work.pick_base_s": 900.0, "network.work.pick_unit_s": 900.0})
    assert made.centre_pickers < settings_of(slow, {}, scale=1.0, forward=True).network.work.centre_pickers <= 4
    for people in (0, 1, 9):
        told = replace(fit, given={"network.work.centre_pickers": people})
        assert settings_of(told, {}, scale=1.0, forward=True).network.work.centre_pickers == people
