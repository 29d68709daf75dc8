"""Planted oddities of data are found where they were planted, and what is no oddity is not; counts add up in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.ingest import ReadOptions, read_further, read_orders
from omosim.reports.language import say, using
from omosim.twin import quality as q
from omosim.twin.panel import panel_of_log
from omosim.twin.tables import DAY_S, Tables, delivered, lines_of
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def tables(frame: pd.DataFrame, tmp_path: Path, **further: pd.DataFrame) -> Tables:
    log = read_orders(shop.write(frame, tmp_path / "orders.csv"))
    beside = {kind: read_further(kind, shop.write(f, tmp_path / f"{kind}.csv"), ReadOptions(timezone="Asia/Seoul")).rows for kind, f in further.items()}
    return Tables(log, beside)


def found(frame: pd.DataFrame, tmp_path: Path, **kw: object) -> tuple[q.Days, dict[str, list[q.Finding]]]:
    days, findings = q.calendar_of(tables(frame, tmp_path), **kw)  # type: ignore[arg-type]
    by: dict[str, list[q.Finding]] = {}
    for f in findings:
        by.setdefault(f.code, []).append(f)
    return days, by


def test_a_quiet_log_has_no_findings_and_a_closed_weekday_is_no_gap(tmp_path: Path) -> None:
    days, by = found(shop.orders(), tmp_path)
    assert by == {} and (days.state == q.OBSERVED).all()
    days, by = found(shop.orders(closed=6), tmp_path / "b")
    assert list(by) == ["closed_weekday"] and by["closed_weekday"][0].place == "Sundays"
    assert (days.state[6::7] == q.CLOSED).all() and days.seen.all()


def test_missing_days_are_gaps_and_nan_and_never_zero(tmp_path: Path) -> None:
    frame = shop.orders()
    gone = [shop.date(20), shop.date(21), shop.date(40)]
    days, by = found(frame[~shop.day_of(frame).isin(gone)], tmp_path)
    assert [f.place for f in by["gap"]] == [f"{gone[0]} to {gone[1]}", gone[2]] and sum(f.rows for f in by["gap"]) == 3
    panel = panel_of_log(Tables(read_orders(tmp_path / "orders.csv")), days)
    assert np.flatnonzero(np.isnan(panel.series["orders"])).tolist() == [20, 21, 40]
    told, by = found(frame[~shop.day_of(frame).isin(gone)], tmp_path / "b", closed=gone)
    assert "gap" not in by and told.state[[20, 21, 40]].tolist() == [q.CLOSED] * 3


@pytest.mark.parametrize("rate", [0.5, 2.0, 6.0])
def test_chance_makes_no_gaps(rate: float) -> None:
    """Of 100 logs of a year, overdispersed, at most 5 show a gap."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(100):
        counts = rng.poisson(rate * rng.gamma(4, 1 / 4, 364))
        wrong += bool(q.gaps(counts, 0, np.zeros(364, bool)).any())
    assert wrong <= 5


@pytest.mark.parametrize("rate", [10.0, 40.0])
def test_three_days_without_rows_are_found_in_a_busy_log(rate: float) -> None:
    rng = np.random.default_rng(6)
    for _ in range(50):
        counts = rng.poisson(rate * rng.gamma(20, 1 / 20, 200))
        counts[100:103] = 0
        assert q.gaps(counts, 3, np.zeros(200, bool))[100:103].all()


def test_the_real_log_has_its_holidays_as_gaps_and_closed_saturdays(uci) -> None:
    _, findings = q.calendar_of(Tables(uci))
    assert [f.place for f in findings if f.code == "gap"] == [
        "2010-12-24 to 2011-01-03", "2011-04-22 to 2011-04-25", "2011-04-29", "2011-05-02", "2011-05-30", "2011-08-29"]
    assert [(f.code, f.place) for f in findings if f.code != "gap"] == [("closed_weekday", "Saturdays"), ("partial_last_day", "2011-12-09")]
    assert [(f.rows, f.place.split(",")[0]) for f in q.outlying(uci.lines)] == [(2, "order 581483")]  # 80,995 paper birds and 74,215 jars, both cancelled within the hour
    assert q.price_jumps(uci.lines) == [] and q.doubled_days(uci.lines)[1] == [] and q.backward(uci.lines, "x") == []


def test_a_log_of_every_third_day_is_refused_and_one_of_a_quiet_shop_is_not(tmp_path: Path) -> None:
    frame = shop.orders()
    some = frame[shop.day_of(frame).isin([shop.date(d) for d in range(0, 70, 3)])]
    _, by = found(some, tmp_path)
    with pytest.raises(q.DataRefused, match=r"too_many_gaps: .* of \d+ open days"):
        q.refuse(by["too_many_gaps"], [])
    days, by = found(shop.orders(per_day=0.5, days=200), tmp_path / "b")
    assert by == {} and (days.state == q.OBSERVED).all()


