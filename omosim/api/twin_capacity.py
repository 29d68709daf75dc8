"""From a decision's worlds to what stores must have: slots, pickers and counter, by the planner of `omosim bopis`.

Members stand in stores of the market behind the twin. Where each of the retailer's has its counterpart there, it has the orders
of that; else they share all orders. Either way each has its own part of pickups and of sales. Tests: tests/twin/test_capacity.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from omosim.planning.history import StoreHistory
    from omosim.planning.plan import PlanOptions, StorePlan
    from omosim.planning.worlds import WorldHistory
    from omosim.schema.settings import NetworkSettings
    from omosim.twin.forecast import Known
    from omosim.twin.tables import Tables

#: name of the one store of a log that names none (as in `omosim bopis`)
ONE_STORE = "store"
#: share by which orders of one store are dealt out evenly over time
GOLDEN = 0.6180339887498949
#: stores that are planned at most, those with most work; a week of one takes some seconds
MOST_STORES = 24
WEEK = 7
#: seconds between two lines of progress
SAID_S = 5.0
#: orders of the last weeks from which a store's own tell the weekdays on which it is closed
LEAST_SEEN = 200
Table = dict[str, list[Any]]


@dataclass
class Planned:
    """What stores must have.

    Parameters
    ----------
    capacity : columns of capacity_plan.csv, as the pickup planner writes it; empty without pickups
    staffing : columns of staffing.csv, a row an hour of the week and store
    stores : a row a store: what a week takes and how well it serves
    notes : what is missing and why, in words
    """

    capacity: Table = field(default_factory=dict)
    staffing: Table = field(default_factory=dict)
    stores: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Progress:
    """How many weekdays of stores are planned, said at most every `SAID_S` seconds; one of a store that does not trade counts when its store is done."""

    def __init__(self, stores: int) -> None:
        self.most, self.done = stores * WEEK, 0
        self.started = time.perf_counter()
        self.told = self.started

    def to(self, done: int) -> None:
        """So many are done."""
        self.done, now = done, time.perf_counter()
        if now - self.told > SAID_S and 0 < done < self.most:
            self.told, took = now, now - self.started
            sys.stderr.write(f"planned {done} of {self.most} weekdays of stores, {took:.0f} s, about {took / done * (self.most - done):.0f} s left\n")
            sys.stderr.flush()


def plan_stores(tables: Tables, worlds: Sequence[np.ndarray], nodes: Sequence[str], first_day: int, days: int, network: NetworkSettings, *, factor: float,
                known: Known, spread: float, pickup: str, seed: int, mix: Mapping[str, float] | None = None,
                given: frozenset[str] = frozenset(), places: Mapping[str, str] | None = None, jobs: int | None = None) -> Planned:  # fmt: skip
    """Plan every store of the retailer for the orders that worlds have under the chosen way.

    Parameters
    ----------
    worlds : of each world, IN_STORE rows (`twin.whatif`), seconds from today
    nodes : names of the market's places; first_day : today, days since 1970
    factor : orders in all for one of a known customer; known : of days to come; spread : of days beyond the worlds' own
    pickup : "seen" in the data, "new" with the way, "" there is none: pickups of the worlds are left out
    mix : how many orders of the store one of the worlds stands for, by "pickups" and "sales": what their shares of orders lack
    given : settings of the network that the retailer gave: his opening hours stand, whatever his log shows
    places : node of the market -> the retailer's name of it (`Dated.places`); None: names are the same
    jobs : threads at most; None: as many as processors
    """
    from omosim.api.pickup import plan_options
    from omosim.config.compose import compose
    from omosim.schema.columns import WEEKDAYS
    from omosim.twin.whatif import AT_COUNTER, FOR_CAR, FOR_LOCKER

    out = Planned()
    shares = stores_of(tables.orders.lines)
    if not shares:
        out.notes.append("no capacity plan and no staffing: the data name no store and show no pickup and no sale in one")
        return out
    if days < WEEK:
        out.notes.append(f"no capacity plan and no staffing: {days} days are no week of a store; give horizon={WEEK} or more")
        return out
    rows = _rows(worlds, nodes, list(shares), np.array(list(shares.values())), places or {})
    picked = np.isin(rows["kind"], (AT_COUNTER, FOR_CAR, FOR_LOCKER))
    if not pickup:
        rows = rows[~picked]
        picked = np.zeros(len(rows), bool)
    if not picked.any():
        why = ("the data show some, but the way that is advised has none; a twin trades as it is by the strategy that it was made with (strategy=NAME)" if pickup == "seen"
               else "the data show none and the way that is advised brings none")  # fmt: skip
        out.notes.append(f"no capacity plan: no order is to be picked up in a store, {why}")
    elif pickup == "new":
        out.notes.append("pickup is new: how many will take it no data of this retailer tell, slots and pickers rest on the market behind the twin")
    if not len(rows):
        out.notes.append("no staffing: the worlds have no order that people of a store work for")
        return out
    rows["weight"], said = _own_parts(rows, tables.orders.lines, list(shares), first_day)
    out.notes += said
    rows = rows[rows["weight"] > 0]
    asked = compose("bopis").options
    options = plan_options(asked, network, seed)
    work = np.bincount(rows["store"], rows["weight"], minlength=len(shares))
    busiest = [list(shares)[i] for i in np.argsort(-work, kind="stable")[:MOST_STORES]]
    if len(busiest) < len(shares):
        out.notes.append(f"{len(shares)} stores in the data: the {MOST_STORES} with most orders are planned")
    plans, tried = [], False
    progress = _Progress(len({list(shares)[i] for i in np.flatnonzero(work)} & set(busiest)))
    for number, store in enumerate(shares):
        mine = rows[rows["store"] == number]
        if store not in busiest or not len(mine):
            continue
        history, promise_s, told = _history(tables, store, shares, mine, len(worlds), first_day, days, network, options, factor, known, spread, mix or {}, given, out.notes)
        begun = progress.done
        plan = _planned(history, options, promise_s, told, network, jobs, progress)
        progress.to(begun + WEEK)
        tried |= bool(plan.days or plan.refused)
        if plan.days:
            plans.append(plan)
            out.stores.append(_store_row(plan))
        out.notes += [f"{store}: {WEEKDAYS[w]}: {why}" for w, why in plan.refused.items()][:3]
    _tables(out, plans, asked["slot_minutes"], bool(picked.any()))
    if not tried:
        out.notes.append(f"no capacity plan and no staffing: no store is open on any of these {days} days")
    if plans:
        promise = ", ".join(sorted({f"{p.promise_s / 3600:.3g} h ({p.promise_from})" for p in [p for p in plans if _picks(p)] or plans}))
        out.notes.append(f"stores: ready by {promise} for {100 * options.targets.ready_on_time:.0f} % of pickups, no wait beyond {options.wait_s / 60:g} min for {100 * options.targets.soon:.0f} % at the counter; "
                         f"opening hours from {'; '.join(sorted({p.history.hours_from for p in plans}))}; {_work_times(given)}")  # fmt: skip
    return out


def _work_times(given: frozenset[str]) -> str:
    """Which times of work the plans rest on were given."""
    from omosim.twin.costs import WORK_TIMES

    said = [key.removeprefix("network.work.") for key in WORK_TIMES if key in given]
    if len(said) == len(WORK_TIMES):
        return "work times of picking and serving are given"
    return f"work times of picking and serving are assumed{f', but for {", ".join(said)}' if said else ''}"


def stores_of(lines: pd.DataFrame) -> dict[str, float]:
    """The retailer's stores with the part each has of pickups and sales in stores; by name."""
    from omosim.twin.dated import handed_over

    part = lines[handed_over(lines)]
    if part.empty:
        return {}
    if part["store_id"].isna().all():
        return {ONE_STORE: 1.0}
    count = part.groupby("store_id")["order_id"].nunique().sort_index()
    return {str(name): float(n) / float(count.sum()) for name, n in count.items()}


