"""`omosim twin forecast` and `score`: what the members foretell, kept in the folder, and what became of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from omosim.config.compose import Composed
    from omosim.twin.folder import Step, Twin
    from omosim.twin.forecast import Forecast
    from omosim.twin.history import Floats

SEED_STEP = 7919  # keeps the draws of day-to-day chance apart from those of members


# ---- forecast ------------------------------------------------------------------------------------------------
def twin_forecast(composed: Composed, argv: Sequence[str]) -> int:
    """Run the members ahead and keep what they say; the same day again replaces its forecast."""
    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.api.twin_follow import settled
    from omosim.results.tables import plain_columns
    from omosim.results.words import command_word
    from omosim.twin import folder

    _later_only(composed, "forecast")
    with folder.writing(_place(composed.options)) as step:
        made, notes = foretold(step, settled(step.twin, composed))
        table = kept_with(step.twin, made)
        origin = made.origin.isoformat()
        file = step.table("forecasts", plain_columns(table), types={"actual": "float64"})
        rows = [row for row in step.twin.head["forecasts"] if row["origin"] != origin]
        row = {"origin": origin, "version": step.twin.version, "days": made.days, "file": file}
        earlier = [{**old, "file": file} for old in rows]  # one table holds them all
        if step.twin.head["forecasts"] != [*earlier, row]:  # the same again leaves the folder as it is
            step.commit("forecast", f"{origin}-{step.twin.version}", {"series": len(made.paths)}, {"forecasts": [*earlier, row], "files": {"forecasts": file}})
    for line in _lines(table, origin, step.twin.head["currency"]):
        print(line)
    for note in notes:
        print(f"note: {note}")
    print(f"Forecast: {step.twin.path / 'forecasts.parquet'}, {made.days} days from {origin}. Report: {write_twin_report(step.twin)}    next: omosim twin update {command_word('dir', step.twin.path)} orders=FILE")
    return 0


def foretold(step: Step, asked: Mapping[str, Any]) -> tuple[Forecast, list[str]]:
    """What is foretold of the days from today: by members, or by the series' own past where the orders cannot carry members; and notes."""
    from omosim.twin.errors import CalibrationError

    try:
        return foretell(step, asked)
    except CalibrationError as error:
        return by_their_past(step.twin, int(asked["members"]), int(asked["horizon"]), str(error))


def by_their_past(twin: Twin, members: int, days: int, why: str) -> tuple[Forecast, list[str]]:
    """Each series as its weekday was last, with errors as large as weeks have differed: what is left without customers who can be told apart.

    Raises CalibrationError where the past has fewer than two weeks
    """
    from omosim.api.twin_known import known_of
    from omosim.api.twin_state import base_settings, day_number, today
    from omosim.twin.baselines import seasonal_naive
    from omosim.twin.errors import CalibrationError
    from omosim.twin.forecast import Forecast
    from omosim.twin.tables import tables_of

    rng = np.random.Generator(np.random.Philox(key=[base_settings(twin).seed * SEED_STEP + 2, day_number(today(twin))]))
    paths, table = {}, twin.table("panel")
    assert table is not None
    for name, past in sorted(panel_series(twin).items()):
        normals = rng.standard_normal((members, days))
        if np.isfinite(past).sum() >= 14 and np.nansum(past[-91:]) > 0:
            paths[name] = seasonal_naive(past, days, 7, normals)
    if "orders" not in paths:
        raise CalibrationError(f"{why}; and a forecast by the past alone needs two weeks of it")
    known, beforehand = known_of(twin, tables_of(twin), days)
    units = dict(zip(table["series"], table["unit"], strict=True))
    said = [f"the orders cannot carry members ({why.partition(';')[0].partition('. ')[0]}): each series is foretold by its own weekdays, with errors as large as weeks have differed; nothing can be decided on that"]
    return known.apply(Forecast(today(twin), paths, units)), said + beforehand


