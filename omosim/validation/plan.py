"""From words and experiment files to arms that can be run: settings of each arm, and what is to be read in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omosim.config.compose import Composed, compose, validate
from omosim.config.errors import COMMAND_LINE, ConfigError, Problem, nearest, refuse, show, unique
from omosim.config.layers import Layers
from omosim.config.library import Library, is_path
from omosim.config.resolved import content_hash, to_yaml
from omosim.config.strict import Doc, dotted, read_file
from omosim.model.run import deciding
from omosim.schema.scenario import Intervention
from omosim.schema.settings import Settings
from omosim.validation.effects import STATISTICS
from omosim.validation.experiment import Arm, Experiment, Group, Outcome
from omosim.validation.load import Loaded, load, own_words, wheres

GROUP = "pattern"
#: words that say how to validate and not what is run
OWN = ("patterns", "experiment", "replications", "jobs", "seed")
#: groups of settings that config.yaml repeats for an arm only where they differ from the first arm's
PARTS = ("schema_version", "market", "catalogue", "network", "touchpoints", "strategy", "scenario", "engine", "shoppers", "days", "burn_in_days")


@dataclass
class Planned:
    """An experiment and the settings of each of its arms."""

    experiment: Experiment
    arms: dict[str, Settings]


@dataclass
class Plan:
    """What one `omosim validate` runs and judges."""

    options: dict[str, Any]
    base: Settings
    planned: list[Planned]
    words: list[str]
    composed: Composed | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def seed(self) -> int:
        """Seed of every run."""
        return self.base.seed

    def distinct(self) -> list[Settings]:
        """Settings of the different runs; arms with equal ones share theirs."""
        return list({deciding(s): s for one in self.planned for s in one.arms.values()}.values())

    @property
    def yaml(self) -> str:
        """The resolved configuration: every experiment with the settings of its first arm and what differs in the others."""
        return to_yaml({"command": "validate", **self.options, "seed": self.seed, "experiments": self.repeated()})

    def repeated(self) -> dict[str, Any]:
        """Experiments as config.yaml keeps them."""
        rows: dict[str, Any] = {}
        for one in self.planned:
            first, *rest = [(name, _parts(settings)) for name, settings in one.arms.items()]
            arms = {name: {key: value for key, value in data.items() if value != first[1][key]} for name, data in rest}
            rows[one.experiment.name] = {"experiment": one.experiment.model_dump(mode="json"), "settings": first[1], "arms": {first[0]: {}, **arms}}
        return rows

    @property
    def hash(self) -> str:
        """16 hex digits of what decides the answer: experiments, settings of the arms, replications and seed."""
        arms = {f"{one.experiment.name}/{name}": deciding(s) for one in self.planned for name, s in one.arms.items()}
        asked = [one.experiment.model_dump(mode="json") for one in self.planned]
        return content_hash({"experiments": asked, "arms": arms, "replications": self.options["replications"], "seed": self.seed})


def _parts(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(mode="json", include=set(PARTS))


# ---- from the command line ------------------------------------------------------------------------------------
def prepare(words: Sequence[str], wanted: str = "patterns") -> list[str]:
    """The words with `experiment=FILE` as one of those wanted, and their list in brackets as Hydra reads it."""
    named: list[str] = []
    rest: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if key in (wanted, "experiment") and equals:
            named += [part.strip() for part in value.strip().strip("[]").split(",")]
        else:
            rest.append(word)
    return rest if not named else [f"{wanted}=[{','.join(_quoted(name) for name in named)}]", *rest]


def _quoted(name: str) -> str:
    return name if name[:1] in "'\"" else f"'{name}'"


def plan(words: Sequence[str], cwd: str | Path | None = None) -> Plan:
    """Everything that `omosim validate` with these words runs. Raises ConfigError with every problem found.

    Parameters
    ----------
    words : key=value words; what is not the command's own goes to every experiment, before the arms' own words
    cwd : folder from which files are found
    """
    place = Path(cwd) if cwd is not None else Path.cwd()
    composed = compose("validate", prepare(words), place)
    docs = find(composed.options["patterns"], Library(place))
    user = [w for w in words if w.partition("=")[0] not in OWN and not w.startswith("output.")]
    problems: list[Problem] = []
    planned: list[Planned] = []
    maker = _Maker([*user, f"seed={composed.settings.seed}"], place)
    for doc in docs:
        loaded = load(doc)
        problems += loaded.problems
        if loaded.experiment is not None:
            arms, wrong = maker.arms(loaded, loaded.experiment)
            problems += wrong
            planned.append(Planned(loaded.experiment, arms))
    names = [one.experiment.name for one in planned if one.experiment.name]
    problems += [Problem("two files have this name", key="name", value=show(n), cure="Rename one") for n in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise ConfigError(unique(problems))
    return Plan(composed.options, composed.settings, planned, list(words), maker.first, maker.notes)


def find(patterns: Sequence[str], library: Library, group: str = GROUP, key: str = "patterns") -> list[Doc]:
    """The files of the patterns (or claims): names of shipped or own ones, paths, or `all`. Raises ConfigError."""
    known = sorted(library.options(group), key=_order)
    by_name = {name.lower(): name for name in known}
    wanted = [n for p in patterns for n in (known if p == "all" else [p])]
    docs: dict[str, Doc] = {}
    problems: list[Problem] = []
    for name in wanted:
        if is_path(name):
            docs.setdefault(name, read_file(library.cwd / Path(name).expanduser(), name))
        elif name.lower() in by_name:
            docs.setdefault(by_name[name.lower()], library.doc(f"{group}/{by_name[name.lower()]}"))
        else:
            cure = f"Choose some of these, all, or a file: {key}=FILE.yaml"
            problems.append(Problem(f"no such {group}", key=key, value=show(name), allowed=", ".join(known), near=nearest(name.upper(), known), cure=cure))
    if problems:
        raise ConfigError(problems)
    if not docs:
        raise refuse(f"names no {group}", key=key, allowed=", ".join(known), cure=f"Write {key}={','.join(known[:2])} or leave it out")
    return list(docs.values())


def _order(name: str) -> tuple[bool, str, int]:
    """V1 before V12, letters after them."""
    head = name.rstrip("0123456789")
    number = name[len(head) :]
    return (head != "V", head, int(number) if number.isascii() and number.isdigit() else 0)


# ---- arms -----------------------------------------------------------------------------------------------------
class _Maker:
    """Composes arms; equal words are composed once."""

    def __init__(self, user: Sequence[str], cwd: Path) -> None:
        self.user, self.cwd = list(user), cwd
        self.library = Library(cwd)
        self.known: dict[tuple[str, ...], Composed] = {}
        self.first: Composed | None = None
        self.notes: list[str] = []

    def arms(self, loaded: Loaded, experiment: Experiment) -> tuple[dict[str, Settings], list[Problem]]:
        """Settings of every arm that can be composed, all that is wrong with the others, and what outcomes ask of arms in vain."""
        made: dict[str, Settings] = {}
        problems: list[Problem] = []
        for name, arm in experiment.arms.items():
            if name in loaded.broken:
                continue
            try:
                made[name] = self._arm(experiment, name, arm, loaded.doc)
            except ConfigError as error:
                problems += [self._placed(p, loaded.doc, name, experiment) for p in error.problems]
        for i, outcome in zip(loaded.places, experiment.outcomes, strict=True):
            if loaded.knows(i, "arms", "statistic"):
                problems += _fits(experiment, outcome, i, made, loaded.doc)
        return made, problems

    def _arm(self, experiment: Experiment, name: str, arm: Arm, doc: Doc) -> Settings:
        words = tuple(_merged(own_words(experiment.overrides), self.user, [*own_words(arm.overrides), *_switches(arm)]))
        if words not in self.known:
            self.known[words] = compose("run", words, self.cwd)
            self.notes += [note for note in self.known[words].notes if note not in self.notes]
        composed = self.known[words]
        self.first = self.first or composed
        if not arm.interventions:
            return composed.settings
        data = copy.deepcopy(composed.settings.model_dump(mode="json"))
        old = len(data["scenario"]["interventions"])
        data["scenario"]["interventions"] += [change.model_dump(mode="json") for change in arm.interventions]
        self._bring(data, arm.interventions)
        here = ("arms", name, "interventions")
        places = {("interventions", old + int(p[3]), *p[4:]): place for p, place in doc.places.items() if p[:3] == here and len(p) > 3}
        layers = next(iter(composed.layers.values()))
        found, problems = validate(data, Layers([*layers.files, (("scenario",), Doc(doc.file, {}, places))], layers.overrides))
        if found is None:
            raise ConfigError(problems)
        return found

    def _bring(self, data: dict[str, Any], changes: Sequence[Intervention]) -> None:
        """A capability that a dated change switches on stands in the strategy, off, with its shipped levels and costs."""
        have = data["strategy"]["capabilities"]
        for change in changes:
            config = f"strategy/capability/{change.capability}"
            if change.capability and change.capability not in have and self.library.exists(config):
                have[change.capability] = {**copy.deepcopy(self.library.doc(config).data), "enabled": False}

    def _placed(self, problem: Problem, doc: Doc, arm: str, experiment: Experiment) -> Problem:
        """A problem with a word of the file, told with the line of the word instead of `command line`."""
        mine = {w.partition("=")[0].lstrip("+~") for w in self.user}
        if problem.file != COMMAND_LINE or problem.key in mine:
            return problem
        loc: tuple[str | int, ...] = ("arms", arm)
        for place, words in ((("arms", arm, "overrides"), experiment.arms[arm].overrides), (("overrides",), experiment.overrides)):
            for i, word in enumerate(words):
                if word.partition("=")[0].lstrip("+~") == problem.key or (problem.value and problem.value.strip("'") == word):
                    loc = (*place, i)
        head, _, rest = problem.key.partition("strategy.capabilities.")
        if not head and rest and loc == ("arms", arm):
            loc = ("arms", arm, "capabilities", rest.split(".")[0])
        return Problem(problem.message, doc.file, doc.line_of(loc), None, problem.key or dotted(loc), problem.value, problem.allowed, problem.near, problem.cure)


def _merged(shared: Sequence[str], user: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """The file's words, the user's in their place where both have one, and the arm's, which make the experiment."""
    key = lambda word: word.partition("=")[0].lstrip("+~")
    for words, later in ((shared, [*user, *own]), (user, list(own)), (own, [])):
        taken = {key(w) for w in later}
        yield from (w for w in words if key(w) not in taken)


