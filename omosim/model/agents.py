"""Those who decide: store managers, touchpoint managers, and one rival, as Mesa agents.

They act weekly, called by a coarse event, on figures a real manager has: last week's sales, paid media and
orders, prices on the shelf. All they remember stands in arrays of `ManagerMemory`, so snapshots are exact.
Shoppers are columns; see `omosim.journeys.Shopper` for a view of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from omosim.schema.codes import Move

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel
    from omosim.world.state import World

#: weight of the last week in a manager's view of weekly sales
LEARNING = 0.25
#: a week changes an order-up-to level by at most this factor up or down
LEVEL_STEP = 1.5
#: a week changes a media budget by at most this share
MEDIA_STEP = 0.1
MEDIA_LOW, MEDIA_HIGH = 0.5, 1.5


class ManagerMemory:
    """What the agents remember, as arrays.

    Parameters
    ----------
    nodes, skus, touchpoints : sizes
    """

    def __init__(self, nodes: int, skus: int, touchpoints: int) -> None:
        self.moves_seen = np.zeros((nodes, skus), np.int64)  # units gone out up to the last review
        self.weekly = np.full((nodes, skus), -1.0)  # smoothed weekly units, -1 not yet learnt
        self.media_orders = np.zeros(touchpoints, np.int64)
        self.own_price = np.ones(1)  # our price index at the last review

    def state(self) -> dict[str, np.ndarray]:
        """Arrays, by name."""
        return dict(vars(self))

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over arrays given by `state`."""
        for name, array in state.items():
            setattr(self, name, array)


class StoreManager(mesa.Agent):
    """Reviews one node's order-up-to levels against its own sales."""

    def __init__(self, model: RetailModel, node: int) -> None:
        super().__init__(model)
        self.node = node

    def review(self) -> None:
        """Move each item's level in proportion to how sales moved; changes `model.replenishment.level` in place."""
        model: Any = self.model
        memory, node = model.memory, self.node
        if model.replenishment.forecast is not None:  # levels follow demand by themselves
            return
        moves = model.world.stock.moves
        gone = moves[Move.SOLD, node] + moves[Move.SHIPPED, node] + moves[Move.TRANSFER_OUT, node]
        week = (gone - memory.moves_seen[node]).astype(np.float64)
        memory.moves_seen[node] = gone
        known = memory.weekly[node] >= 0
        before = np.where(known, memory.weekly[node], week)
        after = before + LEARNING * (week - before)
        memory.weekly[node] = after
        # one order on both sides keeps slow items from jumping between nothing and much; with less than an order,
        # rises would be cut and falls not, and the levels of goods sold in lots would sink to nothing
        order = model.world.units_mean[model.world.sku_category]
        factor = np.clip((after + order) / (before + order), 1.0 / LEVEL_STEP, LEVEL_STEP)
        model.replenishment.scale_level(node, factor)


def paid_rows(world: World) -> np.ndarray:
    """(T,) bool: touchpoints that cost money and are present in the strategy."""
    on = world.policy.touch_on
    return (world.touch_cost > 0) & (on > 0 if on.size else True)


def keep_budget(world: World) -> None:
    """Bring the managers' levels back to the planned spend: they shift a budget, they do not save it; in place."""
    paid = paid_rows(world)
    plan = (world.touch_cost * world.touch_contacts * world.touch_reach)[paid]
    spend = plan * world.media_level[paid]
    if spend.size and spend.sum() > 0:
        world.media_level[paid] *= plan.cumsum()[-1] / spend.cumsum()[-1]


class TouchpointManager(mesa.Agent):
    """Moves one paid touchpoint's budget towards where sessions per contact are better than average."""

    def __init__(self, model: RetailModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    def review(self, yields: np.ndarray) -> None:
        """Change the touchpoint's media level by one small step; changes `world.media_level` in place.

        Parameters
        ----------
        yields : (T,) orders per mission touched since the last review, the same for all managers of a week
        """
        model: Any = self.model
        world, row = model.world, self.row
        paid = paid_rows(world)
        if not paid[row] or yields[paid].sum() <= 0:
            return
        average = yields[paid].sum() / paid.sum()
        step = MEDIA_STEP if yields[row] > average else -MEDIA_STEP
        world.media_level[row] = min(MEDIA_HIGH, max(MEDIA_LOW, world.media_level[row] * (1.0 + step)))


class Rival(mesa.Agent):
    """Follows our price moves at its own pace; acts in the outside utility only."""

    def review(self) -> None:
        """Move the rival's price index towards our move; changes the world's outside values in place."""
        model: Any = self.model
        world, memory = model.world, model.memory
        ours = world.own_price_index()
        move = ours / memory.own_price[0]
        reaction = model.settings.market.rival.reaction
        world.rival_price_index[0] *= 1.0 + reaction * (move - 1.0)
        memory.own_price[0] += reaction * (ours - memory.own_price[0])
        world.update_outside()
