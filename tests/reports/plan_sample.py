"""A pickup plan's folder from a stored Saturday (data/plan_saturday.json: `omosim bopis` on its own sample, four digits)."""

from __future__ import annotations

import json
from pathlib import Path

from report_samples import PROVENANCE

from omosim.results import ResultFolder

SATURDAY = Path(__file__).parent / "data" / "plan_saturday.json"


def plan_folder(path: Path, name: str | None = None) -> ResultFolder:
    """A finished plan; with `name` every text that comes from a user or his file is `name`."""
    plan = json.loads(SATURDAY.read_text(encoding="utf-8"))
    if name is not None:
        plan |= {"store": name, "hours_from": name, "promise_from": name}
        plan["check"]["staff_of_the_past"] = name
        day = plan["days"]["sat"]
        for row in day["what_if"]:
            row["change"] = name
        day["erlang_c"]["reasons"] = [name]
    name = name or "S01"
    folder = ResultFolder(path, "bopis")
    folder.begin({**PROVENANCE, "command": "bopis", "argv": ["bopis", f"store={name}"], "data_hashes": {name: name}})
    folder.write_json("plan.json", plan)
    row = {"weekday": "sat", "role": name, "person": name, "from": "10:00", "to": "14:00", "break_from": "", "break_to": "", "paid_h": "4"}
    from omosim.reports.export import write_csv

    write_csv(path / "rota.csv", {k: [v] for k, v in row.items()})
    folder.finish({"title": f"Pickup plan of {name}", "file": name, "rows": 10, "notes": [name], "answer": name, "store": name})
    return folder
