"""Replenishment, cycle counts and shrink: coarse functions of a clock, the same for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.schema.codes import Move, NodeKind
from omosim.schema.columns import DAY
from omosim.schema.network import TRANSIT
from omosim.schema.settings import Settings
from omosim.world.stocking import order_up_to

YEAR_DAYS = 365
#: arrays of a stock control that change, and those that only a forecast needs
STATE = ("level", "supply", "lead_factor")
LEARNT = ("demand", "spread", "left", "open", "short", "periods")


@dataclass(frozen=True)
class Forecast:
    """How levels follow each cell's own demand.

    Parameters
    ----------
    smoothing : weight of the last period, in (0, 1]; the first periods are averaged
    z : safety stock in standard deviations of demand until an order placed at the next review is there
    period_s : seconds over which demand is counted
    review_s : seconds between reviews
    """

    smoothing: float = 0.1
    z: float = 1.28
    period_s: int = DAY
    review_s: int = DAY

    def __post_init__(self) -> None:
        if not 0 < self.smoothing <= 1 or self.period_s <= 0:
            raise ValueError("smoothing must lie in (0, 1] and period_s be positive")

    def levels(self, demand: np.ndarray, spread: np.ndarray, lead_s: np.ndarray) -> np.ndarray:
        """(N, K) units: expected demand until an order placed at the next review is there, and a safety stock.

        Parameters
        ----------
        demand : (N, K) units a period
        spread : (N, K) mean square of the forecast's error, of which its own part is taken off
        lead_s : (N,) seconds
        """
        periods = ((lead_s + self.review_s) / self.period_s)[:, None]
        own = spread * (1 - self.smoothing / 2)
        return np.maximum(np.rint(demand * periods + self.z * np.sqrt(own * periods)), 0).astype(np.int32)

    @property
    def warm(self) -> int:
        """Periods after which levels are set from demand; until then those given hold."""
        return int(np.ceil(1 / self.smoothing))


class StockControl:
    """Reorder control on inventory position; the centre fills the stores, a supplier the centre.

    The position is what the system believes: record + on order - backordered. So a wrong record is ordered by,
    and stays wrong until somebody counts or looks for the unit. What a supplier does not send is not under way:
    the next review orders it again.

    Parameters
    ----------
    engine : a fulfilment engine; its stock is changed at reviews and receipts
    level : (N, K) int32, units, order up to this; changed in place by managers
    lead_s : (N,) int64, seconds from order to receipt; row 0 from the supplier
    reorder : (N, K) int32, order when the position is at or below it; default level - 1
    lot : (N, K) int32, order the least multiple of it that lifts the position above the reorder point, whatever the
        level; None or 0: up to the level
    forecast : levels follow demand; the distance from level to reorder point stays
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
        lot: np.ndarray | None = None,
        forecast: Forecast | None = None,
    ) -> None:
        self.engine = engine
        self.stock = engine.net.stock
        self.level = level
        self.lead_s = np.asarray(lead_s, np.int64)
        self.gap = None if reorder is None else np.asarray(level - reorder, np.int32)
        self.count_days = count_days
        self.shrink_per_day = float(shrink_per_day)
        self.key0, self.key1 = key0, key1
        self.lot = None if lot is None else np.asarray(lot, np.int64)
        shape = self.stock.cells.shape
        self.supply = np.ones(shape[1])  # share of what is ordered that suppliers send, by SKU
        self.lead_factor = np.ones(shape[0])  # on lead times of orders placed from now on, by node
        self.forecast = forecast
        shape = shape if forecast is not None else (0, 0)
        self.demand = np.zeros(shape)  # smoothed units a period
        self.spread = np.zeros(shape)  # smoothed square of the forecast's error
        self.left = np.zeros(shape, np.int64)  # units that had left when demand was last counted
        self.open = np.zeros(shape, np.int64)  # units wanted and not there when demand was last counted
        self.short = np.zeros(shape, np.int64)  # units that stores asked for at the last review and did not get
        self.periods = np.array([0, -1], np.int64)  # counted so far, and up to when

    # ---- what outside changes act on; overridden by the world's adapter ------------------------------------------
    def targets(self) -> np.ndarray:
        """(N, K) int32 levels in force."""
        return self.level

    def supplied(self, units: np.ndarray) -> np.ndarray:
        """(K,) units that suppliers send of the `units` ordered."""
        return np.floor(units * self.supply).astype(np.int64)

    def lead_times(self) -> np.ndarray:
        """(N,) int64 seconds from order to receipt of orders placed now."""
        return np.rint(self.lead_s * self.lead_factor).astype(np.int64)

    def position(self) -> np.ndarray:
        """(N, K) int64 inventory position as the system believes it."""
        cells = self.stock.cells
        return cells["record"].astype(np.int64) + cells["on_order"] - cells["backordered"]

    def reorder_points(self, level: np.ndarray) -> np.ndarray:
        """(N, K) int64 positions at or below which an order is due, at levels in force."""
        return level - (1 if self.gap is None else self.gap)

    def wanted(self) -> np.ndarray:
        """(N, K) int64 units each cell asks for now."""
        level = self.targets().astype(np.int64)
        position = self.position()
        below = self.reorder_points(level) - position  # at 0 and above an order is due
        units = np.maximum(level - position, 0)
        if self.lot is not None:
            units = np.where(self.lot > 0, (below // np.maximum(self.lot, 1) + 1) * self.lot, units)
        return np.where(below >= 0, units, 0)

    # ---- demand as the system sees it ----------------------------------------------------------------------------
    def _left(self) -> np.ndarray:
        """(N, K) int64 units that have left each cell for customers or other nodes."""
        return self.stock.journal[:, :, [Move.SOLD, Move.SHIPPED, Move.TRANSFER_OUT]].sum(2)

    def learn(self, now: int) -> None:
        """Count the demand of the period that ends now, if one does, and set the levels from it.

        Demand is what left and what is wanted and not there (backorders, and for the centre what stores asked for in
        vain): an order is counted once, when it is placed or when it is served. What a customer did not find and did
        not order leaves no trace.
        """
        f = self.forecast
        if f is None:
            return
        since = int(self.periods[1])
        if since >= 0 and now - since < f.period_s:
            return
        left, wanting = self._left(), self.stock.cells["backordered"].astype(np.int64)
        wanting[0] += self.short[1:].sum(0)
        if since >= 0:
            self.periods[0] += 1
            seen = (left - self.left + wanting - self.open) * (f.period_s / (now - since))
            weight = max(f.smoothing, 1 / float(self.periods[0]))
            error = seen - self.demand
            self.spread += weight * ((error**2 if self.periods[0] > 1 else seen) - self.spread)
            self.demand += weight * error
        self.left, self.open = left, wanting
        self.periods[1] = now
        if self.periods[0] >= f.warm:
            self.level[...] = f.levels(self.demand, self.spread, self.lead_s)

    # ---- coarse functions ----------------------------------------------------------------------------------------
    def review(self, now: int) -> None:
        """Order for every node; where the centre is short, stores are served in an order that turns each day."""
        engine, cells = self.engine, self.stock.cells
        engine._reach(now)
        self.learn(now)
        want = self.wanted()[1:]
        there = np.maximum(cells["available"][0].astype(np.int64), 0)
        turn = -(now // DAY) % max(len(want), 1)
        queue = np.roll(want, turn, axis=0)
        before = np.cumsum(queue, axis=0) - queue
        sent = np.roll(np.clip(there - before, 0, queue), -turn, axis=0)
        if self.forecast is not None:
            self.short[1:] = want - sent
        engine.take_from_centre(sent.sum(axis=0), now)
        centre = np.zeros((1, want.shape[1]), np.int64)
        self._under_way(np.concatenate([centre, sent]), Move.TRANSFER_IN, now)
        bought = self.wanted()
        bought[0] = self.supplied(bought[0])
        bought[1:] = 0
        self._under_way(bought, Move.RECEIVED, now)

    def bring_back(self, nodes: np.ndarray, now: int) -> None:
        """What is left at `nodes` (n,), closed for good, is counted and goes to the centre; it takes a node's lead time.

        Units that picks in hand may still claim stay for them.
        """
        self.engine._reach(now)
        cells, units = self.stock.cells, np.zeros(self.stock.cells.shape, np.int64)
        for node in nodes.tolist():
            skus = np.flatnonzero((cells["available"][node] > 0) | (cells["record"][node] != 0))
            self.engine.count(np.full(len(skus), node), skus, now)
            for sku in skus.tolist():
                units[node, sku] = self.engine.send(node, sku, int(cells["record"][node, sku]), now)
        self._under_way(units, Move.TRANSFER_IN, now, back=True)

    def _under_way(self, units: np.ndarray, move: Move, now: int, back: bool = False) -> None:
        """`units` (N, K) are on their way to their nodes, or from there to the centre."""
        nodes, skus = np.nonzero(units)
        rows = np.zeros(len(nodes), TRANSIT)
        rows["node"], rows["sku"], rows["units"] = 0 if back else nodes, skus, units[nodes, skus]
        rows["due"], rows["move"] = now + self.lead_times()[nodes], move
        np.add.at(self.stock.cells["on_order"], (rows["node"], skus), rows["units"])
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
        """Levels and what they follow, and disruptions in force; goods under way are part of the stock."""
        names = STATE if self.forecast is None else STATE + LEARNT
        return {name: getattr(self, name).copy() for name in names}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over a state."""
        for name, values in state.items():
            if name in STATE or self.forecast is not None:
                getattr(self, name)[...] = values


class Replenishment(StockControl):
    """Stock control of a synthesised world: trading nodes, dated changes of levels and of supply, the settings' policy.

    Parameters
    ----------
    settings : Settings
    world : World; reads level, expected_daily, trading, level_factor, supply, sku_category, nodes
    engine : fulfilment engine on that world's network
    forecast : levels follow demand; default what the settings say
    """

    def __init__(self, settings: Settings, world: Any, engine: CoarseNetwork, forecast: Forecast | None = None) -> None:
        plan = settings.network.stock
        lead = np.full(len(world.nodes), round(plan.store_lead_days * DAY), np.int64)
        lead[0] = round(plan.centre_lead_days * DAY)
        lot = None
        if plan.policy == "r_q":
            lot = np.where(world.level > 0, np.maximum(np.ceil(world.expected_daily * plan.lot_days - 1e-9), 1), 0)
        elif plan.policy == "forecast" and forecast is None:
            forecast = Forecast(plan.smoothing, plan.store_safety_z)
        super().__init__(
            engine,
            world.level,
            lead,
            count_days=max(1, round(plan.count_days)),
            shrink_per_day=plan.shrink_per_year / YEAR_DAYS,
            key0=world.key0,
            key1=world.key1,
            lot=lot,
            forecast=forecast,
        )
        self.world = world
        self.reorder = self.planned_level = None
        if plan.policy == "s_s":
            cover = {"store_cover_days": plan.reorder_days, "centre_cover_days": plan.reorder_days}
            self.reorder = order_up_to(plan.model_copy(update=cover), world.expected_daily).astype(np.int64) - 1
            self.planned_level = np.maximum(world.level, 1).astype(np.int64)
        self.cover = np.full(len(world.nodes), plan.store_cover_days)
        self.cover[0] = plan.centre_cover_days
        holds = np.isin(world.nodes["kind"], (NodeKind.STORE, NodeKind.DARK, NodeKind.OUTSOURCED))
        self.least = np.where(holds, plan.store_min_units, 0)

    def targets(self) -> np.ndarray:
        """(N, K) int32 levels in force; 0 in stores that do not trade and of items that a node no longer carries."""
        factor = self.world.level_factor[:, self.world.sku_category]
        level = np.rint(self.planned() * factor).astype(np.int32)
        level[1:][~self.world.trading[1:]] = 0
        level *= self.world.carried
        return level

    def wanted(self) -> np.ndarray:
        """(N, K) int64 units each cell asks for now; a store that does not trade asks for none, whatever its record says."""
        units = super().wanted()
        units[~self.world.trading] = 0
        return units

    def reorder_points(self, level: np.ndarray) -> np.ndarray:
        """(N, K) int64 as planned; where managers or dated changes move a level, the point moves with it."""
        if self.reorder is None or self.planned_level is None:
            return super().reorder_points(level)
        return np.minimum(level * self.reorder // self.planned_level, level - 1)

    def planned(self) -> np.ndarray:
        """(N, K) levels before dated changes; those of a forecast with the cover of the settings, and what a shelf needs."""
        if self.forecast is None or self.periods[0] < self.forecast.warm:
            return self.level
        return np.maximum(self.level + self.demand * self.cover[:, None], self.least[:, None])

    def supplied(self, units: np.ndarray) -> np.ndarray:
        """(K,) units that suppliers send."""
        share = self.world.supply[self.world.sku_category] * self.supply
        return np.floor(units * share).astype(np.int64)
