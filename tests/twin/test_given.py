"""What a retailer says of his costs and stores at `omosim twin new`, and what becomes of it: from the command line to a decision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omosim.api.twin_given import given_of, settings_of_before
from omosim.api.twin_state import fit_of
from omosim.cli.main import main
from omosim.config.compose import compose
from omosim.reports.language import say, using
from omosim.schema.settings import NetworkSettings
from omosim.twin import assumed, folder
from omosim.twin.costs import key_given, notes
from omosim.twin.parameters import settings_of
from omosim.twin.tables import tables_of
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
WAGE = 9_000
#: a shop that says what it has: a warehouse of one, nobody idle at night, shorter hours
MINE = (f"network.work.wage_per_hour={WAGE}", "network.work.centre_pickers=1", "network.stores.opens=10:00", "network.stores.closes=20:00",
        "network.work.pick_base_s=300", "network.work.pick_unit_s=100", "network.stores.rent_per_day=50000", "margin=0.3", "market.capability_cost_rate=0.01")  # fmt: skip


def twin(*said: object) -> int:
    return main(["twin", *map(str, said)])


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop.write(shop.orders(days=84, people=200, hours=(10, 20)), tmp_path_factory.mktemp("given") / "orders.csv")


def made(orders: Path, name: str, *said: str) -> Path:
    """A twin's folder with these words."""
    here = orders.parent / name
    assert twin("new", f"dir={here}", f"orders={orders}", "timezone=Asia/Seoul", "strategy=o2o", *said) == 0
    return here


