"""Reorder levels in the retailer's own goods, from the command and beside stock that was counted."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from omosim.api.twin_reorder import COLUMNS, TYPES, Terms, Wanted, handed_over_times, own_parts, reorder_of
from omosim.cli.main import main
from omosim.results.tables import read_columns
from omosim.schema.settings import Settings
from omosim.schema.twin_tables import TWIN_TABLES
from omosim.twin.dated import Dated
from omosim.twin.tables import Tables
from omosim.twin.whatif import AT_COUNTER, FOR_CAR, IN_STORE, PARCEL, SERVED
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, RATE, HORIZON = 84, 24.0, 14
PART = {"tea": 0.6, "cup": 0.3, "pot": 0.1}


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, pd.DataFrame]:
    """A twin of a shop whose goods sell one by one as a Poisson of known rate; tea, cup and pot are counted, one line in thirty is of a rare item."""
    root = tmp_path_factory.mktemp("shop")
    frame = shop.orders(days=DAYS, per_day=RATE, people=200).assign(units=1)
    rare = np.flatnonzero(np.random.default_rng(5).random(len(frame)) < 1 / 30)
    frame.loc[rare, "sku"] = [f"rare{i % 20:02d}" for i in range(rare.size)]
    frame.loc[rare, "category"] = "gift"
    shop.write(frame, root / "orders.csv")
    counts = [("tea", DAYS - 1, 40), ("cup", DAYS - 1, 500), ("pot", DAYS - 8, 0), ("pot", DAYS - 1, 9)]
    shop.write(pd.DataFrame([{"at": f"{shop.date(day)}T00:00:00+09:00", "store_id": "S01", "sku": sku, "on_hand": n} for sku, day, n in counts]), root / "stock.csv")
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["twin", "new", f"dir={root / 'twin'}", f"orders={root / 'orders.csv'}", f"stock={root / 'stock.csv'}", "timezone=Asia/Seoul"]) == 0
        assert main(["twin", "decide", f"dir={root / 'twin'}", "members=30", "assimilate=false", f"horizon={HORIZON}", "jobs=1"]) == 0
    return root / "twin", out.getvalue(), frame


def test_levels_of_the_command_are_poisson_quantiles_of_each_good(decided: tuple[Path, str, pd.DataFrame]) -> None:
    """Demand of one unit a line at known rates: two days from order to shelf, ordered daily, as much as a Poisson of the rate asks, and no more than doubt about the rate adds."""
    place, _, frame = decided
    rows = {row["sku"]: row for row in rows_of(place / "reorder_levels.csv")}
    assert set(rows) == {"tea", "cup", "pot", ""} and {row["node"] for row in rows.values()} == {"S01"}
    for sku, part in PART.items():
        rate = RATE * part * 29 / 30
        row = rows[sku]
        assert (row["by"], row["category"], row["items"]) == ("sku", "table", "1")
        assert float(row["daily_mean"]) == pytest.approx(rate, rel=0.12)
        for column, days in (("reorder_level", 2), ("order_up_to", 3)):
            assert poisson.ppf(0.95, 0.88 * rate * days) - 1 <= int(row[column]) <= poisson.ppf(0.95, 1.15 * rate * days) + 2, (sku, column)
    others = rows[""]
    assert (others["by"], others["category"], others["items"]) == ("category", "gift", "20") and float(others["daily_mean"]) == pytest.approx(RATE / 30, rel=0.3)
    total = sum(float(row["daily_mean"]) for row in rows.values())
    made = json.loads((place / "decision.json").read_text(encoding="utf-8"))
    assert total == pytest.approx(len(frame) / DAYS, rel=0.1) == pytest.approx(np.mean(made["ways"][0]["series"]["orders"]["q50"]), rel=0.1)


def test_what_is_on_hand_says_what_to_order_now(decided: tuple[Path, str, pd.DataFrame]) -> None:
    place, said, frame = decided
    rows = {row["sku"]: row for row in rows_of(place / "reorder_levels.csv")}
    day = frame[shop.day_of(frame) == shop.date(DAYS - 1)].groupby("sku")["units"].sum()
    back = frame[frame["returned_at"].str[:10] == shop.date(DAYS - 1)].groupby("sku")["units"].sum()
    for sku, counted in (("tea", 40), ("cup", 500), ("pot", 9)):
        row = rows[sku]
        there = counted - int(day.get(sku, 0)) + int(back.get(sku, 0))
        assert int(row["on_hand"]) == there and int(row["order_now"]) == max(0, int(row["order_up_to"]) - there) and row["counted"] == shop.date(DAYS - 1)
        assert (float(row["runs_out"]) > 0.05) == (there < int(row["reorder_level"]))
    assert float(rows["pot"]["sold_out"]) == 0.5 and float(rows["tea"]["sold_out"]) == 0.0 and rows["cup"]["order_now"] == "0"
    assert [rows[""][name] for name in ("on_hand", "order_now", "runs_out", "counted", "sold_out")] == [""] * 5
    assert "reorder levels are by SKU: 3 items with 13 order lines or more in the last 13 weeks" in said and "by category: 20 items in 1 categories" in said
    assert "of 3 counted goods" in said and "found sold out in counts of the last 13 weeks: pot in S01" in said and "lead times of reorder levels are those of the stores and the centre, assumed unless given (2 days" in said
    page = (place / "report.html").read_text(encoding="utf-8")
    assert page.index("What to order now") < page.index("Ways of trading weighed") and "Levels to order by" not in page


@pytest.mark.slow
def test_every_column_is_in_the_dictionary_and_the_same_decision_is_the_same_bytes(decided: tuple[Path, str, pd.DataFrame]) -> None:
    place, _, _ = decided
    head = json.loads((place / "twin.json").read_text())
    table = read_columns(place / head["decisions"][-1]["tables"]["reorder_levels"])
    assert tuple(table) == COLUMNS == tuple(TWIN_TABLES["reorder_levels"][1]) and set(TYPES) < set(COLUMNS)
    before = (place / "reorder_levels.csv").read_bytes()
    with redirect_stdout(io.StringIO()):
        assert main(["twin", "decide", f"dir={place}", "members=30", "assimilate=false", f"horizon={HORIZON}", "jobs=1"]) == 0
    assert (place / "reorder_levels.csv").read_bytes() == before


# ---- from tables made by hand --------------------------------------------------------------------------------
END = 20_200
CELLS = ["node", "category", "counted_day", "stock"]
ASSUMED = Terms(None, 1.0, 0.95)


def asked(settings: Settings, lines: pd.DataFrame, *, counts: pd.DataFrame | None = None, cells: list[tuple] = (), nodes: list[str] = ("DC", "S01"), places: dict[str, str] | None = None, names: dict[str, str] | None = None,
          terms: Terms = ASSUMED, days: int = 14):  # fmt: skip
    """Levels of two units a day of every node and band."""
    n = len(lines)
    whole = pd.DataFrame({"order_id": [f"o{i}" for i in range(n)], "sku": None, "category": None, "store_id": None, "channel": "web", "units": 1, "status": None, "value": 1000, "placed_local": (END - 5) * 86_400}).astype(object)
    for name in lines:
        whole[name] = lines[name].to_numpy()
    whole = whole.astype({"units": int, "value": int, "placed_local": int})
    bands = list(settings.catalogue.categories)
    demand = np.full((10, len(nodes), len(bands), days), 2.0)
    wanted = Wanted(demand, np.ones(len(bands)), list(nodes), bands, list(range(10)))
    further = {} if counts is None else {"stock": counts}
    dated = Dated(SimpleNamespace(), [], pd.DataFrame(list(cells), columns=CELLS), places=places or {"S01": "S01"}, nodes=names or {})
    return reorder_of(Tables(SimpleNamespace(lines=whole), further), dated, wanted, settings, terms, END, 7), bands


def count_rows(**columns: list) -> pd.DataFrame:
    return pd.DataFrame({"sku": None, "category": None, **columns}).assign(local=(END - 3) * 86_400)


def test_without_categories_or_items_levels_are_by_price_band_and_that_is_said(base: Settings) -> None:
    found, bands = asked(base, pd.DataFrame({"units": [1] * 40}))
    assert {row["by"] for row in found.rows} == {"price band"} and {row["category"] for row in found.rows} <= set(bands) and all(row["sku"] is None and row["items"] == 0 for row in found.rows)
    assert found.notes[0].startswith("reorder levels are by price band, as the worlds hold goods")
    nothing, _ = asked(base, pd.DataFrame({"units": [1], "placed_local": [(END - 200) * 86_400]}))
    assert {row["by"] for row in nothing.rows} == {"price band"} and "no order line of the last 13 weeks" in nothing.notes[0]


def test_counts_by_category_bring_levels_by_category(base: Settings) -> None:
    lines = pd.DataFrame({"sku": ["a", "b"] * 30, "category": ["food"] * 60, "store_id": ["S01"] * 60})
    counts = count_rows(store_id=["S01"], category=["food"], on_hand=[7])
    found, _ = asked(base, lines, counts=counts, cells=[("S01", "food", END - 3.0, 7.0)])
    food = next(row for row in found.rows if row["category"] == "food")
    assert food["by"] == "category" and food["on_hand"] == 7 and food["items"] == 2 and food["order_now"] == food["order_up_to"] - 7
    assert "stock is counted by category" in found.notes[0]


def test_goods_of_which_an_item_was_not_counted_have_no_stock(base: Settings) -> None:
    lines = pd.DataFrame({"sku": ["a"] * 30 + ["b", "c"], "category": ["food"] * 32, "store_id": ["S01"] * 32})
    counts = count_rows(store_id=["S01", "S01"], sku=["a", "b"], on_hand=[5, 1])
    cells = [("S01", "a", END - 3.0, 5.0), ("S01", "b", END - 3.0, 1.0)]
    found, _ = asked(base, lines, counts=counts, cells=cells)
    by = {row["sku"]: row for row in found.rows if row["by"] != "price band"}
    assert by["a"]["on_hand"] == 5 and by[None]["on_hand"] is None and by[None]["items"] == 2
    found, _ = asked(base, lines, counts=counts, cells=[*cells, ("S01", "c", END - 4.0, 2.0)])
    rest = next(row for row in found.rows if row["by"] == "category")
    assert rest["on_hand"] == 3 and rest["counted"] == str(np.datetime64(END - 4, "D"))
    elsewhere, _ = asked(base, lines, counts=counts, cells=[])
    assert all(row["on_hand"] is None for row in elsewhere.rows) and any("no reorder level has a count beside it" in note for note in elsewhere.notes)


def test_a_centre_has_its_own_lead_time_and_a_short_horizon_is_said(base: Settings) -> None:
    lines = pd.DataFrame({"sku": ["a"] * 30, "store_id": [None] * 15 + ["S01"] * 15})
    stock = base.network.stock
    found, _ = asked(base, lines, days=60)
    assert {row["node"]: row["lead_days"] for row in found.rows} == {"DC": stock.centre_lead_days, "S01": stock.store_lead_days}
    short, _ = asked(base, lines, days=3, terms=Terms(5.0, 1.0, 0.95))
    assert all(row["order_up_to"] is None is row["reorder_level"] for row in short.rows) and any("horizon is shorter" in note for note in short.notes)
    own, _ = asked(base, lines, terms=Terms(5.0, 1.0, 0.95))
    assert {row["lead_days"] for row in own.rows} == {5.0} and not any("assumed" in note for note in own.notes)


def test_an_order_of_the_worlds_has_the_units_of_the_retailers(base: Settings) -> None:
    """Worlds hold one unit of each band an order; the log's orders are all of one band, five units each."""
    lines = pd.DataFrame({"sku": ["a"] * 30, "store_id": ["S01"] * 30, "units": [5] * 30, "value": [5000] * 30})
    found, _ = asked(base, lines)
    assert sum(row["daily_mean"] for row in found.rows if row["sku"] == "a") == pytest.approx(2 * 2 * 5, abs=0.01)
    assert any(note.startswith("units of the worlds are counted") and "times 5.00" in note for note in found.notes)


