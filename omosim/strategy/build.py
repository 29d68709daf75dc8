"""From a set of capability levels to the policy in force: check all, then apply each in the registry's order."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from omosim.schema.codes import Entry, Flow
from omosim.schema.columns import BOXES_FULL
from omosim.schema.operations import Roster
from omosim.schema.scenario import AUDIENCE, OF_CAPABILITY
from omosim.schema.settings import Settings, informs
from omosim.schema.strategy import CapabilityLevel, StrategySettings
from omosim.strategy.capability import Capability, Context, offer
from omosim.strategy.errors import BadLevel, IncompatibleCapabilities, StrategyError, UnknownCapability
from omosim.strategy.registry import capability, capability_names
from omosim.world.audiences import narrows
from omosim.world.policy import LevelMove, Policy

YEAR_DAYS = 365


def enabled(strategy: StrategySettings) -> list[str]:
    """Names of the capabilities that are on, in the registry's order; unknown names are left out."""
    return [n for n in capability_names() if n in strategy.capabilities and strategy.capabilities[n].enabled]


def check_strategy(strategy: StrategySettings) -> list[StrategyError]:
    """Every problem of a strategy: unknown capabilities and levels, ranges, requires and excludes."""
    found: list[StrategyError] = []
    on = enabled(strategy)
    for name, row in strategy.capabilities.items():
        try:
            found += _level_problems(capability(name), row)
        except UnknownCapability as error:
            found.append(error)
    for name in on:
        found += _company_problems(capability(name), on, strategy.name)
    return found


def _level_problems(kind: Capability, row: CapabilityLevel) -> list[StrategyError]:
    known = {level.name: level for level in kind.levels}
    found: list[StrategyError] = []
    for name, value in row.levels.items():
        place = f"strategy.capabilities.{kind.name}.levels.{name}"
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            has = f"it has {', '.join(known)}" if known else "it has none"
            hint = f" Did you mean '{near[0]}'?" if near else ""
            found.append(BadLevel(f"{place}: '{kind.name}' has no level '{name}'; {has}.{hint}"))
        elif problem := known[name].problem(value):
            found.append(BadLevel(f"{place}: {problem}; correct it or leave it out ({known[name].default:g})."))
    return found


def _company_problems(kind: Capability, on: list[str], strategy: str) -> list[StrategyError]:
    found: list[StrategyError] = []
    for other in kind.requires:
        if other not in on:
            found.append(IncompatibleCapabilities(
                f"'{kind.name}' needs '{other}'; strategy '{strategy}' has {on}. "
                f"Add {other} to strategy.capabilities or drop {kind.name}."
            ))  # fmt: skip
    for other in kind.excludes:
        if other in on:
            found.append(IncompatibleCapabilities(
                f"'{kind.name}' cannot stand beside '{other}'; strategy '{strategy}' has {on}. "
                f"Drop {kind.name} or {other}."
            ))  # fmt: skip
    return found


def switch(strategy: StrategySettings, switched: Mapping[str, bool]) -> StrategySettings:
    """The strategy with some capabilities switched; one switched on brings those it requires, one switched off
    takes those along that require it. What the strategy does not list comes with default levels and no cost.

    Raises
    ------
    UnknownCapability : no capability has the name
    """
    rows = dict(strategy.capabilities)

    def put(name: str, on: bool) -> None:
        kind = capability(name)
        rows[name] = rows.get(name, CapabilityLevel()).model_copy(update={"enabled": on})
        if on:
            linked = [n for n in kind.requires if n not in rows or not rows[n].enabled]
        else:
            linked = [n for n in rows if rows[n].enabled and name in capability(n).requires]
        for other in linked:
            put(other, on)

    for name, on in switched.items():
        put(name, on)
    return strategy.model_copy(update={"capabilities": rows})


def move_levels(strategy: StrategySettings, moves: Sequence[LevelMove]) -> StrategySettings:
    """The strategy with some levels set or multiplied, within their ranges; capabilities that it does not list stay away.

    Raises
    ------
    UnknownCapability, BadLevel : no capability, or no level of it, has the name
    """
    rows = dict(strategy.capabilities)
    for name, level, value, factor in moves:
        known = {one.name: one for one in capability(name).levels}
        if level not in known:
            raise BadLevel(f"'{name}' has no level '{level}'; it has {', '.join(known) or 'none'}.")
        if name not in rows:
            continue
        before = float(rows[name].levels.get(level, known[level].default))
        after = known[level].within(value if value is not None else before * (1.0 if factor is None else factor))
        rows[name] = rows[name].model_copy(update={"levels": {**rows[name].levels, level: after}})
    return strategy.model_copy(update={"capabilities": rows})


def check_dated(settings: Settings) -> None:
    """Refuse dated changes of capabilities that do not exist, or that some shoppers only should see of the network.

    Raises
    ------
    StrategyError : with every problem
    """
    found: list[StrategyError] = []
    for row, change in enumerate(settings.scenario.interventions):
        if change.what not in OF_CAPABILITY:
            continue
        place = f"scenario.interventions[{row}] ({change.what})"
        try:
            kind = capability(change.capability or "")
        except UnknownCapability as error:
            found.append(UnknownCapability(f"{place}: {error}"))
            continue
        level = next((one for one in kind.levels if one.name == change.level), None)
        if change.what == "level" and level is None:
            has = ", ".join(one.name for one in kind.levels)
            found.append(BadLevel(f"{place}: '{kind.name}' has no level '{change.level}'; it has {has or 'none'}."))
        elif level is not None and change.set is not None and (problem := level.problem(change.set)):
            found.append(BadLevel(f"{place}: {problem}."))
        if narrows(change) and (kind.network or (level is not None and level.network)):
            what = f"'{kind.name}'" if kind.network or level is None else f"level '{level.name}' of '{kind.name}'"
            found.append(IncompatibleCapabilities(
                f"{place}: {what} acts on the network, which is the same for all shoppers; drop {', '.join(AUDIENCE)}."
            ))  # fmt: skip
    if found:
        raise type(found[0])(*(p for problem in found for p in problem.problems))


