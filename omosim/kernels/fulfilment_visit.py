"""Customers in the fulfilment kernel: at the shelf, in a fitting room, at the counter, for a pickup."""

import numpy as np

from omosim.kernels.fulfilment_booking import give_back_slot
from omosim.kernels.fulfilment_queue import new_row, schedule
from omosim.kernels.fulfilment_return import (
    BESIDE,
    E_RESTOCK,
    FOLLOW_UP,
    after_sale,
    follow_up,
    sold_at_once,
    sold_from_shelf,
)
from omosim.kernels.fulfilment_site import lost_on_site
from omosim.kernels.fulfilment_source import (
    DO_OTHER,
    DO_SHIP,
    DO_SUBSTITUTE,
    O_FAILED,
    S_ON_SITE,
)
from omosim.kernels.fulfilment_space import (
    S_AT_COUNTER,
    S_PACKED,
    S_STAGED,
    SHELF,
    await_collection,
    await_opening,
    give_up_bay,
    leave_bay,
    leave_shelf,
    to_bay,
    wait_no_longer,
    waiting_line,
)
from omosim.kernels.fulfilment_station import COUNTER, N_ROLES, ROOM, give_up, join
from omosim.kernels.fulfilment_stock import (
    AT_NONE,
    AT_RESERVED,
    DAY,
    F_SUBSTITUTED,
    M_SOLD,
    S_CANCELLED,
    S_DUE,
    SHIP,
    VISIT,
    comes_at,
    end_without_goods,
    is_unmanned,
    move_to,
    no_goods,
    put_back,
    sell,
    tell,
    to_truck,
    use_second,
)
from omosim.kernels.fulfilment_tables import (
    ALT_MISFIT,
    AT_BAY,
    G_OPEN,
    GO_ON,
    INTENT,
    LOOKS,
    MIND,
    MISFIT,
    PRESENT,
    R_BIN_WAIT,
    R_TO_STORE,
    SIDED,
    STEPPED,
    TRY_ON,
    TURNED_AWAY,
    UNSEEN,
    WAITS_BAY,
    kernel,
    once,
    part,
)
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

F_EMPTY, F_CLOSED, F_LEFT, F_NO_SHOW = col.FLAG_EMPTY, col.FLAG_CLOSED, col.FLAG_QUEUE_LEFT, col.FLAG_NO_SHOW
F_LOOKED, F_EMPTY_AGAIN, F_SITE_LOST = col.FLAG_LOOKED, col.FLAG_EMPTY_AGAIN, col.FLAG_SITE_LOST
F_TOOK_PART, F_ALTERED, F_UNSEEN = col.FLAG_TOOK_PART, col.FLAG_ALTERED, col.FLAG_UNSEEN
AT_BETWEEN = at.AT_BETWEEN
BROWSE = int(c.Flow.BROWSE)
S_INSIDE, S_IN_ROOM, S_COLLECTED, S_BOUGHT, S_LEFT, S_EXPIRED, S_REFUSED = (
    int(c.Status.INSIDE), int(c.Status.IN_ROOM), int(c.Status.COLLECTED), int(c.Status.BOUGHT), int(c.Status.LEFT),
    int(c.Status.EXPIRED), int(c.Status.REFUSED),
)  # fmt: skip
E_ARRIVE, E_SECOND, E_LEAVE = int(c.Event.ARRIVE), int(c.Event.SECOND_STORE), int(c.Event.QUEUE_LEAVE)
O_BOUGHT, O_BOUGHT_OTHER, O_EMPTY, O_CLOSED, O_QUEUE_LEFT = (
    int(c.Outcome.BOUGHT), int(c.Outcome.BOUGHT_OTHER), int(c.Outcome.EMPTY_SHELF), int(c.Outcome.CLOSED),
    int(c.Outcome.QUEUE_LEFT),
)  # fmt: skip
O_COLLECTED, O_REFUSED, O_EXPIRED, O_EXTRA, O_SITE_LOST, O_CANCELLED = (
    int(c.Outcome.COLLECTED), int(c.Outcome.REFUSED), int(c.Outcome.EXPIRED), int(c.Outcome.EXTRA),
    int(c.Outcome.SITE_LOST), int(c.Outcome.CANCELLED),
)  # fmt: skip
WEB, STORE = int(c.Entry.WEB), int(c.Entry.STORE)


