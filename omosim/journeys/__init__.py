"""What shoppers do: needs, perception, choice, and what experience teaches."""

from omosim.journeys.journeys import Journeys
from omosim.journeys.shopper import Shopper

__all__ = ["Journeys", "Shopper"]
