"""One whole model of a retailer, run beside the retailer: it advances, is kept, branches, and follows parameters that move."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omosim.engine.snapshot import Snapshot
from omosim.model.drift import check_moves, moved
from omosim.model.retail import RetailModel
from omosim.schema.settings import Settings
from omosim.twin.history import Floats
from omosim.twin.opening import Opening
from omosim.twin.panel import Panel
from omosim.twin.runpanel import empty_share, panel_of_run
from omosim.world.interventions import whole_run

#: days by which a member's length grows at least when it reaches its end
MORE_DAYS = 91
#: series that an ensemble gives by hour
HOURLY = ("pickup_load",)
#: texts of tasks in, texts of answers out, in order; a pool of processes of whoever calls
RunMany = Callable[[list[str]], Sequence[str]]


class Member:
    """A model that goes on from day to day; it lives as a model, or kept as a snapshot until it is asked for again.

    Parameters
    ----------
    settings : those it runs with from here on
    known : shoppers who were customers before it began, the first ones
    model, kept : one of both
    before : settings with which `kept` was taken, where they were others
    """

    def __init__(self, settings: Settings, known: int, model: RetailModel | None = None, kept: Snapshot | None = None, before: Settings | None = None) -> None:
        if (model is None) == (kept is None):
            raise ValueError("a member is a model or a snapshot")
        self.settings, self.known = settings, known
        self._model, self._kept, self._before = model, kept, before

    @classmethod
    def begin(cls, settings: Settings, opening: Opening) -> Member:
        """A member at the first second of the opening's date, with its own draw of what is hidden."""
        model = RetailModel(settings, opening.start(settings))
        return cls(model.settings, len(opening), model)

    @property
    def model(self) -> RetailModel:
        """The model itself, restored if it was put away."""
        if self._model is None:
            assert self._kept is not None
            self._model = RetailModel.restore(self.settings, self._kept, self._before)
            self._kept = self._before = None
        return self._model

    @property
    def day(self) -> int:
        """Days completed."""
        return int(self._kept.head["second"]) // 86_400 if self._kept is not None else self.model.day

    def goodwill(self) -> Floats:
        """(known,) goodwill of known customers now, share of price."""
        model = self.model
        who = model.journeys.shoppers[: self.known]
        passed = model.clock.now - who["updated"].astype(np.float64)
        memory = model.settings.market.goodwill.memory_weeks * 7 * 86_400
        return np.asarray(who["goodwill"] * np.exp(-passed / memory), np.float64)

    def keep(self) -> Member:
        """Put the model away as a snapshot, which takes less memory; returns itself."""
        if self._model is not None:
            self._kept = self._model.snapshot()
            self._model = None
        return self

    def snapshot(self) -> Snapshot:
        """The state at the end of the present day, as copies."""
        return self._kept if self._kept is not None and self._before is None else self.model.snapshot()

    def advance(self, days: int) -> Panel:
        """Run `days` further days and say what came of them; a member that reaches its end is made longer."""
        first = self.day
        if first + days > self.settings.burn_in_days + self.settings.days:
            self._take(self.branch(days=first + days + MORE_DAYS))
        model = self.model
        empty = np.full(days, np.nan)
        for i in range(days):
            model.step()
            empty[i] = empty_share(model)
        panel = panel_of_run(model, first, first + days, self.known)
        panel.series["stockout_share"] = empty
        return panel

    def _take(self, other: Member) -> None:
        self.settings, self._model, self._kept, self._before = other.settings, other._model, other._kept, other._before

    # ---- other futures from here -----------------------------------------------------------------------------
    def branch(self, **changes: Any) -> Member:
        """A second future from this moment with the same past, bit for bit; `changes` are of strategy, scenario or days."""
        settings = self.settings.model_copy(update=changes)
        model = RetailModel.restore(settings, self.snapshot())
        return Member(model.settings, self.known, model)

    def drifted(self, settings: Settings) -> Member:
        """The member as it goes on with other parameters: those of `omosim.model.drift.MOVES`, any other is refused."""
        settings = settings.model_copy(update={name: getattr(self.settings, name) for name in ("days", "burn_in_days", "replication", "engine", "output")})
        return self._moved(settings)

    def fresh(self, replication: int) -> Member:
        """The same past with other draws from now on: needs already under way stay, all that is drawn later is drawn anew."""
        return self._moved(self.settings.model_copy(update={"replication": replication}))

    def _moved(self, settings: Settings) -> Member:
        """The member with other settings from now on; they are checked here, and followed when the model is asked for."""
        settings = whole_run(settings)
        if not moved(self.settings, settings):
            return self
        check_moves(self.settings, settings)
        if self._kept is not None:
            return Member(settings, self.known, kept=self._kept, before=self._before or self.settings)
        return Member(settings, self.known, kept=self.snapshot(), before=self.settings)

    # ---- files -------------------------------------------------------------------------------------------------
    def save(self, path: Path) -> dict[str, Any]:
        """Write the state as one file, whole or not at all; returns what `read` needs beside it."""
        self.snapshot().save(path)
        return {"settings": self.settings.model_dump(mode="json"), "known": self.known}

    @classmethod
    def read(cls, path: Path, head: dict[str, Any]) -> Member:
        """A member from its file; SnapshotError where it is none, or one of other settings when it is first asked."""
        return cls(Settings.model_validate(head["settings"]), int(head["known"]), kept=Snapshot.read(path))


def advance_task(text: str) -> str:
    """Entry of a worker process: {"path", "to", "settings", "known", "days"} in, the days' series out; the state goes from file to file."""
    task = json.loads(text)
    member = Member.read(Path(task["path"]), task)
    panel = member.advance(int(task["days"]))
    head = member.save(Path(task["to"]))
    series = {name: [None if np.isnan(v) else v for v in x.tolist()] for name, x in panel.series.items()}
    series |= {name: panel.hourly[name].tolist() for name in HOURLY}
    return json.dumps({"settings": head["settings"], "series": series, "units": panel.units}, allow_nan=False)
