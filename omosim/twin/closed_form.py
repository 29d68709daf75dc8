"""The laws of a twin's orders that closed forms and likelihoods give, each with its standard error: where a fuller calibration starts."""

from __future__ import annotations

import math

import numpy as np

from omosim.twin.calibrate import fit_laws
from omosim.twin.generator import FittedLaws
from omosim.twin.history import DAY_S, history_of, split
from omosim.twin.tables import Tables

COLUMNS = ("version", "draw", "parameter", "value", "unit", "se")


def fitted(tables: Tables, as_of: int) -> tuple[FittedLaws, int]:
    """Every law of all orders up to a day (since 1970), and how many orders they stand on. Raises CalibrationError where they cannot carry a fit."""
    log = tables.orders
    windows = split(log, 0)
    end = min(windows.end, as_of + 1 - windows.first_day)
    windows = type(windows)(windows.first_day, end, end)
    laws, _ = fit_laws(log, history_of(log, windows), windows)
    return laws, int((log.lines.drop_duplicates("order_id")["placed_local"] < (as_of + 1) * DAY_S).sum())


def rows(laws: FittedLaws, orders: int, version: int) -> dict[str, list[object]]:
    """The posterior table of one version: the centre alone (draw 0), and standard errors, None where a law has none.

    Columns are `COLUMNS`; se is in the parameter's unit.
    """
    r = laws.repeat
    out: list[tuple[str, float, str, float]] = [
        (f"repeat.{name}", value, unit, value * se)
        for name, value, unit, se in zip(("r", "alpha", "a", "b"), (r.r, r.alpha, r.a, r.b), ("1", "weeks", "1", "1"), r.se, strict=True)
    ]
    nan = math.nan
    v, back, new = laws.values, laws.back, laws.acquisition
    share = back.events_per_order
    out += [
        ("repeat.stages", float(r.k), "stages", nan),
        ("order_value.median", v.median, "minor", 1.2533 * v.median * v.sd / math.sqrt(max(1, orders))),
        ("order_value.sd_log", v.sd, "1", v.sd / math.sqrt(2 * max(1, orders))),
        ("order_value.between", v.between, "share", nan),
        ("returned.value_share", back.value_share, "share", nan),
        ("returned.events_per_order", share, "1", math.sqrt(share / max(1, orders))),
        ("returned.lag_median", back.lag_median_days, "days", nan),
        ("acquisition.new_per_week", new.new_per_week, "people", new.new_per_week_se),
        ("acquisition.known_before", new.known_before, "people", nan),
        ("acquisition.trend", new.trend_per_week, "log a week", new.trend_se),
        ("orders_per_week", laws.level, "purchases", nan),
        ("gap_regularity", laws.regularity, "stages", nan),
    ]  # fmt: skip
    n = len(out)
    clean = lambda x: float(x) if np.isfinite(x) else None
    return {"version": [version] * n, "draw": [0] * n, "parameter": [p for p, *_ in out], "value": [clean(x) for _, x, _, _ in out],
            "unit": [u for _, _, u, _ in out], "se": [clean(s) for *_, s in out]}  # fmt: skip
