"""Ways of trading that a twin weighs, from short words: omo, same_day, -bopis, staff*1.5, omo+staff*1.2."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.config.errors import Problem
    from omosim.schema.scenario import ScenarioSettings
    from omosim.schema.settings import Settings, StrategySettings

AS_IT_IS = "as_it_is"
_FACTOR = re.compile(r"([a-z_]+)\*(\d+(?:\.\d+)?)")
#: what may be moved by a factor: things that a retailer decides
MOVED = ("staff", "stock", "slots", "bins", "bays", "rooms", "courier_capacity", "price", "fee", "promise", "media", "batch", "keep")
#: capabilities that bring orders to be picked up in a store
PICKUP = ("bopis", "curbside", "lockers", "reserve_and_collect", "ship_to_store", "fitting_pickup")
#: people of a store or dark store: role, number planned, number on duty
People = tuple[str, int, int]


def ways_of(words: Sequence[str], settings: Settings, day: int, *, taken: bool = False) -> dict[str, dict[str, Any]]:
    """Name -> changes of settings' groups, from `day` of the member on; the present way first.

    Parameters
    ----------
    words : each a way: parts joined by +; a strategy's name, a capability to switch on, -capability to switch it off,
        quantity*factor for staff, stock, slots and what else `MOVED` names
    settings : of the members; strategies and capabilities come in where these stand
    taken : they are in force already: what they do to people is not judged again

    Raises
    ------
    ConfigError : every word that is none of these, with what is allowed and the nearest name; a capability switched off that the
        strategy does not have; two strategies in a way, or a capability twice; a factor on staff that changes nobody, as people are whole, or
        leaves work of an open store to nobody; one on other whole figures (slots, bins) that leaves them as they are; one of 1
    """
    from omosim.api.twin_whole import changes_nothing
    from omosim.config.errors import ConfigError, Problem, nearest, show
    from omosim.config.library import Library
    from omosim.strategy import capability_names

    strategies, capabilities = Library().options("strategy"), capability_names()
    out: dict[str, dict[str, Any]] = {AS_IT_IS: {}}
    wrong: list[Problem] = []
    for word in words:
        strategy, rows, switched = "", [], {}
        for part in word.split("+"):
            moved, plain = _FACTOR.fullmatch(part), part.removeprefix("-")
            if moved and moved[1] in MOVED:
                rows.append({"what": moved[1], "times": float(moved[2]), "from_day": day})
            elif part in strategies:
                strategy = part
            elif plain in capabilities:
                switched[plain] = not part.startswith("-")
            else:
                near = nearest(plain.partition("*")[0], [*strategies, *capabilities, *MOVED])
                allowed = f"a strategy ({', '.join(strategies)}), a capability (omosim list capabilities; -NAME switches it off), or {', '.join(MOVED)} times a factor"
                wrong.append(Problem("is no way of trading", key="ways", value=show(part), near=near, allowed=allowed, cure="Write it like ways=[omo,-bopis,staff*1.5]"))
        if wrong:
            continue
        if not taken and (twice := _said_twice(word, strategies)):
            wrong.append(twice)
            continue
        if not taken and (lacking := _not_there(word, strategy, switched, settings)):
            wrong.append(lacking)
            continue
        changes: dict[str, Any] = {}
        if strategy or switched:
            changes["strategy"] = _strategy(strategy, switched, settings)
        if rows:
            changes["scenario"] = _scaled(settings, rows)
            before, after = settings.model_copy(update={k: v for k, v in changes.items() if k != "scenario"}), settings.model_copy(update=changes)
            if not taken and (wrongly := _wrong_staff(word, settings, after, day) or changes_nothing(word, before, after, day)):
                wrong.append(wrongly)
        out[word] = changes
    if wrong:
        raise ConfigError(wrong)
    return out


def _said_twice(word: str, strategies: Collection[str]) -> Problem | None:
    """What is wrong with a way that names two strategies, or a capability twice: the last would stand alone; None: nothing."""
    from omosim.config.errors import Problem, show

    names = [part.removeprefix("-") for part in word.split("+") if not _FACTOR.fullmatch(part)]
    of = [name for name in names if name in strategies]
    if len(of) > 1:
        return Problem("names more than one strategy, and a shop follows one", key="ways", value=show(word), allowed="one strategy in a way, beside capabilities and factors", cure=f"Weigh each by itself: ways=[{','.join(dict.fromkeys(of))}]")
    again = next((name for name in names if names.count(name) > 1), None)
    return None if again is None else Problem(f"says more than once whether it has {again}", key="ways", value=show(word), allowed="each capability once, NAME or -NAME", cure="Leave one of them out")


def _not_there(word: str, strategy: str, switched: Mapping[str, bool], settings: Settings) -> Problem | None:
    """What is wrong with a way that switches off what its strategy does not have; None: nothing. strategy : "" the present one"""
    from omosim.config.errors import Problem, nearest, show

    of = _strategy(strategy, {}, settings) if strategy else settings.strategy
    has = sorted(name for name, row in of.capabilities.items() if row.enabled)
    gone = next((name for name, on in switched.items() if not on and name not in has), None)
    if gone is None:
        return None
    present = "" if strategy else ", the present way,"
    return Problem(f"switches off what {of.name}{present} does not have", key="ways", value=show(f"-{gone}"), near=nearest(gone, has),
                   allowed=f"-NAME of what it has: {', '.join(has) or 'nothing'}", cure=f"Leave -{gone} out{f' of {show(word)}' if '+' in word else ''}")  # fmt: skip


def _scaled(settings: Settings, rows: Sequence[Mapping[str, Any]]) -> ScenarioSettings:
    """The settings' scenario with further changes."""
    from omosim.schema.scenario import Intervention

    scenario = settings.scenario
    return scenario.model_copy(update={"interventions": [*scenario.interventions, *map(Intervention.model_validate, rows)]})


