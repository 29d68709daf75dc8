"""Sweeps that are killed, torn and taken up again give the bytes of one that was not."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from omosim.results import ResultFolder, atomic
from omosim.results.tables import read_columns
from omosim.study import shards as shards_
from omosim.study.executor import InlineExecutor
from omosim.study.outcome import Failure
from omosim.study.runs import Kpi, RunAnswer
from omosim.study.shards import Planned, ShardStore, cut, part_length, runs_on_disk
from omosim.study.sweep import failure_rows, sweep

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def planned(runs: int = 40, points: int = 10) -> list[Planned]:
    return [Planned(f"run{i:04d}", i % points, "o2o", "baseline", 7, i // points) for i in range(runs)]


def tasks(item: Planned) -> str:
    return json.dumps({"run_id": item.run_id, "arm": item.strategy, "replication": item.replication, "seed": item.point, "settings": {}})


def go(place: Path, plan: list[Planned], make=tasks, entry: str = "fake_entry:run"):
    place.mkdir(parents=True, exist_ok=True)
    store = ShardStore(ResultFolder(place, "sweep"), cut(plan))
    return sweep(store, make, InlineExecutor(entry), mine=range(len(store.parts)), window=lambda: 4)


def shards(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((place / "runs").glob("*"))}


def test_parts_hold_every_run_once_in_the_plan_s_order(tmp_path: Path) -> None:
    plan = planned()
    found = go(tmp_path / "a", plan)
    assert (found.done, found.reused, found.failures, found.whole, found.exit_code) == (40, 0, {}, True, 0)
    rows = [row for p in sorted((tmp_path / "a" / "runs").iterdir()) for row in read_columns(p)["run_id"]]
    assert list(dict.fromkeys(rows)) == [item.run_id for item in plan]
    assert len(rows) == 40 * 4
    columns = read_columns(tmp_path / "a" / "runs" / "part-00000.parquet")
    assert columns["reason"][3] == "no pickups" and columns["value"][3] is None
    assert {p.suffix for p in (tmp_path / "a" / "runs.d").iterdir()} == {".crc"}


def test_the_same_sweep_again_runs_nothing(tmp_path: Path) -> None:
    go(tmp_path, planned())
    before = shards(tmp_path)

    def never(item: Planned) -> str:
        raise AssertionError("asked again")

    found = go(tmp_path, planned(), never)
    assert (found.done, found.reused, found.failures) == (40, 40, {}) and shards(tmp_path) == before


def test_a_sweep_that_grew_keeps_its_runs_and_has_the_bytes_of_a_whole_one(tmp_path: Path) -> None:
    go(tmp_path / "grown", planned(40))
    found = go(tmp_path / "grown", planned(2000))
    assert found.reused == 40 and part_length(2000) != part_length(40)
    go(tmp_path / "whole", planned(2000))
    assert shards(tmp_path / "grown") == shards(tmp_path / "whole")


def test_torn_files_are_made_again(tmp_path: Path) -> None:
    go(tmp_path / "whole", planned())
    go(tmp_path / "torn", planned())
    draw = random.Random(1)
    for round_ in range(8):
        path = draw.choice(sorted((tmp_path / "torn" / "runs").iterdir()))
        data = path.read_bytes()
        at = draw.randrange(len(data))
        path.write_bytes(data[:at] if round_ % 2 else data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])
        (tmp_path / "torn" / "runs" / f".part-{round_}.tmp").write_bytes(b"half")
        (tmp_path / "torn" / "runs.d" / "part-00001.jsonl").write_bytes(b'0badbad0 ["run0020", []]\n["run00')
        go(tmp_path / "torn", planned())
        kept = shards(tmp_path / "torn")
        whole = shards(tmp_path / "whole")
        assert {n: kept[n] for n in whole} == whole


def test_a_failed_run_is_a_row_and_is_tried_again(tmp_path: Path) -> None:
    def some_fail(item: Planned) -> str:
        return json.dumps({**json.loads(tasks(item)), "settings": {"behave": {3: "raise", 4: "law", 5: "refuse"}.get(item.point)}})

    plan = planned()
    found = go(tmp_path / "a", plan, some_fail)
    assert found.done == 28 and len(found.failures) == 12 and found.exit_code == 4
    lines = list(failure_rows(found.failures, plan))
    assert [row["run_id"] for row in lines[:3]] == ["run0003", "run0004", "run0005"]
    assert {row["exit_code"] for row in lines} == {1, 2, 4}
    again = go(tmp_path / "a", plan)
    assert (again.reused, again.done, again.failures) == (28, 40, {})
    go(tmp_path / "b", plan)
    assert shards(tmp_path / "a") == shards(tmp_path / "b")


def test_equal_settings_share_a_run_over_parts(tmp_path: Path) -> None:
    plan = [Planned(f"run{i % 7}", i, "o2o", "baseline", 1, 0) for i in range(60)]
    asked = []

    def once(item: Planned) -> str:
        asked.append(item.run_id)
        return tasks(item)

    found = go(tmp_path, plan, once)
    assert sorted(asked) == [f"run{i}" for i in range(7)] and not found.failures
    points = [p for path in sorted((tmp_path / "runs").iterdir()) for p in read_columns(path)["point"]]
    assert sorted(set(points)) == list(range(60))


def test_shards_of_a_job_array_make_the_whole(tmp_path: Path) -> None:
    plan = planned(100)
    parts = cut(plan)
    for k in (2, 0, 1):
        store = ShardStore(ResultFolder(tmp_path / "array", "sweep"), parts)
        found = sweep(store, tasks, InlineExecutor("fake_entry:run"), mine=[n for n in range(len(parts)) if n % 3 == k], window=lambda: 2)
        assert found.whole == (k == 1)
    go(tmp_path / "one", plan)
    assert shards(tmp_path / "array") == shards(tmp_path / "one")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_at_any_write_leaves_nothing_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    """The n-th write, sync or rename fails, for every n until none does; then the bytes are those of a quiet disk."""
    go(tmp_path / "quiet", planned())
    real = getattr(os, call)
    for n in range(200):
        count = 0

        def failing(*args, n=n, **kw):
            nonlocal count
            count += 1
            if count == n + 1:
                raise OSError(code, os.strerror(code))
            return real(*args, **kw)

        place = tmp_path / f"{n}"
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, call, failing)
            try:
                go(place, planned())
            except OSError as error:
                assert error.errno == code
        for path in (place / "runs").glob("part-*.parquet"):
            assert read_columns(path)["run_id"], path
        go(place, planned())
        assert shards(place) == shards(tmp_path / "quiet")
        if count <= n:
            break
    else:
        raise AssertionError("the disk never became quiet")
    assert n >= 3


class Filling:
    """A file on a disk that takes half of the n-th write and then fails."""

    def __init__(self, file, counter: list[int], n: int, code: int) -> None:  # type: ignore[no-untyped-def]
        self.file, self.counter, self.n, self.code = file, counter, n, code

    def write(self, data: bytes) -> int:
        self.counter[0] += 1
        if self.counter[0] > self.n:
            if self.counter[0] == self.n + 1:
                self.file.write(data[: len(data) // 2])
            raise OSError(self.code, os.strerror(self.code))
        return int(self.file.write(data))

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self.file, name)

    def __enter__(self) -> Filling:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_half_a_write_and_no_more_leaves_nothing_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Every write of journals and parts is the last one once; finished runs before it are kept, and the end has the bytes of a quiet disk."""
    go(tmp_path / "quiet", planned())
    for n in range(200):
        count, place = [0], tmp_path / f"{n}"
        with monkeypatch.context() as patch:
            for module in (atomic, shards_):
                patch.setattr(module, "open", lambda *a, n=n, count=count, **kw: Filling(open(*a, **kw), count, n, code), raising=False)  # noqa: SIM115
            try:
                go(place, planned())
                break
            except OSError as error:
                assert error.errno == code
        for path in (place / "runs").glob("part-*.parquet"):
            assert read_columns(path)["run_id"], path
        kept = len(runs_on_disk(place))
        found = go(place, planned())
        assert found.reused == kept >= n - 8 and found.done == 40  # a part takes three writes beside those of its runs
        assert shards(place) == shards(tmp_path / "quiet")
    assert n > 40