def _rows(worlds: Sequence[np.ndarray], nodes: Sequence[str], stores: list[str], shares: np.ndarray, places: Mapping[str, str]) -> np.ndarray:
    """Rows of every world with their world, the retailer's store, and for how many orders of it they stand (1)."""
    from omosim.twin.whatif import IN_STORE

    every = np.concatenate(list(worlds)) if len(worlds) else np.zeros(0, IN_STORE)
    out = np.zeros(len(every), np.dtype([*IN_STORE.descr, ("world", "i4"), ("store", "i4"), ("weight", "f8")]))
    for name in IN_STORE.names or ():
        out[name] = every[name]
    out["weight"] = 1.0
    out["world"] = np.repeat(np.arange(len(worlds)), [len(w) for w in worlds])
    turn = np.concatenate([np.arange(len(w)) for w in worlds]) if len(worlds) else np.zeros(0)
    out["store"] = np.minimum(np.searchsorted(np.cumsum(shares), (turn + 0.5) * GOLDEN % 1.0, side="right"), len(stores) - 1)
    names = [places.get(node, node) for node in nodes]
    if set(stores) <= set(names):
        place = np.array([stores.index(name) if name in stores else -1 for name in names])[out["node"]]
        out["store"] = np.where(place >= 0, place, out["store"])  # a store of the market that is none of the retailer's falls to all
    return out


