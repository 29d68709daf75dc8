"""A claim: what somebody says a practice did, the reading that could say so, and the paired runs that tell what was caused.

A claim's file is an experiment's file (arms, outcomes) with `rows`: what is claimed, and which outcome is the raw and
which the causal reading. No number of a claim is an input: `claimed` is printed beside what comes out and read nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field, ValidationError

from omosim.config.errors import Problem, nearest, show
from omosim.config.problems import from_pydantic
from omosim.config.strict import Doc, dotted
from omosim.schema.fields import Frozen, par
from omosim.validation.experiment import Experiment, Name
from omosim.validation.load import Loaded, load

#: keys of a claim's file that an experiment's file has, too
SHARED = tuple(Experiment.model_fields)


class Row(Frozen):
    """One claim: a number that was published, or that the model cannot speak about, with the reason."""

    claim: str = par("text", "what is claimed, in a few words", min_length=1, max_length=200)
    claimed: float | None = par("effect", "the number claimed, +30 % as 0.3; none: no number that could be held against", -1e9, 1e9, default=None)
    form: Literal["change", "gap", "level"] = par("word", "change: after against before; gap: some people against others; level: a share or number", default="change")
    unit: Literal["share", "1"] | None = par("unit", "how figures are shown, where it is not the outcomes' unit", default=None)
    raw: str | None = par("name", "outcome that reads it as it was published", default=None, max_length=80)
    anyway: str | None = par("name", "outcome that gives the same reading without the practice", default=None, max_length=80)
    causal: str | None = par("name", "outcome of paired runs with and without", default=None, max_length=80)
    raw_says: str = par("text", "the raw reading in words", default="", max_length=300)
    causal_says: str = par("text", "what is switched, in words", default="", max_length=300)
    silent: str = par("text", "why the model cannot speak about it", default="", max_length=600)
    fitted: bool = par("flag", "whether a parameter was set with this figure in view", default=False)
    note: str = par("text", "what a reader must know of it", default="", max_length=600)


class Claim(Frozen):
    """What a claim's file holds beside its experiment."""

    name: Name
    title: str = par("text", "name for people", max_length=200)
    source: str = par("text", "who says so, and where", min_length=1, max_length=1000)
    kind: Literal["CLM", "TGT", "PAR", "SCN"] = par("word", "CLM a vendor's claim; TGT a pattern; PAR an input of the model; SCN an input of a scenario", default="CLM")
    scenario: str = par("text", "the world in which it is read", default="", max_length=300)
    assumed: list[str] = par("texts", "what is assumed for it", default_factory=list, max_length=30)
    rows: list[Row] = Field(min_length=1, max_length=40)


@dataclass
class LoadedClaim:
    """A claim with the experiment that it is read in; loaded is None where nothing is run."""

    doc: Doc
    claim: Claim | None
    loaded: Loaded | None
    problems: list[Problem]


def load_claim(doc: Doc) -> LoadedClaim:
    """The claim of a file as data, and everything that the file alone shows to be wrong with it."""
    if doc.fatal or doc.problems:
        return LoadedClaim(doc, None, None, list(doc.problems))
    data = dict(doc.data)
    problems: list[Problem] = []
    runs = any(key in data for key in ("arms", "outcomes", "overrides"))
    loaded = None
    if runs:
        shared = {key: value for key, value in data.items() if key in SHARED}
        loaded = load(replace(doc, data={**shared, "outcomes": _reported(shared.get("outcomes"))} if "outcomes" in shared else shared))
        problems += loaded.problems
    own = {key: value for key, value in data.items() if key in Claim.model_fields or key not in SHARED}
    claim = None
    try:
        claim = Claim.model_validate(own, strict=True)
    except ValidationError as error:
        origin = lambda loc: (doc.file, doc.line_of(tuple(loc)))
        told = {(p.key, p.message) for p in problems}
        problems += [_in_file(p, doc) for p in from_pydantic(error, origin, Claim) if (p.key, p.message) not in told]
    if claim is not None:
        problems += _rules(claim, loaded, doc)
    return LoadedClaim(doc, claim, loaded, problems)


def _reported(outcomes: Any) -> Any:
    """Outcomes of a claim are read and not judged."""
    if not isinstance(outcomes, list):
        return outcomes
    return [{**row, "report_only": True} if isinstance(row, dict) else row for row in outcomes]


def _in_file(problem: Problem, doc: Doc) -> Problem:
    if problem.cure.startswith("See `omosim explain"):
        problem = replace(problem, cure="See `A claim of your own` in docs/claims.md")
    if problem.file != "command line":
        return problem
    return Problem(problem.message, doc.file, 1, None, problem.key, problem.value, problem.allowed, problem.near, f"Add '{problem.key}: …' to the file")


def _rules(claim: Claim, loaded: Loaded | None, doc: Doc) -> list[Problem]:
    """Outcomes that rows name exist, each row can be read or says why not, and no two have the same words."""
    found: list[Problem] = []
    experiment = None if loaded is None else loaded.experiment
    names = [o.name for o in experiment.outcomes] if experiment is not None else []

    def problem(i: int, key: str, message: str, value: str | None = None, allowed: str = "", near: str | None = None, cure: str = "") -> None:
        loc = ("rows", i, key) if key else ("rows", i)
        found.append(Problem(message, doc.file, doc.line_of(loc), None, dotted(loc), value, allowed, near, cure))

    texts = [row.claim for row in claim.rows]
    for i, row in enumerate(claim.rows):
        if row.claim in texts[:i]:
            problem(i, "claim", "two rows have these words", show(row.claim), cure="Say how they differ")
        if row.silent:
            for key in ("raw", "causal", "anyway"):
                if getattr(row, key) is not None:
                    problem(i, key, "a claim that cannot be read has no reading", cure=f"Drop {key}, or silent")
            continue
        for key in ("raw", "causal", "anyway"):
            name = getattr(row, key)
            if name is not None and name not in names and (loaded is None or not loaded.problems):
                problem(i, key, "no such outcome", show(name), ", ".join(names) or "none: the file has no outcomes", nearest(name, names))
        if row.raw is None and row.causal is None:
            problem(i, "", "nothing is read", cure="Name outcomes as raw and causal, or write silent: why it cannot be read")
        if row.causal is not None and not row.causal_says:
            problem(i, "", "what is switched has no words", cure="Add causal_says: …")
        if row.raw is not None and not row.raw_says:
            problem(i, "", "the raw reading has no words", cure="Add raw_says: …")
    return found
