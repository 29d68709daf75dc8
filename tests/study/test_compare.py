from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from omosim.results import CompareResult, ResultFolder, Unfinished, load
from omosim.study import StudyInterrupted, StudyStopped, compare
from omosim.study.progress import Progress
from omosim.study.stats import paired

ENTRY = "fake_entry:run"
PUBLISHED = ("runs.parquet", "comparison.parquet", "convergence.parquet", "pnl.parquet", "laws.json", "summary.json")


SCRIPT = """
import json, sys
sys.path[:], arms, settings, path, changes = json.loads(sys.argv[1])
from omosim.results import ResultFolder
from omosim.study import StudyInterrupted, compare
folder = ResultFolder(path, "compare")
folder.begin({"schema_version": 1, "command": "compare", "argv": []})
given = {"replications": 12, "precision": 1e-9, "seed": 7, "jobs": 1, "code": "test", **changes}
try:
    compare(arms, "o2o", "fake_entry:run", folder=folder, run_settings=settings, **given)
except StudyInterrupted as stop:
    print(stop)
    sys.exit(stop.exit_code)
"""


def command(arms: dict[str, str], path: Path, settings: dict[str, str] | None = None, **changes: object) -> list[str]:
    return [sys.executable, "-c", SCRIPT, json.dumps([sys.path, arms, settings, str(path), changes])]


def study(folder: ResultFolder, arms: dict[str, str], **changes: Any) -> Any:
    given: dict[str, Any] = {"replications": 12, "precision": 1e-9, "seed": 7, "jobs": 1, "folder": folder}
    return compare(arms, "o2o", ENTRY, **{"code": "test", **given, **changes})


def changed(arms: dict[str, str], **settings: object) -> dict[str, str]:
    return {name: json.dumps({**json.loads(text), **settings}) for name, text in arms.items()}


def digests(folder: ResultFolder) -> dict[str, str]:
    return {n: hashlib.sha256((folder.path / n).read_bytes()).hexdigest() for n in PUBLISHED}


def fresh(path: Path) -> ResultFolder:
    folder = ResultFolder(path, "compare")
    folder.begin({"schema_version": 1, "command": "compare", "argv": ["compare", "seed=7"]})
    return folder


def test_finds_the_known_truth(folder: ResultFolder, arms: dict[str, str]) -> None:
    outcome = study(folder, arms, replications=20, period="over 28 days")
    profit = {r["strategy"]: r for r in outcome.rows if r["kpi"] == "operating_profit"}
    assert outcome.exit_code == 0 and not outcome.failures
    assert profit["omo"]["verdict"] == "better" and profit["omnichannel"]["verdict"] == "worse"
    assert profit["omo"]["ci_low"] < 5000 < profit["omo"]["ci_high"]
    assert profit["omnichannel"]["ci_low"] < -4000 < profit["omnichannel"]["ci_high"]
    assert profit["omo"]["variance_reduction"] > 5  # the worlds share a luck of sd 5,000, own noise is 1,000
    assert "omo pays more than o2o" in outcome.answer and "over 28 days" in outcome.answer


def test_the_table_can_be_computed_again_from_the_runs(folder: ResultFolder, arms: dict[str, str]) -> None:
    study(folder, arms)
    runs, comparison = folder.read_frame("runs"), folder.read_frame("comparison")
    assert list(comparison.columns[:13]) == [
        "kpi",
        "unit",
        "strategy",
        "baseline",
        "mean",
        "baseline_mean",
        "diff",
        "ci_low",
        "ci_high",
        "prob_better",
        "verdict",
        "replications",
        "variance_reduction",
    ]
    assert list(runs.columns[:7]) == ["run_id", "strategy", "scenario", "replication", "kpi", "value", "unit"]
    wide = runs[runs.kpi == "operating_profit"].pivot(index="replication", columns="strategy", values="value")
    row = comparison[(comparison.kpi == "operating_profit") & (comparison.strategy == "omo")].iloc[0]
    again = paired(wide["omo"].tolist(), wide["o2o"].tolist(), alpha=0.05 / 2)
    assert (row["diff"], row["ci_low"], row["ci_high"]) == (again.diff, again.ci_low, again.ci_high)
    assert row["replications"] == 12


