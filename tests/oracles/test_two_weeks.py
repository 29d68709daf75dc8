"""Two weeks worked out by hand: closing days, cut-offs, waves, slots, shelf times, the truck to the store.

A centre (0) with one picker, who is away on days 5 and 6, and waves of parcels every four hours from midnight on. A
store (1), open 9-18 except on days 6 and 13, one picker and one person at the counter while it is open; picks in hand
at closing are gone on with at the next opening; pickup slots of two hours for one order each, two are tried. A
partner's counter (2) that is always open. Carrier and truck leave the centre at 17:00; the truck needs 16 hours.
A pick takes 30 minutes, a hand-over 5, a return 10, a parcel 20 hours on the road. Shelf time three days, of the
service "sent there" one day. Trips of closed hours (15 a day) are made in the first 4 hours of the next opening.
"""

from __future__ import annotations

import numpy as np
import pytest

from omosim.fulfilment.api import Routine, fulfil
from omosim.fulfilment.rules import Network, NetworkRules
from omosim.schema.codes import Action, Flow, NodeKind, Status
from omosim.schema.columns import (
    DAY,
    DEMAND,
    FLAG_BROUGHT_BACK,
    FLAG_CLOSED,
    FLAG_MOVED,
    FLAG_NO_SHOW,
    FLAG_SLOT,
    FLAG_SLOT_REFUSED,
    HOUR,
    NODE,
)
from omosim.schema.network import HOLD_WORK
from omosim.world.stock import Stock

MINUTE = 60
PLAIN, SLOT, SENT = 1, 2, 3  # offers
NEVER = -1


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    """Second of a day of the run, hour and minute."""
    return day * DAY + hour * HOUR + minute * MINUTE


def order(t: int, flow: Flow, **other: int) -> dict[str, int]:
    base = {"t": t, "flow": flow, "units": 1, "pick_s": 30 * MINUTE, "counter_s": 5 * MINUTE, "transit_s": 20 * HOUR,
            "node": 1, "patience_s": -1, "promise_s": -1, "alt_promise_s": -1, "alt_sku": -1, "second_node": -1,
            "return_node": -1, "unit_price": 100}  # fmt: skip
    return base | other


