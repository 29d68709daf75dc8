"""The sample of known truth: the file is what the script writes, and shows the truth that stands beside it."""

from __future__ import annotations

import ast
import gzip
import json
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from omosim.ingest import ReadOptions, read_orders

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "experiments" / "pickup_sample.py"
FILE = ROOT / "experiments" / "data" / "pickup_sample.csv.gz"
DAYS = 80


@pytest.fixture(scope="module")
def told() -> dict:
    return json.loads(FILE.with_name("pickup_sample.truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    frame = pd.read_csv(FILE, dtype={"shopper_id": str})
    for name in ("placed_at", "promised_at", "ready_at", "collected_at"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


@pytest.fixture(scope="module")
def pickups(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[(lines["fulfilment"] == "pickup") & (lines["line_no"] == 1)]


def test_the_script_knows_nothing_of_omosim() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [n for n in names if n.startswith("omosim")]


def test_the_file_is_what_the_script_writes(sample: ModuleType, told: dict) -> None:
    written, kept = sample.sample_bytes(), FILE.read_bytes()
    assert len(kept) < 600_000
    assert written[:10] == kept[:10] == b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"  # no time, no name
    assert gzip.decompress(written) == gzip.decompress(kept)  # the packed bytes differ between builds of zlib
    assert told["truth"] == json.loads(json.dumps(asdict(sample.Truth())))
    assert told["roster"] == json.loads(json.dumps(asdict(sample.ROSTER)))


def test_rows_are_in_order(lines: pd.DataFrame, pickups: pd.DataFrame) -> None:
    assert lines["placed_at"].is_monotonic_increasing and lines["order_id"].is_monotonic_increasing
    assert not lines.duplicated(["order_id", "line_no"]).any()
    assert (pickups["ready_at"] > pickups["placed_at"]).all() and (pickups["promised_at"] > pickups["placed_at"]).all()
    got = pickups[pickups["status"] == "collected"]
    assert (got["collected_at"] > got["ready_at"]).all()
    expired = pickups["status"] == "expired"
    assert pickups.loc[expired, "collected_at"].isna().all() and abs(expired.mean() - 0.03) < 0.01
    second = lines[lines["fulfilment"] == "pickup"].groupby("order_id").size() == 2
    assert abs(second.mean() - 0.15) < 0.02
    walkins = lines[lines["channel"] == "store"]
    assert (walkins["status"] == "completed").all() and walkins["ready_at"].isna().all()


def test_omosim_reads_it_without_a_fault(lines: pd.DataFrame) -> None:
    log = read_orders(FILE, ReadOptions())
    assert log.rows == len(lines) == len(log.lines)
    assert log.quality.set_index("class").loc["bad_row", "rows"] == 0


def test_promises_are_counted_in_opening_hours(sample: ModuleType) -> None:
    hours = np.array([3.0, 10.0, 12.5, 18.99, 20.0, 21.0, 23.0])
    assert np.allclose(sample.promised(sample.Truth(), hours * 3600) / 3600, [12, 12, 14.5, 20.99, 35, 36, 36])


def test_pickups_come_as_the_truth_says(pickups: pd.DataFrame, told: dict) -> None:
    local = pickups["placed_at"].dt.tz_localize(None)
    days = local.dt.normalize().value_counts().sort_index()
    growth = 1.01 ** (np.arange(84) / 7)
    assert len(days) == 84
    for w, truth in enumerate(told["long_run"]["weekdays"].values()):
        counts = days.to_numpy()[w::7]
        assert abs(counts.mean() - truth["pickups"] * growth[w::7].mean()) < 4 * counts.std(ddof=1) / np.sqrt(12)


def test_the_file_is_ready_as_often_as_the_truth_says(pickups: pd.DataFrame, told: dict) -> None:
    day = (pickups["placed_at"].dt.tz_localize(None) + pd.Timedelta(hours=3)).dt.normalize()
    table = (pickups["ready_at"] <= pickups["promised_at"]).groupby(day).agg(["sum", "count"]).iloc[:84]
    for w, truth in enumerate(told["long_run"]["weekdays"].values()):
        good, all_ = table["sum"].to_numpy()[w::7], table["count"].to_numpy()[w::7]
        share = good.sum() / all_.sum()
        se = (good - share * all_).std(ddof=1) * np.sqrt(12) / all_.sum()
        mean, own = truth["ready_on_time"]
        assert 0.85 <= mean <= 0.98
        assert abs(share - mean) < 3 * np.hypot(se, own)


def test_the_long_run_is_measured_again(sample: ModuleType, told: dict) -> None:
    again = sample.true_levels(sample.Truth(), sample.ROSTER, DAYS, 5)
    for day, truth in told["long_run"]["weekdays"].items():
        assert 18 <= truth["wait_mean_s"][0] <= 180
        for name in ("ready_on_time", "wait_mean_s", "wait_within_300_s", "left"):
            (mean, se), (other, own) = truth[name], again[day][name]
            assert abs(mean - other) < 4 * np.hypot(se, own), (day, name)


def test_more_people_serve_better(sample: ModuleType) -> None:
    more = sample.Roster(*(tuple(tuple(p + 1 for p in day) for day in rows) for rows in (sample.ROSTER.pickers, sample.ROSTER.counter)))
    for w in (1, 5):
        few = (sample.Truth(), sample.ROSTER, w, DAYS, 3)
        many = (sample.Truth(), more, w, DAYS, 3)
        assert sample.ready_on_time(*many)[0] > sample.ready_on_time(*few)[0] + 0.02
        assert sample.wait_mean(*many)[0] < sample.wait_mean(*few)[0] / 3


def test_work_in_hand_is_finished_and_pauses_wait_for_it(sample: ModuleType) -> None:
    come, work = np.array([0.0, 1.0, 2.0, 3.0]), np.array([10.0, 10.0, 10.0, 10.0])
    shifts = [sample.Shift(0, 5.0, 32.0, 2.0, 8.0), sample.Shift(0, 100.0, 200.0)]
    begin, end = sample.serve(come, work, None, shifts, 15.0)
    assert begin.tolist() == [5.0, 25.0, 30.0, 100.0] and end.tolist() == [10.0, 30.0, 35.0, 110.0]
    begin, _ = sample.serve(come, work, np.array([9.0, 23.0, 99.0, 99.0]), shifts, 15.0)
    assert np.array_equal(begin, [5.0, np.nan, 25.0, 30.0], equal_nan=True)


def test_the_queue_is_that_of_a_recursion(sample: ModuleType) -> None:
    """Without pauses who comes takes the post that can begin first; who would wait too long leaves it untouched."""
    rng = np.random.default_rng(1)
    roster = sample.Roster(((1, 2, 3, 2, 1, 1, 0, 2, 4, 2, 1),) * 7, ((1,) * 11,) * 7)
    truth = sample.Truth(pause_from_h=99)
    shifts = sample.picker_shifts(truth, roster, np.arange(14) % 7)
    come, n = np.sort(rng.random(1500)) * 14 * 86400, 1500
    work, patience = rng.gamma(4, 120, n), rng.exponential(3600, n)
    begin, end = sample.serve(come, work, patience, shifts, truth.pause_s)
    free = [0.0] * 4
    for i in range(n):
        starts = [(max(s.on, come[i], free[s.post]), s.post, s.speed) for s in shifts if max(s.on, come[i], free[s.post]) < s.off]
        t, post, speed = min(starts, default=(np.inf, 0, 1.0))
        if t - come[i] > patience[i]:
            assert np.isnan(begin[i])
            continue
        free[post] = t + work[i] / speed
        assert begin[i] == pytest.approx(t) and end[i] == pytest.approx(free[post])
