"""Runs of many members from one state: each is made, run over stretches of days between which its parameters may move, and let go.

So memory holds a member a process, not all. A task is JSON and its answer too; arrays pass by in files. Test: tests/twin/test_running.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from omosim.schema.settings import Settings
from omosim.twin.errors import CalibrationError
from omosim.twin.history import Floats
from omosim.twin.members import Member
from omosim.twin.opening import Opening

ENTRY = "omosim.twin.running:member_task"
#: file of what members of one task share
SHARED = "opening.npz"
#: series that members give by hour
HOURLY = ("pickup_load",)


class Workers(Protocol):
    """What runs tasks: an executor of a study (`omosim.study.executor`)."""

    def submit(self, name: str, task: str) -> None:
        """Queue a task under a name."""

    def collect(self) -> list[Any]:
        """Outcomes as they come, each with name, value and failure."""

    def pending(self) -> int:
        """Tasks without an outcome."""


@dataclass
class Runs:
    """What members did.

    series : name -> (N, days), by hour (N, days, 24), over all stretches; NaN where a member has no such series
    goodwill : (N, customers) share of price at the end; units : series -> unit
    """

    series: dict[str, Floats]
    goodwill: Floats
    units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """Where a member begins: its state and its settings."""

    opening: Opening
    settings: Settings

    def member(self) -> Member:
        """The member itself, at its first second."""
        return Member.begin(self.settings, self.opening)


def run_member(start: Start, later: Sequence[Settings], days: Sequence[int]) -> tuple[dict[str, Floats], Floats, dict[str, str]]:
    """One member: its series over all stretches of days as they stand at the end, its customers' goodwill then, units.

    later : settings of the stretches after the first; they may differ in what may move (`omosim.model.drift.MOVES`)
    """
    member, empty = start.member(), []
    for i, n in enumerate(days):
        if i:
            member = member.drifted(later[i - 1])
        empty.append(member.run(n))
    panel = member.panel(0, np.concatenate(empty))
    return panel.series | {name: panel.hourly[name] for name in HOURLY}, member.goodwill(), panel.units


def run_members(starts: Sequence[Start], later: Sequence[Sequence[Settings]], days: Sequence[int], workers: Workers | None = None) -> Runs:
    """All members, in their order, whatever the order in which they end.

    starts : one a member, their states alike but for pace and goodwill; later : for each member, settings of the stretches after
    the first; workers : None runs them here, one after another

    Raises
    ------
    CalibrationError : a member failed, with its number and why
    """
    if workers is None:
        done = [run_member(start, plan, days) for start, plan in zip(starts, later, strict=True)]
    else:
        with TemporaryDirectory(prefix="omosim-twin-") as folder:
            done = _collected(Path(folder), starts, later, days, workers)
    units = {name: unit for _, _, more in done for name, unit in more.items()}
    return Runs(stacked([row for row, _, _ in done]), np.array([g for _, g, _ in done]), units)


def stacked(rows: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    """Series -> (N, …) of all members; NaN where one has no such series."""
    like = {name: x for row in rows for name, x in row.items()}
    return {name: np.stack([row.get(name, np.full(like[name].shape, np.nan)) for row in rows]) for name in sorted(like)}


# ---- in other processes ----------------------------------------------------------------------------------------
def handed_over(place: Path, starts: Sequence[Start]) -> Iterator[dict[str, Any]]:
    """A task for each member, of which `taken` makes it again; what all share is written to the folder `place` once."""
    starts[0].opening.save(place / SHARED)
    for i, start in enumerate(starts):
        if start.opening.goodwill is not None:
            np.save(place / f"{i:05d}.goodwill.npy", start.opening.goodwill, allow_pickle=False)
        yield {"place": str(place), "member": i, "pace": start.opening.pace, "silent": start.opening.silent, "slow": None if start.opening.slow is None else start.opening.slow.tolist(), "settings": start.settings.model_dump(mode="json")}


def taken(task: Mapping[str, Any]) -> Start:
    """The member of a task."""
    place = Path(task["place"])
    own = place / f"{task['member']:05d}.goodwill.npy"
    opening = replace(Opening.read(place / SHARED), pace=task["pace"], silent=task["silent"], slow=None if task["slow"] is None else np.array(task["slow"]), goodwill=np.load(own, allow_pickle=False) if own.exists() else None)
    return Start(opening, Settings.model_validate(task["settings"]))


def _collected(place: Path, starts: Sequence[Start], later: Sequence[Sequence[Settings]], days: Sequence[int],
               workers: Workers) -> list[tuple[dict[str, Floats], Floats, dict[str, str]]]:  # fmt: skip
    for task, plan in zip(handed_over(place, starts), later, strict=True):
        plain = [None if one == before else one.model_dump(mode="json") for before, one in pairwise([starts[task["member"]].settings, *plan])]
        workers.submit(str(task["member"]), json.dumps({**task, "later": plain, "days": list(days)}))
    done: dict[int, dict[str, Any]] = {}
    while workers.pending():
        for outcome in workers.collect():
            if outcome.value is None:
                raise CalibrationError(f"member {outcome.name} of {len(starts)} failed: {outcome.failure.message if outcome.failure else ''}")
            done[int(outcome.name)] = json.loads(outcome.value)
    out = []
    for i in range(len(starts)):
        row = {name: np.array(x, np.float64) for name, x in done[i]["series"].items()}  # None becomes NaN
        out.append((row, np.load(place / f"{i:05d}.after.npy", allow_pickle=False), done[i]["units"]))
    return out


def member_task(text: str) -> str:
    """Entry of a worker process: a task of `handed_over` with "later" and "days" in, series and units out; goodwill goes by files."""
    task = json.loads(text)
    start = taken(task)
    plan = [start.settings]
    for one in task["later"]:
        plan.append(plan[-1] if one is None else Settings.model_validate(one))
    row, goodwill, units = run_member(start, plan[1:], task["days"])
    np.save(Path(task["place"]) / f"{task['member']:05d}.after.npy", goodwill, allow_pickle=False)
    return json.dumps({"series": {name: _plain(x) for name, x in row.items()}, "units": units}, allow_nan=False)


def _plain(x: Floats) -> list[Any]:
    if np.isfinite(x).all():
        return list(x.tolist())
    return [None if np.isnan(v) else v for v in x.tolist()] if x.ndim == 1 else [_plain(row) for row in x]
