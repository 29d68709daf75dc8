"""W2, one station: M/M/4 at .85 with two priorities, served by the fulfilment kernel, SimPy, Ciw and a plain Python heap.

`python tests/benchmarks/test_w2_station.py` prints the table. The kernel's row is a whole order (book, stock, ledger, laws), not a bare
customer; its waits are the plain heap's, second for second. Patience is benched at the counter, where the network has it.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import simpy

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.schema.codes import Flow

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))
one_store = import_module("one_store")
SERVERS, LOAD = 4, 3.4


def orders(count: int, seed: int = 4) -> np.ndarray:
    """Picking orders, three of ten with the higher priority."""
    rng = np.random.default_rng(seed)
    rows = one_store.customers(rng, count, LOAD, Flow.SHIP)
    rows["flow"][rng.random(count) < 0.3] = Flow.PICKUP
    rows["pick_s"] = rng.exponential(one_store.TICKS, count).astype(np.int32)
    return rows


def by_kernel(rows: np.ndarray) -> np.ndarray:
    """Waits in the picking queue, by order."""
    engine = KernelFulfilment(one_store.store(SERVERS, 1), reserve=len(rows) + 8)
    engine.submit(rows)
    engine.advance(int(rows["t"][-1]) + 10**9)
    book = engine.book()
    return book["picked_at"] - book["placed_at"] - rows["pick_s"]


def by_heap(rows: np.ndarray) -> np.ndarray:
    """A plain Python event loop: two queues, one heap of services in hand."""
    waits = [0] * len(rows)
    queues: tuple[list[int], list[int]] = ([], [])
    heads = [0, 0]
    busy: list[tuple[int, int]] = []
    time_of, work, rank = rows["t"].tolist(), rows["pick_s"].tolist(), (rows["flow"] == Flow.SHIP).astype(int).tolist()

    def free_until(limit: float) -> None:
        while busy and busy[0][0] <= limit:
            now, _ = heapq.heappop(busy)
            for q in (0, 1):
                if heads[q] < len(queues[q]):
                    i = queues[q][heads[q]]
                    heads[q] += 1
                    waits[i] = now - time_of[i]
                    heapq.heappush(busy, (now + work[i], i))
                    break

    for i, now in enumerate(time_of):
        free_until(now)
        if len(busy) < SERVERS:
            heapq.heappush(busy, (now + work[i], i))
        else:
            queues[rank[i]].append(i)
    free_until(float("inf"))
    return np.array(waits)


def by_simpy(rows: np.ndarray) -> np.ndarray:
    """The textbook: a process a customer, PriorityResource."""
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, SERVERS)
    waits = np.zeros(len(rows), np.int64)

    def customer(i: int, work: int, rank: int):
        came = env.now
        with desk.request(priority=rank) as turn:
            yield turn
            waits[i] = env.now - came
            yield env.timeout(work)

    def source():
        for i, (t, work, flow) in enumerate(zip(rows["t"].tolist(), rows["pick_s"].tolist(), rows["flow"].tolist(), strict=True)):
            yield env.timeout(t - env.now)
            env.process(customer(i, work, int(flow == Flow.SHIP)))

    env.process(source())
    env.run()
    return waits


def by_ciw(rows: np.ndarray) -> np.ndarray:
    """Ciw with two priority classes; its own draws, so only speed and mean are comparable."""
    import ciw

    share = 0.3
    network = ciw.create_network(
        arrival_distributions={"high": [ciw.dists.Exponential(LOAD * share)], "low": [ciw.dists.Exponential(LOAD * (1 - share))]},
        service_distributions={"high": [ciw.dists.Exponential(1.0)], "low": [ciw.dists.Exponential(1.0)]},
        priority_classes={"high": 0, "low": 1},
        number_of_servers=[SERVERS],
    )
    ciw.seed(4)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(rows))
    return np.array([r.waiting_time for r in simulation.get_all_records()]) * one_store.TICKS


def timed(serve: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Customers a second, and their waits."""
    began = time.perf_counter()
    waits = serve(rows)
    return len(rows) / (time.perf_counter() - began), waits


@pytest.mark.bench
def test_station_beside_its_peers():
    by_kernel(orders(1000))
    rows = orders(100_000)
    rates = {}
    rates["kernel"], waits = timed(by_kernel, rows)
    rates["plain heap"], same = timed(by_heap, rows)
    assert np.array_equal(waits, same), "two programs of one queue"
    rates["SimPy"], textbook = timed(by_simpy, rows[:20_000])
    assert abs(textbook.mean() / waits[:20_000].mean() - 1) < 0.02  # of equal instants SimPy may take another first
    try:
        rates["Ciw"], _ = timed(by_ciw, rows[:10_000])
    except ImportError:
        print("Ciw is not installed (omosim[bench])")
    print()
    for name, rate in rates.items():
        print(f"{name:12} {rate:>12,.0f} customers/s   kernel / it {rates['kernel'] / rate:7.1f}")


if __name__ == "__main__":
    test_station_beside_its_peers()
    million = orders(1_000_000)
    rate, _ = timed(by_kernel, million)
    print(f"kernel, one million customers: {rate:,.0f} a second")
