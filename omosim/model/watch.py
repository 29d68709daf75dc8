"""What ought to happen, written down beside the run: the roster and the stock feed.

Nothing here reads what the processes of the run did. The roster follows from the settings and the scenario's dated
changes, the feed's times from the period that the policy asks for; the laws L2, L6 and L9 compare.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from omosim.schema.columns import DAY, HOUR
from omosim.schema.network import COUNTER, N_ROLES, PICKING
from omosim.schema.settings import Settings

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel


def second_of(text: str) -> int:
    """Second of the day of "HH:MM"."""
    return int(text[:2]) * HOUR + int(text[3:]) * 60


def stores_today(settings: Settings, names: list[str], trading: np.ndarray, day: int) -> list[tuple[bool, float, int]]:
    """Of each node but the centre: whether it trades on a day of the run, factor on its staff, fixed staff or -1."""
    out = []
    for name, open_before in zip(names[1:], trading[1:].tolist(), strict=True):
        trades, factor, fixed = open_before, 1.0, -1
        for change in settings.scenario.interventions:
            begun = change.from_day <= day - settings.burn_in_days
            over = change.to_day is not None and day - settings.burn_in_days >= change.to_day
            if not begun or over or (change.stores and name not in change.stores):
                continue
            if change.what == "store_open":
                trades = change.set == 1
            elif change.what == "staff" and change.times is not None:
                factor *= change.times
            elif change.what == "staff":
                fixed = round(change.set or 0)
        out.append((trades, factor, fixed))
    return out


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
        self.store_days = np.zeros(1, np.int64)  # trading stores x measured days
        self.feed_due = self.cells_due = 0  # second of the next publication; of the next look at its cells
        self.feed_wrong = 0  # seconds and cells by which the feed was wrong so far

    def day_over(self, day: int) -> None:
        """Write down the staff that a day asked for, and its trading stores where the day is measured."""
        stores, work = self.settings.network.stores, self.settings.network.work
        doors = second_of(stores.closes) - second_of(stores.opens)
        busy = second_of(stores.peak_to) - second_of(stores.peak_from)
        people, all_of_them = self.settings.shoppers, self.settings.market.cost_basis_shoppers
        part = round(Fraction(work.centre_pickers * min(people, all_of_them), all_of_them))
        self.roster[0] += (part or min(work.centre_pickers, 1)) * DAY
        today = stores_today(self.settings, self.names, self.trading, day)
        for node, (trades, factor, fixed) in enumerate(today, start=1):
            if not trades:
                continue
            pickers, counter, peak = (
                fixed if fixed >= 0 else int(planned * factor + 0.5)
                for planned in (stores.pickers, stores.counter, stores.counter + stores.peak_extra)
            )
            self.roster[N_ROLES * node + PICKING] += pickers * doors
            self.roster[N_ROLES * node + COUNTER] += counter * (doors - busy) + peak * busy
        if 0 <= day - self.settings.burn_in_days < self.settings.days:
            self.store_days += sum(trades for trades, *_ in today)

    def look_at_feed(self, model: RetailModel) -> None:
        """After the coarse events of an instant: was the feed published when it was due, and, at times, whole?"""
        now = model.clock.now
        while self.feed_due <= now:
            due, stock = self.feed_due, model.world.stock
            self.feed_due = due + (DAY if due >= model.window_end else int(model.world.policy.publish_s))
            self.feed_wrong += abs(stock.published_at - due)
            if due == now and due >= self.cells_due:
                self.feed_wrong += int(np.count_nonzero(model.journeys.scene.published != np.maximum(stock.record, 0)))
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
