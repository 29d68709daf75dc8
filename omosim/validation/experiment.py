"""An experiment: what is compared with what, what is measured, and what was published. `load` reads its file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from omosim.schema.fields import Frozen, par
from omosim.schema.scenario import Intervention
from omosim.validation.effects import NEUTRAL, STATISTICS

Channel = Literal["web", "store", "social", "live"]
Service = Literal["ship", "same_day", "pickup", "store"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=1, max_length=80)]


def _switch(value: Any) -> Any:
    """`true`, `false`, or the levels of a capability that is on."""
    if isinstance(value, bool):
        return {"on": value}
    return value if not isinstance(value, dict) or "on" in value else {"on": True, "levels": value}


def _group(value: Any) -> Any:
    """`all` and `prior` in one word."""
    return {"all": {}, "prior": {"prior": True}}.get(value, value) if isinstance(value, str) else value


def _everywhere(value: Any) -> Any:
    return {} if value == "all" else value


def _text(value: Any) -> Any:
    """0 and 1 written as numbers where a word is expected."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Switched(Frozen):
    """A capability of an arm: on or off, and levels that differ from the shipped ones."""

    on: bool = par("flag", "whether it is there")
    levels: dict[str, float] = par("by level", "levels in place of the shipped ones", default_factory=dict)


class Arm(Frozen):
    """One side of the comparison, as changes to what the experiment's `overrides` say."""

    overrides: list[str] = par("words", "key=value words of this arm", default_factory=list, max_length=200)
    capabilities: dict[Name, Annotated[Switched, BeforeValidator(_switch)]] = Field(default_factory=dict, max_length=64)
    interventions: list[Intervention] = Field(default_factory=list, max_length=1000)
    x: float | None = par("1", "place of the arm on the line of a slope", -1e9, 1e9, default=None)


class Where(Frozen):
    """Home zones that count; all conditions together."""

    zones: list[int] = par("zones", "these zones; empty: all", default_factory=list, max_length=5000)
    not_zones: list[int] = par("zones", "all but these zones", default_factory=list, max_length=5000)
    nearest_to: str | None = par("store", "zones to which this store is the nearest", default=None, max_length=10)
    store: str | None = par("store", "store from which the distance is measured", default=None, max_length=10)
    within_km: float | None = par("km", "zones at most so far from the store", 0, 20000, default=None)
    beyond_km: float | None = par("km", "zones farther than that from the store", 0, 20000, default=None)


class Distance(Frozen):
    """What stores mean for the way to the nearest one, with them against without them."""

    stores: list[str] = par("stores", "stores that are there in one arm and not in the other", min_length=1, max_length=5000)
    change: Literal["fell", "same"] = par("word", "whether the way became shorter by it", default="fell")
    third: int | None = par("1", "third of the shoppers by the cut: 1 the smallest, 3 the largest", 1, 3, default=None)


class Whom(Frozen):
    """Shoppers that count; all conditions together. Days as in `when`."""

    prior: bool = par("flag", "bought in the burn-in", default=False)
    bought: list[int] | None = par("days", "kept something bought in these days [from, to)", default=None, min_length=2, max_length=2)
    channels: Annotated[Literal["1", "2+"] | None, BeforeValidator(_text)] = par("channels", "used so many channels in the days of `bought` (or the burn-in)", default=None)
    visited: list[int] | None = par("days", "entered a store in these days [from, to)", default=None, min_length=2, max_length=2)
    stayed_away: list[int] | None = par("days", "entered no store in these days [from, to)", default=None, min_length=2, max_length=2)
    distance: Distance | None = None
    segments: list[str] = par("names", "segments of shoppers; empty: all", default_factory=list, max_length=32)


class Against(Whom):
    """The second group, stated anew: conditions of `whom` are not taken over; zones and days are, unless it has its own."""

    where: Annotated[Where | None, BeforeValidator(_everywhere)] = None
    when: list[int] | None = par("days", "days of its own [from, to): before against after", default=None, min_length=2, max_length=2)


class Group(NamedTuple):
    """Shoppers in whom a figure is read."""

    where: Where
    whom: dict[str, Any]  # conditions that are set
    when: list[int] | None  # days [from, to); None: all measured days


