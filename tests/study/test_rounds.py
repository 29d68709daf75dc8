"""Runs in rounds: the bytes do not depend on how often the study was interrupted, and later rounds survive an earlier one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from omosim.api.batch import Batch, Rounds
from omosim.results import ResultFolder
from omosim.study.book import StudyInterrupted
from omosim.study.executor import InlineExecutor
from omosim.study.shards import Planned

sys.path.insert(0, str(Path(__file__).parent))


class Made(Batch):
    """A batch whose settings are numbers; each run's effect is its point's."""

    def want(self, point: int, replications: range) -> None:
        self._fresh += [Planned(f"run{point}-{r}", point, "o2o", "baseline", 7, r) for r in replications]

    def task(self, item: Planned) -> str:
        return json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": 7, "settings": {"effect": item.point}})


class Stops(InlineExecutor):
    """Ctrl-C after some runs."""

    left = 0

    def collect(self):
        Stops.left -= 1
        if Stops.left < 0:
            raise KeyboardInterrupt
        return super().collect()


def study(place: Path, make) -> Rounds:
    """Three rounds; the last asks for what the second found."""
    place.mkdir(exist_ok=True)
    rounds = Rounds(ResultFolder(place, "flip"), Made(), make)
    try:
        for size in (5, 23, 40):
            known = rounds.values(["operating_profit"])["operating_profit"] if rounds.batch.parts else {}
            first = len({at[0] for at in known})
            for point in range(first, first + size):
                rounds.batch.want(point, range(2))
            rounds.run()
    finally:
        rounds.close()
    rounds.finish()
    return rounds


def bytes_of(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((place / "runs").iterdir())}


def test_rounds_go_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole = study(tmp_path / "whole", lambda: InlineExecutor("fake_entry:run"))
    assert (whole.done, whole.reused, whole.failures) == (136, 0, {})
    for at in (3, 30, 50, 40):
        Stops.left = at
        with pytest.raises(StudyInterrupted):
            study(tmp_path / "cut", lambda: Stops("fake_entry:run"))
    again = study(tmp_path / "cut", lambda: InlineExecutor("fake_entry:run"))
    assert again.reused == 123 and bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")
    third = study(tmp_path / "cut", lambda: InlineExecutor("nothing:here"))
    assert (third.done, third.reused) == (136, 136)
    assert len(third.values(["operating_profit", "net_revenue"])["net_revenue"]) == 136


def test_parts_of_another_plan_go_at_the_end(tmp_path: Path) -> None:
    study(tmp_path, lambda: InlineExecutor("fake_entry:run"))
    rounds = Rounds(ResultFolder(tmp_path, "flip"), Made(), lambda: InlineExecutor("fake_entry:run"))
    rounds.batch.want(900, range(3))
    rounds.run()
    rounds.finish()
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["part-00000.parquet"]
    assert {p.stem for p in (tmp_path / "runs.d").iterdir()} == {"part-00000"}
