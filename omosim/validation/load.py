"""From a file to an experiment, or to everything that is wrong with it, with file and line.

A part that cannot be read hides nothing in the others: arms and outcomes that are sound are kept, so that the rules
below, and the composition of the arms, tell their faults in the same round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from omosim.config.errors import Problem, nearest, show
from omosim.config.problems import from_pydantic
from omosim.config.strict import Doc, dotted
from omosim.validation.effects import GROUPS_OF, STATISTICS
from omosim.validation.experiment import Against, Arm, Experiment, Outcome, Where, Whom
from omosim.validation.measures import FILTERS, MEASURES

#: words that belong to the command and not to an experiment
NOT_HERE = ("seed", "replication", "replications", "jobs", "output.dir", "patterns")
Loc = tuple[str | int, ...]


@dataclass
class Loaded:
    """An experiment with the file that it came from.

    experiment: with problems only what of it can be read, None where that is nothing; places: of each of its outcomes
    the place in the file's list; broken: arms that cannot be read, which stand empty in the experiment; gone: of an
    outcome's place the keys that cannot be read, which are as if they were not there.
    """

    doc: Doc
    experiment: Experiment | None
    problems: list[Problem]
    places: list[int]
    broken: frozenset[str] = frozenset()
    gone: dict[int, frozenset[str]] = field(default_factory=dict)

    def knows(self, place: int, *keys: str) -> bool:
        """Whether the file tells these keys of an outcome, or leaves them out on purpose."""
        return not self.gone.get(place, frozenset()) & set(keys)


def load(doc: Doc) -> Loaded:
    """The experiment of a file as data, and everything that the file alone shows to be wrong with it."""
    if doc.fatal or doc.problems:
        return Loaded(doc, None, list(doc.problems), [])
    origin = lambda loc: (doc.file, doc.line_of(tuple(loc)))
    try:
        found = Experiment.model_validate(doc.data, strict=True)
        loaded = Loaded(doc, found, [], list(range(len(found.outcomes))))
    except ValidationError as error:
        loaded = _sound(doc)
        loaded.problems += [_in_file(p, doc) for p in from_pydantic(error, origin, Experiment)]
    loaded.problems += rules(loaded)
    return loaded


def _sound(doc: Doc) -> Loaded:
    """What can be read of a file that has faults."""
    rows, arms, words = doc.data.get("outcomes"), doc.data.get("arms"), doc.data.get("overrides", [])
    outcomes: dict[int, Outcome] = {}
    gone: dict[int, frozenset[str]] = {}
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        lost = _unread(row)
        kept = {key: value for key, value in row.items() if key not in lost} if isinstance(row, dict) else {}
        one = _read(Outcome, {"name": "?", "measure": "?", **kept})
        if one is not None and kept:
            outcomes[i], gone[i] = one, lost
    known = {str(name): _read(Arm, row) for name, row in arms.items()} if isinstance(arms, dict) else {}
    # an arm is what the shared words make of it: without them none can be composed
    shared = isinstance(words, list) and all(isinstance(word, str) for word in words)
    broken = frozenset(name for name, arm in known.items() if arm is None or not shared)
    name = doc.data.get("name")
    experiment = Experiment.model_construct(
        name=name if isinstance(name, str) else "", overrides=words if shared else [],
        arms={name: arm or Arm() for name, arm in known.items()}, outcomes=list(outcomes.values()),
    )  # fmt: skip
    return Loaded(doc, experiment, [], list(outcomes), broken, gone)


def _unread(row: Any) -> frozenset[str]:
    """Keys of an outcome that cannot be read; a key that does not exist may stand for any that is left out."""
    try:
        Outcome.model_validate(row, strict=True)
    except ValidationError as error:
        lost = {str(e["loc"][0]) for e in error.errors(include_url=False) if e["loc"]}
        known = set(Outcome.model_fields)
        return frozenset(lost if lost <= known else lost | (known - set(row)))
    return frozenset()


def _read[Part: BaseModel](kind: type[Part], row: Any) -> Part | None:
    try:
        return kind.model_validate(row, strict=True)
    except ValidationError:
        return None


def _in_file(problem: Problem, doc: Doc) -> Problem:
    """A missing key at the top is added to the file, not to the command line; the keys are not those of a run."""
    if problem.cure.startswith("See `omosim explain"):
        problem = replace(problem, cure="See `An experiment of your own` in docs/validation.md")
    if problem.file != "command line":
        return problem
    return Problem(problem.message, doc.file, 1, None, problem.key, problem.value, problem.allowed, problem.near, f"Add '{problem.key}: …' to the file")


def _names_in(doc: Doc) -> Iterator[Problem]:
    """Measures and statistics that do not exist, whatever else is wrong with their outcome."""
    rows = doc.data.get("outcomes")
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        for key, known in (("measure", MEASURES), ("statistic", STATISTICS)):
            name = row.get(key) if isinstance(row, dict) else None
            if isinstance(name, str) and name not in known:
                yield _at(doc, ("outcomes", i, key), f"no such {key}", show(name), ", ".join(known), nearest(name, known))


def _at(doc: Doc, loc: Loc, message: str, value: str | None = None, allowed: str = "", near: str | None = None, cure: str = "") -> Problem:
    return Problem(message, doc.file, doc.line_of(loc), None, dotted(loc), value, allowed, near, cure)


def own_words(words: list[str]) -> list[str]:
    """The words of a file without those that it may not set."""
    return [word for word in words if word.partition("=")[0].lstrip("+~") not in NOT_HERE]


def rules(loaded: Loaded) -> Iterator[Problem]:
    """What the schema cannot see: names that must exist, statistics with the arms that they need, bands in order."""
    doc, experiment = loaded.doc, loaded.experiment
    yield from _names_in(doc)
    if experiment is None:
        return
    words_at: list[tuple[Loc, list[str]]] = [(("overrides",), experiment.overrides)]
    words_at += [(("arms", name, "overrides"), arm.overrides) for name, arm in experiment.arms.items()]
    for at, words in words_at:
        allowed = own_words(words)
        for i, word in enumerate(words):
            if word not in allowed:
                yield _at(doc, (*at, i), "is not set in an experiment file", show(word), cure=f"Give {word.partition('=')[0].lstrip('+~')}=… on the command line")
    rows = doc.data["outcomes"] if isinstance(doc.data.get("outcomes"), list) else []
    names = [row.get("name") if isinstance(row, dict) else None for row in rows]
    for i, name in enumerate(names):
        if isinstance(name, str) and name in names[:i]:
            yield _at(doc, ("outcomes", i, "name"), "two outcomes have this name", show(name), cure="Rename one")
    for i, outcome in zip(loaded.places, experiment.outcomes, strict=True):
        loc: Loc = ("outcomes", i)
        if outcome.statistic in STATISTICS and experiment.arms and loaded.knows(i, "statistic", "arms", "against"):
            yield from _compared(loaded, outcome, experiment, loc)
        if outcome.measure in MEASURES:
            yield from _kept(outcome, doc, loc)
        if outcome.against is not None and loaded.knows(i, "where", "whom", "against") and outcome.groups[0] == outcome.groups[1]:
            yield _at(doc, (*loc, "against"), "is the group that it is held against", cure="Give it other shoppers, or a where or when of its own")
        yield from _places(outcome, doc, loc)
        if loaded.knows(i, "band", "sign", "report_only"):
            yield from _judged(outcome, doc, loc)
        before = [name for name in names[:i] if isinstance(name, str)]
        if outcome.of is not None and outcome.of not in before:
            yield _at(doc, (*loc, "of"), "no earlier outcome of this name", show(outcome.of), ", ".join(before) or "none", nearest(outcome.of, before))


def _compared(loaded: Loaded, outcome: Outcome, experiment: Experiment, loc: Loc) -> Iterator[Problem]:
    """The arms and groups that the statistic needs."""
    doc = loaded.doc
    for name in outcome.arms:
        if name not in experiment.arms:
            yield _at(doc, (*loc, "arms"), "no such arm", show(name), ", ".join(experiment.arms), nearest(name, experiment.arms))
    arms, wanted = experiment.arms_of(outcome), STATISTICS[outcome.statistic]
    known = [experiment.arms[name] for name in arms if name in experiment.arms]
    if wanted is not None and len(arms) != wanted:
        yield _at(doc, (*loc, "arms"), f"{outcome.statistic} compares {wanted} arms, and {len(arms)} are given", allowed=f"{wanted} of {', '.join(experiment.arms)}")
    # the place of an arm that cannot be read is not known
    if wanted is None and not loaded.broken and (len({arm.x for arm in known}) < 2 or any(arm.x is None for arm in known)):
        yield _at(doc, loc, f"{outcome.statistic} needs two arms or more, each with a place on the line", cure="Add x: NUMBER to the arms")
    if outcome.statistic in GROUPS_OF and outcome.against is None:
        yield _at(doc, loc, f"{outcome.statistic} holds one group against another", cure="Add against: {…} beside whom")


def _kept(outcome: Outcome, doc: Doc, loc: Loc) -> Iterator[Problem]:
    """The filters are those of the measure."""
    allowed = MEASURES[outcome.measure].by
    for part in FILTERS:
        if part not in allowed and getattr(outcome, part) not in (None, [], Where(), Whom()):
            yield _at(doc, (*loc, part), f"'{outcome.measure}' is not kept by {part}", allowed=", ".join(sorted(allowed)) or "no filter", cure=f"Drop {part}")
    second = outcome.against
    if second is None:
        return
    if "whom" not in allowed and ((second.where is None and second.when is None) or second.model_copy(update={"where": None, "when": None}) != Against()):
        cure = "Write against: {where: {…}} without more" if "where" in allowed else "Drop against"
        yield _at(doc, (*loc, "against"), f"'{outcome.measure}' is not kept by shopper", cure=cure)
    elif "where" not in allowed and second.where is not None:
        yield _at(doc, (*loc, "against", "where"), f"'{outcome.measure}' is not kept by where", cure="Drop against")
    if "when" not in allowed and second.when is not None:
        yield _at(doc, (*loc, "against", "when"), f"'{outcome.measure}' is not kept by when", cure="Drop against")


def _places(outcome: Outcome, doc: Doc, loc: Loc) -> Iterator[Problem]:
    for at, where in wheres(outcome):
        if (where.within_km is None and where.beyond_km is None) != (where.store is None):
            yield _at(doc, (*loc, *at), "a distance needs its store, and a store its distance", cure="Write {store: S03, within_km: 5} or {nearest_to: S03}")
        if where.zones and set(where.zones) <= set(where.not_zones):
            yield _at(doc, (*loc, *at), "leaves no zone: each of zones stands in not_zones", cure="Drop one of the two")
    spans: list[tuple[str, list[int] | None]] = [("when", outcome.when)]
    for name, group in (("whom", outcome.whom), ("against", outcome.against)):
        if group is not None:
            spans += [(name, group.bought), (name, group.visited), (name, group.stayed_away)]
    spans += [] if outcome.against is None else [("against", outcome.against.when)]
    spans += [] if outcome.shows is None else [("shows", outcome.shows.days)]
    for name, span in spans:
        if span is not None and span[1] <= span[0]:
            yield _at(doc, (*loc, name), f"{span} ends before it begins", cure="Write [first day, first day that no longer counts]")


def wheres(outcome: Outcome) -> list[tuple[tuple[str, ...], Where]]:
    """The zones that an outcome states, with the keys below which they stand."""
    second = outcome.against.where if outcome.against is not None else None
    return [(("where",), outcome.where), *([] if second is None else [(("against", "where"), second)])]


def _judged(outcome: Outcome, doc: Doc, loc: Loc) -> Iterator[Problem]:
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
