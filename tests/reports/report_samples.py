"""Made-up result folders for the reports' tests."""

from __future__ import annotations

import json
import math
from pathlib import Path

from omosim.results import ResultFolder
from omosim.study import compare

ARMS = {
    "o2o": {
        "lift": 0.0,
        "returns": 0.0,
        "handling": 0,
        "staff": 0,
        "capability": 18_000_000,
        "live": 0.0,
        "pickup": True,
    },
    "omnichannel": {
        "lift": 0.03,
        "returns": 0.004,
        "handling": 250,
        "staff": 4_000_000,
        "capability": 27_000_000,
        "live": 0.0,
        "pickup": True,
    },
    "omo": {
        "lift": 0.11,
        "returns": -0.008,
        "handling": 420,
        "staff": 9_500_000,
        "capability": 41_000_000,
        "live": 0.06,
        "pickup": True,
    },
}
PROVENANCE = {
    "schema_version": 1,
    "command": "compare",
    "argv": ["compare", "strategies=[o2o,omnichannel,omo]", "baseline=o2o", "market=seoul_beauty", "seed=7"],
    "seed": 7,
    "config_hash": "2f6a91c0d4e8b713",
    "code_version": "9c1e44f0a2b7d835",
    "data_hashes": {"orders.csv": "77aa01bd23ce45f6"},
    "versions": {"omosim": "0.1.0", "numpy": "2.5.5", "numba": "0.68.0"},
    "python": "3.13.1",
}
ASSUMPTIONS = [
    {
        "key": "market.demand.purchase_r",
        "value": 0.739,
        "unit": "1",
        "range": [0.01, 50],
        "source": "UCI to 2011-09-09",
        "file": "m",
    },
    {
        "key": "catalogue.skincare.misfit",
        "value": 0.15,
        "unit": "share",
        "range": [0, 1],
        "source": "assumed",
        "file": "c",
    },
    {
        "key": "network.returns.lag_days",
        "value": 17,
        "unit": "days",
        "range": [0, 365],
        "source": "Akturk et al. 2018",
        "file": "n",
    },
]


def comparison(path: Path, arms: dict[str, dict[str, object]], baseline: str, **changes: object) -> ResultFolder:
    """A finished comparison of the made-up retailer; needs tests/reports on the module path."""
    folder = ResultFolder(path, "compare")
    folder.begin(PROVENANCE, "shoppers: 20000\n")
    folder.write_json("assumptions.json", ASSUMPTIONS)
    texts = {name: json.dumps(settings) for name, settings in arms.items()}
    given: dict[str, object] = {"replications": 12, "precision": 0.01, "seed": 7, "jobs": 1, "code": "t", **changes}
    compare(texts, baseline, "rich_entry:run", folder=folder, period="over 28 days", **given)  # type: ignore[arg-type]
    return folder


def single_run(path: Path) -> ResultFolder:
    folder = ResultFolder(path, "run")
    folder.begin({**PROVENANCE, "command": "run", "argv": ["run", "strategy=omo", "seed=7"]})
    kpis = [
        ("operating_profit", 81_234_567.0, "minor KRW", ""),
        ("orders", 4321.0, "orders", ""),
        ("fill_rate", 0.913, "share", ""),
    ]
    kpis.append(("pickup_ready_on_time", None, "share", "no pickup"))
    names = ("kpi", "value", "unit", "reason")
    folder.write_table("kpis", {n: [row[i] for row in kpis] for i, n in enumerate(names)})
    days = [f"2025-03-{d:02d}" for d in range(1, 29)]
    orders = [round(150 + 30 * math.sin(i / 7 * 2 * math.pi) + i) for i in range(28)]
    folder.write_table("daily", {"date": days, "orders": orders, "net_revenue": [o * 38_500 for o in orders]})
    folder.write_json("laws.json", {"L1": 0, "L6": 0, "L12": 0})
    folder.finish({"strategy": "omo"})
    return folder


def calibration(path: Path) -> ResultFolder:
    folder = ResultFolder(path, "calibrate")
    folder.begin({**PROVENANCE, "command": "calibrate", "argv": ["calibrate", "orders=orders.csv", "seed=7"]})
    folder.write_table(
        "holdout",
        {
            "measure": ["orders", "repeat_rate", "mean_basket"],
            "simulated": [10_240.0, 0.431, 17.2],
            "actual": [10_011.0, 0.452, 17.9],
            "error": [0.0229, -0.0465, -0.039],
            "unit": ["orders", "share", "GBP"],
            "aim": [0.05, 0.03, None],
            "within": [True, False, None],
        },
    )
    weeks = [f"2011-{6 + w // 4:02d}-{1 + 7 * (w % 4):02d}" for w in range(24)]
    mean = [400 + 8 * w + 40 * math.sin(w) for w in range(24)]
    folder.write_table(
        "weekly",
        {
            "week": weeks,
            "actual": [round(m + 25 * math.cos(3 * i)) for i, m in enumerate(mean)],
            "simulated": mean,
            "low": [m * 0.9 for m in mean],
            "high": [m * 1.1 for m in mean],
            "part": ["fit"] * 14 + ["hold-out"] * 10,
        },
    )
    hours = list(range(168))
    shape = [max(0.0, math.sin((h % 24 - 7) / 14 * math.pi)) / 168 * 2 if 7 < h % 24 < 21 else 0.0 for h in hours]
    folder.write_table("profile", {"hour": hours, "actual": shape, "simulated": [s * 0.97 for s in shape]})
    folder.finish({})
    return folder


HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    r"$\frac{1}{0}$",
    "[red]bold[/red]",
    "\x1b[31mANSI\x1b]8;;x\x07",
    "\u202egpj.exe",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "한국 매장",
]


def hostile(path: Path) -> ResultFolder:
    """A comparison whose strategies have names that try to run, steer or break something."""
    arms = {name: {**ARMS["omo"], "lift": 0.01 * i} for i, name in enumerate(HOSTILE)}
    return comparison(path, arms, HOSTILE[0], replications=2, scenario=HOSTILE[3])
