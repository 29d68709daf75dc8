"""Days told as closed after a forecast was made, through the command line: no alarm, no score of their week; told before, both as ever."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.api.twin_page import alarm_of, closed_days
from omosim.cli.main import main
from omosim.results.tables import read_columns
from omosim.twin import folder, record
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))
DAYS, LATER = 84, 14
CLOSED = [shop.date(DAYS + i) for i in range(1, 6)]


def said_by(*words: object) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["twin", *map(str, words)]) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Two twins of one shop that did not trade on five days: told of it late, and beforehand; what their scores said."""
    root = tmp_path_factory.mktemp("closed")
    frame = shop.orders(days=DAYS + LATER, people=200)
    day = shop.day_of(frame)
    shop.write(frame[day < shop.date(DAYS)], root / "first.csv")
    shop.write(frame[~day.isin(CLOSED)], root / "all.csv")
    words, told = (f"orders={root / 'first.csv'}", "timezone=Asia/Seoul"), f"closed=[{','.join(CLOSED)}]"
    made = {}
    for name, new, update in (("late", [], [told]), ("before", [told], [])):
        here = root / name
        said_by("new", f"dir={here}", *words, *new)
        said_by("forecast", f"dir={here}", "members=10", f"horizon={LATER}")
        said_by("update", f"dir={here}", f"orders={root / 'all.csv'}", *update)
        made[name] = here, said_by("score", f"dir={here}")
    return made


def weeks(place: Path) -> set[int]:
    table = read_columns(place / "scores.parquet")
    return {h for s, h in zip(table["series"], table["horizon"], strict=True) if s == "orders"}


def alarm(place: Path) -> tuple[list[tuple[str, str]], int]:
    """What the page says of the alarm: when it was raised, and over how many days."""
    twin = folder.read(place)
    found = alarm_of(twin.head["first_day"], {kind: table for kind in ("forecasts", "panel") if (table := twin.table(kind)) is not None}, closed=closed_days(twin))
    assert found is not None
    return found["raised"], found["days"]


def test_what_was_told_late_raises_no_alarm_and_its_week_is_not_scored(twins: dict[str, tuple[Path, str]]) -> None:
    place, said = twins["late"]
    twin = folder.read(place)
    assert closed_days(twin) == CLOSED and weeks(place) == {2}
    assert f"drift alarm over {LATER - len(CLOSED)} days" in said and ": orders" not in said.split("drift alarm")[1] and "\norders: CRPS" in said
    frame = pd.DataFrame(read_columns(place / "forecasts.parquet"))
    assert set(frame.loc[(frame["series"] == "orders") & frame["date"].isin(CLOSED), "actual"]) == {0.0}, "what came stays what came"
    assert any(day in CLOSED for day, _ in record.watch(frame, ["orders", "revenue"]).raised), "as misses they would raise it"
    raised, days = alarm(place)
    assert days == LATER - len(CLOSED) and not any(name == "orders" or day in CLOSED for day, name in raised)
    assert days == alarm(twins["before"][0])[1], "who knew, and who did not, are judged by the same open days"
    import omosim as om

    assert om.Twin(str(place)).last_scores.alarm in said


def test_who_knew_is_scored(twins: dict[str, tuple[Path, str]]) -> None:
    place, _ = twins["before"]
    assert weeks(place) == {1, 2}
    table = pd.DataFrame(read_columns(place / "scores.parquet"))
    first = table[(table["series"] == "orders") & (table["horizon"] == 1)].iloc[0]
    assert 0 < first["actual"] < 100 and abs(first["bias"]) < 0.5
    assert first["crps_naive"] < 0.4 * first["actual"], "what the twin was told of five days in seven, last week again is told too"
    frame = pd.DataFrame(read_columns(place / "forecasts.parquet"))
    untold = record.score(frame, pd.Timestamp(shop.START).date(), {"orders": np.full(DAYS, 24.0)}, smoothing=False)
    told = record.score(frame, pd.Timestamp(shop.START).date(), {"orders": np.full(DAYS, 24.0)}, smoothing=False, closed=CLOSED)
    assert untold.loc[untold["series"] == "orders", "crps_naive"].iloc[0] > 1.6 * first["actual"] and told.loc[told["series"] == "orders", "crps_naive"].iloc[0] == pytest.approx(abs(first["actual"] - 48.0))


def test_baselines_do_not_read_closed_days_as_zeros(twins: dict[str, tuple[Path, str]]) -> None:
    """A forecast made right behind the closed days: last week again is the week before them, as for a shop of which nothing was seen then."""
    table = pd.DataFrame(read_columns(twins["late"][0] / "forecasts.parquet"))
    first = pd.Timestamp(shop.START).date()
    later = table[(table["series"] == "orders") & (table["horizon"] <= 7)].copy()
    later["origin"], later["date"] = shop.date(DAYS + 7), (pd.to_datetime(later["date"]) + pd.Timedelta(days=7)).dt.strftime("%Y-%m-%d")
    seen = np.full(DAYS + LATER, 24.0)
    seen[:DAYS] += np.tile([2.0, -2.0], DAYS // 2)
    gap = seen.copy()
    seen[DAYS + 1 : DAYS + 6], gap[DAYS + 1 : DAYS + 6] = 0.0, np.nan
    naive = [record.renew(later, first, {"orders": series}, smoothing=False, closed=closed).scores["crps_naive"].iloc[0] for series, closed in ((seen, CLOSED), (gap, ()), (seen, ()))]
    assert naive[0] == naive[1] and naive[2] > 3 * naive[0]
