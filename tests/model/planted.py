"""Planted bugs: what is changed in which file, and the check that must name it."""

from __future__ import annotations

from dataclasses import dataclass

FULFILMENT = "omosim/fulfilment/"
KERNELS = "omosim/kernels/"
PARCEL, QUEUE, RETURN, RUN, SITE, SOURCE, SPACE, STATION, STOCK, VISIT = (
    f"{KERNELS}fulfilment_{name}.py"
    for name in ("parcel", "queue", "return", "run", "site", "source", "space", "station", "stock", "visit")
)
REFERENCE, ACTS, PARTS, PLACES, SOURCES, STATIONS, REFERENCE_STOCK, STORE = (
    f"{FULFILMENT}reference{name}.py"
    for name in ("", "_acts", "_parts", "_places", "_sources", "_stations", "_stock", "_store")
)
PNL, RETAIL = "omosim/model/pnl.py", "omosim/model/retail.py"
COARSE, CONTROL, RULES = (f"{FULFILMENT}{name}.py" for name in ("coarse", "replenishment", "rules"))
PROCESSES, WORLD, WORLD_STOCK = "omosim/model/processes.py", "omosim/world/state.py", "omosim/world/stock.py"
PLANNING = "omosim/planning/"
NEEDS, JOURNEYS = f"{KERNELS}journeys_needs.py", "omosim/journeys/journeys.py"


DIFFER = "engines differ"
ENGINES = {PARCEL, QUEUE, RETURN, RUN, SITE, SOURCE, SPACE, STATION, STOCK, VISIT,
           REFERENCE, ACTS, PARTS, PLACES, SOURCES, STATIONS, REFERENCE_STOCK, STORE}  # fmt: skip
#: probes that run both engines on the same world
BOTH = ("worlds", "exchanges", "cutoffs", "controlled", "sourcing", "splits", "places", "staff", "shifts", "customers",
        "given_back")  # fmt: skip


@dataclass(frozen=True)
class Bug:
    """One bug: `old` stands exactly once in `file`; `new` takes its place; every name of `caught_by` must complain.

    `probe` names a function of planted_worker.py. The whole runs of `whole` use no other engine and no test: only
    what is always on in the product can catch there.
    """

    name: str
    file: str
    old: str
    new: str
    caught_by: str
    probe: str = "worlds"
    slow: bool = False

    @property
    def complain(self) -> set[str]:
        """Who must complain: in one engine alone, the equality of the engines too."""
        one_engine = self.file in ENGINES and self.probe in BOTH
        return {self.caught_by, DIFFER} if one_engine else {self.caught_by}

