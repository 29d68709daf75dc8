"""A store's day, many times over: every replicate is one store of a network that the fulfilment engine serves.

The engine is the one that strategies are compared with; staff change by the quarter hour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock

import numpy as np

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.planning.demand import QUARTERS, Draws, Shop, replicate_of
from omosim.planning.history import COUNTER_SIDE, CURBSIDE, LOCKER, QUARTER
from omosim.schema.codes import Entry, Flow, NodeKind
from omosim.schema.columns import DAY, FLAG_QUEUE_LEFT, NODE
from omosim.schema.network import N_SERVICES, SERVICE
from omosim.world.stock import Stock

_PLENTY = 1_000_000
_ROOM = 8_000  # rows of the engine's tables beyond the orders; with many more the memory would be fetched anew each time
_FOR_GOOD = 60 * DAY  # shelf time of orders whose collection does not matter
_DAYS_AFTER = 1  # days after the planned one, until its late orders are ready


@dataclass(frozen=True)
class Staff:
    """People on duty in each quarter hour of the day, 0 outside opening hours.

    pickers, counter : (96,) int64
    """

    pickers: np.ndarray
    counter: np.ndarray

    @classmethod
    def level(cls, pickers: int, counter: int, opens: int, closes: int) -> Staff:
        """The same number all day."""
        at = np.arange(QUARTERS) * QUARTER
        on = ((at >= opens) & (at < closes)).astype(np.int64)
        return cls(pickers * on, counter * on)

    @property
    def person_hours(self) -> float:
        """Hours of all people together."""
        return float(self.pickers.sum() + self.counter.sum()) * QUARTER / 3600

    def times(self) -> list[int]:
        """Seconds of the day at which somebody's number changes."""
        both = np.stack([self.pickers, self.counter])
        changed = np.flatnonzero((np.diff(both, axis=1, prepend=0) != 0).any(axis=0))
        return [int(q) * QUARTER for q in changed]


