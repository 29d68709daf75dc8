"""Replenishment on inventory position, receipts, cycle counts and shrink: coarse events, the same for both engines."""

from __future__ import annotations

import numpy as np

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.kernels.replenish import receive_transfers, review_centre, review_stores, shrunk
from omosim.schema.codes import Move
from omosim.schema.columns import DAY
from omosim.schema.network import TRANSIT
from omosim.schema.settings import Settings
from omosim.world.state import World

#: a manager may move a level away from the plan by at most this factor either way
LEVEL_BOUND = 4.0


class Replenishment:
    """Keeps the order-up-to levels and the goods under way.

    Parameters
    ----------
    settings : lead times, count cycle, shrink
    world : its stock, levels and dated factors; `world.level` (N, K) is the plan
    engine : told of receipts from suppliers, write-offs and counts
    """

    def __init__(self, settings: Settings, world: World, engine: CoarseNetwork) -> None:
        policy = settings.network.stock
        self.world, self.engine = world, engine
        self.factor = np.ones(world.level.shape)
        self.store_lead_s = round(policy.store_lead_days * DAY)
        self.centre_lead_s = round(policy.centre_lead_days * DAY)
        self.count_days = max(1, round(policy.count_days))
        self.lost_a_day = policy.shrink_per_year / 365.0
        self.least = policy.store_min_units

    def targets(self) -> np.ndarray:
        """(N, K) int32 order-up-to levels now: plan x dated changes x manager."""
        world = self.world
        level = world.level * world.level_factor[:, world.sku_category] * self.factor
        return np.rint(level).astype(np.int32)

    def scale_level(self, node: int, factor: np.ndarray) -> None:
        """A manager's review: multiply one node's levels by (K,) factors; changes `factor` in place."""
        self.factor[node] = np.clip(self.factor[node] * factor, 1.0 / LEVEL_BOUND, LEVEL_BOUND)

    def review(self, now: int) -> None:
        """Stores order from the centre, then the centre from suppliers; changes stock and transit in place."""
        world, stock = self.world, self.world.stock
        target = self.targets()
        room = np.zeros(target.size + target.shape[1], TRANSIT)
        n = review_stores(stock.cells, stock.journal, target, world.trading, now + self.store_lead_s, room)
        supply = world.supply[world.sku_category]
        n += review_centre(stock.cells, target[0], supply, now + self.centre_lead_s, room[n:])
        if n:
            stock.transit = np.concatenate([stock.transit, room[:n]])
        if self.store_lead_s == 0 or self.centre_lead_s == 0:
            self.receive_due(now)

    def receive_due(self, now: int) -> None:
        """Goods due by now reach their nodes; changes stock and transit in place."""
        stock = self.world.stock
        due = stock.transit["due"] <= now
        if not due.any():
            return
        rows, stock.transit = stock.transit[due], stock.transit[~due]
        np.subtract.at(stock.cells["on_order"], (rows["node"], rows["sku"]), rows["units"])
        receive_transfers(stock.cells, stock.journal, rows[rows["move"] == Move.TRANSFER_IN])
        for row in rows[rows["move"] == Move.RECEIVED]:
            self.engine.receive(int(row["node"]), int(row["sku"]), int(row["units"]), now, Move.RECEIVED)

    def count_and_shrink(self, now: int) -> None:
        """A day's losses that nobody sees, and a day's part of the cycle counts, which put records right."""
        world = self.world
        nodes, skus = world.level.shape
        out = np.zeros(nodes * skus, np.int64)
        n = shrunk(world.key0, world.key1, now // DAY, self.lost_a_day, world.stock.cells, out)
        for cell in out[:n].tolist():
            self.engine.write_off(cell // skus, cell % skus, 1, now)
        counted = np.arange((now // DAY) % self.count_days, nodes * skus, self.count_days)
        self.engine.count(counted // skus, counted % skus, now)

    def state(self) -> dict[str, np.ndarray]:
        """Arrays, by name; stock and transit belong to the world."""
        return {"factor": self.factor}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over arrays given by `state`."""
        self.factor[...] = state["factor"]
