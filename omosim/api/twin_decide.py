"""`omosim twin decide`: ways of trading weighed in every member from today on, and the decision in the forms that a shop uses."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from omosim.config.compose import Composed
    from omosim.study.executor import Executor
    from omosim.twin.decide import Choice
    from omosim.twin.ensemble import Ensemble
    from omosim.twin.folder import Step, Twin

ENTRY = "omosim.twin.whatif:whatif_task"
KPI = "operating_profit"
Answers = list[dict[str, Any]]


def twin_decide(composed: Composed, argv: Sequence[str]) -> int:
    """Weigh the ways, write decision.json with its tables, and say what to do."""
    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.api.twin_follow import settled
    from omosim.twin import folder

    _later_only(composed)
    with folder.writing(_place(composed.options)) as step:
        made = decide(step, settled(step.twin, composed))
        put = {kind: step.table(kind, table) for kind, table in made.tables.items() if next(iter(table.values()), [])}
        put["decision"] = step.raw("decision", (json.dumps(made.decision, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode(), "json")
        key = f"{step.twin.version}-{len(step.twin.head['updates'])}"
        step.commit("decide", key, {"best": made.decision["best"]}, {"files": put})
        write_csvs(step.twin, made.tables)
    print(made.decision["answer"])
    for line in made.decision["notes"]:
        print(f"note: {line}")
    print(f"Decision: {step.twin.path / 'decision.json'}; reorder_levels.csv beside it. Report: {write_twin_report(step.twin)}")
    return 0


class Made:
    """A decision and its tables, before they are written."""

    def __init__(self, decision: dict[str, Any], tables: dict[str, dict[str, list[Any]]]) -> None:
        self.decision, self.tables = decision, tables


def decide(step: Step, asked: Mapping[str, Any], workers: Executor | None = None) -> Made:
    """Weigh every way over the members.

    step : of the twin's folder; members are brought to today first. asked : ways, members, assimilate, horizon, jobs, service, review_days

    Raises
    ------
    ConfigError : a way that cannot be, CalibrationError where the orders cannot carry members
    """
    from omosim.api.twin_follow import caught_up, shape_of
    from omosim.api.twin_state import told
    from omosim.api.twin_ways import AS_IT_IS, ways_of
    from omosim.study.executor import make_executor
    from omosim.twin.decide import reorder_rows, weigh

    twin, days, started = step.twin, int(asked["horizon"]), time.perf_counter()
    now = caught_up(step, asked)
    place = now.stand(twin, days)
    ensemble, said = place.ensemble(shape_of(now.kept.day, days)), [*place.dated.said, *now.notes]
    settings = ensemble.members[0].settings
    ways = ways_of(asked["ways"], settings, ensemble.day)
    answers, failed = _answers(ensemble, ways, days, workers or make_executor(ENTRY, int(asked["jobs"])))
    money = {way: np.array([a["ways"][way]["money"][KPI] for a in answers], np.float64) for way in ways}
    weights = ensemble.weights[[a["member"] for a in answers]]
    choice = weigh(money, AS_IT_IS, weights)
    currency = settings.market.currency
    lead = settings.network.carrier.lead_days
    best = [a["ways"][choice.best] for a in answers]
    nodes, categories = answers[0]["nodes"], answers[0]["categories"]
    demand = np.array([b["demand"] for b in best], np.float64)
    paths = {(node, kind): demand[:, i, j] for i, node in enumerate(nodes) for j, kind in enumerate(categories) if demand[:, i, j].any()}
    reorder = reorder_rows(paths, lead, float(asked["review_days"]), float(asked["service"]))
    decision = {
        "schema_version": 1, "answer": _answer(choice, days, currency, len(answers)), "best": choice.best, "present": choice.present, "sure": choice.sure, "unit": f"minor {currency}",
        "days": days, "from": _from(twin), "worth_of_knowing": choice.worth_of_knowing, "effective_worlds": choice.effective, **told(twin, ensemble), "failed": failed,
        "ways": [{**vars(gain), "lines": _lines(answers, gain.way, weights), "series": _bands(answers, gain.way)} for gain in choice.gains],
        "notes": _notes(failed, ensemble, said),
    }  # fmt: skip
    sys.stderr.write(f"weighed {len(ways)} ways in {len(answers)} worlds ({time.perf_counter() - started:.1f} s)\n")
    columns = {name: [row[name] for row in reorder] for name in reorder[0]} if reorder else {}
    values: dict[str, list[Any]] = {"world": [], "way": [], "value": [], "weight": []}
    for way, column in money.items():
        values["world"] += [int(a["member"]) for a in answers]
        values["way"] += [way] * len(answers)
        values["value"] += column.tolist()
        values["weight"] += weights.tolist()
    return Made(decision, {"worlds": values, "reorder_levels": columns})


def _answers(ensemble: Ensemble, ways: Mapping[str, Mapping[str, Any]], days: int, workers: Executor) -> tuple[Answers, list[dict[str, Any]]]:
    """What every member says of every way, in the members' order; and those that failed, each with its reason."""
    plain = {way: {group: value.model_dump(mode="json") for group, value in changes.items()} for way, changes in ways.items()}
    out: dict[int, dict[str, Any]] = {}
    failed: list[dict[str, Any]] = []
    started, told = time.perf_counter(), 0.0
    with tempfile.TemporaryDirectory(prefix="omosim-twin-") as place:
        waiting = list(enumerate(ensemble.members))
        try:
            while waiting or workers.pending():
                while waiting and workers.pending() < 4:
                    i, member = waiting.pop(0)
                    path = Path(place) / f"{i:05d}.snapshot"
                    workers.submit(str(i), json.dumps({**member.save(path), "path": str(path), "days": days, "ways": plain}))
                for outcome in workers.collect():
                    i = int(outcome.name)
                    (Path(place) / f"{i:05d}.snapshot").unlink(missing_ok=True)
                    if outcome.value is None:
                        assert outcome.failure is not None
                        failed.append({"member": i, "kind": outcome.failure.kind, "message": outcome.failure.message})
                    else:
                        out[i] = {"member": i, **json.loads(outcome.value)}
                    done, took = len(out) + len(failed), time.perf_counter() - started
                    if took - told > 5:
                        told = took
                        sys.stderr.write(f"{done} of {len(ensemble)} worlds, {took:.0f} s, about {took / done * (len(ensemble) - done):.0f} s left\n")
        finally:
            workers.close()
    if len(out) < len(ensemble) / 2:
        from omosim.twin.errors import CalibrationError

        raise CalibrationError(f"{len(failed)} of {len(ensemble)} worlds failed: {failed[0]['message'] if failed else ''}")
    return [out[i] for i in sorted(out)], failed


