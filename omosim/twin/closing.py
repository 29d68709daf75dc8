"""The closing step: move the few scales that no closed form gives until the simulated log looks like the real one.

Each round simulates the fit part with the same draws, compares six figures and corrects the scale that each one
answers to. No figure of the hold-out is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from omosim.twin.errors import CalibrationError
from omosim.twin.history import History, Windows
from omosim.twin.market import Scales

#: scale -> figure that answers to it
ANSWERS = {
    "purchase_share": "repeats_per_customer",
    "initial_awareness": "first_buyers_early",
    "acquisition": "first_buyers_late",
    "value": "order_value_median",
    "spread": "order_value_log_spread",
    "back": "cancel_share",
}
_INVERSE = {"purchase_share"}  # a larger value of these makes the figure smaller
_BOUNDS = {
    "purchase_share": (0.001, 1.0), "initial_awareness": (0.001, 0.98), "acquisition": (0.0, 50.0),
    "value": (0.01, 100.0), "spread": (0.1, 3.0), "back": (0.0, 20.0),
}  # fmt: skip


def figures(history: History, windows: Windows, large: float) -> dict[str, float]:
    """What the closing step compares, of the fit part."""
    part = history.part(0, windows.cut)
    who, _ = part.purchase_days()
    _, first = part.first_days()
    value = part.value[part.value > 0]
    if not value.size or not who.size:
        return dict.fromkeys(ANSWERS.values(), 0.0)
    median, p90 = float(np.quantile(value, 0.5)), float(np.quantile(value, 0.9))
    sold = int(part.value[part.value < large].sum())
    return {
        "repeats_per_customer": who.size / np.unique(who).size - 1.0,
        "first_buyers_early": float((first < windows.cut // 3).sum()),
        "first_buyers_late": float((first >= windows.cut - windows.cut // 3).sum()),
        "order_value_median": float(median),
        "order_value_log_spread": float(np.log(p90 / median)),
        "cancel_share": int(part.back_value[part.back_value < large].sum()) / max(1, sold),
    }


@dataclass(frozen=True)
class Round:
    """Scales tried in a round and the figures they gave."""

    scales: Scales
    found: dict[str, float]
    miss: float  # largest absolute log ratio of found to wanted


def close(simulate: Callable[[Scales], History], wanted: dict[str, float], windows: Windows, large: float,
          start: Scales, rounds: int = 4, damping: float = 0.8) -> list[Round]:  # fmt: skip
    """Fixed-point rounds, best last; `simulate` uses the same draws each time. Oracle: tests/twin/test_closing.py.

    Raises CalibrationError when a simulation sells nothing.
    """
    done: list[Round] = []
    scales = start
    for _ in range(rounds):
        found = figures(simulate(scales), windows, large)
        if found["repeats_per_customer"] <= 0 or found["order_value_median"] <= 0:
            raise CalibrationError("the market simulated from the fit sells nothing; look at market_history.yaml")
        ratio = {k: (found[f] / wanted[f] if wanted[f] > 0 and found[f] > 0 else 1.0) for k, f in ANSWERS.items()}
        done.append(Round(scales, found, max(abs(float(np.log(r))) for r in ratio.values())))
        scales = replace(scales, **{k: _moved(k, getattr(scales, k), r, damping) for k, r in ratio.items()})
    return sorted(done, key=lambda d: -d.miss)


def _moved(name: str, value: float, ratio: float, damping: float) -> float:
    step = ratio**damping if name in _INVERSE else ratio**-damping
    low, high = _BOUNDS[name]
    return float(np.clip(value * np.clip(step, 0.2, 5.0), low, high))
