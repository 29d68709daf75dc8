"""The kernel engine: all rows of all nodes in columns, advanced by one compiled event loop."""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.fulfilment.protocol import Books, Some
from omosim.fulfilment.rules import Network
from omosim.kernels import fulfilment_run as run
from omosim.kernels import fulfilment_shut as shutting
from omosim.kernels import fulfilment_space as space
from omosim.kernels import fulfilment_station as stations
from omosim.kernels import fulfilment_tables as tab
from omosim.schema.codes import N_ACCOUNTS, Status
from omosim.schema.columns import BOOK, DEMAND, OUTCOME
from omosim.schema.network import (
    AT_STAGED,
    BAY,
    COUNTER,
    DESK,
    ENDLESS,
    HOLD,
    N_ROLES,
    N_SERVICES,
    N_UNITS,
    PHASE_BAY,
    PHASE_BIN,
    PHASE_NONE,
    PHASE_QUEUED,
    PHASE_RIDES,
    PHASE_SERVED,
    PICKING,
    RING,
    ROOM,
    SHELF,
    SPACE,
    STATION,
)

USED = {"live": tab.G_TOP, "side": tab.G_TOP, "book": tab.G_BOOK, "heap": tab.G_HEAP, "told": tab.G_TOLD}  # rows in use of each table
OWN = ("live", "side", "book", "demand", "heap", "told", "station", "line", "space", "sku", "slots", "booking", "bucket", "g")
IN_QUEUES = tab.Queues._fields
MOST_PARCELS = 4  # of one order: what the key of a row has room for


def _bytes(rows: np.ndarray) -> np.ndarray:
    """The same rows as blocks of bytes: NumPy copies records with gaps field by field, blocks at once."""
    return rows.view(f"V{rows.dtype.itemsize}")


