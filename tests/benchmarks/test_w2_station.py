"""W2, one station: M/M/4 at .85 with two priorities, served by the fulfilment kernel, a plain Python heap, SimPy and Ciw.

`python tests/benchmarks/test_w2_station.py` prints the table. All serve the same customers, one by one the same arrival, work
and patience, and must give the same waits. The kernel's row is a whole order (book, stock, ledger, laws), not a bare customer.
Patience is that of people who stand in the store: with it, customers (first) and picks (second) share one pool of staff.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections import deque
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import simpy
from scipy.sparse import lil_array
from scipy.sparse.linalg import spsolve

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.schema.codes import Flow, Status

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))
one_store = import_module("one_store")
SERVERS, LOAD, FIRST = 4, 3.4, 0.3
THETA = 1.0  # patience of the first class, per mean service
TICKS = one_store.TICKS
SHORTER = {"kernel": 1, "plain heap": 1, "SimPy": 5, "Ciw": 10}  # of the customers, so that each takes seconds
ROUNDS = 3


class Answer(NamedTuple):
    """Of each customer: ticks waited, served or not; and whether the customer left unserved."""

    wait: np.ndarray
    left: np.ndarray


def orders(count: int, patience: bool, seed: int = 4) -> np.ndarray:
    """Three of ten come first: pickups before parcels, or customers, who lose patience, before parcels."""
    rng = np.random.default_rng(seed)
    rows = one_store.customers(rng, count, LOAD, Flow.SHIP)
    first = rng.random(count) < FIRST
    rows["flow"][first] = Flow.VISIT if patience else Flow.PICKUP
    work = rng.exponential(TICKS, count).astype(np.int32)
    rows["counter_s" if patience else "pick_s"][first] = work[first]
    rows["pick_s"][~first] = work[~first]
    if patience:
        rows["patience_s"][first] = np.maximum(rng.exponential(TICKS / THETA, count)[first].astype(np.int32), 1)
    return rows


def plain(rows: np.ndarray) -> tuple[list[int], list[int], list[int], list[int]]:
    """Arrival, work, class and patience (-1 endless) of each."""
    first = rows["flow"] == (Flow.VISIT if (rows["flow"] == Flow.VISIT).any() else Flow.PICKUP)
    work = np.where(rows["flow"] == Flow.VISIT, rows["counter_s"], rows["pick_s"])
    return rows["t"].tolist(), work.tolist(), (~first).astype(int).tolist(), rows["patience_s"].tolist()


def by_kernel(rows: np.ndarray) -> Answer:
    """The product's engine."""
    net = one_store.store(SERVERS, 1)
    visits = rows["flow"] == Flow.VISIT
    if visits.any():
        net.nodes["pooled"][1], net.nodes["pickers"][1] = 1, SERVERS - 1
    engine = KernelFulfilment(net, reserve=len(rows) + 8)
    engine.submit(rows)
    engine.advance(int(rows["t"][-1]) + 10**9)
    book = engine.book()
    return Answer(np.where(visits, book["wait_s"], book["picked_at"] - book["placed_at"] - rows["pick_s"]), book["status"] == Status.LEFT)


def by_heap(rows: np.ndarray) -> Answer:
    """A plain Python event loop: two queues, one heap of services in hand; who has lost patience is met at the head of the queue."""
    come, work, rank, patience = plain(rows)
    waits, left = [0] * len(rows), [False] * len(rows)
    queues: tuple[deque[int], deque[int]] = (deque(), deque())
    busy: list[int] = []

    def free_until(limit: float) -> None:
        while busy and busy[0] <= limit:
            now = heapq.heappop(busy)
            while queues[0] or queues[1]:
                i = (queues[0] or queues[1]).popleft()
                if 0 <= patience[i] < now - come[i]:
                    waits[i], left[i] = patience[i], True
                    continue
                waits[i] = now - come[i]
                heapq.heappush(busy, now + work[i])
                break

    for i, now in enumerate(come):
        free_until(now)
        if len(busy) < SERVERS:
            heapq.heappush(busy, now + work[i])
        else:
            queues[rank[i]].append(i)
    free_until(float("inf"))
    return Answer(np.array(waits), np.array(left))


def by_simpy(rows: np.ndarray) -> Answer:
    """The textbook: a process a customer, PriorityResource, `turn | timeout` where there is patience."""
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, SERVERS)
    waits, left = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)

    def customer(i: int, work: int, rank: int, patience: int):
        came = env.now
        with desk.request(priority=rank) as turn:
            if patience < 0:
                yield turn
            else:
                yield turn | env.timeout(patience)
            waits[i] = env.now - came
            if turn.triggered:
                yield env.timeout(work)
            else:
                left[i] = True

    def source():
        for i, (t, *who) in enumerate(zip(*plain(rows), strict=True)):
            yield env.timeout(t - env.now)
            env.process(customer(i, *who))

    env.process(source())
    env.run()
    return Answer(waits, left)


