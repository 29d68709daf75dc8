"""After the sale in the fulfilment kernel: what goes back, how, and what becomes of it."""

import numpy as np

from omosim.kernels.fulfilment_queue import free_row, schedule
from omosim.kernels.fulfilment_source import serve_backorders
from omosim.kernels.fulfilment_station import COUNTER, DESK, N_ROLES, join
from omosim.kernels.fulfilment_stock import (
    AT_CUSTOMER,
    CASH,
    GOODS,
    M_SOLD,
    ORDERED,
    STOCK,
    VISIT,
    book_line,
    comes_at,
    is_unmanned,
    move_to,
    post,
    sell,
    tell,
)
from omosim.kernels.fulfilment_tables import (
    ALT_MISFIT,
    G_OPEN,
    GO_ON,
    MIND,
    MISFIT,
    PRESENT,
    R_EXCHANGES,
    R_HANDLING,
    R_REFURBISH,
    R_RETURN_PARCEL,
    R_RETURN_TRANSIT,
    SIDED,
    kernel,
    once,
    part,
)
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

F_BROUGHT_BACK, F_EXCHANGED = col.FLAG_BROUGHT_BACK, col.FLAG_EXCHANGED
AT_BACK, AT_TRUCK = at.AT_BACK, at.AT_TRUCK
S_INSIDE, S_AT_COUNTER, S_BOUGHT = int(c.Status.INSIDE), int(c.Status.AT_COUNTER), int(c.Status.BOUGHT)
S_RETURN_OPEN, S_RETURNED = int(c.Status.RETURN_OPEN), int(c.Status.RETURNED)
E_RETURN_BEGIN, E_RETURN_ARRIVE, E_RESTOCK = (
    int(c.Event.RETURN_BEGIN), int(c.Event.RETURN_ARRIVE), int(c.Event.RESTOCK),
)  # fmt: skip
O_RETURNED, O_EXCHANGED = int(c.Outcome.RETURNED), int(c.Outcome.EXCHANGED)
M_RETURNED, M_IN = int(c.Move.RETURNED), int(c.Move.TRANSFER_IN)
REFUNDS, RESALE_LOSS, HANDLING = (
    int(c.Account.REFUNDS), int(c.Account.RESALE_LOSS), int(c.Account.RETURN_HANDLING),
)  # fmt: skip
FOLLOW_UP, EXCHANGE, BESIDE = 1, 2, 3  # what a row of the same need adds to the key


@kernel
def follow_up(book, g, first, ordinal, t, channel, flow, sku, units):
    """A line of the book for a further row of the same need as `first`, placed now; returns its number."""
    promise_s = first["promised_at"] - first["placed_at"] if first["promised_at"] >= 0 else -1
    i = book_line(book, g, first["key"] + ordinal, t, np.int64(promise_s))
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
def sold_from_shelf(cell, journal, node, sku, units):
    """Units leave the shelf with a customer, without a reservation."""
    c = cell[node, sku]
    c["available"] -= units
    c["record"] -= units
    c["on_hand"] -= units
    journal[node, sku, M_SOLD] += units


@kernel
def sold_at_once(net, b, ordinal, t, channel, node, sku, units, price, code):
    """A further sale of the same need over the counter: no queue, no return."""
    apart()
    q = net.q
    line = q.book[follow_up(q.book, q.g, b, ordinal, t, channel, VISIT, sku, units)]
    line["node"] = node
    line["promised_at"] = -1
    line["arrived_at"] = t
    line["served_at"] = t
    sold_from_shelf(net.cell, net.journal, node, sku, units)
    move_to(q.g, line, S_INSIDE)
    move_to(q.g, line, S_AT_COUNTER)
    move_to(q.g, line, S_BOUGHT)
    sell(q.g, net.sku, line, t, units, price, np.int64(0))
    tell(net.told, q.g, line, t, code, line["revenue"])


@part
def after_sale(q, r, b, row, t):
    """Goods handed over: they stay with the customer, or some or all go back some day."""
    r["place"] = AT_CUSTOMER
    back = np.int64(0)
    if r["bits"] & MIND or (r["bits"] & MISFIT and b["flow"] != VISIT):
        back = np.int64(r["held"])
    elif r["bits"] & SIDED and b["flow"] != VISIT:
        back = np.int64(min(q.side[row]["unwanted"], r["held"]))
    if back == 0:
        q.g[G_OPEN] -= 1
        free_row(r, q.g, row)
        return
    r["held"] = back
    when = t + r["return_lag_s"]
    if r["return_node"] >= 0:
        when = comes_at(q.g, q.node[r["return_node"]], when)
    schedule(q, row, when, E_RETURN_BEGIN)


@once
def returns_station(nodes, node):
    """Where a node takes goods back: a desk of its own, or the counter."""
    n = nodes[node]
    return N_ROLES * node + (DESK if n["desk"] > 0 and n["pooled"] == 0 else COUNTER)


@once
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
    if node >= 0 and q.node[node]["open"] != 0 and not is_unmanned(q.node[node]):
        b["entries"] += 1
        b["flags"] |= F_BROUGHT_BACK
        join(q, returns_station(q.node, node), row, PRESENT, t)
        return
    r["return_node"] = 0
    cost = q.g[R_RETURN_PARCEL]
    b["service_cost"] += cost
    post(q.g, b["placed_at"], HANDLING, CASH, cost)
    schedule(q, row, t + q.g[R_RETURN_TRANSIT], E_RETURN_ARRIVE)


@kernel
def refund(net, row, t):
    """The price back, the goods back into the books less their loss of value; the second item instead where it can be."""
    apart()
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
    money = r["price"] * units
    b["returned_at"] = t
    b["units_back"] = units
    b["refund"] = money
    b["goods_cost"] += loss - value
    b["service_cost"] += handling
    placed = b["placed_at"]
    post(g, placed, REFUNDS, CASH, money)
    post(g, placed, STOCK, GOODS, value)
    post(g, placed, RESALE_LOSS, STOCK, loss)
    post(g, placed, HANDLING, CASH, handling)
    tell(net.told, g, b, t, O_RETURNED, money)
    g[G_OPEN] -= 1
    schedule(q, row, t + g[R_REFURBISH], E_RESTOCK)
    if g[R_EXCHANGES] == 0 or b["flags"] & F_BROUGHT_BACK == 0:
        return
    alt, node = np.int64(r["alt_sku"]), np.int64(r["return_node"])
    if r["bits"] & (MISFIT | GO_ON | ALT_MISFIT) == MISFIT | GO_ON and alt >= 0 and net.cell[node, alt]["available"] >= units:
        b["flags"] |= F_EXCHANGED
        sold_at_once(net, b, EXCHANGE, t, np.int64(b["channel"]), node, alt, units, np.int64(r["price"]), O_EXCHANGED)


@kernel
def restock(net, row, t):
    """A returned unit can be sold again where it is; what nobody took at a locker is back in the centre."""
    apart()
    q = net.q
    r = q.live[row]
    sku = np.int64(q.book[r["book"]]["sku"])
    node = r["return_node"]
    units = r["held"]
    c = net.cell[node, sku]
    c["on_hand"] += units
    c["available"] += units
    c["record"] += units
    if r["place"] == AT_TRUCK:
        net.journal[node, sku, M_IN] += units
        net.sku[sku]["truck"] -= units
    else:
        net.journal[node, sku, M_RETURNED] += units
        net.sku[sku]["back"] -= units
    free_row(r, q.g, row)
    if node == 0:
        serve_backorders(net, sku, t)