# ---- whole people -----------------------------------------------------------------------------------------------
def people_on(settings: Settings, day: int) -> list[People]:
    """People on duty in stores and dark stores on a day of the measured window after dated changes, stores that are alike once.

    A store's own changes and each number of a roster stand by themselves; the model rounds them as `staff_on` does.
    """
    return [row[:3] for row in _people(settings, day)]


def _people(settings: Settings, day: int) -> list[tuple[str, int, int, float]]:
    """Rows of `people_on`, each with the number that was asked for, not rounded."""
    from math import prod

    from omosim.model.watch import dated, staff_on
    from omosim.schema.operations import Roster

    stores, dark, at = settings.network.stores, settings.network.dark_stores, day + settings.burn_in_days
    plain = {"pickers": {stores.pickers}, "counter": {stores.counter, stores.counter + stores.peak_extra}}
    weeks = stores.roster.stores if isinstance(stores.roster, Roster) else {}
    alike: dict[tuple[Any, ...], list[tuple[str, int, int, float]]] = {}  # stores with the same shifts and changes, once
    for name in [*(f"S{n:02d}" for n in range(1, stores.count + 1)), *(f"D{n:02d}" for n in range(1, dark.count + 1))]:
        shifts = "dark" if name[0] == "D" else name if name in weeks else "*"
        key = shifts, *(n for n, row in enumerate(settings.scenario.interventions) if row.what == "staff" and name in row.stores)
        if key in alike:
            continue
        planned = {"dark store pickers": {dark.pickers}} if name[0] == "D" else plain
        if name[0] == "S" and weeks:
            planned = {role: {int(move.split("=")[1]) for moves in getattr(weeks[shifts], role) for move in moves.split()} for role in plain}
        rows = dated(settings, "staff", name, at)
        times = None if any(row.times is None for row in rows) else prod(row.times for row in rows if row.times is not None)  # None: a number was set
        alike[key] = [(role, n, on, on if times is None else n * times) for role, numbers in planned.items() for n in sorted(numbers - {0}) for on in (staff_on(settings, name, n, at),)]
    return [row for rows in alike.values() for row in rows]


def people_changed(before: Settings, after: Settings, day: int) -> list[dict[str, Any]]:
    """Rows role, planned, before, after, asked (the product, where it is not whole) of the people that a way changes on its day; none where it leaves them as they are."""
    pairs = zip(_people(before, day), _people(after, day), strict=True)
    rows = [{"role": role, "planned": planned, "before": was, "after": now, **({"asked": round(asked, 9)} if abs(asked - now) > 1e-9 else {})} for (role, planned, was, _), (_, _, now, asked) in pairs]
    return [row for n, row in enumerate(rows) if row not in rows[:n]] if any(row["before"] != row["after"] for row in rows) else []


