"""Visitors, the counter, pickups and returns in the fulfilment kernel: one function per event."""

import numpy as np

from omosim.kernels.fulfilment_queue import free_row, join, new_row, next_up, schedule, tick, unlink
from omosim.kernels.fulfilment_stock import (
    AT_CUSTOMER,
    AT_NONE,
    AT_RESERVED,
    CASH,
    DAY,
    DO_OTHER,
    DO_SHIP,
    DO_SUBSTITUTE,
    F_SUBSTITUTED,
    GOODS,
    M_SOLD,
    ORDERED,
    S_DUE,
    SHIP,
    STOCK,
    VISIT,
    book_line,
    comes_at,
    end_without_goods,
    move_to,
    post,
    put_back,
    sell,
    serve_backorders,
    tell,
    use_second,
)
from omosim.kernels.fulfilment_tables import (
    ALT_MISFIT,
    G_OPEN,
    GO_ON,
    INTENT,
    LOOKS,
    MIND,
    MISFIT,
    R_HANDLING,
    R_HOLD,
    R_REFURBISH,
    R_RETURN_PARCEL,
    R_RETURN_TRANSIT,
    TRY_ON,
    kernel,
    part,
)
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

F_EMPTY, F_CLOSED, F_LEFT, F_NO_SHOW = col.FLAG_EMPTY, col.FLAG_CLOSED, col.FLAG_QUEUE_LEFT, col.FLAG_NO_SHOW
F_LOOKED, F_EMPTY_AGAIN, F_BROUGHT_BACK = col.FLAG_LOOKED, col.FLAG_EMPTY_AGAIN, col.FLAG_BROUGHT_BACK
AT_BACK, AT_BETWEEN, AT_STAGED = at.AT_BACK, at.AT_BETWEEN, at.AT_STAGED
S_STAGED, S_AT_COUNTER, S_INSIDE, S_DELIVERED = (
    int(c.Status.STAGED), int(c.Status.AT_COUNTER), int(c.Status.INSIDE), int(c.Status.DELIVERED),
)  # fmt: skip
S_COLLECTED, S_BOUGHT, S_LEFT, S_EXPIRED, S_REFUSED = (
    int(c.Status.COLLECTED), int(c.Status.BOUGHT), int(c.Status.LEFT), int(c.Status.EXPIRED), int(c.Status.REFUSED),
)  # fmt: skip
S_RETURN_OPEN, S_RETURNED = int(c.Status.RETURN_OPEN), int(c.Status.RETURNED)
E_ARRIVE, E_SECOND, E_COLLECT, E_EXPIRE, E_LEAVE = (
    int(c.Event.ARRIVE), int(c.Event.SECOND_STORE), int(c.Event.COLLECT), int(c.Event.EXPIRE),
    int(c.Event.QUEUE_LEAVE),
)  # fmt: skip
E_RETURN_BEGIN, E_RETURN_ARRIVE, E_RESTOCK = (
    int(c.Event.RETURN_BEGIN), int(c.Event.RETURN_ARRIVE), int(c.Event.RESTOCK),
)  # fmt: skip
O_BOUGHT, O_BOUGHT_OTHER, O_EMPTY, O_CLOSED, O_QUEUE_LEFT = (
    int(c.Outcome.BOUGHT), int(c.Outcome.BOUGHT_OTHER), int(c.Outcome.EMPTY_SHELF), int(c.Outcome.CLOSED),
    int(c.Outcome.QUEUE_LEFT),
)  # fmt: skip
O_DELIVERED, O_LATE, O_COLLECTED, O_REFUSED, O_RETURNED, O_EXPIRED, O_EXTRA = (
    int(c.Outcome.DELIVERED), int(c.Outcome.LATE), int(c.Outcome.COLLECTED), int(c.Outcome.REFUSED),
    int(c.Outcome.RETURNED), int(c.Outcome.EXPIRED), int(c.Outcome.EXTRA),
)  # fmt: skip
WEB, STORE = int(c.Entry.WEB), int(c.Entry.STORE)
M_RETURNED = int(c.Move.RETURNED)
REFUNDS, RESALE_LOSS, HANDLING = (
    int(c.Account.REFUNDS), int(c.Account.RESALE_LOSS), int(c.Account.RETURN_HANDLING),
)  # fmt: skip