def _own_parts(rows: np.ndarray, lines: pd.DataFrame, stores: list[str], first_day: int) -> tuple[np.ndarray, list[str]]:
    """(n,) orders of the retailer that each row stands for, so that each store has its own part of pickups and of sales; what to say.

    Parts are those of the last `lately.WEEKS` weeks of the log; where it shows no pickup (no sale), those of all that stores hand over.
    Sums over stores are the worlds'.
    """
    from omosim.schema.columns import DAY
    from omosim.twin.dated import handed_over
    from omosim.twin.lately import UNLIKE, WEEKS
    from omosim.twin.tables import COLLECTED
    from omosim.twin.whatif import AT_COUNTER, FOR_CAR, FOR_LOCKER, SERVED

    late = lines[handed_over(lines) & lines["store_id"].isin(stores).to_numpy() & (lines["placed_local"] >= (first_day - 7 * WEEKS) * DAY).to_numpy()]
    late = late.drop_duplicates("order_id")
    at = late["store_id"].map({name: i for i, name in enumerate(stores)}).to_numpy(np.int64)
    picked = late["fulfilment"].isin(COLLECTED).to_numpy(bool) if "fulfilment" in late else np.zeros(len(late), bool)
    weight, far = np.ones(len(rows)), (1.0, "")
    for name, kinds, own in (("pickups", (AT_COUNTER, FOR_CAR, FOR_LOCKER), picked), ("sales", (SERVED,), ~picked)):
        mine = np.isin(rows["kind"], kinds)
        ran = np.bincount(rows["store"][mine], minlength=len(stores)).astype(np.float64)
        had = np.where(ran > 0, np.bincount(at[own] if own.any() else at, minlength=len(stores)), 0.0)
        if had.sum() <= 0:
            continue
        times = had / had.sum() * ran.sum() / np.maximum(ran, 1.0)
        weight[mine] = times[rows["store"][mine]]
        for store, x in zip(stores, times.tolist(), strict=True):
            if x > 0 and abs(np.log(x)) > abs(np.log(far[0])):
                far = x, f"{name} of {store} count times {x:.2f}, the furthest from the market behind the twin"
    said = f"stores have their own parts of pickups and sales of the last {WEEKS} weeks: {far[1]}"
    return weight, [said] if abs(np.log(far[0])) > np.log(UNLIKE) else []