def test_a_channel_that_appears_midway_has_no_figures_before(tmp_path: Path) -> None:
    frame = shop.orders()
    frame = frame[(frame["channel"] == "store") | (shop.day_of(frame) >= shop.date(30))]
    days, by = found(frame, tmp_path)
    (f,) = by["channel_begins"]
    assert f.place == f"channel web, {shop.date(30)}" and f.rows == 30
    panel = panel_of_log(Tables(read_orders(tmp_path / "orders.csv")), days)
    assert np.isnan(panel.series["orders.web"][:30]).all() and not np.isnan(panel.series["orders.web"][30:]).any()
    assert not np.isnan(panel.series["orders"]).any()


def test_a_channel_that_is_lacking_for_days_takes_the_total_along(tmp_path: Path) -> None:
    frame = shop.orders()
    lost = (frame["channel"] == "store") & shop.day_of(frame).between(shop.date(33), shop.date(35))
    days, by = found(frame[~lost], tmp_path)
    assert by["channel_gap"][0].place == f"channel store, {shop.date(33)} to {shop.date(35)}"
    panel = panel_of_log(Tables(read_orders(tmp_path / "orders.csv")), days)
    assert np.flatnonzero(np.isnan(panel.series["orders"])).tolist() == [33, 34, 35]


def test_a_day_that_was_loaded_twice_under_new_numbers_counts_once(tmp_path: Path) -> None:
    frame = shop.orders()
    again = frame[shop.day_of(frame) == shop.date(12)].assign(order_id=lambda f: "again" + f["order_id"])
    log = read_orders(shop.write(pd.concat([frame, again]), tmp_path / "o.csv"))
    lines, findings = q.doubled_days(log.lines)
    assert len(lines) == len(frame) and [f.place for f in findings] == [shop.date(12)] and findings[0].rows == len(again)
    assert not lines["order_id"].str.startswith("again").any()
    assert q.doubled_days(lines)[1] == []


def test_prices_of_another_unit_are_refused_with_the_week_and_can_be_accepted(tmp_path: Path) -> None:
    frame = shop.orders()
    late = shop.day_of(frame) >= shop.date(36)
    jump = frame.assign(unit_price=np.where(late, frame["unit_price"] / 1000, frame["unit_price"]))
    findings = q.price_jumps(tables(jump, tmp_path).orders.lines)
    assert [f.code for f in findings if f.severity == "refused"] and "cheaper" in findings[0].done
    assert findings[0].place == f"from {shop.date(36)}"
    with pytest.raises(q.DataRefused, match=r"(?s)price_jump: from .*accept=\[price_jump\]"):
        q.refuse(findings, [])
    q.refuse(findings, ["price_jump"])
    sale = frame.assign(unit_price=np.where(late, frame["unit_price"] * 0.6, frame["unit_price"]))
    assert q.price_jumps(tables(sale, tmp_path / "b").orders.lines) == [], "a sale is no jump"


