"""Small integer codes used in columns. Numbers are append-only: files keep them."""

from enum import IntEnum


class Entry(IntEnum):
    """Where a shopper enters a mission; also the nest of the choice and the channel of an order."""

    WEB = 0
    STORE = 1
    SOCIAL = 2
    LIVE = 3
    NONE = 4


class Flow(IntEnum):
    """What the network must do for a row."""

    SHIP = 0  # parcel from a node to the home
    SAME_DAY = 1  # courier from a store, capacity per wave
    PICKUP = 2  # reserved, picked, staged; the customer collects
    VISIT = 3  # a customer walks to a shelf
    BROWSE = 4  # a session on the site that ends without an order


class NodeKind(IntEnum):
    """What a node of the network is."""

    DC = 0
    STORE = 1
    DARK = 2  # a store that nobody enters: it picks, ships and sends couriers
    POINT = 3  # a partner's counter: orders are sent there and handed over without a queue of ours
    LOCKER = 4  # boxes that customers open themselves
    OUTSOURCED = 5  # somebody else's warehouse, paid by the order


class Status(IntEnum):
    """State of a fulfilment row; the graph is in `TRANSITIONS`."""

    DUE = 0  # known, not yet arrived at the network
    BACKORDERED = 1  # no stock anywhere allowed; waits for a receipt
    TO_PICK = 2  # stock allocated, waits for or is in picking
    PACKED = 3  # picked; waits for carrier or courier, or travels
    STAGED = 4  # picked and on the pickup shelf
    AT_COUNTER = 5  # the customer is in the counter queue or being served
    INSIDE = 6  # a visitor at the shelf
    DELIVERED = 7  # parcel handed over at home
    COLLECTED = 8  # handed over at the counter
    BOUGHT = 9  # visitor paid and left with goods
    LEFT = 10  # visitor left without goods
    CANCELLED = 11  # no unit could be served
    EXPIRED = 12  # never collected; restocked
    REFUSED = 13  # not taken at the counter after trying on; back on the shelf at once
    RETURN_OPEN = 14  # on its way back or waiting at the returns desk
    RETURNED = 15  # back, refunded
    ON_SITE = 16  # in a session on the site, or on its queue page
    IN_ROOM = 17  # waiting for a fitting room, or in it


#: Declared state graph (law L4). A row may move only along these edges.
TRANSITIONS: dict[Status, tuple[Status, ...]] = {
    Status.DUE: (Status.BACKORDERED, Status.TO_PICK, Status.CANCELLED, Status.INSIDE, Status.LEFT, Status.ON_SITE),
    Status.ON_SITE: (Status.BACKORDERED, Status.TO_PICK, Status.CANCELLED, Status.LEFT),
    Status.BACKORDERED: (Status.TO_PICK, Status.CANCELLED),
    Status.TO_PICK: (Status.PACKED, Status.STAGED, Status.CANCELLED, Status.TO_PICK, Status.BACKORDERED),
    Status.PACKED: (Status.DELIVERED, Status.STAGED, Status.CANCELLED),
    Status.STAGED: (Status.AT_COUNTER, Status.EXPIRED, Status.IN_ROOM, Status.COLLECTED, Status.REFUSED, Status.CANCELLED),
    Status.IN_ROOM: (Status.AT_COUNTER, Status.INSIDE, Status.LEFT),
    Status.AT_COUNTER: (Status.COLLECTED, Status.REFUSED, Status.BOUGHT, Status.LEFT, Status.STAGED),
    Status.INSIDE: (Status.AT_COUNTER, Status.LEFT, Status.IN_ROOM),
    Status.DELIVERED: (Status.RETURN_OPEN,),
    Status.COLLECTED: (Status.RETURN_OPEN,),
    Status.BOUGHT: (Status.RETURN_OPEN,),
    Status.RETURN_OPEN: (Status.RETURNED,),
}


class Action(IntEnum):
    """What a row does when its first wish fails; ranked when the decision is made."""

    NONE = 0  # go home, give up
    SHIP = 1  # have it shipped (endless aisle at a shelf, fallback for a pickup)
    OTHER_STORE = 2  # travel on to the named store
    SUBSTITUTE = 3  # take the second item


class Outcome(IntEnum):
    """What a shopper learns from the network, delivered to the shopper's state at the next full hour."""

    BOUGHT = 0
    EMPTY_SHELF = 1
    CLOSED = 2
    QUEUE_LEFT = 3
    CANCELLED = 4
    DELIVERED = 5
    LATE = 6
    COLLECTED = 7
    FAILED_PICKUP = 8
    REFUSED = 9
    RETURNED = 10
    EXPIRED = 11
    EXTRA = 12  # a further purchase in the store, at a pickup or a visit
    BOUGHT_OTHER = 13  # a visitor bought another item than the one that the shelf lacked
    SITE_LOST = 14  # turned away by a full site, or left its queue page
    EXCHANGED = 15  # goods brought back were changed for the second item on the spot
    INSERT = 16  # the parcel had a leaflet in it