def _closed(lines: pd.DataFrame, store: str, first_day: int) -> list[int]:
    """Weekdays (0 Monday) on which the whole shop, or this store, next to never had an order in the last weeks."""
    from omosim.schema.columns import DAY
    from omosim.twin.dated import handed_over
    from omosim.twin.lately import WEEKS
    from omosim.twin.quality import closed_weekdays, counts_of

    late = lines[lines["placed_local"] >= (first_day - 7 * WEEKS) * DAY].drop_duplicates("order_id")
    own = late[handed_over(late) & (late["store_id"] == store).to_numpy()]
    out: set[int] = set()
    for part in (late, own if len(own) >= LEAST_SEEN else own[:0]):
        if len(part):
            local = part["placed_local"].to_numpy(np.int64)
            first = int(local.min()) // DAY
            out |= set(closed_weekdays(counts_of(local, first, first_day - first), first))
    return sorted(out)


def _past(tables: Tables, store: str, network: NetworkSettings, given: frozenset[str]) -> tuple[StoreHistory | None, list[str]]:
    """What a store's own log shows, None where it has no pickup, and what to say. Hours that were given stand; so do those of the settings where the log's cannot be read."""
    from omosim.planning.errors import PlanError
    from omosim.planning.history import store_history
    from omosim.twin.costs import HOURS
    from omosim.world.calendar import clock_seconds

    opens, closes = clock_seconds(network.stores.opens), clock_seconds(network.stores.closes)
    name, said = None if store == ONE_STORE else store, []
    try:
        past = store_history(tables.orders, name, opens, closes, read_hours=not given.issuperset(HOURS))
    except PlanError as error:
        try:
            past = store_history(tables.orders, name, opens, closes, read_hours=False)
        except PlanError:  # no pickup: there is nothing of it to read
            return None, []
        said.append(f"{store}: {error}. Its hours are taken from network.stores")
    if not given.isdisjoint(HOURS):
        past = replace(past, opens=opens if HOURS[0] in given else past.opens, closes=closes if HOURS[1] in given else past.closes, hours_from="network.stores.opens and closes, as given")
        said += _outside(store, past)
    return past, said


def _history(tables: Tables, store: str, shares: Mapping[str, float], rows: np.ndarray, worlds: int, first_day: int, days: int, network: NetworkSettings, options: PlanOptions,
             factor: float, known: Known, spread: float, mix: Mapping[str, float], given: frozenset[str], notes: list[str]) -> tuple[WorldHistory, int, str]:  # fmt: skip
    """A store's days as the worlds have them, with the hours and the promise that its own log shows; hours that were given stand. `notes` is added to."""
    from omosim.planning.history import COUNTER_SIDE, CURBSIDE, LOCKER, PICKUP, WALK_IN
    from omosim.planning.plan import promise_seconds
    from omosim.planning.worlds import WORLD_ORDER, world_history
    from omosim.schema.days import date_of
    from omosim.twin.costs import HOURS
    from omosim.twin.whatif import AT_COUNTER, FOR_CAR, FOR_LOCKER, PARCEL, SERVED
    from omosim.world.calendar import clock_seconds

    past, said = _past(tables, store, network, given)
    notes += said
    told_hours = f"network.stores.opens and closes{'' if given.isdisjoint(HOURS) else ', as given'}"
    hours = (past.opens, past.closes, past.hours_from) if past is not None else (clock_seconds(network.stores.opens), clock_seconds(network.stores.closes), told_hours)
    dates = [date_of(first_day + i) for i in range(days)]
    weekday = (first_day + np.arange(days) + 3) % 7
    shut = {*_closed(tables.orders.lines, store, first_day), *(past.shut if past is not None else ())}
    trades = np.array([d not in known.closed for d in dates]) & ~np.isin(weekday, sorted(shut))
    made = np.zeros(len(rows), WORLD_ORDER)
    made["world"], made["placed_s"], made["units"] = rows["world"], rows["placed_s"], rows["units"]
    kinds = {AT_COUNTER: (PICKUP, COUNTER_SIDE), FOR_CAR: (PICKUP, CURBSIDE), FOR_LOCKER: (PICKUP, LOCKER), SERVED: (WALK_IN, COUNTER_SIDE), PARCEL: (PICKUP, LOCKER)}
    for kind, (what, place) in kinds.items():
        mine = rows["kind"] == kind
        made["kind"][mine], made["place"][mine] = what, place
        made["weight"][mine] = rows["weight"][mine] * (1.0 if kind == PARCEL else mix.get("sales" if kind == SERVED else "pickups", 1.0))
    if past is not None:
        _at_own_hours(made, past, first_day)
    factors = np.array([factor * known.factors.get(d, {}).get("orders", 1.0) for d in dates])
    history = world_history(store, made, worlds, first_day, trades, factors, hours, spread)
    promise_s, told = promise_seconds(past if past is not None else history, options)
    return history, promise_s, told


