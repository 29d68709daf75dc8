"""Made-up folders of `value`, `flip` and `sweep`: what their pictures and charts read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report_samples import PROVENANCE

from omosim.results import ResultFolder


def _begun(path: Path, command: str) -> ResultFolder:
    folder = ResultFolder(path, command)
    folder.begin({**PROVENANCE, "command": command, "argv": [command]})
    return folder


def valuation(path: Path, name: str = "live_commerce") -> ResultFolder:
    """Two capabilities: +120.00 (+100 to +140) and -20.00 without an interval, GBP a year."""
    folder = _begun(path, "value")
    rows: list[dict[str, Any]] = [
        {"capability": name, "per_year": 12_000.0, "per_year_low": 10_000.0, "per_year_high": 14_000.0, "verdict": "better"},
        {"capability": "push", "per_year": -2_000.0, "per_year_low": None, "per_year_high": None, "verdict": "cannot_tell"},
    ]
    total = {"per_year": 10_000.0, "per_year_low": 8_000.0, "per_year_high": 12_000.0}
    folder.finish({"answer": "a", "from": name, "to": "omo", "unit": "GBP", "days": 28, "values": rows, "total": total})
    return folder


def break_even(path: Path, name: str = "omo", keys: int = 1) -> ResultFolder:
    """o2o pays above 17 stores, `name` below; with two keys a map of two boxes."""
    folder = _begun(path, "flip")
    ranges = [{"key": "network.stores.count", "low": 5.0, "high": 40.0, "unit": "stores"}, {"key": "market.choice.wait_per_day", "low": 0.001, "high": 0.003, "unit": "1"}][:keys]
    at = {r["key"]: [r["low"], r["high"]] for r in ranges}
    folder.write_table("map", {"point": [0, 1], **at, "verdict": [name, "o2o"]})
    folder.write_table("differences", {"point": [0, 1], "strategy": [name] * 2, "diff": [2_800.0, -5_600.0], "ci_low": [2_000.0, None], "ci_high": [3_600.0, None]})
    sides = {"low_y": [0.001, 0.001], "high_y": [0.003, 0.003]} if keys == 2 else {}
    folder.write_table("cells", {"low_x": [5.0, 17.0], "high_x": [17.0, 40.0], **sides, "verdict": [name, "cannot_tell"]})
    flip = {"below": name, "above": "o2o", "low": 16.0, "high": 18.0, "value": 17.0, "ci_low": 16.5, "ci_high": 17.5}
    stretches = [{"winner": name, "low": 5.0, "high": 16.0}, {"winner": "o2o", "low": 18.0, "high": 40.0}]
    lines = [{"axis": 0, "fixed": None, "first": True, "flips": [flip], "stretches": stretches}]
    shares = {"o2o": 0.6, name: 0.3, "cannot_tell": 0.1}
    folder.finish({
        "answer": "a", "strategies": ["o2o", name], "baseline": "o2o", "ranges": ranges, "lines": lines, "shares": shares, "unit": "GBP", "days": 365, "period": "over 365 days",
    })  # fmt: skip
    return folder


def swept(path: Path, name: str = "omo") -> ResultFolder:
    """A gain of 10.00 GBP in the mean, moved to 4.00 and 19.00 by the stores."""
    folder = _begun(path, "sweep")
    row = {"input": "network.stores.count", "low": 400.0, "high": 1_900.0, "low_at": "≤ 12", "high_at": "≥ 33", "low_ci": 1.0, "high_ci": 1.0, "flips_at": None}
    studied = [{"strategy": name, "baseline": "o2o", "gain": {"mean": 1_000.0}, "tornado": [row]}, {"strategy": "other", "baseline": "o2o", "gain": None, "tornado": []}]
    futures = [{"strategy": name, "share_best": 0.5, "gain": 1_000.0, "worst_decile": 0.0, "regret": 1.0}]
    folder.finish({"answer": "a", "unit": "GBP", "studied": studied, "futures": futures, "factors": []})
    return folder


def nothing(path: Path) -> ResultFolder:
    """A check of claims: tables, no picture."""
    folder = _begun(path, "claims")
    folder.write_table("claims", {"claim": ["N9"]})
    folder.finish({"answer": "1 claim.", "claims": []})
    return folder
