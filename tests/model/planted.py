"""Planted bugs: what is changed in which file, and the check that must name it."""

from __future__ import annotations

from dataclasses import dataclass

FULFILMENT = "omosim/fulfilment/"
KERNELS = "omosim/kernels/"
STOCK, VISIT, RUN, QUEUE = (f"{KERNELS}fulfilment_{name}.py" for name in ("stock", "visit", "run", "queue"))
REFERENCE, ACTS, PARTS = (f"{FULFILMENT}reference{name}.py" for name in ("", "_acts", "_parts"))
PNL, RETAIL = "omosim/model/pnl.py", "omosim/model/retail.py"
REFERENCE_STOCK = f"{FULFILMENT}reference_stock.py"
COARSE, CONTROL, RULES = (f"{FULFILMENT}{name}.py" for name in ("coarse", "replenishment", "rules"))


@dataclass(frozen=True)
class Bug:
    """One bug: `old` stands exactly once in `file`; `new` takes its place; `caught_by` must be among what complains.

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
    ought: str = ""  # the law that ought to see it; when it does, that is right too


DIFFER = "engines differ"

# fmt: off
BUGS = (
    # ---- stock --------------------------------------------------------------------------------------------------
    Bug("drop a unit when a receipt is booked", COARSE, "            cell[column] += units\n",
        "            cell[column] += units - 1\n", "L1"),
    Bug("ship without journal", RUN, 'M_SHIPPED] += units',
        'M_SHIPPED] += 0', "L1"),
    Bug("sell an extra unit without journal", VISIT, '    journal[node, sku, M_SOLD] += units',
        '    journal[node, sku, M_SOLD] += 0', "L1"),
    Bug("a return stands on the shelf but not on hand", ACTS, '        for column in ("on_hand", "available", "record"):\n            cell[column] += o.held',
        '        for column in ("available", "record"):\n            cell[column] += o.held', "L2"),
    Bug("swapped node at return", VISIT, '    node = r["return_node"]\n',
        '    node = q.book[r["book"]]["node"]\n', DIFFER),
    Bug("returned goods stay in the courier's bag", VISIT, '["back"] -= units',
        '["back"] -= 0', "L3"),
    Bug("a parcel is never taken off the road", ACTS, "        self.places[o.sku, PLACE_ROAD] -= o.held\n", "", "L3"),
    Bug("reservation not released on no-show", VISIT, 'O_EXPIRED, 0)\n    put_back(',
        'O_EXPIRED, 0)\n    (', "L11"),
    Bug("a hold that never expires", VISIT, 'max(t, last), E_EXPIRE',
        'max(t, last) + 365 * DAY, E_EXPIRE', DIFFER),
    Bug("the exchanged item goes back as the other one", VISIT, '        put_back(net.cell, r, b, True)\n        use_second(r, b)\n',
        '        use_second(r, b)\n        put_back(net.cell, r, b, True)\n', "L11", "exchanges"),
    Bug("a waiting order takes its stock twice", STOCK, '        if not reserve(cell, r, b, np.int64(0)):\n            return\n',
        '        if not reserve(cell, r, b, np.int64(0)):\n            return\n        reserve(cell, r, b, np.int64(0))\n', "L11"),
    Bug("a served backorder still counts as waiting", REFERENCE_STOCK, '            self.cell(0, sku)["backordered"] -= o.units\n', "", "L11"),
    Bug("record not lowered on a claim", STOCK, 'c["record"] -= units\n    c["available"] -= there',
        'c["record"] -= there\n    c["available"] -= there', DIFFER),
    Bug("a substitute is reserved as the first item", STOCK, 'use_second(r, b)\n                return True',
        'use_second(r, b)\n                b["sku"] = wanted\n                return True', "L11"),
    Bug("units lost at partial fulfilment", RUN, '[SHORT] += missing',
        '[SHORT] += 0', "L5"),
    Bug("double receipt of a transfer", CONTROL, "            self.stock.transit = rows[~due]\n", "", "L3", "controlled"),
    Bug("a transfer leaves the centre and is on no list", CONTROL, "        self.stock.transit = np.concatenate([self.stock.transit, rows])\n",
        "        self.stock.transit = np.concatenate([self.stock.transit, rows[1:]])\n", "L3", "controlled"),
    Bug("shrink takes units off the shelf but not off hand", f"{KERNELS}stock_cells.py", '            c["on_hand"] -= lost\n', "", "L2", "controlled"),
    Bug("goods are sent from an empty centre", COARSE, '        if np.any(units > cell["available"]):\n            raise ValueError("more units than are available in the centre")\n        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32)\n',
        '        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32) + 1\n', "L2", "controlled"),
    # ---- money --------------------------------------------------------------------------------------------------
    Bug("refund twice", REFERENCE, "        self.refund_order(o)\n", "        self.refund_order(o)\n        self.refund_order(o)\n", "L6"),
    Bug("refund forgotten in the ledger", VISIT, 'REFUNDS, CASH, r["price"] * units)',
        'REFUNDS, CASH, 0)', "L6"),
    Bug("wrong sign of the fee", STOCK, 'CASH, FEES, fee)',
        'FEES, CASH, fee)', "L6"),
    Bug("revenue posted to the wrong channel", STOCK, 'REVENUE + b["channel"]',
        'REVENUE', "L6"),
    Bug("goods cost not reversed at return", VISIT, 'STOCK, GOODS, value)',
        'STOCK, GOODS, 0)', "L6"),
    Bug("a posting with one side", REFERENCE_STOCK, "        row[debit] += amount\n        row[credit] -= amount\n", "        row[debit] += amount\n", "L6"),
    Bug("loss of value rounded down", VISIT, "    if rest > 1_000_000 or (rest == 1_000_000 and loss & 1 == 1):\n        loss += 1\n", "", DIFFER),
    # ---- states and times ---------------------------------------------------------------------------------------
    Bug("state moved along an undeclared edge", RUN, 'b, S_PACKED)',
        'b, S_STAGED)', "L4"),
    Bug("a cancelled order keeps its state", REFERENCE_STOCK, "        self.to(o, Status.CANCELLED)\n", "", "L4"),
    Bug("ready before it was picked", RUN, 'b["ready_at"] = t\n',
        'b["ready_at"] = b["placed_at"]\n', "L10"),
    Bug("off by one day at the carrier's cut-off", STOCK, 't + (g[R_CUTOFF] - t) % DAY',
        't + 1 + (g[R_CUTOFF] - t - 1) % DAY', DIFFER, "cutoffs"),
    Bug("an hour's shift of the opening", STOCK, '    opens, closes = n["opens_s"], n["closes_s"]\n',
        '    opens, closes = n["opens_s"] + 3600, n["closes_s"] + 3600\n', DIFFER),
    # ---- queues and staff ---------------------------------------------------------------------------------------
    Bug("shift change ignored", QUEUE, '    s["cap"] = cap\n', "", DIFFER),
    Bug("staff's work not counted", QUEUE, '    s["worked"] += work\n', "", "L9"),
    Bug("idle staff forgotten", PARTS, "        self.idle += max(self.cap - self.busy, 0) * dt\n", "", "L9"),
    Bug("queue length sum missed", QUEUE, '        s["area"] += s["queued"] * dt\n', "", "L8"),
    Bug("the wait of those who give up is forgotten", VISIT, '["waits"] += waited',
        '["waits"] += 0', "L8"),
    Bug("priority classes swapped in one engine", STOCK, 'row, 1 if b["flow"] == SHIP else 0, t)', 'row, 0 if b["flow"] == SHIP else 1, t)', DIFFER),
    Bug("last come first served in one engine", PARTS, "            self._begin(*queue.popleft())", "            self._begin(*queue.pop())", DIFFER),
    # ---- couriers and visits ------------------------------------------------------------------------------------
    Bug("courier slot limit ignored", STOCK, "            if net.slots[node, w] < capacity:\n", "            if net.slots[node, w] <= capacity:\n", "L12", "couriers"),
    Bug("a wave is booked that leaves before the shop opens", STOCK, 'packed = next_open(n, t) + r["pick_s"]', 'packed = t + r["pick_s"]', DIFFER, "couriers"),
    Bug("a refused courier keeps its promise", STOCK, "                if b[\"status\"] == S_DUE:\n                    promise_parcel(net, b)\n", "", DIFFER),
    Bug("a courier rides as long as a parcel travels", RUN, "        transit = ride(net.route, q.g, b)\n", "", DIFFER),
    Bug("what is bought on the way is not told", ACTS, "        self.tell(extra, Outcome.EXTRA, extra.revenue)\n", "", DIFFER),
    Bug("slot refused not counted", STOCK, '[G_REFUSED] += 1',
        '[G_REFUSED] += 0', "L12"),
    Bug("visit counted twice", VISIT, '["came"] += 1',
        '["came"] += 2', "L7"),
    Bug("who moves on to another store is forgotten", ACTS, "        self.visits[o.node, VISIT_MOVED] += 1\n", "", "L7"),
    # ---- clock and state ----------------------------------------------------------------------------------------
    Bug("window's end inclusive instead of exclusive", f"{FULFILMENT}kernel.py", "run.advance(self.tables, until)", "run.advance(self.tables, until + 1)", "windows", "windows"),
    Bug("snapshot forgets the journal", "omosim/world/stock.py", '        self.journal[...] = state["journal"]\n', "", "snapshot", "resumed"),
    Bug("snapshot forgets who is open", f"{FULFILMENT}kernel.py", '        self.net.nodes[...] = state["node"]\n', "", "snapshot", "resumed"),
)

#: caught in a whole run
RUN_BUGS = (
    Bug("a demand row sent to the past", f"{KERNELS}journeys_rows.py", "        return t + way\n", "        return t - way\n", "CausalityError", "whole"),
    Bug("a coarse event that comes again at once", "omosim/model/processes.py", "        self.model.replenishment.receive_due(now)\n        return now + HOUR\n",
        "        self.model.replenishment.receive_due(now)\n        return now\n", "CausalityError", "whole", slow=True),
    Bug("demand rows lost on the way to the network", RETAIL, "            self.fulfilment.submit(rows)\n", "            self.fulfilment.submit(rows[1:])\n", "L7", "whole"),
    Bug("a planned visit counted twice", f"{KERNELS}journeys_decide.py", "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1\n",
        "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 2 if flow == _VISIT else 1\n", "L7", "whole", slow=True),
    Bug("the burn-in's sales stand in the result", RULES, "        measured_from=start,\n", "        measured_from=0,\n", "L6", "whole"),
    Bug("fees left out of the sales", PNL, '    sales = sum(lines.values())\n', '    sales = sum(lines.values()) - lines["fees"]\n', "L6", "whole", slow=True),
    Bug("units vanish while they are staged", RUN, '["staged"] += r["held"]',
        '["staged"] += 0', "L2", "whole"),
    Bug("a parcel leaves and its reservation stays", RUN, 'c["reserved"] -= units', 'c["reserved"] -= 0', "L11", "whole", slow=True),
    Bug("time zone: doors open an hour late", "omosim/model/processes.py", "        self.opens, self.closes = clock_seconds(stores.opens), clock_seconds(stores.closes)\n",
        "        self.opens, self.closes = clock_seconds(stores.opens) + HOUR, clock_seconds(stores.closes) + HOUR\n", "doors", "doors"),
    Bug("news reach shoppers at the window's end", RETAIL, "        self.fulfilment.advance(until)\n",
        "        self.fulfilment.advance(until)\n        self.journeys.apply(self.fulfilment.outcomes(), until)\n", "windows", "cut_run", slow=True),
    Bug("snapshot forgets the shoppers' awareness", "omosim/journeys/journeys.py", '"touch_sums", "day"):\n            getattr(self, name)[...] = state[name]',
        '"touch_sums", "day"):\n            getattr(self, name)[...] = state[name] if name != "awareness" else self.awareness', "snapshot", "resumed_run", slow=True),
    Bug("reused draw: whether to go on by the draw of the fit", f"{KERNELS}journeys_rows.py", "    go_on = 1 if draw(levels, case, GO_ON, 0) <",
        "    go_on = 1 if draw(levels, case, FIT, sku) <", "draw used twice", "draws", slow=True),
    Bug("two purposes share a number", f"{KERNELS}purposes.py", "\nGO_ON = 12\n", "\nGO_ON = 10\n", "draw used twice", "draws", slow=True),
)

#: No law sees these yet: both sides of a law read the same line, or none reads it. A recount in the tests does.
UNSEEN_BY_LAWS = (
    Bug("a profit line left out of the statement", PNL, '    "couriers",\n    "return_handling",\n    "labour"', '    "return_handling",\n    "labour"',
        "statement", "recount", ought="L6"),
    Bug("labour left out of the statement", PNL, '    "labour",\n    "rent",\n', '    "rent",\n', "statement", "recount", slow=True, ought="L6"),
    Bug("rent counted for every day of the run", RETAIL, "        if self.window_start < end <= self.window_end:\n            self.costs.add_day(self)\n",
        "        self.costs.add_day(self)\n        if self.window_start < end <= self.window_end:\n", "statement", "recount", slow=True, ought="L6"),
    Bug("an order counted under another channel", f"{KERNELS}journeys_decide.py", "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + entry] += 1\n",
        "    tally[_VISITS if flow == _VISIT else _ORDERS_WEB + 2] += 1\n", "counters against book", "recount", slow=True, ought="L7"),
    Bug("purchases told twice", VISIT, 'b, t, O_BOUGHT, b["revenue"] + b["fee"])\n',
        'b, t, O_BOUGHT, b["revenue"] + b["fee"])\n    tell(net.told, q.g, b, t, O_BOUGHT, b["revenue"] + b["fee"])\n', "shoppers against book", "recount", slow=True, ought="L7"),
    Bug("wrong sign of the cost of shrink", COARSE, "        self._post(Account.WRITE_OFF, Account.STOCK, int(lost), now)\n",
        "        self._post(Account.STOCK, Account.WRITE_OFF, int(lost), now)\n", "ledger against journal", "controlled", ought="L6"),
    Bug("goods received and not owed for", COARSE, "        self._post(Account.STOCK, Account.PAYABLE, int(cost.sum()), now)\n", "",
        "ledger against journal", "controlled", ought="L6"),
    Bug("the record does not hear of a receipt", COARSE, '        for column in ("on_hand", "available", "record"):\n            cell[column] += units\n',
        '        for column in ("on_hand", "available"):\n            cell[column] += units\n', "record", "record"),
    Bug("a count changes nothing", COARSE, '        cells["record"][nodes, skus] = truth\n', "", "record", "record"),
    Bug("goods received in a lot are not in the record", COARSE, '("available", units), ("record", units), ', '("available", units), ', "record", "controlled"),
    Bug("the centre's record does not hear of a transfer", COARSE,
        '        for column in ("on_hand", "available", "record"):\n            cell[column] -= units.astype(np.int32)\n',
        '        for column in ("on_hand", "available"):\n            cell[column] -= units.astype(np.int32)\n', "record", "controlled"),
    Bug("rows handed to the network twice", RETAIL, "            self.fulfilment.submit(rows)\n",
        "            self.fulfilment.submit(rows)\n            self.fulfilment.submit(rows)\n", "counters against book", "recount", ought="L7"),
)
# fmt: on
