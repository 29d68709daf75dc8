"""What ought to happen, written down beside the run: the roster and the stock feed.

Nothing here reads what the processes of the run did. The roster follows from the settings and the scenario's dated
changes, the feed's times from the period that the policy asks for; the laws L2, L6 and L9 compare.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import COUNTER, DESK, N_ROLES, PICKING
from omosim.schema.operations import Roster
from omosim.schema.scenario import Intervention
from omosim.schema.settings import Settings

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel


QUARTER = 900


def second_of(text: str) -> int:
    """Second of the day of "HH:MM"."""
    return int(text[:2]) * HOUR + int(text[3:]) * 60


def dated(settings: Settings, what: str, name: str, day: int) -> list[Intervention]:
    """The changes of a quantity that hold for a store on a day of the run."""
    day -= settings.burn_in_days
    return [
        c for c in settings.scenario.interventions
        if c.what == what and c.from_day <= day and (c.to_day is None or day < c.to_day) and (not c.stores or name in c.stores)
    ]  # fmt: skip


def trades_on(settings: Settings, name: str, before: bool, day: int) -> bool:
    """Whether a store trades on a day; `before`: whether it does where no dated change holds."""
    rows = dated(settings, "store_open", name, day)
    return rows[-1].set == 1 if rows else before


def pays_rent(settings: Settings, name: str, before: bool, day: int) -> bool:
    """Whether a store trades, or was closed on a day by a dated change and is to open again within the measured window."""
    if trades_on(settings, name, before, day):
        return True
    told = dated(settings, "store_open", name, day) or any(trades_on(settings, name, before, early) for early in range(day))
    rest = range(day + 1, settings.burn_in_days + settings.days)
    return bool(told) and any(trades_on(settings, name, before, later) for later in rest)


def staff_on(settings: Settings, name: str, planned: int, day: int) -> int:
    """People on duty of the planned number after dated changes."""
    people, fixed = 1.0, -1
    for change in dated(settings, "staff", name, day):
        people, fixed = (people, round(change.set or 0)) if change.times is None else (people * change.times, fixed)
    return fixed if fixed >= 0 else int(planned * people + 0.5)


class Watch:
    """Running record of what ought to have happened, one of a run.

    Parameters
    ----------
    settings : the run's settings
    names : names of the nodes, the centre first
    trading : (N,) bool, stores in business before dated changes
    """

    def __init__(self, settings: Settings, names: list[str], trading: np.ndarray) -> None:
        self.settings, self.names, self.trading = settings, names, trading.copy()
        self.roster = np.zeros(N_ROLES * len(names) + 1, np.int64)  # staff seconds by station up to the last midnight
        self.store_days = np.zeros(3, np.int64)  # measured days for which stores, dark stores, points and lockers pay rent
        self.feed_due = self.cells_due = 0  # second of the next publication; of the next look at its cells
        self.feed_wrong = 0  # seconds and cells by which the feed was wrong so far

    def day_over(self, day: int, working: np.ndarray, dark: bool) -> None:
        """Write down the staff that a day asked for, and who pays rent where the day is measured.

        Parameters
        ----------
        day : day of the run that is over
        working : (N,) bool, nodes beside the stores that the policy of the day has at work
        dark : whether that policy has dark stores
        """
        stores, work = self.settings.network.stores, self.settings.network.work
        doors = second_of(stores.closes) - second_of(stores.opens)
        busy = second_of(stores.peak_to) - second_of(stores.peak_from)
        people, all_of_them = self.settings.shoppers, self.settings.market.cost_basis_shoppers
        part_of_all = Fraction(min(people, all_of_them), all_of_them)
        part = round(work.centre_pickers * part_of_all)
        self.roster[0] += (part or min(work.centre_pickers, 1)) * DAY
        how = self.settings.network.operations
        at_desk = how.desk if not how.pooled_staff else 0
        rented = [0, 0]
        weekday = (date.fromisoformat(self.settings.market.start_date) + timedelta(days=day)).weekday()
        block = [(stores.pickers, stores.counter, doors - busy), (stores.pickers, stores.counter + stores.peak_extra, busy)]
        for node, name in enumerate(self.names):
            if name[0] == "D" and name != "DC" and dark:
                first = [c.set for c in self.settings.scenario.interventions if c.what == "store_open" and name in c.stores][:1]
                rented[1] += pays_rent(self.settings, name, first != [1], day)
            if name[0] != "S":
                continue
            before = bool(self.trading[node])
            rented[0] += pays_rent(self.settings, name, before, day)
            if not trades_on(self.settings, name, before, day):
                continue
            at = N_ROLES * node
            for planned_pickers, planned_counter, seconds in self._blocks(name, weekday) or block:
                pickers, counter = (staff_on(self.settings, name, planned, day) for planned in (planned_pickers, planned_counter))
                self.roster[at + (COUNTER if how.pooled_staff else PICKING)] += pickers * seconds
                self.roster[at + COUNTER] += counter * seconds
                self.roster[at + DESK] += at_desk * seconds * (counter > 0)
        self._further_over(day, working, part_of_all)
        if 0 <= day - self.settings.burn_in_days < self.settings.days:
            points = sum(on for name, on in zip(self.names, working.tolist(), strict=True) if name[0] in "PL")
            self.store_days += [*rented, points]

    def _blocks(self, name: str, weekday: int) -> list[tuple[int, int, int]]:
        """Pickers, people at the counter and seconds of each quarter hour's part of the opening hours; empty without a roster."""
        stores = self.settings.network.stores
        if not isinstance(stores.roster, Roster):
            return []
        week = stores.roster.stores[name if name in stores.roster.stores else "*"]
        told = [dict(word.split("=") for word in days[weekday].split()) for days in (week.pickers, week.counter)]
        doors, people, out = (second_of(stores.opens), second_of(stores.closes)), ["0", "0"], []
        for begin in range(0, DAY, QUARTER):
            clock = f"{begin // HOUR:02d}:{begin % HOUR // 60:02d}"
            people = [moves.get(clock, before) for moves, before in zip(told, people, strict=True)]
            inside = max(0, min(begin + QUARTER, doors[1]) - max(begin, doors[0]))
            out.append((int(people[0]), int(people[1]), inside))
        return out

    def _further_over(self, day: int, working: np.ndarray, part_of_all: Fraction) -> None:
        """Add the people of dark stores and outsourced nodes that worked on a day."""
        dark, others = self.settings.network.dark_stores, self.settings.network.outsourced
        doors = second_of(dark.closes) - second_of(dark.opens)
        for node, name in enumerate(self.names):
            if name[0] == "D" and name != "DC" and working[node]:
                self.roster[N_ROLES * node + PICKING] += staff_on(self.settings, name, dark.pickers, day) * doors
            elif name[0] == "X" and working[node]:
                self.roster[N_ROLES * node + PICKING] += max(round(others.pickers * part_of_all), 1) * DAY

    def look_at_feed(self, model: RetailModel) -> None:
        """After the coarse events of an instant: was the feed published when it was due, and, at times, whole?"""
        now = model.clock.now
        while self.feed_due <= now:
            due, stock = self.feed_due, model.world.stock
            self.feed_due = due + (DAY if due >= model.window_end else int(model.world.policy.publish_s))
            self.feed_wrong += abs(stock.published_at - due)
            if due == now and due >= self.cells_due:
                nodes = model.world.nodes
                shown = np.where(nodes["shut"][:, None] > 0, 0, np.maximum(stock.record - nodes["keep"][:, None] - stock.promised, 0))
                self.feed_wrong += int(np.count_nonzero(model.journeys.scene.published != shown))
                self.cells_due = due + DAY + HOUR  # another hour every day

    # ---- snapshot -------------------------------------------------------------------------------------------
    def state(self) -> dict[str, np.ndarray]:
        """What changes, as copies of arrays."""
        feed = np.array([self.feed_due, self.cells_due, self.feed_wrong], np.int64)
        return {"roster": self.roster.copy(), "store_days": self.store_days.copy(), "feed": feed}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over arrays given by `state`."""
        self.roster[...], self.store_days[...] = state["roster"], state["store_days"]
        self.feed_due, self.cells_due, self.feed_wrong = state["feed"].tolist()