# ---- visits -----------------------------------------------------------------------------------------------
@kernel
def order_here(q, r, b, t, sku, channel):
    """Order from the store for shipping: a new row that reaches the network now."""
    apart()
    i = follow_up(q.book, q.g, b, FOLLOW_UP, t, channel, SHIP, sku, np.int64(b["units"]))
    row = new_row(q.live, q.g)
    o = q.live[row]
    o["book"] = i
    o["key"] = b["key"] + FOLLOW_UP
    o["price"] = r["alt_price"]
    o["fee"] = r["alt_fee"]
    o["alt_price"] = 0
    o["alt_fee"] = 0
    o["alt_sku"] = -1
    o["pick_s"] = r["pick_s"]
    o["counter_s"] = r["counter_s"]
    o["transit_s"] = r["transit_s"]
    o["lag_s"] = -1
    o["patience_s"] = r["patience_s"]
    o["return_lag_s"] = r["return_lag_s"]
    o["second_travel_s"] = 0
    o["held"] = 0
    o["claim"] = 0
    o["extra_units"] = 0
    o["second_node"] = -1
    o["return_node"] = r["return_node"]
    o["place"] = AT_NONE
    o["action1"] = 0
    o["action2"] = 0
    o["bits"] = r["bits"] & MIND
    q.g[G_OPEN] += 1
    schedule(q, row, t, E_ARRIVE)


@kernel
def buy_extra(net, row, r, b, ordinal, t):
    """Further units that stand on the shelf of the store where the customer is: of the item drawn for them, or of the row's own."""
    apart()
    sku, price = np.int64(b["sku"]), np.int64(r["price"])
    if r["bits"] & SIDED and net.q.side[row]["extra_sku"] >= 0:
        side = net.q.side[row]
        sku, price = np.int64(side["extra_sku"]), np.int64(side["extra_price"])
    node = np.int64(b["node"])
    units = np.int64(min(r["extra_units"], net.cell[node, sku]["available"]))
    if units > 0:
        sold_at_once(net, b, ordinal, t, np.int64(STORE), node, sku, units, price, O_EXTRA)


@once
def buy_beside(net, row, r, b, t):
    """A visit that ends inside a store may end with a further purchase of another item, whatever became of the errand."""
    if r["extra_units"] > 0 and r["bits"] & SIDED and net.q.side[row]["extra_sku"] >= 0:
        buy_extra(net, row, r, b, BESIDE, t)


@kernel
def leave(net, r, b, row, t):
    """Goes home without goods."""
    q = net.q
    q.station[N_ROLES * np.int64(b["node"]) + COUNTER]["left"] += 1
    end_without_goods(q.g, r, b, row, t, S_LEFT)
    buy_beside(net, row, r, b, t)


@kernel
def on_shelf(cell, r, b):
    """Whether the second item stands on the shelf."""
    alt = r["alt_sku"]
    return alt >= 0 and cell[b["node"], alt]["available"] >= 1


@once
def take(q, cell, r, b, row):
    """As many of the wanted units as stand there, into the visitor's hands; False when none of them is wanted."""
    wanted = np.int64(b["units"])
    if r["bits"] & SIDED:
        wanted -= min(wanted, np.int64(q.side[row]["unwanted"]))
    c = cell[b["node"], b["sku"]]
    units = min(wanted, np.int64(c["available"]))
    c["available"] -= units
    c["record"] -= units
    c["reserved"] += units
    r["held"] = units
    r["place"] = AT_RESERVED
    return wanted > 0


