"""Coarse events that touch stock alone, the same for both engines: receipts, transfers, shrink, counts."""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.laws import residuals
from omosim.fulfilment.protocol import Books
from omosim.fulfilment.rules import Network
from omosim.kernels.purposes import SHRINK
from omosim.kernels.stock_cells import shrink
from omosim.schema.codes import Account, Move


class CoarseNetwork:
    """Base of both engines: everything a clock does to the network between windows."""

    net: Network

    def books(self) -> Books:
        raise NotImplementedError

    def holds(self) -> np.ndarray:
        raise NotImplementedError

    def book(self) -> np.ndarray:
        raise NotImplementedError

    def _ledger(self) -> np.ndarray:
        """(2, N_ACCOUNTS) int64, the ledger itself, not a copy."""
        raise NotImplementedError

    def _serve_backorders(self, skus: np.ndarray, now: int) -> None:
        """Orders that wait at the centre for these SKUs, SKU by SKU, first come first served."""
        raise NotImplementedError

    def _reach(self, now: int) -> None:
        """Handle every event before `now`; an error if it lies in the past."""
        raise NotImplementedError

    def _settle(self) -> None:
        """Let happen what a coarse event set off at once, where the engine has not done so."""

    def _post(self, debit: Account, credit: Account, amount: int, now: int) -> None:
        rules = self.net.rules
        row = self._ledger()[int(rules.measured_from <= now < rules.measured_to)]
        row[debit] += amount
        row[credit] -= amount

    def receive(self, node: int, sku: int, units: int, now: int, move: Move = Move.RECEIVED) -> None:
        """Units reach a node; from a supplier they are owed for, from the centre they only change place."""
        self._reach(now)
        cell = self.net.stock.cells[node, sku]
        for column in ("on_hand", "available", "record"):
            cell[column] += units
        self.net.stock.journal[node, sku, move] += units
        if move == Move.RECEIVED:
            self._post(Account.STOCK, Account.PAYABLE, units * int(self.net.cost[sku]), now)
        if node == 0:
            self._serve_backorders(np.array([sku]), now)
            self._settle()

    def send(self, node: int, sku: int, units: int, now: int) -> int:
        """Take up to `units` available units out of a node for a transfer; returns how many."""
        self._reach(now)
        return self._take_out(node, sku, units, Move.TRANSFER_OUT, seen=True)

    def write_off(self, node: int, sku: int, units: int, now: int) -> int:
        """Up to `units` available units are lost and nobody sees it: the record stays; returns how many."""
        self._reach(now)
        lost = self._take_out(node, sku, units, Move.WRITTEN_OFF, seen=False)
        self._post(Account.WRITE_OFF, Account.STOCK, lost * int(self.net.cost[sku]), now)
        return lost

    def _take_out(self, node: int, sku: int, units: int, move: Move, seen: bool) -> int:
        cell = self.net.stock.cells[node, sku]
        taken = max(0, min(int(units), int(cell["available"])))
        cell["on_hand"] -= taken
        cell["available"] -= taken
        if seen:
            cell["record"] -= taken
        self.net.stock.journal[node, sku, move] += taken
        return taken

    def receive_rows(self, rows: np.ndarray, now: int) -> None:
        """Many receipts at once: TRANSIT rows whose units stand in `on_order`; waiting orders are served after."""
        self._reach(now)
        cells, node, sku, units = self.net.stock.cells, rows["node"], rows["sku"], rows["units"]
        for column, change in (("on_hand", units), ("available", units), ("record", units), ("on_order", -units)):
            np.add.at(cells[column], (node, sku), change)
        np.add.at(self.net.stock.journal, (node, sku, rows["move"]), units)
        bought = rows["move"] == Move.RECEIVED
        cost = self.net.cost[sku[bought]] * units[bought]
        self._post(Account.STOCK, Account.PAYABLE, int(cost.sum()), now)
        self._serve_backorders(np.unique(sku[node == 0]), now)
        self._settle()

    def take_from_centre(self, units: np.ndarray, now: int) -> None:
        """Units (K,) leave the centre for stores; at most what is available there."""
        self._reach(now)
        cell = self.net.stock.cells[0]
        if np.any(units > cell["available"]):
            raise ValueError("more units than are available in the centre")
        for column in ("on_hand", "available", "record"):
            cell[column] -= units.astype(np.int32)
        self.net.stock.journal[0, :, Move.TRANSFER_OUT] += units

    def shrink(self, key0: int, key1: int, day: int, rate: float, now: int) -> None:
        """Units that vanish unseen, drawn per cell and day; `rate` a day per available unit."""
        self._reach(now)
        stock = self.net.stock
        lost = shrink(stock.cells, stock.journal, self.net.cost, key0, key1, SHRINK, day, rate)
        self._post(Account.WRITE_OFF, Account.STOCK, int(lost), now)

    def count(self, nodes: np.ndarray, skus: np.ndarray, now: int) -> int:
        """Count cells (node, sku pairwise): the record becomes the truth; returns how many were wrong."""
        self._reach(now)
        cells = self.net.stock.cells
        truth = cells["available"][nodes, skus] - cells["claimed"][nodes, skus]
        off = cells["record"][nodes, skus] - truth
        cells["record"][nodes, skus] = truth
        self.net.stock.journal[nodes, skus, Move.MISRECORDED] -= off
        self._serve_backorders(np.unique(skus[nodes == 0]), now)
        self._settle()
        return int(np.count_nonzero(off))

    def residuals(self, now: int, audit: bool = True) -> dict[str, int]:
        """Residual of each law, 0 when it holds; `audit` also recounts the whole order book."""
        return residuals(self.net, self.books(), self.holds(), self.book() if audit else None, now)
