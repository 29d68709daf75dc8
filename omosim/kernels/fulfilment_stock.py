"""Stock, money and book lines of the fulfilment kernel: what a row does at one instant."""

import numpy as np

from omosim.kernels.fulfilment_queue import free_row, join, new_row
from omosim.kernels.fulfilment_tables import (
    ALT_MISFIT,
    G_BOOK,
    G_LEDGER,
    G_OPEN,
    G_REFUSED,
    G_TOLD,
    G_TRANS,
    G_UNITS,
    G_WAITING,
    IDLE,
    MISFIT,
    N_LEDGER,
    N_STATUS,
)
from omosim.kernels.jit import kernel
from omosim.schema import codes as c
from omosim.schema import columns as col
from omosim.schema import network as at

DAY = col.DAY
F_PHANTOM, F_REFUSED, F_SUBSTITUTED = col.FLAG_PHANTOM, col.FLAG_SLOT_REFUSED, col.FLAG_SUBSTITUTED
SHIP, SAME_DAY, PICKUP, VISIT = (int(c.Flow.SHIP), int(c.Flow.SAME_DAY), int(c.Flow.PICKUP), int(c.Flow.VISIT))
DO_SHIP, DO_OTHER, DO_SUBSTITUTE = int(c.Action.SHIP), int(c.Action.OTHER_STORE), int(c.Action.SUBSTITUTE)
S_BACKORDERED, S_TO_PICK, S_CANCELLED = (
    int(c.Status.BACKORDERED), int(c.Status.TO_PICK), int(c.Status.CANCELLED),
)  # fmt: skip
M_SHIPPED, M_SOLD = int(c.Move.SHIPPED), int(c.Move.SOLD)
CASH, REVENUE, FEES, GOODS, STOCK = (
    int(c.Account.CASH), int(c.Account.REVENUE_WEB), int(c.Account.FEES), int(c.Account.GOODS), int(c.Account.STOCK),
)  # fmt: skip
AT_NONE, AT_RESERVED, AT_CUSTOMER = at.AT_NONE, at.AT_RESERVED, at.AT_CUSTOMER
ORDERED = G_UNITS + at.UNITS_ORDERED
OUT = G_UNITS + at.UNITS_OUT
SUBSTITUTED = G_UNITS + at.UNITS_SUBSTITUTED
SHORT = G_UNITS + at.UNITS_SHORT


@kernel
def move_to(net, b, status):
    """Change of status, counted."""
    net.g[G_TRANS + np.int64(b["status"]) * N_STATUS + status] += 1
    b["status"] = status


@kernel
def post(net, placed, debit, credit, amount):
    """One posting of the double-entry ledger; rows placed in the measured window stand apart."""
    rules = net.rules[0]
    base = G_LEDGER
    if rules["measured_from"] <= placed and placed < rules["measured_to"]:
        base += N_LEDGER
    net.g[base + debit] += amount
    net.g[base + credit] -= amount


@kernel
def tell(net, b, t, code, value):
    """An outcome for the shopper."""
    i = net.g[G_TOLD]
    net.g[G_TOLD] = i + 1
    o = net.told[i]
    o["t"] = t
    o["key"] = b["key"]
    o["value"] = value
    o["shopper"] = b["shopper"]
    o["sku"] = b["sku"]
    o["node"] = b["node"]
    o["code"] = code
    o["channel"] = b["channel"]


@kernel
def next_open(net, node, t):
    """`t` if the store is open by its hours, else its next opening."""
    n = net.node[node]
    opens, closes = n["opens_s"], n["closes_s"]
    second = t % DAY
    if opens >= closes or (opens <= second and second < closes):
        return t
    if second < opens:
        return t - second + opens
    return t - second + DAY + opens


@kernel
def next_cutoff(net, t):
    """The carrier's first departure at or after `t`."""
    return t + (net.rules[0]["cutoff_s"] - t) % DAY


@kernel
def next_wave(net, t):
    """The couriers' first departure at or after `t`."""
    best = DAY
    for w in range(net.waves.size):
        best = min(best, (net.waves[w] - t) % DAY)
    return t + best