def _switches(arm: Arm) -> Iterator[str]:
    for name, row in arm.capabilities.items():
        yield f"strategy.capabilities.{name}={'true' if row.on else 'false'}"
        for level, value in row.levels.items():
            yield f"strategy.capabilities.{name}.levels.{level}={value!r}"


def _fits(experiment: Experiment, outcome: Outcome, i: int, made: Mapping[str, Settings], doc: Doc) -> Iterator[Problem]:
    """Stores, zones, segments, categories and days of an outcome exist in every arm in which it is read; arms that are not made are passed over."""

    def problem(part: str | tuple[str | int, ...], message: str, value: str, allowed: str, near: str | None = None) -> Problem:
        loc = ("outcomes", i, *((part,) if isinstance(part, str) else part))
        return Problem(message, doc.file, doc.line_of(loc), None, dotted(loc), value, allowed, near, "Correct it")

    groups = [("whom", outcome.whom), *([("against", outcome.against)] if outcome.against else [])]
    places = wheres(outcome)
    stores: list[tuple[tuple[str | int, ...], str]] = [((*at, key), name) for at, where in places for key in ("nearest_to", "store") if (name := getattr(where, key))]
    stores += [((part, "distance", "stores", j), name) for part, group in groups if group.distance for j, name in enumerate(group.distance.stores)]
    zones = [((*at, key, j), zone) for at, where in places for key in ("zones", "not_zones") for j, zone in enumerate(getattr(where, key))]
    names = [((part, "segments", j), name) for part, group in groups for j, name in enumerate(group.segments)]
    spans = [("when", outcome.when), *([("against", outcome.against.when)] if outcome.against else []), *((part, span) for part, g in groups for span in (g.bought, g.visited, g.stayed_away))]
    if outcome.measure == "share_spending_more":  # reads as many days before
        spans += [("when", [2 * span[0] - span[1], span[0]]) for span in (outcome.when,) if span is not None]
    arms = [arm for arm in experiment.arms_of(outcome) if arm in made]
    if outcome.shows is not None and outcome.statistic in STATISTICS and arms and len(arms) == len(experiment.arms_of(outcome)):
        rates = sorted({rate for arm in arms if (rate := _broadcasts(made[arm])) > 0})
        if rates != [outcome.shows.per_week]:
            told = ", ".join(f"{rate:g}" for rate in rates) or "none: no arm has live_commerce"
            yield problem("shows", "not the broadcasts of its arms", f"per_week: {outcome.shows.per_week:g}", told)
    for arm in arms:
        settings = made[arm]
        for message, asked, known, allowed in (
            ("no such store", stores, have := _stores(settings), f"{have[0]} to {have[-1]}" if have else "no store"),
            ("no such segment", names, have := list(settings.market.segments), ", ".join(have)),
            ("no such category", [(("categories", j), name) for j, name in enumerate(outcome.categories)], have := list(settings.catalogue.categories), ", ".join(have)),
        ):  # fmt: skip
            for at, name in asked:
                if name not in known:
                    yield problem(at, f"arm '{arm}' has {message}", show(name), allowed, nearest(name, known))
        count = settings.market.geography.zones
        for at, zone in zones:
            if not 0 <= zone < count:
                yield problem(at, f"arm '{arm}' has no such zone", str(zone), f"0 to {count - 1}")
        for at_, where in places:
            if set(where.not_zones) >= set(range(count)):
                yield problem((*at_, "not_zones"), "leaves no zone", f"all {count}", f"some of 0 to {count - 1}")
        burn, days = settings.burn_in_days, settings.days
        for part, span in spans:
            if span is not None and (span[0] < -burn or span[1] > days):
                yield problem(part, f"days beyond the run of arm '{arm}'", str(span), f"{-burn} to {days}")
        needs_past = [part for part, g in groups if (g.prior or (g.channels and not g.bought)) and burn == 0]
        for part in needs_past:
            yield problem(part, f"arm '{arm}' has no days before the window", "prior", "burn_in_days above 0")


