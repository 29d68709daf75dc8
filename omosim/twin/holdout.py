"""The last months, held out: what the calibrated market says about them, and what a copy of the past would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from omosim.twin.history import History, Ints, Windows
from omosim.twin.laws import hour_of_week_shares

WEEK = 7


@dataclass(frozen=True)
class Measure:
    """A row of the hold-out table."""

    name: str
    unit: str
    aim: float | None  # largest absolute error aimed at; None: reported as it falls
    relative: bool = True
    by_length: bool = False  # depends on the window's length: the copy uses a window of equal length


MEASURES = (
    Measure("order_value_median", "minor", 0.15),
    Measure("order_value_p90", "minor", 0.15),
    Measure("hour_of_week_variation", "share", 0.10, relative=False),
    Measure("repeat_share", "share", 0.15, by_length=True),
    Measure("repeat_share_since_start", "share", 0.15, by_length=True),
    Measure("gap_median", "days", 0.15, by_length=True),
    Measure("gap_mean", "days", 0.15, by_length=True),
    Measure("gap_regularity", "stages", None, by_length=True),
    Measure("orders_per_customer", "orders", None, by_length=True),
    Measure("new_customer_share", "share", None, by_length=True),
    Measure("new_customers_a_week", "customers a week", None, by_length=True),
    Measure("cancel_share", "share of value", None),
    Measure("orders_a_week", "orders a week", None, by_length=True),
)


def regularity(who: Ints, day: Ints, start: int = 0) -> float:
    """Stages k of Erlang-k gaps, whatever each shopper's rate: one gap over two in a row is Beta(k, k) (Wheat &
    Morrison 1990), of variance 1 / (4 (2k + 1)). 1: purchases at random.

    who, day: (n,) purchase days of each shopper, sorted, none twice; pairs of gaps that end from day `start` on count.
    """
    if who.size < 3:
        return float("nan")
    pair = (who[2:] == who[:-2]) & (day[2:] >= start)
    first, both = (day[1:-1] - day[:-2])[pair], (day[2:] - day[:-2])[pair]
    spread = float(((first / both - 0.5) ** 2).mean()) if pair.any() else 0.0
    return (1 / (4 * spread) - 1) / 2 if spread > 0 else float("nan")


def measure(history: History, start: int, end: int, large: float) -> dict[str, float]:
    """Figures of the days start <= t < end of a log that begins at day 0.

    Repeat purchases, gaps and customers count purchase days of known shoppers; order values and orders a week count
    orders. Gaps end in the window and may begin before it. large: minor, orders from here on are left out of the
    cancelled share. NaN where there is nothing to count.
    """
    part = history.part(start, end)
    who, day = history.part(0, end).purchase_days()
    previous = np.r_[-1, day[:-1]]
    again = np.r_[False, who[1:] == who[:-1]] if who.size else np.zeros(0, bool)
    inside = day >= start
    gap = (day - previous)[again & inside]
    per_customer = np.unique(who[inside], return_counts=True)[1]
    ever = np.unique(who, return_counts=True)[1]
    _, first = history.part(0, end).first_days()
    new = int((first >= start).sum())
    sold = part.value[part.value < large].sum()
    back = part.back_value[part.back_value < large].sum()
    weeks = (end - start) / WEEK
    nan = float("nan")
    value = part.value[part.value > 0]
    return {
        "order_value_median": float(np.median(value)) if value.size else nan,
        "order_value_p90": float(np.quantile(value, 0.9)) if value.size else nan,
        "repeat_share": float((per_customer > 1).mean()) if per_customer.size else nan,
        "repeat_share_since_start": float((ever > 1).mean()) if ever.size else nan,
        "gap_median": float(np.median(gap)) if gap.size else nan,
        "gap_mean": float(gap.mean()) if gap.size else nan,
        "gap_regularity": regularity(who, day, start),
        "orders_per_customer": float(per_customer.mean()) if per_customer.size else nan,
        "new_customer_share": new / per_customer.size if per_customer.size else nan,
        "new_customers_a_week": new / weeks,
        "cancel_share": float(back / sold) if sold else nan,
        "orders_a_week": part.t.size / weeks,
    }


def variation(
    a: list[History], b: History, a_window: tuple[int, int], b_window: tuple[int, int], weekday: int
) -> float:
    """Total variation between the mean hour-of-week profile of some logs and that of another."""
    p = np.mean([hour_of_week_shares(h.part(*a_window).t, weekday) for h in a], axis=0)
    q = hour_of_week_shares(b.part(*b_window).t, weekday)
    return float(0.5 * np.abs(p - q).sum())


def table(actual: History, simulated: list[History], windows: Windows, weekday: int, large: float, scale: float,
          fitted: list[History] | None = None, told: list[History] | None = None) -> pd.DataFrame:  # fmt: skip
    """The hold-out table; figures of several simulated logs are averaged.

    scale: orders of the real log that one simulated order stands for (invoices of a purchase day, and orders of
    unknown shoppers); it enters orders a week only. fitted: logs generated straight from the fitted laws.
    told: simulated logs that were given the held-out weeks' pace; they tell a missed season from a missed law, and are
    no check.
    """
    held = (windows.cut, windows.end)
    real = measure(actual, *held, large)
    copies = _copies(actual, windows, large)
    fit_profile = variation([actual], actual, (0, windows.cut), held, weekday)
    columns = {"simulated": _mean(simulated, held, large, scale)}
    profiles = {"simulated": variation(simulated, actual, held, held, weekday)}
    if fitted:
        columns["fitted_law"] = _mean(fitted, held, large, scale)
        profiles["law_error"] = profiles["fitted_law"] = variation(fitted, actual, held, held, weekday)
    if told:
        columns["told"] = _mean(told, held, large, scale)
        profiles["told_error"] = variation(told, actual, held, held, weekday)
    rows = []
    for m in MEASURES:
        row: dict[str, object] = {"measure": m.name}
        if m.name == "hour_of_week_variation":
            row |= profiles
            row |= {"actual": 0.0, "error": row["simulated"], "copy_error": fit_profile}
        else:
            row |= {name: v[m.name] for name, v in columns.items()}
            row |= {"actual": real[m.name], "error": _relative(columns["simulated"][m.name], real[m.name])}
            row["copy_error"] = _relative(copies[m.by_length][m.name], real[m.name])
            if fitted:
                row["law_error"] = _relative(columns["fitted_law"][m.name], real[m.name])
            if told:
                row["told_error"] = _relative(row.pop("told"), real[m.name])  # type: ignore[arg-type]
        error = float(row["error"])  # type: ignore[arg-type]
        within = None if m.aim is None or not np.isfinite(error) else bool(abs(error) <= m.aim)
        rows.append(row | {"unit": m.unit, "aim": m.aim, "within": within})
    order = ["measure", "simulated", "actual", "error", "copy_error", "unit", "aim", "within"]
    frame = pd.DataFrame(rows)
    return frame[order + [c for c in frame.columns if c not in order]]


def _relative(a: float, b: float) -> float:
    return a / b - 1 if b else float("nan")


def _mean(logs: list[History], window: tuple[int, int], large: float, scale: float) -> dict[str, float]:
    rows = pd.DataFrame([measure(h, *window, large) for h in logs])
    rows["orders_a_week"] *= scale
    return {str(k): float(v) for k, v in rows.mean().items()}


def _copies(actual: History, windows: Windows, large: float) -> dict[bool, dict[str, float]]:
    """A copy of the past: the whole fit part, and its last days of the hold-out's length."""
    return {
        False: measure(actual, 0, windows.cut, large),
        True: measure(actual, windows.cut - windows.holdout_days, windows.cut, large),
    }


