"""What the network does with orders and visits: two engines behind one protocol, and coarse replenishment."""

from __future__ import annotations

from omosim.fulfilment.coarse import CoarseNetwork
from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.fulfilment.replenishment import Replenishment
from omosim.fulfilment.rules import network_from
from omosim.schema.settings import Settings
from omosim.world.state import World

__all__ = ["KernelFulfilment", "ReferenceFulfilment", "Replenishment", "new_engine"]

ENGINES = {"kernel": KernelFulfilment, "reference": ReferenceFulfilment}


def new_engine(settings: Settings, world: World) -> CoarseNetwork:
    """The fulfilment engine that the settings name, on a world whose arrays it shares."""
    return ENGINES[settings.engine.fulfilment](network_from(world, settings))