# ---- visits -----------------------------------------------------------------------------------------------
@kernel
def follow_up(book, g, first, t, channel, flow, sku, units):
    """A line of the book for a further row of the same need as `first`, placed now; returns its number."""
    promise_s = first["promised_at"] - first["placed_at"] if first["promised_at"] >= 0 else -1
    i = book_line(book, g, first["key"] + 1, t, np.int64(promise_s))
    b = book[i]
    b["shopper"] = first["shopper"]
    b["sku"] = sku
    b["units"] = units
    b["node"] = -1
    b["zone"] = first["zone"]
    b["channel"] = channel
    b["flow"] = flow
    b["offer"] = first["offer"]
    b["category"] = first["category"]
    g[ORDERED] += units
    return i


@kernel
def order_here(q, r, b, t, sku, channel):
    """Order from the store for shipping: a new row that reaches the network now."""
    i = follow_up(q.book, q.g, b, t, channel, SHIP, sku, np.int64(b["units"]))
    row = new_row(q.live, q.g)
    o = q.live[row]
    o["book"] = i
    o["key"] = b["key"] + 1
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
def leave(q, r, b, row, t):
    """Goes home without goods."""
    q.station[2 * np.int64(b["node"]) + 1]["left"] += 1
    end_without_goods(q.g, r, b, row, t, S_LEFT)


@kernel
def on_shelf(cell, r, b):
    """Whether the second item stands on the shelf."""
    alt = r["alt_sku"]
    return alt >= 0 and cell[b["node"], alt]["available"] >= 1


@part
def try_and_buy(q, told, cell, row, t):
    """The item is in hand: does it fit, is it bought here?"""
    r = q.live[row]
    b = q.book[r["book"]]
    if r["bits"] & MISFIT:
        if r["bits"] & GO_ON == 0 or r["bits"] & ALT_MISFIT != 0 or not on_shelf(cell, r, b):
            tell(told, q.g, b, t, O_REFUSED, 0)
            leave(q, r, b, row, t)
            return
        use_second(r, b)
    if r["bits"] & INTENT:
        order_here(q, r, b, t, np.int64(b["sku"]), np.int64(WEB))
        leave(q, r, b, row, t)
        return
    c = cell[b["node"], b["sku"]]
    units = min(b["units"], c["available"])
    c["available"] -= units
    c["record"] -= units
    c["reserved"] += units
    r["held"] = units
    r["place"] = AT_RESERVED
    to_counter(q, r, b, row, t)


@part
def enter(net, row, t):
    """A visitor at the door of a store."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    node = np.int64(b["node"])
    r["place"] = AT_NONE
    if net.node[node]["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net.told, q.g, b, t, O_CLOSED, 0)
        end_without_goods(q.g, r, b, row, t, S_LEFT)
        return
    if b["status"] == S_DUE:
        move_to(q.g, b, S_INSIDE)
    q.station[2 * node + 1]["came"] += 1
    b["entries"] += 1
    if r["bits"] & LOOKS:
        b["flags"] |= F_LOOKED
        leave(q, r, b, row, t)
        return
    if net.cell[node, b["sku"]]["available"] >= 1:
        try_and_buy(q, net.told, net.cell, row, t)
        return
    b["flags"] |= F_EMPTY if b["flags"] & F_EMPTY == 0 else F_EMPTY_AGAIN
    tell(net.told, q.g, b, t, O_EMPTY, 0)
    for turn in range(2):
        action = r["action1"] if turn == 0 else r["action2"]
        if action == DO_SUBSTITUTE and on_shelf(net.cell, r, b):
            use_second(r, b)
            try_and_buy(q, net.told, net.cell, row, t)
            return
        if action == DO_OTHER and r["second_node"] >= 0:
            q.station[2 * node + 1]["moved"] += 1
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
    leave(q, r, b, row, t)


# ---- counter ------------------------------------------------------------------------------------------------
@part
def to_counter(q, r, b, row, t):
    """Queue up at the counter; patience begins to run."""
    move_to(q.g, b, S_AT_COUNTER)
    b["arrived_at"] = t
    if not join(q, 2 * np.int64(b["node"]) + 1, row, 0, t) and r["patience_s"] >= 0:
        schedule(q, row, t + r["patience_s"], E_LEAVE)


@part
def queue_leave(net, row, t):
    """Patience is over."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    station = 2 * np.int64(b["node"]) + 1
    s = q.station[station]
    tick(s, t)
    unlink(q.live, s, 0, r)
    waited = t - b["arrived_at"]
    s["waits"] += waited
    next_up(q, station, t)
    b["wait_s"] += waited
    again = b["flags"] & F_LEFT
    b["flags"] |= F_LEFT
    tell(net.told, q.g, b, t, O_QUEUE_LEFT, waited)
    if b["flow"] == VISIT:
        put_back(net.cell, r, b, False)
        s["abandoned"] += 1
        end_without_goods(q.g, r, b, row, t, S_LEFT)
        return
    move_to(q.g, b, S_STAGED)
    come = np.int64(-1)
    if again == 0:
        come = comes_at(q.g, net.node[b["node"]], t + DAY)
    await_collection(q, b, row, t, come)


