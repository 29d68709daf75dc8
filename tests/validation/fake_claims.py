"""Runs of known truth for claims: the window sells more by the market's growth and, with coupons, by a fifth."""

from __future__ import annotations

import json
import random


def run(text: str) -> str:
    task = json.loads(text)
    changes = task["settings"]["settings"]["scenario"]["interventions"]
    coupons = any(c["what"] == "capability" and c["capability"] == "coupons" and c["set"] == 1 for c in changes)
    grown = next(c["times"] for c in changes if c["what"] == "need_rate")
    luck = random.Random(f"{task['seed']}/{task['replication']}")
    level, noise, own = luck.uniform(0.5, 2), luck.gauss(1, 0.01), random.Random(f"{task['replication']}/{coupons}").gauss(1, 0.003)

    def value(spec: dict) -> float:
        after = (spec.get("when") or [0, 1])[0] >= 0
        return 1000 * level * (grown * noise * own * (1.2 if coupons else 1.0) if after else 1.0)

    kpis = [{"kpi": r["key"], "value": value(r["spec"]), "unit": "minor"} for r in task["settings"]["readings"]]
    return json.dumps({"run_id": task["run_id"], "kpis": kpis, "laws": {"L1": 0}})
