"""A store's day, many times over: every replicate is one store of a network that the fulfilment engine serves.

The engine is the one that strategies are compared with; staff change by the quarter hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.planning.demand import QUARTERS, Draws, Shop, replicate_of
from omosim.planning.history import QUARTER
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DAY, FLAG_QUEUE_LEFT, NODE
from omosim.world.stock import Stock

_PLENTY = 1_000_000
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
    """What happened on the planned day, by replicate; (reps,) unless said otherwise.

    Parameters
    ----------
    orders, on_time : pickups that count for the day, and those of them ready by the promise
    served, waited, soon : customers at the counter, those who had to wait, those who waited no longer than the limit
    left : customers who left the queue
    wait_mean_s : mean wait of the served and the left, seconds
    waits, wait_rep, wait_quarter : (n,) every wait in seconds, its replicate, and the quarter hour in which it began
    lead_s, lead_rep : (m,) open seconds from order to ready of every pickup that got ready, and its replicate
    shelf : (reps, 96) most bins in use in each quarter hour
    calls : (2, 96) mean number of orders that come to the pickers, of customers who come to the counter, by quarter hour
    work : (2, 96) mean seconds of work that they bring
    laws : law -> residual
    """

    orders: np.ndarray
    on_time: np.ndarray
    served: np.ndarray
    waited: np.ndarray
    soon: np.ndarray
    left: np.ndarray
    wait_mean_s: np.ndarray
    waits: np.ndarray
    wait_rep: np.ndarray
    wait_quarter: np.ndarray
    lead_s: np.ndarray
    lead_rep: np.ndarray
    shelf: np.ndarray
    calls: np.ndarray
    work: np.ndarray
    laws: dict[str, int]

    @cached_property
    def ready_on_time(self) -> float:
        """Share of all pickups ready by the promise."""
        return float(self.on_time.sum() / max(1, self.orders.sum()))

    @cached_property
    def soon_share(self) -> float:
        """Share of customers at the counter who waited no longer than the limit."""
        return float(self.soon.sum() / max(1, self.served.sum() + self.left.sum()))


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
    stock = Stock.opening(np.full((reps + 1, 1), _PLENTY, np.int32))
    rules = NetworkRules(hold_s=shop.hold_s)
    net = Network(nodes, stock, np.zeros((1, reps + 1), np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64), rules)
    machine = engine(net, reserve=len(rows) + 8) if engine is KernelFulfilment else engine(net)
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


def measure(shop: Shop, rows: np.ndarray, book: np.ndarray, reps: int, laws: dict[str, int]) -> DayResult:
    """The planned day's figures from the order book and the rows that it was made from."""
    start = shop.days_before * DAY
    rep = replicate_of(book["key"])
    pickup = book["flow"] == Flow.PICKUP
    since = shop.last_closing
    due = pickup & (book["placed_at"] >= since) & (book["placed_at"] < start + shop.closes)
    good = due & (book["ready_at"] >= 0) & (book["ready_at"] <= book["promised_at"])
    came = (book["arrived_at"] >= start) & (book["arrived_at"] < start + DAY)
    gone = came & ((book["flags"] & FLAG_QUEUE_LEFT) != 0) & (book["served_at"] < 0)
    served = came & (book["served_at"] >= 0)
    at_counter = served | gone
    wait = book["wait_s"].astype(np.int64)

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(rep[mask], minlength=reps)[:reps]

    ready = due & (book["ready_at"] >= 0)
    lead = shop.open_seconds(book["ready_at"][ready]) - shop.open_seconds(book["placed_at"][ready])
    rows = rows[np.argsort(rows["key"])]  # the book is in the order of keys
    released = np.clip(book["placed_at"] - start, shop.opens, None)  # night orders lie there when the pickers come
    to_pick = pickup & (book["placed_at"] >= since) & (released < shop.closes)
    calls, work = np.zeros((2, QUARTERS)), np.zeros((2, QUARTERS))
    for pool, mask, at, effort in ((0, to_pick, released, rows["pick_s"]), (1, at_counter, book["arrived_at"] - start, rows["counter_s"])):
        quarter = np.clip(at[mask] // QUARTER, 0, QUARTERS - 1).astype(np.intp)
        calls[pool] = np.bincount(quarter, minlength=QUARTERS) / reps
        work[pool] = np.bincount(quarter, weights=effort[mask], minlength=QUARTERS) / reps
    seen = np.maximum(count(at_counter), 1)
    mean = np.bincount(rep[at_counter], weights=wait[at_counter], minlength=reps)[:reps] / seen
    return DayResult(
        orders=count(due), on_time=count(good), served=count(served), waited=count(at_counter & (wait > 0)),
        soon=count(served & (wait <= shop.limit_s)), left=count(gone), wait_mean_s=mean, waits=wait[at_counter],
        wait_rep=rep[at_counter],
        wait_quarter=((book["arrived_at"][at_counter] - start) // QUARTER), lead_s=lead, lead_rep=rep[ready], shelf=shelf_use(shop, book, rep, reps, start),
        calls=calls, work=work, laws=laws,
    )  # fmt: skip


def shelf_use(shop: Shop, book: np.ndarray, rep: np.ndarray, reps: int, start: int) -> np.ndarray:
    """(reps, 96) most orders on the pickup shelf at once in each quarter hour of the day that begins at `start`."""
    staged = (book["flow"] == Flow.PICKUP) & (book["ready_at"] >= 0) & (book["ready_at"] < start + DAY)
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
