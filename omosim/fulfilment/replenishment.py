"""Replenishment, cycle counts and shrink: coarse functions of a clock, the same for both engines."""

from __future__ import annotations

from typing import Any

import numpy as np

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.schema.codes import Move
from omosim.schema.columns import DAY
from omosim.schema.network import TRANSIT
from omosim.schema.settings import Settings

YEAR_DAYS = 365


class StockControl:
    """Order-up-to control on inventory position; the centre fills the stores, a supplier the centre.

    The position is what the system believes: record + on order - backordered. So a wrong record is ordered by,
    and stays wrong until somebody counts or looks for the unit.

    Parameters
    ----------
    engine : a fulfilment engine; its stock is changed at reviews and receipts
    level : (N, K) int32, units, order up to this; changed in place by managers
    lead_s : (N,) int64, seconds from order to receipt; row 0 from the supplier
    reorder : (N, K) int32, order when the position is at or below it; default level - 1
    count_days : days in which every cell is counted once
    shrink_per_day : share of available units lost a day
    key0, key1 : key of the draws of shrink
    """

    def __init__(
        self,
        engine: CoarseNetwork,
        level: np.ndarray,
        lead_s: np.ndarray,
        reorder: np.ndarray | None = None,
        count_days: int = 0,
        shrink_per_day: float = 0.0,
        key0: int = 0,
        key1: int = 0,
    ) -> None:
        self.engine = engine
        self.stock = engine.net.stock
        self.level = level
        self.lead_s = np.asarray(lead_s, np.int64)
        self.gap = None if reorder is None else np.asarray(level - reorder, np.int32)
        self.count_days = count_days
        self.shrink_per_day = float(shrink_per_day)
        self.key0, self.key1 = key0, key1

    # ---- what outside changes act on; overridden by the world's adapter ------------------------------------------
    def targets(self) -> np.ndarray:
        """(N, K) int32 levels in force."""
        return self.level

    def supplied(self, units: np.ndarray) -> np.ndarray:
        """(K,) units that suppliers send of the `units` ordered."""
        return units

    def position(self) -> np.ndarray:
        """(N, K) int64 inventory position as the system believes it."""
        cells = self.stock.cells
        return cells["record"].astype(np.int64) + cells["on_order"] - cells["backordered"]

    def wanted(self) -> np.ndarray:
        """(N, K) int64 units each cell asks for now."""
        level = self.targets().astype(np.int64)
        position = self.position()
        reorder = level - (1 if self.gap is None else self.gap)
        return np.where(position <= reorder, np.maximum(level - position, 0), 0)

    # ---- coarse functions ----------------------------------------------------------------------------------------
    def review(self, now: int) -> None:
        """Order for every node; where the centre is short, stores are served in an order that turns each day."""
        engine, cells = self.engine, self.stock.cells
        engine._reach(now)
        want = self.wanted()[1:]
        there = np.maximum(cells["available"][0].astype(np.int64), 0)
        turn = -(now // DAY) % max(len(want), 1)
        queue = np.roll(want, turn, axis=0)
        before = np.cumsum(queue, axis=0) - queue
        sent = np.roll(np.clip(there - before, 0, queue), -turn, axis=0)
        engine.take_from_centre(sent.sum(axis=0), now)
        centre = np.zeros((1, want.shape[1]), np.int64)
        self._under_way(np.concatenate([centre, sent]), Move.TRANSFER_IN, now)
        bought = self.wanted()
        bought[0] = self.supplied(bought[0])
        bought[1:] = 0
        self._under_way(bought, Move.RECEIVED, now)

    def _under_way(self, units: np.ndarray, move: Move, now: int) -> None:
        nodes, skus = np.nonzero(units)
        rows = np.zeros(len(nodes), TRANSIT)
        rows["node"], rows["sku"], rows["units"] = nodes, skus, units[nodes, skus]
        rows["due"], rows["move"] = now + self.lead_s[nodes], move
        self.stock.cells["on_order"][nodes, skus] += rows["units"]
        self.stock.transit = np.concatenate([self.stock.transit, rows])

    def receive_due(self, now: int) -> int | None:
        """Take in everything due by `now`; returns when the next is due."""
        rows = self.stock.transit
        due = rows["due"] <= now
        if due.any():
            self.stock.transit = rows[~due]
            self.engine.receive_rows(rows[due], now)
        left = self.stock.transit["due"]
        return int(left.min()) if len(left) else None

    def count_and_shrink(self, now: int) -> None:
        """Lose the day's units, then count the day's share of the cells."""
        day = now // DAY
        if self.shrink_per_day > 0:
            self.engine.shrink(self.key0, self.key1, day, self.shrink_per_day, now)
        if self.count_days > 0:
            n, k = self.stock.cells.shape
            today = np.flatnonzero((np.arange(n * k) + day) % self.count_days == 0)
            self.engine.count(today // k, today % k, now)

    def scale_level(self, node: int, factor: np.ndarray) -> None:
        """Multiply a node's levels by `factor` (K,), rounded half to even, at least 1 where they were positive."""
        level = self.level[node]
        self.level[node] = np.where(level > 0, np.maximum(np.rint(level * factor), 1), 0)

    def state(self) -> dict[str, np.ndarray]:
        """Levels; goods under way are part of the stock."""
        return {"level": self.level.copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over a state."""
        self.level[...] = state["level"]


class Replenishment(StockControl):
    """Stock control of a synthesised world: trading stores, dated changes of levels and of supply.

    Parameters
    ----------
    settings : Settings
    world : World; reads level, trading, level_factor, supply, sku_category
    engine : fulfilment engine on that world's network
    """

    def __init__(self, settings: Settings, world: Any, engine: CoarseNetwork) -> None:
        plan = settings.network.stock
        lead = np.full(len(world.nodes), round(plan.store_lead_days * DAY), np.int64)
        lead[0] = round(plan.centre_lead_days * DAY)
        super().__init__(
            engine,
            world.level,
            lead,
            count_days=max(1, round(plan.count_days)),
            shrink_per_day=plan.shrink_per_year / YEAR_DAYS,
            key0=world.key0,
            key1=world.key1,
        )
        self.world = world

    def targets(self) -> np.ndarray:
        """(N, K) int32 levels in force; 0 in stores that do not trade."""
        factor = self.world.level_factor[:, self.world.sku_category]
        level = np.rint(self.level * factor).astype(np.int32)
        level[1:][~self.world.trading[1:]] = 0
        return level

    def supplied(self, units: np.ndarray) -> np.ndarray:
        """(K,) units that suppliers send."""
        return np.floor(units * self.world.supply[self.world.sku_category]).astype(np.int64)

