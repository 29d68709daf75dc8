"""Content-addressed runs: what decides the numbers gives the id, and a finished run is one small file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from omosim.results import ResultFolder, content_hash
from omosim.results.atomic import json_text, sweep_temps, sync_folder, write_bytes
from omosim.results.tables import SCHEMA_VERSION, check_version

SHARDS = "runs.d"


@dataclass(frozen=True)
class Kpi:
    """One figure of one run; value None with a reason when it is undefined."""

    kpi: str
    value: float | None
    unit: str
    reason: str = ""


@dataclass(frozen=True)
class RunAnswer:
    """What one run reports: KPIs in their order, residuals of the laws, profit lines in minor units."""

    run_id: str
    kpis: tuple[Kpi, ...]
    laws: Mapping[str, int] = field(default_factory=dict)
    pnl: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def _values(self) -> dict[str, float | None]:
        return {k.kpi: k.value for k in self.kpis}

    def value(self, kpi: str) -> float | None:
        """The value of a KPI, None when undefined or absent."""
        return self._values.get(kpi)


class BadAnswer(ValueError):
    """The entry returned something else than a run's answer."""


def run_id(settings: str, *, code: str, data_hash: str, seed: int, replication: int) -> str:
    """Id of a run: hash of the stripped resolved settings, code version, data hash, seed and replication.

    settings: JSON text without jobs, output, engine.fulfilment and engine.threads; spacing and key order do not matter.
    """
    key = {"settings": settings_hash(settings), "code": code, "data": data_hash, "seed": seed, "replication": replication}
    return content_hash(json_text(key, indent=None))


@lru_cache(maxsize=4096)
def settings_hash(settings: str) -> str:
    """Hash of a JSON text, whatever its spacing and the order of its keys; of other text as it is."""
    try:
        content = json.loads(settings)
    except ValueError:
        return content_hash(settings)
    return content_hash(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def parse_answer(text: str, expected: str) -> RunAnswer:
    """Check an entry's JSON: the run's id, names as text, values finite or null, integers where promised."""
    try:
        raw = json.loads(text)
        kpis = tuple(_kpi(item) for item in raw["kpis"])
        answer = RunAnswer(
            str(raw["run_id"]), kpis, dict(_integers(raw.get("laws") or {})), dict(_integers(raw.get("pnl") or {}))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAnswer(f"run {expected}: not a run's answer ({type(error).__name__}: {error})") from None
    if answer.run_id != expected:
        raise BadAnswer(f"run {expected}: the answer belongs to {answer.run_id}")
    names = [k.kpi for k in kpis]
    if len(set(names)) < len(names):
        raise BadAnswer(f"run {expected}: a KPI is reported twice")
    return answer


def _kpi(item: Mapping[str, Any]) -> Kpi:
    value = item["value"]
    reason = str(item.get("reason") or "")
    if isinstance(value, bool) or not (value is None or isinstance(value, (int, float))):
        raise TypeError(f"value of {item['kpi']} is {type(value).__name__}")
    if value is not None and not math.isfinite(value):
        value, reason = None, reason or "not a number"
    return Kpi(str(item["kpi"]), value, str(item.get("unit") or ""), "" if value is not None else reason or "undefined")


def _integers(items: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in items.items():
        if isinstance(value, bool) or int(value) != value:
            raise TypeError(f"{name} is not an integer")
        yield str(name), int(value)


class RunStore:
    """Finished runs under `<folder>/runs.d`, one JSON file each, written at once and never half."""

    def __init__(self, folder: ResultFolder) -> None:
        self.path = folder.path / SHARDS
        if self.path.is_dir():
            sweep_temps(self.path)

    def save(self, answer: RunAnswer) -> RunAnswer:
        """Write a run; returns it as it will be read back (floats to nine digits)."""
        kpis = [{"kpi": k.kpi, "value": k.value, "unit": k.unit, "reason": k.reason} for k in answer.kpis]
        content = {
            "schema_version": SCHEMA_VERSION,
            "run_id": answer.run_id,
            "kpis": kpis,
            "laws": dict(answer.laws),
            "pnl": dict(answer.pnl),
        }
        text = json_text(content, indent=None)
        write_bytes(self.path / f"{answer.run_id}.json", text.encode("utf-8", "backslashreplace"), sync_parent=False)
        return parse_answer(text, answer.run_id)

    def settle(self) -> None:
        """Make the names of the runs saved so far survive a power cut; once a batch, for its cost."""
        if self.path.is_dir():
            sync_folder(self.path)

    def load(self, run: str) -> RunAnswer | None:
        """A finished run, None when it is not there or not whole; NewerSchema when from a later omosim."""
        path = self.path / f"{run}.json"
        try:
            text = path.read_text(encoding="utf-8")
            version = json.loads(text).get("schema_version", 0)
        except (OSError, ValueError, AttributeError):
            return None
        check_version(version, path)
        try:
            return parse_answer(text, run)
        except BadAnswer:
            return None
