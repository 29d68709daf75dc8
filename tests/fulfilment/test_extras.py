"""Further purchases worked out by hand: an item of its own, at the end of a pickup or of a visit, whatever became of that."""

from __future__ import annotations

import pytest
from shop import HERE, NOBODY, THERE, Shop, both

from omosim.schema.codes import Action, Entry, Flow, Outcome, Status
from omosim.schema.columns import DAY, FLAG_EMPTY, FLAG_LOOKED

OWN, OTHER = 0, 1  # items
VISIT = {"flow": Flow.VISIT, "channel": Entry.STORE, "counter_s": 50, "offer": 4, "category": 1}
BESIDE = {"extra_units": 2, "extra_sku": OTHER, "extra_price": 30}


def extra_of(book, number, ordinal=3):
    """Book rows of an order's further purchase."""
    return book[book["key"] == 256 * number + ordinal]


@both
def test_a_visitor_who_paid_buys_what_stands_there(make):
    shop = Shop(make, [[0, 0], [5, 3], [0, 0]])
    shop.order({"t": 100, "units": 2} | VISIT | BESIDE, {"t": 200} | VISIT | BESIDE)
    book = shop.at(1000)
    assert list(book["key"]) == [256, 259, 512, 515]
    first, second = extra_of(book, 1)[0], extra_of(book, 2)[0]
    # three units of the other item stand there: two for the first, one for the second
    assert [first[c] for c in ("units", "units_out", "revenue", "done_at", "sku")] == [2, 2, 60, 150, OTHER]
    assert [second[c] for c in ("units", "units_out", "revenue", "done_at", "sku")] == [1, 1, 30, 250, OTHER]
    for row in (first, second):
        assert [row[c] for c in ("status", "channel", "flow", "offer", "category")] == [Status.BOUGHT, Entry.STORE, Flow.VISIT, 4, 1]
        assert [row[c] for c in ("entries", "wait_s", "node", "fee")] == [0, 0, HERE, 0]
    assert shop.told == [(150, 1, Outcome.BOUGHT, 200), (150, 1, Outcome.EXTRA, 60), (250, 2, Outcome.BOUGHT, 100), (250, 2, Outcome.EXTRA, 30)]
    assert (shop.cell("on_hand"), shop.cell("on_hand", sku=OTHER), shop.cell("record", sku=OTHER)) == (2, 0, 0)
    assert list(shop.engine.books().visits[HERE]) == [2, 2, 0, 0, 0]


@both
def test_who_leaves_without_goods_buys_too(make):
    shop = Shop(make, [[0, 0], [1, 9], [0, 0]])
    shop.order(
        {"t": 0, "counter_s": 1000} | {k: v for k, v in VISIT.items() if k != "counter_s"},
        {"t": 10} | VISIT | BESIDE,  # the shelf is empty
        {"t": 20, "intent": 2} | VISIT | BESIDE,
        {"t": 30, "sku": OTHER, "patience_s": 100, "units": 6} | VISIT | BESIDE,  # buys units it had in hand
        {"t": 40, "sku": OTHER, "misfit": 1} | VISIT | BESIDE,  # all that is left is in hands
    )
    book = shop.at(2000)
    own = book[book["key"] % 256 == 0]
    assert list(own["status"]) == [Status.BOUGHT] + 4 * [Status.LEFT]
    assert own["flags"][1] == FLAG_EMPTY and own["flags"][2] == FLAG_LOOKED
    assert [(int(b["done_at"]), int(b["units_out"])) for n in (2, 3, 4, 5) for b in extra_of(book, n)] == [(10, 2), (20, 2), (130, 2)]
    assert [told for told in shop.told if told[1] == 4] == [(130, 4, Outcome.QUEUE_LEFT, 100), (130, 4, Outcome.EXTRA, 60)]
    assert shop.cell("on_hand", sku=OTHER) == 3
    assert list(shop.engine.books().visits[HERE]) == [5, 1, 3, 1, 0]


@both
@pytest.mark.parametrize("opened", [0, 1])
def test_nothing_is_bought_at_a_closed_door_or_on_the_way_to_another_store(make, opened):
    shop = Shop(make, [[0, 0], [0, 5], [1, 5]], nodes={"open": (0, 1, opened)})
    move = {"action1": Action.OTHER_STORE, "second_node": THERE, "second_travel_s": 600}
    shop.order({"t": 0} | move | VISIT | BESIDE)
    assert not len(extra_of(shop.at(599), 1)) and shop.cell("available", sku=OTHER) == 5
    extra = extra_of(shop.at(1000), 1)
    assert [(int(b["node"]), int(b["done_at"])) for b in extra] == ([(THERE, 650)] if opened else [])
    assert shop.cell("on_hand", THERE, OTHER) == (3 if opened else 5)


@both
def test_an_order_from_the_shelf_and_a_further_purchase_are_two(make):
    shop = Shop(make, [[4, 0], [0, 4], [0, 0]], nodes={"ships": (1, 0, 0)})
    shop.order({"t": 0, "action1": Action.SHIP, "alt_price": 80, "transit_s": 500} | VISIT | BESIDE)
    book = shop.at(2 * DAY)
    assert [int(k) - 256 for k in book["key"]] == [0, 1, 3]
    assert list(book["status"]) == [Status.LEFT, Status.DELIVERED, Status.BOUGHT]
    assert list(book["revenue"]) == [0, 80, 60] and list(book["node"]) == [HERE, NOBODY, HERE]


@both
def test_a_pickup_brings_more_of_its_own_item_or_another(make):
    shop = Shop(make, [[0, 0], [9, 9], [0, 0]])
    pickup = {"t": 0, "pick_s": 10, "collect_lag_s": 100, "extra_units": 2}
    shop.order(pickup, pickup | BESIDE, pickup | {"collect_lag_s": -1} | BESIDE)
    book = shop.at(1000)
    assert [int(k) for k in book["key"]] == [256, 257, 512, 513, 768], "who never comes buys nothing"
    assert [(int(b["sku"]), int(b["revenue"])) for b in book[[1, 3]]] == [(OWN, 200), (OTHER, 60)]
    assert list(book["entries"]) == [1, 0, 1, 0, 0]


@both
def test_without_an_item_of_its_own_a_visit_brings_nothing_further(make):
    shop = Shop(make, [[0, 0], [9, 9], [0, 0]])
    shop.order({"t": 0, "extra_units": 3} | VISIT)
    assert list(shop.at(1000)["units_out"]) == [1] and shop.cell("on_hand") == 8