def foretell(step: Step, asked: Mapping[str, Any]) -> tuple[Forecast, list[str]]:
    """What members say of the days from today, in the data's own series.

    step : of the twin's folder; members are brought to today first, and kept. asked : members, horizon, assimilate, warm_weeks, jobs

    Members run known shoppers' orders; a log holds orders of unknown people beside, a fixed part (`orders_per_day` of the
    laws). In a horizon the pace drifts on week by week, single weeks differ as the past ones did, and days by more than the
    members' chance: what the last weeks show beyond it is added.
    """
    from omosim.api.twin_follow import caught_up, shape_of, workers_for
    from omosim.api.twin_known import known_of
    from omosim.api.twin_state import day_number, today
    from omosim.twin.draws import normals
    from omosim.twin.follow import NEWCOMERS, OF_ORDERS, later, scaled
    from omosim.twin.forecast import LEAST_RUN, Forecast, as_data, with_trips

    started, twin, horizon = time.perf_counter(), step.twin, int(asked["horizon"])
    days = max(horizon, LEAST_RUN)  # what members' days differ by is measured on so many
    now = caught_up(step, asked)
    place = now.stand(twin, days)
    n, columns = len(now.kept.theta), now.kept.columns
    sys.stderr.write(f"{n} members stand at {today(twin)} ({time.perf_counter() - started:.1f} s)\n")
    factor = now.fit.laws.orders_per_day
    rng = np.random.Generator(np.random.Philox(key=[now.fit.seed * SEED_STEP, day_number(today(twin))]))
    stretches = [min(7, days - at) for at in range(0, days, 7)]
    thetas = [now.kept.theta]
    for _ in stretches[1:]:
        thetas.append(later(columns, thetas[-1], now.noise[:, 0], 7, normals(rng, *thetas[-1].shape)) if now.noise.any() else thetas[-1])
    with workers_for(n, days, len(place.dated.opening), int(asked["jobs"])) as workers:
        shapes = [shape_of(now.kept.day + 7 * i, length) for i, length in enumerate(stretches)]
        runs = place.runs(shapes, thetas, stretches, workers)
    parts, back = [], place.due_back(now.tables, now.fit, days)
    fresh = next((i for i, c in enumerate(columns) if c.name == NEWCOMERS.name), None)
    for i, theta in enumerate(thetas):
        single = np.exp(now.noise[:, 1] * normals(rng, n, 1)[:, 0])
        like_data = scaled(columns, theta, {name: x[:, 7 * i : 7 * i + 7] for name, x in runs.series.items()}, factor, {name: x[7 * i : 7 * i + 7] for name, x in back.items()})
        first = single * (np.exp(theta[:, fresh] - thetas[0][:, fresh]) if fresh is not None else 1.0)  # members run with that of their start
        of = {**dict.fromkeys(OF_ORDERS, single), "new_customers": first}
        parts.append({name: x * of[kind].reshape(-1, *[1] * (x.ndim - 1)) if (kind := name.split(".")[0]) in of else x for name, x in like_data.items()})
    whole = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    seen = panel_series(twin)
    paths = as_data(with_trips({name: x for name, x in whole.items() if x.ndim == 2}), seen, rng)
    hourly = {name: x[:, :horizon] for name, x in whole.items() if x.ndim == 3 and "pickups" in paths}
    paths = {name: x[:, :horizon] for name, x in paths.items()}
    sys.stderr.write(f"foretold {horizon} days, {len(paths)} series ({time.perf_counter() - started:.1f} s)\n")
    said = [*place.dated.said, *now.notes, f"orders and money are those of known customers times {factor:.2f}, for orders of people without a name and further orders of a day"]
    missed = [name for name, x in seen.items() if name not in paths and np.nansum(x[-91:]) > 0]
    if missed:
        said.append(f"not foretold: {', '.join(missed)}; the data have them and the members do not" + ("; the twin's strategy has no pickup: make it with one that has, like strategy=o2o" if "pickups" in missed else ""))
    known, beforehand = known_of(twin, now.tables, horizon)
    return known.apply(Forecast(today(twin), paths, runs.units, hourly)), said + beforehand


def panel_series(twin: Twin) -> dict[str, Floats]:
    """Series -> (days,) of what the twin has seen, from its first day."""
    from omosim.twin.panel import series_of

    table = twin.table("panel")
    assert table is not None
    return series_of(table)


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


