"""Which settings may move while a run goes on, and what must follow in people and clocks when they do.

A restore refuses settings other than those of its snapshot. A running twin learns, so a few may move: they are read when
something is decided, or have an exact counterpart in the state. A need that is under way keeps the part of its gap that has
passed and comes the sooner for the rest: a renewal process whose pace changes now. Test: tests/twin/test_members.py.
"""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.engine.errors import SnapshotError
from omosim.schema.columns import HOUR
from omosim.schema.shopper import NEVER

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel
    from omosim.schema.settings import Settings

#: groups and fields that a branch may change without asking
FREE = {"engine", "output", "strategy", "scenario", "days"}
#: paths that may move besides; * stands for any name
MOVES = (
    "replication",  # draws from now on; places, goods and people stay
    "market.demand.purchase_alpha_weeks", "market.demand.purchase_share", "market.choice.taste_web", "market.choice.taste_store",
    "market.choice.taste_social", "market.choice.taste_live", "market.choice.wait_per_day", "market.choice.habit_gain",
    "market.awareness.acquisition_per_week", "market.awareness.decay_per_week", "market.sessions.per_mission", "market.sessions.browse_per_week",
    "market.rival.pull", "touchpoints.rows.*.awareness_rho",
    "catalogue.categories.*.need_share", "catalogue.categories.*.units_mean", "catalogue.categories.*.units_cv",
    "catalogue.categories.*.units_shopper_cv", "catalogue.categories.*.value_mean", "catalogue.categories.*.value_sd",
    "catalogue.categories.*.misfit", "catalogue.categories.*.change_of_mind",
    "network.returns.lag_days", "network.returns.lag_sigma", "network.pickup.no_show", "network.pickup.collect_median_h",
    "network.pickup.collect_sigma", "network.pickup.extra_purchase", "network.carrier.lead_days", "network.carrier.lead_cv",
    "network.work.pick_base_s", "network.work.pick_unit_s", "network.work.counter_s", "network.work.checkout_s",
)  # fmt: skip
_TASTES = ("taste_web", "taste_store", "taste_social", "taste_live")


def fixed_hash(settings: Settings) -> str:
    """Hash of what must agree between a snapshot and the model that takes it over: all but strategy and length."""
    return hashlib.sha256(settings.model_dump_json(exclude=FREE).encode()).hexdigest()[:16]


def _leaves(value: Any, path: str, out: dict[str, Any]) -> dict[str, Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            _leaves(item, f"{path}.{key}" if path else str(key), out)
    else:
        out[path] = value
    return out


def moved(before: Settings, after: Settings) -> list[str]:
    """Paths at which two settings differ, strategy, scenario and length aside."""
    old, new = (_leaves(s.model_dump(mode="json", exclude=FREE), "", {}) for s in (before, after))
    return sorted(path for path in old.keys() | new.keys() if old.get(path, _leaves) != new.get(path, _leaves))


def check_moves(before: Settings, after: Settings) -> None:
    """Raises SnapshotError naming every path that differs and must not."""
    wrong = [path for path in moved(before, after) if not any(fnmatchcase(path, allowed) for allowed in MOVES)]
    if wrong:
        raise SnapshotError(f"{', '.join(wrong)} cannot move in a running member; allowed: {', '.join(MOVES)}")


def move(model: RetailModel, before: Settings) -> None:
    """Let tastes and clocks follow from `before` to the model's settings, at the end of a day; changes the model's shoppers and needs."""
    after, journeys = model.settings, model.journeys
    shift = np.array([getattr(after.market.choice, name) - getattr(before.market.choice, name) for name in _TASTES])
    if shift.any():
        taste = journeys.shoppers["taste"]
        taste[...] = np.clip(taste + np.rint(shift * 1000), -32_000, 32_000)
    old, new = before.market.demand, after.market.demand
    pace = old.purchase_alpha_weeks * old.purchase_share / (new.purchase_alpha_weeks * new.purchase_share)
    kinds = zip(before.catalogue.categories.values(), after.catalogue.categories.values(), strict=True)
    factor = np.array([pace * (n.need_share / o.need_share if o.need_share > 0 else 1.0) for o, n in kinds])
    if (factor != 1.0).any():
        journeys.shoppers["need_rate"] *= pace
        _quicken(model, factor)
        journeys.hang_again()
    model.world.update_outside()


def _quicken(model: RetailModel, factor: np.ndarray) -> None:
    """Shorten what is left of every gap by (C,) `factor`; changes the model's needs."""
    journeys, hour = model.journeys, model.clock.now // HOUR
    table = journeys.scene.op_time  # (G, C, hours + 1)
    kind = journeys.scene.pace[journeys.shoppers["segment"], journeys.shoppers["zone"]]
    reached = table[kind, :, min(hour, table.shape[2] - 1)]
    next_s = journeys.needs["next_s"].reshape(-1, factor.size)
    left = np.maximum(next_s - reached, 0.0)
    with np.errstate(divide="ignore"):
        at = np.ceil(reached + left / factor)
    next_s[...] = np.where((next_s == NEVER) | ~(at < 2.0e9), NEVER, at).astype(np.int64)


