"""The shipped capabilities, by theme; importing this package registers them, in this order."""

from omosim.strategy.capabilities import shops  # isort: skip
from omosim.strategy.capabilities import information  # isort: skip
from omosim.strategy.capabilities import service  # isort: skip
from omosim.strategy.capabilities import price  # isort: skip
from omosim.strategy.capabilities import identity  # isort: skip
from omosim.strategy.capabilities import touch  # isort: skip
from omosim.strategy.capabilities import collect  # isort: skip
from omosim.strategy.capabilities import people  # isort: skip

__all__ = ["collect", "identity", "information", "people", "price", "service", "shops", "touch"]
