"""Names that try to run, steer or break something, and folders of every kind that carry them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report_samples import ARMS, PROVENANCE, comparison

from omosim.results import ResultFolder

#: what a browser would run or fetch, a spreadsheet compute, a template fill, a terminal obey, a file system follow
NAMES = [
    "<script>document.title='ran'</script>",
    "\"><img src=x onerror=document.title='ran'>",
    "' onmouseover='document.title=1' x='",
    "<svg onload=document.title='ran'><animate onbegin=alert(1)>",
    "{{ 7*7 }}{% raw %}{# x #}${7*7}",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=HYPERLINK(\"http://x.test\",\"x\")",
    "\u202egpj.exe\u202c\u2066x",
    "zero\u200bwidth\u2060\ufeffname",
    "very long " + "name " * 400,
    "two\nlines\r\nSet-Cookie: a=b",
    "nul\x00\x07\x1b[31mred\x1b]8;;http://x.test\x07",
    "emoji 🛍️👩‍👩‍👧 한국 매장 · 面積",
    "%3Cscript%3Ealert(1)%3C/script%3E%0d%0a",
    "</style><style>*{background:url(http://x.test/a)}</style><link rel=x href=//x.test>",
    "javascript:alert(1)//](data:text/html,x)",
    "..\\..\\../etc/passwd\\\"'`;&&|$(x)",
]  # fmt: skip
assert len(NAMES) == 20


def hostile_compare(path: Path) -> ResultFolder:
    """Strategies, scenario, period, keys and sources of assumptions, the command line."""
    arms = {name: {**ARMS["omo"], "lift": 0.01 * i} for i, name in enumerate(NAMES)}
    folder = comparison(path, arms, NAMES[0], replications=2, scenario=NAMES[1])
    folder.write_json("assumptions.json", [_assumption(name) for name in NAMES])
    folder.write_json("provenance.json", {**folder.provenance(), "argv": ["compare", *NAMES], "data_hashes": {n: n for n in NAMES}})
    return folder


def hostile_run(path: Path) -> ResultFolder:
    """Strategy, market, plans, channels, touchpoints, segments, experiments, KPIs and their reasons."""
    folder = ResultFolder(path, "run")
    folder.begin({**PROVENANCE, "command": "run", "argv": ["run", *NAMES]})
    n = len(NAMES)
    folder.write_table("kpis", {"kpi": NAMES, "value": [None, *map(float, range(1, n))], "unit": NAMES, "reason": NAMES})
    folder.write_table("daily", {"day": list(range(6)), **{name: [float(i) for i in range(6)] for name in NAMES}})
    folder.write_table("orders", {"order_id": list(range(n)), "plan": NAMES, "channel": NAMES[::-1], "fulfilment": NAMES, "units_out": [1] * n})
    folder.write_table("touches", {"mission": list(range(n)), "touchpoint": NAMES})
    folder.write_table("funnel", {"stage": NAMES, "channel": NAMES, "segment": NAMES, "entering": [9] * n, "leaving": [3] * n})
    trial = {"experiment": NAMES, "group": NAMES, "shoppers": [10] * n, "kpi": NAMES, "value": [0.5] * n, "unit": NAMES}
    ends = dict.fromkeys(("ci_low", "ci_high", "diff", "diff_low", "diff_high"), [0.1] * n)
    folder.write_table("ab", {**trial, **ends, "reading": NAMES})
    folder.write_json("laws.json", {f"L1 {name}": 0 for name in NAMES})
    folder.write_json("assumptions.json", [_assumption(name) for name in NAMES])
    folder.finish({"strategy": NAMES[0], "market": NAMES[1], "period": NAMES[2], "unresolved": 1})
    return folder


def hostile_sweep(path: Path) -> ResultFolder:
    """Strategies, keys and values of factors, failures."""
    folder = ResultFolder(path, "sweep")
    folder.begin({**PROVENANCE, "command": "sweep", "argv": ["sweep", *NAMES]})
    keys, n = NAMES[:4], len(NAMES)
    folder.write_table("design", {"point": list(range(n)), **dict.fromkeys(keys, NAMES)})
    arms = {"strategy": NAMES, "baseline": [NAMES[0]] * n, "point": list(range(n)), "diff": [1.0] * n, "ci_low": [0.5] * n, "ci_high": [2.0] * n}
    folder.write_table("differences", arms)
    futures = [
        {"strategy": name, "points": n, "share_best": 0.5, "share_best_low": 0.4, "share_best_high": 0.6, "gain": 1.0, "worst_decile": 0.0, "regret": 0.1, "largest_regret": 0.2}
        for name in NAMES
    ]  # fmt: skip
    fails = [{"run_id": x, "strategy": x, "point": 0, "seed": 1, "replication": 0, "message": x, "kind": x} for x in NAMES]
    import json

    folder.write_text("failures.jsonl", "".join(json.dumps(row) + "\n" for row in fails))
    factors = [{"key": key, "values": NAMES} for key in keys]
    folder.finish({"points": n, "design": NAMES[3], "strategies": NAMES, "baseline": NAMES[0], "seeds": [1], "replications": 1, "runs": n, "failed_runs": n, "unit": "KRW", "futures": futures, "factors": factors})
    return folder


def hostile_validation(path: Path) -> ResultFolder:
    """Names, titles, sources and figures of experiments."""
    folder = ResultFolder(path, "validate")
    folder.begin({**PROVENANCE, "command": "validate", "argv": ["validate", *NAMES]})
    row: dict[str, Any] = {"unit": "share", "statistic": "difference", "sign": None, "neutral": 0.0, "band_low": 0.0, "band_high": 0.2, "simulated": 0.1, "ci_low": 0.05, "ci_high": 0.15, "fitted": False, "verdict": "holds", "reason": ""}
    rows = [{**row, "pattern": name, "outcome": name, "published": name, "note": name} for name in NAMES]
    told = [{"name": n, "title": n, "source": n, "published": n, "horizon": n, "shoppers": 10, "market": n, "arms": [n, n]} for n in NAMES]
    folder.finish({"answer": NAMES[0], "validation": rows, "reported": rows, "experiments": told, "counts": {"holds": 20}, "replications": 2, "failed_runs": 0})
    return folder


def hostile_calibration(path: Path) -> ResultFolder:
    """Title, measures, units, parts, the season's words."""
    folder = ResultFolder(path, "calibrate")
    folder.begin({**PROVENANCE, "command": "calibrate", "argv": ["calibrate", *NAMES]})
    n = len(NAMES)
    folder.write_table("holdout", {"measure": NAMES, "simulated": [1.0] * n, "actual": [1.0] * n, "error": [0.1] * n, "unit": NAMES, "aim": NAMES, "within": [False] * n})
    folder.write_table("weekly", {"week": NAMES, "actual": [1] * n, "simulated": [1.0] * n, "low": [0.5] * n, "high": [1.5] * n, "part": NAMES})
    folder.finish({"title": NAMES[0], "season": NAMES[1]})
    return folder


def _assumption(name: str) -> dict[str, Any]:
    return {"key": name, "value": name, "unit": name, "range": [name, name], "source": name, "file": name, "assumed": True}


FOLDERS = {"compare": hostile_compare, "run": hostile_run, "sweep": hostile_sweep, "validate": hostile_validation, "calibrate": hostile_calibration}