class Shows(Frozen):
    """Days after each broadcast."""

    per_week: float = par("shows a week", "as the arm's live_commerce has it", 0.01, 7)
    first: int = par("shows", "number of the first show that counts, 1 the first of the run", 1, 10000, default=1)
    days: list[int] = par("days", "days after the show [from, to), 0 its own day", min_length=2, max_length=2)


class Outcome(Frozen):
    """One figure of the experiment: what is read, how arms are compared, what was published."""

    name: Name
    measure: str = par("name", "what is read in each run; docs/validation.md lists them", max_length=60)
    statistic: str = par("name", "how arms are compared", max_length=20, default="log_ratio")
    arms: list[str] = par("names", "treated and control; one arm for level and premium; several for a slope", default_factory=list, max_length=64)
    where: Annotated[Where, BeforeValidator(_everywhere)] = Where()
    whom: Annotated[Whom, BeforeValidator(_group)] = Whom()
    against: Annotated[Against | None, BeforeValidator(_group)] = None
    when: list[int] | None = par("days", "days of placing the order [from, to), 0 the first measured day; none: all measured days", default=None, min_length=2, max_length=2)
    weekdays: list[Weekday] = par("days", "days of the week; empty: all", default_factory=list, max_length=7)
    shows: Shows | None = None
    channels: list[Channel] = par("entries", "channels; empty: all", default_factory=list, max_length=4)
    categories: list[str] = par("names", "categories; empty: all", default_factory=list, max_length=32)
    services: list[Service] = par("words", "ways of getting the goods; empty: all", default_factory=list, max_length=4)
    per: float = par("1", "the effect is divided by this", 1e-9, 1e9, default=1.0)
    scale: float = par("1", "the effect is multiplied by this", -1e9, 1e9, default=1.0)
    of: str | None = par("name", "the effect is stated as a part of that outcome's effect", default=None, max_length=80)
    unit: Literal["share", "1"] | None = par("unit", "how the effect is shown, where it is not the measure's unit", default=None)
    published: str = par("text", "what the source says", default="", max_length=200)
    band: list[float | None] | None = par("effect", "[low, high] that the mean must reach; null: no limit", default=None, min_length=2, max_length=2)
    sign: Annotated[Literal["+", "-", "0"] | None, BeforeValidator(_text)] = par("sign", "side on which the interval must lie; 0: no side", default=None)
    fitted: bool = par("flag", "whether a parameter was set with this figure in view", default=False)
    report_only: bool = par("flag", "shown, not judged", default=False)
    note: str = par("text", "what a reader must know of it", default="", max_length=1000)

    @property
    def neutral(self) -> float:
        """The effect of nothing."""
        return 0.0 if self.of else NEUTRAL[self.statistic]

    @property
    def groups(self) -> list[Group]:
        """Groups in which it is read: one, or the second that it is held against."""
        first = Group(self.where, self.whom.model_dump(exclude_defaults=True), self.when)
        if self.against is None:
            return [first]
        second = self.against
        people = second.model_dump(exclude_defaults=True, exclude={"where", "when"})
        return [first, Group(self.where if second.where is None else second.where, people, second.when or self.when)]


class Experiment(Frozen):
    """A published experiment."""

    name: Name
    title: str = par("text", "name for people", max_length=200)
    source: str = par("text", "who published it, and where", min_length=1, max_length=1000)
    published: str = par("text", "what was found", default="", max_length=1000)
    horizon: str = par("text", "time over which it is measured", default="", max_length=200)
    overrides: list[str] = par("words", "key=value words that all arms share", default_factory=list, max_length=200)
    arms: dict[Name, Arm] = Field(min_length=1, max_length=64)
    outcomes: list[Outcome] = Field(min_length=1, max_length=100)

    def arms_of(self, outcome: Outcome) -> list[str]:
        """Arms of an outcome: its own, or the file's first ones; a slope's are all that have an x."""
        if outcome.arms:
            return outcome.arms
        if outcome.statistic not in STATISTICS:  # told as a fault; its zones and days are looked up in the arm that all would read
            return list(self.arms)[:1]
        if STATISTICS[outcome.statistic] is None:
            return [name for name, arm in self.arms.items() if arm.x is not None]
        return list(self.arms)[: STATISTICS[outcome.statistic]]
