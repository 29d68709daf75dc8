"""`omosim compare` as a user runs it: files of the contract, same bytes whatever the processes, interrupt and resume."""

import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.commands import here

SMALL = ["compare", "strategies=[o2o,omo]", "shoppers=400", "days=4", "burn_in_days=2", "replications=3", "seed=5"]
TABLES = ("runs.parquet", "comparison.parquet", "pnl.parquet")


def start(words, folder, **env):
    command = [sys.executable, "-m", "omosim.cli.main", *words]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **env}, start_new_session=True
    )


def finish(words, folder, **env):
    child = start(words, folder, **env)
    out, err = child.communicate(timeout=600)
    return child.returncode, out, err


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    place = tmp_path_factory.mktemp("compare")
    code, out, err = here([*SMALL, "jobs=1", "output.dir=one"], place)
    assert code == 0, err
    return place, out


def test_files_of_the_contract(shown):
    place, out = shown
    folder = place / "one"
    names = {p.name for p in folder.iterdir()}
    assert {"config.yaml", "provenance.json", "summary.json", "report.html", "laws.json", *TABLES} <= names
    runs = pq.read_table(folder / "runs.parquet").to_pydict()
    assert set(runs) >= {"run_id", "strategy", "scenario", "replication", "kpi", "value", "unit"}
    assert set(runs["strategy"]) == {"o2o", "omo"} and set(runs["replication"]) == {0, 1, 2}
    rows = pq.read_table(folder / "comparison.parquet").to_pydict()
    expected = (
        "kpi unit strategy baseline mean baseline_mean diff ci_low ci_high prob_better verdict replications variance_reduction"
    )
    assert set(rows) >= set(expected.split())
    assert set(rows["verdict"]) <= {"better", "worse", "cannot_tell"}
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["comparison"]) == len(rows["kpi"]) and summary["answer"] in out.replace("\n", " ")
    laws = json.loads((folder / "laws.json").read_text())
    assert len(laws) == 12 and not any(laws.values())
    provenance = json.loads((folder / "provenance.json").read_text())
    assert {"versions", "seed", "config_hash", "code_version", "argv"} <= set(provenance)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page and "<script" not in page and "http://" not in page.replace("http://www.w3.org", "")


def test_every_kpi_of_the_contract_is_reported(shown):
    place, _ = shown
    promised = (
        "net_revenue gross_profit fulfilment_cost labour_cost capability_cost operating_profit orders units aov web_conversion "
        "store_conversion fill_rate stockout_rate cancel_rate return_rate return_rate_online return_rate_store pickup_ready_on_time "
        "pickup_wait_p90_min delivery_on_time wasted_trip_rate repeat_rate retention touchpoints_per_purchase "
        "multichannel_premium_raw multichannel_premium_causal consumer_surplus revenue_web revenue_store revenue_social revenue_live"
    ).split()
    runs = pq.read_table(place / "one" / "runs.parquet").to_pydict()
    assert set(promised) <= set(runs["kpi"])
    assert all(v is None or v == v for v in runs["value"])  # never NaN


def test_same_bytes_from_two_processes_with_the_other_engine_and_another_hash_seed(shown, tmp_path):
    place, _ = shown
    code, _, err = finish([*SMALL, "jobs=2", "engine.fulfilment=reference", "output.dir=two"], tmp_path, PYTHONHASHSEED="1")
    assert code == 0, err
    for name in TABLES:
        assert (tmp_path / "two" / name).read_bytes() == (place / "one" / name).read_bytes(), name


# that workers end with the command is tests/study/test_compare.py's; here they cost two starts
@pytest.mark.parametrize(("sent", "jobs"), [("SIGINT", 1), pytest.param("SIGTERM", 2, marks=pytest.mark.slow)])
def test_interrupt_says_how_to_resume_and_the_same_command_ends_in_the_same_bytes(shown, tmp_path, sent, jobs):
    place, _ = shown
    words = [*SMALL, f"jobs={jobs}", "output.dir=three"]
    child = start(words, tmp_path)
    shards = tmp_path / "three" / "runs.d"
    until = time.monotonic() + 300
    while time.monotonic() < until and not (shards.is_dir() and any(shards.glob("*.json"))) and child.poll() is None:
        time.sleep(0.05)
    os.kill(child.pid, getattr(signal, sent))
    out, err = child.communicate(timeout=120)
    if child.returncode == 130:
        assert "same command" in (out + err)
        assert not (tmp_path / "three" / "summary.json").exists() and not (tmp_path / "three" / "runs.parquet").exists()
    else:
        assert child.returncode == 0  # it was done before the signal came
    assert "Traceback" not in err
    code, _, err = here([*SMALL, "jobs=1", "output.dir=three"], tmp_path)  # where runs are made decides nothing
    assert code == 0, err
    for name in TABLES:
        assert (tmp_path / "three" / name).read_bytes() == (place / "one" / name).read_bytes(), name
    assert not list((tmp_path / "three").rglob("*.part"))
