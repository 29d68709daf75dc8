"""The model held against days of the file that it has not seen: ready on time and order to ready."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from omosim.kernels.philox import make_key
from omosim.planning.demand import Draws, WorkLaw, draw, learn
from omosim.planning.history import PICKUP, StoreHistory, date_text, open_seconds, weekly_growth
from omosim.planning.roster import Roster
from omosim.planning.simulate import DayResult, Shop, Staff, simulate
from omosim.schema.columns import DAY
from omosim.schema.settings import NetworkSettings

_PART = 4  # a quarter of the days is held out
_DAYS_BACK = 3
_GROUPS = 40
_MOST_PICKERS = 40
_ROWS = 60_000
_CHECK = 500_000  # replication from which on the check draws


@dataclass(frozen=True)
class Row:
    """One measure: observed on the held-out days, simulated with the interval in which such days' mean lies."""

    weekday: int
    measure: str
    unit: str
    observed: float
    simulated: float
    low: float
    high: float

    @property
    def within(self) -> bool:
        """Whether the observed figure lies in the interval."""
        return self.low <= self.observed <= self.high


@dataclass(frozen=True)
class Backtest:
    """Rows of the check, which dates were held out, and the staff that was taken for the past, in words."""

    rows: list[Row]
    dates: list[str]
    staff_from: str


def backtest(history: StoreHistory, weekdays: list[int], seed: int, work: WorkLaw, network: NetworkSettings,
             promise_s: int, wait_s: int, roster: Roster | None) -> Backtest | str:  # fmt: skip
    """Simulate the held-out last days of each weekday from the earlier ones, and compare; or say why that cannot be.

    Who was on duty in the past is not in the file: without a roster it is the constant number of pickers whose median
    time from order to ready comes nearest to that of the earlier days.
    """
    if not history.has("ready"):
        return "no check against the file: it has no ready_at"
    held = {w: history.days_of(w)[-max(1, len(history.days_of(w)) // _PART) :] for w in weekdays if len(history.days_of(w)) >= 5}
    if not held:
        return "no check against the file: five days of a weekday are needed, one of them to hold out"
    past = {w: np.setdiff1d(history.days_of(w), held.get(w, [])) for w in range(7)}
    back = _DAYS_BACK
    first_held = min(int(days[0]) for days in held.values())
    before = history.orders[history.orders["day"] < first_held]
    seen = replace(history, growth=weekly_growth(before, history.dates[history.dates < first_held])[0])
    counter = max(3, network.stores.counter + network.stores.peak_extra)
    runs = {}
    for w in held:
        laws = [learn(seen, (w - i) % 7, past[(w - i) % 7], network, round(held[w].mean())) for i in range(back, -1, -1)]
        shop = Shop(history.opens, history.closes, tuple(len(law.dates) > 0 for law in laws), round(network.pickup.hold_days * DAY), wait_s)
        expected = sum(law.mean(PICKUP).sum() for law in laws) + laws[-1].mean(1).sum()
        inner = int(np.clip(_ROWS / max(expected, 1) / _GROUPS, 1, 10)) * len(held[w])
        key0, key1 = make_key(seed, _CHECK + w)
        draws = Draws(key0, key1, _GROUPS, inner)
        runs[w] = (shop, draws, draw(laws, draws, work, shop.opens, shop.closes, promise_s))
    told = "the roster given"
    if roster is None:
        pickers = _pickers_of_the_past(history, past, runs, counter)
        told = f"{pickers} pickers all day: the number that gives the earlier days' median time to ready; a roster=FILE would check more"
        flat = Staff.level(pickers, counter, history.opens, history.closes)
        roster = Roster((flat,) * 7)
    rows = []
    for w, (shop, draws, demand) in runs.items():
        on_duty = [roster.days[(w - back + i) % 7] for i in range(back + 2)]
        rows += _compare(history, w, held[w], simulate(shop, demand, draws, on_duty), draws)
    dates = sorted(date_text(d) for days in held.values() for d in days)
    return Backtest(rows, dates, told)


def _leads(history: StoreHistory, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Open seconds from order to ready of the days' pickups that have a time; whether each was ready by its promise."""
    rows = history.of_days(days, PICKUP)
    rows = rows[rows["ready"] >= 0]
    lead = open_seconds(rows["ready"].to_numpy(), history.opens, history.closes) - open_seconds(rows["placed"].to_numpy(), history.opens, history.closes)
    known = rows["promised"] >= 0
    return lead, (rows["ready"] <= rows["promised"])[known].to_numpy()


def _pickers_of_the_past(history: StoreHistory, past: dict[int, np.ndarray], runs: dict[int, tuple[Shop, Draws, np.ndarray]], counter: int) -> int:
    """The constant number of pickers whose simulated median comes nearest to the observed one."""
    seen = float(np.median(np.concatenate([_leads(history, past[w])[0] for w in runs])))
    best, gap = 1, np.inf
    for pickers in range(1, _MOST_PICKERS + 1):
        leads = []
        for shop, draws, demand in runs.values():
            leads.append(simulate(shop, demand, draws, Staff.level(pickers, counter, shop.opens, shop.closes), audit=False).lead_s)
        median = float(np.median(np.concatenate(leads)))
        if abs(median - seen) < gap:
            best, gap = pickers, abs(median - seen)
        if median <= seen:
            break
    return best


def _compare(history: StoreHistory, weekday: int, days: np.ndarray, result: DayResult, draws: Draws) -> list[Row]:
    lead, kept = _leads(history, days)
    group = result.lead_rep // draws.inner
    each = [result.lead_s[group == g] for g in range(draws.groups) if (group == g).any()]
    rows = []
    counts = result.orders.reshape(draws.groups, draws.inner).mean(axis=1)
    observed_orders = len(history.of_days(days, PICKUP)) / len(days)
    rows.append(_row(weekday, "pickups a day", "orders", observed_orders, counts))
    if len(kept):
        on_time = result.on_time.reshape(draws.groups, -1).sum(axis=1) / np.maximum(result.orders.reshape(draws.groups, -1).sum(axis=1), 1)
        rows.append(_row(weekday, "ready on time", "share", float(kept.mean()), on_time))
    if len(lead):
        for name, q in (("order to ready, median", 0.5), ("order to ready, 90th percentile", 0.9)):
            rows.append(_row(weekday, name, "min", float(np.quantile(lead, q)) / 60, np.array([np.quantile(x, q) for x in each]) / 60))
    return rows


def _row(weekday: int, measure: str, unit: str, observed: float, groups: np.ndarray) -> Row:
    low, high = np.quantile(groups, (0.025, 0.975)).tolist()
    return Row(weekday, measure, unit, observed, float(groups.mean()), low, high)