def test_undefined_kpis_are_null_with_a_reason(folder: ResultFolder, arms: dict[str, str]) -> None:
    study(folder, arms)
    waits = [r for r in folder.summary()["comparison"] if r["kpi"] == "pickup_wait_p90_min"]
    assert len(waits) == 2
    for row in waits:
        assert row["diff"] is None and row["verdict"] == "cannot_tell" and row["reason"]
    assert "NaN" not in (folder.path / "summary.json").read_text()
    assert folder.read_frame("comparison")["diff"].dtype == "float64"


def test_jobs_order_and_resume_do_not_change_a_byte(tmp_path: Path, arms: dict[str, str]) -> None:
    one, two, three = fresh(tmp_path / "one"), fresh(tmp_path / "two"), fresh(tmp_path / "three")
    study(one, arms)
    study(two, arms, jobs=2)
    calls = 0

    def interrupt(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt

    with pytest.raises(StudyInterrupted, match="same command again") as caught:
        study(three, arms, jobs=2, progress=interrupt)
    assert caught.value.exit_code == 130
    kept = len(list((three.path / "runs.d").glob("*.json")))
    assert kept >= 8 and not three.finished
    with pytest.raises(Unfinished, match="compare seed=7"):
        load(three.path)
    seen: list[Progress] = []
    study(three, arms, progress=seen.append)
    assert seen[-1].reused >= kept - 6  # runs of the first batch
    assert digests(one) == digests(two) == digests(three)


def test_worker_killed_once_per_run_gives_the_same_bytes(tmp_path: Path, arms: dict[str, str]) -> None:
    calm, storm = fresh(tmp_path / "calm"), fresh(tmp_path / "storm")
    study(calm, arms, replications=3)
    (tmp_path / "marks").mkdir()
    harsh = changed(arms, behave="die_once", mark=str(tmp_path / "marks"))
    study(storm, arms, replications=3, jobs=2, run_settings=harsh)
    assert len(list((tmp_path / "marks").iterdir())) == 9
    assert digests(calm) == digests(storm)


def test_kill_9_of_the_whole_study_then_the_same_command(tmp_path: Path, arms: dict[str, str]) -> None:
    calm = fresh(tmp_path / "calm")
    study(calm, arms, replications=6)
    slow = changed(arms, behave="slow", seconds=0.15)
    argv = command(arms, tmp_path / "kill", slow, replications=6, jobs=2)
    shards = tmp_path / "kill" / "runs.d"
    for enough in (3, 8):
        process = subprocess.Popen(argv)
        while len(list(shards.glob("*.json"))) < enough:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "kill" / "summary.json").exists()
        for shard in shards.glob("*.json"):
            json.loads(shard.read_text())
    subprocess.run(argv, check=True)
    assert digests(calm) == digests(ResultFolder(tmp_path / "kill"))