def _outside(store: str, past: StoreHistory) -> list[str]:
    """How many sales of the log lie outside a store's opening hours, where that is more than one in a hundred."""
    from omosim.planning.history import WALK_IN

    second = past.orders.loc[past.orders["kind"] == WALK_IN, "second"]
    share = float(((second < past.opens) | (second >= past.closes)).mean()) if len(second) else 0.0
    return [f"{store}: {100 * share:.0f} % of its sales in the orders lie outside the opening hours that were given"] if share > 0.01 else []


def _at_own_hours(made: np.ndarray, past: StoreHistory, first_day: int) -> None:
    """Sales in the store at the hours at which this store sells, where its log shows them; changes `made` in place."""
    from omosim.planning.history import WALK_IN
    from omosim.schema.columns import DAY

    sold = past.orders[past.orders["kind"] == WALK_IN]
    if len(sold) < 50:
        return
    mine = np.flatnonzero(made["kind"] == WALK_IN)
    day = made["placed_s"][mine] // DAY
    weekday = (first_day + day + 3) % 7
    for w in range(7):
        at = mine[weekday == w]
        own = sold.loc[(sold["day"] + 3) % 7 == w, "second"].to_numpy()
        pool = np.sort(own if len(own) >= 20 else sold["second"].to_numpy())
        level = (np.arange(len(at)) + 0.5) * GOLDEN % 1.0
        made["placed_s"][at] = made["placed_s"][at] // DAY * DAY + pool[(level * len(pool)).astype(np.int64)]


def _planned(history: WorldHistory, options: PlanOptions, promise_s: int, told: str, network: NetworkSettings, jobs: int | None, progress: _Progress) -> StorePlan:
    """The plan of every weekday that the worlds' days have; on one without pickups nobody picks."""
    import os

    from omosim.planning.demand import WorkLaw
    from omosim.planning.errors import PlanError
    from omosim.planning.history import PICKUP, weekday_of
    from omosim.planning.plan import DayPlan, StorePlan, plan_day

    days_picked = history.orders.loc[history.orders["kind"] == PICKUP, "day"].to_numpy()
    picked = set(weekday_of(days_picked[np.isin(days_picked, history.dates)]).tolist())
    nobody = replace(options, targets=replace(options.targets, ready_on_time=0.0, least=(0, options.targets.least[1])))
    asked = sorted(set(weekday_of(history.dates).tolist()))

    def one(weekday: int) -> DayPlan | str:
        try:
            return plan_day(history, weekday, options if weekday in picked or options.targets.pooled else nobody, promise_s, network, both, brief=True)
        except PlanError as error:
            return str(error)

    cores = os.cpu_count() or 1
    cores = max(1, min(jobs or cores, cores))  # kernels run without the interpreter's lock
    with ThreadPoolExecutor(cores) as pool, ThreadPoolExecutor(cores) as both:
        made = {}
        for weekday, found in zip(asked, pool.map(one, asked), strict=True):
            made[weekday] = found
            progress.to(progress.done + 1)
    refused = {w: plan for w, plan in made.items() if isinstance(plan, str)}
    days = [plan for plan in made.values() if not isinstance(plan, str)]
    return StorePlan(history, options, promise_s, told, days, refused, "days of worlds: there is no past of them to check", WorkLaw.of(network), [], None)