def _broadcasts(settings: Settings) -> float:
    """Shows a week that the strategy has, or would have when a dated change switches them on."""
    row = settings.strategy.capabilities.get("live_commerce")
    return 0.0 if row is None else float(row.levels.get("per_week", 0.0))


def _stores(settings: Settings) -> list[str]:
    """Names of the stores of a run: those of the network, and further ones that a dated change opens."""
    names = {f"S{i + 1:02d}" for i in range(settings.network.stores.count)}
    for change in settings.scenario.interventions:
        if change.what == "store_open" and change.set == 1:
            names.update(change.stores)
    return sorted(names, key=lambda n: (len(n), n))


# ---- from a result folder ---------------------------------------------------------------------------------------
def reread(path: str | Path, output_dir: str | None = None) -> Plan:
    """The plan that `config.yaml` of a result states. Raises ConfigError when it is no longer valid."""
    from omosim.config.commands import ValidateSettings

    doc = read_file(path)
    if doc.problems:
        raise ConfigError(doc.problems)
    data = dict(doc.data)
    rows = data.get("experiments")
    if not isinstance(rows, dict) or not rows:
        raise refuse("holds no experiment", file=doc.file, key="experiments", cure="Take the file as it was written")
    options = ValidateSettings.model_validate({k: data[k] for k in ValidateSettings.model_fields if k in data}, strict=True)
    planned = read_planned(doc, data, output_dir)
    return Plan(options.model_dump(mode="json"), next(iter(planned[0].arms.values())), planned, [])


