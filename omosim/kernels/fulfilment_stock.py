"""Times, money and book lines of the fulfilment kernel.

Functions take the tables they need: `r` is a LIVE row, `b` its BOOK row, `q` the Queues, `net` everything.
"""

import numpy as np

from omosim.kernels.fulfilment_queue import free_row, new_row, side_of
from omosim.kernels.fulfilment_tables import (
    ALT_MISFIT,
    G_BOOK,
    G_LEDGER,
    G_OPEN,
    G_TOLD,
    G_TRANS,
    G_UNITS,
    IDLE,
    MISFIT,
    N_LEDGER,
    N_STATUS,
    R_AFTER_OPENING,
    R_CUTOFF,
    R_FROM,
    R_TO,
    R_TO_STORE_COST,
    R_WAVES,
    UNSEEN,
    kernel,
    once,
    part,
)
from omosim.kernels.hours import next_open
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

DAY = col.DAY
POINT, LOCKER = int(c.NodeKind.POINT), int(c.NodeKind.LOCKER)
F_SUBSTITUTED = col.FLAG_SUBSTITUTED
SHIP, SAME_DAY, PICKUP, VISIT = (int(c.Flow.SHIP), int(c.Flow.SAME_DAY), int(c.Flow.PICKUP), int(c.Flow.VISIT))
S_DUE, S_BACKORDERED, S_TO_PICK, S_CANCELLED = (
    int(c.Status.DUE), int(c.Status.BACKORDERED), int(c.Status.TO_PICK), int(c.Status.CANCELLED),
)  # fmt: skip
M_SHIPPED, M_SOLD, M_OUT = int(c.Move.SHIPPED), int(c.Move.SOLD), int(c.Move.TRANSFER_OUT)
TRANSFERS = int(c.Account.TRANSFERS)
CASH, REVENUE, FEES, GOODS, STOCK = (
    int(c.Account.CASH), int(c.Account.REVENUE_WEB), int(c.Account.FEES), int(c.Account.GOODS), int(c.Account.STOCK),
)  # fmt: skip
AT_NONE, AT_RESERVED, AT_CUSTOMER, AT_TRUCK = at.AT_NONE, at.AT_RESERVED, at.AT_CUSTOMER, at.AT_TRUCK
ORDERED = G_UNITS + at.UNITS_ORDERED
OUT = G_UNITS + at.UNITS_OUT
SUBSTITUTED = G_UNITS + at.UNITS_SUBSTITUTED
SHORT = G_UNITS + at.UNITS_SHORT


@once
def move_to(g, b, status):
    """Change of status, counted."""
    g[G_TRANS + np.int64(b["status"]) * N_STATUS + status] += 1
    b["status"] = status


@kernel
def post(g, placed, debit, credit, amount):
    """One posting of the double-entry ledger; rows placed in the measured window stand apart."""
    base = np.int64(G_LEDGER)
    if g[R_FROM] <= placed and placed < g[R_TO]:
        base += N_LEDGER
    g[base + debit] += amount
    g[base + credit] -= amount


@kernel
def pay_out(g, b, account, cost):
    """A cost of the order's service."""
    post(g, b["placed_at"], account, CASH, cost)
    b["service_cost"] += cost


@kernel
def to_truck(net, r, b, node, sku, units):
    """Units leave a node for another; they are no longer in its stock."""
    net.journal[node, sku, M_OUT] += units
    net.sku[sku]["truck"] += units
    r["place"] = AT_TRUCK
    pay_out(net.q.g, b, TRANSFERS, net.q.g[R_TO_STORE_COST])


@kernel
def tell(told, g, b, t, code, value):
    """An outcome for the shopper."""
    i = g[G_TOLD]
    g[G_TOLD] = i + 1
    o = told[i]
    o["t"] = t
    o["key"] = b["key"]
    o["value"] = value
    o["shopper"] = b["shopper"]
    o["sku"] = b["sku"]
    o["node"] = b["node"]
    o["code"] = code
    o["channel"] = b["channel"]


@kernel
def comes_at(g, n, t):
    """When a customer who would come at `t` comes: trips of closed hours are made soon after opening, in the same order."""
    opening = next_open(n, t)
    if opening == t:
        return t
    day_s = np.int64(n["closes_s"] - n["opens_s"])
    shut_s = DAY - day_s
    since = shut_s - (opening - t)
    return opening + since * min(g[R_AFTER_OPENING], day_s - 1) // shut_s


@kernel
def next_cutoff(g, t):
    """The carrier's first departure at or after `t`."""
    return t + (g[R_CUTOFF] - t) % DAY


@kernel
def next_wave(g, t):
    """The couriers' first departure at or after `t`."""
    best = np.int64(DAY)
    for w in range(g[R_WAVES]):
        best = min(best, (g[R_WAVES + 1 + w] - t) % DAY)
    return t + best


@kernel
def use_second(r, b):
    """The second item takes the first one's place."""
    b["sku"] = r["alt_sku"]
    r["alt_sku"] = -1
    b["flags"] |= F_SUBSTITUTED
    r["bits"] = (r["bits"] & ~MISFIT) | (MISFIT if r["bits"] & ALT_MISFIT else 0)


