"""What an order does at one instant in the reference engine: hand-overs, visits, returns. Nothing here waits."""

from __future__ import annotations

from fractions import Fraction

from omosim.fulfilment.reference_parts import Order
from omosim.fulfilment.reference_sources import SourceActs
from omosim.schema.codes import Account, Action, Entry, Flow, Move, Outcome, Status
from omosim.schema.columns import (
    FLAG_ALTERED,
    FLAG_CLOSED,
    FLAG_EMPTY,
    FLAG_EMPTY_AGAIN,
    FLAG_EXCHANGED,
    FLAG_INSERT,
    FLAG_MOVED,
    FLAG_PHANTOM,
    FLAG_QUEUE_LEFT,
    FLAG_SITE_LOST,
    FLAG_SUBSTITUTED,
    FLAG_TOOK_PART,
    FLAG_UNSEEN,
)
from omosim.schema.network import (
    AT_BACK,
    AT_BETWEEN,
    AT_CUSTOMER,
    AT_NONE,
    AT_PROMISED,
    AT_RESERVED,
    AT_ROAD,
    AT_STAGED,
    AT_TRUCK,
    PLACE_BACK,
    PLACE_CUSTOMER,
    PLACE_ROAD,
    PLACE_TRUCK,
    SHELF,
    UNITS_OUT,
    UNITS_SHORT,
    UNITS_SUBSTITUTED,
    VISIT_ABANDONED,
    VISIT_BOUGHT,
    VISIT_IN,
    VISIT_LEFT,
    VISIT_MOVED,
)

FURTHER, EXCHANGE, BESIDE = 1, 2, 3  # what a row's key adds to that of the row it follows