@part
def try_and_buy(net, row, t):
    """The item is in hand: does it fit, is it bought here?"""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if r["bits"] & MISFIT:
        if r["bits"] & GO_ON == 0 or r["bits"] & ALT_MISFIT != 0 or not on_shelf(net.cell, r, b):
            tell(net.told, q.g, b, t, O_REFUSED, 0)
            leave(net, r, b, row, t)
            return
        use_second(r, b)
    if r["bits"] & INTENT:
        order_here(q, r, b, t, np.int64(b["sku"]), np.int64(WEB))
        leave(net, r, b, row, t)
        return
    if take(q, net.cell, r, b, row):
        if q.service[b["offer"]]["booked"]:
            b["arrived_at"] = t
            b["served_at"] = t
            move_to(q.g, b, S_AT_COUNTER)
            pay(net, row, t)
            return
        to_counter(q, r, b, row, t)
        return
    r["place"] = AT_NONE
    tell(net.told, q.g, b, t, O_REFUSED, 0)
    leave(net, r, b, row, t)


@once
def try_on(net, row, t):
    """The wanted item is there: into a fitting room with it, where trying on takes time."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if r["bits"] & SIDED == 0 or q.side[row]["fit_s"] <= 0 or q.service[b["offer"]]["booked"]:
        try_and_buy(net, row, t)
        return
    take(q, net.cell, r, b, row)
    to_room(q, b, row, t)


@kernel
def to_room(q, b, row, t):
    """Queue up for a fitting room; patience begins to run."""
    apart()
    move_to(q.g, b, S_IN_ROOM)
    r = q.live[row]
    if not join(q, N_ROLES * np.int64(b["node"]) + ROOM, row, PRESENT, t) and r["patience_s"] >= 0:
        q.side[row]["since"] = t
        r["bits"] |= STEPPED
        schedule(q, row, t + r["patience_s"], E_LEAVE)


@kernel
def room_end(net, row, t):
    """Trying on is over."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["flow"] != VISIT:
        to_counter(q, r, b, row, t)
        return
    put_back(net.cell, r, b, False)
    r["place"] = AT_NONE
    move_to(q.g, b, S_INSIDE)
    try_and_buy(net, row, t)


@part
def enter(net, row, t):
    """A visitor at the door of a store."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    node = np.int64(b["node"])
    r["place"] = AT_NONE
    if q.node[node]["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net.told, q.g, b, t, O_CLOSED, 0)
        end_without_goods(q.g, r, b, row, t, S_LEFT)
        return
    if b["status"] == S_DUE:
        move_to(q.g, b, S_INSIDE)
    q.station[N_ROLES * node + COUNTER]["came"] += 1
    b["entries"] += 1
    if r["bits"] & LOOKS:
        b["flags"] |= F_LOOKED
        leave(net, r, b, row, t)
        return
    if net.cell[node, b["sku"]]["available"] >= 1:
        if r["bits"] & UNSEEN == 0:
            try_on(net, row, t)
            return
        b["flags"] |= F_UNSEEN
    r["bits"] &= ~UNSEEN
    b["flags"] |= F_EMPTY if b["flags"] & F_EMPTY == 0 else F_EMPTY_AGAIN
    tell(net.told, q.g, b, t, O_EMPTY, 0)
    for turn in range(2):
        action = r["action1"] if turn == 0 else r["action2"]
        if action == DO_SUBSTITUTE and on_shelf(net.cell, r, b):
            use_second(r, b)
            try_on(net, row, t)
            return
        if action == DO_OTHER and r["second_node"] >= 0:
            q.station[N_ROLES * node + COUNTER]["moved"] += 1
            b["node"] = r["second_node"]
            r["second_node"] = -1
            r["place"] = AT_BETWEEN
            schedule(q, row, t + r["second_travel_s"], E_SECOND)
            return
        if action == DO_SHIP:
            sku = b["sku"]
            if r["bits"] & MISFIT:  # seen on a sample
                sku = r["alt_sku"] if r["bits"] & GO_ON != 0 and r["bits"] & ALT_MISFIT == 0 else -1
            if sku >= 0:
                order_here(q, r, b, t, np.int64(sku), np.int64(b["channel"]))
                break
    leave(net, r, b, row, t)


# ---- counter ------------------------------------------------------------------------------------------------
@part
def to_counter(q, r, b, row, t):
    """Queue up at the counter; patience begins to run."""
    if b["status"] == S_IN_ROOM:
        r["bits"] |= STEPPED
    else:
        b["arrived_at"] = t
    move_to(q.g, b, S_AT_COUNTER)
    if r["bits"] & STEPPED:
        q.side[row]["since"] = t
    if not join(q, N_ROLES * np.int64(b["node"]) + COUNTER, row, PRESENT, t) and r["patience_s"] >= 0:
        schedule(q, row, t + r["patience_s"], E_LEAVE)


@kernel
def queue_leave(net, row, t):
    """Patience is over."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["status"] == S_ON_SITE:
        waited = give_up(q, q.station.size - 1, row, t)
        b["wait_s"] += waited
        lost_on_site(net, row, t, waited)
        return
    counter = N_ROLES * np.int64(b["node"]) + COUNTER
    if r["bits"] & WAITS_BAY:
        waited = give_up_bay(q, r, b, t)
    else:
        waited = give_up(q, counter - COUNTER + ROOM if b["status"] == S_IN_ROOM else counter, row, t)
        if r["bits"] & AT_BAY:
            leave_bay(q, row, r, b, t)
    b["wait_s"] += waited
    if b["status"] == S_IN_ROOM and b["flow"] != VISIT:
        r["bits"] &= ~TRY_ON  # collects without trying on: what does not fit comes back from home
        to_counter(q, r, b, row, t)
        return
    again = b["flags"] & F_LEFT
    b["flags"] |= F_LEFT
    tell(net.told, q.g, b, t, O_QUEUE_LEFT, waited)
    if b["flow"] == VISIT:
        put_back(net.cell, r, b, False)
        q.station[counter]["abandoned"] += 1
        end_without_goods(q.g, r, b, row, t, S_LEFT)
        buy_beside(net, row, r, b, t)
        return
    move_to(q.g, b, S_STAGED)
    come = np.int64(-1)
    if again == 0:
        come = comes_at(q.g, q.node[b["node"]], t + DAY)
    await_collection(q, b, row, t, come)


