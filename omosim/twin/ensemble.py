"""Many members with parameters and weights of their own: what a twin believes, as runs of the whole model.

The state on disk is a folder: one snapshot a member, no pickle, and `ensemble.json`, which is replaced last. A process that is
killed leaves the old ensemble or the new one. Test: tests/twin/test_members.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from omosim.engine.errors import SnapshotError
from omosim.results import write_text
from omosim.schema.settings import Settings
from omosim.twin.history import Floats, Ints
from omosim.twin.members import HOURLY, Member, RunMany
from omosim.twin.opening import Opening
from omosim.twin.panel import Panel

INDEX, VERSION = "ensemble.json", 1


class Ensemble:
    """Members, what each takes the parameters to be, and how much it counts.

    Parameters
    ----------
    members : N of them, all on the same day
    theta : (N, P) parameters
    weights : (N,) adding up to 1; None: all alike
    settings_of : one member's parameters -> settings; what `set` moves members by
    fresh : next replication number for draws that nobody has had
    """

    def __init__(self, members: Sequence[Member], theta: Floats, weights: Floats | None = None,
                 settings_of: Callable[[Floats], Settings] | None = None, fresh: int | None = None) -> None:  # fmt: skip
        n = len(members)
        self.members = list(members)
        self.theta = np.array(theta, np.float64).reshape(n, -1)
        self.weights = np.full(n, 1.0 / n) if weights is None else np.array(weights, np.float64)
        self.settings_of = settings_of
        self.fresh = 1 + max(m.settings.replication for m in members) if fresh is None else fresh
        self.compact = False  # True: members are put away as snapshots between days, a third of the memory for a restore a day
        self.units: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.members)

    @classmethod
    def begin(cls, opening: Opening | Sequence[Opening], theta: Floats, settings_of: Callable[[Floats], Settings], first: int = 1) -> Ensemble:
        """Members at the opening's date: each its row of `theta`, its own draws (replications from `first` on), the same places and people.

        opening : one for all, or one a member
        """
        theta = np.atleast_2d(np.asarray(theta, np.float64))
        settings = [settings_of(row).model_copy(update={"replication": first + i, "burn_in_days": 0}) for i, row in enumerate(theta)]
        openings = [opening] * len(theta) if isinstance(opening, Opening) else list(opening)
        return cls([Member.begin(one, state) for one, state in zip(settings, openings, strict=True)], theta, None, settings_of, first + len(theta))

    @property
    def day(self) -> int:
        """Days completed."""
        return self.members[0].day

    # ---- time ------------------------------------------------------------------------------------------------
    def panels(self, days: int, threads: int = 1) -> list[Panel]:
        """Run every member `days` further days; the panels, in order. Members share nothing, so threads change no bit."""
        if threads <= 1:
            return [self._run(member, days) for member in self.members]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda member: self._run(member, days), self.members))

    def _run(self, member: Member, days: int) -> Panel:
        panel = member.advance(days)
        if self.compact:
            member.keep()
        return panel

    def advance(self, days: int, run_many: RunMany | None = None, folder: Path | None = None, threads: int = 1) -> dict[str, Floats]:
        """Run every member; series name -> (N, days), by hour (N, days, 24); NaN where a member has no such series.

        run_many : maps tasks of `members.advance_task` to their answers, in processes; `folder` is where states pass by
        """
        if run_many is None:
            panels = self.panels(days, threads)
            self.units = {name: unit for p in panels for name, unit in p.units.items()}
            return stacked([p.series | {name: p.hourly[name] for name in HOURLY} for p in panels])
        if folder is None:
            raise ValueError("processes hand states over in files: give a folder")
        folder.mkdir(parents=True, exist_ok=True)
        tasks = []
        for i, member in enumerate(self.members):
            path = folder / f"{i:05d}.before"
            head = member.save(path)
            tasks.append({**head, "path": str(path), "to": str(folder / f"{i:05d}.after"), "days": days})
        answers = [json.loads(text) for text in run_many([json.dumps(task) for task in tasks])]
        for i, (task, answer) in enumerate(zip(tasks, answers, strict=True)):
            self.members[i] = Member.read(Path(task["to"]), {"settings": answer["settings"], "known": task["known"]})
            for name in ("path", "to"):
                Path(task[name]).unlink(missing_ok=True)
        self.units = {name: unit for a in answers for name, unit in a["units"].items()}
        return stacked([{k: np.array(x, np.float64) for k, x in a["series"].items()} for a in answers])  # None becomes NaN

    def branch(self, **changes: Any) -> Ensemble:
        """A second future of every member, for a forecast or a what-if: it may run ahead, and this one stays where it is."""
        out = Ensemble([member.branch(**changes) for member in self.members], self.theta, self.weights, self.settings_of, self.fresh)
        out.compact, out.units = self.compact, dict(self.units)
        return out

    # ---- what is learnt ----------------------------------------------------------------------------------------
    def replace(self, index: Ints) -> None:
        """Member i becomes a copy of member index[i], and all count alike: the first copy keeps its draws, further ones get new draws from now on."""
        if len(index) != len(self):
            raise ValueError(f"{len(index)} numbers for {len(self)} members")
        taken: set[int] = set()
        out: list[Member] = []
        for at in (int(i) for i in index):
            if at in taken:
                out.append(self.members[at].fresh(self.fresh))
                self.fresh += 1
            else:
                out.append(self.members[at])
            taken.add(at)
        self.members, self.theta = out, self.theta[np.asarray(index, np.int64)].copy()
        self.weights = np.full(len(self), 1.0 / len(self))

    def set(self, theta: Floats) -> None:
        """Let every member go on with its row of `theta`. Raises SnapshotError where a row moves what must not."""
        theta = np.array(theta, np.float64).reshape(self.theta.shape)
        if self.settings_of is None:
            raise ValueError("without settings_of parameters cannot be told from settings")
        changed = np.flatnonzero((theta != self.theta).any(axis=1))
        made = [self.members[i].drifted(self.settings_of(theta[i])) for i in changed]
        for i, member in zip(changed, made, strict=True):
            self.members[i] = member
        self.theta = theta

    # ---- files -------------------------------------------------------------------------------------------------
    def save(self, folder: Path) -> None:
        """Write the ensemble: states first, under new names; the index last; then what no index names any more is deleted."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        step = _step_of(folder) + 1
        rows: list[dict[str, Any]] = []
        for i, member in enumerate(self.members):
            name = f"{step:06d}-{i:05d}.snapshot"
            rows.append({"file": name, **member.save(folder / name)})
        shared = rows[0]["settings"] if rows else {}
        for row in rows:  # settings are long and nearly alike: a member's are written as what differs from the first's
            row["settings"] = _difference(shared, row["settings"])
        head = {
            "version": VERSION, "step": step, "day": self.day, "fresh": self.fresh, "theta": self.theta.tolist(), "weights": self.weights.tolist(),
            "settings": shared, "members": rows,
        }  # fmt: skip
        write_text(folder / INDEX, json.dumps(head, allow_nan=False) + "\n")
        for path in _leftover(folder, {row["file"] for row in rows}):
            path.unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path, settings_of: Callable[[Floats], Settings] | None = None) -> Ensemble:
        """The ensemble of a folder; states are restored when they are asked for. Raises SnapshotError where there is none, or a newer one."""
        path = Path(folder) / INDEX
        try:
            head = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SnapshotError(f"{path} is not an ensemble of omosim: {error}") from error
        if head.get("version", 0) > VERSION:
            raise SnapshotError(f"{path} has layout {head['version']}; this omosim reads up to {VERSION}: install a newer one")
        members = [
            Member.read(Path(folder) / row["file"], {"settings": _restored(head["settings"], row["settings"]), "known": row["known"]})
            for row in head["members"]
        ]  # fmt: skip
        return cls(members, np.array(head["theta"]), np.array(head["weights"]), settings_of, int(head["fresh"]))


def stacked(rows: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    """Series -> (N, …) of all members; NaN where one has no such series."""
    like = {name: x for row in rows for name, x in row.items()}
    return {name: np.stack([row.get(name, np.full(like[name].shape, np.nan)) for row in rows]) for name in sorted(like)}


def _step_of(folder: Path) -> int:
    try:
        return int(json.loads((folder / INDEX).read_text(encoding="utf-8"))["step"])
    except (OSError, ValueError, KeyError):
        return 0


def _leftover(folder: Path, named: set[str]) -> Iterator[Path]:
    return (path for path in folder.glob("*.snapshot") if path.name not in named)


def _difference(base: Any, other: Any) -> Any:
    """What turns `base` into `other`: {"=": value}, or the keys that differ."""
    if not (isinstance(base, dict) and isinstance(other, dict)) or base.keys() != other.keys():
        return {"=": other}
    return {key: _difference(base[key], other[key]) for key in other if base[key] != other[key]}


def _restored(base: Any, change: dict[str, Any]) -> Any:
    if "=" in change:
        return change["="]
    return {key: _restored(base[key], change[key]) if key in change else base[key] for key in base}