def test_ctrl_c_of_the_command_stops_workers_and_can_be_resumed(tmp_path: Path, arms: dict[str, str]) -> None:
    slow = changed(arms, behave="slow", seconds=20)
    argv = command(slow, tmp_path / "x", replications=6, jobs=2)
    # a shell that starts tests in the background has them ignore Ctrl-C, and children inherit that
    hear = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} if os.name == "posix" else {}
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **hear)
    until = time.monotonic() + 60
    while not (tmp_path / "x" / "provenance.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1.5)  # its workers are at work by now
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "same command again" in out


def test_failed_runs_are_rows_and_the_study_goes_on(folder: ResultFolder, arms: dict[str, str]) -> None:
    arms["broken"] = json.dumps({"behave": "raise"})
    arms["half"] = json.dumps({"behave": "raise_odd", "effect": 9000})
    outcome = study(folder, arms)
    assert outcome.exit_code == 3 and len(outcome.failures) == 12 + 6
    lines = [json.loads(line) for line in (folder.path / "failures.jsonl").read_text().splitlines()]
    assert {line["strategy"] for line in lines} == {"broken", "half"} and "a bug of ours" in lines[0]["message"]
    profit = {r["strategy"]: r for r in outcome.rows if r["kpi"] == "operating_profit"}
    assert profit["omo"]["verdict"] == "better" and profit["omo"]["replications"] == 12
    assert profit["half"]["replications"] == 6 and "6 of 12" in profit["half"]["reason"]
    assert profit["broken"]["diff"] is None and profit["broken"]["reason"]


def test_everything_fails(folder: ResultFolder) -> None:
    outcome = study(folder, {"o2o": '{"behave": "raise"}', "omo": '{"behave": "raise", "effect": 1}'})
    assert outcome.exit_code == 3 and outcome.rows == [] and "Cannot tell" in outcome.answer
    assert folder.read_table("comparison")["kpi"] == []


@pytest.mark.parametrize(("behave", "code"), [("law", 4), ("refuse", 2)])
def test_broken_laws_and_bad_input_publish_nothing(
    folder: ResultFolder, arms: dict[str, str], behave: str, code: int
) -> None:
    arms["omo"] = json.dumps({"behave": behave})
    with pytest.raises(StudyStopped, match="strategy omo, seed 7, replication 0") as caught:
        study(folder, arms)
    assert caught.value.exit_code == code
    assert not folder.finished and not (folder.path / "comparison.parquet").exists()


def test_arms_with_equal_settings_share_runs_and_do_not_differ(folder: ResultFolder, arms: dict[str, str]) -> None:
    twin = {"o2o": arms["o2o"], "renamed": arms["o2o"]}
    outcome = study(folder, twin)
    assert len(list((folder.path / "runs.d").glob("*.json"))) == 12
    row = next(r for r in outcome.rows if r["kpi"] == "operating_profit")
    assert (row["diff"], row["verdict"], row["prob_better"]) == (0, "cannot_tell", 0.5)
    assert "Cannot tell" in outcome.answer


def test_stops_early_when_precise_and_says_why(folder: ResultFolder, arms: dict[str, str]) -> None:
    outcome = study(folder, arms, replications=80, precision=0.01)
    assert outcome.summary["replications"] == 20 and outcome.summary["precise"]
    assert "narrow enough" in outcome.summary["stopped"]
    assert outcome.summary["precision_reached"] < 0.01
    assert max(folder.read_table("runs")["replication"]) == 19


def test_progress_shows_a_table_after_few_pairs(folder: ResultFolder, arms: dict[str, str]) -> None:
    seen: list[Progress] = []
    study(folder, arms, progress=seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    first = next(p for p in seen if p.rows)
    assert first.pairs <= 3 and first.done <= 9


def test_run_ids_ignore_spelling_and_follow_content(folder: ResultFolder) -> None:
    from omosim.study.runs import run_id

    same = [run_id(t, code="c", data_hash="d", seed=1, replication=0) for t in ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }')]
    assert same[0] == same[1]
    base = {"code": "c", "data_hash": "d", "seed": 1, "replication": 0}
    for change in ({"code": "x"}, {"data_hash": "x"}, {"seed": 2}, {"replication": 1}):
        assert run_id('{"a":1,"b":2}', **{**base, **change}) != same[0]  # type: ignore[arg-type]


def test_an_answer_of_another_run_is_refused(folder: ResultFolder) -> None:
    outcome = compare(
        {"a": "{}", "b": '{"x": 1}'},
        "a",
        "fake_entry:garbage",
        replications=2,
        precision=0.1,
        seed=1,
        jobs=1,
        folder=folder,
    )
    assert outcome.exit_code == 3 and "belongs to other" in outcome.failures[0].failure.message


def test_a_damaged_shard_is_run_again(tmp_path: Path, arms: dict[str, str]) -> None:
    folder = fresh(tmp_path / "x")
    study(folder, arms, replications=3)
    before = digests(folder)
    for shard in list((folder.path / "runs.d").glob("*.json"))[:4]:
        shard.write_text(shard.read_text()[:40])
    study(folder, arms, replications=3)
    assert digests(folder) == before


def test_loads_as_an_object(folder: ResultFolder, arms: dict[str, str]) -> None:
    study(folder, arms)
    result = load(folder.path)
    assert isinstance(result, CompareResult) and "omo" in result.answer
    kpis = result.kpis()
    assert list(kpis.columns) == ["o2o", "omnichannel", "omo"] or set(kpis.columns) == set(arms)
    assert kpis.index[0] == "operating_profit" and result.laws() == {"L1": 0, "L6": 0}


def test_hash_seed_and_cpu_features_do_not_change_a_byte(tmp_path: Path, arms: dict[str, str]) -> None:
    got = []
    for i, extra in enumerate(
        [
            {"PYTHONHASHSEED": "1"},
            {
                "PYTHONHASHSEED": "2",
                "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
                "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4",
            },
        ]
    ):
        subprocess.run(command(arms, tmp_path / str(i)), check=True, env={**os.environ, **extra})
        got.append(digests(ResultFolder(tmp_path / str(i))))
    assert got[0] == got[1]
