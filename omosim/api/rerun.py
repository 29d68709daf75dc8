"""`omosim rerun DIR run=ID`: one run of a sweep or a comparison again, held against its stored figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omosim.results import ResultFolder, code_version
from omosim.results.errors import NotAResult
from omosim.results.folder import follow
from omosim.results.words import safe_text

ENTRY = "omosim.model.run:run_task"
SHOWN = 20
_KINDS = ("sweep", "compare")


@dataclass(frozen=True)
class Stored:
    """A run as its folder knows it.

    item : run_id, point, strategy, seed, replication; figures : KPI -> value; failure : its line of failures.jsonl
    """

    item: Mapping[str, Any]
    figures: Mapping[str, float | None] | None
    failure: Mapping[str, Any] | None

    @property
    def words(self) -> str:
        """Which run it is."""
        point = f"point {self.item['point']}, " if self.item.get("point") is not None else ""
        return safe_text(f"run {self.item['run_id']} ({point}{self.item['strategy']}, seed {self.item['seed']}, replication {self.item['replication']})", 300)


def rerun_one(place: str, run: str) -> int:
    """Repeat a run from the settings of its folder and say which figures differ; returns the exit code.

    Raises
    ------
    ConfigError : the folder's runs cannot be told apart, no such run, the run's settings are not valid
    Exception : what the run itself raises, where it failed in the folder too or fails now
    """
    from omosim.config.errors import refuse

    folder = ResultFolder(follow(Path(place)))
    command = str(folder.provenance()["command"])
    if command not in _KINDS:
        raise refuse(f"the runs of {command} have no ids", key="run", value=run, allowed="folders of " + ", ".join(_KINDS), cure=f"Write omosim rerun {place}")
    stored = locate(folder, command, run)
    made_by = str(folder.provenance().get("code_version"))
    if made_by != code_version():
        print(f"note: the folder was made by code {made_by}, this is {code_version()}; figures may differ for that alone")
    if stored.failure is not None:
        print(f"{stored.words} failed: {safe_text(stored.failure['kind'], 40)}: {safe_text(stored.failure['message'], 1000)}\nAgain:", flush=True)
    again = _again(stored, _task(folder, command, stored))
    if stored.figures is None:
        print(f"{stored.words} ends without an error now: {len(again)} figures. The sweep's own command, given again, keeps them.")
        return 0
    different = [name for name in (*stored.figures, *(n for n in again if n not in stored.figures)) if stored.figures.get(name) != again.get(name) or (name in again) != (name in stored.figures)]
    if not different:
        print(f"{stored.words}: all {len(again)} figures are equal to the stored ones")
        return 0
    print(f"{stored.words}: {len(different)} of {len(again)} figures differ")
    for name in different[:SHOWN]:
        print(f"  {safe_text(name, 80)}: stored {stored.figures.get(name)}, now {again.get(name)}")
    return 1


# ---- what the folder knows ------------------------------------------------------------------------------------
def locate(folder: ResultFolder, command: str, run: str) -> Stored:
    """Find a run by its id among finished and failed ones. Raises ConfigError with the nearest id."""
    from omosim.config.errors import nearest, refuse, show

    seen: set[str] = set()
    seed = folder.provenance().get("seed")
    for path in sorted((folder.path / "runs").glob("part-*.parquet")) if command == "sweep" else [folder.path / "runs.parquet"]:
        rows = _rows_of(path, run, seen)
        if rows:
            first = {name: value for name, value in rows[0].items() if name not in ("kpi", "value", "unit", "reason", "laws")}
            same = [row for row in rows if all(row[name] == first[name] for name in ("strategy", "replication") if name in row)]
            if command == "sweep":
                same = [row for row in same if (row["point"], row["seed"]) == (first["point"], first["seed"])]
            return Stored({"seed": seed, "point": None, **first}, {row["kpi"]: row["value"] for row in same}, None)
    for row in _failed(folder.path):
        seen.add(str(row["run_id"]))
        if row["run_id"] == run:
            return Stored({"seed": seed, "point": None, **row}, None, row)
    if command == "sweep" and (found := _in_journal(folder, run, seen)):
        return found
    raise refuse("no such run in this folder", key="run", value=show(run), near=nearest(run, seen), cure="`run_id` of its runs and of failures.jsonl names them")


def _rows_of(path: Path, run: str, seen: set[str]) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    from omosim.results.tables import read_arrow

    with suppress(NotAResult, KeyError):
        table = read_arrow(path)
        seen.update(table.column("run_id").unique().to_pylist())
        return [dict(row) for row in table.filter(pc.equal(table["run_id"], run)).to_pylist()]
    return []


def _failed(place: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(place.glob("failures*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _in_journal(folder: ResultFolder, run: str, seen: set[str]) -> Stored | None:
    """A finished run of a part that is not whole; which one it is comes from the plan."""
    from omosim.api.sweeps import prepare
    from omosim.study.shards import journalled

    answers = journalled(folder.path)
    seen.update(answers)
    if run not in answers:
        return None
    ready = prepare(_plan(folder))
    item = next((vars(item) for item in ready.runs if item.run_id == run), None)
    return None if item is None else Stored(item, {k.kpi: k.value for k in answers[run].kpis}, None)


# ---- the run again ----------------------------------------------------------------------------------------------
def _plan(folder: ResultFolder) -> Any:
    from omosim.config.sweep import compose_sweep

    return compose_sweep(folder.read_json("sweep.json")["words"])


def _task(folder: ResultFolder, command: str, stored: Stored) -> str:
    """The task of a run, from the words of the sweep or the configuration of the comparison."""
    item = stored.item
    if command == "sweep":
        from omosim.api.sweeps import design_of

        plan = _plan(folder)
        settings = plan.settings(item["strategy"], design_of(plan)[1][item["point"]])
    else:
        from omosim.config.reread import reread

        settings = reread(folder.path / "config.yaml").arms[item["strategy"]]
    head = {"run_id": item["run_id"], "arm": item["strategy"], "replication": item["replication"], "seed": item["seed"]}
    return json.dumps({**head, "settings": settings.model_dump(mode="json", exclude={"output"})})


def _again(stored: Stored, task: str) -> dict[str, float | None]:
    """KPI -> value of the run made again; a run that killed its workers is given one of its own to kill."""
    from omosim.results import nine_digits
    from omosim.study.book import judge
    from omosim.study.executor import PoolExecutor
    from omosim.study.outcome import KILLED, Failure, Outcome
    from omosim.study.worker import resolve

    run = str(stored.item["run_id"])
    if stored.failure is not None and stored.failure["kind"] == KILLED:
        with PoolExecutor(ENTRY, 1) as workers:
            workers.submit(run, task)
            (outcome,) = workers.collect()
    else:
        outcome = Outcome(run, resolve(ENTRY)(task))
    found = judge(outcome)
    if isinstance(found, Failure):
        raise FailedAgain(found.message, found.exit_code)
    return {k.kpi: None if k.value is None else nine_digits(float(k.value)) for k in found.kpis}


class FailedAgain(RuntimeError):
    """A run that fails again where its error does not reach this process."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
