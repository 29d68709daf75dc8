"""Runs of many members from one state: each is made, run over stretches of days between which its parameters may move, and let go.

So memory holds a member a process, not all. A task is JSON and its answer too; arrays pass by in files. Test: tests/twin/test_running.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from omosim.schema.settings import Settings
from omosim.twin.ensemble import stacked
from omosim.twin.errors import CalibrationError
from omosim.twin.history import Floats
from omosim.twin.members import HOURLY, Member
from omosim.twin.opening import Opening

ENTRY = "omosim.twin.running:member_task"


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

    stretches : for each stretch of days, series -> (N, days), by hour (N, days, 24); NaN where a member has no such series
    goodwill : (N, customers) share of price at the end; units : series -> unit
    """

    stretches: list[dict[str, Floats]]
    goodwill: Floats
    units: dict[str, str] = field(default_factory=dict)


def run_member(opening: Opening, settings: Sequence[Settings], days: Sequence[int]) -> tuple[list[dict[str, Floats]], Floats, dict[str, str]]:
    """One member: its series of each stretch, its customers' goodwill at the end, units.

    settings : one a stretch; those after the first may differ in what may move (`omosim.model.drift.MOVES`)
    """
    member = Member.begin(settings[0], opening)
    rows: list[dict[str, Floats]] = []
    units: dict[str, str] = {}
    for i, (at, n) in enumerate(zip(settings, days, strict=True)):
        if i:
            member = member.drifted(at)
        panel = member.advance(n)
        rows.append(panel.series | {name: panel.hourly[name] for name in HOURLY})
        units |= panel.units
    return rows, member.goodwill(), units


def run_members(openings: Sequence[Opening], settings: Sequence[Sequence[Settings]], days: Sequence[int], workers: Workers | None = None) -> Runs:
    """All members, in their order, whatever the order in which they end.

    openings : one a member, alike but for pace and goodwill; settings : for each member, one a stretch
    workers : None runs them here, one after another

    Raises
    ------
    CalibrationError : a member failed, with its number and why
    """
    if workers is None:
        done = [run_member(o, s, days) for o, s in zip(openings, settings, strict=True)]
    else:
        with _passing(openings) as place:
            done = _collected(place, openings, settings, days, workers)
    units = {name: unit for _, _, more in done for name, unit in more.items()}
    return Runs([stacked([rows[i] for rows, _, _ in done]) for i in range(len(days))], np.array([g for _, g, _ in done]), units)


@contextmanager
def _passing(openings: Sequence[Opening]) -> Iterator[Path]:
    """A folder with what all members share."""
    with TemporaryDirectory(prefix="omosim-twin-") as folder:
        openings[0].save(Path(folder) / "opening.npz")
        yield Path(folder)


def _collected(place: Path, openings: Sequence[Opening], settings: Sequence[Sequence[Settings]], days: Sequence[int],
               workers: Workers) -> list[tuple[list[dict[str, Floats]], Floats, dict[str, str]]]:  # fmt: skip
    for i, (opening, plan) in enumerate(zip(openings, settings, strict=True)):
        if opening.goodwill is not None:
            np.save(place / f"{i:05d}.before.npy", opening.goodwill, allow_pickle=False)
        plain = [plan[0].model_dump(mode="json")] + [one.model_dump(mode="json") if one != plan[0] else None for one in plan[1:]]
        workers.submit(str(i), json.dumps({"place": str(place), "member": i, "pace": opening.pace, "settings": plain, "days": list(days)}))
    done: dict[int, dict[str, Any]] = {}
    while workers.pending():
        for outcome in workers.collect():
            if outcome.value is None:
                raise CalibrationError(f"member {outcome.name} of {len(openings)} failed: {outcome.failure.message if outcome.failure else ''}")
            done[int(outcome.name)] = json.loads(outcome.value)
    out = []
    for i in range(len(openings)):
        rows = [{name: np.array(x, np.float64) for name, x in row.items()} for row in done[i]["series"]]  # None becomes NaN
        out.append((rows, np.load(place / f"{i:05d}.after.npy", allow_pickle=False), done[i]["units"]))
    return out


def member_task(text: str) -> str:
    """Entry of a worker process: {"place", "member", "pace", "settings", "days"} in, series and units out; goodwill goes by files."""
    task = json.loads(text)
    place, name = Path(task["place"]), f"{task['member']:05d}"
    before = place / f"{name}.before.npy"
    opening = replace(Opening.read(place / "opening.npz"), pace=float(task["pace"]), goodwill=np.load(before, allow_pickle=False) if before.exists() else None)
    plan = [Settings.model_validate(task["settings"][0])]
    plan += [plan[0] if one is None else Settings.model_validate(one) for one in task["settings"][1:]]
    rows, goodwill, units = run_member(opening, plan, task["days"])
    np.save(place / f"{name}.after.npy", goodwill, allow_pickle=False)
    series = [{key: _plain(x) for key, x in row.items()} for row in rows]
    return json.dumps({"series": series, "units": units}, allow_nan=False)


def _plain(x: Floats) -> list[Any]:
    if np.isfinite(x).all():
        return list(x.tolist())
    return [None if np.isnan(v) else v for v in x.tolist()] if x.ndim == 1 else [_plain(row) for row in x]
