"""`omosim twin forecast` and `score`: what the members foretell, kept in the folder, and what became of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from omosim.config.compose import Composed
    from omosim.twin.folder import Twin
    from omosim.twin.forecast import Forecast
    from omosim.twin.history import Floats

#: series that count orders, or money or units of orders: data hold orders of people without a name too
OF_ORDERS = ("orders", "revenue", "units", "pickups", "pickup_load", "returned_units", "returned_value")
#: weeks before today from which the spread of days is read
SPREAD_WEEKS = 13
SEED_STEP = 7919  # keeps the draws of day-to-day chance apart from those of members


# ---- forecast ------------------------------------------------------------------------------------------------
def twin_forecast(composed: Composed, argv: Sequence[str]) -> int:
    """Run the members ahead and keep what they say; the same day again replaces its forecast."""
    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.results.tables import plain_columns
    from omosim.twin import folder

    _later_only(composed)
    with folder.writing(_place(composed.options)) as step:
        made, notes = foretell(step.twin, int(composed.options["members"]), int(composed.options["horizon"]))
        table = kept_with(step.twin, made)
        origin = made.origin.isoformat()
        file = step.table("forecasts", plain_columns(table), types={"actual": "float64"})
        rows = [row for row in step.twin.head["forecasts"] if row["origin"] != origin]
        row = {"origin": origin, "version": step.twin.version, "days": made.days, "file": file}
        earlier = [{**old, "file": file} for old in rows]  # one table holds them all
        step.commit("forecast", f"{origin}-{step.twin.version}", {"series": len(made.paths)}, {"forecasts": [*earlier, row], "files": {"forecasts": file}})
    for line in _lines(table, origin):
        print(line)
    for note in notes:
        print(f"note: {note}")
    print(f"Forecast: {step.twin.path / 'forecasts.parquet'}, {made.days} days from {origin}. Report: {write_twin_report(step.twin)}    next: omosim twin update dir={step.twin.path} orders=FILE")
    return 0


def foretell(twin: Twin, members: int, days: int) -> tuple[Forecast, list[str]]:
    """What so many members say of the days from today, in the data's own series.

    Members run known shoppers' orders; a log holds orders of unknown people beside, a fixed part (`orders_per_day` of the
    laws). Days of the data differ by more than the members' chance does; the rest is added, as the last weeks show it.
    """
    from omosim.api.twin_known import known_of
    from omosim.api.twin_state import ensemble_of, fit_of, today
    from omosim.twin.forecast import Forecast, with_chance
    from omosim.twin.tables import tables_of

    started = time.perf_counter()
    tables = tables_of(twin)
    fit = fit_of(twin, tables)
    ensemble, said = ensemble_of(twin, tables, fit, members, days)
    sys.stderr.write(f"{members} members stand at {today(twin)} ({time.perf_counter() - started:.1f} s)\n")
    paths, hourly = {}, {}
    factor = fit.laws.orders_per_day
    seen = panel_series(twin)
    rng = np.random.Generator(np.random.Philox(key=[ensemble.members[0].settings.seed * SEED_STEP, (today(twin) - date(1970, 1, 1)).days]))
    for name, path in ensemble.advance(days).items():
        scaled = path * (factor if name.split(".")[0] in OF_ORDERS else 1.0)
        if path.ndim == 3:
            if "pickups" in seen:
                hourly[name] = scaled
        elif name in seen and np.isfinite(scaled).all():
            paths[name] = with_chance(scaled, missing_spread(seen[name], scaled), rng.standard_normal(scaled.shape))
    sys.stderr.write(f"foretold {days} days, {len(paths)} series ({time.perf_counter() - started:.1f} s)\n")
    said.append(f"orders and money are those of known customers times {factor:.2f}, for orders of people without a name and further orders of a day")
    known, told = known_of(twin, tables, days)
    return known.apply(Forecast(today(twin), paths, dict(ensemble.units), hourly)), said + told


def panel_series(twin: Twin) -> dict[str, Floats]:
    """Series -> (days,) of what the twin has seen, from its first day."""
    table = twin.table("panel")
    assert table is not None
    out: dict[str, list[float]] = {}
    for name, value in zip(table["series"], table["value"], strict=True):
        out.setdefault(name, []).append(np.nan if value is None else float(value))
    return {name: np.array(values) for name, values in out.items()}


def missing_spread(seen: Floats, paths: Floats) -> float:
    """Coefficient of variation that days of the data have beyond what members' chance gives; 0 where they have none or too few are seen.

    Both are taken about each weekday's own mean, over the last weeks, so that neither the week's shape nor a trend counts.
    """
    last = seen[-7 * SPREAD_WEEKS :]
    if np.isfinite(last).sum() < 28:
        return 0.0
    of_data, of_members = _spread(last), float(np.mean([_spread(p) for p in paths[:50]])) if paths.shape[1] >= 14 else 0.0
    return float(np.sqrt(max(0.0, of_data**2 - of_members**2)))


def _spread(days: Floats) -> float:
    """Standard deviation of days over their weekday's mean, weekdays that trade only."""
    parts = []
    for weekday in range(7):
        mine = days[weekday::7]
        mine = mine[np.isfinite(mine)]
        if mine.size > 1 and mine.mean() > 0:
            parts.append(mine / mine.mean() - 1.0)
    if not parts:
        return 0.0
    rest = np.concatenate(parts)
    return float(np.sqrt((rest**2).sum() / max(1, rest.size - len(parts))))


