"""An experiment file: what is compared with what, what is measured, and what was published. Its strict reader.

Everything that is wrong in a file is told at once, with file and line, as everywhere in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from omosim.config.errors import Problem, nearest, show
from omosim.config.problems import from_pydantic
from omosim.config.strict import Doc
from omosim.schema.fields import Frozen, par
from omosim.schema.scenario import Intervention
from omosim.validation.effects import GROUPS_OF, NEUTRAL, STATISTICS
from omosim.validation.measures import FILTERS, MEASURES

Channel = Literal["web", "store", "social", "live"]
Service = Literal["ship", "same_day", "pickup", "store"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=1, max_length=80)]
#: words that belong to the command and not to an experiment
NOT_HERE = ("seed", "replication", "replications", "jobs", "output.dir", "patterns")


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
    """Home zones that count: those whose nearest store it is, or within or beyond a distance of it."""

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
    against: Annotated[Whom | None, BeforeValidator(_group)] = None
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
    def groups(self) -> list[Whom]:
        """Groups in which it is read: one, or the second that it is held against."""
        return [self.whom] if self.against is None else [self.whom, self.against]


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
        if STATISTICS[outcome.statistic] is None:
            return [name for name, arm in self.arms.items() if arm.x is not None]
        return list(self.arms)[: STATISTICS[outcome.statistic]]


@dataclass
class Loaded:
    """An experiment with the file that it came from."""

    doc: Doc
    experiment: Experiment | None
    problems: list[Problem]


def load(doc: Doc) -> Loaded:
    """The experiment of a file as data, or everything that is wrong with it."""
    if doc.fatal or doc.problems:
        return Loaded(doc, None, list(doc.problems))
    origin = lambda loc: (doc.file, doc.line_of(tuple(loc)))
    try:
        found = Experiment.model_validate(doc.data, strict=True)
    except ValidationError as error:
        problems = from_pydantic(error, origin, Experiment)
        return Loaded(doc, None, [_in_file(p, doc) for p in problems] + list(_names_in(doc)))
    problems = list(rules(found, doc))
    return Loaded(doc, None if problems else found, problems)


def _in_file(problem: Problem, doc: Doc) -> Problem:
    """A missing key at the top is added to the file, not to the command line; the keys are not those of a run."""
    if problem.cure.startswith("See `omosim explain"):
        problem = replace(problem, cure="See `An experiment of your own` in docs/validation.md")
    if problem.file != "command line":
        return problem
    return Problem(problem.message, doc.file, 1, None, problem.key, problem.value, problem.allowed, problem.near, f"Add '{problem.key}: …' to the file")


def _names_in(doc: Doc) -> Iterator[Problem]:
    """Measures and statistics that do not exist, in a file that has other faults too."""
    rows = doc.data.get("outcomes")
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        for key, known in (("measure", MEASURES), ("statistic", STATISTICS)):
            name = row.get(key) if isinstance(row, dict) else None
            if isinstance(name, str) and name not in known:
                yield _at(doc, ("outcomes", i, key), f"no such {key}", show(name), ", ".join(known), nearest(name, known))


def _at(doc: Doc, loc: tuple[str | int, ...], message: str, value: str | None = None, allowed: str = "", near: str | None = None, cure: str = "") -> Problem:
    from omosim.config.strict import dotted

    return Problem(message, doc.file, doc.line_of(loc), None, dotted(loc), value, allowed, near, cure)


def rules(experiment: Experiment, doc: Doc) -> Iterator[Problem]:
    """What the schema cannot see: names that must exist, statistics with the arms that they need, bands in order."""
    yield from _names_in(doc)
    places: list[tuple[tuple[str | int, ...], list[str]]] = [(("overrides",), experiment.overrides)]
    places += [(("arms", name, "overrides"), arm.overrides) for name, arm in experiment.arms.items()]
    for loc, words in places:
        for i, word in enumerate(words):
            key = word.partition("=")[0].lstrip("+~")
            if key in NOT_HERE:
                yield _at(doc, (*loc, i), "is not set in an experiment file", show(word), cure=f"Give {key}=… on the command line")
    seen: list[str] = []
    for i, outcome in enumerate(experiment.outcomes):
        if outcome.measure in MEASURES and outcome.statistic in STATISTICS:
            yield from _outcome(experiment, outcome, doc, ("outcomes", i), seen)
        if outcome.name in seen:
            yield _at(doc, ("outcomes", i, "name"), "two outcomes have this name", show(outcome.name), cure="Rename one")
        seen.append(outcome.name)


def _outcome(experiment: Experiment, outcome: Outcome, doc: Doc, loc: tuple[str | int, ...], before: list[str]) -> Iterator[Problem]:
    for name in outcome.arms:
        if name not in experiment.arms:
            yield _at(doc, (*loc, "arms"), "no such arm", show(name), ", ".join(experiment.arms), nearest(name, experiment.arms))
    arms, wanted = experiment.arms_of(outcome), STATISTICS[outcome.statistic]
    known = [experiment.arms[name] for name in arms if name in experiment.arms]
    if wanted is not None and len(arms) != wanted:
        yield _at(doc, (*loc, "arms"), f"{outcome.statistic} compares {wanted} arms, and {len(arms)} are given", allowed=f"{wanted} of {', '.join(experiment.arms)}")
    if wanted is None and (len({arm.x for arm in known}) < 2 or any(arm.x is None for arm in known)):
        yield _at(doc, loc, f"{outcome.statistic} needs two arms or more, each with a place on the line", cure="Add x: NUMBER to the arms")
    if outcome.statistic in GROUPS_OF and outcome.against is None:
        yield _at(doc, loc, f"{outcome.statistic} holds one group against another", cure="Add against: {…} beside whom")
    allowed = MEASURES[outcome.measure].by
    for part in FILTERS:
        if part not in allowed and getattr(outcome, part) not in (None, [], Where(), Whom()):
            yield _at(doc, (*loc, part), f"'{outcome.measure}' is not kept by {part}", allowed=", ".join(sorted(allowed)) or "no filter", cure=f"Drop {part}")
    if outcome.against is not None and "whom" not in allowed:
        yield _at(doc, (*loc, "against"), f"'{outcome.measure}' is not kept by shopper", cure="Drop against")
    yield from _places(outcome, doc, loc)
    yield from _judged(outcome, doc, loc)
    if outcome.of is not None and outcome.of not in before:
        yield _at(doc, (*loc, "of"), "no earlier outcome of this name", show(outcome.of), ", ".join(before) or "none", nearest(outcome.of, before))


def _places(outcome: Outcome, doc: Doc, loc: tuple[str | int, ...]) -> Iterator[Problem]:
    where = outcome.where
    if (where.within_km is None and where.beyond_km is None) != (where.store is None):
        yield _at(doc, (*loc, "where"), "a distance needs its store, and a store its distance", cure="Write {store: S03, within_km: 5} or {nearest_to: S03}")
    spans: list[tuple[str, list[int] | None]] = [("when", outcome.when)]
    for name, group in (("whom", outcome.whom), ("against", outcome.against)):
        if group is not None:
            spans += [(name, group.bought), (name, group.visited), (name, group.stayed_away)]
    spans += [] if outcome.shows is None else [("shows", outcome.shows.days)]
    for name, span in spans:
        if span is not None and span[1] <= span[0]:
            yield _at(doc, (*loc, name), f"{span} ends before it begins", cure="Write [first day, first day that no longer counts]")


def _judged(outcome: Outcome, doc: Doc, loc: tuple[str | int, ...]) -> Iterator[Problem]:
    if outcome.band is None and outcome.sign is None and not outcome.report_only:
        yield _at(doc, loc, "nothing to judge it by", cure="Add band: [low, high] or sign: '+', or report_only: true")
    if outcome.sign == "0" and outcome.band is None and not outcome.report_only:
        yield _at(doc, (*loc, "sign"), "no effect can be told only within a band", cure="Add band: [low, high] round it")
    if outcome.band is not None:
        low, high = outcome.band
        if low is None and high is None:
            yield _at(doc, (*loc, "band"), "has no limit at all", cure="Give one limit at least")
        if low is not None and high is not None and high <= low:
            yield _at(doc, (*loc, "band"), f"{high:g} is not above {low:g}", cure="Write [low, high]")