# fmt: off
BUGS = (
    # ---- stock --------------------------------------------------------------------------------------------------
    Bug("drop a unit when a receipt is booked", COARSE, "            cell[column] += units\n",
        "            cell[column] += units - 1\n", "L1"),
    Bug("ship without journal", PARCEL, 'M_SHIPPED] += units',
        'M_SHIPPED] += 0', "L1"),
    Bug("sell an extra unit without journal", RETURN, '    journal[node, sku, M_SOLD] += units',
        '    journal[node, sku, M_SOLD] += 0', "L1"),
    Bug("a return stands on the shelf but not on hand", ACTS, '        for column in ("on_hand", "available", "record"):\n            cell[column] += o.held',
        '        for column in ("available", "record"):\n            cell[column] += o.held', "L2"),
    Bug("swapped node at return", RETURN, '    node = r["return_node"]\n',
        '    node = q.book[r["book"]]["node"]\n', DIFFER),
    Bug("returned goods stay in the courier's bag", RETURN, '["back"] -= units',
        '["back"] -= 0', "L3"),
    Bug("a parcel is never taken off the road", ACTS, "        self.places[o.sku, PLACE_ROAD] -= o.held\n", "", "L3"),
    Bug("reservation not released on no-show", VISIT, '        put_back(net.cell, r, b, True)\n        end_without_goods(q.g, r, b, row, t, status)',
        '        end_without_goods(q.g, r, b, row, t, status)', "L11"),
    Bug("a hold that never expires", SPACE, 'max(t, last), E_EXPIRE',
        'max(t, last) + 365 * 86_400, E_EXPIRE', DIFFER),
    Bug("the exchanged item goes back as the other one", VISIT, '        put_back(net.cell, r, b, True)\n        use_second(r, b)\n',
        '        use_second(r, b)\n        put_back(net.cell, r, b, True)\n', "L11", "exchanges"),
    Bug("a waiting order takes its stock twice", SOURCE, '        if not reserve(net, r, b, np.int64(0)):\n            return\n',
        '        if not reserve(net, r, b, np.int64(0)):\n            return\n        reserve(net, r, b, np.int64(0))\n', "L11"),
    Bug("a served backorder still counts as waiting", REFERENCE_STOCK, '            self.cell(0, sku)["backordered"] -= o.units\n', "", "L11"),
    Bug("record not lowered on a claim", SOURCE, 'c["record"] -= units\n    c["available"] -= there',
        'c["record"] -= there\n    c["available"] -= there', DIFFER),
    Bug("a substitute is reserved as the first item", SOURCE, 'use_second(r, b)\n                return True',
        'use_second(r, b)\n                b["sku"] = wanted\n                return True', "L11"),
    Bug("units lost at partial fulfilment", PARCEL, '[SHORT] += missing',
        '[SHORT] += 0', "L5"),
    Bug("double receipt of a transfer", CONTROL, "            self.stock.transit = rows[~due]\n", "", "L3", "controlled"),
    Bug("a transfer leaves the centre and is on no list", CONTROL, "        self.stock.transit = np.concatenate([self.stock.transit, rows])\n",
        "        self.stock.transit = np.concatenate([self.stock.transit, rows[1:]])\n", "L3", "controlled"),
    Bug("shrink takes units off the shelf but not off hand", f"{KERNELS}stock_cells.py", '            c["on_hand"] -= lost\n', "", "L2", "controlled"),
    Bug("goods are sent from an empty centre", COARSE, '        if np.any(units > cell["available"]):\n            raise ValueError("more units than are available in the centre")\n        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32)\n',
        '        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32) + 1\n', "L2", "controlled"),
    # ---- money --------------------------------------------------------------------------------------------------
    Bug("refund twice", STORE, "        self.refund_order(o)\n", "        self.refund_order(o)\n        self.refund_order(o)\n", "L6"),
    Bug("refund forgotten in the ledger", RETURN, 'REFUNDS, CASH, money)',
        'REFUNDS, CASH, 0)', "L6"),
    Bug("wrong sign of the fee", STOCK, 'CASH, FEES, fee)',
        'FEES, CASH, fee)', "L6"),
    Bug("revenue posted to the wrong channel", STOCK, 'REVENUE + b["channel"]',
        'REVENUE', "L6"),
    Bug("goods cost not reversed at return", RETURN, 'STOCK, GOODS, value)',
        'STOCK, GOODS, 0)', "L6"),
    Bug("a posting with one side", REFERENCE_STOCK, "        row[debit] += amount\n        row[credit] -= amount\n", "        row[debit] += amount\n", "L6"),
    Bug("loss of value rounded down", RETURN, "    if rest > 1_000_000 or (rest == 1_000_000 and loss & 1 == 1):\n        loss += 1\n", "", DIFFER),
    # ---- states and times ---------------------------------------------------------------------------------------
    Bug("state moved along an undeclared edge", PARCEL, 'b, S_PACKED)',
        'b, int(c.Status.STAGED))', "L4"),
    Bug("a cancelled order keeps its state", REFERENCE_STOCK, "        self.to(o, Status.CANCELLED)\n", "", "L4"),
    Bug("ready before it was picked", PARCEL, 'b["ready_at"] = t\n',
        'b["ready_at"] = b["placed_at"]\n', "L10"),
    Bug("off by one day at the carrier's cut-off", STOCK, 't + (g[R_CUTOFF] - t) % DAY',
        't + 1 + (g[R_CUTOFF] - t - 1) % DAY', DIFFER, "cutoffs"),
    Bug("an hour's shift of the opening", STOCK, '    opens, closes = n["opens_s"], n["closes_s"]\n',
        '    opens, closes = n["opens_s"] + 3600, n["closes_s"] + 3600\n', DIFFER),
    # ---- queues and staff ---------------------------------------------------------------------------------------
    Bug("shift change ignored", STATION, '    s["cap"] = cap\n', "", DIFFER),
    Bug("staff's work not counted", STATION, '    s["worked"] += work\n    schedule(', '    schedule(', "L9"),
    Bug("idle staff forgotten", STATIONS, "        self.idle += max(self.cap - self.on_shift, 0) * dt\n", "", "L9"),
    Bug("queue length sum missed", QUEUE, '        s["area"] += s["queued"] * dt\n', "", "L8"),
    Bug("the wait of those who give up is forgotten", STATION, '["waits"] += waited',
        '["waits"] += 0', "L8"),
    Bug("priority classes swapped in one engine", STATION, 'PARCEL if b["flow"] == SHIP else HURRIED', 'HURRIED if b["flow"] == SHIP else PARCEL', DIFFER),
    Bug("last come first served in one engine", STATIONS, "queue.popleft() for", "queue.pop() for", DIFFER),
    # ---- couriers and visits ------------------------------------------------------------------------------------
    Bug("courier slot limit ignored", SOURCE, "            if net.slots[node, w] < capacity:\n", "            if net.slots[node, w] <= capacity:\n", "L12", "couriers"),
    Bug("a wave is booked that leaves before the shop opens", SOURCE, 'packed = next_open(n, t) + r["pick_s"]', 'packed = t + r["pick_s"]', DIFFER, "couriers"),
    Bug("a refused courier keeps its promise", SOURCE, '                if b["status"] == S_DUE or b["status"] == S_ON_SITE:\n                    promise_parcel(net, row, b)\n', "", DIFFER),
    Bug("a courier rides as long as a parcel travels", PARCEL, "t + ride(net.route, g, b)", 't + r["transit_s"]', DIFFER),
    Bug("what is bought on the way is not told", ACTS, "        self.tell(extra, Outcome.EXTRA, extra.revenue)\n", "", DIFFER),
    Bug("slot refused not counted", SOURCE, '[G_REFUSED] += 1',
        '[G_REFUSED] += 0', "L12"),
    Bug("visit counted twice", VISIT, '["came"] += 1',
        '["came"] += 2', "L7"),
    Bug("who moves on to another store is forgotten", ACTS, "        self.visits[o.node, VISIT_MOVED] += 1\n", "", "L7"),
    # ---- the reference engine, law by law -----------------------------------------------------------------------------
    Bug("drops a unit", REFERENCE_STOCK, 'cell["on_hand"] -= units',
        'cell["on_hand"] -= units - 1', "L1"),
    Bug("ships out of thin air", REFERENCE_STOCK, "move] += units",
        "move] += 0", "L1"),
    Bug("forgets to journal a return", ACTS, "Move.RETURNED] += o.held",
        "Move.RETURNED] += 0", "L1"),
    Bug("takes a unit that is not there", ACTS, 'min(o.claim, int(cell["available"]))',
        "o.claim", "L2"),
    Bug("wrong sign on the road", ACTS, "PLACE_ROAD] -= o.held",
        "PLACE_ROAD] += o.held", "L3"),
    Bug("returned units stay with customers", ACTS, "PLACE_CUSTOMER] -= o.held",
        "PLACE_CUSTOMER] -= 0", "L3"),
    Bug("jumps a state", REFERENCE, "self.to(o, Status.PACKED)",
        "self.to(o, Status.STAGED)", "L4"),
    Bug("changes state unseen", REFERENCE_STOCK, "self.transitions[o.status, status] += 1",
        "pass", "L4"),
    Bug("loses cancelled units", REFERENCE_STOCK, "+= o.units - o.units_short",
        "+= 0", "L5"),
    Bug("counts a part as whole", ACTS, "o.units_out, o.done_at",
        "o.units_out, o.done_at = o.units, 0; _, o.done_at", "L5"),
    Bug("refunds twice", ACTS, "Account.CASH, o.refund",
        "Account.CASH, 2 * o.refund", "L6"),
    Bug("books revenue to another channel", ACTS, "Account.REVENUE_WEB + o.channel",
        "Account.REVENUE_WEB", "L6"),
    Bug("posts one side only", REFERENCE_STOCK, "row[credit] -= amount",
        "row[credit] -= amount - (amount == 300)", "L6"),
    Bug("forgets the courier's bill", ACTS, "self.pay_service(o, Account.COURIERS if by_courier else Account.PARCELS, cost)",
        "self.post(o, Account.COURIERS if by_courier else Account.PARCELS, Account.CASH, cost)", "L6"),
    Bug("lets a visitor vanish", ACTS, "VISIT_LEFT] += 1",
        "VISIT_LEFT] += 0", "L7"),
    Bug("forgets waits", STATIONS, "self.waits += wait\n",
        "self.waits += 0\n", "L8"),
    Bug("counts the queue after the change", STATIONS, "self.area += self.queued * dt",
        "self.area += max(self.queued - 1, 0) * dt", "L8"),
    Bug("unpaid overtime", STATIONS, "self.overtime += (self.extra + max(self.on_shift - self.cap, 0)) * dt",
        "pass", "L9"),
    Bug("ready before picked", REFERENCE, "o.picked_at = o.ready_at = self.now",
        "o.picked_at, o.ready_at = self.now, o.placed_at - 1", "L10"),
    Bug("reserves at the wrong node", REFERENCE_STOCK, "o.node, o.held",
        "o.node, o.held = (max(node - 1, 0) if o.flow == 2 else node), 0; _, o.held", "L11"),
    Bug("a claim never ends", ACTS, 'cell["claimed"] -= o.claim\n        o.held, ',
        'cell["claimed"] -= found\n        o.held, ', "L11"),
    Bug("a reservation never ends", ACTS, '"""Left the queue: units back on the shelf."""\n        self.shift(o.node, o.sku, o.held, "reserved", "available")\n',
        '"""Left the queue: units back on the shelf."""\n        self.shift(o.node, o.sku, o.held, "reserved", "reserved")\n', "L11"),
    Bug("overbooks a wave", REFERENCE_STOCK, "self.slots[node, wave] < capacity",
        "self.slots[node, wave] <= capacity", "L12"),
    Bug("refuses uncounted", REFERENCE_STOCK, "self.refused += 1",
        "pass", "L12"),
    Bug("a hold never expires", STORE, "self.net.rules.hold_s",
        "10**9", DIFFER),
    Bug("leaves a day late", REFERENCE_STOCK, '"""The carrier\'s first departure at or after `t`."""\n        return t + (self.net.rules.cutoff_s - t) % DAY\n',
        '"""The carrier\'s first departure at or after `t`."""\n        return t + (self.net.rules.cutoff_s - t) % DAY + DAY\n', DIFFER),
    Bug("time zone shift", REFERENCE_STOCK, "divmod(t, DAY)",
        "divmod(t + 3600, DAY)", DIFFER),
    Bug("parcels first", STATIONS, "PARCELS if order.flow == Flow.SHIP",
        "PARCELS if order.flow != Flow.SHIP", DIFFER),
    Bug("the record is not told", REFERENCE_STOCK, 'cell["record"] += change',
        "pass", "L2"),
    Bug("a misfit is not seen", ACTS, '"""Whether the item in hand, or the second one after it, fits."""\n        if not o.misfit:\n',
        '"""Whether the item in hand, or the second one after it, fits."""\n        if True:\n', DIFFER),
    # ---- the record ---------------------------------------------------------------------------------------------
    Bug("the record does not hear of a receipt", COARSE, '        for column in ("on_hand", "available", "record"):\n            cell[column] += units\n',
        '        for column in ("on_hand", "available"):\n            cell[column] += units\n', "L2"),
    Bug("a count changes nothing", COARSE, '        cells["record"][nodes, skus] = truth\n', "", "L2"),
    Bug("goods received in a lot are not in the record", COARSE, '("available", units), ("record", units), ', '("available", units), ', "L2", "controlled"),
    Bug("the centre's record does not hear of a transfer", COARSE,
        '        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32)\n',
        '        for column in ("on_hand", "available"):\n            cell[column] -= units.astype(np.int32)\n', "L2", "controlled"),
    Bug("a returned unit is not in the record", RETURN, '    c["record"] += units\n    if r["place"]', '    if r["place"]', "L2"),
    Bug("a search for missing units does not put the record right", PARCEL, '        c["record"] = truth\n', "", "L2"),
    Bug("wrong sign of the cost of shrink", COARSE, "        self._post(Account.WRITE_OFF, Account.STOCK, int(lost), now)\n",
        "        self._post(Account.STOCK, Account.WRITE_OFF, int(lost), now)\n", "L6", "controlled"),
    Bug("goods received and not owed for", COARSE, "        self._post(Account.STOCK, Account.PAYABLE, int(cost.sum()), now)\n", "", "L6", "controlled"),
    # ---- sources ------------------------------------------------------------------------------------------------
    Bug("a promise is lifted by what was found only", PARCEL, "net.promised[node, sku] -= claim", "net.promised[node, sku] -= found", "L11", "sourcing"),
    Bug("a late pick does not tell the record", ACTS, '        if late:\n            cell["record"] -= found\n', "        if late:\n", "L2", "sourcing"),
    Bug("what is promised is promised again", REFERENCE_STOCK, " - kept - promised\n", " - kept\n", DIFFER, "sourcing"),
    Bug("units kept for the store are sold from the site", SOURCE, ' - net.q.node[node]["keep"]', "", DIFFER, "sourcing", slow=True),
    Bug("a unit is lost at a split", SOURCE, '    line["units"] = units\n', '    line["units"] = units - (units > 1)\n', "L5", "splits"),
    Bug("units of a split are ordered twice", SOURCES, "        self.units[UNITS_ORDERED] -= o.units - found[0][1]  # the parts bring them in again\n", "", "L5", "splits", slow=True),
    Bug("each parcel of a split pays the fee", SOURCE, '    o["fee"] = 0\n', '    o["fee"] = r["fee"]\n', "L6", "splits"),
    Bug("a parcel of a split has the key of another", SOURCES, '"key": o.key + PART * number', '"key": o.key + PART * (number + 1)', "L4", "splits"),
    Bug("parcels of a split share a key", SOURCE, "PART_KEY * k", "PART_KEY", "L4", "splits", slow=True),
    Bug("units are lost on the truck", PARCEL, '    c["on_hand"] += units\n    c["reserved"] += units\n', '    c["on_hand"] += units - 1\n    c["reserved"] += units - 1\n', "L1", "sourcing"),
    Bug("the truck is never empty", PARCEL, '["truck"] -= units', '["truck"] -= 0', "L3", "sourcing", slow=True),
    Bug("the truck unloads where it came from", ACTS, "        o.node, o.place = o.collect_at, AT_RESERVED\n        cell = self.cell(o.node, o.sku)\n",
        "        cell = self.cell(o.node, o.sku)\n        o.node, o.place = o.collect_at, AT_RESERVED\n", "L1", "sourcing"),
    Bug("a truck leaves without journal", STOCK, "M_OUT] += units", "M_OUT] += 0", "L1", "sourcing"),
    Bug("what nobody took from a locker is on no truck", ACTS, "            self.places[o.sku, PLACE_TRUCK] += held\n", "", "L3", "sourcing"),
    Bug("what nobody took still stands in the locker", VISIT, '    c["on_hand"] -= units\n    to_truck(', "    to_truck(", "L1", "sourcing"),
    Bug("the fee of a parcel is not in the order's cost", PARCEL, 'pay_out(g, b, OUTSOURCED, np.int64(n["order_fee"]))',
        'pay_out(g, b, OUTSOURCED, np.int64(n["order_fee"]))\n        b["service_cost"] -= n["order_fee"]', "L6", "sourcing", slow=True),
    Bug("the fee of an order sent on is not in its cost", ACTS, 'to_store_cost)\n        self.pay_service(o, Account.OUTSOURCED, int(',
        'to_store_cost)\n        self.post(o, Account.OUTSOURCED, Account.CASH, int(', "L6", "sourcing"),
    Bug("a leaflet is posted to one side", ACTS, "self.pay_service(o, Account.INSERTS, self.net.rules.insert_cost)",
        "o.service_cost += self.net.rules.insert_cost\n            self.ledger[0, Account.INSERTS] += self.net.rules.insert_cost", "L6", "sourcing"),
    # ---- bins, boxes, bays, slots -------------------------------------------------------------------------------
    Bug("a box is not released", SPACE, '        leave_place(q.space[2 * node + SHELF], side["bin_at"], t)\n', "", "L8", "places"),
    Bug("a box is released twice", PLACES, "        self.used -= 1\n", "        self.used -= 2\n", "L8", "places"),
    Bug("a box is kept though no slot was free", SOURCE, "                    leave_place(q.space[2 * where + SHELF], t, t)\n", "", "L8", "places", slow=True),
    Bug("a refused box is not counted", SOURCES, "            shelf.turned += 1\n", "", "L12", "places"),
    Bug("last come first into the bin", SPACE, 's["head"])\n        r = q.live[row]\n        wait_no_longer(q.live, s, r, r["t"], t)',
        's["tail"])\n        r = q.live[row]\n        wait_no_longer(q.live, s, r, r["t"], t)', DIFFER, "places"),
    Bug("the wait for a bin is forgotten", PLACES, "            self.waits += self.now - since\n", "", "L8", "places", slow=True),
    Bug("staged without a bin", SPACE, "        take_place(s, t)\n    stage(net, row, t)", "    stage(net, row, t)", "L8", "places"),
    Bug("staged beside the bins", STORE, "        if shelf.take(o):\n", "        if o.try_on or shelf.take(o):\n", "L8", "places"),
    Bug("the dwell of a place is forgotten", SPACE, '    s["dwells"] += t - since\n', "", "L8", "places"),
    Bug("who drives off keeps the bay", VISIT, "        if r[\"bits\"] & AT_BAY:\n            leave_bay(q, row, r, b, t)\n    b[\"wait_s\"]", "    b[\"wait_s\"]", "L8", "places"),
    Bug("who was not served keeps the bay", STORE, "        self.leave_space(o, BAY)\n", "        if served:\n            self.leave_space(o, BAY)\n", "L8", "places", slow=True),
    Bug("a pickup slot is booked beyond its limit", SOURCE, 'if booking["booked"] < n["slot_cap"]', 'if booking["booked"] <= n["slot_cap"]', "L12", "places"),
    Bug("an order is not counted in its slot", PLACES, "        self.bookings[place] += 1\n", "", "L12", "places"),
    Bug("a slot granted is not counted", SOURCE, "q.g[G_GRANTED] += 1", "q.g[G_GRANTED] += 0", "L12", "places"),
    # ---- trips, waves, shifts -----------------------------------------------------------------------------------
    Bug("the work of a trip counts twice", STATION, '    s["worked"] += work\n    s["waits"] += wait\n', '    s["worked"] += 2 * work\n    s["waits"] += wait\n', "L9", "staff"),
    Bug("who rides along releases the picker", RUN, '        r["bits"] &= ~RIDES\n    else:\n', '        r["bits"] &= ~RIDES\n    if True:\n', "L9", "staff"),
    Bug("every row of a trip frees a picker", STATIONS, "leads = order.phase == PHASE_SERVED", "leads = True", "L9", "staff", slow=True),
    Bug("the waits of a trip are those of its first row", STATION, '            s["waits"] += t - r["t"]\n', "", "L8", "staff"),
    Bug("a wave begins a day late", REFERENCE, "self.now + -self.now % every_s, ", "self.now + -self.now % every_s + 86_400, ", DIFFER, "staff"),
    Bug("held work is forgotten", STATION, 'r["pick_s"] = 0 if rides else left', 'r["pick_s"] = 0', DIFFER, "staff"),
    Bug("work handed back counts as done", STATIONS, "                self.worked -= left\n", "", "L9", "staff"),
    Bug("who leaves at the end of a shift never goes", STATION, '    if s["extra"] > 0:\n        s["extra"] -= 1\n', "", "L9", "shifts"),
    Bug("overtime of two shifts at once is not paid", STATIONS, "(self.extra + max(", "(max(", "L9", "shifts"),
    Bug("a pool picks before it serves people", STATION, "        rank = PRESENT\n        while",
        "        rank = HURRIED if station % N_ROLES == COUNTER and line[2 * HURRIED] >= 0 else PRESENT\n        while", DIFFER, "shifts"),
    # ---- the site, rooms, what is kept --------------------------------------------------------------------------
    Bug("the order of a session is lost", SITE, '    b["placed_at"] = t\n    place(net, row, t)\n', '    b["placed_at"] = t\n    r["book"] = -1\n', "L4", "customers"),
    Bug("who is turned away stays on the site", SITE, "        lost_on_site(net, row, t, 0)\n        return\n", "        return\n", "L8", "customers"),
    Bug("a lost session has no end", ACTS, "        self.tell(o, Outcome.SITE_LOST, waited)\n        self.leave_site(o)\n", "        self.tell(o, Outcome.SITE_LOST, waited)\n", "L4", "customers", slow=True),
    Bug("an exchange without refund", RETURN, "REFUNDS, CASH, money)", 'REFUNDS, CASH, 0 if g[R_EXCHANGES] and r["bits"] & MISFIT and r["bits"] & GO_ON else money)', "L6", "customers"),
    Bug("an exchange takes no stock", ACTS, '        self.goes_out(node, o.sku, units, "available", Move.SOLD)\n',
        '        if o.key % 4 != EXCHANGE:\n            self.goes_out(node, o.sku, units, "available", Move.SOLD)\n', "L3", "customers"),
    Bug("units left behind vanish", VISIT, '        c["available"] += behind\n        c["record"] += behind\n', "", "L2", "customers"),
    Bug("units left behind stay staged", ACTS, '        if source == "staged":\n            self.shift(o.node, o.sku, o.unwanted, "staged", "available")\n        o.held', "        o.held", "L11", "customers", slow=True),
    Bug("the work of an alteration is forgotten", STATION, '        work += q.side[row]["alter_s"]\n', "        work += 0\n", DIFFER, "customers"),
    Bug("a part comes back and all is refunded", ACTS, "self.now, o.held, o.price * o.held", "self.now, o.held, o.price * o.units_out", "L6", "customers"),
    Bug("all units come back where some are not wanted", PARTS, "return self.held if self.mind or self.misfit else min(self.unwanted, self.held)", "return self.held", DIFFER, "customers"),
    Bug("what was tried on is not put back", VISIT, '    put_back(net.cell, r, b, False)\n    r["place"] = AT_NONE\n', '    r["place"] = AT_NONE\n', "L11", "customers"),
    Bug("what was tried on hangs in the room", ACTS, '        self.shift(o.node, o.sku, o.held, "reserved", "available")\n        o.held, o.place = 0, AT_NONE\n',
        "        o.held, o.place = 0, AT_NONE\n", "L11", "customers", slow=True),
    # ---- what is given back or put out, waits that end --------------------------------------------------------------
    Bug("a slot is given back twice", PLACES, "            self.bookings[place] -= 1\n            self.given_back += 1\n",
        "            self.bookings[place] -= 2\n            self.given_back += 2\n", "L12", "given_back"),
    Bug("a forgotten slot is not counted", PLACES, "            self.lapsed += int(self.bookings[place])\n", "", "L12", "given_back"),
    Bug("the slot of an order that goes by parcel stays booked", SOURCES, "                    self.give_back_slot(o)\n", "", DIFFER, "given_back", slow=True),
    Bug("a slot is given back after it began", REFERENCE_STOCK, "if o.slot_node >= 0 and self.now < o.slot_at:", "if o.slot_node >= 0:", DIFFER, "given_back"),
    Bug("a wave is given back and its place stays taken", REFERENCE_STOCK,
        "            self.slots[o.node, self.net.rules.waves_s.index(o.wave_at % DAY)] -= 1\n", "", "L12", "given_back"),
    Bug("a wave that has left is given back", REFERENCE_STOCK, "if self.now < o.wave_at and self.slot_day", "if o.wave_at >= 0 and self.slot_day", DIFFER, "given_back"),
    Bug("waves of the day before are not counted as forgotten", REFERENCE_STOCK, "            self.waves_lapsed += int(self.slots[node].sum())\n", "", "L12", "given_back", slow=True),
    Bug("what found no bin stays reserved", STORE, 'self.unstage(o, Status.CANCELLED, Outcome.FAILED_PICKUP, "reserved")',
        "self.cancel(o, Outcome.FAILED_PICKUP)", "L11", "given_back"),
    Bug("the wait for a bin ends by the order's age", STORE, "self.at(self.now + self.net.rules.bin_wait_s,",
        "self.at(max(self.now, o.placed_at + self.net.rules.bin_wait_s),", DIFFER, "given_back"),
    Bug("who waits for a bin no longer stands in its queue", PLACES, "        self.queue.remove(entry)\n", "", "L8", "given_back"),
    Bug("a shut node is still seen", REFERENCE_STOCK, '        if self.net.nodes["shut"][node]:\n            return 0\n', "", DIFFER, "given_back"),
    Bug("a pick that is put out keeps its claim", ACTS, '            cell["claimed"] -= o.claim\n            cell["record"] += o.claim\n', "", "L11", "given_back"),
    Bug("the record does not get a dropped claim back", ACTS, '            cell["record"] += o.claim\n', "", "L2", "given_back"),
    Bug("the promise of a pick that is put out stays", ACTS, "self.net.stock.promised[o.node, o.sku] -= o.claim\n        else:\n            self.shift(",
        "pass\n        else:\n            self.shift(", "L11", "given_back"),
    Bug("the wait of a pick that is put out is forgotten", STATIONS, "                self.waits += self.now - place.since\n                place.order", "                place.order",
        "L8", "given_back"),
    Bug("a shut store puts out who came last first", STATIONS, "            for place in queue:\n                self.waits", "            for place in reversed(queue):\n                self.waits",
        DIFFER, "given_back"),
    Bug("who comes to a shut store leaves the bin taken", STORE, "                self.unstage(o, Status.CANCELLED, Outcome.FAILED_PICKUP)\n",
        '                self.shift(o.node, o.sku, o.held, "staged", "available")\n                self.cancel(o, Outcome.FAILED_PICKUP)\n', "L8", "given_back"),
    Bug("who leaves the queue of the room takes the units along", STORE, "                self.put_back(o)\n                return False\n            self.hang_back(o)",
        "                self.leave(o)\n                return False\n            self.hang_back(o)", "L11", "given_back"),
    Bug("a collector tries on without a room", STORE, "                o.try_on = 0\n", "", DIFFER, "given_back"),
    # ---- the planner ----------------------------------------------------------------------------------------------
    Bug("the last quarter hour of a shift is forgotten", f"{PLANNING}shifts.py", "out[self.begin : self.end] = 1", "out[self.begin : self.end - 1] = 1",
        "test_the_need_is_covered_by_shifts_that_keep_the_rules", "planner", slow=True),
    Bug("breaks are paid", f"{PLANNING}shifts.py", "self.end - self.begin - (self.back - self.rest)", "self.end - self.begin",
        "test_the_need_is_covered_by_shifts_that_keep_the_rules", "planner"),
    Bug("nobody is on duty in the first quarter hour", f"{PLANNING}simulate.py", "((at >= opens) & (at < closes))", "((at > opens) & (at < closes))",
        "test_pickers_time_of_a_slot_is_a_promise_earlier", "planner"),
    Bug("one pickup slot too many", f"{PLANNING}slots.py", "np.arange(shop.opens, shop.closes, ", "np.arange(shop.opens, shop.closes + 1, ",
        "test_pickers_time_of_a_slot_is_a_promise_earlier", "planner"),
    Bug("a promise runs from the opening", f"{PLANNING}demand.py", ' - rows["t"][pick]\n    return', ' - rows["t"][pick] // DAY * DAY - shop.opens\n    return',
        "test_a_promise_runs_in_open_time_from_the_order", "planner"),
    Bug("orders come a quarter hour late", f"{KERNELS}planning_days.py", "(quarter + inside) * _QUARTER", "(quarter + 1 + inside) * _QUARTER",
        "test_orders_come_in_the_hours_of_past_ones", "planner"),
    # ---- clock and state ----------------------------------------------------------------------------------------
    Bug("window's end inclusive instead of exclusive", f"{FULFILMENT}kernel.py", "run.advance(self.tables, until)", "run.advance(self.tables, until + 1)", "windows", "windows"),
    Bug("snapshot forgets the journal", WORLD_STOCK, '        self.journal[...] = state["journal"]\n', "", "snapshot", "resumed"),
    Bug("snapshot forgets who is open", f"{FULFILMENT}kernel.py", '        self.net.nodes[...] = state["node"]\n', "", "snapshot", "resumed"),
)

