"""W3, pickup pipeline: the kernel engine beside one SimPy process per order; counts are asserted, times never.

`python tests/benchmarks/test_w3_pickup.py` prints the table; `--large` adds 10 M rows and 1,000 stores; `--features` runs what the
network may have beside (`FEATURES` in w3_world.py), one by one and all together, beside the plain network.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Collection
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.schema.columns import BOOK, DAY

sys.path.insert(0, str(Path(__file__).parent))
w3 = import_module("w3_world")
END = (w3.DAYS + 5) * DAY


def kernel(net, count):
    """The kernel engine with its book reserved."""
    return KernelFulfilment(net, reserve=count + count // 8)


def reference(net, count):
    """The reference engine."""
    return ReferenceFulfilment(net)


EVENTS = {(20_000, 20): 62_766, (1_000_000, 20): 3_149_218, (1_000_000, 1000): 3_129_990}


def run(engine, count: int, stores: int, features: Collection[str] = ()) -> dict[str, float]:
    """One run: wall and CPU seconds, rows a second, events, bytes a live row."""
    return w3.run_w3(engine, count, stores, 50, features=features)


def line(name: str, count: int, stores: int, r: dict[str, float]) -> str:
    """One line of the table."""
    return (f"{name:10} {count:>11,} rows {stores:>5} stores {r['rows_per_s']:>11,.0f} rows/s "
            f"({count / r['cpu_s']:,.0f} per CPU second) {r['coarse_us']:6.1f} us a coarse event")  # fmt: skip


@pytest.mark.bench
def test_reference_beside_kernel():
    run(kernel, 1000, 20)  # compile
    slow, fast = run(reference, 20_000, 20), run(kernel, 20_000, 20)
    print("\n" + line("reference", 20_000, 20, slow))
    print(line("kernel", 20_000, 20, fast), f" ratio {slow['seconds'] / fast['seconds']:.0f}")
    assert np.array_equal(slow["engine"].book(), fast["engine"].book())
    assert slow["told"] == fast["told"]
    assert fast["engine"].events == EVENTS[20_000, 20]


@pytest.mark.bench
@pytest.mark.parametrize("stores", [20, 1000])
def test_one_million_rows(benchmark, stores):
    run(kernel, 1000, 20)
    result = benchmark.pedantic(run, (kernel, 1_000_000, stores), rounds=1)
    print("\n" + line("kernel", 1_000_000, stores, result))
    engine = result["engine"]
    assert engine.events == EVENTS[1_000_000, stores]
    assert set(engine.residuals(END).values()) == {0}


def feature_table(count: int = 1_000_000, stores: int = 20) -> dict[str, dict[str, float]]:
    """Every feature alone and all together beside the plain network; laws must hold."""
    sets = {"plain": (), **{name: (name,) for name in w3.FEATURES}, "all together": tuple(w3.FEATURES)}
    print(f"\n{count:,} rows, {stores} stores{'':14} rows per CPU second   of plain    events")
    done = {}
    for name, features in sets.items():
        done[name] = result = run(kernel, count, stores, features)
        engine = result["engine"]
        assert set(engine.residuals(END).values()) == {0}, name
        result["events"], result["book"] = engine.events, zlib.crc32(engine.book().tobytes())
        rate, share = count / result["cpu_s"], done["plain"]["cpu_s"] / result["cpu_s"]
        print(f"{name:28} {rate:>26,.0f} {share:>10.2f} {engine.events:>11,}", flush=True)
        del result["engine"]
    return done


@pytest.mark.bench
def test_features_beside_plain():
    run(kernel, 1000, 20, tuple(w3.FEATURES))  # compile
    slow, fast = (run(engine, 10_000, 20, tuple(w3.FEATURES)) for engine in (reference, kernel))
    assert np.array_equal(slow["engine"].book(), fast["engine"].book()) and slow["told"] == fast["told"]
    print(f"\nall features, 10,000 rows: kernel / reference {slow['cpu_s'] / fast['cpu_s']:.0f}, equal row by row")
    done = feature_table()
    assert done["plain"]["events"] == EVENTS[1_000_000, 20]
    assert len({result["book"] for result in done.values()}) == len(done), "a feature changed nothing"


def large() -> None:
    """10 M rows in 20 and in 1,000 stores."""
    for stores in (20, 1000):
        result = run(kernel, 10_000_000, stores)
        engine = result["engine"]
        print(line("kernel", 10_000_000, stores, result), f"{engine.events:,} events", flush=True)
        live = len(engine.tables.q.live)
        print(f"  live table {live:,} rows of {engine.tables.q.live.itemsize} bytes, book {BOOK.itemsize} bytes a row")
        assert engine.book()["done_at"].size >= 10_000_000


if __name__ == "__main__":
    run(kernel, 1000, 20)
    test_reference_beside_kernel()
    for number in (20, 1000):
        outcome = run(kernel, 1_000_000, number)
        assert outcome["engine"].events == EVENTS[1_000_000, number]
        print(line("kernel", 1_000_000, number, outcome), flush=True)
    if "--features" in sys.argv:
        test_features_beside_plain()
    if "--large" in sys.argv:
        large()