def _lines(table: pd.DataFrame, origin: str, currency: str) -> list[str]:
    """The weeks of orders and revenue, as a reader wants them first; of a horizon without a week, its days."""
    from omosim.reports.twin_words import brief, of_currency, span

    mine = table[(table["origin"] == origin) & table["series"].isin(("orders", "revenue"))]
    step, word = ("week", "week from ") if (mine["step"] == "week").any() else ("day", "")
    mine, out = mine[mine["step"] == step], []
    for row in mine.to_dict("records"):
        unit = of_currency(str(row["unit"]), currency)
        out.append(f"{word}{row['date']}: {row['series']} {brief(row['q50'], unit, bare=row['series'] == 'orders')} ({span(row['q05'], row['q95'], unit)} in nine of ten)")
    return out


# ---- score ---------------------------------------------------------------------------------------------------
def twin_score(composed: Composed, argv: Sequence[str]) -> int:
    """Hold every kept forecast against what came, beside simpler ones, and look whether the twin has drifted."""
    import pandas as pd

    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.api.twin_log import log_of, words_of
    from omosim.api.twin_page import closed_days
    from omosim.config.errors import refuse
    from omosim.reports.twin_words import brief, of_currency, told_twice
    from omosim.results.tables import plain_columns
    from omosim.results.words import command_word
    from omosim.twin import folder, record

    _later_only(composed, "score")
    place = _place(composed.options)
    with folder.writing(place) as step:
        table = step.twin.table("forecasts")
        if table is None and (told := words_of(log_of(step.twin))):
            print("\n".join(told))
            return 0
        if table is None:
            raise refuse("the twin has no forecast yet", key="dir", value=str(place), cure=f"Write omosim twin forecast {command_word('dir', place)}, then omosim twin update when days have passed")
        frame = pd.DataFrame(table)
        for name in frame.columns.difference(["origin", "date", "series", "unit", "step"]):
            frame[name] = frame[name].astype(float)
        made = record.renew(frame, date.fromisoformat(step.twin.head["first_day"]), panel_series(step.twin), closed=closed_days(step.twin))
        put = {"forecasts": step.table("forecasts", plain_columns(made.forecasts), types={"actual": "float64"})}
        if len(made.scores):
            put["scores"] = step.table("scores", plain_columns(made.scores), types=dict.fromkeys(("crps_naive", "crps_ets", "bias"), "float64"))
        forecasts = [{**row, "file": put["forecasts"]} for row in step.twin.head["forecasts"]]
        if forecasts != step.twin.head["forecasts"] or any(step.twin.head["files"].get(kind) != file for kind, file in put.items()):
            step.commit("score", f"{step.twin.version}-{len(made.scores)}", {"weeks": len(made.scores)}, {"files": put, "forecasts": forecasts})
    if made.scores.empty:
        print("no whole week of a forecast has been seen yet; bring newer data: omosim twin update")
    units = dict(zip(made.scores["series"], made.scores["unit"], strict=True))
    twice = told_twice({str(name): rows["actual"].tolist() for name, rows in made.scores.groupby("series")})
    for row in (row for row in made.summary.to_dict("records") if row["series"] not in twice):
        unit = of_currency(str(units[row["series"]]), step.twin.head["currency"])
        beside = ", ".join(f"{word} {brief(row[key], unit, bare=True)}" for word, key in (("seasonal naive", "crps_naive"), ("exponential smoothing", "crps_ets")) if np.isfinite(row[key]))
        bias = f"{100 * row['bias']:+.1f} %" if np.isfinite(row["bias"]) else "–"
        print(f"{row['series']}: CRPS {brief(row['crps'], unit)} over {row['weeks']} weeks ({beside or 'too short a past for others'}); 90 % bands held {100 * row['coverage']:.0f} % ({100 * row['coverage_low']:.0f} to {100 * row['coverage_high']:.0f}); bias {bias}")
    print(made.alarm.words)
    for line in words_of(log_of(step.twin)):
        print(line)
    print(f"Scores: {step.twin.path / 'scores.parquet'}. Report: {write_twin_report(step.twin)}")
    return 0
