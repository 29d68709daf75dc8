"""Finished runs of a sweep on the disk: a journal a part while it grows, a Parquet shard when it is whole.

The plan is cut into parts of a fixed number of runs. A finished run is a line of `runs.d/part-00007.jsonl` at once, with
a checksum; when no run of the part is missing, `runs/part-00007.parquet` is written under a temporary name, synced and
renamed, its checksum after it, and the journal goes. So a part has the same bytes whatever finished first and however often
it was interrupted, kill -9 costs no finished run, and a torn or changed file is noticed and made again.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omosim.results import ResultFolder, content_hash
from omosim.results.atomic import json_text, sweep_temps, sync_folder, write_text
from omosim.results.errors import NotAResult
from omosim.results.tables import read_arrow
from omosim.study.runs import Kpi, RunAnswer

PARTS, JOURNALS = "runs", "runs.d"
LEAST, MOST, PARTS_AIMED = 16, 1000, 64
_MEANINGS = {"reason": "why a value is null", "laws": "residual of each law in the run, as JSON; null: the run reports none"}
_COLUMNS = ("run_id", "point", "strategy", "scenario", "seed", "replication", "kpi", "value", "unit", "reason", "laws")


@dataclass(frozen=True)
class Planned:
    """One run of a plan: its id and what stands beside its figures in the tables."""

    run_id: str
    point: int
    strategy: str
    scenario: str
    seed: int
    replication: int


def part_length(runs: int) -> int:
    """Runs a part: about 64 parts, none below 16 or above 1,000 runs."""
    return min(MOST, max(LEAST, -(-runs // PARTS_AIMED)))


def cut(plan: Sequence[Planned]) -> list[list[Planned]]:
    """The plan in parts, in its order; arms with equal settings share a run id and stand in the part of the first."""
    size = part_length(len(plan))
    return [list(plan[i : i + size]) for i in range(0, len(plan), size)]


def part_name(number: int) -> str:
    """Name of a part without its ending."""
    return f"part-{number:05d}"


@dataclass
class ShardStore:
    """Runs of one sweep under its folder; one process (or one `shard=` job) writes each part.

    folder : result folder
    parts : the plan in parts
    growing : parts beyond the plan are those of later rounds, and stay
    """

    folder: ResultFolder
    parts: Sequence[Sequence[Planned]]
    growing: bool = False
    _open: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shards = self.folder.path / PARTS
        self.journals = self.folder.path / JOURNALS
        for path in (self.shards, self.journals):
            path.mkdir(parents=True, exist_ok=True)

    # ---- what is there ------------------------------------------------------------------------------------------
    def take_stock(self, mine: Sequence[int]) -> dict[int, dict[str, RunAnswer]]:
        """Part -> finished runs of those parts of `mine` that are not whole; whole ones are left as they are.

        Files of an earlier cut of the plan (a sweep that was extended) are read for their runs and then removed.
        """
        for path in (self.shards, self.journals):
            sweep_temps(path)
        whole = {n for n in mine if self.whole(n)}
        foreign = self._foreign(whole, mine)
        journals = {n: self._journal(n) for n in mine}
        strays = self._strays(foreign)
        for answers in journals.values():  # a journal of another cut may hold runs that now stand in a neighbour's part
            strays.update(answers)
        missing = {n: journals[n] for n in mine if n not in whole}
        for number, found in missing.items():
            for item in self.parts[number]:
                if item.run_id in strays and item.run_id not in found:
                    found[item.run_id] = self.save(number, strays[item.run_id])
        for path in foreign:
            path.unlink(missing_ok=True)
        return missing

    def whole(self, number: int) -> bool:
        """Whether a part is on the disk, as it was written, with exactly its runs."""
        return self._seal(number) == f"{_checksum(self._shard(number))} {_content(self.parts[number])}"

    def _shard(self, number: int) -> Path:
        return self.shards / f"{part_name(number)}.parquet"

    def _seal(self, number: int) -> str:
        try:
            return (self.journals / f"{part_name(number)}.crc").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _journal(self, number: int) -> dict[str, RunAnswer]:
        return dict(_lines(self.journals / f"{part_name(number)}.jsonl"))

    def _foreign(self, whole: set[int], mine: Sequence[int]) -> list[Path]:
        """Files that hold no part of this plan as it is cut now; shards of other jobs are not touched."""
        known = {part_name(n) for n in range(len(self.parts))}
        if self.growing:
            known |= {p.stem for place in (self.shards, self.journals) for p in place.glob("part-*.*")}
        own = {part_name(n) for n in mine if n not in whole}
        return [p for p in self.shards.glob("part-*.parquet") if p.stem in own or p.stem not in known] + [
            p for p in self.journals.glob("part-*.*") if p.stem not in known
        ]

    def _strays(self, foreign: Sequence[Path]) -> dict[str, RunAnswer]:
        """Finished runs of files of another cut; a Parquet part counts where its checksum fits."""
        found: dict[str, RunAnswer] = {}
        for path in sorted(foreign):
            if path.suffix == ".jsonl":
                found.update(_lines(path))
            elif path.suffix == ".parquet" and path.stem[5:].isdigit() and self._seal(int(path.stem[5:])).startswith(_checksum(path)):
                found.update(_answers(path))
        return found

    # ---- writing ------------------------------------------------------------------------------------------------
    def save(self, number: int, answer: RunAnswer) -> RunAnswer:
        """Append a finished run to its part's journal; returns it as it will be read back."""
        file = self._open.get(number)
        if file is None:
            path = self.journals / f"{part_name(number)}.jsonl"
            torn = path.is_file() and not path.read_bytes().endswith(b"\n")
            file = self._open[number] = open(path, "ab", buffering=0)  # noqa: SIM115 - closed with the part
            if torn and file.tell():
                file.write(b"\n")
        content = [answer.run_id, [[k.kpi, k.value, k.unit, k.reason] for k in answer.kpis], dict(answer.laws)]
        text = json_text(content, indent=None).rstrip("\n").encode("utf-8", "backslashreplace")
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        while line:  # a full disk may take a part of it; the next write then says so
            line = line[file.write(line) :]
        return _read(text)

    def close_part(self, number: int, answers: Mapping[str, RunAnswer]) -> None:
        """Write a part from its runs, in the plan's order, and drop its journal; runs without an answer are left out."""
        rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        for item in self.parts[number]:
            answer = answers.get(item.run_id)
            if answer is None:
                continue
            kpis = answer.kpis
            for name, value in zip(_COLUMNS, _identity(item), strict=False):
                rows[name] += [value] * len(kpis)
            rows["kpi"] += [k.kpi for k in kpis]
            rows["value"] += [k.value if k.value is None else float(k.value) for k in kpis]
            rows["unit"] += [k.unit for k in kpis]
            rows["reason"] += [k.reason for k in kpis]
            rows["laws"] += [json.dumps(dict(answer.laws), separators=(",", ":")) if answer.laws else None] * len(kpis)
        types = {"point": "int64", "seed": "int64", "replication": "int64", "value": "float64", "reason": "string", "laws": "string"}
        self.folder.write_table(f"{PARTS}/{part_name(number)}", rows, {"value": "see unit"}, _MEANINGS, types)
        if all(item.run_id in answers for item in self.parts[number]):
            seal = f"{_checksum(self._shard(number))} {_content(self.parts[number])}\n"
            write_text(self.journals / f"{part_name(number)}.crc", seal)
            self.drop_journal(number)

    def drop_journal(self, number: int) -> None:
        """Close and remove a part's journal."""
        file = self._open.pop(number, None)
        if file is not None:
            file.close()
        (self.journals / f"{part_name(number)}.jsonl").unlink(missing_ok=True)

    def settle(self) -> None:
        """Bring every open journal to the disk, so that a power cut costs nothing before this point."""
        for file in self._open.values():
            os.fsync(file.fileno())
        with suppress(OSError):
            sync_folder(self.journals)

    def close(self) -> None:
        """Sync and close the journals."""
        self.settle()
        for file in self._open.values():
            file.close()
        self._open.clear()