def test_an_order_of_another_size_is_named_with_its_day(tmp_path: Path) -> None:
    frame = shop.orders()
    assert q.outlying(tables(frame, tmp_path).orders.lines) == []
    at = frame.index[len(frame) // 2]
    typed = frame.assign(units=np.where(frame.index == at, 100_000, frame["units"]))
    (found,) = q.outlying(tables(typed, tmp_path / "a").orders.lines)
    assert (found.code, found.severity, found.rows) == ("outlying_order", "warning", 1)
    assert found.place == f"order {frame['order_id'][at]}, {frame['placed_at'][at][:10]}" and "times what all but one order in a hundred have" in found.done
    dear = typed.assign(unit_price=np.where(frame.index == at + 5, 90_000_000, frame["unit_price"]))
    (both,) = q.outlying(tables(dear, tmp_path / "b").orders.lines)
    assert both.rows == 2 and both.place.endswith(" and 1 more")
    with using("ko"):
        assert not any(word in f"{say(found.place)} {say(found.done)} {say(both.place)}" for word in ("order ", "times", "more"))


def test_clock_changes_are_named_and_make_no_gap(tmp_path: Path) -> None:
    rows = [{"order_id": f"o{d}-{n}", "placed_at": f"{np.datetime64('2025-03-01') + np.timedelta64(d, 'D')}T{9 + n:02d}:15:00", "units": 1, "unit_price": 5} for d in range(260) for n in range(8)]
    rows += [{"order_id": f"night{n}", "placed_at": f"2025-10-26T01:{10 + n}:00", "units": 1, "unit_price": 5} for n in range(3)]
    log = read_orders(shop.write(pd.DataFrame(rows), tmp_path / "o.csv"), ReadOptions(timezone="Europe/London", currency="GBP"))
    by = {f.code: f for f in q.clock_changes(log.lines, log.timezone)}
    assert by["clock_forward"].place.startswith("2025-03-30") and by["clock_back"].place.startswith("2025-10-26")
    assert by["clock_back"].rows == 3 and "01:00 came twice" in by["clock_back"].done
    days, findings = q.calendar_of(Tables(log))
    assert findings == [] and (days.state == q.OBSERVED).all()


def test_a_day_that_was_cut_off_is_not_a_days_figure(tmp_path: Path) -> None:
    frame = shop.orders()
    cut = frame[frame["placed_at"] < f"{shop.date(69)}T12:00"]
    days, by = found(cut, tmp_path)
    assert by["partial_last_day"][0].place == shop.date(69) and days.state[-1] == q.PARTIAL and not days.seen[-1]


def test_time_that_runs_back_is_named_with_its_row(tmp_path: Path) -> None:
    frame = shop.orders()
    half = len(frame) // 2
    log = read_orders(shop.write(pd.concat([frame[half:], frame[:half]]), tmp_path / "o.csv"))
    (f,) = q.backward(log.lines, log.file)
    assert (f.code, f.place) == ("time_backward", f"o.csv, row {len(frame) - half + 2}")
    assert q.backward(read_orders(shop.write(frame, tmp_path / "p.csv")).lines, "p.csv") == []


def test_counts_that_add_up_leave_nothing_and_a_planted_loss_is_named(tmp_path: Path) -> None:
    frame = shop.orders()
    counts, came = shop.stock_and_deliveries(frame, 70)
    table = q.reconcile(tables(frame, tmp_path, stock=counts, deliveries=came))
    assert len(table) == 30 and (table["residual"] == 0).all() and table["sold"].sum() == frame["units"].sum()
    lost = counts.copy()
    at = lost.index[(lost["sku"] == "pot") & (lost["at"].str[:10] == shop.date(35))][0]
    lost.loc[at, "on_hand"] -= 200
    every = tables(frame, tmp_path / "b", stock=lost, deliveries=came)
    off = q.reconcile(every).query("residual != 0")
    assert off["residual"].tolist() == [-200, 200] and set(off["item"]) == {"pot"}
    (f,) = q.stock_findings(every)
    assert f.code == "stock_unreconciled" and f"S01 pot until {shop.date(35)}: -200" in f.place
    lone = tables(frame, tmp_path / "c", stock=lost)
    assert q.stock_findings(lone)[0].code == "stock_without_deliveries"


def test_deliveries_of_orders_hand_them_over_and_those_of_no_order_are_named(tmp_path: Path) -> None:
    frame = shop.orders(days=10)
    ids = frame["order_id"].tolist()
    came = pd.DataFrame({"received_at": ["2025-01-12T10:00:00+09:00", "2025-01-01T10:00:00+09:00", "2025-01-12T10:00:00+09:00"], "order_id": [ids[0], ids[1], "o-gone"]})
    every = tables(frame, tmp_path)
    table = read_further("deliveries", shop.write(came, tmp_path / "d.csv"))
    assert {(f.code, f.rows) for f in q.of_table(table, every.orders.lines)} == {("order_unknown", 1), ("delivered_before_placed", 1)}
    lines = delivered(lines_of(every.orders), table.rows)
    assert dict(zip(lines["order_id"], lines["collected_utc"], strict=True))[ids[0]] == 1736643600 and (lines["collected_utc"] >= 0).sum() == 1


def test_the_panel_adds_up_and_keeps_what_was_not_observed_apart(tmp_path: Path) -> None:
    frame = shop.orders()
    every = tables(frame, tmp_path, traffic=shop.traffic().drop(index=[5, 6]))
    panel = panel_of_log(every)
    s = panel.series
    assert s["orders"].sum() == len(frame) and (s["orders.web"] + s["orders.store"] == s["orders"]).all()
    assert s["revenue"].sum() == (frame["units"] * frame["unit_price"]).sum() == s["revenue.web"].sum() + s["revenue.store"].sum()
    assert s["units.table"].sum() == frame["units"].sum() and s["pickups"].sum() == (frame["fulfilment"] == "pickup").sum()
    back = frame[(frame["returned_at"] != "") & (frame["returned_at"].str[:10] <= shop.date(69))]
    assert s["returned_units"].sum() == back["units"].sum()
    assert np.flatnonzero(np.isnan(s["traffic"])).tolist() == [5, 6] and np.nansum(s["traffic.S01"]) == shop.traffic()["visitors"].drop(index=[5, 6]).sum()
    assert (panel.hourly["pickup_load"].sum(axis=1) == s["pickups"]).all() and panel.hourly["orders"][:, :9].sum() == 0
    mondays, weekly = panel.weekly()
    assert mondays[0] == shop.START and len(mondays) == 10 and weekly["orders"].sum() == len(frame)
    assert set(panel.units) == set(s) and len(panel.columns()["date"]) == 70 * len(s)
    days, _ = q.calendar_of(every)
    assert panel.first.isoformat() == days.date(0) and int(every.orders.lines["placed_local"].max()) // DAY_S + 1 == days.end


def test_pickups_that_the_strategy_cannot_serve_are_said(tmp_path: Path) -> None:
    lines = lines_of(tables(shop.orders(days=30), tmp_path).orders)
    (one,) = q.unserved(lines, pickup=False)
    picked = lines[lines["fulfilment"] == "pickup"]
    assert (one.code, one.rows) == ("no_pickup", len(picked)) and one.done.startswith(f"{picked['order_id'].nunique()} orders") and "strategy=o2o" in one.done
    assert q.unserved(lines, pickup=True) == [] and q.unserved(lines[lines["fulfilment"] != "pickup"], pickup=False) == []
