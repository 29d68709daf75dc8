"""W1, stylised shoppers: the Numba kernel beside numpy, Mesa and C in one run; counts are asserted, times never.

`python -m tests.benchmarks.test_w1_shoppers` prints the table; `pytest -m bench` gives pytest-benchmark's figures.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from omosim.kernels.jit import JIT_OFF
from omosim.kernels.philox import uniform_lane, uniform_lanes
from omosim.kernels.purposes import CHOICE, SESSIONS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
w1 = import_module("w1_kernel")

KEY = (7, 0)
C_FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-shared", "-fPIC"]


def run_numba(shoppers: int, days: int, chunks: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """State and choices by alternative after `days`."""
    state, counts = w1.new_shoppers(shoppers), np.zeros((chunks, w1.ALTERNATIVES), np.int64)
    w1.run_days(*KEY, days, state, chunks, counts)
    return state, counts.sum(0)


def compile_c(folder: Path) -> ctypes.CDLL | None:
    """The C floor as a loaded library; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "w1_floor.so"
    subprocess.run([compiler, *C_FLAGS, "-o", str(library), str(HERE / "w1_floor.c")], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.run_days.argtypes = [ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int, ctypes.c_void_p, ctypes.c_int64,
                                ctypes.c_void_p]
    loaded.run_days.restype = None
    return loaded


def run_c(library: ctypes.CDLL, state: np.ndarray, counts: np.ndarray, days: int) -> None:
    library.run_days(*KEY, days, state.ctypes.data, len(state), counts.ctypes.data)


def run_numpy(state: np.ndarray, counts: np.ndarray, days: int, rng: np.random.Generator) -> None:
    """The same model in numpy, float32, with a shared stream."""
    for _ in range(days):
        active = np.flatnonzero(rng.random(len(state), np.float32) < w1.ACTIVE_SHARE)
        habit = state[active]
        race = rng.standard_exponential((len(active), 6), np.float32) * np.exp(-(w1.BASE + w1.BETA * habit[:, :6]))
        pick = race.argmin(1)
        habit[:, :6] *= w1.KEEP
        habit[np.arange(len(active)), pick] += w1.GAIN
        habit[:, 6] += 1
        state[active] = habit
        counts += np.bincount(pick, minlength=6)


def mesa_model(shoppers: int) -> Any:
    """The same model as Mesa agents, one `step` a day by `AgentSet.do`."""
    import math

    import mesa

    base = [float(b) for b in w1.BASE]

    class Shopper(mesa.Agent):
        def __init__(self, model: Any) -> None:
            super().__init__(model)
            self.habit = [0.0] * 6
            self.visits = 0

        def step(self) -> None:
            draw = self.model.random.random
            if draw() >= w1.ACTIVE_SHARE:
                return
            race = [-math.log(1.0 - draw()) * math.exp(-(b + 1.5 * h)) for b, h in zip(base, self.habit)]
            pick = race.index(min(race))
            self.habit = [0.9 * h for h in self.habit]
            self.habit[pick] += 0.1
            self.visits += 1
            self.model.counts[pick] += 1

    class Shoppers(mesa.Model):
        def __init__(self) -> None:
            super().__init__(rng=7)
            self.counts = [0] * 6
            Shopper.create_agents(self, shoppers)

        def step(self) -> None:
            self.agents.do("step")

    return Shoppers()


def expected_active(shoppers: int, days: int) -> tuple[float, float]:
    """Mean and standard deviation of the number of activations."""
    n, p = shoppers * days, w1.ACTIVE_SHARE
    return n * p, (n * p * (1 - p)) ** 0.5


def assert_active(counts: np.ndarray, shoppers: int, days: int) -> None:
    mean, deviation = expected_active(shoppers, days)
    assert abs(int(np.sum(counts)) - mean) < 5 * deviation, (counts, mean)


def slow_shoppers(shoppers: int, days: int) -> np.ndarray:
    """Visits per shopper, one draw at a time: the readable version of phase one."""
    visits = np.zeros(shoppers)
    for day in range(days):
        for who in range(shoppers):
            visits[who] += uniform_lane(*KEY, who, day, SESSIONS, 0) < w1.ACTIVE_BELOW / 2**32
    return visits


def test_w1_visits_equal_draws_taken_one_at_a_time() -> None:
    state, counts = run_numba(203, 9)
    assert np.array_equal(state[:, 6], slow_shoppers(203, 9))
    assert counts.sum() == state[:, 6].sum()
    assert len(set(uniform_lanes(*KEY, 3, 0, SESSIONS, 0))) == 4


def test_w1_does_not_depend_on_threads() -> None:
    shoppers, days = (301, 3) if JIT_OFF else (50_003, 20)
    one, counts = run_numba(shoppers, days)
    assert_active(counts, shoppers, days)
    for chunks in (2, 3, 7):
        state, again = run_numba(shoppers, days, chunks)
        assert np.array_equal(one, state) and np.array_equal(counts, again)


def test_w1_equals_c_bit_for_bit(tmp_path: Path) -> None:
    library = compile_c(tmp_path)
    if library is None:
        pytest.skip("no C compiler")
    text = (HERE / "w1_floor.c").read_text()
    assert f"CHOICE = {CHOICE}, SESSIONS = {SESSIONS}" in text
    shoppers, days = (301, 3) if JIT_OFF else (50_003, 20)
    state, counts = w1.new_shoppers(shoppers), np.zeros(6, np.int64)
    run_c(library, state, counts, days)
    mine, my_counts = run_numba(shoppers, days)
    assert np.array_equal(state.view(np.int32), mine.view(np.int32)) and np.array_equal(counts, my_counts)


@pytest.mark.bench
@pytest.mark.parametrize("threads", [1, 2])
def test_w1_numba_bench(benchmark: Any, threads: int) -> None:
    benchmark.group = "kernel"
    shoppers, days = 1_000_000, 20
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    state, counts = w1.new_shoppers(shoppers), np.zeros((threads, 6), np.int64)
    w1.run_days(*KEY, 0, state, threads, counts)
    rounds = 5
    benchmark.pedantic(w1.run_days, args=(*KEY, days, state, threads, counts), rounds=rounds)
    assert counts.sum() == rounds * run_numba(shoppers, days, threads)[1].sum()


@pytest.mark.bench
def test_w1_numpy_bench(benchmark: Any) -> None:
    benchmark.group = "kernel"
    state, counts = w1.new_shoppers(1_000_000), np.zeros(6, np.int64)
    benchmark.pedantic(run_numpy, args=(state, counts, 3, np.random.default_rng(7)), rounds=3)
    assert_active(counts, 1_000_000, 9)


@pytest.mark.bench
def test_w1_mesa_bench(benchmark: Any) -> None:
    benchmark.group = "kernel"
    model = mesa_model(10_000)
    benchmark.pedantic(lambda: [model.step() for _ in range(20)], rounds=3)
    assert_active(np.array(model.counts), 10_000, 60)


def best_rates(runs: list[tuple[str, int, Callable[[], None]]], repeat: int) -> dict[str, tuple[float, float]]:
    """Million shopper-days a second and a CPU second of each run, best of `repeat`, in turn so that all meet the same noise."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(repeat):
        for name, shopper_days, run in runs:
            start, cpu = time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            before = best.get(name, (0.0, 0.0))
            best[name] = max(before[0], shopper_days / wall / 1e6), max(before[1], shopper_days / cpu / 1e6)
    return best


def main(shoppers: int = 1_000_000, days: int = 20, repeat: int = 7) -> None:
    import tempfile

    runs: list[tuple[str, int, Callable[[], None]]] = []
    checks: list[tuple[str, Callable[[], np.ndarray], int, int]] = []
    for threads in (1, 2):
        if threads > numba.config.NUMBA_NUM_THREADS:
            continue
        state, counts = w1.new_shoppers(shoppers), np.zeros((4 * threads, 6), np.int64)
        w1.run_days(*KEY, 0, state, threads, counts)

        def run_threads(threads: int = threads, state: np.ndarray = state, counts: np.ndarray = counts) -> None:
            numba.set_num_threads(threads)
            w1.run_days(*KEY, days, state, len(counts), counts)

        name = f"Numba, {threads} thread{'s' * (threads > 1)}"
        runs.append((name, shoppers * days, run_threads))
        checks.append((name, lambda c=counts: c.sum(0), shoppers, days))  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        library = compile_c(Path(folder))
    if library is not None:
        c_state, c_counts = w1.new_shoppers(shoppers), np.zeros(6, np.int64)
        runs.append(("C -O3, 1 thread", shoppers * days, lambda: run_c(library, c_state, c_counts, days)))
        checks.append(("C -O3, 1 thread", lambda: c_counts, shoppers, days))
    n_state, n_counts, rng = w1.new_shoppers(shoppers), np.zeros(6, np.int64), np.random.default_rng(7)
    runs.append(("numpy float32", shoppers * 2, lambda: run_numpy(n_state, n_counts, 2, rng)))
    checks.append(("numpy float32", lambda: n_counts, shoppers, 2))
    model = mesa_model(10_000)
    runs.append(("Mesa AgentSet.do, 10,000", 10_000 * 20, lambda: [model.step() for _ in range(20)] and None))
    checks.append(("Mesa AgentSet.do, 10,000", lambda: np.array(model.counts), 10_000, 20))

    rates = best_rates(runs, repeat)
    for name, counts_of, n, d in checks:
        share = counts_of().sum() / (n * d * repeat)
        assert abs(share - w1.ACTIVE_SHARE) < 0.002, (name, share)
    if library is not None:
        assert np.array_equal(checks[0][1](), c_counts)
    first = rates["Numba, 1 thread"][1]
    size = w1.new_shoppers(1).nbytes
    print(f"W1: {shoppers:,} shoppers of {size} bytes, best of {repeat}, {os.cpu_count()} processors")
    print(f"{'':28}{'M shopper-days/s':>18}{'a CPU second':>14}{'Numba / it, of CPU':>20}")
    for name, (rate, per_cpu) in rates.items():
        print(f"{name:28}{rate:18.1f}{per_cpu:14.1f}{first / per_cpu:20.2f}")


if __name__ == "__main__":
    main()
