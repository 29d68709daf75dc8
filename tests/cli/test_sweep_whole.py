"""`omosim sweep` where users stand: the contract's files, resuming, extending, shards, failures, rerun by the same words."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from omosim.cli.main import main

SMALL = ["shoppers=60,90", "days=2", "burn_in_days=0", "jobs=1"]


def sweep(*words: str) -> int:
    return main(["sweep", *words])


def rows(place: Path) -> list[dict]:  # type: ignore[type-arg]
    return [row for path in sorted((place / "runs").glob("part-*.parquet")) for row in pq.read_table(path).to_pylist()]


def tables(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*.parquet"))} | {"sweep.json": (place / "sweep.json").read_bytes()}


def test_the_contract_of_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep("strategy=o2o,omo", "seed=1,2", *SMALL, "output.dir=a") == 0
    out = capsys.readouterr()
    assert "= 8 runs" in out.err and "best at" in out.out
    found = rows(Path("a"))
    assert {"run_id", "strategy", "scenario", "replication", "kpi", "value", "unit"} <= set(found[0])
    assert len({row["run_id"] for row in found}) == 8
    assert {(r["strategy"], r["seed"], r["point"]) for r in found} == {(s, d, p) for s in ("o2o", "omo") for d in (1, 2) for p in (0, 1)}
    assert pq.read_table("a/design.parquet").to_pydict() == {"point": [0, 1], "shoppers": [60, 90]}
    assert json.loads(Path("a/sweep.json").read_text())["runs"] == 8
    assert not Path("a/failures.jsonl").exists()
    profit = {(r["strategy"], r["point"], r["seed"]): r["value"] for r in found if r["kpi"] == "operating_profit"}
    differences = pq.read_table("a/differences.parquet").to_pylist()
    for row in differences:
        expected = sum(profit["omo", row["point"], s] - profit["o2o", row["point"], s] for s in (1, 2)) / 2
        assert row["diff"] == pytest.approx(expected)

    page = Path("a/report.html").read_text()
    assert "What <bdi>omo</bdi> gains over" in page and json.loads(Path("a/summary.json").read_text())["answer"].split(";")[0][:40] in page

    before = tables(Path("a"))
    assert sweep("strategy=o2o,omo", "seed=1,2", *SMALL, "output.dir=a") == 0
    assert "8 were there" in capsys.readouterr().out and tables(Path("a")) == before

    assert main(["sweep", "extend", "a", "replications=+1", "jobs=1"]) == 0
    assert len({row["run_id"] for row in rows(Path("a"))}) == 16
    assert "8 were there" in capsys.readouterr().out
    assert sweep("strategy=o2o,omo", "seed=1,2", *SMALL, "replications=2", "output.dir=b") == 0
    assert tables(Path("a")) == tables(Path("b"))
    assert main(["sweep", "status", "a"]) == 0
    assert "16 of 16 runs finished, 0 failed; whole" in capsys.readouterr().out


def test_a_run_is_the_run_of_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep("strategy=omo", *SMALL, "output.dir=a") == 0
    assert main(["run", "strategy=omo", "shoppers=90", "days=2", "burn_in_days=0", "output.dir=r"]) == 0
    alone = {r["kpi"]: r["value"] for r in pq.read_table("r/kpis.parquet").to_pylist()}
    assert {r["kpi"]: r["value"] for r in rows(Path("a")) if r["point"] == 1} == pytest.approx(alone)


def test_shards_and_what_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["strategy=o2o,store_only", "network.stores.opens=10:00,23:30", "seed=1,2,3,4,5", *SMALL]
    assert sweep(*words, "output.dir=one") == 3
    failed = [json.loads(line) for line in Path("one/failures.jsonl").read_text().splitlines()]
    assert len(failed) == 20 and all("opens" in row["message"] for row in failed)
    assert len({row["run_id"] for row in rows(Path("one"))}) == 20
    for k in (2, 1):
        assert sweep(*words, "output.dir=two", f"shard={k}/2") == 3
    assert {n: b for n, b in tables(Path("two")).items() if n.startswith("runs/")} == {n: b for n, b in tables(Path("one")).items() if n.startswith("runs/")}
    capsys.readouterr()
    assert main(["sweep", "status", "one"]) == 0
    assert "20 of 40 runs finished, 20 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["status"], "takes a folder"),
        (["status", "nowhere"], "no sweep is in this folder"),
        (["extend", "nowhere", "replications=+1"], "no sweep is in this folder"),
        (["shoppers=60,90", "design=grid", "days=interval(2,4)"], "a range"),
        (["shoppers=-1,-2"], "shoppers"),
        (["executor=dask", "scheduler=tcp://127.0.0.1:9", "shoppers=60,90", "days=2"], "no Dask scheduler answers|pip install"),
    ],
)
def test_bad_input_is_told_and_nothing_runs(words: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("omosim.study.cluster._WAIT_S", 1.0)
    assert sweep(*words) == 2
    assert re.search(part, capsys.readouterr().err)
    assert not list(tmp_path.rglob("part-*"))


def test_one_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep("strategy=o2o,store_only", "network.stores.opens=10:00,23:30", *SMALL[1:], "shoppers=60", "output.dir=a") == 3
    run = next(row["run_id"] for row in rows(Path("a")) if row["strategy"] == "store_only")
    capsys.readouterr()
    assert main(["rerun", "a", f"run={run}"]) == 0
    said = capsys.readouterr().out
    assert "all " in said and "figures are equal" in said and "store_only" in said and "point 0" in said

    assert main(["sweep", "status", "a"]) == 0
    failed = json.loads(Path("a/failures.jsonl").read_text().splitlines()[0])
    assert f"omosim rerun a run={failed['run_id']}" in capsys.readouterr().out
    assert main(["rerun", "a", f"run={failed['run_id']}"]) == 2
    told = capsys.readouterr()
    assert "failed: error" in told.out and "opens" in told.err and "Traceback" not in told.err

    part = next(Path("a/runs").glob("part-*.parquet"))
    table = pq.read_table(part)
    at = table.column_names.index("value")
    changed = [v if (k, r) != ("operating_profit", run) else v + 1 for v, k, r in zip(*(table.column(n).to_pylist() for n in ("value", "kpi", "run_id")), strict=True)]
    pq.write_table(table.set_column(at, table.field(at), [changed]), part)
    assert main(["rerun", "a", f"run={run}"]) == 1
    said = capsys.readouterr().out
    assert "1 of" in said and "operating_profit: stored" in said


def test_a_sweep_again_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep("strategy=o2o,omo", *SMALL, "output.dir=a") == 0
    assert main(["rerun", "a"]) == 0
    assert "tables have the same bytes" in capsys.readouterr().out and tables(Path("a")) == tables(Path("a.rerun"))


def test_one_run_of_a_comparison_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "strategies=[o2o,omo]", "shoppers=60", "days=2", "burn_in_days=0", "replications=2", "jobs=1", "output.dir=c"]) == 0
    found = pq.read_table("c/runs.parquet").to_pylist()
    run = next(row["run_id"] for row in found if (row["strategy"], row["replication"]) == ("omo", 1))
    capsys.readouterr()
    assert main(["rerun", "c", f"run={run}"]) == 0
    assert "omo" in (said := capsys.readouterr().out) and "equal" in said
    for words, part in ((["c", "run=" + run[:-1] + "x"], run), (["c", "run="], "one run at a time"), (["c", "run=a", "run=b"], "one run at a time")):
        assert main(["rerun", *words]) == 2
        assert part in capsys.readouterr().err
    assert main(["run", "shoppers=60", "days=2", "burn_in_days=0", "output.dir=r"]) == 0
    assert main(["rerun", "r", "run=1"]) == 2
    assert "have no ids" in capsys.readouterr().err