def kept_with(twin: Twin, made: Forecast) -> pd.DataFrame:
    """Every forecast that the twin keeps, with this one in place of an earlier one of the same day."""
    import pandas as pd

    old = twin.table("forecasts")
    new = made.table()
    if old is None:
        return new
    before = pd.DataFrame(old)
    before["actual"] = before["actual"].astype(float)
    return pd.concat([before[before["origin"] != made.origin.isoformat()], new], ignore_index=True)


def _lines(table: pd.DataFrame, origin: str) -> list[str]:
    """The weeks of orders and revenue, as a reader wants them first."""
    mine = table[(table["origin"] == origin) & (table["step"] == "week") & table["series"].isin(("orders", "revenue"))]
    out = []
    for row in mine.to_dict("records"):
        from omosim.results.words import number

        unit = str(row["unit"])
        out.append(f"week from {row['date']}: {row['series']} {number(row['q50'], unit)} ({number(row['q05'], unit)} to {number(row['q95'], unit)} in nine of ten)")
    return out


# ---- score ---------------------------------------------------------------------------------------------------
def twin_score(composed: Composed, argv: Sequence[str]) -> int:
    """Hold every kept forecast against what came, beside simpler ones, and look whether the twin has drifted."""
    import pandas as pd

    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.api.twin_log import log_of, words_of
    from omosim.config.errors import refuse
    from omosim.results.tables import plain_columns
    from omosim.twin import folder, record

    _later_only(composed)
    place = _place(composed.options)
    with folder.writing(place) as step:
        table = step.twin.table("forecasts")
        if table is None and (told := words_of(log_of(step.twin))):
            print("\n".join(told))
            return 0
        if table is None:
            raise refuse("the twin has no forecast yet", key="dir", value=str(place), cure=f"Write omosim twin forecast dir={place}, then omosim twin update when days have passed")
        frame = pd.DataFrame(table)
        for name in frame.columns.difference(["origin", "date", "series", "unit", "step"]):
            frame[name] = frame[name].astype(float)
        made = record.renew(frame, date.fromisoformat(step.twin.head["first_day"]), panel_series(step.twin))
        put = {"forecasts": step.table("forecasts", plain_columns(made.forecasts), types={"actual": "float64"})}
        if len(made.scores):
            put["scores"] = step.table("scores", plain_columns(made.scores), types=dict.fromkeys(("crps_naive", "crps_ets", "bias"), "float64"))
        forecasts = [{**row, "file": put["forecasts"]} for row in step.twin.head["forecasts"]]
        step.commit("score", f"{step.twin.version}-{len(made.scores)}", {"weeks": len(made.scores)}, {"files": put, "forecasts": forecasts})
    if made.scores.empty:
        print("no whole week of a forecast has been seen yet; bring newer data: omosim twin update")
    for row in made.summary.to_dict("records"):
        beside = ", ".join(f"{word} {row[key]:,.1f}" for word, key in (("seasonal naive", "crps_naive"), ("exponential smoothing", "crps_ets")) if np.isfinite(row[key]))
        print(f"{row['series']}: CRPS {row['crps']:,.1f} over {row['weeks']} weeks ({beside or 'too short a past for others'}); 90 % bands held {100 * row['coverage']:.0f} % ({100 * row['coverage_low']:.0f} to {100 * row['coverage_high']:.0f}); bias {100 * row['bias']:+.1f} %")
    print(made.alarm.words)
    for line in words_of(log_of(step.twin)):
        print(line)
    print(f"Scores: {step.twin.path / 'scores.parquet'}. Report: {write_twin_report(step.twin)}")
    return 0