#: what is ordered, and what the book must say (columns that are not named are not worked out)
SCHEDULE: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    # Placed at 10:00, picked in the wave of 12:00; but another order comes at 12:00 sharp and arrivals go before the
    # release of a wave, so it is picked 12:30-13:00. Cut-off 17:00, at the door 20 hours later. It goes back 30 hours
    # after that, day 2 19:00: the store has been closed for one of its 15 closed hours, so 1/15 of 4 hours, 16
    # minutes, after the next opening; ten minutes at the counter.
    "wave, returned": (
        order(at(0, 10), Flow.SHIP, mind=1, return_lag_s=30 * HOUR, return_node=1),
        {"picked_at": at(0, 13), "ready_at": at(0, 13), "done_at": at(1, 13), "returned_at": at(3, 9, 26),
         "status": Status.RETURNED, "flags": FLAG_BROUGHT_BACK, "entries": 1, "refund": 100, "node": 0}),
    # Placed on the instant of a wave: picked in it.
    "on the wave": (
        order(at(0, 12), Flow.SHIP),
        {"picked_at": at(0, 12, 30), "done_at": at(1, 13), "status": Status.DELIVERED, "node": 0}),
    # Wave of 16:00, packed 16:30, leaves at 17:00 the same day.
    "before the cut-off": (
        order(at(0, 15, 30), Flow.SHIP),
        {"picked_at": at(0, 16, 30), "done_at": at(1, 13), "status": Status.DELIVERED}),
    # Ten minutes after that wave: picked 20:00-20:30, leaves a day later.
    "after the wave": (
        order(at(0, 16, 10), Flow.SHIP),
        {"picked_at": at(0, 20, 30), "done_at": at(2, 13), "status": Status.DELIVERED}),
    # Picked 10:00-10:30; the customer comes five hours after the notice.
    "pickup": (
        order(at(1, 10), Flow.PICKUP, offer=PLAIN, collect_lag_s=5 * HOUR),
        {"picked_at": at(1, 10, 30), "ready_at": at(1, 10, 30), "arrived_at": at(1, 15, 30),
         "served_at": at(1, 15, 30), "done_at": at(1, 15, 35), "wait_s": 0, "status": Status.COLLECTED,
         "collect_at": 1, "entries": 1, "flags": 0}),
    # Begun at 17:45, stopped at 18:00 with 15 minutes left, gone on with at 9:00. Ten hours after 9:15 the store has
    # been closed for 75 of its 900 closed minutes: 75/900 of 4 hours, 20 minutes, after the opening of day 3. The
    # counter is busy with the return of the first order until 9:26.
    "held over night": (
        order(at(1, 17, 45), Flow.PICKUP, offer=PLAIN, collect_lag_s=10 * HOUR),
        {"picked_at": at(2, 9, 15), "ready_at": at(2, 9, 15), "arrived_at": at(3, 9, 20), "served_at": at(3, 9, 26),
         "done_at": at(3, 9, 31), "wait_s": 6 * MINUTE, "status": Status.COLLECTED}),
    # Staged at 11:30 of day 2, three days on the shelf.
    "never comes": (
        order(at(2, 11), Flow.PICKUP, offer=PLAIN, collect_lag_s=NEVER),
        {"ready_at": at(2, 11, 30), "done_at": at(5, 11, 30), "units_short": 1, "units_out": 0,
         "status": Status.EXPIRED, "flags": FLAG_NO_SHOW, "entries": 0}),
    # Promised for 12:00: the slot 12-14; the customer comes ten minutes into it although it is ready at 10:30.
    "first slot": (
        order(at(3, 10), Flow.PICKUP, offer=SLOT, promise_s=2 * HOUR, collect_lag_s=10 * MINUTE),
        {"promised_at": at(3, 12), "ready_at": at(3, 10, 30), "arrived_at": at(3, 12, 10), "done_at": at(3, 12, 15),
         "status": Status.COLLECTED, "flags": FLAG_SLOT}),
    # Promised for 12:05: the first slot that begins later is that of 14:00. Picked after the one before.
    "second slot": (
        order(at(3, 10, 5), Flow.PICKUP, offer=SLOT, promise_s=2 * HOUR),
        {"promised_at": at(3, 14), "ready_at": at(3, 11), "arrived_at": at(3, 14), "done_at": at(3, 14, 5),
         "status": Status.COLLECTED, "flags": FLAG_SLOT}),
    # Both slots are full, so it is sent as a parcel with that one's promise: wave of 12:00, cut-off, 20 hours.
    "no slot": (
        order(at(3, 10, 10), Flow.PICKUP, offer=SLOT, promise_s=110 * MINUTE, action1=Action.SHIP,
              alt_promise_s=2 * DAY),
        {"promised_at": at(5, 10, 10), "picked_at": at(3, 12, 30), "done_at": at(4, 13), "status": Status.DELIVERED,
         "flow": Flow.SHIP, "flags": FLAG_SLOT_REFUSED, "collect_at": -1, "node": 0}),
    # The last wave before the centre's days off: packed on day 4, the carrier calls on day 5 all the same.
    "before the days off": (
        order(at(4, 18), Flow.SHIP),
        {"picked_at": at(4, 20, 30), "done_at": at(6, 13), "status": Status.DELIVERED}),
    # The wave of midnight finds nobody until day 7.
    "over the days off": (
        order(at(4, 23), Flow.SHIP),
        {"picked_at": at(7, 0, 30), "done_at": at(8, 13), "status": Status.DELIVERED}),
    # The customer comes on day 6 at 12:30, finds the door shut, and comes again a day later; shelf time ends on day 8.
    "shut door": (
        order(at(5, 16), Flow.PICKUP, offer=PLAIN, collect_lag_s=20 * HOUR),
        {"ready_at": at(5, 16, 30), "arrived_at": at(7, 12, 30), "done_at": at(7, 12, 35), "entries": 1,
         "status": Status.COLLECTED, "flags": FLAG_CLOSED}),
    "visit on a day off": (
        order(at(6, 11), Flow.VISIT),
        {"done_at": at(6, 11), "status": Status.LEFT, "flags": FLAG_CLOSED, "entries": 0, "units_short": 1}),
    # An item that only the centre has: picked there at once (somebody waits, no wave), truck at 17:00, there at 9:00.
    "sent to the store": (
        order(at(7, 9), Flow.PICKUP, offer=SENT, sku=1, collect_lag_s=4 * HOUR),
        {"picked_at": at(7, 9, 30), "ready_at": at(8, 9), "arrived_at": at(8, 13), "done_at": at(8, 13, 5),
         "status": Status.COLLECTED, "flags": FLAG_MOVED, "node": 1, "collect_at": 1}),
    # The next one on the same truck; its customer would come after 30 hours, the service keeps it for one day.
    "sent, not fetched": (
        order(at(7, 9, 10), Flow.PICKUP, offer=SENT, sku=1, collect_lag_s=30 * HOUR),
        {"picked_at": at(7, 10), "ready_at": at(8, 9), "done_at": at(9, 9), "status": Status.EXPIRED,
         "flags": FLAG_MOVED | FLAG_NO_SHOW, "node": 1}),
    # Picked until 17:15: misses the truck of day 9; handed over at the partner's without a queue.
    "sent to the partner": (
        order(at(9, 16, 45), Flow.PICKUP, offer=SENT, node=2, collect_lag_s=2 * HOUR),
        {"picked_at": at(9, 17, 15), "ready_at": at(11, 9), "arrived_at": at(11, 11), "served_at": at(11, 11),
         "done_at": at(11, 11), "status": Status.COLLECTED, "flags": FLAG_MOVED, "node": 2, "collect_at": 2}),
    "second week's parcel": (
        order(at(11, 13), Flow.SHIP),
        {"picked_at": at(11, 16, 30), "done_at": at(12, 13), "status": Status.DELIVERED}),
    # Begun ten minutes before closing; day 13 is a day off, so the other 20 minutes are picked on day 14.
    "held over a day off": (
        order(at(12, 17, 50), Flow.PICKUP, offer=PLAIN, collect_lag_s=HOUR),
        {"picked_at": at(14, 9, 20), "arrived_at": at(14, 10, 20), "done_at": at(14, 10, 25),
         "status": Status.COLLECTED}),
}  # fmt: skip


