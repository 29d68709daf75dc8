"""What stands in the parts of a study (`runs/part-*.parquet`): figures by run, and the residuals of the laws of every run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.results.tables import read_arrow
from omosim.study.shards import PARTS, part_name

if TYPE_CHECKING:
    import pyarrow as pa

    from omosim.results import ResultFolder
    from omosim.study.outcome import Failure


def tables(place: Path, columns: Sequence[str], kpis: Sequence[str] = (), numbers: Iterable[int] | None = None) -> Iterator[pa.Table]:
    """Some columns of every part under a folder, in the order of the plan.

    Parameters
    ----------
    kpis : rows of these alone; none given: all rows
    numbers : parts that are read where they are there; None all

    Raises
    ------
    NotAResult : a part is torn
    NewerSchema : a part is from a later omosim
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    paths = sorted((place / PARTS).glob("part-*.parquet")) if numbers is None else [p for n in numbers if (p := place / PARTS / f"{part_name(n)}.parquet").is_file()]
    for path in paths:
        table = read_arrow(path, [*columns, "kpi"] if kpis and "kpi" not in columns else columns)
        yield table.filter(pc.is_in(table["kpi"], value_set=pa.array(list(kpis)))) if kpis else table


def rows(place: Path, columns: Sequence[str], kpis: Sequence[str] = (), numbers: Iterable[int] | None = None) -> Iterator[tuple[Any, ...]]:
    """The same row by row, as tuples in the order of `columns`."""
    for table in tables(place, columns, kpis, numbers):
        yield from zip(*(table[name].to_pylist() for name in columns), strict=True)


# ---- laws ------------------------------------------------------------------------------------------------------
@dataclass
class Proof:
    """What the finished runs of a study say of the laws.

    residuals : law -> sum of absolute residuals over the runs; runs : that have them; silent : finished runs without
    broken : runs that ended for a broken law, and have no figures; wrong : runs with figures whose residuals are not 0
    """

    residuals: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    silent: int = 0
    broken: int = 0
    wrong: int = 0

    def add(self, laws: Mapping[str, int], runs: int) -> None:
        """Take in runs with the same residuals."""
        self.runs, self.silent = self.runs + (runs if laws else 0), self.silent + (0 if laws else runs)
        self.wrong += runs if any(laws.values()) else 0
        for law, residual in laws.items():
            self.residuals[law] = self.residuals.get(law, 0) + abs(residual) * runs

    def write(self, folder: ResultFolder) -> dict[str, int]:
        """Write laws.json, law by law, where any run has them; what summary.json says."""
        if self.residuals:
            folder.write_json("laws.json", self.residuals)
        else:
            (folder.path / "laws.json").unlink(missing_ok=True)
        return {"laws": len(self.residuals), "runs": self.runs, "residual": sum(self.residuals.values()), "not_recorded": self.silent, "broken_runs": self.broken + self.wrong}


def proof(places: Iterable[Path], failures: Iterable[Failure] = ()) -> Proof:
    """The laws over all parts under some folders; a run that stands in several parts counts once."""
    found: dict[str, str] = {}
    for place in places:
        for table in tables(place, ("run_id", "laws")):
            recorded = "laws" in table.column_names
            pairs = table.group_by(["run_id", "laws"] if recorded else ["run_id"]).aggregate([])
            runs = pairs["run_id"].to_pylist()
            for run, text in zip(runs, pairs["laws"].to_pylist() if recorded else [None] * len(runs), strict=True):
                found[run] = text or found.get(run, "")
    out = Proof(broken=sum(f.exit_code == 4 for f in failures))
    for text, runs in sorted(Counter(found.values()).items()):
        out.add(json.loads(text or "{}"), runs)
    return out