class Count(IntEnum):
    """Columns of the daily counters, `counts[day, code]`."""

    NEEDS = 0  # came due before the end of demand
    MISSIONS = 1
    WEB_SESSIONS = 2
    SOCIAL_SESSIONS = 3
    LIVE_SESSIONS = 4
    VISITS_PLANNED = 5
    ORDERS_WEB = 6
    ORDERS_STORE = 7
    ORDERS_SOCIAL = 8
    ORDERS_LIVE = 9
    BAD_SIGN = 10
    OUTSIDE = 11
    NOT_CONSIDERED = 12
    TOUCHES = 13
    TOUCHES_OBSERVED = 14
    TOUCH_MISSIONS = 15
    DROPPED_OUT = 16
    ACQUIRED = 17
    STOCK_CHECKS = 18
    EXTRA_PURCHASES = 19
    PRICE_GAPS_SEEN = 20
    PURCHASES = 21  # orders and visits decided, TOUCHES counts the touches of these missions
    SURPLUS = 22  # minor: chosen plan over the outside option, true values, decided missions
    NEEDS_SERVED = 23  # of NEEDS: an earlier touch had served it
    NEEDS_DROPPED = 24  # of NEEDS: one too many of a shopper and category on one day
    NEEDS_LATE = 25  # came due after the end of demand
    OPTED_OUT = 26  # of messages, for good
    TOLD = 27  # neighbours who heard of an experience
    HEARD_FIRST = 28  # of TOLD: did not know us before
    FITTINGS = 36  # appointments for a fitting that were booked
    FITTING_NO_SHOWS = 37  # of FITTINGS: nobody came
    ADVISED = 38  # visits decided in which staff would advise on a next item
    SERVICE_FAILED = 39  # hand-overs in stores that went wrong


N_COUNTS = max(Count) + 1


class Move(IntEnum):
    """Journal of a cell, `moves[code, node, sku]`: stock movements (law L1), and errors of the record (law L2)."""

    OPENING = 0
    RECEIVED = 1  # from suppliers
    TRANSFER_IN = 2
    TRANSFER_OUT = 3
    SOLD = 4  # left with a customer from this node (visit, pickup)
    SHIPPED = 5  # left by carrier or courier
    RETURNED = 6  # back from customers
    WRITTEN_OFF = 7  # lost and not seen: the record stays
    MISRECORDED = 8  # no movement: units by which the record was too high at the start, less those put right since


N_MOVES = len(Move)


class Event(IntEnum):
    """What may happen to a fulfilment row; the number is its rank among events at one instant."""

    RESTOCK = 0  # a returned unit can be sold again
    PICK_END = 1
    COUNTER_END = 2
    DEPART = 3  # carrier's cut-off or booked courier wave
    BOARD = 4  # a parcel that missed its wave tries the next
    DELIVER = 5
    EXPIRE = 6  # shelf time of a pickup is over
    RETURN_BEGIN = 7  # the customer sends or brings it back
    RETURN_ARRIVE = 8  # a return by post reaches the centre
    COLLECT = 9  # the customer comes for a pickup
    SECOND_STORE = 10  # a visitor reaches the second store
    ARRIVE = 11  # the row reaches the network
    QUEUE_LEAVE = 12  # patience in a queue is over
    ROOM_END = 13  # trying on is over
    RELEASE = 14  # a wave of picking begins
    SITE_END = 15  # a session on the site is over


class Account(IntEnum):
    """Accounts of the network's double-entry ledger, `ledger[measured, account]`: debit +, credit -."""

    CASH = 0
    REVENUE_WEB = 1  # revenue accounts stand in the order of Entry
    REVENUE_STORE = 2
    REVENUE_SOCIAL = 3
    REVENUE_LIVE = 4
    FEES = 5
    REFUNDS = 6
    STOCK = 7  # goods at cost
    GOODS = 8  # cost of goods sold
    RESALE_LOSS = 9
    PARCELS = 10
    COURIERS = 11
    RETURN_HANDLING = 12
    WRITE_OFF = 13
    PAYABLE = 14  # owed to suppliers
    OUTSOURCED = 15  # fees of outsourced nodes
    INSERTS = 16  # leaflets in parcels
    TRANSFERS = 17  # orders on their way from one node to another to be collected there


N_ACCOUNTS = len(Account)