def test_lines_that_nobody_had_in_the_end_tell_nothing(base: Settings) -> None:
    lines = pd.DataFrame({"sku": ["a"] * 30 + ["b"] * 30, "store_id": ["S01"] * 60, "status": ["completed"] * 30 + ["Cancelled"] * 30})
    found, _ = asked(base, lines)
    assert {row["sku"] for row in found.rows if row["by"] == "sku"} == {"a"}


def test_orders_without_a_store_are_of_one_place(base: Settings) -> None:
    """That of the counts, if they name one; what was sold since the count is taken off, what came back is put to it."""
    at = [(END - 2) * 86_400] * 30
    lines = pd.DataFrame({"sku": ["a"] * 30, "placed_local": at, "placed_utc": at, "returned_utc": [-1] * 28 + [(END - 1) * 86_400] * 2})
    found, bands = asked(base, lines)
    assert {row["node"] for row in found.rows} == {"DC"} and sum(row["daily_mean"] for row in found.rows) == pytest.approx(2 * 2 * (len(bands) - 1) + 2 * 2, abs=0.1)
    counts = count_rows(store_id=["warehouse"], sku=["a"], on_hand=[50])
    found, _ = asked(base, lines, counts=counts, cells=[("S01", "a", END - 3.0, 50.0)], places={"S01": "warehouse"})
    (row,) = [row for row in found.rows if row["sku"] == "a"]
    assert row["node"] == "warehouse" and row["on_hand"] == 50 - 30 + 2 and row["lead_days"] == base.network.stock.centre_lead_days
    assert any("the orders name no store" in note for note in found.notes)
    two = count_rows(store_id=["warehouse", "shed"], sku=["a", "a"], on_hand=[50, 9])
    found, _ = asked(base, lines, counts=two, cells=[("S01", "a", END - 3.0, 50.0)], places={"S01": "warehouse"})
    assert {row["node"] for row in found.rows} == {"DC"} and all(row["on_hand"] is None for row in found.rows)