def people_words(way: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """What a way does to people, in words: `staff*1.5 in whole people of a store: pickers 1 to 2 (1.5 asked for)`."""
    said = list(dict.fromkeys(f"{row['role']} {row['before']} to {row['after']}{f' ({row["asked"]:g} asked for)' if 'asked' in row else ''}" for row in rows))
    return f"{way} in whole people of a store: {', '.join(said[:_SHOWN])}{f' and {len(said) - _SHOWN} more' if len(said) > _SHOWN else ''}"


_SHOWN = 8  # roles and numbers of a sentence


def _wrong_staff(word: str, before: Settings, after: Settings, day: int) -> Problem | None:
    """What is wrong with a way's factors on staff: they change nobody, or leave nobody at work that somebody does; None: nothing, or no such factor."""
    from omosim.config.errors import Problem, show

    parts = [part for part in word.split("+") if part.startswith("staff*")]
    people = people_on(before, day)
    if not parts:
        return None
    value = show("+".join(parts))
    if not people:
        return Problem("changes nobody: stores have nobody planned", key="ways", value=value, allowed="staff times a factor where stores have people",
                       cure="Leave it out, or make the twin with network.stores.pickers and counter; people of the centre are network.work.centre_pickers")  # fmt: skip
    rows = [(role, was, now) for (role, _, was), (_, _, now) in zip(people, people_on(after, day), strict=True)]
    if all(now and was != now for _, was, now in rows):
        return None
    more, fewer = _least_factors(before, people, day)
    allowed = f"staff times {more:g} or more{f', or {fewer:g} or less that leaves somebody' if fewer else ''}"
    there = ", ".join(dict.fromkeys(f"{role} {was}" for role, was, _ in rows))
    if gone := [role for role, was, now in rows if was and not now]:
        return Problem(f"leaves no {gone[0]} in a store that is open (people now: {there})", key="ways", value=value, allowed=f"factors that leave one of each; {allowed}",
                       cure="To weigh a store's closing, run the market with a scenario of what: store_open, set: 0")  # fmt: skip
    if all(was == now for _, was, now in rows):
        return Problem(f"changes nobody, as people are whole (people now: {there})", key="ways", value=value, allowed=allowed, cure=f"The least factor that changes them is {more:g}: write staff*{more:g}")
    return None


def _least_factors(settings: Settings, people: Sequence[People], day: int) -> tuple[float, float]:
    """The least factor above 1, to hundredths, that adds somebody, and the greatest below that takes somebody away and leaves one of each; 0: none does."""
    def after(hundredths: int) -> list[int]:
        row = {"what": "staff", "times": hundredths / 100, "from_day": day}
        return [now for _, _, now in people_on(settings.model_copy(update={"scenario": _scaled(settings, [row])}), day)]

    was = [now for _, _, now in people]
    more = next((n for n in range(101, 2000) if after(n) != was), 2000)
    fewer = next((n for n in range(99, 0, -1) if after(n) != was), 0)
    return more / 100, fewer / 100 if fewer and all(now or not before for before, now in zip(was, after(fewer), strict=True)) else 0.0


#: what capabilities ask of the network, and stands in none unless it is given
_PLACES = ("points.lockers", "points.points", "dark_stores.count", "outsourced.count", "operations.slot_minutes", "operations.slot_orders",
           "fitting.alterable", "fitting.alter_minutes", "fitting.unwanted")  # fmt: skip


def _strategy(name: str, switched: Mapping[str, bool], settings: Settings) -> StrategySettings:
    """A strategy by name with capabilities switched; ConfigError where they cannot go together or the network of `settings` lacks what they need.

    name : "" the present one, with what is switched in it already. What is the retailer's own in levels of the present one (fitted,
    or told) goes along to any other.
    """
    from operator import attrgetter

    from omosim.config.library import Library

    present = settings.strategy
    places = tuple((key, value) for key in _PLACES if (value := attrgetter(key)(settings.network)))
    file = _composed(present.name, (), places) if present.name in Library().options("strategy") else present
    was = {n: row.enabled for n, row in file.capabilities.items()}
    now = {n: row.enabled for n, row in present.capabilities.items()}
    apart = {} if name else {n: now.get(n, False) for n in {*was, *now} if now.get(n, False) != was.get(n, False)}
    made = _composed(name or present.name, tuple(sorted({**apart, **switched}.items())), places)
    rows = dict(made.capabilities)
    for n, mine in present.capabilities.items():
        theirs = file.capabilities.get(n)
        own = {} if theirs is None else {key: value for key, value in mine.levels.items() if theirs.levels.get(key) != value}
        if own and n in rows:
            rows[n] = rows[n].model_copy(update={"levels": {**rows[n].levels, **own}})
    return made if rows == made.capabilities else made.model_copy(update={"capabilities": rows})


@lru_cache(maxsize=64)
def _composed(name: str, switched: tuple[tuple[str, bool], ...] = (), places: tuple[tuple[str, Any], ...] = ()) -> StrategySettings:
    """A strategy of the library with capabilities switched, in a network with these places; each is read once."""
    from omosim.config.compose import compose

    words = [f"strategy.capabilities.{capability}={str(on).lower()}" for capability, on in switched]
    words += [f"network.{key}={value}" for key, value in places]
    return compose("run", [f"strategy={name}", *words]).settings.strategy


# ---- the present way ------------------------------------------------------------------------------------------
def present_on(head: Mapping[str, Any], day: str) -> dict[str, Any]:
    """What the present way is on an ISO day: row of `present` of `twin.json` (from, ways in the order in which they were taken); from "" and no ways where the twin trades as it was made."""
    rows = [row for row in head.get("present", ()) if row["from"] <= day]
    return dict(rows[-1]) if rows else {"from": "", "ways": []}


def has_pickup(strategy: StrategySettings) -> bool:
    """Whether a strategy brings orders to be picked up in a store."""
    return any(strategy.capabilities[name].enabled for name in PICKUP if name in strategy.capabilities)


def with_ways(settings: Settings, words: Sequence[str]) -> Settings:
    """The settings with ways taken one after another, each on what the one before it left.

    A factor on staff that changed nobody, of a decision from before such were refused, was never applied and adds to none after it.
    """
    for word in words:
        bare = "+".join(part for part in word.split("+") if not part.startswith("staff*"))
        changed = settings.model_copy(update=ways_of([word], settings, 0, taken=True)[word])
        if len(bare) < len(word) and not people_changed(settings, changed, 0):
            changed = settings.model_copy(update=ways_of([bare], settings, 0, taken=True)[bare]) if bare else settings
        settings = changed
    return settings
