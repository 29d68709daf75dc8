"""One whole model of a retailer, run beside the retailer: it advances, branches, and follows parameters that move."""

from __future__ import annotations

from typing import Any

import numpy as np

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


class Member:
    """A model that goes on from day to day.

    Parameters
    ----------
    model : at the end of a day
    known : shoppers who were customers before it began, the first ones
    """

    def __init__(self, model: RetailModel, known: int) -> None:
        self.model, self.known = model, known

    @classmethod
    def begin(cls, settings: Settings, opening: Opening) -> Member:
        """A member at the first second of the opening's date, with its own draw of what is hidden."""
        return cls(RetailModel(settings, opening.start(settings)), len(opening))

    @property
    def settings(self) -> Settings:
        """Those it runs with from here on."""
        return self.model.settings

    @property
    def day(self) -> int:
        """Days completed."""
        return self.model.day

    def goodwill(self) -> Floats:
        """(known,) goodwill of known customers now, share of price."""
        who = self.model.journeys.shoppers[: self.known]
        passed = self.model.clock.now - who["updated"].astype(np.float64)
        memory = self.settings.market.goodwill.memory_weeks * 7 * 86_400
        return np.asarray(who["goodwill"] * np.exp(-passed / memory), np.float64)

    def advance(self, days: int) -> Panel:
        """Run `days` further days and say what came of them, as far as it has come; a member that reaches its end is made longer."""
        first = self.day
        empty = self.run(days)
        return self.panel(first, empty)

    def run(self, days: int) -> Floats:
        """Run `days` further days; (days,) share of what stores carry that was gone at each day's end."""
        first = self.day
        if first + days > self.settings.burn_in_days + self.settings.days:
            self.model = self.branch(days=first + days + MORE_DAYS).model
        empty = np.full(days, np.nan)
        for i in range(days):
            self.model.step()
            empty[i] = empty_share(self.model)
        return empty

    def panel(self, first: int, empty: Floats) -> Panel:
        """What has come by now of the days from `first` on; empty : of `run`, a figure a day."""
        panel = panel_of_run(self.model, first, first + empty.size, self.known)
        panel.series["stockout_share"] = empty
        return panel

    # ---- other futures from here -----------------------------------------------------------------------------
    def branch(self, **changes: Any) -> Member:
        """A second future from this moment with the same past, bit for bit; `changes` are of strategy, scenario or days."""
        return Member(RetailModel.restore(self.settings.model_copy(update=changes), self.model.snapshot()), self.known)

    def drifted(self, settings: Settings) -> Member:
        """The member as it goes on with other parameters: those of `omosim.model.drift.MOVES`, any other is refused (SnapshotError)."""
        kept = {name: getattr(self.settings, name) for name in ("days", "burn_in_days", "replication", "engine", "output")}
        settings = whole_run(settings.model_copy(update=kept))
        if not moved(self.settings, settings):
            return self
        check_moves(self.settings, settings)
        return Member(RetailModel.restore(settings, self.model.snapshot(), self.settings), self.known)