def build_policy(settings: Settings, switched: Mapping[str, bool] | None = None, moves: Sequence[LevelMove] = ()) -> Policy:
    """The policy that a strategy's capability levels amount to.

    Parameters
    ----------
    settings : validated settings; `settings.strategy` lists the capabilities
    switched : capability -> on or off, over the strategy (dated changes, values of single capabilities)
    moves : levels that dated changes move

    Returns
    -------
    Policy; costs are those of the simulated part of the retailer (market.cost_basis_shoppers)

    Raises
    ------
    StrategyError : with every problem of the strategy; its kind is that of the first
    """
    strategy = switch(settings.strategy, switched) if switched else settings.strategy
    strategy = move_levels(strategy, moves) if moves else strategy
    problems = check_strategy(strategy)
    if problems:
        raise type(problems[0])(*(p for problem in problems for p in problem.problems))
    policy, context = Policy(known_stores=settings.market.choice.known_stores), Context(settings)
    on = enabled(strategy)
    for name in on:
        kind, row = capability(name), strategy.capabilities[name]
        kind.apply(policy, {lv.name: float(row.levels.get(lv.name, lv.default)) for lv in kind.levels}, context)
    if settings.network.sourcing.reserve_at == "pick":  # what is reserved in a store is kept at once: it is all that is asked for
        policy.services["late"] = np.arange(policy.services.size) != offer("web_reserve")
    _close_when_full(policy, settings)
    _inform(policy, context, on)
    _charge(policy, settings, [strategy.capabilities[name] for name in on])
    policy.base_offers = policy.offers.copy()
    policy.rebuild = partial(build_policy, settings)
    return policy


def _close_when_full(policy: Policy, settings: Settings) -> None:
    """Pickups of what lies in a store are off where its published shelf is full, if shelves have a limit, now or by a dated change."""
    how = settings.network.operations
    limited = how.shelf_bins > 0 or any(c.what == "bins" for c in settings.scenario.interventions)
    if how.close_when_full and limited:
        rows = policy.offers
        rows["full_off"][(rows["flow"] == Flow.PICKUP) & (rows["at_point"] == 0) & (rows["moved"] == 0)] |= BOXES_FULL


def _inform(policy: Policy, context: Context, on: list[str]) -> None:
    """Touchpoint rows that are present, and the accuracy of each entry: 1 - prod(1 - a) over its sources."""
    rows = context.settings.touchpoints.rows.values()
    policy.touch_on = np.array([not row.needs or row.needs in on for row in rows], np.int8)
    sources = list(context.sources)
    for row, present in zip(rows, policy.touch_on, strict=True):
        if present and informs(row):
            sources.append((Entry[row.entry.upper()], row.accuracy))
    for entry, place in ((Entry.WEB, "accuracy_web"), (Entry.SOCIAL, "accuracy_social"), (Entry.LIVE, "accuracy_live")):
        if any(where == entry for where, _ in context.sources):
            missed = 1.0
            for a in sorted(accuracy for where, accuracy in sources if where == entry):
                missed *= 1.0 - a
            setattr(policy, place, 1.0 - missed)


def _charge(policy: Policy, settings: Settings, rows: list[CapabilityLevel]) -> None:
    """Capital and running cost of the capabilities that are on, in the market's money, scaled to the simulated shoppers."""
    part = min(Fraction(1), Fraction(settings.shoppers, settings.market.cost_basis_shoppers))
    part *= Fraction(settings.market.capability_cost_rate)
    stores, heads = settings.network.stores.count, store_heads(settings)
    capital = [row.capital + heads * (row.capital_per_head or 0) for row in rows]
    policy.capital = round(sum(capital) * part)
    daily = sum((Fraction(once) / (Fraction(row.life_years) * YEAR_DAYS) for once, row in zip(capital, rows, strict=True)), Fraction(0))
    policy.capital_per_day = round(daily * part)
    running = (row.running_per_day + stores * row.running_per_store_day + heads * (row.running_per_head_day or 0) for row in rows)
    policy.running_per_day = round(sum(running) * part)


def store_heads(settings: Settings) -> int:
    """People whom all stores plan to have on duty at once, at most: those of the busy hours, or of each store's fullest quarter hour."""
    stores = settings.network.stores
    if not isinstance(stores.roster, Roster):
        return stores.count * (stores.pickers + stores.counter + stores.peak_extra)
    most = {name: max(_people_of_day(p, c) for p, c in zip(week.pickers, week.counter, strict=True)) for name, week in stores.roster.stores.items()}
    return sum(most.get(f"S{n + 1:02d}", most.get("*", 0)) for n in range(stores.count))


def _people_of_day(pickers: str, counter: str) -> int:
    """Most people on duty at once on a day of two roster lines 'HH:MM=N …'."""
    moves = sorted((word.split("=")[0], role, int(word.split("=")[1])) for role, line in enumerate((pickers, counter)) for word in line.split())
    now, most = [0, 0], 0
    for at, (clock, role, people) in enumerate(moves):
        now[role] = people
        if at + 1 == len(moves) or moves[at + 1][0] != clock:
            most = max(most, sum(now))
    return most
