from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omosim.results.atomic import TEMP_MARK, json_text, sweep_temps, write_bytes, write_json
from omosim.results.rounding import nine_digits, nine_digits_array


def test_write_replaces_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.json"
    write_json(target, {"b": 1, "a": [1.0, None]})
    assert target.read_text() == '{\n "a": [\n  1.0,\n  null\n ],\n "b": 1\n}\n'
    write_bytes(target, b"x")
    assert target.read_bytes() == b"x" and os.listdir(target.parent) == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a"
    write_bytes(target, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_kill_9_while_writing_never_leaves_half_a_file(tmp_path: Path) -> None:
    code = (
        "import sys, json; sys.path[:] = json.loads(sys.argv[1])\n"
        "from omosim.results.atomic import write_bytes\ni = 0\n"
        "while True:\n i += 1\n write_bytes(sys.argv[2], bytes([i % 251]) * 3_000_000)\n"
    )
    target = tmp_path / "big"
    for wait in (0.0, 0.013, 0.027, 0.05):
        process = subprocess.Popen([sys.executable, "-c", code, json.dumps(sys.path), str(target)])
        while not target.exists():
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        data = target.read_bytes()
        assert len(data) == 3_000_000 and len(set(data)) == 1
    sweep_temps(tmp_path)
    assert not list(tmp_path.glob(f".*{TEMP_MARK}"))


def test_json_has_no_nan_and_knows_numpy() -> None:
    given = {"a": math.nan, "b": np.float64(math.inf), "c": np.int64(3), "d": np.array([1, 2]), "e": 0.1 + 0.2}
    text = json_text(given, indent=None)
    assert json.loads(text) == {"a": None, "b": None, "c": 3, "d": [1, 2], "e": 0.3}
    with pytest.raises(TypeError, match="no place"):
        json_text({"x": object()})


def test_json_of_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "\ud800 한국"})
    assert "한국" in (tmp_path / "a.json").read_text(encoding="utf-8")


floats = st.floats(allow_nan=False, allow_infinity=False)


@given(floats)
def test_nine_digits_are_the_decimal_ones(value: float) -> None:
    got = nine_digits(value)
    assert nine_digits(got) == got
    assert got == pytest.approx(float(f"{value:.8e}"), rel=1.1e-8)
    if value:
        assert abs(got - value) <= 0.5000001e-8 * abs(value) or abs(value) < 1e-300


@given(st.lists(floats, max_size=20))
def test_arrays_round_to_the_same_bits(values: list[float]) -> None:
    assert nine_digits_array(np.array(values, dtype=float)).tolist() == [nine_digits(v) for v in values]


def test_the_last_bits_of_a_sum_do_not_show() -> None:
    assert nine_digits(0.1 + 0.2) == nine_digits(0.3) == 0.3
    assert nine_digits(123456789.4) == 123456789.0 and nine_digits(-1234567895.5) == -1234567900.0
    assert nine_digits(12_345_678_901.0) == 12_345_678_901.0  # won and pence are exact
    assert math.isnan(nine_digits(math.nan)) and nine_digits(math.inf) == math.inf
