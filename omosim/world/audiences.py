"""Audiences: whom a dated change reaches, by segment, zone and the groups of randomised experiments.

Shoppers whom the same changes reach form one audience; what they see is one row of the world's tables. Without a
narrowed change there is one audience, and everybody is in it.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from omosim.schema.refusals import group_refusals
from omosim.schema.scenario import AUDIENCE, CONTROL, MOST_AUDIENCES, SEEN, Intervention
from omosim.schema.settings import Settings
from omosim.world.errors import CannotIntervene

#: combinations of groups that are looked at, at most
MOST_COMBINATIONS = 4096


@dataclass(frozen=True)
class Trial:
    """A randomised experiment.

    Parameters
    ----------
    name : its name; the draws hang on it alone
    groups : names of its groups, the control first
    edges : (groups - 1,) float64, cumulative shares of the groups but the control
    eligible : (S, Z) bool, who takes part, by segment and zone
    first, last : days of the measured window, from and to, on which one of its changes works; last None: to the end
    """

    name: str
    groups: tuple[str, ...]
    edges: np.ndarray
    eligible: np.ndarray
    first: int
    last: int | None

    @property
    def slot(self) -> int:
        """Slot of its draws."""
        return zlib.crc32(self.name.encode("utf-8"))

    def members(self, key0: int, key1: int, shoppers: np.ndarray) -> np.ndarray:
        """(n,) int64 group of each SHOPPER row, 0 the control; -1 who takes no part."""
        from omosim.kernels.audiences import fill_groups  # here: settings are composed without the compiler

        out = np.zeros(len(shoppers), np.uint8)
        fill_groups(key0, key1, self.slot, self.edges, out)
        return np.where(self.eligible[shoppers["segment"], shoppers["zone"]], out.astype(np.int64), -1)


@dataclass(frozen=True)
class Audiences:
    """The audiences of a run.

    Parameters
    ----------
    names : name of each audience: the groups of its experiments; empty for who is in none
    reached : (changes, A) bool, whether a change reaches an audience
    trials : the experiments, in the order of the scenario
    kind : (S, Z) int64, kinds of shoppers that changes tell apart by segment and zone
    table : (combinations of groups, kinds) uint8, audience
    share : (A,) float64, part of the shoppers as expected
    """

    names: tuple[str, ...]
    reached: np.ndarray
    trials: tuple[Trial, ...] = ()
    kind: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), np.int64))
    table: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
    share: np.ndarray = field(default_factory=lambda: np.ones(1))

    @property
    def count(self) -> int:
        """Number of audiences."""
        return len(self.names)

    @property
    def signature(self) -> str:
        """Text that is equal where the same people form the same audiences; empty with one audience."""
        if self.count == 1:
            return ""
        parts = [self.table.tobytes(), self.kind.tobytes(), *(t.name.encode() + t.edges.tobytes() for t in self.trials)]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]

    def assign(self, key0: int, key1: int, shoppers: np.ndarray) -> np.ndarray:
        """Write the audience of each SHOPPER row, in place; returns (A,) float64, their parts of all shoppers."""
        from omosim.kernels.audiences import assign_audiences

        if self.count == 1:
            shoppers["audience"] = 0
            return np.ones(1)
        most = max((t.edges.size for t in self.trials), default=0)
        edges = np.zeros((len(self.trials), most))
        for row, trial in enumerate(self.trials):
            edges[row, : trial.edges.size] = trial.edges
        counts = np.zeros(self.count, np.int64)
        slots = np.array([t.slot for t in self.trials], np.int64)
        strides = np.array(_strides(self.trials), np.int64)
        assign_audiences(key0, key1, shoppers, slots, edges, strides, self.kind, self.table, counts)
        return counts / max(len(shoppers), 1)


def _strides(trials: Sequence[Trial]) -> list[int]:
    return [math.prod(len(t.groups) for t in trials[:row]) for row in range(len(trials))]


def narrows(change: Intervention) -> bool:
    """Whether a change is seen by a part of the shoppers alone."""
    return change.what in SEEN and any(getattr(change, part) for part in AUDIENCE)


def people_of(change: Intervention, settings: Settings) -> np.ndarray:
    """(S, Z) bool: who may be reached, by segment and zone."""
    segments, zones = list(settings.market.segments), settings.market.geography.zones
    named = np.array([not change.segments or name in change.segments for name in segments])
    lives = np.array([not change.zones or zone in change.zones for zone in range(zones)])
    return named[:, None] & lives[None, :]


def _works_from(change: Intervention, settings: Settings) -> int:
    """Day from which a change works: a capability after its ramp-up."""
    row = settings.strategy.capabilities.get(change.capability or "") if change.what == "capability" and change.set else None
    return change.from_day + (row.ramp_up_days if row is not None else 0)


def _trials(settings: Settings) -> list[Trial]:
    found: dict[str, list[Intervention]] = {}
    for change in settings.scenario.interventions:
        if change.ab is not None and change.what in SEEN:
            found.setdefault(change.ab.name, []).append(change)
    out = []
    for name, changes in found.items():
        shares = {change.ab.group: change.ab.share for change in changes if change.ab is not None}
        eligible = np.logical_or.reduce([people_of(change, settings) for change in changes])
        ends = [change.to_day for change in changes]
        last = None if None in ends else max(end for end in ends if end is not None)
        edges = np.minimum(np.cumsum(list(shares.values())), 1.0)
        out.append(Trial(name, (CONTROL, *shares), edges, eligible, min(_works_from(c, settings) for c in changes), last))
    return out


def trial_problems(changes: Sequence[Intervention]) -> list[str]:
    """What is wrong with the experiments together, one text each; their groups: `schema.refusals.group_refusals`."""
    groups: dict[str, set[str]] = {}
    for change in changes:
        if change.ab is not None and change.what in SEEN:
            groups.setdefault(change.ab.name, set()).add(change.ab.group)
    combinations = math.prod(len(names) + 1 for names in groups.values())
    if combinations > MOST_COMBINATIONS:
        return [f"{len(groups)} experiments make {combinations} combinations of groups, more than {MOST_COMBINATIONS}; run fewer at once."]
    return []


def build_audiences(settings: Settings) -> Audiences:
    """The audiences that a scenario's dated changes make.

    Parameters
    ----------
    settings : the run's settings

    Raises
    ------
    CannotIntervene : groups that cannot be drawn, or more than `MOST_AUDIENCES`
    """
    changes = settings.scenario.interventions
    wrong = [refusal.message for _, refusal in group_refusals([change.model_dump() for change in changes])] + trial_problems(changes)
    if wrong:
        raise CannotIntervene("\n".join(wrong))
    if not any(narrows(change) for change in changes):
        return Audiences(("",), np.ones((len(changes), 1), np.bool_))
    trials = _trials(settings)
    people = [people_of(change, settings) for change in changes]
    shape = people[0].shape
    told_apart = np.stack([who for change, who in zip(changes, people, strict=True) if narrows(change)])
    kinds, first, kind = np.unique(told_apart.reshape(len(told_apart), -1), axis=1, return_index=True, return_inverse=True)
    del kinds
    number = {trial.name: row for row, trial in enumerate(trials)}
    rows: list[int] = []
    seen: dict[tuple[tuple[bool, ...], tuple[int, ...]], int] = {}
    groups = [range(len(trial.groups)) for trial in reversed(trials)]
    for combination in itertools.product(*groups):  # the first experiment counts fastest, as in `_strides`
        chosen = combination[::-1]
        for place in first.tolist():
            reach = tuple(
                not narrows(change)
                or (bool(who.flat[place]) and (change.ab is None or trials[number[change.ab.name]].groups[chosen[number[change.ab.name]]] == change.ab.group))
                for change, who in zip(changes, people, strict=True)
            )
            takes_part = tuple(chosen[row] if trial.eligible.flat[place] else -1 for row, trial in enumerate(trials))
            rows.append(seen.setdefault((reach, takes_part), len(seen)))
    if len(seen) > MOST_AUDIENCES:
        raise CannotIntervene(f"the changes tell {len(seen)} audiences apart, more than {MOST_AUDIENCES}: narrow fewer of them, or run fewer experiments at once")
    table = np.array(rows, np.uint8).reshape(-1, len(first))
    names = [" ".join(f"{t.name}={t.groups[g]}" for t, g in zip(trials, part, strict=True) if g >= 0) for _, part in seen]
    reached = np.array([reach for reach, _ in seen], np.bool_).reshape(len(seen), -1).T
    kind = kind.reshape(shape).astype(np.int64)
    return Audiences(tuple(names), np.ascontiguousarray(reached), tuple(trials), kind, table, _expected(settings, trials, kind, table, len(seen)))


def _expected(settings: Settings, trials: Sequence[Trial], kind: np.ndarray, table: np.ndarray, count: int) -> np.ndarray:
    """(A,) parts of the shoppers, were every zone as populous as the next."""
    segments = np.array([s.share for s in settings.market.segments.values()])
    weight = np.bincount(kind.ravel(), weights=np.repeat(segments / kind.shape[1], kind.shape[1]), minlength=table.shape[1])
    odds = np.ones(1)
    for trial in trials:
        parts = np.diff(np.concatenate([[0.0], trial.edges]))
        odds = np.concatenate([odds * part for part in (1.0 - parts.sum(), *parts)])
    out = np.zeros(count)
    np.add.at(out, table, odds[:, None] * weight[None, :])
    return out