def _checksum(path: Path) -> str:
    """CRC-32 of a file, "absent" when there is none."""
    try:
        return f"{zlib.crc32(path.read_bytes()):08x}"
    except OSError:
        return "absent"


def _content(part: Sequence[Planned]) -> str:
    """Hash of which runs a part holds."""
    return content_hash(json.dumps([_identity(item) for item in part]))


def _identity(item: Planned) -> tuple[Any, ...]:
    return item.run_id, item.point, item.strategy, item.scenario, item.seed, item.replication


def _read(text: bytes) -> RunAnswer:
    run, kpis, *laws = json.loads(text)  # journals of an earlier omosim have no laws
    return RunAnswer(run, tuple(Kpi(str(k), v, str(u), str(why)) for k, v, u, why in kpis), laws[0] if laws else {})


def _lines(path: Path) -> Iterator[tuple[str, RunAnswer]]:
    """Runs of a journal; a line whose checksum does not fit (a torn tail) is as if it were not there."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    for line in data.split(b"\n"):
        head, _, text = line.partition(b" ")
        if len(head) == 8 and text and b"%08x" % zlib.crc32(text) == head:
            with suppress(ValueError, TypeError):
                answer = _read(text)
                yield answer.run_id, answer


def _answers(path: Path) -> dict[str, RunAnswer]:
    """Runs of a whole Parquet part of some cut; nothing when it is torn."""
    try:
        rows = read_arrow(path).to_pydict()
        kpis: dict[str, dict[str, Kpi]] = {}
        for run, kpi, value, unit, why in zip(*(rows[n] for n in ("run_id", "kpi", "value", "unit", "reason")), strict=True):
            kpis.setdefault(run, {})[kpi] = Kpi(kpi, value, unit or "", why or "")
        laws = dict(zip(rows["run_id"], rows.get("laws") or [None] * len(rows["run_id"]), strict=True))
        return {run: RunAnswer(run, tuple(found.values()), json.loads(laws[run] or "{}")) for run, found in kpis.items()}
    except (NotAResult, KeyError):
        return {}


def journalled(folder: Path) -> dict[str, RunAnswer]:
    """Finished runs of the parts of a sweep's folder that are not whole."""
    return {run: answer for path in sorted((folder / JOURNALS).glob("part-*.jsonl")) for run, answer in _lines(path)}


def finished_runs(folder: Path) -> dict[str, RunAnswer]:
    """All finished runs under a sweep's folder, of whole parts and of journals; what cannot be read is left out."""
    found: dict[str, RunAnswer] = {}
    for path in sorted((folder / PARTS).glob("part-*.parquet")):
        found.update(_answers(path))
    return found | journalled(folder)


def runs_on_disk(folder: Path) -> set[str]:
    """Ids of all finished runs under a sweep's folder, whole parts and journals together."""
    found: set[str] = set()
    for path in sorted((folder / PARTS).glob("part-*.parquet")):
        with suppress(NotAResult, KeyError):
            found.update(read_arrow(path).column("run_id").unique().to_pylist())
    return found | journalled(folder).keys()
