"""Which touchpoints a firm can switch off or pay more for, and the same settings with one of them off or a budget moved.

All of it is data: rows of the touchpoint table and dated changes of `media`. No strategy and no touchpoint has a name here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omosim.schema.scenario import Intervention
from omosim.schema.settings import Settings, Touchpoint

MOST_TIMES = 999  # what a dated change of media can add to the plan
PAID, OWN, OTHER = "paid", "own", "other"
#: a row with nobody who uses it, nothing said and nothing paid
_GONE = {"reach": 0.0, "contacts_per_week": 0.0, "awareness_rho": 0.0, "accuracy": 0.0, "pays": False}


@dataclass(frozen=True)
class Point:
    """A touchpoint present in the strategy.

    kind : paid (its contacts cost money), own (a capability brings it), other (neither: information)
    why_not : why it cannot be switched off by itself; empty: it can
    plan : media planned, minor units a week and head of the market; 0 where nothing is paid
    """

    name: str
    title: str
    kind: str
    plan: float
    why_not: str = ""

    @property
    def counted(self) -> bool:
        """Whether errors of attribution count it: the firm controls or pays for it, and it can be switched off."""
        return self.kind != OTHER and not self.why_not


def points(settings: Settings, on: Sequence[str]) -> list[Point]:
    """The touchpoints that are present, in the order of their rows.

    Parameters
    ----------
    on : capabilities that are on at any time, dated changes included
    """
    rows = settings.touchpoints.rows
    return [_point(name, row) for name, row in rows.items() if not row.needs or row.needs in on]


def _point(name: str, row: Touchpoint) -> Point:
    kind = PAID if row.cost_per_contact > 0 and row.contacts_per_week > 0 and row.reach > 0 else OWN if row.needs else OTHER
    why = ""
    if row.needs and row.contacts_per_week == 0:
        why = f"called by the capability {row.needs}, not met by chance"
    elif row.entry == "store" and row.pays:
        why = "a store stays open when its row is off"
    return Point(name, row.title, kind, row.cost_per_contact * row.contacts_per_week * row.reach if kind == PAID else 0.0, why)


def without(settings: Settings, *names: str) -> Settings:
    """The settings with touchpoints as if nobody used them: from the first day of the burn-in, their rows in place."""
    rows = dict(settings.touchpoints.rows)
    rows |= {name: rows[name].model_copy(update=_GONE) for name in names}
    return settings.model_copy(update={"touchpoints": settings.touchpoints.model_copy(update={"rows": rows})})


def without_word_of_mouth(settings: Settings) -> Settings:
    """The settings with nobody telling anybody."""
    market = settings.market
    return settings.model_copy(update={"market": market.model_copy(update={"word_of_mouth": market.word_of_mouth.model_copy(update={"tell": 0.0})})})


def with_budgets(settings: Settings, factors: Mapping[str, float]) -> Settings:
    """The settings with the contacts of some touchpoints multiplied for the whole run, dated changes of `media`."""
    scenario = settings.scenario
    changes = [Intervention(what="media", times=factor, touchpoints=[name], from_day=-settings.burn_in_days) for name, factor in sorted(factors.items())]
    return settings.model_copy(update={"scenario": scenario.model_copy(update={"interventions": [*scenario.interventions, *changes]})})


@dataclass(frozen=True)
class Shift:
    """Money moved between paid touchpoints: what each gives up, and which gets it.

    given : touchpoint -> money; to : touchpoint; rate : credit per money of the one that gets it, less that of those who give, times the money
    """

    given: dict[str, float]
    to: str
    promised: float

    @property
    def money(self) -> float:
        """All that moves."""
        return sum(self.given.values())

    def factors(self, spend: Mapping[str, float]) -> dict[str, float]:
        """Touchpoint -> factor on its contacts, rounded so that equal shifts are equal runs."""
        out = {name: round(1.0 - money / spend[name], 9) for name, money in self.given.items()}
        return {**out, self.to: round(1.0 + self.money / spend[self.to], 9)}


def shift(worth: Mapping[str, float], spend: Mapping[str, float], share: float) -> Shift | None:
    """The shift that credits recommend: a share of the budget goes from least credit per money to most.

    Parameters
    ----------
    worth : money credited to each paid touchpoint, in all; spend : what each costs, all above 0
    share : part of the whole budget that moves; the least give first, each all it has at most; who gets it can spend it

    Returns
    -------
    None where there is nothing to choose between
    """
    rate = {name: worth.get(name, 0.0) / cost for name, cost in spend.items()}
    order = sorted(spend, key=lambda name: (rate[name], name))
    left, given = share * sum(spend.values()), {}
    able = [name for name in order if left / spend[name] < MOST_TIMES]
    if len(order) < 2 or not able or rate[order[0]] == rate[able[-1]]:
        return None
    to = able[-1]
    for name in order:
        if left <= 0 or rate[name] >= rate[to]:
            break
        given[name] = min(left, spend[name])
        left -= given[name]
    return Shift(given, to, sum(money * (rate[to] - rate[name]) for name, money in given.items()))