@kernel
def reserve(net, row, node):
    """Take a row's units at a node if the record shows them."""
    r = net.live[row]
    b = net.book[r["book"]]
    cell = net.cell[node, b["sku"]]
    units = b["units"]
    if cell["record"] < units:
        return False
    there = min(units, cell["available"])
    cell["record"] -= units
    cell["available"] -= there
    cell["reserved"] += there
    cell["claimed"] += units - there
    r["held"] = there
    r["claim"] = units - there
    r["place"] = AT_RESERVED
    b["node"] = node
    return True


@kernel
def find_source(net, zone, sku, units):
    """The first node that may ship to the zone and whose record suffices; -1 none."""
    for rank in range(net.route.shape[1]):
        node = net.route[zone, rank]["source"]
        if node < 0:
            return -1
        if net.node[node]["ships"] != 0 and net.cell[node, sku]["record"] >= units:
            return np.int64(node)
    return np.int64(-1)


@kernel
def slot_day(net, node, t, capacity):
    """Forget courier bookings of another day."""
    place = net.local[node]
    day = t // DAY
    if place["slot_day"] != day:
        place["slot_day"] = day
        place["slot_limit"] = 0
        for w in range(net.waves.size):
            net.slots[node, w] = 0
    if capacity > place["slot_limit"]:
        place["slot_limit"] = capacity


@kernel
def reserve_courier(net, row, t):
    """The nearest store in reach with stock and room in a wave of today."""
    r = net.live[row]
    b = net.book[r["book"]]
    zone = b["zone"]
    for rank in range(net.route.shape[1]):
        hop = net.route[zone, rank]
        node = hop["courier"]
        if node < 0:
            return False
        n = net.node[node]
        capacity = n["wave_capacity"]
        if capacity <= 0 or hop["courier_m"] > n["courier_radius_m"]:
            continue
        if net.cell[node, b["sku"]]["record"] < b["units"]:
            continue
        slot_day(net, np.int64(node), t, np.int64(capacity))
        for w in range(net.waves.size):
            leaves = t - t % DAY + net.waves[w]
            if leaves < t + r["pick_s"] + net.rules[0]["wave_lead_s"]:
                continue
            if net.slots[node, w] < capacity:
                net.slots[node, w] += 1
                r["lag_s"] = leaves - b["placed_at"]
                return reserve(net, row, np.int64(node))
            if b["flags"] & F_REFUSED == 0:
                b["flags"] |= F_REFUSED
                net.g[G_REFUSED] += 1
    return False


@kernel
def allocate(net, row, t):
    """Reserve stock by the rule of the row's flow."""
    b = net.book[net.live[row]["book"]]
    if b["flow"] == PICKUP:
        return reserve(net, row, np.int64(b["node"]))
    if b["flow"] == SAME_DAY:
        return reserve_courier(net, row, t)
    node = find_source(net, b["zone"], b["sku"], b["units"])
    if node < 0:
        return False
    return reserve(net, row, node)


@kernel
def try_action(net, row, t, action):
    """One contingency of an order that cannot be served as wished."""
    r = net.live[row]
    b = net.book[r["book"]]
    if action == DO_SUBSTITUTE and r["alt_sku"] >= 0:
        wanted = b["sku"]
        b["sku"] = r["alt_sku"]
        if allocate(net, row, t):
            r["alt_sku"] = -1
            b["flags"] |= F_SUBSTITUTED
            r["bits"] = (r["bits"] & ~MISFIT) | (MISFIT if r["bits"] & ALT_MISFIT else 0)
            return True
        b["sku"] = wanted
    elif action == DO_SHIP and b["flow"] != SHIP:
        flow = b["flow"]
        b["flow"] = SHIP
        if allocate(net, row, t):
            return True
        b["flow"] = flow
    elif action == DO_OTHER and b["flow"] == PICKUP and r["second_node"] >= 0:
        second = np.int64(r["second_node"])
        r["second_node"] = -1
        return reserve(net, row, second)
    return False


@kernel
def to_picking(net, row, t):
    """Allocated: into the picking queue of its node, pickups and same-day orders before parcels."""
    b = net.book[net.live[row]["book"]]
    move_to(net, b, S_TO_PICK)
    join(net, 2 * b["node"], row, 1 if b["flow"] == SHIP else 0, t)


