"""A retailer of known truth: profit is a plain function of the capabilities that are on and of two keys, with luck that arms share."""

from __future__ import annotations

import json
import random

#: minor units over the run of each capability
WORTH = {"live_commerce": 9000, "ship_from_store": 30000, "same_day": -12000, "push": 500, "fitting_pickup": 4000, "personalisation": 0, "store_sensing": -2500}
PAIR, TOGETHER = {"live_commerce", "push"}, 6000
COST = 1000
BROKEN: dict[str, int] = {}


def run(text: str) -> str:
    """Profit = luck + worths of what is on + the pair's synergy - 1000 each; at a store count of 17 the first two even out."""
    task = json.loads(text)
    settings = task["settings"]
    on = {name for name, row in settings["strategy"]["capabilities"].items() if row["enabled"]}
    if BROKEN.get("replication") == task["replication"] and BROKEN.get("on", "") in on:
        raise ValueError("planted")
    luck = random.Random(f"{task['seed']}/{task['replication']}").gauss(0, 50_000)
    own = random.Random(f"{task['seed']}/{task['replication']}/{sorted(on)}/{settings['network']['stores']['count']}").gauss(0, BROKEN.get("sigma", 0))
    profit = luck + own + sum(WORTH.get(name, 0) - COST for name in on) + (TOGETHER if on >= PAIR else 0)
    if "push" in on:
        profit += 1000 * (17.5 - settings["network"]["stores"]["count"])
    kpis = [
        {"kpi": "operating_profit", "value": round(profit), "unit": "KRW"}, {"kpi": "net_revenue", "value": 1_000_000, "unit": "KRW"},
        {"kpi": "capability_cost", "value": COST * len(on), "unit": "KRW"},
    ]  # fmt: skip
    return json.dumps({"run_id": task["run_id"], "kpis": kpis, "laws": {"L6": 0}, "pnl": {}})
