"""The model held against days of the file that it has not seen: their demand foretold, their orders served again."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import stdtrit

from omosim.kernels.philox import make_key
from omosim.kernels.planning_days import fill_service
from omosim.planning.demand import Draws, Ways, WorkLaw, blank_rows, learn, quantiles, row_keys
from omosim.planning.history import (
    LOCKER,
    PICKUP,
    WALK_IN,
    StoreHistory,
    date_text,
    weekday_of,
    weekly_growth,
)
from omosim.planning.pace import UNKNOWN, Pace, pace_words, read_paces
from omosim.planning.roster import Roster
from omosim.planning.simulate import DayResult, Shop, Staff, simulate
from omosim.schema.codes import Flow
from omosim.schema.columns import DAY
from omosim.schema.settings import NetworkSettings

_PART = 4  # a quarter of the days is held out
_DAYS_BACK = 3
_REPS = 79  # the second least and the second most of them bound 95 %
_FIT_REPS = 6
_MOST_PICKERS = 256
_FIT_DAYS = 2  # earlier days of each weekday from which the pickers of the past are read
_CHECK = 500_000  # replication from which on the check draws
ALL = 7  # in place of a weekday: all of them


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
    """Rows of the check, which dates were held out, the staff that was taken for the past, in words, whether a roster told it, and the paces read."""

    rows: list[Row]
    dates: list[str]
    staff_from: str
    by_roster: bool = False
    paces: tuple[Pace, ...] = ()


@dataclass(frozen=True)
class _Check:
    """What the replays share."""

    history: StoreHistory
    network: NetworkSettings
    work: WorkLaw
    promise_s: int
    wait_s: int
    seed: int
    paces: dict[int, Pace] = field(default_factory=dict)

    def shop(self, day: int) -> Shop:
        """The store on a day and the days before it."""
        trades = tuple((~np.isin(np.arange(day - _DAYS_BACK, day + 1), self.history.closed_days)).tolist())
        return Shop(self.history.opens, self.history.closes, trades, round(self.network.pickup.hold_days * DAY), self.wait_s, Ways.of(self.network))

    def replay(self, day: int, roster: Roster, reps: int = _REPS) -> DayResult:
        """The day's own orders served again, many times over: times of work are drawn, all else is as it was."""
        key0, key1 = make_key(self.seed, _CHECK + day)
        draws = Draws(key0, key1, reps, 1)
        days = np.arange(day - _DAYS_BACK, day + 8)
        days = days[(days <= day) | ~np.isin(weekday_of(days), list(self.history.shut))][: _DAYS_BACK + 2]  # late orders wait for the next open day
        on_duty = [roster.days[w] for w in weekday_of(days).tolist()]
        shop = self.shop(day)
        return simulate(shop, self.rows(shop, day, draws), draws, on_duty, audit=False)

    def rows(self, shop: Shop, day: int, draws: Draws) -> np.ndarray:
        """DEMAND rows of the day's own orders and of the days before it."""
        table = quantiles(self.work.shape)
        key0, key1 = make_key(self.seed, _CHECK)  # a replicate of one held-out day belongs to that of the others
        parts = []
        for role in range(_DAYS_BACK + 1):
            date = day - _DAYS_BACK + role
            weekday = int(weekday_of(np.array(date)))
            today, pace = np.array([date]), self.paces.get(weekday, UNKNOWN)
            factors = [pace.factor(key0, key1, rep, weekday, date) for rep in range(draws.reps)]
            for kind in (PICKUP, WALK_IN) if role == _DAYS_BACK else (PICKUP,):
                past = self.history.of_days(today, kind)
                one = blank_rows(len(past))
                one["t"] = role * DAY + past["second"].to_numpy()
                one["units"] = past["units"].to_numpy()
                one["flow"] = Flow.PICKUP if kind == PICKUP else Flow.VISIT
                picking = self.work.pick(past["units"].to_numpy())
                at_counter = np.full(len(past), self.work.counter_s if kind == PICKUP else self.work.checkout_s)
                if kind == PICKUP:
                    known = (past["ready"] >= 0) & (past["collected"] >= 0)
                    one["offer"] = past["place"].to_numpy()
                    known &= past["place"] != LOCKER
                    one["collect_lag_s"] = np.where(known, np.maximum(past["collected"] - past["ready"], 0), -1)
                    one["promise_s"] = shop.promised(one["t"], self.promise_s) - one["t"]
                mine, work = np.tile(one, draws.reps), np.zeros(len(past), np.int64)
                for rep in range(draws.reps):
                    part = mine[rep * len(past) : (rep + 1) * len(past)]
                    for place, (name, mean) in enumerate((("pick_s", picking * factors[rep]), ("counter_s", at_counter))):
                        fill_service(draws.key0, draws.key1, rep, 4 * role + 2 * kind + place, table, mean, work)
                        part[name] = work
                of = np.repeat(np.arange(draws.reps), len(past))
                mine["node"] = of + 1
                mine["key"] = row_keys(of, role, kind, np.tile(np.arange(len(past)), draws.reps))
                parts.append(mine)
        rows = np.concatenate(parts)
        return rows[np.lexsort((rows["key"], rows["t"]))]

    def seen(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Open seconds from order to ready of the orders that count for the day, and whether each kept its promise."""
        rows = self.history.orders
        begin = (day - _DAYS_BACK) * DAY + self.shop(day).last_closing
        end = day * DAY + self.history.closes
        rows = rows[(rows["kind"] == PICKUP) & (rows["placed"] >= begin) & (rows["placed"] < end) & (rows["ready"] >= 0)]
        lead = [self.history.open_seconds(rows[name].to_numpy()) for name in ("ready", "placed")]
        told = (rows["promised"] >= 0).to_numpy()
        return lead[0] - lead[1], (rows["ready"] <= rows["promised"]).to_numpy()[told]


def backtest(history: StoreHistory, weekdays: list[int], seed: int, work: WorkLaw, network: NetworkSettings,
             promise_s: int, wait_s: int, roster: Roster | None) -> Backtest | str:  # fmt: skip
    """Foretell the held-out last days' demand from the earlier ones, serve their orders again, and compare; or say why not.

    network : as it was while these orders were served. Who was on duty in the past is not in the file: without a roster it is the constant number of pickers whose median
    time from order to ready comes nearest to that of some earlier days.
    """
    held = {w: history.days_of(w)[-max(1, len(history.days_of(w)) // _PART) :] for w in weekdays if len(history.days_of(w)) >= 5}
    if not held:
        return "no check against the file: five days of a weekday are needed, one of them to hold out"
    check = _Check(history, network, work, promise_s, wait_s, seed)
    rows = []
    foretold = [_demand(history, w, days, network) for w, days in held.items()]
    rows += foretold if len(foretold) < 2 else [*foretold, _together(foretold)]
    dates = sorted(date_text(d) for days in held.values() for d in days)
    if not history.has("ready"):
        return Backtest(rows, dates, "not needed: the file has no ready_at, only demand is checked")
    told, by_roster = roster.told if roster is not None else "", roster is not None
    if roster is None:
        earlier = {w: np.setdiff1d(history.days_of(w), held[w])[-_FIT_DAYS:] for w in held}
        pickers = _pickers_of_the_past(check, np.concatenate(list(earlier.values())), network)
        who = "people" if network.operations.pooled_staff else "pickers"
        told = f"{pickers} {who} all day: the number that gives the earlier days' median time to ready; a roster=FILE would check more"
        roster = _flat(history, pickers, network)
    how = Ways.of(network)
    if by_roster and not how.pooled and not any(day.counter.any() for day in roster.days):
        told += "; nobody is at the counter in it: past_pooled_staff=true if those who picked served too"
    alone = not how.pooled and how.batch < 2  # else the next order is not begun when the one before is ready
    # who was on duty has been read from the ready times where no roster tells it: idle people would count as slow ones
    paces = read_paces(history, roster, work, min(int(days[0]) for days in held.values())) if alone and by_roster else dict.fromkeys(range(7), UNKNOWN)
    check = replace(check, paces=paces)
    why = "" if alone else "with one pool or trips no picking time can be read from the earlier days: the interval holds chance alone"
    told = "; ".join(words for words in (told, pace_words(paces[w] for w in held), why) if words)
    with ThreadPoolExecutor(os.cpu_count() or 1) as both:  # kernels run without the interpreter's lock
        served = {int(d): both.submit(check.replay, int(d), roster) for days in held.values() for d in days}
        for w, days in held.items():
            rows += _service(check, w, days, [served.pop(int(d)).result() for d in days])
    return Backtest(sorted(rows, key=lambda r: r.weekday), dates, told, by_roster, tuple(paces[w] for w in held))


def changed_words(past: Ways, planned: Ways) -> str:
    """That the past is checked as it was, where the plan has its people work in another way."""
    said = []
    if past.pooled != planned.pooled:
        said.append(f"{'one pool' if past.pooled else 'pickers and counter apart'} (past_pooled_staff)")
    if max(past.batch, 1) != max(planned.batch, 1):
        said.append(f"{f'up to {past.batch} orders a trip' if past.batch > 1 else 'each order by itself'} (past_batch_orders)")
    return f"in the past {' and '.join(said)}, whatever is planned" if said else ""


def _flat(history: StoreHistory, pickers: int, network: NetworkSettings) -> Roster:
    counter = 0 if network.operations.pooled_staff else max(3, network.stores.counter + network.stores.peak_extra)
    return Roster((Staff.level(pickers, counter, history.opens, history.closes),) * 7)


def _pickers_of_the_past(check: _Check, days: np.ndarray, network: NetworkSettings) -> int:
    """The constant number of pickers whose simulated median comes nearest to the observed one."""
    leads = [check.seen(int(d))[0] for d in days]
    seen = float(np.median(np.concatenate(leads))) if sum(map(len, leads)) else 0.0

    def median_of(pickers: int) -> float:
        roster = _flat(check.history, pickers, network)
        made = np.concatenate([check.replay(int(d), roster, _FIT_REPS).lead_s for d in days])
        return float(np.median(made)) if len(made) else np.inf

    low, high = 0, 1
    medians = {0: np.inf}
    while high < _MOST_PICKERS and medians.setdefault(high, median_of(high)) > seen:
        low, high = high, min(2 * high, _MOST_PICKERS)
    while high - low > 1:  # more pickers never make it slower
        middle = (low + high) // 2
        if medians.setdefault(middle, median_of(middle)) > seen:
            low = middle
        else:
            high = middle
    medians.setdefault(high, median_of(high))
    return min((p for p in (low, high) if p > 0), key=lambda p: (abs(medians[p] - seen), p))


def _demand(history: StoreHistory, weekday: int, days: np.ndarray, network: NetworkSettings) -> Row:
    """Pickups of a mean held-out day: foretold from the earlier days, with their growth up to then."""
    first = int(days[0])
    earlier = history.days_of(weekday)[history.days_of(weekday) < first]
    before = history.orders[history.orders["day"] < first]
    growth = weekly_growth(before, history.usual[history.usual < first])[0]
    law = learn(replace(history, growth=growth), weekday, earlier, network, round(days.mean()))
    totals = law.counts[PICKUP].sum(axis=1)
    mean = float(totals.mean())
    day_to_day = mean + (mean * mean / law.shape if law.shape else 0.0)  # variance of one day
    half = float(stdtrit(len(totals) - 1, 0.975)) * float(np.sqrt(day_to_day / len(totals) + day_to_day / len(days)))
    observed = len(history.of_days(days, PICKUP)) / len(days)
    return Row(weekday, "pickups a day, foretold", "orders", observed, mean, max(0.0, mean - half), mean + half)


def _together(rows: list[Row]) -> Row:
    """All weekdays' demand as one: a miss that they share is not seen in each alone."""
    total, half = sum(r.simulated for r in rows), float(np.sqrt(sum(((r.high - r.low) / 2) ** 2 for r in rows)))
    return Row(ALL, "pickups of all weekdays, foretold", "orders", sum(r.observed for r in rows), total, max(0.0, total - half), total + half)


def _service(check: _Check, weekday: int, days: np.ndarray, results: list[DayResult]) -> list[Row]:
    """Ready on time and order to ready, of the held-out days together."""
    leads, kept = zip(*(check.seen(int(d)) for d in days), strict=True)
    lead, good = np.concatenate(leads), np.concatenate(kept)
    rows = []
    if len(good):
        orders = np.sum([r.orders for r in results], axis=0)
        rows.append(_row(weekday, "ready on time, served again", "share", float(good.mean()), np.sum([r.on_time for r in results], axis=0) / np.maximum(orders, 1)))
    if len(lead):
        each = [np.concatenate([r.lead_s[r.lead_rep == rep] for r in results]) for rep in range(_REPS)]
        for name, q in (("order to ready, median", 0.5), ("order to ready, 90th percentile", 0.9)):
            rows.append(_row(weekday, name, "min", float(np.quantile(lead, q)) / 60, np.array([np.quantile(x, q) for x in each if len(x)]) / 60))
    return rows


def _row(weekday: int, measure: str, unit: str, observed: float, replays: np.ndarray) -> Row:
    low, high = np.quantile(replays, (0.025, 0.975), method="weibull").tolist()  # ends that one more replay lies within in 95 % of cases
    return Row(weekday, measure, unit, observed, float(replays.mean()), low, high)