@kernel
def place_order(net, row, t, found, failed_code):
    """Go on with an allocated row; try its contingencies, wait or cancel where nothing was found."""
    r = net.live[row]
    if found or try_action(net, row, t, r["action1"]) or try_action(net, row, t, r["action2"]):
        to_picking(net, row, t)
        return
    b = net.book[r["book"]]
    if b["flow"] == SHIP and net.rules[0]["backorders"] != 0:
        move_to(net, b, S_BACKORDERED)
        b["node"] = 0
        r["place"] = AT_NONE
        r["kind"] = IDLE
        r["next"] = -1
        cell = net.cell[0, b["sku"]]
        cell["backordered"] += b["units"]
        item = net.sku[b["sku"]]
        if item["wait_tail"] >= 0:
            net.live[item["wait_tail"]]["next"] = row
        else:
            item["wait_head"] = row
        item["wait_tail"] = row
        net.g[G_WAITING] += 1
        return
    tell(net, b, t, failed_code, 0)
    end_without_goods(net, row, t, S_CANCELLED)


@kernel
def serve_backorders(net, sku, t):
    """Orders that wait for a SKU at the centre are allocated, first come first served."""
    item = net.sku[sku]
    while item["wait_head"] >= 0:
        row = np.int64(item["wait_head"])
        r = net.live[row]
        follower = r["next"]
        if not reserve(net, row, 0):
            return
        item["wait_head"] = follower
        if follower < 0:
            item["wait_tail"] = -1
        net.g[G_WAITING] -= 1
        cell = net.cell[0, sku]
        cell["backordered"] -= net.book[r["book"]]["units"]
        to_picking(net, row, t)


@kernel
def end_without_goods(net, row, t, status):
    """The row ends and no unit went out."""
    r = net.live[row]
    b = net.book[r["book"]]
    move_to(net, b, status)
    net.g[SHORT] += b["units"] - b["units_short"]
    b["units_short"] = b["units"]
    b["done_at"] = t
    net.g[G_OPEN] -= 1
    free_row(net, row)


@kernel
def units_out(net, node, sku, units, move):
    """Reserved units leave a node."""
    cell = net.cell[node, sku]
    cell["reserved"] -= units
    cell["on_hand"] -= units
    net.journal[node, sku, move] += units


@kernel
def put_back(net, row, staged):
    """Reserved or staged units of a row stand on the shelf again."""
    r = net.live[row]
    b = net.book[r["book"]]
    cell = net.cell[b["node"], b["sku"]]
    units = r["held"]
    if staged:
        cell["staged"] -= units
    else:
        cell["reserved"] -= units
    cell["available"] += units
    cell["record"] += units
    r["held"] = 0


@kernel
def sell(net, b, t, units, price, fee):
    """Goods change hands: revenue, fee, cost of goods, into the book line and into the ledger."""
    item = net.sku[b["sku"]]
    short = b["units"] - units
    net.g[SHORT] += short - b["units_short"]
    net.g[OUT] += units
    if b["flags"] & F_SUBSTITUTED:
        net.g[SUBSTITUTED] += units
    item["customer"] += units
    placed = b["placed_at"]
    b["units_out"] = units
    b["units_short"] = short
    b["done_at"] = t
    b["revenue"] = price * units
    b["fee"] = fee
    b["goods_cost"] = item["cost"] * units
    post(net, placed, CASH, REVENUE + b["channel"], price * units)
    post(net, placed, CASH, FEES, fee)
    post(net, placed, GOODS, STOCK, item["cost"] * units)


@kernel
def book_line(net, key, t, promise_s):
    """A new line of the book; returns its number."""
    i = net.g[G_BOOK]
    net.g[G_BOOK] = i + 1
    b = net.book[i]
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
    b["status"] = 0
    b["flags"] = 0
    return i


@kernel
def open_row(net, demand):
    """A row of demand reaches the network; returns its live row."""
    d = net.demand[demand]
    i = book_line(net, d["key"], d["t"], np.int64(d["promise_s"]))
    b = net.book[i]
    b["shopper"] = d["shopper"]
    b["sku"] = d["sku"]
    b["units"] = d["units"]
    b["node"] = d["node"]
    b["zone"] = d["zone"]
    b["channel"] = d["channel"]
    b["flow"] = d["flow"]
    b["offer"] = d["offer"]
    b["category"] = d["category"]
    row = new_row(net)
    r = net.live[row]
    r["book"] = i
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
    )
    net.g[G_OPEN] += 1
    net.g[ORDERED] += d["units"]
    return row
