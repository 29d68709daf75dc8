"""What the network does with orders and visits: two engines behind one protocol, and coarse replenishment."""

from __future__ import annotations

from typing import Any

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.protocol import Fulfilment
from omosim.fulfilment.replenishment import Forecast, Replenishment, StockControl
from omosim.fulfilment.rules import Network, NetworkRules, network_from, rules_from
from omosim.schema.settings import Settings

__all__ = ["Forecast", "Fulfilment", "KernelFulfilment", "Network", "NetworkRules", "Replenishment", "StockControl",
           "network_from", "new_engine", "rules_from"]  # fmt: skip


def new_engine(settings: Settings, world: Any) -> Any:
    """The engine that `settings.engine.fulfilment` names, on a synthesised world."""
    net = network_from(world, settings)
    if settings.engine.fulfilment == "reference":
        from omosim.fulfilment.reference import ReferenceFulfilment

        return ReferenceFulfilment(net)
    expected = settings.shoppers * (settings.days + settings.burn_in_days) // 15  # rows of a shopper: two a month
    return KernelFulfilment(net, reserve=min(expected, 1 << 24))
