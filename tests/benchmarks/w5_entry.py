"""Runs of a stated amount of work and nothing else, so that what is left of the time is the sweep's own."""

from __future__ import annotations

import json
import os
import random
import time

KPIS = 60


def answer(task: dict) -> str:
    """As many figures as a run of the model reports, from the task's own draws."""
    draw = random.Random(f"{task['seed']}/{task['replication']}")
    luck, own = draw.gauss(0, 1), random.Random(str(task["run_id"])).gauss(0, 1)
    profit = 1_000_000 + round(50_000 * luck + 5_000 * own + 20_000 * (task["arm"] == "omo"))
    kpis = [{"kpi": "operating_profit", "value": profit, "unit": "minor KRW", "reason": ""}]
    draw.seed(str(task["run_id"]))
    kpis += [{"kpi": f"kpi_{i:02d}", "value": draw.random(), "unit": "share", "reason": ""} for i in range(KPIS - 1)]
    return json.dumps({"run_id": task["run_id"], "kpis": kpis, "laws": {f"L{i}": 0 for i in range(1, 13)}, "pnl": {}})


def nothing(text: str) -> str:
    """No work."""
    return answer(json.loads(text))


def burn(loops: int) -> int:
    """So many turns of a loop."""
    total = 0
    for i in range(loops):
        total += i & 7
    return total


LOOPS_PER_MS = 24_000  # on the machine of docs/performance.md; only the scale depends on it


def small(text: str) -> str:
    """About 20 ms of work."""
    burn(20 * LOOPS_PER_MS)
    return answer(json.loads(text))


def half_a_second(text: str) -> str:
    """About .6 s of work; says in which process it was, from when to when (seconds of the day, so that nine digits hold them)."""
    began = time.time() % 86_400
    burn(600 * LOOPS_PER_MS)
    told = json.loads(answer(json.loads(text)))
    for name, value in (("began", began), ("ended", time.time() % 86_400), ("worker", os.getpid())):
        told["kpis"].append({"kpi": name, "value": value, "unit": "s", "reason": ""})
    return json.dumps(told)


if __name__ == "__main__":
    began = time.process_time()
    burn(1000 * LOOPS_PER_MS)
    print(f"{time.process_time() - began:.2f} s where 1 is meant")
