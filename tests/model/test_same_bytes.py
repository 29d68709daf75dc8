"""The same numbers whatever the engine, threads, windows, hash seed, processor features, or the JIT."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

STRATEGIES = ("o2o", "omo", "convergent")


def digest(run):
    """Hash of everything a result folder would hold of a run."""
    h = hashlib.sha256()
    for table in (run.book, run.model.world.stock.cells):
        for name in table.dtype.names:  # column by column: what lies in a row's padding is nobody's number
            h.update(np.ascontiguousarray(table[name]).tobytes())
    h.update(np.ascontiguousarray(run.model.journeys.counts).tobytes())
    h.update(repr([(k.kpi, k.value) for k in run.kpis]).encode())
    h.update(repr(sorted(run.pnl.items())).encode())
    return h.hexdigest()


@pytest.fixture(scope="module", params=STRATEGIES)
def plain(request, run_of):
    run = run_of(f"strategy={request.param}")
    assert len(run.book) > 100
    return request.param, digest(run)


@pytest.mark.parametrize(
    "how",
    ["engine.fulfilment=reference", "engine.threads=2", "engine.extra_cut_minutes=1", "engine.extra_cut_minutes=7", "engine.extra_cut_minutes=60"],
)
def test_how_it_is_computed_changes_nothing(plain, how, run_of):
    strategy, expected = plain
    assert digest(run_of(f"strategy={strategy}", how)) == expected


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from omosim.config.compose import compose
from omosim.model.run import run
from test_same_bytes import digest
print(digest(run(compose("run", {words!r}).settings)))
"""


def in_fresh_process(words, **env):
    """Digest of a run computed by a new interpreter with other environment variables."""
    code = SCRIPT.format(tests=os.path.dirname(__file__), words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env}, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.split()[-1]


SMALL = ["strategy=omo", "shoppers=2000", "days=7", "burn_in_days=3", "seed=11"]
TINY = ["strategy=omo", "shoppers=50", "days=3", "burn_in_days=0", "seed=11", "engine.drain_days=30"]


@pytest.fixture(scope="module")
def small_digest(run_of):
    return digest(run_of(*SMALL))


def test_environment_changes_nothing(small_digest):
    """Another process, hash seed and mathematical libraries for an older processor."""
    env = {"PYTHONHASHSEED": "1", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4", "OPENBLAS_CORETYPE": "Nehalem"}
    assert in_fresh_process(SMALL, **env) == small_digest


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"NUMBA_CPU_NAME": "generic"}, {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX2 FMA3"}], ids=str)
def test_processor_features_change_nothing(env, small_digest, tmp_path):
    assert in_fresh_process(SMALL, NUMBA_CACHE_DIR=str(tmp_path), **env) == small_digest


@pytest.mark.slow
def test_without_the_jit_a_tiny_run_is_the_same():
    assert in_fresh_process(TINY, NUMBA_DISABLE_JIT="1") == in_fresh_process(TINY)
