"""The kernel engine: all rows of all nodes in columns, advanced by one compiled event loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.fulfilment.protocol import Books
from omosim.fulfilment.rules import Network
from omosim.kernels import fulfilment_run as run
from omosim.kernels import fulfilment_tables as tab
from omosim.schema.codes import N_ACCOUNTS, Status
from omosim.schema.columns import BOOK, DEMAND, HOUR, OUTCOME
from omosim.schema.network import COUNTER, HOLD, N_UNITS, PICKING, STATION

USED = {"live": tab.G_TOP, "book": tab.G_BOOK, "heap": tab.G_HEAP, "told": tab.G_TOLD}  # rows in use of each table
OWN = ("live", "book", "demand", "heap", "told", "station", "line", "local", "sku", "slots", "bucket", "g")


def _rules_row(net: Network) -> np.ndarray:
    row = np.zeros(1, tab.RULES)
    for name in tab.RULES.names or ():
        row[name] = getattr(net.rules, name)
    return row


class KernelFulfilment(CoarseNetwork):
    """Default engine; equal to the reference engine row by row, for any windows.

    Parameters
    ----------
    net : Network; its node rows and stock are shared and changed in place
    capacity : first number of rows of the growing tables
    """

    def __init__(self, net: Network, capacity: int = 4096) -> None:
        n, k = net.stock.cells.shape
        self.net = net
        station = np.zeros(2 * n, STATION)
        station["cap"][PICKING::2] = net.nodes["pickers"]
        station["cap"][COUNTER::2] = net.nodes["counter"]
        sku = np.zeros(k, tab.SKU)
        sku["cost"], sku["resale_ppm"] = net.cost, net.resale_ppm
        sku["wait_head"] = sku["wait_tail"] = -1
        local = np.zeros(n, tab.LOCAL)
        local["slot_day"] = -1
        bucket = np.zeros((tab.BUCKETS, 2), np.int32)
        bucket[:, 0] = -1
        g = np.zeros(tab.G_SIZE, np.int64)
        g[tab.G_FREE] = -1
        size = max(capacity, 8)
        self.tables = tab.Net(
            live=np.zeros(size, tab.LIVE),
            book=np.zeros(size, BOOK),
            demand=np.zeros(0, DEMAND),
            heap=np.zeros(size, tab.HEAP),
            told=np.zeros(size, OUTCOME),
            cell=net.stock.cells,
            journal=net.stock.journal,
            node=net.nodes,
            station=station,
            line=np.full((2 * n, 2, 2), -1, np.int32),
            local=local,
            sku=sku,
            route=net.routes(),
            rules=_rules_row(net),
            waves=np.array(net.rules.waves_s, np.int64),
            slots=np.zeros((n, len(net.rules.waves_s)), np.int32),
            bucket=bucket,
            g=g,
        )

    # ---- the clock --------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        """Second reached."""
        return int(self.tables.g[tab.G_NOW])

    def submit(self, rows: np.ndarray) -> None:
        """Take over DEMAND rows (copied); they wait in a sorted queue until their time."""
        if rows.dtype != DEMAND or (len(rows) and int(rows["t"].min()) < self.now):
            raise ValueError(f"rows must be DEMAND rows with t >= {self.now}, the time reached")
        if len(rows) and int(rows["extra_units"].max()) > np.iinfo(np.int16).max:
            raise ValueError("extra_units must be at most 32767")
        g = self.tables.g
        left = self.tables.demand[g[tab.G_NEXT] : g[tab.G_DUE]]
        due = np.concatenate([left, rows]) if len(left) else np.array(rows, DEMAND)
        t, key = due["t"], due["key"]
        if not np.all((t[1:] > t[:-1]) | ((t[1:] == t[:-1]) & (key[1:] > key[:-1]))):
            due = due[np.lexsort((key, t))]
        g[tab.G_NEXT], g[tab.G_DUE] = 0, len(due)
        self.tables = self.tables._replace(demand=due)

    def advance(self, until: int) -> None:
        """Handle every event with time < until."""
        until = int(until)
        while run.advance(self.tables, until) == tab.FULL:
            self._grow()
        g = self.tables.g
        g[tab.G_NOW] = max(int(g[tab.G_NOW]), until)

    def _grow(self, heap_needs: int = 0) -> None:
        """Double every table that is more than half full."""
        bigger: dict[str, Any] = {}
        coming = int(self.tables.bucket[(self.tables.g[tab.G_HOUR] + 1) % tab.BUCKETS, 1])
        for name, count in USED.items():
            table = getattr(self.tables, name)
            used = int(self.tables.g[count])
            needs = used + 8
            if name == "heap":
                needs += coming + int(self.tables.g[tab.G_WAITING]) + heap_needs
            if 2 * needs > len(table):
                bigger[name] = np.zeros(max(2 * len(table), 2 * needs), table.dtype)
                bigger[name][:used] = table[:used]
        self.tables = self.tables._replace(**bigger)

    def _reach(self, now: int) -> None:
        if now < self.now:
            raise ValueError(f"a coarse event at {now} lies before the time reached, {self.now}")
        self.advance(now)

    # ---- coarse events ------------------------------------------------------------------------------------------
    def set_staff(self, node: int, pickers: int, counter: int, now: int) -> None:
        """Staff on duty from now on; work in hand is finished."""
        self._reach(now)
        if self.tables.g[tab.G_HEAP] + pickers + counter + 8 > len(self.tables.heap):
            self._grow(pickers + counter)
        run.set_staff(self.tables, node, pickers, counter, now)

    def open_store(self, node: int, now: int) -> None:
        """Customers may enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 1

    def close_store(self, node: int, now: int) -> None:
        """Customers may no longer enter."""
        self._reach(now)
        self.net.nodes["open"][node] = 0

    def _serve_backorders(self, skus: np.ndarray, now: int) -> None:
        if len(skus) and self.tables.g[tab.G_WAITING]:
            if self.tables.g[tab.G_HEAP] + self.tables.g[tab.G_WAITING] + 8 > len(self.tables.heap):
                self._grow()
            run.serve_items(self.tables, np.asarray(skus, np.int64), now)

    def cancel_backorders(self, now: int) -> int:
        """Cancel every order that waits for stock; returns how many."""
        self._reach(now)
        g = self.tables.g
        if g[tab.G_TOLD] + g[tab.G_WAITING] > len(self.tables.told):
            told = np.zeros(2 * int(g[tab.G_TOLD] + g[tab.G_WAITING]), OUTCOME)
            told[: g[tab.G_TOLD]] = self.tables.told[: g[tab.G_TOLD]]
            self.tables = self.tables._replace(told=told)
        return int(run.cancel_waiting(self.tables, now))

    # ---- what it shows ------------------------------------------------------------------------------------------
    def outcomes(self) -> np.ndarray:
        """OUTCOME rows since the last call, sorted by (t, key, code)."""
        rows = self.tables.told[: self.tables.g[tab.G_TOLD]]
        self.tables.g[tab.G_TOLD] = 0
        return rows[np.lexsort((rows["code"], rows["key"], rows["t"]))]

    def book(self) -> np.ndarray:
        """BOOK rows sorted by key; a copy."""
        rows = self.tables.book[: self.tables.g[tab.G_BOOK]]
        return rows[np.argsort(rows["key"], kind="stable")]

    def holds(self) -> np.ndarray:
        """HOLD rows sorted by key."""
        live = self.tables.live[: self.tables.g[tab.G_TOP]]
        live = live[live["book"] >= 0]
        b = self.tables.book[live["book"]]
        out = np.zeros(len(live), HOLD)
        for name in ("key", "sku", "units", "node", "status", "flow"):
            out[name] = b[name]
        for name in ("held", "claim", "place"):
            out[name] = live[name]
        out["short"] = b["units_short"]
        kind = live["kind"]
        serving = (kind == run.E_PICK_END) | (kind == run.E_COUNTER_END)
        patient = (kind == tab.IDLE) & (b["status"] != Status.BACKORDERED)
        leaving = kind == run.E_LEAVE
        out["phase"] = np.where(serving, 2, np.where(patient | leaving, 1, 0))
        out["time"] = np.where(leaving, b["arrived_at"], live["t"]) * (out["phase"] > 0)
        picking = b["status"] == Status.TO_PICK
        where = np.where(b["status"] == Status.RETURN_OPEN, live["return_node"], b["node"])
        out["station"] = np.where(out["phase"] > 0, 2 * where + np.where(picking, PICKING, COUNTER), -1)
        return out[np.argsort(out["key"], kind="stable")]

    def _ledger(self) -> np.ndarray:
        return self.tables.g[tab.G_LEDGER : tab.G_TRANS].reshape(2, N_ACCOUNTS)

    def books(self) -> Books:
        """The sums; copies."""
        t, s = self.tables, len(Status)
        visits = np.stack([t.local[c] for c in ("came", "bought", "left", "abandoned", "moved")], axis=1)
        places = np.stack([t.sku[c] for c in ("road", "customer", "back")], axis=1)
        return Books(
            ledger=self._ledger().copy(),
            stations=t.station.copy(),
            transitions=t.g[tab.G_TRANS :].reshape(s, s).copy(),
            visits=visits,
            places=places,
            units=t.g[tab.G_UNITS : tab.G_UNITS + N_UNITS].copy(),
            slots=t.slots.copy(),
            slot_limit=t.local["slot_limit"].copy(),
            refused=int(t.g[tab.G_REFUSED]),
        )

    @property
    def events(self) -> int:
        """Events handled so far, arrivals included."""
        return int(self.tables.g[tab.G_EVENTS])

    def pending(self) -> int:
        """Rows not resolved."""
        g = self.tables.g
        return int(g[tab.G_DUE] - g[tab.G_NEXT] + g[tab.G_OPEN])

    def next_time(self) -> int:
        """Lower bound of the next event's time; 2**62 when nothing is due."""
        t, g = self.tables, self.tables.g
        times = [2**62]
        if g[tab.G_HEAP]:
            times.append(int(t.heap[0]["rank"]) // tab.KINDS)
        if g[tab.G_NEXT] < g[tab.G_DUE]:
            times.append(int(t.demand[g[tab.G_NEXT]]["t"]))
        hour = int(g[tab.G_HOUR]) + 1
        full = np.flatnonzero(np.roll(t.bucket[:, 1], -(hour % tab.BUCKETS)))
        if len(full):
            times.append((hour + int(full[0])) * HOUR)
        return min(times)

    # ---- snapshots ------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays: the engine's own tables, the node rows and the stock."""
        t, g = self.tables, self.tables.g
        out = {name: getattr(t, name).copy() for name in OWN if name not in USED and name != "demand"}
        out |= {name: getattr(t, name)[: g[count]].copy() for name, count in USED.items()}
        out["demand"] = t.demand[g[tab.G_NEXT] : g[tab.G_DUE]].copy()
        out["node"] = t.node.copy()
        return out | {f"stock_{name}": value for name, value in self.net.stock.state().items()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over a state made by `state()` of an engine on the same network."""
        self.net.stock.load({k.removeprefix("stock_"): v for k, v in state.items() if k.startswith("stock_")})
        self.net.nodes[...] = state["node"]
        own = {name: np.array(state[name]) for name in OWN}
        for name in USED:
            table = np.zeros(max(2 * len(own[name]), 64), own[name].dtype)
            table[: len(own[name])] = own[name]
            own[name] = table
        own["g"][tab.G_NEXT], own["g"][tab.G_DUE] = 0, len(state["demand"])
        self.tables = self.tables._replace(**own)