def weekly(actual: History, simulated: list[History], windows: Windows, scale: float) -> pd.DataFrame:
    """Orders by week: actual, and mean, least and most of the simulated logs."""
    weeks = -(-windows.end // WEEK)
    many = np.array([_by_week(h.part(0, windows.end), weeks) for h in simulated]) * scale
    week = np.arange(weeks)
    return pd.DataFrame(
        {
            "week": week,
            "starts": [windows.date(int(w) * WEEK) for w in week],
            "days": np.minimum(WEEK, windows.end - week * WEEK),
            "actual": _by_week(actual, weeks),
            "simulated": many.mean(axis=0),
            "low": many.min(axis=0),
            "high": many.max(axis=0),
            "part": np.where(week * WEEK < windows.cut, "fit", "holdout"),
        }
    )


def _by_week(history: History, weeks: int) -> Ints:
    return np.bincount((history.t // WEEK).astype(np.int64), minlength=weeks)[:weeks]


def hour_of_week(actual: History, simulated: list[History], windows: Windows, weekday: int) -> pd.DataFrame:
    """Shares of the hold-out's orders by hour of the week, Monday 00 first, beside those of the fit part."""
    held = (windows.cut, windows.end)
    hours = np.arange(168)
    return pd.DataFrame(
        {
            "weekday": hours // 24,
            "hour": hours % 24,
            "actual": hour_of_week_shares(actual.part(*held).t, weekday),
            "simulated": np.mean([hour_of_week_shares(s.part(*held).t, weekday) for s in simulated], axis=0),
            "fit_part": hour_of_week_shares(actual.part(0, windows.cut).t, weekday),
        }
    )
