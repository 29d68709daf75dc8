"""The laws of a twin's orders that closed forms and likelihoods give, each with its standard error: where a fuller calibration starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.calibrate import fit_laws
from omosim.twin.folder import Step
from omosim.twin.generator import FittedLaws
from omosim.twin.history import DAY_S, history_of, until
from omosim.twin.tables import Tables

_LAW = ("r", "alpha", "a", "b")
_TRIED = ("cohort", "k", *_LAW, "log_likelihood", "customers", "converged")
COLUMNS = ("version", "draw", "parameter", "value", "unit", "se")


def fitted(tables: Tables, as_of: int, known: Sequence[RepeatFit] = ()) -> tuple[FittedLaws, int, list[RepeatFit]]:
    """Every law of all orders up to a day (since 1970), how many orders they stand on, and the fit of each k.

    known : as `calibrate.fit_laws`. Raises CalibrationError where the orders cannot carry it.
    """
    log = tables.orders
    windows = until(log, as_of + 1)
    laws, fits = fit_laws(log, history_of(log, windows), windows, known)
    return laws, int((log.lines.drop_duplicates("order_id")["placed_local"] < (as_of + 1) * DAY_S).sum()), fits


def tried_rows(fits: Sequence[RepeatFit]) -> dict[str, list[Any]]:
    """The table of the fits of purchases, a row a k: what takes longest in a fit, kept for all that stands on the same purchases."""
    out: dict[str, list[Any]] = {name: [getattr(one, name) for one in fits] for name in _TRIED}
    for i, name in enumerate(_LAW):
        out[f"se_{name}"] = [one.se[i] if math.isfinite(one.se[i]) else None for one in fits]
    return out


def put_fits(step: Step, fits: Sequence[RepeatFit]) -> str:
    """Write the table down; returns its name in the folder."""
    return step.table("fits", tried_rows(fits), types={f"se_{name}": "float64" for name in _LAW})


def tried_of(table: Mapping[str, Sequence[Any]] | None) -> list[RepeatFit]:
    """The fits of `tried_rows`, to the bit; none of no table."""
    if table is None:
        return []
    se = zip(*([math.nan if x is None else x for x in table[f"se_{name}"]] for name in _LAW), strict=True)
    return [RepeatFit(se=errors, **dict(zip(_TRIED, row, strict=True))) for *row, errors in zip(*(table[name] for name in _TRIED), se, strict=True)]


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