# ---- tables --------------------------------------------------------------------------------------------------------
def _store_row(plan: StorePlan) -> dict[str, Any]:
    """What a week of a store takes and how well it serves, on its hardest day."""
    import math

    worst = min(plan.days, key=lambda day: day.ready_on_time.value)
    slow = min(plan.days, key=lambda day: day.soon.value)
    pickups = sum(day.orders.value for day in plan.days)
    return {
        "store": plan.history.store, "days": len(plan.days), "to_pick_a_week": round(pickups, 1), "customers_a_week": round(sum(day.customers.value for day in plan.days), 1),
        "picker_hours_a_week": sum(day.paid_hours[0] for day in plan.days), "counter_hours_a_week": sum(day.paid_hours[1] for day in plan.days),
        "ready_on_time": worst.ready_on_time.plain() if pickups > 0 else None, "wait_within_limit": slow.soon.plain(),
        "bins": math.ceil(max(day.shelf.needed.value for day in plan.days)), "kept": all(day.all_kept for day in plan.days),
    }  # fmt: skip


def _picks(plan: StorePlan) -> bool:
    """Whether anything is picked up in the store on a planned day."""
    return any(day.orders.value > 0 for day in plan.days)


def _tables(out: Planned, plans: Sequence[StorePlan], minutes: int, pickups: bool) -> None:
    from omosim.planning import outputs

    for plan in plans:
        parts = [(out.staffing, _staff_columns(plan))] + ([(out.capacity, outputs.capacity_columns(plan, minutes))] if pickups and _picks(plan) else [])
        for whole, more in parts:
            for name, values in more.items():
                whole.setdefault(name, []).extend(values)


def _staff_columns(plan: StorePlan) -> Table:
    """People by hour of the week: the most of its quarter hours; the work that comes; orders over the planner's simulated days, which stand in all worlds."""
    from omosim.planning import outputs
    from omosim.schema.codes import Flow
    from omosim.schema.columns import DAY, HOUR, WEEKDAYS

    out: Table = {}
    for day in plan.days:
        rows = day.result.rows
        rows = rows[(rows["t"] >= day.result.start) & (rows["t"] < day.result.start + DAY)]
        load = {}
        for name, flow in (("to_pick", Flow.PICKUP), ("sales", Flow.VISIT)):
            mine = rows[rows["flow"] == flow]
            at = (mine["node"].astype(np.int64) - 1) * 24 + (mine["t"] - day.result.start) // HOUR
            load[name] = np.quantile(np.bincount(at, minlength=24 * day.draws.reps).reshape(-1, 24), (0.05, 0.5, 0.95), axis=0, method="inverted_cdf")
        hours: dict[int, list[dict[str, Any]]] = {}
        for row in outputs.staff_rows(day):
            hours.setdefault(int(row["from"][:2]), []).append(row)
        for hour, quarters in hours.items():
            people = [name for name in quarters[0] if name not in ("from", "to", "picking_work", "counter_work")]
            made: dict[str, Any] = {"store": plan.history.store, "weekday": WEEKDAYS[day.weekday], "from": quarters[0]["from"], "to": quarters[-1]["to"]}
            made |= {name: max(q[name] for q in quarters) for name in people}
            made |= {name: round(sum(q[name] for q in quarters) / len(quarters), 2) for name in ("picking_work", "counter_work")}
            made |= {f"{name}_{mark}": int(marks[i][hour]) for name, marks in load.items() for i, mark in enumerate(("q05", "q50", "q95"))}
            for name, value in made.items():
                out.setdefault(name, []).append(value)
    return out