@dataclass(frozen=True)
class DayResult:
    """What happened on the planned day; each figure is counted from the book when it is first asked for.

    Parameters
    ----------
    shop : the store
    rows : DEMAND rows that were served
    book : BOOK rows, sorted by key
    reps : replicates
    laws : law -> residual
    """

    shop: Shop
    rows: np.ndarray
    book: np.ndarray
    reps: int
    laws: dict[str, int]

    @cached_property
    def rep(self) -> np.ndarray:
        """Replicate of each row of the book."""
        return replicate_of(self.book["key"])

    @property
    def start(self) -> int:
        """Midnight at which the planned day begins."""
        return self.shop.days_before * DAY

    def _count(self, mask: np.ndarray) -> np.ndarray:
        return np.bincount(self.rep[mask], minlength=self.reps)[: self.reps]

    # ---- picking ---------------------------------------------------------------------------------------------
    @cached_property
    def _due(self) -> np.ndarray:
        placed = self.book["placed_at"]
        return (self.book["flow"] == Flow.PICKUP) & (placed >= self.shop.last_closing) & (placed < self.start + self.shop.closes)

    @cached_property
    def orders(self) -> np.ndarray:
        """(reps,) pickups that count for the day."""
        return self._count(self._due)

    @cached_property
    def on_time(self) -> np.ndarray:
        """(reps,) those of them ready by the promise."""
        ready = self.book["ready_at"]
        return self._count(self._due & (ready >= 0) & (ready <= self.book["promised_at"]))

    @cached_property
    def _ready(self) -> np.ndarray:
        return self._due & (self.book["ready_at"] >= 0)

    @cached_property
    def lead_s(self) -> np.ndarray:
        """(m,) open seconds from order to ready of every pickup that got ready."""
        return self.shop.open_seconds(self.book["ready_at"][self._ready]) - self.shop.open_seconds(self.book["placed_at"][self._ready])

    @cached_property
    def lead_rep(self) -> np.ndarray:
        """(m,) the replicate of each."""
        return self.rep[self._ready]

    @cached_property
    def ready_on_time(self) -> float:
        """Share of all pickups ready by the promise."""
        return float(self.on_time.sum() / max(1, self.orders.sum()))

    # ---- the counter -----------------------------------------------------------------------------------------
    @cached_property
    def _came(self) -> np.ndarray:
        return (self.book["arrived_at"] >= self.start) & (self.book["arrived_at"] < self.start + DAY)

    @cached_property
    def _gone(self) -> np.ndarray:
        return self._came & ((self.book["flags"] & FLAG_QUEUE_LEFT) != 0) & (self.book["served_at"] < 0)

    @cached_property
    def _served(self) -> np.ndarray:
        return self._came & (self.book["served_at"] >= 0)

    @cached_property
    def _at_counter(self) -> np.ndarray:
        return self._served | self._gone

    @cached_property
    def served(self) -> np.ndarray:
        """(reps,) customers served at the counter."""
        return self._count(self._served)

    @cached_property
    def left(self) -> np.ndarray:
        """(reps,) customers who left the queue."""
        return self._count(self._gone)

    @cached_property
    def waited(self) -> np.ndarray:
        """(reps,) customers who had to wait."""
        return self._count(self._at_counter & (self.book["wait_s"] > 0))

    @cached_property
    def soon(self) -> np.ndarray:
        """(reps,) customers served who waited no longer than the limit."""
        return self._count(self._served & (self.book["wait_s"] <= self.shop.limit_s))

    @cached_property
    def soon_share(self) -> float:
        """Share of customers at the counter who waited no longer than the limit."""
        return float(self.soon.sum() / max(1, self.served.sum() + self.left.sum()))

    @cached_property
    def waits(self) -> np.ndarray:
        """(n,) every wait of the served and the left, seconds."""
        return self.book["wait_s"][self._at_counter].astype(np.int64)

    @cached_property
    def wait_rep(self) -> np.ndarray:
        """(n,) the replicate of each."""
        return self.rep[self._at_counter]

    @cached_property
    def wait_quarter(self) -> np.ndarray:
        """(n,) the quarter hour in which each began."""
        return (self.book["arrived_at"][self._at_counter] - self.start) // QUARTER

    @cached_property
    def wait_mean_s(self) -> np.ndarray:
        """(reps,) mean wait, seconds."""
        return np.bincount(self.wait_rep, weights=self.waits, minlength=self.reps)[: self.reps] / np.maximum(self._count(self._at_counter), 1)

    # ---- load and shelf --------------------------------------------------------------------------------------
    @cached_property
    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        rows = self.rows[np.argsort(self.rows["key"])]  # the book is in the order of keys
        released = np.clip(self.book["placed_at"] - self.start, self.shop.opens, None)  # night orders lie there when the pickers come
        to_pick = (self.book["flow"] == Flow.PICKUP) & (self.book["placed_at"] >= self.shop.last_closing) & (released < self.shop.closes)
        arrived = self.book["arrived_at"] - self.start
        picking = rows["pick_s"] - self.shop.how.saved_s
        calls, work = np.zeros((2, QUARTERS)), np.zeros((2, QUARTERS))
        for pool, mask, at, effort in ((0, to_pick, released, picking), (1, self._at_counter, arrived, rows["counter_s"])):
            quarter = np.clip(at[mask] // QUARTER, 0, QUARTERS - 1).astype(np.intp)
            calls[pool] = np.bincount(quarter, minlength=QUARTERS) / self.reps
            work[pool] = np.bincount(quarter, weights=effort[mask], minlength=QUARTERS) / self.reps
        return calls, work

    @property
    def calls(self) -> np.ndarray:
        """(2, 96) mean number of orders that come to the pickers, of customers who come to the counter, by quarter hour."""
        return self._load[0]

    @property
    def work(self) -> np.ndarray:
        """(2, 96) mean seconds of work that they bring; of trips, what the fullest leave of it."""
        return self._load[1]

    @cached_property
    def shelf(self) -> np.ndarray:
        """(reps, 96) most bins in use in each quarter hour."""
        return shelf_use(self.book, self.rep, self.reps, self.start)


def simulate(shop: Shop, rows: np.ndarray, draws: Draws, staff: Staff | list[Staff], engine: type = KernelFulfilment, audit: bool = True) -> DayResult:
    """Serve every replicate's orders with the same staff each day; what the planned day gave.

    Parameters
    ----------
    rows : DEMAND rows from `demand.draw`
    staff : the same every day, or one for each simulated day and the next
    audit : judge every law in full; the running totals are judged anyway
    engine : the kernel or the reference engine; the answer is the same
    """
    reps = draws.reps
    nodes = np.zeros(reps + 1, NODE)
    nodes["kind"][1:] = NodeKind.STORE
    nodes["opens_s"], nodes["closes_s"] = shop.opens, shop.closes
    nodes["pooled"][1:], nodes["batch"][1:], nodes["walk_s"][1:], nodes["bays"][1:] = shop.how.pooled, shop.how.batch, shop.how.walk_s, shop.how.bays
    services = np.zeros(N_SERVICES, SERVICE)
    services["curbside"][CURBSIDE] = 1
    stock = Stock.opening(np.full((reps + 1, 1), _PLENTY, np.int32))
    rules = NetworkRules(hold_s=shop.hold_s)
    net = Network(nodes, stock, np.zeros((1, reps + 1), np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64), rules, services)
    machine = engine(net, len(rows) + _ROOM, len(rows) + 8) if engine is KernelFulfilment else engine(net)
    machine.submit(rows)
    stores = np.arange(1, reps + 1)
    planned = shop.days_before
    for day in range(planned + _DAYS_AFTER + 1):
        if not (shop.trades[day] if day <= planned else True):
            continue
        today = staff if isinstance(staff, Staff) else staff[day]
        times = sorted({shop.opens, shop.closes, *today.times()})
        for second in times:
            now = day * DAY + second
            at = min(second // QUARTER, QUARTERS - 1)
            on = second < shop.closes
            if second == shop.opens:
                machine.open_store(stores, now)
            if second == shop.closes:
                machine.close_store(stores, now)
            machine.set_staff(stores, int(today.pickers[at]) * on, int(today.counter[at]) * on, now)
    end = (planned + _DAYS_AFTER + 1) * DAY
    machine.advance(end)
    return measure(shop, rows, machine.book(), reps, machine.residuals(end, audit=audit))


def picks_of(rows: np.ndarray) -> np.ndarray:
    """The pickups of DEMAND rows, which nobody collects: they are ready when they would be, as pickers serve nobody else."""
    out = rows[rows["flow"] == Flow.PICKUP]
    out["collect_lag_s"] = -1
    return out


def callers_of(result: DayResult) -> np.ndarray:
    """DEMAND rows of everybody who came to the counter on the planned day, as visitors of the second at which they came.

    Who picks decides when an order may be collected, so with the same pickers they come at the same times whoever serves.
    """
    came = (result.book["arrived_at"] >= result.start) & (result.book["arrived_at"] < result.start + DAY)
    out = result.rows[np.argsort(result.rows["key"])][came]  # the book is in the order of keys
    out["flow"], out["channel"], out["offer"] = Flow.VISIT, Entry.STORE, COUNTER_SIDE
    out["t"] = result.book["arrived_at"][came]
    return out[np.lexsort((out["key"], out["t"]))]


class Days:
    """Simulated days on which staff are tried: whole, the picking alone, or the counter alone.

    Parameters
    ----------
    shop : the store
    rows : DEMAND rows
    draws : how they were drawn
    """

    def __init__(self, shop: Shop, rows: np.ndarray, draws: Draws) -> None:
        self.shop, self.rows, self.draws = shop, rows, draws
        self._picks: np.ndarray | None = None
        self._callers: tuple[bytes, np.ndarray] = b"", rows
        self._one_at_a_time = Lock()

    def whole(self, staff: Staff) -> DayResult:
        """Everything."""
        return simulate(self.shop, self.rows, self.draws, staff, audit=False)

    def picking(self, staff: Staff) -> DayResult:
        """The orders and when they are ready; of the counter nothing."""
        with self._one_at_a_time:
            if self._picks is None:
                self._picks = picks_of(self.rows)
        return simulate(replace(self.shop, hold_s=_FOR_GOOD), self._picks, self.draws, staff, audit=False)

    def counter(self, staff: Staff) -> DayResult:
        """The planned day's customers and their waits; of the picking nothing. The last pickers' customers are kept."""
        pickers = staff.pickers.tobytes()
        with self._one_at_a_time:
            if self._callers[0] != pickers:
                self._callers = pickers, callers_of(self.whole(staff))
            callers = self._callers[1]
        today = replace(self.shop, trades=(*(False,) * self.shop.days_before, True))
        return simulate(today, callers, self.draws, staff, audit=False)


def measure(shop: Shop, rows: np.ndarray, book: np.ndarray, reps: int, laws: dict[str, int]) -> DayResult:
    """The planned day's figures from the order book and the rows that it was made from."""
    return DayResult(shop, rows, book, reps, laws)


def shelf_use(book: np.ndarray, rep: np.ndarray, reps: int, start: int) -> np.ndarray:
    """(reps, 96) most orders on the pickup shelf at once in each quarter hour of the day that begins at `start`; lockers have boxes of their own."""
    staged = (book["flow"] == Flow.PICKUP) & (book["offer"] != LOCKER) & (book["ready_at"] >= 0) & (book["ready_at"] < start + DAY)
    rows, who = book[staged], rep[staged]
    gone = np.where(rows["done_at"] >= 0, rows["done_at"], start + 2 * DAY)
    kept = gone >= start
    rows, who, gone = rows[kept], who[kept], gone[kept]
    time = np.concatenate([np.maximum(rows["ready_at"], start), gone, np.tile(start + QUARTER * np.arange(QUARTERS), reps)])
    step = np.concatenate([np.ones(len(rows), np.int64), -np.ones(len(rows), np.int64), np.zeros(reps * QUARTERS, np.int64)])
    owner = np.concatenate([who, who, np.repeat(np.arange(reps), QUARTERS)])
    inside = time < start + DAY
    time, step, owner = time[inside], step[inside], owner[inside]
    order = np.lexsort((step, time, owner))  # a bin that is emptied at the second at which another is filled serves both
    time, step, owner = time[order], step[order], owner[order]
    level = np.cumsum(step)
    first = np.searchsorted(owner, np.arange(reps))
    level -= (np.concatenate([[0], level])[first])[owner]
    out = np.zeros((reps, QUARTERS), np.int64)
    np.maximum.at(out, (owner, (time - start) // QUARTER), level)
    return out