@kernel
def expire(net, row, t):
    """Never collected, the node stayed shut, or picked and no bin was free in time: back on the shelf."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["status"] == S_PACKED:
        place = 2 * np.int64(b["node"]) + SHELF
        wait_no_longer(q.live, waiting_line(q, place), q.space[place], r, t - q.g[R_BIN_WAIT], t)
        if r["bits"] & SIDED:
            give_back_slot(net.booking, q.node, q.side[row], q.g, t)
        not_taken(net, row, r, b, t, S_CANCELLED, O_FAILED)
        return
    if r["bits"] & TURNED_AWAY:
        r["bits"] &= ~TURNED_AWAY
        not_taken(net, row, r, b, t, S_CANCELLED, O_FAILED)
        return
    b["flags"] |= F_NO_SHOW
    not_taken(net, row, r, b, t, S_EXPIRED, O_EXPIRED)


@once
def come_to_collect(net, row, t):
    """The customer of a pickup is at the door."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    n = q.node[b["node"]]
    if n["shut"] != 0 or n["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net.told, q.g, b, t, O_CLOSED, 0)
        if n["shut"] != 0:
            await_opening(q, b, row, t)
        else:
            await_collection(q, b, row, t, comes_at(q.g, n, t + DAY))
        return
    b["entries"] += 1
    if is_unmanned(n):
        b["arrived_at"] = t
        b["served_at"] = t
        collect(net, row, t)
        return
    if q.service[b["offer"]]["curbside"] and n["bays"] > 0:
        b["arrived_at"] = t
        to_bay(q, r, b, row, t)
    elif r["bits"] & TRY_ON and r["bits"] & SIDED and q.side[row]["fit_s"] > 0:
        b["arrived_at"] = t
        to_room(q, b, row, t)
    else:
        to_counter(q, r, b, row, t)


@kernel
def not_taken(net, row, r, b, t, status, code):
    """Never collected, or refused: back on the shelf at once, from a place without shelves on the way to the centre."""
    apart()
    q = net.q
    tell(net.told, q.g, b, t, code, 0)
    staged = b["status"] != S_PACKED
    if staged:
        leave_shelf(net, row, r, b, t)
    if not is_unmanned(q.node[b["node"]]):
        put_back(net.cell, r, b, staged)
        end_without_goods(q.g, r, b, row, t, status)
        return
    units = r["held"]
    node, sku = np.int64(b["node"]), np.int64(b["sku"])
    c = net.cell[node, sku]
    if staged:
        c["staged"] -= units
    else:
        c["reserved"] -= units
    c["on_hand"] -= units
    to_truck(net, r, b, node, sku, np.int64(units))
    no_goods(q.g, b, t, status)
    r["return_node"] = 0
    schedule(q, row, t + q.g[R_TO_STORE], E_RESTOCK)


@once
def to_leave_behind(q, row, r, service):
    """Units that the customer does not take, where the service allows it."""
    if service["take_part"] == 0 or r["bits"] & SIDED == 0:
        return np.int64(0)
    return np.int64(min(q.side[row]["unwanted"], r["held"]))


@part
def collect(net, row, t):
    """Hand-over of a pickup, after trying on where the service has it."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    service = q.service[b["offer"]]
    node = np.int64(b["node"])
    units = np.int64(r["held"])
    behind = to_leave_behind(q, row, r, service)
    if behind == units:
        not_taken(net, row, r, b, t, S_REFUSED, O_REFUSED)
        return
    keep = units - behind
    alter_s = q.side[row]["alter_s"] if r["bits"] & SIDED and service["alters"] else 0
    if r["bits"] & TRY_ON != 0 and r["bits"] & MISFIT != 0 and alter_s > 0:
        r["bits"] &= ~MISFIT
        b["flags"] |= F_ALTERED
    if r["bits"] & TRY_ON != 0 and r["bits"] & MISFIT != 0:
        alt = np.int64(r["alt_sku"])
        if (
            r["bits"] & GO_ON == 0
            or r["bits"] & ALT_MISFIT != 0
            or alt < 0
            or net.cell[node, alt]["available"] < units
        ):
            not_taken(net, row, r, b, t, S_REFUSED, O_REFUSED)
            return
        leave_shelf(net, row, r, b, t)
        put_back(net.cell, r, b, True)
        use_second(r, b)
        sold_from_shelf(net.cell, net.journal, node, alt, keep)
    else:
        leave_shelf(net, row, r, b, t)
        c = net.cell[node, b["sku"]]
        c["staged"] -= units
        c["available"] += behind
        c["record"] += behind
        c["on_hand"] -= keep
        net.journal[node, b["sku"], M_SOLD] += keep
    r["held"] = keep
    if behind > 0:
        b["flags"] |= F_TOOK_PART
        q.side[row]["unwanted"] = 0
    move_to(q.g, b, S_COLLECTED)
    sell(q.g, net.sku, b, t, keep, r["price"], r["fee"])
    tell(net.told, q.g, b, t, O_COLLECTED, b["revenue"] + b["fee"])
    if r["extra_units"] > 0:
        buy_extra(net, row, r, b, FOLLOW_UP, t)
    after_sale(q, r, b, row, t)


@once
def pay(net, row, t):
    """A visitor has paid."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    units = np.int64(r["held"])
    c = net.cell[b["node"], b["sku"]]
    c["reserved"] -= units
    c["on_hand"] -= units
    net.journal[b["node"], b["sku"], M_SOLD] += units
    q.station[N_ROLES * np.int64(b["node"]) + COUNTER]["bought"] += 1
    move_to(q.g, b, S_BOUGHT)
    sell(q.g, net.sku, b, t, units, r["price"], r["fee"])
    instead = F_EMPTY | F_SUBSTITUTED
    code = O_BOUGHT_OTHER if b["flags"] & instead == instead else O_BOUGHT
    tell(net.told, q.g, b, t, code, b["revenue"] + b["fee"])
    buy_beside(net, row, r, b, t)
    after_sale(q, r, b, row, t)