@once
def is_unmanned(n):
    """Whether orders are handed over at the node without people and shelves of ours."""
    return n["kind"] == POINT or n["kind"] == LOCKER


@kernel
def no_goods(g, b, t, status):
    """The row is resolved and no unit went out."""
    move_to(g, b, status)
    g[SHORT] += b["units"] - b["units_short"]
    b["units_short"] = b["units"]
    b["done_at"] = t
    g[G_OPEN] -= 1


@kernel
def end_without_goods(g, r, b, row, t, status):
    """The row ends and no unit went out."""
    no_goods(g, b, t, status)
    free_row(r, g, row)


@kernel
def put_back(cell, r, b, staged):
    """Reserved or staged units of a row stand on the shelf again."""
    c = cell[b["node"], b["sku"]]
    units = r["held"]
    if staged:
        c["staged"] -= units
    else:
        c["reserved"] -= units
    c["available"] += units
    c["record"] += units
    r["held"] = 0


@kernel
def sell(g, sku, b, t, units, price, fee):
    """Goods change hands: revenue, fee, cost of goods, into the book line and into the ledger."""
    item = sku[b["sku"]]
    short = b["units"] - units
    g[SHORT] += short - b["units_short"]
    g[OUT] += units
    if b["flags"] & F_SUBSTITUTED:
        g[SUBSTITUTED] += units
    item["customer"] += units
    placed = b["placed_at"]
    b["units_out"] = units
    b["units_short"] = short
    b["done_at"] = t
    b["revenue"] = price * units
    b["fee"] = fee
    b["goods_cost"] = item["cost"] * units
    post(g, placed, CASH, REVENUE + b["channel"], price * units)
    post(g, placed, CASH, FEES, fee)
    post(g, placed, GOODS, STOCK, item["cost"] * units)


@kernel
def book_line(book, g, key, t, promise_s):
    """A new line of the book; returns its number."""
    i = g[G_BOOK]
    g[G_BOOK] = i + 1
    b = book[i]
    b["key"] = key
    b["placed_at"] = t
    b["promised_at"] = t + promise_s if promise_s >= 0 else -1
    b["picked_at"] = -1
    b["ready_at"] = -1
    b["arrived_at"] = -1
    b["served_at"] = -1
    b["done_at"] = -1
    b["returned_at"] = -1
    b["revenue"] = 0
    b["fee"] = 0
    b["refund"] = 0
    b["goods_cost"] = 0
    b["service_cost"] = 0
    b["units_out"] = 0
    b["units_back"] = 0
    b["units_short"] = 0
    b["wait_s"] = 0
    b["collect_at"] = -1
    b["status"] = 0
    b["flags"] = 0
    return i


@part
def open_row(q, d):
    """A DEMAND row `d` reaches the network; returns its live row."""
    live, book, g = q.live, q.book, q.g
    i = book_line(book, g, d["key"], d["t"], np.int64(d["promise_s"]))
    b = book[i]
    b["shopper"] = d["shopper"]
    b["sku"] = d["sku"]
    b["units"] = d["units"]
    b["node"] = d["node"]
    b["zone"] = d["zone"]
    b["channel"] = d["channel"]
    b["flow"] = d["flow"]
    b["offer"] = d["offer"]
    b["category"] = d["category"]
    row = new_row(live, g)
    r = live[row]
    r["book"] = i
    r["key"] = d["key"]
    r["t"] = d["t"]
    r["price"] = d["unit_price"]
    r["fee"] = d["fee"]
    r["alt_price"] = d["alt_price"]
    r["alt_fee"] = d["alt_fee"]
    r["alt_sku"] = d["alt_sku"]
    r["pick_s"] = d["pick_s"]
    r["counter_s"] = d["counter_s"]
    r["transit_s"] = d["transit_s"]
    r["lag_s"] = d["collect_lag_s"]
    r["patience_s"] = d["patience_s"]
    r["return_lag_s"] = d["return_lag_s"]
    r["second_travel_s"] = d["second_travel_s"]
    r["held"] = 0
    r["claim"] = 0
    r["extra_units"] = d["extra_units"]
    r["second_node"] = d["second_node"]
    r["return_node"] = d["return_node"]
    r["kind"] = IDLE
    r["place"] = AT_NONE
    r["action1"] = d["action1"]
    r["action2"] = d["action2"]
    r["bits"] = (
        d["misfit"] | d["alt_misfit"] << 1 | d["go_on"] << 2 | d["mind"] << 3 | d["try_on"] << 4 | d["intent"] << 5
        | np.int64(d["unseen"]) * UNSEEN
    )
    g[G_OPEN] += 1
    g[ORDERED] += d["units"]
    beside = d["extra_units"] > 0 and d["extra_sku"] >= 0
    if d["unwanted"] > 0 or d["fit_s"] > 0 or d["alter_s"] > 0 or d["session_s"] > 0 or beside:
        side = side_of(q, row)
        side["unwanted"] = d["unwanted"]
        side["fit_s"] = d["fit_s"]
        side["alter_s"] = d["alter_s"]
        side["session_s"] = d["session_s"]
        side["alt_promise_s"] = d["alt_promise_s"]
        if beside:
            side["extra_sku"] = d["extra_sku"]
            side["extra_price"] = d["extra_price"]
    return row
