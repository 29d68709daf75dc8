"""`claims`: what vendors say, read as they read it and as paired runs read it, in the same simulated world.

Plan, runs and effects are those of `validate`: a claim's file is an experiment's file with rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omosim.config.compose import compose
from omosim.config.errors import ConfigError, Problem, refuse, show, unique
from omosim.config.library import Library
from omosim.config.resolved import content_hash, to_yaml
from omosim.config.strict import read_file
from omosim.results import ResultFolder
from omosim.study import tabulate
from omosim.study.book import Book, FailedRun
from omosim.study.compare import Progress
from omosim.study.executor import Executor
from omosim.study.failures import write_failures
from omosim.validation.claim import Claim, Row, load_claim
from omosim.validation.effects import Estimate, estimate
from omosim.validation.plan import Plan, Planned, _Maker, find, prepare, read_planned
from omosim.validation.readings import answer, finding, reading
from omosim.validation.validate import Cells, effects_of, run_cells, unit_of

#: words that say how to read claims and not what is run
OWN = ("claims", "experiment", "replications", "jobs", "seed")
NOT_READ = Estimate(None, None, None, 0, "not read")


@dataclass
class ClaimsPlan(Plan):
    """What one `omosim claims` runs and reads; claims without an experiment run nothing."""

    claims: list[Claim] = field(default_factory=list)

    @property
    def yaml(self) -> str:
        """The resolved configuration: claims, and experiments as `validate` keeps them."""
        rows = [claim.model_dump(mode="json") for claim in self.claims]
        return to_yaml({"command": "claims", **self.options, "seed": self.seed, "stated": rows, "experiments": self.repeated()})

    @property
    def hash(self) -> str:
        """16 hex digits of what decides the answer."""
        return content_hash({"claims": [claim.model_dump(mode="json") for claim in self.claims], "runs": super().hash})


@dataclass(frozen=True)
class ClaimsOutcome:
    """What was found; the same stands in the folder's files."""

    folder: ResultFolder
    answer: str
    rows: list[dict[str, Any]]
    failures: list[FailedRun]
    exit_code: int