def decided(here: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Its decision and the tables for the shop."""
    assert twin("decide", f"dir={here}", "members=10", "horizon=7", "assimilate=false", "jobs=1") == 0
    tables = {name: pd.read_csv(here / f"{name}.csv") for name in ("staffing", "capacity_plan", "reorder_levels")}
    return json.loads((here / "decision.json").read_text()), tables


@pytest.fixture(scope="module")
def mine(orders: Path) -> tuple[Path, dict[str, Any], dict[str, pd.DataFrame]]:
    here = made(orders, "mine", *MINE)
    return (here, *decided(here))


@pytest.mark.slow
def test_a_wage_moves_labour_in_proportion_and_nothing_else(orders: Path, mine: Any) -> None:
    _, at_first, tables = mine
    raised, same = decided(made(orders, "raised", *(word.replace(str(WAGE), str(3 * WAGE)) for word in MINE)))
    before, after = at_first["ways"][0], raised["ways"][0]
    assert after["lines"]["labour"] == pytest.approx(3 * before["lines"]["labour"], abs=2) and before["lines"]["labour"] < 0
    more = after["lines"]["labour"] - before["lines"]["labour"]
    assert after["lines"]["operating_profit"] - before["lines"]["operating_profit"] == pytest.approx(more, abs=2)
    others = [name for name in before["lines"] if name not in ("labour", "operating_profit")]
    assert {name: after["lines"][name] for name in others} == {name: before["lines"][name] for name in others}
    assert after["series"] == before["series"]
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, same[name])


def test_labour_and_rent_are_those_of_the_whole_shop(mine: Any) -> None:
    """By hand: a centre of one round the clock, a picker and one at the counter for ten hours, the rent of one store."""
    lines = mine[1]["ways"][0]["lines"]
    paid = 7 * (24 + 2 * 10) * WAGE
    assert paid <= -lines["labour"] < 1.1 * paid  # who stays after closing to end what is in hand is paid too
    assert lines["rent"] == -7 * 50_000
    sold = sum(value for name, value in lines.items() if name.startswith("revenue")) + lines["refunds"]
    assert -lines["goods"] == pytest.approx(0.7 * sold, rel=0.05)


@pytest.mark.slow
def test_picking_times_and_hours_reach_the_plans_of_stores(orders: Path, mine: Any) -> None:
    _, first, tables = mine
    thrice = [word.replace("_s=300", "_s=900").replace("_s=100", "_s=300") for word in MINE]
    slow, plans = decided(made(orders, "slow", *thrice))
    was, now = tables["staffing"], plans["staffing"]
    assert set(was["from"].str[:2].astype(int)) == set(range(10, 20))
    assert now["picking_work"].sum() == pytest.approx(3 * was["picking_work"].sum(), rel=0.02) and now["pickers"].sum() > was["pickers"].sum()
    assert now["counter_work"].sum() == pytest.approx(was["counter_work"].sum(), rel=0.1)
    assert not plans["capacity_plan"].equals(tables["capacity_plan"])
    (store,) = slow["stores"]
    assert store["picker_hours_a_week"] > first["stores"][0]["picker_hours_a_week"]
    said = " ".join(slow["notes"])
    assert "opening hours from network.stores.opens and closes, as given" in said and "are assumed, but for pick_base_s, pick_unit_s" in said


@pytest.mark.slow
def test_hours_and_places_reach_forecasts_and_ways(orders: Path, capsys: pytest.CaptureFixture) -> None:
    """A store that closes at one sells less; lockers that the shop has can be weighed."""
    sold = {}
    short = ("network.stores.opens=09:00", "network.stores.closes=13:00", "network.stores.peak_to=13:00", "network.points.lockers=3")
    for name, said in (("long", ("network.stores.opens=09:00", "network.stores.closes=20:00")), ("short", short)):
        here = made(orders, name, *said)
        assert twin("forecast", f"dir={here}", "members=10", "horizon=14", "assimilate=false", "jobs=1") == 0
        table = pd.read_parquet(here / "forecasts.parquet")
        sold[name] = table[(table["series"] == "orders.store") & (table["step"] == "day")]["mean"].sum()
    assert 0 < sold["short"] < 0.95 * sold["long"]
    assert twin("decide", f"dir={orders.parent / 'long'}", "ways=[lockers]", "members=10") == 2 and "network.points.lockers" in capsys.readouterr().err
    way = ("ways=[lockers]", "members=10", "horizon=7", "assimilate=false", "jobs=1")
    assert twin("decide", f"dir={orders.parent / 'short'}", *way) == 0
    said = capsys.readouterr().out
    assert "lockers" in said.splitlines()[0] and "of its sales in the orders lie outside the opening hours that were given" in said


def test_the_notes_say_what_was_given_and_what_is_assumed(mine: Any) -> None:
    given, rest = [note for note in mine[1]["notes"] if note.startswith("costs and the work of stores")]
    keys = sorted(word.partition("=")[0].removeprefix("network.") for word in MINE)
    assert given == f"costs and the work of stores as given: {', '.join(keys[:8])} and {len(keys) - 8} more"
    assert rest.startswith("costs and the work of stores as assumed: stores.pickers, stores.counter, work.counter_s, ") and not any(f"{key}," in rest for key in keys)
    (none,) = notes({})
    assert "work.wage_per_hour" in none and "margin" in none and "omosim twin new takes them" in none
    assert "stores.counter" not in notes({"network.stores.roster": None})[1]
    with using("ko"):
        assert all(say(f"note: {note}").startswith("참고: 비용과") for note in (given, rest, none))
    page = (mine[0] / "report.html").read_text(encoding="utf-8")
    assert "Costs are in no log. Given: margin, market.capability_cost_rate" in page and "are in no log: assumed" not in page


def test_members_have_what_was_given_and_else_what_is_assumed(mine: Any) -> None:
    kept = folder.read(mine[0])
    given = given_of(kept)
    assert set(given) == {word.partition("=")[0] for word in MINE} and kept.head["given"] == sorted(given)
    member = settings_of(fit_of(kept, tables_of(kept)), {}, scale=1.0, forward=True)
    assert member.network.work.wage_per_hour == WAGE and member.network.stores.opens == "10:00" and member.market.capability_cost_rate == 0.01
    assert {kind.margin for kind in member.catalogue.categories.values()} == {0.3}
    assert (member.network.stores.count, member.network.stores.rent_per_day) == (1, 50_000)  # of the one store that the orders name
    assert member.network.work.counter_s == assumed.NETWORK["work"]["counter_s"] and member.shoppers == member.market.cost_basis_shoppers


def test_the_same_words_again_change_nothing_and_others_are_another_twin(orders: Path, mine: Any) -> None:
    before = (mine[0] / "twin.json").read_bytes()
    new = ("new", f"dir={mine[0]}", f"orders={orders}", "timezone=Asia/Seoul", "strategy=o2o")
    assert twin(*new, *MINE) == 0 and (mine[0] / "twin.json").read_bytes() == before
    assert twin(*new, *MINE, "network.work.counter_s=200") != 0 and twin(*new) != 0
    assert (mine[0] / "twin.json").read_bytes() == before


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("market.demand.stages=2", "is fitted on the orders"),
        ("market.choice.taste_store=0.1", "parameter taste_store"),
        ("market.awareness.acquisition_per_week=0.01", "parameter new_people"),
        ("catalogue.categories.skincare.units_mean=2", "parameter order_value"),
        ("catalogue.categories.skincare.margin=0.5", "write margin=0.4"),
        ("network.returns.lag_days=3", "returned_at"),
        ("network=apparel", "network.work.wage_per_hour=15000"),
        ("market.cost_basis_shoppers=1000", "the whole retailer"),
        ("market.currency=EUR", "Write currency=EUR"),
        ("network.stores.count=3", "the orders name 1 stores"),
    ],
)
def test_what_members_fit_is_refused_with_its_place(orders: Path, tmp_path: Path, word: str, why: str, capsys: pytest.CaptureFixture) -> None:
    assert twin("new", f"dir={tmp_path / 'twin'}", f"orders={orders}", "timezone=Asia/Seoul", word) == 2
    said = capsys.readouterr().err
    assert word.partition("=")[0] in said and "command line" in said and why.lower() in said.lower()
    assert "network.KEY" in said or "stores" in word
    assert not (tmp_path / "twin" / "twin.json").exists()


def test_ranges_are_those_of_the_schema_and_rules_between_keys_hold(orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    new = ("new", f"dir={tmp_path / 'twin'}", f"orders={orders}", "timezone=Asia/Seoul")
    for word, why in (("network.work.wage_per_hour=-1", "a whole number from 0"), ("network.stores.closes=08:00", "not after opens = 09:00"), ("margin=40", "from -1 to 1")):
        assert twin(*new, word) == 2 and why in capsys.readouterr().err
    roster = tmp_path / "shifts.csv"
    roster.write_text("weekday,role,from,to,people\n" + "".join(f"{day},counter,10:00,18:00,2\n" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")))
    assert twin(*new, f"network.stores.roster={roster}") == 2 and "shifts are read within opening hours" in capsys.readouterr().err
    assert twin(*new, f"network.stores.roster={roster}", "network.stores.opens=10:00", "network.stores.closes=18:00") == 0
    kept = folder.read(tmp_path / "twin")
    member = settings_of(fit_of(kept, tables_of(kept)), {}).network.stores
    assert member.roster.stores["*"].counter[0] == "10:00=2 18:00=0" and member.count == 1


def test_the_command_states_what_members_assume() -> None:
    """configs/twin.yaml has the very network of members, but for money and what the sales say; so rules between keys judge what is used."""
    told = compose("twin").settings.network.model_dump()
    parts: dict[str, Any] = {name: dict(group) for name, group in assumed.NETWORK.items()}
    follow = {"stores": ("rent_per_day",), "work": ("wage_per_hour", "pick_unit_s", "centre_pickers"), "carrier": ("parcel_cost", "return_parcel_cost", "same_day_cost"),
              "returns": ("lag_days", "lag_sigma", "handling_cost")}  # fmt: skip
    for group, names in follow.items():
        parts[group] |= {name: told[group][name] for name in names}
    assert NetworkSettings.model_validate({**parts, "backorders": True}).model_dump() == told


def test_a_twin_made_before_costs_could_be_given_reads_and_goes_on(orders: Path, tmp_path: Path) -> None:
    """Its head names nothing given, its journal the hash of the settings as they were then."""
    from omosim.api.twin import _key

    here = tmp_path / "twin"
    new = (f"dir={here}", f"orders={orders}", "timezone=Asia/Seoul")
    assert twin("new", *new) == 0
    head = json.loads((here / "twin.json").read_text())
    assert "given" not in head and "margin" not in (here / "config.yaml").read_text().split("settings:")[0]
    composed = compose("twin", list(new))
    assert settings_of_before(composed).network == compose("run").settings.network != composed.settings.network
    key = _key(composed, new=True, settings=settings_of_before(composed))
    head["updates"][0]["key"] = key
    (here / "twin.json").write_text(json.dumps(head))
    before = (here / "twin.json").read_bytes()
    assert given_of(folder.read(here)) == {} and twin("new", *new) == 0 and (here / "twin.json").read_bytes() == before
    assert twin("report", f"dir={here}") == 0


def test_which_settings_can_be_given() -> None:
    assert key_given("network.sourcing.allowed.0.nodes") == "network.sourcing.allowed" and key_given("margin") == "margin"
    assert key_given("touchpoints.rows.search.cost_per_contact") and not key_given("touchpoints.rows.search.reach")
    assert not any(map(key_given, ("network", "network.returns.lag_days", "market.demand.stages", "catalogue.price_gap_share", "strategy")))


def test_a_notebook_gives_them_too(orders: Path, tmp_path: Path) -> None:
    import omosim as om

    made_twin = om.Twin.new(tmp_path / "twin", orders=pd.read_csv(orders), timezone="Asia/Seoul", margin=0.25, network__work__wage_per_hour=12_000)
    assert made_twin.head["given"] == ["margin", "network.work.wage_per_hour"] and given_of(made_twin._read())["network.work.wage_per_hour"] == 12_000


def test_new_refuses_every_word_that_later_actions_alone_use_and_takes_the_others(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Every word of the command is taken by an action that reads it, and no other."""
    from omosim.api.twin import ACTIONS, SETTLED, WORDS, _later_only
    from omosim.config.commands import TwinSettings

    assert set(WORDS) == set(ACTIONS)
    assert set(TwinSettings.model_fields) == {"dir", "margin", *SETTLED, *(word for every in WORDS.values() for word in every)}
    values = {"ways": "[same_day]", "took": "omo", "members": "20", "assimilate": "false", "warm_weeks": "4", "season": "none", "horizon": "7", "service": "0.9", "review_days": "2", "lead_days": "3"}
    later = {word for name, every in WORDS.items() if name != "new" for word in every} - {*WORDS["new"]}
    assert later == set(values)
    assert twin("new", f"dir={tmp_path / 'twin'}", f"orders={__file__}", *(f"{word}={value}" for word, value in values.items())) == 2
    said = capsys.readouterr().err
    assert "10 problems" in said and not (tmp_path / "twin").exists()
    for word in values:
        assert f"{word} = " in said and "is not taken by new" in said
    _later_only(compose("twin", ["dir=a", "jobs=1", "budget_min=5", "currency=EUR", "margin=0.4", "network.work.wage_per_hour=9", "strategy=o2o"]), "new")