@kernel
def await_collection(q, b, row, t, come):
    """The customer comes at `come` (-1 never) if that is within the shelf time; else the order expires."""
    last = b["ready_at"] + q.g[R_HOLD]
    if come >= 0 and come <= last:
        schedule(q, row, come, E_COLLECT)
    else:
        schedule(q, row, max(t, last), E_EXPIRE)


@part
def expire(net, row, t):
    """Never collected: back on the shelf."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    b["flags"] |= F_NO_SHOW
    tell(net.told, q.g, b, t, O_EXPIRED, 0)
    put_back(net.cell, r, b, True)
    end_without_goods(q.g, r, b, row, t, S_EXPIRED)


@part
def come_to_collect(net, row, t):
    """The customer of a pickup is at the door."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    n = net.node[b["node"]]
    if n["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net.told, q.g, b, t, O_CLOSED, 0)
        await_collection(q, b, row, t, comes_at(q.g, n, t + DAY))
        return
    b["entries"] += 1
    to_counter(q, r, b, row, t)


@kernel
def sold_from_shelf(cell, journal, node, sku, units):
    """Units leave the shelf with a customer, without a reservation."""
    c = cell[node, sku]
    c["available"] -= units
    c["record"] -= units
    c["on_hand"] -= units
    journal[node, sku, M_SOLD] += units


@part
def collect(net, row, t):
    """Hand-over of a pickup, after trying on where the service has it."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    node = np.int64(b["node"])
    units = np.int64(r["held"])
    if r["bits"] & TRY_ON != 0 and r["bits"] & MISFIT != 0:
        alt = np.int64(r["alt_sku"])
        if (
            r["bits"] & GO_ON == 0
            or r["bits"] & ALT_MISFIT != 0
            or alt < 0
            or net.cell[node, alt]["available"] < units
        ):
            tell(net.told, q.g, b, t, O_REFUSED, 0)
            put_back(net.cell, r, b, True)
            end_without_goods(q.g, r, b, row, t, S_REFUSED)
            return
        put_back(net.cell, r, b, True)
        use_second(r, b)
        r["held"] = units
        sold_from_shelf(net.cell, net.journal, node, alt, units)
    else:
        c = net.cell[node, b["sku"]]
        c["staged"] -= units
        c["on_hand"] -= units
        net.journal[node, b["sku"], M_SOLD] += units
    move_to(q.g, b, S_COLLECTED)
    sell(q.g, net.sku, b, t, units, r["price"], r["fee"])
    tell(net.told, q.g, b, t, O_COLLECTED, b["revenue"] + b["fee"])
    extra = np.int64(min(r["extra_units"], net.cell[node, b["sku"]]["available"]))
    if extra > 0:
        sku = np.int64(b["sku"])
        line = q.book[follow_up(q.book, q.g, b, t, np.int64(STORE), VISIT, sku, extra)]
        line["node"] = node
        line["promised_at"] = -1
        line["arrived_at"] = t
        line["served_at"] = t
        sold_from_shelf(net.cell, net.journal, node, sku, extra)
        move_to(q.g, line, S_INSIDE)
        move_to(q.g, line, S_AT_COUNTER)
        move_to(q.g, line, S_BOUGHT)
        sell(q.g, net.sku, line, t, extra, r["price"], np.int64(0))
        tell(net.told, q.g, line, t, O_EXTRA, line["revenue"])
    after_sale(q, net.node, r, b, row, t)


@part
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
    q.station[2 * np.int64(b["node"]) + 1]["bought"] += 1
    move_to(q.g, b, S_BOUGHT)
    sell(q.g, net.sku, b, t, units, r["price"], r["fee"])
    instead = F_EMPTY | F_SUBSTITUTED
    code = O_BOUGHT_OTHER if b["flags"] & instead == instead else O_BOUGHT
    tell(net.told, q.g, b, t, code, b["revenue"] + b["fee"])
    after_sale(q, net.node, r, b, row, t)


# ---- after the sale -----------------------------------------------------------------------------------------
@part
def deliver(net, row, t):
    """The parcel is handed over at the door."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    units = np.int64(r["held"])
    net.sku[b["sku"]]["road"] -= units
    move_to(q.g, b, S_DELIVERED)
    sell(q.g, net.sku, b, t, units, r["price"], r["fee"])
    tell(net.told, q.g, b, t, O_DELIVERED, b["revenue"] + b["fee"])
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net.told, q.g, b, t, O_LATE, t - b["promised_at"])
    after_sale(q, net.node, r, b, row, t)


