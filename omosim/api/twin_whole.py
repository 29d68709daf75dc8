"""Whole things of stores that a way moves by a factor (slots, bins, trips, couriers' parcels): what was asked, and what the model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from omosim.config.errors import Problem
    from omosim.schema.settings import Settings

#: quantity of a way -> the setting under which it is planned
PLANNED = {
    "slots": "network.operations.slot_orders", "bins": "network.operations.shelf_bins", "bays": "network.operations.curbside_bays", "rooms": "network.operations.fitting_rooms",
    "keep": "network.operations.keep_units", "batch": "network.operations.batch_orders", "courier_capacity": "network.carrier.wave_capacity",
}  # fmt: skip
_MOST = 2000  # hundredths up to which a factor is looked for


class Whole(NamedTuple):
    """A whole figure of a store: planned, times the factors of all dated changes, and as the model takes it."""

    planned: int
    times: float
    taken: int

    @property
    def asked(self) -> float:
        """The product, not rounded."""
        return self.planned * self.times


def whole_on(settings: Settings, what: str, day: int) -> list[Whole]:
    """A quantity of `PLANNED` in stores on a day of the measured window after dated changes, stores that are alike once.

    Rounded as `World.capacities` and `World.refresh_policy` do. Oracle: tests/twin/test_whole.py.
    """
    from omosim.model.watch import dated

    planned = _planned(settings, what)
    names = [f"S{n:02d}" for n in range(1, settings.network.stores.count + 1)]
    out = []
    changes = (dated(settings, what, name, day + settings.burn_in_days) for name in names)
    for rows in {tuple(id(row) for row in own): own for own in changes}.values():
        times, fixed = 1.0, -1
        for row in rows:
            if row.times is not None:
                times *= row.times
            elif what == "courier_capacity":
                times = (row.set or 0.0) / max(1, settings.network.carrier.wave_capacity)
            else:
                fixed = round(row.set or 0)
        if fixed >= 0:
            out.append(Whole(fixed, 1.0, fixed))
        else:
            out.append(Whole(planned, times, _taken(what, planned, times)))
    return list(dict.fromkeys(out))


def _planned(settings: Settings, what: str) -> int:
    """What a store has of it before dated changes; 0: none, or as many as are needed."""
    how, carrier = settings.network.operations, settings.network.carrier
    if what == "courier_capacity":
        row = settings.strategy.capabilities.get("same_day")
        return round(carrier.wave_capacity * row.levels["capacity"]) if row is not None and row.enabled else 0
    if what == "slots":
        return how.slot_orders if how.slot_minutes else 0
    return int(getattr(how, PLANNED[what].rpartition(".")[2]))


def _taken(what: str, planned: int, times: float) -> int:
    """The product as the model takes it: the half up; to even for couriers; at least one of what is none only where it stands for as many as needed."""
    if what == "courier_capacity":
        return round(planned * times)
    taken = int(planned * times + 0.5)
    return max(taken, int(planned > 0)) if what in ("bins", "bays", "rooms") else taken


def moved_by(word: str) -> list[str]:
    """The quantities of `PLANNED` that a way moves."""
    return [what for what in PLANNED if any(part.startswith(f"{what}*") for part in word.split("+"))]


def rounded_words(word: str, after: Settings, day: int) -> list[str]:
    """Where the model does not take the product that a way asks for: `slots*1.1 in whole numbers: slots 7 × 1.1 = 7.7, taken as 8`."""
    return [f"{word} in whole numbers: {what} {row.planned} × {row.times:g} = {row.asked:g}, taken as {row.taken}"
            for what in moved_by(word) for row in whole_on(after, what, day) if abs(row.asked - row.taken) > 1e-9]  # fmt: skip


def changes_nothing(word: str, before: Settings, after: Settings, day: int) -> Problem | None:
    """What is wrong with a way's factors but those on staff: one leaves every store's whole figures as they are, or is 1; None: nothing is, or no such factor.

    before : the settings with the way's strategy and without its factors
    """
    from omosim.config.errors import Problem, show

    rest: dict[str, float] = {}
    for what, star, times in (part.partition("*") for part in word.split("+")):
        if star and what != "staff" and what not in PLANNED:
            rest[what] = rest.get(what, 1.0) * float(times)
    if same := next((what for what, times in rest.items() if abs(times - 1) < 1e-9), ""):
        value = show("+".join(part for part in word.split("+") if part.startswith(f"{same}*")))
        return Problem(f"changes nothing: {same} times 1", key="ways", value=value, allowed=f"{same} times a factor other than 1", cure=f"Leave it out, or write {same}*1.1")
    for what in moved_by(word):
        was, now = whole_on(before, what, day), whole_on(after, what, day)
        if [row.taken for row in was] != [row.taken for row in now]:
            continue
        value = show("+".join(part for part in word.split("+") if part.startswith(f"{what}*")))
        if not any(row.planned for row in was):
            why = "couriers drive for same_day, which is off" if what == "courier_capacity" and before.network.carrier.wave_capacity else f"stores have no number of them ({PLANNED[what]})"
            cure = "Leave it out, or weigh it with same_day" if "same_day" in why else f"Leave it out, or make the twin with {PLANNED[what]}=N"
            return Problem(f"changes nothing: {why}", key="ways", value=value, allowed=f"{what} times a factor where stores have them", cure=cure)
        more = next((n / 100 for n in range(101, _MOST) if any(_taken(what, row.planned, row.times * n / 100) != row.taken for row in was)), _MOST / 100)
        said = "; ".join(dict.fromkeys(f"{row.planned} × {row.times:g} = {row.asked:g}, taken as {row.taken}" for row in now))
        return Problem(f"changes nothing, as {what} are whole: {said}", key="ways", value=value, allowed=f"{what} times {more:g} or more, or a factor that takes one away", cure=f"The least factor that adds one is {more:g}: write {what}*{more:g}")
    return None