def test_a_short_write_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(Filling):
        def write(self, data: bytes) -> int:
            return int(self.file.write(data[:7]))

    with monkeypatch.context() as patch:
        patch.setattr(shards_, "open", lambda *a, **kw: Short(open(*a, **kw), [0], 0, 0), raising=False)  # noqa: SIM115
        store = ShardStore(ResultFolder(tmp_path, "sweep"), cut(planned(2)))
        saved = store.save(0, RunAnswer("run0000", (Kpi("x", 1.0, "share"),)))
        store.close()
    assert store.take_stock([0])[0]["run0000"] == saved


def test_crash_drill(tmp_path: Path) -> None:
    """400 runs: a worker killed, then the whole program, a planted torn shard, restart; a run that kills its workers is set aside."""
    marks = tmp_path / "marks"
    marks.mkdir()
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    start = lambda place: subprocess.Popen([sys.executable, str(HERE / "drill.py"), str(place), "400", "2", "0.002", str(marks)], stdout=subprocess.PIPE, text=True, env=here)
    subprocess.run([sys.executable, str(HERE / "drill.py"), str(quiet), "400", "2", "0", str(marks)], check=True, env=here, capture_output=True)

    drill = start(killed)
    assert drill.stdout is not None
    shot = False
    for line in drill.stdout:
        done, *pids = line.split()
        if not shot and done.isdigit() and int(done) > 60 and pids:
            os.kill(int(pids[0]), signal.SIGKILL)
            shot = True
        if done.isdigit() and int(done) > 160:
            break
    os.kill(drill.pid, signal.SIGKILL)
    drill.wait()
    kept = len(runs_on_disk(killed))
    assert shot and 120 < kept < 400
    (killed / "runs" / "part-00001.parquet").write_bytes(b"PAR1 torn")
    again = start(killed)
    words = again.communicate(timeout=300)[0].splitlines()[-1].split()
    assert words == ["end", "399", "1", "False"] or words == ["end", "399", "1", "True"]
    failed = [json.loads(line) for line in (killed / "failures.jsonl").read_text().splitlines()]
    assert [(row["run_id"], row["kind"], row["attempts"]) for row in failed] == [("run00005", "killed", 3)]
    assert shards(killed) == shards(quiet)
    rows = [run for path in sorted((killed / "runs").iterdir()) for run in dict.fromkeys(read_columns(path)["run_id"])]
    assert len(rows) == len(set(rows)) == 399


def test_a_journal_line_survives_what_json_holds(tmp_path: Path) -> None:
    plan = planned(2)
    store = ShardStore(ResultFolder(tmp_path, "sweep"), cut(plan))
    answer = RunAnswer("run0000", (Kpi("순매출", 1 / 3, "원", ""), Kpi("x", None, "share", "a\nb \x00 \ud800")))
    saved = store.save(0, answer)
    store.close()
    assert store.take_stock([0])[0]["run0000"] == saved and saved.kpis[0].value == 0.333333333
    assert Failure("error", "x").exit_code == 1
