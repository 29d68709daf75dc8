"""One run of an arm, and what the outcomes ask of it: the entry of a worker process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from omosim.engine.laws import LAWS
from omosim.model.run import Run, run
from omosim.schema.settings import Settings
from omosim.validation.measures import MEASURES
from omosim.validation.view import Source, View


def read(done: Run, wanted: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Readings of a finished run.

    Parameters
    ----------
    done : the run
    wanted : {"key", "measure", "spec"}; the spec's filters are those of `View`

    Returns
    -------
    {"kpi", "value", "unit", "reason"} of each, in order; the key is the name
    """
    source, out = Source(done), []
    for item in wanted:
        measure = MEASURES[item["measure"]]
        value = measure.read(View(source, item["spec"]))
        out.append({"kpi": item["key"], "value": value, "unit": measure.unit, "reason": "" if value is not None else "nothing to divide by"})
    return out


def run_task(text: str) -> str:
    """Entry of a study's worker: a JSON task in, a JSON answer out.

    Parameters
    ----------
    text : {"run_id", "seed", "replication", "settings": {"settings", "readings"}}
    """
    task = json.loads(text)
    asked = task["settings"]
    settings = Settings.model_validate({**asked["settings"], "seed": task["seed"], "replication": task["replication"]})
    done = run(settings)
    laws = {law: done.laws.get(law, 0) for law in LAWS}
    return json.dumps({"run_id": task["run_id"], "kpis": read(done, asked["readings"]), "laws": laws, "pnl": {}}, allow_nan=False)
