"""Erlang C: what textbooks say of a counter whose load does not change; beside the simulation, never instead of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omosim.engine.erlang import erlang_b
from omosim.planning.history import QUARTER


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c; 1 where the load is not below the number of servers.

    Parameters
    ----------
    servers : c
    load : arrivals per service time (erlangs)

    Notes
    -----
    Erlang (1917), from Erlang B. Oracle: tests/planning/test_erlang.py.
    """
    if load <= 0:
        return 0.0
    if servers <= load:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def mean_wait_s(servers: int, load: float, service_s: float) -> float:
    """Mean wait in M/M/c, seconds; infinite where the load is not below the number of servers."""
    if servers <= load:
        return float("inf")
    return erlang_c(servers, load) * service_s / (servers - load)


@dataclass(frozen=True)
class Textbook:
    """Erlang C of a day's counter, each quarter hour as if it lasted for ever, weighed by customers.

    Parameters
    ----------
    prob_wait : share who wait
    wait_min : mean wait, minutes; None where the load reaches the number of servers
    busiest : index of the quarter hour with the most work per server
    overloaded : quarter hours in which the load reaches the number of servers
    """

    prob_wait: float
    wait_min: float | None
    busiest: int
    overloaded: int


def of_day(calls: np.ndarray, work: np.ndarray, servers: np.ndarray) -> Textbook:
    """Erlang C of each quarter hour.

    Parameters
    ----------
    calls, work : (96,) customers and seconds of work that come
    servers : (96,) people
    """
    busy = np.flatnonzero(calls > 0)
    prob, wait, total, overloaded = 0.0, 0.0, float(calls.sum()), 0
    for q in busy.tolist():
        load, service = work[q] / QUARTER, work[q] / calls[q]
        people = int(servers[q])
        prob += calls[q] * erlang_c(people, load)
        if people <= load:
            overloaded += 1
        else:
            wait += calls[q] * mean_wait_s(people, load, service)
    pressure = np.where(servers > 0, work / QUARTER / np.maximum(servers, 1), work / QUARTER * 10)
    return Textbook(prob / max(total, 1e-9), None if overloaded else wait / max(total, 1e-9) / 60, int(np.argmax(pressure)), overloaded)