def read_planned(doc: Doc, data: Mapping[str, Any], output_dir: str | None) -> list[Planned]:
    """Experiments and settings that a resolved configuration repeats. Raises ConfigError."""
    layers = Layers([((), doc)])
    planned: list[Planned] = []
    problems: list[Problem] = []
    for row in data["experiments"].values():
        loaded = load(Doc(doc.file, row["experiment"], {}))
        problems += loaded.problems
        arms: dict[str, Settings] = {}
        for name, changed in row["arms"].items():
            whole = {**row["settings"], **changed, "seed": data["seed"], "replication": 0, "output": {"dir": output_dir, "touches": False}}
            found, wrong = validate(whole, layers)
            problems += wrong
            if found is not None:
                arms[name] = found
        if loaded.experiment is not None:
            planned.append(Planned(loaded.experiment, arms))
    if problems:
        raise ConfigError(unique(problems))
    return planned


# ---- what is read -------------------------------------------------------------------------------------------------
def spec_of(outcome: Outcome, group: Group) -> dict[str, Any]:
    """The filters of a reading as plain data, without those that are not set."""
    rows: dict[str, Any] = {
        "where": group.where.model_dump(exclude_defaults=True), "whom": group.whom, "when": group.when, "weekdays": list(outcome.weekdays),
        "shows": None if outcome.shows is None else outcome.shows.model_dump(), "channels": list(outcome.channels),
        "categories": list(outcome.categories), "services": list(outcome.services),
    }  # fmt: skip
    return {name: value for name, value in rows.items() if value}


def reading_of(outcome: Outcome, group: Group) -> dict[str, Any]:
    """{"key", "measure", "spec"}: what is read in a run for a group of shoppers; equal filters have equal keys."""
    spec = spec_of(outcome, group)
    key = outcome.measure + ("" if not spec else "." + content_hash(json.loads(json.dumps(spec)))[:10])
    return {"key": key, "measure": outcome.measure, "spec": spec}