#: caught in a whole run
RUN_BUGS = (
    Bug("a demand row sent to the past", f"{KERNELS}journeys_rows.py", "        return t + way\n", "        return t - way\n", "CausalityError", "whole"),
    Bug("a coarse event that comes again at once", PROCESSES, "        self.model.replenishment.receive_due(now)\n        return now + HOUR\n",
        "        self.model.replenishment.receive_due(now)\n        return now\n", "CausalityError", "whole", slow=True),
    Bug("demand rows lost on the way to the network", RETAIL, "            self.fulfilment.submit(rows)\n", "            self.fulfilment.submit(rows[1:])\n", "L7", "whole"),
    Bug("a planned visit counted twice", f"{KERNELS}journeys_decide.py", "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1\n",
        "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 2 if flow == _VISIT else 1\n", "L7", "whole", slow=True),
    Bug("the burn-in's sales stand in the result", RULES, "        measured_from=start,\n", "        measured_from=0,\n", "L6", "whole"),
    Bug("fees left out of the sales", PNL, '    sales = sum(lines.values())\n', '    sales = sum(lines.values()) - lines["fees"]\n', "L6", "whole", slow=True),
    Bug("units vanish while they are staged", SPACE, '["staged"] += r["held"]',
        '["staged"] += 0', "L2", "whole"),
    Bug("a parcel leaves and its reservation stays", PARCEL, 'c["reserved"] -= units', 'c["reserved"] -= 0', "L11", "whole", slow=True),
    Bug("time zone: doors open an hour late", PROCESSES, "        self.opens, self.closes = clock_seconds(stores.opens), clock_seconds(stores.closes)\n",
        "        self.opens, self.closes = clock_seconds(stores.opens) + HOUR, clock_seconds(stores.closes) + HOUR\n", "doors", "doors"),
    Bug("news reach shoppers at the window's end", RETAIL, "        self.fulfilment.advance(until)\n",
        "        self.fulfilment.advance(until)\n        self.journeys.apply(self.fulfilment.outcomes(), until)\n", "windows", "cut_run", slow=True),
    Bug("snapshot forgets the shoppers' awareness", JOURNEYS, '"touch_sums", "exposed", "day"):\n            getattr(self, name)[...] = state[name]',
        '"touch_sums", "exposed", "day"):\n            getattr(self, name)[...] = state[name] if name != "awareness" else self.awareness', "snapshot", "resumed_run", slow=True),
    Bug("reused draw: whether to go on by the draw of the fit", f"{KERNELS}journeys_rows.py", "    go_on = 1 if draw(levels, case, GO_ON, 0) <",
        "    go_on = 1 if draw(levels, case, FIT, sku - int(case[\"first\"])) <", "draw used twice", "draws", slow=True),
    Bug("two purposes share a number", f"{KERNELS}purposes.py", "\nGO_ON = 12\n", "\nGO_ON = 10\n", "draw used twice", "draws", slow=True),
    Bug("the staff's peak shift is ignored", PROCESSES, "(plan.peak_extra if busy else 0)\n", "0\n", "L9", "whole"),
    Bug("staff go on duty an hour after the doors open", PROCESSES, "            Kind.OPEN: self.opens,\n", "            Kind.OPEN: self.opens + HOUR,\n", "L9", "whole", slow=True),
    Bug("the stock feed is never published", PROCESSES, '        self.model.world.stock.publish(now, nodes["keep"], nodes["shut"])\n', "", "L2", "whole"),
    Bug("the feed comes half as often as the policy asks", PROCESSES, "        return now + int(self.model.world.policy.publish_s)\n",
        "        return now + 2 * int(self.model.world.policy.publish_s)\n", "L2", "whole", slow=True),
    Bug("the feed has a new stamp and old cells", WORLD_STOCK, "self.promised, kept, self.published)", "self.promised, kept, self.published.copy())", "L2", "whole", slow=True),
    Bug("every third need opens no mission", NEEDS, "                    n += 1\n", "                    n += 1 if number % 3 else 0\n", "L7", "whole"),
    Bug("a need is stepped over", NEEDS, "            _step(key0, key1, needs[row], shopper, category, rate, stages)\n",
        "            _step(key0, key1, needs[row], shopper, category, rate, stages)\n            if row % 5 == 0:\n                _step(key0, key1, needs[row], shopper, category, rate, stages)\n", "L7", "whole", slow=True),
    Bug("needs fall off the calendar", NEEDS, "    if day < due.size:\n", "    if day < due.size and row % 5 > 0:\n", "L7", "whole", slow=True),
    Bug("missions lost between their list and their decision", JOURNEYS, '        kept = missions[missions["t"] < self.scene.levels["stop_at"][0]]\n',
        '        kept = missions[missions["t"] < self.scene.levels["stop_at"][0]][1:]\n', "L7", "whole", slow=True),
    Bug("a week's media paid every day", WORLD, "        return Fraction(per_shopper) * self.settings.shoppers / 7\n",
        "        return Fraction(per_shopper) * self.settings.shoppers\n", "L6", "whole"),
    Bug("the burn-in's media stand in the result", PROCESSES, "        if self.model.window_start <= now < self.model.window_end:\n", "        if now < self.model.window_end:\n", "L6", "whole", slow=True),
    Bug("rent counted for every day of the run", RETAIL, "        if self.window_start < end <= self.window_end:\n            self.costs.add_day(self)\n",
        "        self.costs.add_day(self)\n        if self.window_start < end <= self.window_end:\n", "L6", "whole", slow=True),
    Bug("a profit line left out of the statement", PNL, '    "couriers",\n    "return_handling",\n    "labour"', '    "return_handling",\n    "labour"', "L6", "whole", slow=True),
    Bug("labour left out of the statement", PNL, '    "labour",\n    "rent",\n', '    "rent",\n', "L6", "whole", slow=True),
    Bug("an order counted under another channel", f"{KERNELS}journeys_decide.py", "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1\n",
        "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + 2] += 1\n", "L7", "whole", slow=True),
    Bug("rows handed to the network twice", RETAIL, "            self.fulfilment.submit(rows)\n",
        "            self.fulfilment.submit(rows)\n            self.fulfilment.submit(rows)\n", "L7", "whole"),
    Bug("purchases told twice", VISIT, 'b, t, code, b["revenue"] + b["fee"])\n',
        'b, t, code, b["revenue"] + b["fee"])\n    tell(net.told, q.g, b, t, code, b["revenue"] + b["fee"])\n', "shoppers against book", "recount", slow=True),
)
# fmt: on