def by_ciw(rows: np.ndarray) -> Answer:
    """Ciw with two priority classes; its distributions hand out the customers' own times, which it knows by their numbers."""
    import ciw

    come, work, rank, patience = plain(rows)

    class Gaps(ciw.dists.Distribution):
        """Between the arrivals of a class; then no more."""

        def __init__(self, mine: int) -> None:
            self.gaps = iter(np.diff([0, *(t for t, r in zip(come, rank, strict=True) if r == mine)]).tolist())

        def sample(self, t=None, ind=None):
            return next(self.gaps, float("inf"))

    class Own(ciw.dists.Distribution):
        """The customer's own time."""

        def __init__(self, times: list[int]) -> None:
            self.times = times

        def sample(self, t=None, ind=None):
            return self.times[ind.id_number - 1]

    classes = {"first": 0, "second": 1}
    endless = max(patience) < 0
    network = ciw.create_network(
        arrival_distributions={name: [Gaps(mine)] for name, mine in classes.items()},
        service_distributions={name: [Own(work)] for name in classes},
        reneging_time_distributions=None if endless else {"first": [Own(patience)], "second": [None]},
        priority_classes=classes,
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(come[-1] + 10**9)
    waits, left = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    for record in simulation.get_all_records():
        waits[record.id_number - 1], left[record.id_number - 1] = record.waiting_time, record.record_type == "renege"
    return Answer(waits, left)


def exact(theta: float, most_first: int = 60, most_second: int = 400) -> tuple[float, float]:
    """Mean waits of both classes in mean services, those who leave counted until they do; of the first, share theta x wait leaves.

    Stationary law of (customers in service, queue of each class) by the balance equations; a service in hand is not broken off.
    """
    width = most_second + 1
    size = SERVERS + (most_first + 1) * width
    rates = lil_array((size, size))

    def queued(a: int, b: int) -> int:
        return SERVERS + a * width + b

    def move(source: int, target: int, rate: float) -> None:
        rates[target, source] += rate
        rates[source, source] -= rate

    for n in range(SERVERS):
        move(n, n + 1, LOAD)
        move(n + 1, n, n + 1)
    for a in range(most_first + 1):
        for b in range(width):
            if a < most_first:
                move(queued(a, b), queued(a + 1, b), LOAD * FIRST)
            if b < most_second:
                move(queued(a, b), queued(a, b + 1), LOAD * (1 - FIRST))
            if a > 0:
                move(queued(a, b), queued(a - 1, b), SERVERS + theta * a)
            elif b > 0:
                move(queued(0, b), queued(0, b - 1), SERVERS)
    rates[0, :] = 1.0
    one = np.zeros(size)
    one[0] = 1.0
    share = spsolve(rates.tocsc(), one)[SERVERS:].reshape(most_first + 1, width)
    first = float((share.sum(1) * np.arange(most_first + 1)).sum() / (LOAD * FIRST))
    second = float((share.sum(0) * np.arange(width)).sum() / (LOAD * (1 - FIRST)))
    return first, second


PEERS: dict[str, Callable[[np.ndarray], Answer]] = {"kernel": by_kernel, "plain heap": by_heap, "SimPy": by_simpy, "Ciw": by_ciw}


def peers() -> dict[str, Callable[[np.ndarray], Answer]]:
    """Those that are installed."""
    try:
        import ciw  # noqa: F401
    except ImportError:
        print("Ciw is not installed (omosim[bench])")
        return {name: serve for name, serve in PEERS.items() if name != "Ciw"}
    return PEERS


def compare(count: int, patience: bool) -> dict[str, float]:
    """Customers per CPU second of each, taken in turn; all must agree with the plain heap, one by one."""
    rows = orders(count, patience)
    by_kernel(rows[:1000])
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, serve in peers().items():
            mine = rows[: count // SHORTER[name]]
            began = time.process_time()
            answer = serve(mine)
            best[name] = max(best.get(name, 0.0), len(mine) / (time.process_time() - began))
            same = by_heap(mine)
            # of equal instants SimPy and Ciw may take another first
            unlike = int(((answer.wait != same.wait) | (answer.left != same.left)).sum())
            assert unlike <= (0 if name == "kernel" else 1e-3 * len(mine)), (name, unlike)
    print(f"\nM/M/{SERVERS}, load {LOAD / SERVERS}, two priorities{', patience in the first' if patience else ''}; equal waits one by one")
    for name, rate in best.items():
        print(f"{name:12} {rate:>12,.0f} customers per CPU second   kernel / it {best['kernel'] / rate:7.1f}")
    return best


@pytest.mark.bench
@pytest.mark.parametrize("patience", [False, True])
def test_station_beside_its_peers(patience):
    assert compare(100_000, patience)["kernel"] > 0


@pytest.mark.bench
@pytest.mark.parametrize("patience", [False, True])
def test_station_against_the_balance_equations(patience):
    rows = orders(400_000, patience)
    wait, left = by_kernel(rows)
    first = np.array(plain(rows)[2]) == 0
    exact_first, exact_second = exact(THETA if patience else 0.0)
    if not patience:  # Cobham's formula
        assert (exact_first, exact_second) == pytest.approx((0.231314, 1.542094), abs=2e-6)
    one_store.check("wait of the first", wait[first] / TICKS, exact_first, 0.02)
    one_store.check("wait of the second", wait[~first] / TICKS, exact_second, 0.2)
    if patience:
        one_store.check("share who leave", left[first].astype(float), THETA * exact_first, 0.01)
    else:
        assert not left.any()


if __name__ == "__main__":
    for some in (False, True):
        compare(100_000, some)
        test_station_against_the_balance_equations(some)
    for some in (False, True):
        million = orders(1_000_000, some)
        start = time.process_time()
        by_kernel(million)
        print(f"kernel, one million customers{', patience' if some else ''}: {1e6 / (time.process_time() - start):,.0f} per CPU second")