@part
def after_sale(q, nodes, r, b, row, t):
    """Goods handed over: they stay with the customer or go back some day."""
    r["place"] = AT_CUSTOMER
    misfit_at_home = r["bits"] & MISFIT != 0 and b["flow"] != VISIT
    if r["bits"] & MIND == 0 and not misfit_at_home:
        q.g[G_OPEN] -= 1
        free_row(r, q.g, row)
        return
    when = t + r["return_lag_s"]
    if r["return_node"] >= 0:
        when = comes_at(q.g, nodes[r["return_node"]], when)
    schedule(q, row, when, E_RETURN_BEGIN)


@part
def return_begin(net, row, t):
    """The customer brings the goods to a store, or sends them."""
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    move_to(q.g, b, S_RETURN_OPEN)
    item = net.sku[b["sku"]]
    item["customer"] -= r["held"]
    item["back"] += r["held"]
    r["place"] = AT_BACK
    node = np.int64(r["return_node"])
    if node >= 0 and net.node[node]["open"] != 0:
        b["entries"] += 1
        b["flags"] |= F_BROUGHT_BACK
        join(q, 2 * node + 1, row, 0, t)
        return
    r["return_node"] = 0
    cost = q.g[R_RETURN_PARCEL]
    b["service_cost"] += cost
    post(q.g, b["placed_at"], HANDLING, CASH, cost)
    schedule(q, row, t + q.g[R_RETURN_TRANSIT], E_RETURN_ARRIVE)


@kernel
def refund(net, row, t):
    """The price back, the goods back into the books less their loss of value."""
    q = net.q
    g = q.g
    r = q.live[row]
    b = q.book[r["book"]]
    move_to(g, b, S_RETURNED)
    units = np.int64(r["held"])
    item = net.sku[b["sku"]]
    value = item["cost"] * units
    scaled = value * item["resale_ppm"]
    loss = scaled // 1_000_000
    rest = 2 * (scaled - loss * 1_000_000)
    if rest > 1_000_000 or (rest == 1_000_000 and loss & 1 == 1):
        loss += 1
    handling = g[R_HANDLING] * units
    b["returned_at"] = t
    b["units_back"] = units
    b["refund"] = b["revenue"]
    b["goods_cost"] += loss - value
    b["service_cost"] += handling
    placed = b["placed_at"]
    post(g, placed, REFUNDS, CASH, r["price"] * units)
    post(g, placed, STOCK, GOODS, value)
    post(g, placed, RESALE_LOSS, STOCK, loss)
    post(g, placed, HANDLING, CASH, handling)
    tell(net.told, g, b, t, O_RETURNED, r["price"] * units)
    g[G_OPEN] -= 1
    schedule(q, row, t + g[R_REFURBISH], E_RESTOCK)


@kernel
def restock(net, row, t):
    """A returned unit can be sold again where it is."""
    q = net.q
    r = q.live[row]
    sku = np.int64(q.book[r["book"]]["sku"])
    node = r["return_node"]
    units = r["held"]
    c = net.cell[node, sku]
    c["on_hand"] += units
    c["available"] += units
    c["record"] += units
    net.journal[node, sku, M_RETURNED] += units
    net.sku[sku]["back"] -= units
    free_row(r, q.g, row)
    if node == 0:
        serve_backorders(q, net.cell, net.sku, sku, t)