def network() -> Network:
    nodes = np.zeros(3, NODE)
    nodes["kind"], nodes["ships"] = [NodeKind.DC, NodeKind.STORE, NodeKind.POINT], [1, 0, 0]
    nodes["opens_s"][1], nodes["closes_s"][1] = 9 * HOUR, 18 * HOUR
    nodes["pickers"][0], nodes["wave_every_s"][0] = 1, 4 * HOUR
    nodes["at_closing"][1], nodes["slot_s"][1], nodes["slot_cap"][1] = HOLD_WORK, 2 * HOUR, 1
    nodes["open"][2] = 1
    stock = Stock.opening(np.array([[50, 5], [20, 0], [0, 0]]))
    rules = NetworkRules(cutoff_s=17 * HOUR, after_opening_s=4 * HOUR, hold_s=3 * DAY, returns_s=10 * MINUTE,
                         refurbish_s=DAY, slot_tries=2, to_store_s=16 * HOUR, to_store_cost=7)  # fmt: skip
    one = np.ones(2, np.int64)
    net = Network(nodes, stock, np.zeros((1, 3), np.int32), one, 0 * one, rules)
    net.services["slotted"][SLOT] = net.services["ship_to"][SENT] = 1
    net.services["hold_s"][SENT] = DAY
    return net


def staff() -> list[Routine]:
    """Doors and shifts."""

    def doors(engine, now):
        if now % DAY == 9 * HOUR:
            engine.open_store(1, now)
            engine.set_staff(1, 1, 1, now)
        else:
            engine.close_store(1, now)
            engine.set_staff(1, 0, 0, now)

    days = [day for day in range(16) if day not in (6, 13)]
    calls = [Routine(at(day, hour), 0, doors) for day in days for hour in (9, 18)]
    away = lambda engine, now: engine.set_staff(0, int(now == at(7)), 0, now)
    return [*calls, Routine(at(5), 0, away), Routine(at(7), 0, away)]


@pytest.mark.parametrize("engine", ["kernel", "reference"])
def test_two_weeks_as_worked_out_by_hand(engine):
    rows = np.zeros(len(SCHEDULE), DEMAND)
    for number, (wish, _) in enumerate(SCHEDULE.values()):
        rows["key"][number] = number * 256
        for column, value in wish.items():
            rows[column][number] = value
    run = fulfil(network(), rows[np.lexsort((rows["key"], rows["t"]))], at(16), staff(), engine)
    assert set(run.residuals().values()) == {0}
    book = run.rows()
    assert book["key"].tolist() == rows["key"].tolist()
    wrong = {}
    for line, (name, (_, expected)) in zip(book, SCHEDULE.items(), strict=True):
        off = {column: (int(line[column]), int(value)) for column, value in expected.items() if line[column] != value}
        if off:
            wrong[name] = off
    assert wrong == {}
    stock = run.engine.net.stock
    # the centre lost eight parcels of item 0, one of them instead of a pickup, and one to the partner, and sent two of
    # item 1; the store sold six of item 0 and has a return back, and one item 1 that was not fetched
    assert stock.on_hand.tolist() == [[50 - 9, 5 - 2], [20 - 6 + 1, 1], [0, 0]]
    assert stock.available.tolist() == stock.on_hand.tolist()
    assert book["service_cost"].sum() == 3 * 7  # three ways on the truck