class KernelFulfilment(CoarseNetwork):
    """Default engine; equal to the reference engine row by row, for any windows.

    Parameters
    ----------
    net : Network; its node rows and stock are shared and changed in place
    capacity : first number of rows of the growing tables
    reserve : rows of the order book to reserve at once; memory is taken only as they are written
    """

    def __init__(self, net: Network, capacity: int = 4096, reserve: int = 0) -> None:
        n, k = net.stock.cells.shape
        self.net = net
        nodes, rules = net.nodes, net.rules
        station = np.zeros(N_ROLES * n + 1, tab.POST)
        station["slot_day"] = -1
        pooled = nodes["pooled"] != 0
        station["cap"][PICKING:-1:N_ROLES] = np.where(pooled, 0, nodes["pickers"])
        station["cap"][COUNTER:-1:N_ROLES] = nodes["counter"] + np.where(pooled, nodes["pickers"], 0)
        station["cap"][DESK:-1:N_ROLES] = np.where(pooled | (nodes["counter"] == 0), 0, nodes["desk"])
        station["cap"][ROOM:-1:N_ROLES] = np.where(nodes["rooms"] > 0, nodes["rooms"], ENDLESS)
        station["cap"][-1] = max(rules.site_cap, 0)
        places = np.zeros(2 * n, SPACE)
        places["cap"][SHELF::2] = np.where(nodes["bins"] > 0, nodes["bins"], ENDLESS)
        places["cap"][BAY::2] = np.where(nodes["bays"] > 0, nodes["bays"], ENDLESS)
        booking = np.zeros((n, RING), tab.BOOKING)
        sku = np.zeros(k, tab.SKU)
        sku["cost"], sku["resale_ppm"] = net.cost, net.resale_ppm
        sku["wait_head"] = sku["wait_tail"] = -1
        bucket = np.zeros(3 * tab.BUCKETS, np.int32)
        bucket[0::3] = bucket[1::3] = -1
        waves = rules.waves_s
        g = np.zeros(tab.G_SIZE + len(waves), np.int64)
        g[tab.G_FREE] = -1
        self._quiet = 0  # second before which nothing happens of itself; 0 where something may have come between
        g[tab.G_RULES : tab.R_WAVES] = [int(getattr(rules, name)) for name in tab.RULES]
        g[tab.R_SPLITS] = min(rules.splits, MOST_PARCELS)
        g[tab.R_WAVES], g[tab.G_SIZE :] = len(waves), waves
        size = max(capacity, 2 * tab.MARGIN)
        self.tables = tab.Net(
            q=tab.Queues(
                live=np.zeros(size, tab.LIVE),
                side=np.zeros(size, tab.SIDE),
                book=np.zeros(max(size, reserve), BOOK),
                heap=np.zeros(size, tab.HEAP),
                bucket=bucket,
                station=station,
                line=np.full((len(station) + len(places), 2 * tab.CLASSES), -1, np.int32),
                space=places,
                node=nodes,
                service=net.services,
                g=g,
            ),
            demand=np.zeros(0, DEMAND),
            told=np.zeros(size, OUTCOME),
            cell=net.stock.cells,
            promised=net.stock.promised,
            journal=net.stock.journal,
            sku=sku,
            route=net.routes(),
            slots=np.zeros((n, len(waves)), np.int32),
            booking=booking,
        )

    def _table(self, name: str) -> np.ndarray:
        return getattr(self.tables.q if name in IN_QUEUES else self.tables, name)

    def _replace(self, **tables: np.ndarray) -> None:
        inner = {name: table for name, table in tables.items() if name in IN_QUEUES}
        outer = {name: table for name, table in tables.items() if name not in IN_QUEUES}
        self.tables = self.tables._replace(q=self.tables.q._replace(**inner), **outer)

    @property
    def _g(self) -> np.ndarray:
        return self.tables.q.g

    # ---- the clock --------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        """Second reached."""
        return int(self._g[tab.G_NOW])

    def submit(self, rows: np.ndarray) -> None:
        """Take over DEMAND rows (copied); they wait in a sorted queue until their time."""
        if rows.dtype != DEMAND or (len(rows) and int(rows["t"].min()) < self.now):
            raise ValueError(f"rows must be DEMAND rows with t >= {self.now}, the time reached")
        if len(rows) and int(rows["extra_units"].max()) > np.iinfo(np.int16).max:
            raise ValueError("extra_units must be at most 32767")
        if len(rows) and not 0 <= int(rows["offer"].min()) <= int(rows["offer"].max()) < N_SERVICES:
            raise ValueError(f"offer must lie in [0, {N_SERVICES})")
        rows = np.ascontiguousarray(rows)
        if not run.in_order(rows):
            rows = rows[np.lexsort((rows["key"], rows["t"]))]
        g = self._g
        if g[tab.G_DUE] + len(rows) > len(self.tables.demand):
            left = self.tables.demand[g[tab.G_NEXT] : g[tab.G_DUE]]
            room = np.empty(2 * (len(left) + len(rows)), DEMAND)
            _bytes(room)[: len(left)] = _bytes(left)
            g[tab.G_NEXT], g[tab.G_DUE] = 0, len(left)
            self._replace(demand=room)
        run.merge_demand(self.tables.demand, g, rows)
        g[tab.G_LATE] |= int(self.tables.q.service["late"].any())
        self._quiet = 0

    def advance(self, until: int) -> None:
        """Handle every event with time < until."""
        until, g = int(until), self._g
        if until > self._quiet:
            while run.advance(self.tables, until) == tab.FULL:
                self._grow()
            self._quiet = int(g[tab.G_QUIET])
        if until > g[tab.G_NOW]:
            g[tab.G_NOW] = until

    def _grow(self, heap_needs: int = 0) -> None:
        """Enlarge every table that is more than half full, small ones to twice, large ones by a quarter."""
        coming = int(self.tables.q.bucket[3 * ((self._g[tab.G_SPAN] + 1) % tab.BUCKETS) + 2])
        for name, count in USED.items():
            table = self._table(name)
            used = int(self._g[count])
            needs = used + 2 * tab.MARGIN
            if name == "heap":
                needs += coming + int(self._g[tab.G_WAITING]) + heap_needs
            if needs <= len(table) - len(table) // 8:
                continue
            size = max(needs + needs // 8, len(table) + min(len(table), max(len(table) // 4, 1 << 18)))
            if name == "side":  # not resized: that would write, and so take, memory that few rows need
                room = np.zeros(size, tab.SIDE)
                if self._g[tab.G_SIDED]:
                    room[:used] = table[:used]
                self._replace(side=room)
            else:
                table.resize(size, refcheck=False)  # in place: pages move, not bytes

    def _reach(self, now: int) -> None:
        if now < self.now:
            raise ValueError(f"a coarse event at {now} lies before the time reached, {self.now}")
        self.advance(now)

    # ---- coarse events ------------------------------------------------------------------------------------------
    def set_staff(
        self, node: Some, pickers: Some, counter: Some, now: int, leaving: tuple[Some, Some] = (0, 0)
    ) -> None:
        """Staff on duty from now on; see the protocol."""
        self._reach(now)
        plan = np.empty((5, np.size(node)), np.int64)
        for place, value in enumerate((node, pickers, counter, *leaving)):  # a tenth of the work of looking for a common shape
            plan[place] = value
        self._room_for(int(plan[1:].sum()))
        stations.set_staff(self.tables.q, plan, now)

    def set_site(self, cap: int, now: int) -> None:
        """Sessions that the site carries from now on, 0 in an outage; sessions in hand end."""
        self._reach(now)
        if self.net.rules.site_cap < 0:
            return
        self._room_for(int(self.tables.q.station["queued"][-1]))
        stations.set_cap(self.tables.q, len(self.tables.q.station) - 1, int(cap), 0, False, now)

    def set_places(self, node: Some, bins: Some, bays: Some, rooms: Some, now: int) -> None:
        """Bins of the pickup shelf, curbside bays and fitting rooms from now on, 0 as many as are needed."""
        self._reach(now)
        plan = np.array(np.broadcast_arrays(node, bins, bays, rooms), np.int64).reshape(4, -1)
        q = self.tables.q
        waiting = int(q.space["waiting"].sum()) + int(q.station["queued"][ROOM:-1:N_ROLES].sum())
        self._room_for(2 * waiting, waiting)
        space.set_places(self.tables, plan, now)

    def _room_for(self, events: int, told: int = 0) -> None:
        """Make room for what a coarse call may set off: `events` rows that begin something (trips of several) and outcomes."""
        self._quiet = 0
        g = self._g
        if g[tab.G_HEAP] + events * tab.MAX_BATCH + tab.MARGIN > len(self.tables.q.heap):
            self._grow(events * max(1, int(self.net.nodes["batch"].max())))
        if g[tab.G_TOLD] + told + tab.MARGIN > len(self.tables.told):
            self.tables.told.resize(2 * int(g[tab.G_TOLD] + told + tab.MARGIN), refcheck=False)

    def open_store(self, node: Some, now: int) -> None:
        """Customers may enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 1

    def close_store(self, node: Some, now: int) -> None:
        """Customers may no longer enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 0

    def shut(self, node: Some, now: int) -> None:
        """No order is sent there from now on; see the protocol."""
        self._reach(now)
        nodes = np.array(node, np.int64).reshape(-1)
        q = self.tables.q
        pooled = q.node["pooled"][nodes] != 0
        queued = int(q.station["queued"][N_ROLES * nodes + np.where(pooled, COUNTER, PICKING)].sum())
        waiting = int(q.space["waiting"][SHELF::2].sum())  # for a box that is given up
        self._room_for(queued + waiting, queued + waiting)
        shutting.shut(self.tables, nodes, now)

    def reopen(self, node: Some, now: int) -> None:
        """Orders may be sent there again; who found the door shut comes once more."""
        self._reach(now)
        live = self.tables.q.live[: self._g[tab.G_TOP]]
        self._room_for(int(((live["bits"] & tab.TURNED_AWAY > 0) & (live["book"] >= 0)).sum()))
        shutting.reopen(self.tables.q, np.array(node, np.int64).reshape(-1), now)

    def _serve_backorders(self, skus: np.ndarray, now: int) -> None:
        if len(skus) and self._g[tab.G_WAITING]:
            self._quiet = 0
            if self._g[tab.G_HEAP] + self._g[tab.G_WAITING] + tab.MARGIN > len(self.tables.q.heap):
                self._grow()
            run.serve_items(self.tables, np.asarray(skus, np.int64), now)

    def cancel_backorders(self, now: int) -> int:
        """Cancel every order that waits for stock; returns how many."""
        self._reach(now)
        self._quiet = 0
        g = self._g
        if g[tab.G_TOLD] + g[tab.G_WAITING] + 8 > len(self.tables.told):
            self.tables.told.resize(2 * int(g[tab.G_TOLD] + g[tab.G_WAITING] + 8), refcheck=False)
        return int(run.cancel_waiting(self.tables, now))

    # ---- what it shows ------------------------------------------------------------------------------------------
    def outcomes(self) -> np.ndarray:
        """OUTCOME rows since the last call, sorted by (t, key, code)."""
        count = int(self._g[tab.G_TOLD])
        if not count:
            return np.zeros(0, OUTCOME)
        run.sort_told(self.tables.told, count)
        self._g[tab.G_TOLD] = 0
        return _bytes(self.tables.told)[:count].copy().view(OUTCOME)

    def book(self) -> np.ndarray:
        """BOOK rows sorted by key; a copy."""
        rows = self.tables.q.book[: self._g[tab.G_BOOK]]
        keys = np.ascontiguousarray(rows["key"])
        order = np.argsort(keys)
        if np.any(keys[order[1:]] == keys[order[:-1]]):  # never, unless a law is broken: then in the order of arrival
            order = np.argsort(keys, kind="stable")
        return _bytes(rows)[order].view(BOOK)

    def holds(self) -> np.ndarray:
        """HOLD rows sorted by key."""
        top = self._g[tab.G_TOP]
        live = self.tables.q.live[:top]
        at = np.flatnonzero(live["book"] >= 0)
        live = _bytes(live)[at].view(tab.LIVE)
        side = self._side()[at]
        b = _bytes(self.tables.q.book)[live["book"]].view(BOOK)
        out = np.zeros(len(live), HOLD)
        for name in ("key", "sku", "units", "node", "status", "flow"):
            out[name] = b[name]
        for name in ("held", "claim", "place", "price"):
            out[name] = live[name]
        out["short"] = b["units_short"]
        self._phases(out, live, side, b)
        boxed = live["bits"] & tab.BOXED > 0
        staged = live["place"] == AT_STAGED
        out["bin"] = np.where(boxed, side["box_node"], np.where(staged, b["node"], -1))
        out["bin_at"] = np.where(boxed, side["bin_at"], np.where(staged, b["ready_at"], 0))
        in_bay = live["bits"] & tab.AT_BAY > 0
        out["bay"] = np.where(in_bay, b["node"], -1)
        out["bay_at"] = np.where(in_bay, side["bay_at"], 0)
        return out[np.argsort(out["key"], kind="stable")]

    def _side(self) -> np.ndarray:
        """The side table's rows in use; zeros, which take no memory, while no row has needed it."""
        top = int(self._g[tab.G_TOP])
        return self.tables.q.side[:top] if self._g[tab.G_SIDED] else np.zeros(top, tab.SIDE)

    def _phases(self, out: np.ndarray, live: np.ndarray, side: np.ndarray, b: np.ndarray) -> None:
        """Fill the phase of each HOLD row, since or until when, and its station."""
        kind, status, bits = live["kind"], b["status"], live["bits"]
        leaving = kind == run.E_LEAVE
        served = np.isin(kind, (run.PICK_END, run.COUNTER_END, run.ROOM_END, run.SITE_END))
        rides = (kind == run.PICK_END) & (bits & tab.RIDES > 0)
        bay = bits & tab.WAITS_BAY > 0
        no_bin = (kind == run.E_EXPIRE) & (status == Status.PACKED)
        idle = (kind == tab.IDLE) | leaving
        phase = out["phase"]
        phase[...] = PHASE_NONE
        phase[served] = PHASE_SERVED
        phase[rides] = PHASE_RIDES
        phase[idle & (status != Status.BACKORDERED)] = PHASE_QUEUED
        phase[no_bin] = PHASE_BIN
        phase[bay] = PHASE_BAY
        since = np.where(bits & tab.STEPPED > 0, side["since"], b["arrived_at"])
        time = np.where(bay, b["arrived_at"], np.where(leaving, since, live["t"]))
        time -= no_bin * self._g[tab.R_BIN_WAIT]  # such a row has the deadline of its wait
        out["time"] = time * (phase > PHASE_NONE)
        node = b["node"].astype(np.int64)
        pooled, desk = self.net.nodes["pooled"] != 0, self.net.nodes["desk"] > 0
        back = live["return_node"].astype(np.int64)
        station = N_ROLES * node + COUNTER
        station = np.where(status == Status.IN_ROOM, N_ROLES * node + ROOM, station)
        station = np.where(status == Status.TO_PICK, N_ROLES * node + np.where(pooled[node], COUNTER, PICKING), station)
        taken = N_ROLES * back + np.where(desk[back] & ~pooled[back], DESK, COUNTER)
        station = np.where(status == Status.RETURN_OPEN, taken, station)
        station = np.where(status == Status.ON_SITE, len(self.tables.q.station) - 1, station)
        at_station = np.isin(phase, (PHASE_QUEUED, PHASE_SERVED, PHASE_RIDES))
        out["station"] = np.where(at_station, station, -1)

    @property
    def booking_slots(self) -> np.ndarray:
        """(N, RING) int64, number of the pickup slot that each place of the bookings stands for; a view."""
        return self.tables.booking["slot"]

    def _ledger(self) -> np.ndarray:
        return self._g[tab.G_LEDGER : tab.G_TRANS].reshape(2, N_ACCOUNTS)

    def books(self) -> Books:
        """The sums; copies."""
        t, s, g = self.tables, len(Status), self._g
        posts = t.q.station
        rows = np.zeros(len(posts), STATION)
        for name in STATION.names or ():
            rows[name] = posts[name]
        counters = posts[COUNTER:-1:N_ROLES]
        visits = np.stack([counters[c] for c in ("came", "bought", "left", "abandoned", "moved")], axis=1)
        places = np.stack([t.sku[c] for c in ("road", "customer", "back", "truck")], axis=1)
        return Books(
            ledger=self._ledger().copy(),
            stations=rows,
            spaces=t.q.space.copy(),
            transitions=g[tab.G_TRANS : tab.G_RULES].reshape(s, s).copy(),
            visits=visits,
            places=places,
            units=g[tab.G_UNITS : tab.G_UNITS + N_UNITS].copy(),
            slots=t.slots.copy(),
            slot_limit=counters["slot_limit"].copy(),
            refused=int(g[tab.G_REFUSED]),
            bookings=t.booking["booked"].copy() if g[tab.G_SLOTTED] else np.zeros(t.booking.shape, np.int32),
            booking_limit=t.booking["limit"].copy() if g[tab.G_SLOTTED] else np.zeros(t.booking.shape, np.int32),
            granted=int(g[tab.G_GRANTED]),
            booked=int(g[tab.G_BOOKED]),
            given_back=int(g[tab.G_BACK]),
            lapsed=int(g[tab.G_LAPSED]),
            waves_booked=int(g[tab.G_WAVES_BOOKED]),
            waves_back=int(g[tab.G_WAVES_BACK]),
            waves_lapsed=int(g[tab.G_WAVES_LAPSED]),
        )

    @property
    def events(self) -> int:
        """Events handled so far, arrivals included."""
        return int(self._g[tab.G_EVENTS])

    def pending(self) -> int:
        """Rows not resolved."""
        g = self._g
        return int(g[tab.G_DUE] - g[tab.G_NEXT] + g[tab.G_OPEN])

    def next_time(self) -> int:
        """Lower bound of the next event's time; 2**62 when nothing is due."""
        t, g = self.tables, self._g
        times = [2**62]
        if g[tab.G_HEAP]:
            times.append(int(t.q.heap[0]["rank"]) // tab.KINDS)
        if g[tab.G_NEXT] < g[tab.G_DUE]:
            times.append(int(t.demand[g[tab.G_NEXT]]["t"]))
        span = int(g[tab.G_SPAN]) + 1
        full = np.flatnonzero(np.roll(t.q.bucket[2::3], -(span % tab.BUCKETS)))
        if len(full):
            times.append((span + int(full[0])) * tab.SPAN)
        return min(times)

    # ---- snapshots ------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays: the engine's own tables, the node rows and the stock."""
        t, g = self.tables, self._g
        out = {name: self._table(name).copy() for name in OWN if name not in USED and name != "demand"}
        out |= {name: self._table(name)[: g[count]].copy() for name, count in USED.items() if name != "side"}
        out["side"] = self._side().copy()
        out["demand"] = t.demand[g[tab.G_NEXT] : g[tab.G_DUE]].copy()
        out["g"][[tab.G_NEXT, tab.G_DUE, tab.G_QUIET]] = 0, len(out["demand"]), 0
        out["node"], out["service"] = t.q.node.copy(), t.q.service.copy()
        return out | {f"stock_{name}": value for name, value in self.net.stock.state().items()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over a state made by `state()` of an engine on the same network."""
        self.net.stock.load({k.removeprefix("stock_"): v for k, v in state.items() if k.startswith("stock_")})
        self.net.nodes[...] = state["node"]
        self.net.services[...] = state["service"]
        own = {name: np.array(state[name]) for name in OWN}
        for name in USED:
            table = np.zeros(max(2 * len(own[name]), 2 * tab.MARGIN), own[name].dtype)
            table[: len(own[name])] = own[name]
            own[name] = table
        own["g"][tab.G_NEXT], own["g"][tab.G_DUE] = 0, len(state["demand"])
        rules = self.net.rules  # the window is this run's: a branch may be shorter or longer than what it goes on from
        own["g"][tab.R_FROM], own["g"][tab.R_TO] = rules.measured_from, rules.measured_to
        self._quiet = 0
        self._replace(**own)