class Acts(SourceActs):
    """Acts of orders; the engine adds the waits between them."""

    # ---- the site ---------------------------------------------------------------------------------------------
    def leave_site(self, o: Order) -> None:
        """Gone without an order."""
        self.to(o, Status.LEFT if o.flow == Flow.BROWSE else Status.CANCELLED)
        self.end_without_goods(o)

    def lose_session(self, o: Order, waited: int) -> None:
        """Turned away by a full site, or had enough of its queue page."""
        o.flags |= FLAG_SITE_LOST
        self.tell(o, Outcome.SITE_LOST, waited)
        self.leave_site(o)

    # ---- picking ----------------------------------------------------------------------------------------------
    def fill_claims(self, o: Order) -> int:
        """Look for the units that were only in the record; returns how many are not there."""
        if not o.claim:
            return 0
        cell = self.cell(o.node, o.sku)
        found = min(o.claim, int(cell["available"]))
        cell["available"] -= found
        cell["reserved"] += found
        missing = o.claim - found
        late = o.place == AT_PROMISED
        if late:
            cell["record"] -= found
            self.net.stock.promised[o.node, o.sku] -= o.claim
        else:
            cell["claimed"] -= o.claim
        o.held, o.claim, o.place = o.held + found, 0, AT_RESERVED
        if missing:
            truth = cell["available"] - cell["claimed"]
            off = int(cell["record"] - truth)
            if not late:
                off += missing  # the claim had been taken off the record
            if off > 0 or not late:
                o.flags |= FLAG_PHANTOM
            self.net.stock.journal[o.node, o.sku, Move.MISRECORDED] -= off
            cell["record"] = truth
        return missing

    def let_go(self, o: Order) -> int:
        """The pick was put out: units back on the shelf, claims and promises dropped; returns how many units are missing: all."""
        if o.place == AT_PROMISED:
            self.net.stock.promised[o.node, o.sku] -= o.claim
        else:
            self.shift(o.node, o.sku, o.held, "reserved", "available")
            cell = self.cell(o.node, o.sku)
            cell["claimed"] -= o.claim
            cell["record"] += o.claim
        o.held = o.claim = 0
        return o.units

    def source_elsewhere(self, o: Order) -> bool:
        """All units from another source; those in hand go back to the shelf."""
        for source in self.sources(o):
            if self.visible(source, o.sku) >= o.units:
                self.shift(o.node, o.sku, o.held, "reserved", "available")
                return self.reserve(o, source)
        return False

    def cut_short(self, o: Order, missing: int) -> None:
        """The rest goes out."""
        o.units_short = missing
        self.units[UNITS_SHORT] += missing

    # ---- parcels ----------------------------------------------------------------------------------------------
    def depart(self, o: Order) -> None:
        """The parcel leaves the node."""
        self.goes_out(o.node, o.sku, o.held, "reserved", Move.SHIPPED)
        self.places[o.sku, PLACE_ROAD] += o.held
        o.place = AT_ROAD
        by_courier = o.flow == Flow.SAME_DAY
        cost = self.net.rules.same_day_cost if by_courier else self.net.rules.parcel_cost
        self.pay_service(o, Account.COURIERS if by_courier else Account.PARCELS, cost)
        self.pay_service(o, Account.OUTSOURCED, int(self.net.nodes["order_fee"][o.node]))
        if not by_courier and self.service(o)["insert"]:
            o.flags |= FLAG_INSERT
            self.pay_service(o, Account.INSERTS, self.net.rules.insert_cost)

    def deliver(self, o: Order) -> None:
        """The parcel is handed over at the door."""
        self.places[o.sku, PLACE_ROAD] -= o.held
        self.to(o, Status.DELIVERED)
        self.hand_over(o)
        self.tell(o, Outcome.DELIVERED, o.revenue + o.fee)
        if 0 <= o.promised_at < self.now:
            self.tell(o, Outcome.LATE, self.now - o.promised_at)
        if o.flags & FLAG_INSERT:
            self.tell(o, Outcome.INSERT, 0)

    def hand_over(self, o: Order) -> None:
        """Goods change hands: revenue, fee, cost of goods; from now on the order holds the units that will come back."""
        o.units_out, o.done_at, o.place = o.held, self.now, AT_CUSTOMER
        short = o.units - o.held
        self.units[UNITS_SHORT] += short - o.units_short
        o.units_short = short
        self.units[UNITS_OUT] += o.held
        if o.flags & FLAG_SUBSTITUTED:
            self.units[UNITS_SUBSTITUTED] += o.held
        self.places[o.sku, PLACE_CUSTOMER] += o.held
        o.revenue = o.price * o.held
        o.fee = o.service_fee
        o.goods_cost = int(self.net.cost[o.sku]) * o.held
        self.post(o, Account.CASH, Account.REVENUE_WEB + o.channel, o.revenue)
        self.post(o, Account.CASH, Account.FEES, o.fee)
        self.post(o, Account.GOODS, Account.STOCK, o.goods_cost)
        if o.goes_back:
            o.held = o.units_going_back

    # ---- pickup -----------------------------------------------------------------------------------------------
    def move_out(self, o: Order) -> None:
        """The picked order leaves for the node where it is collected."""
        self.goes_out(o.node, o.sku, o.held, "reserved", Move.TRANSFER_OUT)
        self.places[o.sku, PLACE_TRUCK] += o.held
        o.place = AT_TRUCK
        o.flags |= FLAG_MOVED
        self.pay_service(o, Account.TRANSFERS, self.net.rules.to_store_cost)
        self.pay_service(o, Account.OUTSOURCED, int(self.net.nodes["order_fee"][o.node]))

    def move_in(self, o: Order) -> None:
        """It reaches that node."""
        self.places[o.sku, PLACE_TRUCK] -= o.held
        o.node, o.place = o.collect_at, AT_RESERVED
        cell = self.cell(o.node, o.sku)
        cell["on_hand"] += o.held
        cell["reserved"] += o.held
        self.net.stock.journal[o.node, o.sku, Move.TRANSFER_IN] += o.held

    def stage(self, o: Order) -> None:
        """The picked order stands on the pickup shelf and the customer is told."""
        self.to(o, Status.STAGED)
        o.ready_at = self.now
        self.shift(o.node, o.sku, o.held, "reserved", "staged")
        o.place = AT_STAGED
        if 0 <= o.promised_at < self.now:
            self.tell(o, Outcome.LATE, self.now - o.promised_at)

    def give_up(self, o: Order, waited: int) -> None:
        """The customer leaves a queue of the store."""
        o.wait_s += waited
        o.flags |= FLAG_QUEUE_LEFT
        self.tell(o, Outcome.QUEUE_LEFT, waited)

    def unstage(self, o: Order, status: Status, code: Outcome, source: str = "staged") -> None:
        """Never collected, or refused: back to the shelf at once, from a place without shelves on the way to the centre.

        The units come from `staged`, or from `reserved` if they never found a bin.
        """
        self.leave_space(o, SHELF)
        held = o.held
        shelf = not self.is_unmanned(o.node)
        if shelf:
            self.shift(o.node, o.sku, held, source, "available")
        else:
            self.goes_out(o.node, o.sku, held, source, Move.TRANSFER_OUT)
        self.to(o, status)
        self.end_without_goods(o)
        self.tell(o, code, 0)
        if not shelf:
            o.held, o.place = held, AT_TRUCK
            self.places[o.sku, PLACE_TRUCK] += held
            self.unresolved -= 1
            self.pay_service(o, Account.TRANSFERS, self.net.rules.to_store_cost)

    def back_in_centre(self, o: Order) -> None:
        """The truck with what nobody took is there."""
        self.places[o.sku, PLACE_TRUCK] -= o.held
        for column in ("on_hand", "available", "record"):
            self.cell(0, o.sku)[column] += o.held
        self.net.stock.journal[0, o.sku, Move.TRANSFER_IN] += o.held
        self.serve_sku(o.sku)

    def can_alter(self, o: Order) -> bool:
        """Whether a misfit that is seen at the hand-over is made to fit on the spot."""
        return bool(self.service(o)["alters"] and o.try_on and o.misfit and o.alter_s > 0)

    def collect(self, o: Order) -> bool:
        """Hand-over, after trying on where the service has it; False when refused."""
        takes_part = bool(self.service(o)["take_part"])
        if takes_part and o.unwanted >= o.held:
            self.unstage(o, Status.REFUSED, Outcome.REFUSED)
            return False
        source = "staged"
        if self.can_alter(o):
            o.misfit = 0
            o.flags |= FLAG_ALTERED
        elif o.try_on and o.misfit:
            alt = o.alt_sku
            if not o.go_on or alt < 0 or o.alt_misfit or self.cell(o.node, alt)["available"] < o.held:
                self.unstage(o, Status.REFUSED, Outcome.REFUSED)
                return False
            self.shift(o.node, o.sku, o.held, "staged", "available")
            source = "available"
            o.sku, o.alt_sku, o.misfit = alt, -1, 0
            o.flags |= FLAG_SUBSTITUTED
        if takes_part and o.unwanted > 0:
            self.leave_behind(o, source)
        self.leave_space(o, SHELF)
        self.goes_out(o.node, o.sku, o.held, source, Move.SOLD)
        self.to(o, Status.COLLECTED)
        self.hand_over(o)
        self.tell(o, Outcome.COLLECTED, o.revenue + o.fee)
        self.buy_on_the_way(o)
        return True

    def leave_behind(self, o: Order, source: str) -> None:
        """Take some units; the others go to the shelf, where those of an exchange still stand."""
        if source == "staged":
            self.shift(o.node, o.sku, o.unwanted, "staged", "available")
        o.held -= o.unwanted
        o.unwanted = 0
        o.flags |= FLAG_TOOK_PART

    def buy_on_the_way(self, o: Order, ordinal: int = FURTHER) -> None:
        """Extra units in the store are a purchase of their own, of the order's item or of another."""
        sku, price = (o.sku, o.price) if o.extra_sku < 0 else (o.extra_sku, o.extra_price)
        units = min(o.extra_units, int(self.cell(o.node, sku)["available"]))
        if units <= 0:
            return
        extra = self.follow_up(o, Entry.STORE, Flow.VISIT, sku, price, 0, ordinal)
        self.buy_at_once(extra, o.node, units)
        self.tell(extra, Outcome.EXTRA, extra.revenue)

    def exchange(self, o: Order) -> None:
        """Goods brought back because they do not fit are changed for the second item, if it fits and stands there."""
        alt, node = o.alt_sku, o.return_node
        if not (self.net.rules.exchanges and o.misfit and o.go_on and alt >= 0) or o.alt_misfit:
            return
        if self.cell(node, alt)["available"] < o.held:
            return
        o.flags |= FLAG_EXCHANGED
        instead = self.follow_up(o, o.channel, Flow.VISIT, alt, o.price, 0, EXCHANGE)
        self.buy_at_once(instead, node, o.held)
        self.tell(instead, Outcome.EXCHANGED, instead.revenue)

    def buy_at_once(self, o: Order, node: int, units: int) -> None:
        """A customer who stands at the counter already buys from the shelf."""
        o.units = o.held = units
        o.node = node
        o.arrived_at = o.served_at = self.now
        o.promised_at = -1
        self.open(o)
        for status in (Status.INSIDE, Status.AT_COUNTER, Status.BOUGHT):
            self.to(o, status)
        self.goes_out(node, o.sku, units, "available", Move.SOLD)
        self.hand_over(o)
        self.close(o)

    def follow_up(
        self, o: Order, channel: int, flow: int, sku: int, price: int, fee: int, ordinal: int = FURTHER
    ) -> Order:
        """A further row of the same need, placed now; its item is known to fit and all its units are kept."""
        names = ("shopper", "alt_sku", "units", "promise_s", "pick_s", "counter_s", "transit_s", "collect_lag_s",
                 "patience_s", "return_lag_s", "zone", "return_node", "offer", "category", "mind", "extra_sku", "extra_price")  # fmt: skip
        copied = {name: getattr(o, name) for name in names}
        fixed = dict.fromkeys(("alt_price", "alt_fee", "alt_promise_s", "extra_units", "unwanted", "fit_s", "alter_s",
                               "session_s", "second_travel_s", "misfit", "alt_misfit", "go_on", "try_on", "intent", "unseen",
                               "action1", "action2"), 0)  # fmt: skip
        return Order(**copied, **fixed, key=o.key + ordinal, t=self.now, unit_price=price, fee=fee, sku=sku,
                     node=-1, second_node=-1, channel=int(channel), flow=int(flow))  # fmt: skip

    # ---- visits -----------------------------------------------------------------------------------------------
    def buy_beside(self, o: Order) -> None:
        """A visit that ends inside a store may end with a further purchase there, whatever became of the errand."""
        if o.extra_sku >= 0:
            self.buy_on_the_way(o, BESIDE)

    def enter(self, o: Order) -> bool:
        """Through the door of `o.node`; False when it is closed and the visitor goes home."""
        o.place = AT_NONE
        if not self.net.nodes["open"][o.node]:
            self.to(o, Status.LEFT)
            self.end_without_goods(o)
            o.flags |= FLAG_CLOSED
            self.tell(o, Outcome.CLOSED, 0)
            return False
        if o.status == Status.DUE:
            self.to(o, Status.INSIDE)
        self.visits[o.node, VISIT_IN] += 1
        o.entries += 1
        return True

    def shelf_has(self, o: Order, sku: int) -> bool:
        """At least one unit stands on the shelf."""
        return sku >= 0 and bool(self.cell(o.node, sku)["available"] >= 1)

    def finds(self, o: Order) -> bool:
        """The wanted item stands on the shelf, and the visitor finds it; who did not once finds it in the next store."""
        there = self.shelf_has(o, o.sku)
        found = there and not o.unseen
        if there and not found:
            o.flags |= FLAG_UNSEEN
        if not found:
            o.unseen = 0
        return found

    def meet_empty_shelf(self, o: Order) -> None:
        """The wanted item is not there, or was not found."""
        o.flags |= FLAG_EMPTY_AGAIN if o.flags & FLAG_EMPTY else FLAG_EMPTY
        self.tell(o, Outcome.EMPTY_SHELF, 0)

    def way_out(self, o: Order) -> int:
        """The first action, in the row's order, that can be done now."""
        for action in (o.action1, o.action2):
            if action == Action.SUBSTITUTE and self.shelf_has(o, o.alt_sku):
                return Action.SUBSTITUTE
            if action == Action.OTHER_STORE and o.second_node >= 0:
                return Action.OTHER_STORE
            if action == Action.SHIP and self.seen_item(o) >= 0:
                return Action.SHIP
        return Action.NONE

    def substitute(self, o: Order) -> None:
        """The second item takes the first one's place."""
        o.sku, o.misfit, o.alt_sku = o.alt_sku, o.alt_misfit, -1
        o.flags |= FLAG_SUBSTITUTED

    def seen_item(self, o: Order) -> int:
        """The item to order after its fit was seen on a sample; -1 none."""
        if not o.misfit:
            return o.sku
        return o.alt_sku if o.go_on and not o.alt_misfit else -1

    def fits(self, o: Order) -> bool:
        """Whether the item in hand, or the second one after it, fits."""
        if not o.misfit:
            return True
        if o.go_on and not o.alt_misfit and self.shelf_has(o, o.alt_sku):
            self.substitute(o)
            return True
        self.tell(o, Outcome.REFUSED, 0)
        return False

    def order_here(self, o: Order, sku: int, channel: int) -> None:
        """Order from the store for shipping: a new row that reaches the network now."""
        order = self.follow_up(o, channel, Flow.SHIP, sku, o.alt_price, o.alt_fee)
        self.due += 1
        self.env.process(self.life(order, self.now))

    def move_on(self, o: Order) -> None:
        """Leave for the second store."""
        self.visits[o.node, VISIT_MOVED] += 1
        o.node, o.second_node, o.place = o.second_node, -1, AT_BETWEEN

    def wanted(self, o: Order) -> int:
        """Units that a visitor would keep."""
        return o.units - min(o.unwanted, o.units)

    def take(self, o: Order) -> None:
        """As many of the wanted units as stand there, to the room or the counter."""
        o.held = min(self.wanted(o), int(self.cell(o.node, o.sku)["available"]))
        self.shift(o.node, o.sku, o.held, "available", "reserved")
        o.place = AT_RESERVED

    def pay(self, o: Order) -> None:
        """Paid at the counter."""
        self.goes_out(o.node, o.sku, o.held, "reserved", Move.SOLD)
        self.visits[o.node, VISIT_BOUGHT] += 1
        self.to(o, Status.BOUGHT)
        self.hand_over(o)
        instead = bool(o.flags & FLAG_EMPTY and o.flags & FLAG_SUBSTITUTED)
        self.tell(o, Outcome.BOUGHT_OTHER if instead else Outcome.BOUGHT, o.revenue + o.fee)
        self.buy_beside(o)

    def hang_back(self, o: Order) -> None:
        """Out of the fitting room: the units stand on the shelf until it is decided."""
        self.shift(o.node, o.sku, o.held, "reserved", "available")
        o.held, o.place = 0, AT_NONE
        self.to(o, Status.INSIDE)

    def put_back(self, o: Order) -> None:
        """Left the queue: units back on the shelf."""
        self.shift(o.node, o.sku, o.held, "reserved", "available")
        self.visits[o.node, VISIT_ABANDONED] += 1
        self.to(o, Status.LEFT)
        self.end_without_goods(o)
        self.buy_beside(o)

    def leave(self, o: Order) -> None:
        """Goes home without goods."""
        self.visits[o.node, VISIT_LEFT] += 1
        self.to(o, Status.LEFT)
        self.end_without_goods(o)
        self.buy_beside(o)

    # ---- returns ----------------------------------------------------------------------------------------------
    def send_back(self, o: Order) -> None:
        """The customer parts with the goods."""
        self.places[o.sku, PLACE_CUSTOMER] -= o.held
        self.places[o.sku, PLACE_BACK] += o.held
        o.place = AT_BACK

    def post_back(self, o: Order) -> None:
        """A return parcel at the retailer's cost."""
        self.pay_service(o, Account.RETURN_HANDLING, self.net.rules.return_parcel_cost)

    def refund_order(self, o: Order) -> None:
        """The price back, the goods back into the books less their loss of value."""
        self.to(o, Status.RETURNED)
        o.returned_at, o.units_back, o.refund = self.now, o.held, o.price * o.held
        value = int(self.net.cost[o.sku]) * o.held
        loss = round(Fraction(value * self.resale_ppm[o.sku], 1_000_000))
        o.goods_cost += loss - value
        self.post(o, Account.REFUNDS, Account.CASH, o.refund)
        self.post(o, Account.STOCK, Account.GOODS, value)
        self.post(o, Account.RESALE_LOSS, Account.STOCK, loss)
        self.pay_service(o, Account.RETURN_HANDLING, self.net.rules.handling_cost * o.held)
        self.tell(o, Outcome.RETURNED, o.refund)
        self.unresolved -= 1

    def restock(self, o: Order, node: int) -> None:
        """The unit can be sold again."""
        cell = self.cell(node, o.sku)
        for column in ("on_hand", "available", "record"):
            cell[column] += o.held
        self.net.stock.journal[node, o.sku, Move.RETURNED] += o.held
        self.places[o.sku, PLACE_BACK] -= o.held
        if node == 0:
            self.serve_sku(o.sku)
