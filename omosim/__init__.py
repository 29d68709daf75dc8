"""omosim: does O2O, omnichannel or OMO pay, by how much, how sure, and which capability does the work?

Importing is quick and has no side effects; the heavy parts load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Twin", "__version__", "attribute", "bopis", "calibrate", "claims", "compare", "flip", "load", "simulate", "sweep", "validate", "value"]

if TYPE_CHECKING:
    from omosim.api import (
        Twin,
        attribute,
        bopis,
        calibrate,
        claims,
        compare,
        flip,
        load,
        simulate,
        sweep,
        validate,
        value,
    )


def __getattr__(name: str) -> Any:
    if name in __all__:
        from omosim import api

        return getattr(api, name)
    raise AttributeError(f"module 'omosim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
