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
    SHIP,
    STOCK,
    VISIT,
    book_line,
    end_without_goods,
    move_to,
    next_open,
    post,
    put_back,
    sell,
    serve_backorders,
    tell,
    units_out,
)
from omosim.kernels.fulfilment_tables import ALT_MISFIT, G_OPEN, GO_ON, INTENT, MIND, MISFIT, TRY_ON
from omosim.kernels.jit import kernel
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

F_EMPTY, F_CLOSED, F_LEFT, F_NO_SHOW = col.FLAG_EMPTY, col.FLAG_CLOSED, col.FLAG_QUEUE_LEFT, col.FLAG_NO_SHOW
AT_BACK, AT_BETWEEN, AT_STAGED = at.AT_BACK, at.AT_BETWEEN, at.AT_STAGED
S_DUE, S_STAGED, S_AT_COUNTER, S_INSIDE, S_DELIVERED = (
    int(c.Status.DUE), int(c.Status.STAGED), int(c.Status.AT_COUNTER), int(c.Status.INSIDE), int(c.Status.DELIVERED),
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
O_BOUGHT, O_EMPTY, O_CLOSED, O_QUEUE_LEFT = (
    int(c.Outcome.BOUGHT), int(c.Outcome.EMPTY_SHELF), int(c.Outcome.CLOSED), int(c.Outcome.QUEUE_LEFT),
)  # fmt: skip
O_DELIVERED, O_LATE, O_COLLECTED, O_REFUSED, O_RETURNED, O_EXPIRED = (
    int(c.Outcome.DELIVERED), int(c.Outcome.LATE), int(c.Outcome.COLLECTED), int(c.Outcome.REFUSED),
    int(c.Outcome.RETURNED), int(c.Outcome.EXPIRED),
)  # fmt: skip
WEB, STORE = int(c.Entry.WEB), int(c.Entry.STORE)
M_RETURNED = int(c.Move.RETURNED)
REFUNDS, RESALE_LOSS, HANDLING = (
    int(c.Account.REFUNDS), int(c.Account.RESALE_LOSS), int(c.Account.RETURN_HANDLING),
)  # fmt: skip


# ---- visits -----------------------------------------------------------------------------------------------
@kernel
def follow_up(net, row, t, channel, flow, sku, units):
    """A line of the book for a further row of the same need, placed now; returns its number."""
    first = net.book[net.live[row]["book"]]
    promise_s = first["promised_at"] - first["placed_at"] if first["promised_at"] >= 0 else -1
    i = book_line(net, first["key"] + 1, t, np.int64(promise_s))
    b = net.book[i]
    b["shopper"] = first["shopper"]
    b["sku"] = sku
    b["units"] = units
    b["node"] = -1
    b["zone"] = first["zone"]
    b["channel"] = channel
    b["flow"] = flow
    b["offer"] = first["offer"]
    b["category"] = first["category"]
    net.g[ORDERED] += units
    return i


@kernel
def order_here(net, row, t, sku, channel):
    """Order from the store for shipping: a new row that reaches the network now."""
    first = net.book[net.live[row]["book"]]
    i = follow_up(net, row, t, channel, SHIP, sku, np.int64(first["units"]))
    new = new_row(net)
    o = net.live[new]
    r = net.live[row]
    o["book"] = i
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
    net.g[G_OPEN] += 1
    schedule(net, new, t, E_ARRIVE)


@kernel
def leave(net, row, t):
    """Goes home without goods."""
    b = net.book[net.live[row]["book"]]
    net.local[b["node"]]["left"] += 1
    end_without_goods(net, row, t, S_LEFT)


@kernel
def use_second(net, row):
    """The second item takes the first one's place."""
    r = net.live[row]
    b = net.book[r["book"]]
    b["sku"] = r["alt_sku"]
    r["alt_sku"] = -1
    b["flags"] |= F_SUBSTITUTED
    r["bits"] = (r["bits"] & ~MISFIT) | (MISFIT if r["bits"] & ALT_MISFIT else 0)


@kernel
def on_shelf(net, row):
    """Whether the second item stands on the shelf."""
    r = net.live[row]
    alt = r["alt_sku"]
    return alt >= 0 and net.cell[net.book[r["book"]]["node"], alt]["available"] >= 1


@kernel
def try_and_buy(net, row, t):
    """The item is in hand: does it fit, is it bought here?"""
    r = net.live[row]
    b = net.book[r["book"]]
    if r["bits"] & MISFIT:
        if r["bits"] & GO_ON == 0 or r["bits"] & ALT_MISFIT != 0 or not on_shelf(net, row):
            tell(net, b, t, O_REFUSED, 0)
            leave(net, row, t)
            return
        use_second(net, row)
    if r["bits"] & INTENT:
        order_here(net, row, t, np.int64(b["sku"]), np.int64(WEB))
        leave(net, row, t)
        return
    cell = net.cell[b["node"], b["sku"]]
    units = min(b["units"], cell["available"])
    cell["available"] -= units
    cell["record"] -= units
    cell["reserved"] += units
    r["held"] = units
    r["place"] = AT_RESERVED
    to_counter(net, row, t)


@kernel
def enter(net, row, t):
    """A visitor at the door of a store."""
    r = net.live[row]
    b = net.book[r["book"]]
    node = b["node"]
    r["place"] = AT_NONE
    if net.node[node]["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net, b, t, O_CLOSED, 0)
        end_without_goods(net, row, t, S_LEFT)
        return
    if b["status"] == S_DUE:
        move_to(net, b, S_INSIDE)
    net.local[node]["came"] += 1
    if net.cell[node, b["sku"]]["available"] >= 1:
        try_and_buy(net, row, t)
        return
    b["flags"] |= F_EMPTY
    tell(net, b, t, O_EMPTY, 0)
    for turn in range(2):
        action = r["action1"] if turn == 0 else r["action2"]
        if action == DO_SUBSTITUTE and on_shelf(net, row):
            use_second(net, row)
            try_and_buy(net, row, t)
            return
        if action == DO_OTHER and r["second_node"] >= 0:
            net.local[node]["moved"] += 1
            b["node"] = r["second_node"]
            r["second_node"] = -1
            r["place"] = AT_BETWEEN
            schedule(net, row, t + r["second_travel_s"], E_SECOND)
            return
        if action == DO_SHIP:
            sku = b["sku"]
            if r["bits"] & MISFIT:  # seen on a sample
                sku = r["alt_sku"] if r["bits"] & GO_ON != 0 and r["bits"] & ALT_MISFIT == 0 else -1
            if sku >= 0:
                order_here(net, row, t, np.int64(sku), np.int64(b["channel"]))
                break
    leave(net, row, t)


# ---- counter ------------------------------------------------------------------------------------------------
@kernel
def to_counter(net, row, t):
    """Queue up at the counter; patience begins to run."""
    r = net.live[row]
    b = net.book[r["book"]]
    move_to(net, b, S_AT_COUNTER)
    b["arrived_at"] = t
    if not join(net, 2 * b["node"] + 1, row, 0, t) and r["patience_s"] >= 0:
        schedule(net, row, t + r["patience_s"], E_LEAVE)


@kernel
def queue_leave(net, row, t):
    """Patience is over."""
    r = net.live[row]
    b = net.book[r["book"]]
    node = b["node"]
    station = 2 * node + 1
    tick(net, station, t)
    unlink(net, station, 0, row)
    waited = t - b["arrived_at"]
    net.station[station]["waits"] += waited
    next_up(net, station, t)
    b["wait_s"] += waited
    again = b["flags"] & F_LEFT
    b["flags"] |= F_LEFT
    tell(net, b, t, O_QUEUE_LEFT, waited)
    if b["flow"] == VISIT:
        put_back(net, row, False)
        net.local[node]["abandoned"] += 1
        end_without_goods(net, row, t, S_LEFT)
        return
    move_to(net, b, S_STAGED)
    come = -1 if again else next_open(net, node, t + DAY)
    await_collection(net, row, t, come)


@kernel
def await_collection(net, row, t, come):
    """The customer comes at `come` (-1 never) if that is within the shelf time; else the order expires."""
    b = net.book[net.live[row]["book"]]
    last = b["ready_at"] + net.rules[0]["hold_s"]
    if come >= 0 and come <= last:
        schedule(net, row, come, E_COLLECT)
    else:
        schedule(net, row, max(t, last), E_EXPIRE)


@kernel
def expire(net, row, t):
    """Never collected: back on the shelf."""
    b = net.book[net.live[row]["book"]]
    b["flags"] |= F_NO_SHOW
    tell(net, b, t, O_EXPIRED, 0)
    put_back(net, row, True)
    end_without_goods(net, row, t, S_EXPIRED)


@kernel
def come_to_collect(net, row, t):
    """The customer of a pickup is at the door."""
    b = net.book[net.live[row]["book"]]
    node = b["node"]
    if net.node[node]["open"] == 0:
        b["flags"] |= F_CLOSED
        tell(net, b, t, O_CLOSED, 0)
        await_collection(net, row, t, next_open(net, node, t - t % DAY + DAY))
        return
    to_counter(net, row, t)


@kernel
def collect(net, row, t):
    """Hand-over of a pickup, after trying on where the service has it."""
    r = net.live[row]
    b = net.book[r["book"]]
    node = b["node"]
    units = r["held"]
    if r["bits"] & TRY_ON != 0 and r["bits"] & MISFIT != 0:
        alt = r["alt_sku"]
        if (
            r["bits"] & GO_ON == 0
            or r["bits"] & ALT_MISFIT != 0
            or alt < 0
            or net.cell[node, alt]["available"] < units
        ):
            tell(net, b, t, O_REFUSED, 0)
            put_back(net, row, True)
            end_without_goods(net, row, t, S_REFUSED)
            return
        put_back(net, row, True)
        use_second(net, row)
        r["held"] = units
        sold_from_shelf(net, node, alt, units)
    else:
        cell = net.cell[node, b["sku"]]
        cell["staged"] -= units
        cell["on_hand"] -= units
        net.journal[node, b["sku"], M_SOLD] += units
    move_to(net, b, S_COLLECTED)
    sell(net, b, t, units, r["price"], r["fee"])
    tell(net, b, t, O_COLLECTED, b["revenue"] + b["fee"])
    extra = min(r["extra_units"], net.cell[node, b["sku"]]["available"])
    if extra > 0:
        i = follow_up(net, row, t, np.int64(STORE), VISIT, np.int64(b["sku"]), np.int64(extra))
        line = net.book[i]
        line["node"] = node
        line["promised_at"] = -1
        line["arrived_at"] = t
        line["served_at"] = t
        sold_from_shelf(net, node, b["sku"], extra)
        move_to(net, line, S_INSIDE)
        move_to(net, line, S_AT_COUNTER)
        move_to(net, line, S_BOUGHT)
        sell(net, line, t, extra, r["price"], 0)
    after_sale(net, row, t)


@kernel
def sold_from_shelf(net, node, sku, units):
    """Units leave the shelf with a customer, without a reservation."""
    cell = net.cell[node, sku]
    cell["available"] -= units
    cell["record"] -= units
    cell["on_hand"] -= units
    net.journal[node, sku, M_SOLD] += units


@kernel
def pay(net, row, t):
    """A visitor has paid."""
    r = net.live[row]
    b = net.book[r["book"]]
    units_out(net, b["node"], b["sku"], r["held"], M_SOLD)
    net.local[b["node"]]["bought"] += 1
    move_to(net, b, S_BOUGHT)
    sell(net, b, t, r["held"], r["price"], r["fee"])
    tell(net, b, t, O_BOUGHT, b["revenue"] + b["fee"])
    after_sale(net, row, t)


@kernel
def counter_end(net, row, t):
    """Service at the counter is over."""
    b = net.book[net.live[row]["book"]]
    if b["status"] == S_RETURN_OPEN:
        refund(net, row, t)
    elif b["flow"] == VISIT:
        pay(net, row, t)
    else:
        collect(net, row, t)


# ---- after the sale -----------------------------------------------------------------------------------------
@kernel
def deliver(net, row, t):
    """The parcel is handed over at the door."""
    r = net.live[row]
    b = net.book[r["book"]]
    net.sku[b["sku"]]["road"] -= r["held"]
    move_to(net, b, S_DELIVERED)
    sell(net, b, t, r["held"], r["price"], r["fee"])
    tell(net, b, t, O_DELIVERED, b["revenue"] + b["fee"])
    if b["promised_at"] >= 0 and t > b["promised_at"]:
        tell(net, b, t, O_LATE, t - b["promised_at"])
    after_sale(net, row, t)


@kernel
def after_sale(net, row, t):
    """Goods handed over: they stay with the customer or go back some day."""
    r = net.live[row]
    b = net.book[r["book"]]
    r["place"] = AT_CUSTOMER
    misfit_at_home = r["bits"] & MISFIT != 0 and b["flow"] != VISIT
    if r["bits"] & MIND == 0 and not misfit_at_home:
        net.g[G_OPEN] -= 1
        free_row(net, row)
        return
    when = t + r["return_lag_s"]
    if r["return_node"] >= 0:
        when = next_open(net, r["return_node"], when)
    schedule(net, row, when, E_RETURN_BEGIN)


@kernel
def return_begin(net, row, t):
    """The customer brings the goods to a store, or sends them."""
    r = net.live[row]
    b = net.book[r["book"]]
    move_to(net, b, S_RETURN_OPEN)
    item = net.sku[b["sku"]]
    item["customer"] -= r["held"]
    item["back"] += r["held"]
    r["place"] = AT_BACK
    node = r["return_node"]
    if node >= 0 and net.node[node]["open"] != 0:
        join(net, 2 * node + 1, row, 0, t)
        return
    r["return_node"] = 0
    cost = net.rules[0]["return_parcel_cost"]
    b["service_cost"] += cost
    post(net, b["placed_at"], HANDLING, CASH, cost)
    schedule(net, row, t + net.rules[0]["return_transit_s"], E_RETURN_ARRIVE)


@kernel
def refund(net, row, t):
    """The price back, the goods back into the books less their loss of value."""
    r = net.live[row]
    b = net.book[r["book"]]
    move_to(net, b, S_RETURNED)
    units = r["held"]
    item = net.sku[b["sku"]]
    value = item["cost"] * units
    scaled = value * item["resale_ppm"]
    loss = scaled // 1_000_000
    rest = 2 * (scaled - loss * 1_000_000)
    if rest > 1_000_000 or (rest == 1_000_000 and loss & 1 == 1):
        loss += 1
    handling = net.rules[0]["handling_cost"] * units
    b["returned_at"] = t
    b["units_back"] = units
    b["refund"] = b["revenue"]
    b["goods_cost"] += loss - value
    b["service_cost"] += handling
    placed = b["placed_at"]
    post(net, placed, REFUNDS, CASH, r["price"] * units)
    post(net, placed, STOCK, GOODS, value)
    post(net, placed, RESALE_LOSS, STOCK, loss)
    post(net, placed, HANDLING, CASH, handling)
    tell(net, b, t, O_RETURNED, r["price"] * units)
    net.g[G_OPEN] -= 1
    schedule(net, row, t + net.rules[0]["refurbish_s"], E_RESTOCK)


@kernel
def restock(net, row, t):
    """A returned unit can be sold again where it is."""
    r = net.live[row]
    sku = np.int64(net.book[r["book"]]["sku"])
    node = np.int64(r["return_node"])
    units = r["held"]
    cell = net.cell[node, sku]
    cell["on_hand"] += units
    cell["available"] += units
    cell["record"] += units
    net.journal[node, sku, M_RETURNED] += units
    net.sku[sku]["back"] -= units
    free_row(net, row)
    if node == 0:
        serve_backorders(net, sku, t)
