"""When the capital of a strategy is back, from the paired gain: payback with ramp-up, and its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omosim.results import nine_digits
from omosim.results.words import safe_text

if TYPE_CHECKING:
    from omosim.strategy.investment import Investment

YEAR_DAYS = 365.0
KPI = "payback_years"
NO_CAPITAL = "no capital to get back"


@dataclass(frozen=True)
class Payback:
    """Years until the capital is back; None: never. `low` and `high` are those of the interval's ends of the gain."""

    years: float | None
    low: float | None
    high: float | None
    verdict: str
    words: str


def years_until_back(taken: Investment, running: float, gain: float) -> float | None:
    """Years from the day on which capital is paid until it is back; None when it never is.

    Parameters
    ----------
    taken : capital and ramp-up of what is added
    running : minor a year, running cost of what is added; paid from the first day on
    gain : minor a year, of operating profit before write-off once all works, running cost already taken off

    Notes
    -----
    capital + running * r = gain * (T - r), with r the ramp-up in years: until all works it costs and earns nothing.
    """
    if taken.capital <= 0:
        return 0.0 if gain > 0 else None
    if gain <= 0:
        return None
    wait = taken.ramp_up_days / YEAR_DAYS
    return wait + (taken.capital + max(running, 0.0) * wait) / gain


def payback(taken: Investment, running: float, gain: tuple[float, float | None, float | None]) -> Payback:
    """Payback, its interval and what it says.

    Parameters
    ----------
    taken, running : as above
    gain : minor a year: mean and the ends of its interval, None where there is none
    """
    mean, low, high = gain
    years = years_until_back(taken, running, mean)
    soonest = None if high is None else years_until_back(taken, running, high)
    latest = None if low is None else years_until_back(taken, running, low)
    life = taken.life_years
    if taken.capital <= 0:
        return Payback(years, soonest, latest, "cannot_tell", NO_CAPITAL)
    if low is None or high is None:
        verdict = "cannot_tell"
    elif soonest is None or (life and soonest > life):
        verdict = "worse"
    else:
        verdict = "better" if latest is not None and (not life or latest <= life) else "cannot_tell"
    return Payback(years, soonest, latest, verdict, _words(years, soonest, latest, life, low is not None))


def _words(years: float | None, soonest: float | None, latest: float | None, life: float, told: bool) -> str:
    """'after 1.4 years (1.1 to 2.0)', 'never', or what chance leaves open."""
    if years is None:
        return "never" if soonest is None else f"never on the mean; after {soonest:.1f} years at best"
    text = f"after {years:.1f} years"
    if told:
        text += f" ({soonest:.1f} to {latest:.1f})" if latest is not None else f" ({soonest:.1f} to never)"
    return text + (f", longer than it lasts ({life:.1f} years)" if life and years > life else "")


def payback_row(strategy: str, baseline: str, pairs: int, found: Payback) -> dict[str, Any]:
    """A row of comparison.parquet: years in `mean`, their interval in `ci_low` and `ci_high`, words in `reason`."""
    years = {"mean": found.years, "ci_low": found.low, "ci_high": found.high}
    rounded = {name: None if value is None else nine_digits(value) for name, value in years.items()}
    return {
        "kpi": KPI, "unit": "years", "strategy": strategy, "baseline": baseline, "mean": rounded["mean"],
        "baseline_mean": None, "diff": None, "ci_low": rounded["ci_low"], "ci_high": rounded["ci_high"], "prob_better": None,
        "verdict": found.verdict, "replications": pairs, "variance_reduction": None, "reason": found.words,
    }  # fmt: skip


def payback_rows(
    rows: list[dict[str, Any]],
    investments: Mapping[str, Investment],
    pnl: Mapping[str, Mapping[str, float]],
    days: float,
) -> list[dict[str, Any]]:
    """Rows of payback_years from those of operating_profit.

    Parameters
    ----------
    rows : comparison rows, minor units over `days`
    investments : strategy -> what it takes beyond the baseline
    pnl : strategy -> profit line -> mean difference from the baseline over `days`, costs negative
    days : length of the measured window
    """
    out = []
    for row in rows:
        taken = investments.get(row["strategy"])
        if row["kpi"] != "operating_profit" or taken is None or row["diff"] is None:
            continue
        lines, year = pnl.get(row["strategy"], {}), YEAR_DAYS / days
        write_off, running = (-lines.get(f"capability_{name}", 0.0) * year for name in ("capital", "running"))
        ends = tuple(None if row[name] is None else row[name] * year + write_off for name in ("ci_low", "ci_high"))
        found = payback(taken, running, (row["diff"] * year + write_off, *ends))
        out.append(payback_row(row["strategy"], row["baseline"], row["replications"], found))
    return out


def capital_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """One sentence on when each strategy's capital is back; empty where none takes any."""
    told = [row for row in rows if row["kpi"] == KPI and row["reason"] != NO_CAPITAL]
    parts = [f"{safe_text(row['strategy'], 60)} is {_back(row['reason'])}" for row in told]
    return f"The capital of {'; that of '.join(parts)}." if parts else ""


def _back(words: str) -> str:
    return "never back" + words.removeprefix("never") if words.startswith("never") else f"back {words}"
