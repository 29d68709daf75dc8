"""Bugs planted into the reference engine's code paths are caught: by the law named, or by the engines' equality."""

from __future__ import annotations

import inspect
import textwrap

import numpy as np
import pytest
from agreement import differences
from small_worlds import run, small_world

from omosim.fulfilment.kernel import KernelFulfilment
from omosim.fulfilment.reference import ReferenceFulfilment
from omosim.fulfilment.reference_parts import Station

EQUAL = "equality"
#: what goes wrong, class, method, its text, the wrong text, who must see it
# fmt: off
BUGS = [
    ("drops a unit", "engine", "goes_out", 'cell["on_hand"] -= units', 'cell["on_hand"] -= units - 1', "L1"),
    ("ships out of thin air", "engine", "goes_out", "move] += units", "move] += 0", "L1"),
    ("forgets to journal a return", "engine", "restock", "Move.RETURNED] += o.held", "Move.RETURNED] += 0", "L1"),
    ("takes a unit that is not there", "engine", "fill_claims", 'min(o.claim, int(cell["available"]))', "o.claim", "L2"),
    ("wrong sign on the road", "engine", "deliver", "PLACE_ROAD] -= o.held", "PLACE_ROAD] += o.held", "L3"),
    ("returned units stay with customers", "engine", "send_back", "PLACE_CUSTOMER] -= o.held", "PLACE_CUSTOMER] -= 0", "L3"),
    ("jumps a state", "engine", "parcel", "self.to(o, Status.PACKED)", "self.to(o, Status.STAGED)", "L4"),
    ("changes state unseen", "engine", "to", "self.transitions[o.status, status] += 1", "pass", "L4"),
    ("loses cancelled units", "engine", "end_without_goods", "+= o.units - o.units_short", "+= 0", "L5"),
    ("counts a part as whole", "engine", "hand_over", "o.units_out, o.done_at", "o.units_out, o.done_at = o.units, 0; _, o.done_at", "L5"),
    ("refunds twice", "engine", "refund_order", "Account.CASH, o.refund", "Account.CASH, 2 * o.refund", "L6"),
    ("books revenue to another channel", "engine", "hand_over", "Account.REVENUE_WEB + o.channel", "Account.REVENUE_WEB", "L6"),
    ("posts one side only", "engine", "post", "row[credit] -= amount", "row[credit] -= amount - (amount == 300)", "L6"),
    ("forgets the courier's bill", "engine", "depart", "o.service_cost += cost", "pass", "L6"),
    ("lets a visitor vanish", "engine", "leave", "VISIT_LEFT] += 1", "VISIT_LEFT] += 0", "L7"),
    ("forgets waits", "station", "_begin", "self.waits += now - since", "self.waits += 0", "L8"),
    ("counts the queue after the change", "station", "tick", "self.area += self.queued * dt", "self.area += max(self.queued - 1, 0) * dt", "L8"),
    ("idle staff unpaid", "station", "tick", "max(self.cap - self.busy, 0)", "max(self.cap - self.busy - 1, 0)", "L9"),
    ("unpaid overtime", "station", "tick", "self.overtime += max(self.busy - self.cap, 0) * dt", "pass", "L9"),
    ("ready before picked", "engine", "stage", "o.picked_at = o.ready_at = self.now", "o.picked_at, o.ready_at = self.now, o.placed_at - 1", "L10"),
    ("reserves at the wrong node", "engine", "reserve", "o.node, o.held", "o.node, o.held = max(node - 1, 0), 0; _, o.held", "L11"),
    ("a claim never ends", "engine", "fill_claims", 'cell["claimed"] -= o.claim', 'cell["claimed"] -= found', "L11"),
    ("a reservation never ends", "engine", "put_back", '"reserved", "available"', '"reserved", "reserved"', "L11"),
    ("overbooks a wave", "engine", "reserve_with_courier", "self.slots[node, wave] < capacity", "self.slots[node, wave] <= capacity", "L12"),
    ("refuses uncounted", "engine", "reserve_with_courier", "self.refused += 1", "pass", "L12"),
    ("a hold never expires", "engine", "pickup", "self.net.rules.hold_s", "10**9", EQUAL),
    ("leaves a day late", "engine", "next_cutoff", "% DAY", "% DAY + DAY", EQUAL),
    ("time zone shift", "engine", "next_open", "divmod(t, DAY)", "divmod(t + 3600, DAY)", EQUAL),
    ("serves the last first", "station", "_next", "popleft()", "pop()", EQUAL),
    ("parcels first", "engine", "pick", "rank=int(o.flow == Flow.SHIP)", "rank=int(o.flow != Flow.SHIP)", EQUAL),
    ("the record is not told", "engine", "shift", 'cell["record"] += change', "pass", EQUAL),
    ("a misfit is not seen", "engine", "fits", "if not o.misfit:", "if True:", EQUAL),
]
# fmt: on


def planted(cls: type, method: str, right: str, wrong: str) -> object:
    """The method of `cls` with one piece of its text replaced."""
    function = getattr(cls, method)
    text = textwrap.dedent(inspect.getsource(function))
    assert right in text, f"{method} no longer contains {right!r}"
    names = dict(function.__globals__)
    exec(compile("from __future__ import annotations\n" + text.replace(right, wrong), f"<{method}>", "exec"), names)
    return names[method]


def world(seed: int):
    return small_world(seed, 2 + seed % 3, 1 + seed % 3, 60, (60, 600, 3600)[seed % 3], seed % 2 == 0)


def seen_by(seed: int) -> set[str]:
    """Who notices something wrong in the reference engine in one world."""
    one, other = world(seed), world(seed)
    reference, kernel = ReferenceFulfilment(one.net), KernelFulfilment(other.net)
    try:
        told = np.concatenate(run(reference, one))
    except Exception:  # a bug may also crash the engine outright
        return {"crash"}
    told_kernel = np.concatenate(run(kernel, other))
    found = {law for law, value in reference.residuals(reference.now).items() if value}
    return found | ({EQUAL} if differences(reference, kernel, told, told_kernel) else set())


def test_nothing_is_seen_where_nothing_is_wrong():
    assert [seen_by(seed) for seed in range(12)] == [set()] * 12


@pytest.mark.parametrize(("name", "where", "method", "right", "wrong", "who"), BUGS, ids=[b[0] for b in BUGS])
def test_planted_bug_is_caught(monkeypatch, name, where, method, right, wrong, who):
    cls = {"engine": ReferenceFulfilment, "station": Station}[where]
    monkeypatch.setattr(cls, method, planted(cls, method, right, wrong))
    seen: set[str] = set()
    for seed in range(40):
        seen |= seen_by(seed)
        if {who, EQUAL} <= seen:
            return
    pytest.fail(f"{name}: seen by {sorted(seen)}, not by {who} and the other engine")