def test_items_are_fewer_where_many_worlds_would_fill_the_memory(base: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import omosim.api.twin_reorder as module

    monkeypatch.setattr(module, "MOST_FIGURES", 0)
    monkeypatch.setattr(module, "LEAST_ITEMS", 2)
    found, _ = asked(base, pd.DataFrame({"sku": ["a"] * 40 + ["b"] * 30 + ["c"] * 20, "category": ["food"] * 90, "store_id": ["S01"] * 90}))
    assert {row["sku"] for row in found.rows if row["by"] == "sku"} == {"a", "b"} and found.notes[0].startswith("reorder levels are by SKU: the 2 most sold items")


def test_a_warehouse_has_the_centres_lead_time_and_one_row_for_all(base: Settings) -> None:
    """Two warehouses are counted: units of both stand beside the level of the centre, whatever order their names sort in."""
    lines = pd.DataFrame({"sku": ["a"] * 60, "category": ["food"] * 60, "store_id": ["BS"] * 20 + ["HD"] * 20 + [None] * 20})
    counts = count_rows(store_id=["CC", "GW"], sku=["a", "a"], on_hand=[0, 7])
    places = {"DC": "CC", "S01": "BS", "S02": "HD"}
    names = {"CC": "DC", "GW": "DC", "BS": "S01", "HD": "S02"}
    found, _ = asked(base, lines, counts=counts, cells=[("DC", "a", END - 3.0, 0.0), ("DC", "a", END - 3.0, 7.0)], nodes=["DC", "S01", "S02"], places=places, names=names)
    rows = {row["node"]: row for row in found.rows if row["sku"] == "a"}
    assert set(rows) == {"CC", "BS", "HD"} and rows["CC"]["on_hand"] == 7 and rows["CC"]["sold_out"] == 0.5
    stock = base.network.stock
    assert [rows[place]["lead_days"] for place in ("CC", "BS", "HD")] == [stock.centre_lead_days, stock.store_lead_days, stock.store_lead_days]


def test_each_store_has_its_own_part_of_units_and_sums_stay() -> None:
    """Stores of the worlds are alike; the retailer's sell three to one. What they hand over beyond the worlds' the centre does not send."""
    rng = np.random.default_rng(3)
    demand = rng.poisson(6.0, (40, 3, 2, 14)).astype(float)
    lines = pd.DataFrame({"store_id": ["BS"] * 30 + ["HD"] * 10 + [None] * 5, "units": 1})
    for handed, level in ((1.0, 1.0), (0.5, 0.5), (1.3, 1.3), (9.0, 1.5)):  # no more than the centre has
        wanted = Wanted(demand, np.ones(2), ["DC", "S01", "S02"], ["a", "b"], list(range(40)), handed)
        got, (note,) = own_parts(demand, wanted, ["DC", "BS", "HD"], lines)
        assert got[:, 1:].sum() == pytest.approx(level * demand[:, 1:].sum(), rel=0.01) and got.sum() == pytest.approx(demand.sum()) and (got >= 0).all()
        assert got[:, 1].sum() / got[:, 1:].sum() == pytest.approx(0.75)
        assert note.startswith("stores have their own parts of units of the last 13 weeks: HD counts times 0.5")
    same = Wanted(demand, np.ones(2), ["DC", "S01", "S02"], ["a", "b"], list(range(40)))
    assert own_parts(demand, same, ["DC", "x", "y"], lines)[1] == []
    spare, _ = own_parts(demand, same, ["DC", "BS", "S02"], lines[lines["store_id"] != "HD"])
    assert spare[:, 2].sum() == 0 and np.allclose(spare.sum(axis=1), demand.sum(axis=1))


def test_the_mix_of_pickups_and_sales_reaches_what_is_ordered() -> None:
    rows = np.zeros(4, IN_STORE)
    rows["units"], rows["kind"] = [1, 2, 3, 4], [AT_COUNTER, SERVED, PARCEL, FOR_CAR]
    assert handed_over_times([rows, rows], {"pickups": 2.0, "sales": 0.5}) == pytest.approx((5 * 2 + 2 * 0.5 + 3) / 10)
    assert handed_over_times([rows], {}) == handed_over_times([rows[:0]], {"sales": 3.0}) == 1.0