# ---- words and tables ------------------------------------------------------------------------------------------
def _from(twin: Twin) -> str:
    from omosim.api.twin_state import today

    return today(twin).isoformat()


def _answer(choice: Choice, days: int, currency: str, worlds: int) -> str:
    from omosim.results.words import number

    unit = f"minor {currency}"
    best = next(g for g in choice.gains if g.way == choice.best)
    over = f"over {days} days, {worlds} plausible worlds"
    if len(choice.gains) == 1:
        return f"As it is: {number(best.mean, unit)} operating profit {over}. Give ways=[…] to weigh others."
    if choice.best == choice.present:
        others = ", ".join(f"{g.way} {number(g.gain, unit, sign=True)}" for g in choice.gains if g.way != choice.present)
        return f"Stay as it is: no other way earns more on average ({others}) {over}."
    band = f"{number(best.low, unit, sign=True)} to {number(best.high, unit, sign=True)} in nine worlds of ten"
    if not choice.sure:
        return f"One cannot tell whether {choice.best} earns more than to stay as it is: {number(best.gain, unit, sign=True)} operating profit on average {over} ({band}), which chance alone may give."
    return f"{choice.best}: {number(best.gain, unit, sign=True)} operating profit against as it is, {over} ({band}; it earns more in {100 * best.prob_better:.0f} % of the worlds)."


def _notes(failed: list[dict[str, Any]], ensemble: Ensemble, said: list[str]) -> list[str]:
    notes = list(said)
    if len({tuple(row) for row in ensemble.theta.tolist()}) == 1:
        notes.append("all worlds share one set of parameters: their spread is of chance and of what is hidden of customers, and too narrow")
    if failed:
        notes.append(f"{len(failed)} worlds failed and are left out: {failed[0]['message']}")
    notes.append("costs and stores are those of the market behind the twin unless its settings say otherwise: what the data cannot tell is assumed")
    return notes


def _lines(answers: Answers, way: str, weights: np.ndarray) -> dict[str, float]:
    """The mean statement of a way."""
    names = answers[0]["ways"][way]["money"]
    return {name: float(np.average([a["ways"][way]["money"][name] for a in answers], weights=weights)) for name in names}


def _bands(answers: Answers, way: str) -> dict[str, dict[str, list[float]]]:
    """Daily orders and pickups of a way: q05, q50, q95 over the worlds; what it is held against when the days have come."""
    out = {}
    for name in ("orders", "revenue", "pickups"):
        rows = np.array([[np.nan if v is None else v for v in a["ways"][way]["series"][name]] for a in answers])
        out[name] = {f"q{q:02d}": np.quantile(rows, q / 100, axis=0, method="hazen").tolist() for q in (5, 50, 95)}
    return out


def write_csvs(twin: Twin, tables: Mapping[str, Mapping[str, list[Any]]]) -> None:
    """Tables as files that a shop's own systems take."""
    from omosim.reports.export import csv_text
    from omosim.results import write_text

    if tables["reorder_levels"]:
        write_text(twin.path / "reorder_levels.csv", csv_text(dict(tables["reorder_levels"])))
