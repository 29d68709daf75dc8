"""A model of known truth for the studies' tests: Gaussian worlds that share their luck over strategies."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path


class Refused(Exception):
    exit_code = 2


def run(text: str) -> str:
    task = json.loads(text)
    settings = task["settings"]
    behave(settings.get("behave"), settings, task)
    shared = random.Random(f"{task['seed']}/{task['replication']}")
    own = random.Random(f"{task['seed']}/{task['replication']}/{settings.get('effect', 0)}")
    revenue = 1_000_000 + round(shared.gauss(0, 50_000))
    profit = revenue // 10 + round(settings.get("effect", 0) + own.gauss(0, settings.get("sigma", 1000)))
    kpis = [
        {"kpi": "operating_profit", "value": profit, "unit": "KRW"},
        {"kpi": "net_revenue", "value": revenue, "unit": "KRW"},
        {"kpi": "fill_rate", "value": 0.9 + shared.random() / 100, "unit": "share"},
        {"kpi": "pickup_wait_p90_min", "value": None, "unit": "min", "reason": "no pickups"},
    ]
    laws = {"L1": int(settings.get("behave") == "law"), "L6": 0}
    pnl = {"revenue": revenue, "goods": profit - revenue}
    return json.dumps({"run_id": task["run_id"], "kpis": kpis, "laws": laws, "pnl": pnl})


def behave(how: str | None, settings: dict, task: dict) -> None:
    print("noise on the standard output must not reach the answer")
    if how == "raise":
        raise ValueError("a bug of ours")
    if how == "raise_odd" and task["replication"] % 2:
        raise ValueError("a bug of ours")
    if how == "refuse":
        raise Refused("market.shoppers: -1 is not allowed")
    if how == "slow":
        time.sleep(settings.get("seconds", 30))
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "die_once":
        mark = Path(settings["mark"]) / f"{task['run_id']}.died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def threads(_: str) -> str:
    return json.dumps({"numba": os.environ.get("NUMBA_NUM_THREADS"), "pid": os.getpid()})


def garbage(_: str) -> str:
    return '{"run_id": "other", "kpis": []}'


def by_stores(text: str) -> str:
    """Profit rises by 1,000 a store, under a luck that all arms share and one of their own."""
    task = json.loads(text)
    shared = random.Random(f"{task['seed']}/{task['replication']}")
    own = random.Random(f"{task['seed']}/{task['replication']}/{task['arm']}/{task['settings']['network']['stores']['count']}")
    profit = 1000 * task["settings"]["network"]["stores"]["count"] + 500 * (task["arm"] == "omo") + round(shared.gauss(0, 50_000) + own.gauss(0, 1500))
    if os.environ.get("OMOSIM_TEST_STOP_AT", "-") == str(task["replication"]):
        raise KeyboardInterrupt
    return json.dumps({"run_id": task["run_id"], "kpis": [{"kpi": "operating_profit", "value": profit, "unit": "minor KRW"}], "laws": {}, "pnl": {}})