# ---- the plan --------------------------------------------------------------------------------------------------
def plan(words: Sequence[str], cwd: str | Path | None = None) -> ClaimsPlan:
    """Everything that `omosim claims` with these words runs. Raises ConfigError with every problem found.

    Parameters
    ----------
    words : key=value words; what is not the command's own goes to every claim, before the arms' own words
    cwd : folder from which files are found
    """
    place = Path(cwd) if cwd is not None else Path.cwd()
    composed = compose("claims", prepare(words, "claims"), place)
    docs = find(composed.options["claims"], Library(place), "claim", "claims")
    user = [w for w in words if w.partition("=")[0] not in OWN and not w.startswith("output.")]
    maker = _Maker([*user, f"seed={composed.settings.seed}"], place)
    problems: list[Problem] = []
    planned: list[Planned] = []
    claims: list[Claim] = []
    for doc in docs:
        found = load_claim(doc)
        problems += found.problems
        if found.claim is not None:
            claims.append(found.claim)
        if found.loaded is not None and found.loaded.experiment is not None:
            arms, wrong = maker.arms(found.loaded, found.loaded.experiment)
            problems += wrong
            planned.append(Planned(found.loaded.experiment, arms))
    names = [claim.name for claim in claims]
    problems += [Problem("two files have this name", key="name", value=show(n), cure="Rename one") for n in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise ConfigError(unique(problems))
    return ClaimsPlan(composed.options, composed.settings, planned, list(words), maker.first or composed, maker.notes, claims)


def reread(path: str | Path, output_dir: str | None = None) -> ClaimsPlan:
    """The plan that `config.yaml` of a result states. Raises ConfigError when it is no longer valid."""
    from omosim.config.commands import ClaimsSettings

    doc = read_file(path)
    if doc.problems:
        raise ConfigError(doc.problems)
    data = dict(doc.data)
    if not isinstance(data.get("stated"), list) or not isinstance(data.get("experiments"), dict):
        raise refuse("holds no claims", file=doc.file, key="stated", cure="Take the file as it was written")
    options = ClaimsSettings.model_validate({k: data[k] for k in ClaimsSettings.model_fields if k in data}, strict=True)
    claims = [Claim.model_validate(row, strict=True) for row in data["stated"]]
    planned = read_planned(doc, data, output_dir)
    if planned:
        base = next(iter(planned[0].arms.values()))
    else:
        base = compose("claims", [f"seed={data['seed']}", *([] if output_dir is None else [f"output.dir={output_dir}"])]).settings
    return ClaimsPlan(options.model_dump(mode="json"), base, planned, [], None, [], claims)


# ---- the runs --------------------------------------------------------------------------------------------------
def claims(
    plan: ClaimsPlan,
    folder: ResultFolder,
    *,
    progress: Callable[[Progress], None] | None = None,
    executor: Executor | None = None,
    finished: Callable[[], str | None] = lambda: None,
    code: str | None = None,
) -> ClaimsOutcome:
    """Run a plan and write its tables into `folder`; parameters and errors as in `validate`."""
    made, book = (None, None) if not plan.planned else run_cells(plan, folder, progress=progress, executor=executor, code=code)
    replications = plan.options["replications"]
    rows = [row for claim in plan.claims for row in _rows(plan, claim, made, book, replications)]
    folder.write_table("claims", {c: [row[c] for row in rows] for c in rows[0]}, meanings=MEANINGS, types=TYPES)
    failures: list[FailedRun] = []
    laws: dict[str, int] = {}
    if book is not None:
        folder.write_table("runs", *tabulate.runs_table(book, replications, plan.base.scenario.name))
        laws = tabulate.law_proof(book, replications).write(folder)
        failures = book.failed(replications)
        write_failures(folder, (f.row() for f in failures))
    text = answer(rows)
    about = [{"name": c.name, "title": c.title, "source": c.source, "kind": c.kind, "scenario": c.scenario, "assumed": c.assumed} for c in plan.claims]
    summary = {"answer": text, "seed": plan.seed, "replications": replications, "failed_runs": len(failures), "laws": laws, "confidence": 0.95, "about": about, "claims": rows}
    folder.finish(summary, finished=finished())
    return ClaimsOutcome(folder, text, rows, failures, 3 if failures else 0)


def _rows(plan: ClaimsPlan, claim: Claim, made: Cells | None, book: Book | None, replications: int) -> list[dict[str, Any]]:
    one = next((p for p in plan.planned if p.experiment.name == claim.name), None)
    effects: dict[str, list[float | None]] = {}
    if one is not None and made is not None and book is not None:
        effects = effects_of(one, made, book, replications)
        for outcome in one.experiment.outcomes:  # effects with 0 for nothing, whatever the statistic
            if outcome.neutral:
                effects[outcome.name] = [None if v is None else v - outcome.neutral for v in effects[outcome.name]]
    return [_row(claim, row, one, effects) for row in claim.rows]


def _row(claim: Claim, row: Row, one: Planned | None, effects: dict[str, list[float | None]]) -> dict[str, Any]:
    raw, causal, anyway = (estimate(effects[name]) if name is not None else NOT_READ for name in (row.raw, row.causal, row.anyway))
    unit = row.unit or _unit(row, one)
    known = [v for v in effects.get(row.raw or "", []) if v is not None]
    best = (max(known) if row.claimed is None or row.claimed >= 0 else min(known)) if known else None
    first = None if one is None else next(iter(one.arms.values()))
    part = causal.value / raw.value if causal.value is not None and raw.value and row.form != "level" else None
    return {
        "claim": f"{claim.name} {row.claim}", "source": claim.source, "claimed": row.claimed, "simulated_raw": raw.value, "simulated_causal": causal.value,
        "ci_low": causal.ci_low, "ci_high": causal.ci_high, "reading": reading(row, unit, raw, causal, anyway, best), "name": claim.name, "kind": claim.kind,
        "form": row.form, "unit": unit, "finding": finding(row, raw, causal, unit), "raw_low": raw.ci_low, "raw_high": raw.ci_high, "anyway": anyway.value,
        "luckiest": best if row.form == "change" else None, "causal_part": part, "fitted": row.fitted, "scenario": claim.scenario,
        "market": "" if first is None else first.market.name, "shoppers": None if first is None else first.shoppers, "replications": max(raw.replications, causal.replications),
        "assumed": "; ".join(claim.assumed), "reason": row.silent or causal.reason if causal.value is None else "", "note": row.note,
    }  # fmt: skip


def _unit(row: Row, one: Planned | None) -> str:
    """Unit of the figures: changes, gaps and ratios are shares."""
    if row.form != "level" or one is None or row.silent:
        return "share"
    outcome = next(o for o in one.experiment.outcomes if o.name in (row.raw, row.causal))
    return unit_of(one, outcome)


TYPES = {
    **dict.fromkeys(("claimed", "simulated_raw", "simulated_causal", "ci_low", "ci_high", "raw_low", "raw_high", "anyway", "luckiest", "causal_part"), "float64"),
    **dict.fromkeys(("claim", "source", "reading", "name", "kind", "form", "unit", "finding", "scenario", "market", "assumed", "reason", "note"), "string"),
    "shoppers": "int64", "replications": "int64", "fitted": "bool",
}  # fmt: skip
MEANINGS = {
    "claim": "name and words of the claim", "source": "who says so", "claimed": "the number claimed; null where none can be held against the model",
    "simulated_raw": "what the published kind of reading shows in the model", "simulated_causal": "what the practice causes, paired runs with and without it",
    "ci_low": "lower end of the 95 % interval of simulated_causal", "ci_high": "upper end", "reading": "all of it in words",
    "kind": "CLM a vendor's claim | TGT a pattern | PAR an input of the model | SCN an input of a scenario",
    "form": "change: after against before | gap: some people against others | level",
    "finding": "reached | part_or_more | part | next_to_nothing | opposite | effect | cannot_tell | level | cannot_speak", "raw_low": "lower end of the 95 % interval of simulated_raw",
    "raw_high": "upper end", "anyway": "the raw kind of reading without the practice", "luckiest": "the largest raw reading of all replications: what survivors publish",
    "causal_part": "simulated_causal over simulated_raw", "fitted": "a parameter was set with this figure in view", "reason": "why something is null",
}  # fmt: skip
