"""What a firm sees of the true log: rows by hand, a subset of the truth, all of it at the limit, less with each loss."""

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.journeys.log import SEEN, identity_lost, observe, observed_columns, paid_at, paths, persons, true_columns
from omosim.model.run import run
from omosim.schema.columns import DAY, order_key
from omosim.schema.settings import Identity
from omosim.schema.shopper import CONSENT, ID_CARD, ID_COOKIE, ID_LOGIN, ID_NONE, LOYALTY, SHOPPER, TOUCH
from omosim.world.synthesis import synthesise
from tests.journeys.small import settings

ROW = {
    "title": "x", "entry": "web", "stage": "awareness", "reach": 0.5, "accuracy": 0.0, "pays": False, "identity": "cookie",
    "awareness_rho": 0.0, "cost_per_contact": 0.0, "contacts_per_week": 1.0,
}  # fmt: skip
POINTS = {
    "ads": {}, "site": {"stage": "purchase", "pays": True, "identity": "login"},
    "shop": {"entry": "store", "stage": "purchase", "pays": True, "identity": "card"},
    "market": {"entry": "social", "stage": "purchase", "pays": True, "identity": "login"},
    "mail": {"entry": "none", "stage": "after_sales", "identity": "login"}, "tv": {"entry": "store", "identity": "none"},
    "feed": {"entry": "social"},
}  # fmt: skip
ADS, SITE, SHOP, MARKET, MAIL, TV, FEED = range(7)
NOBODY_SIGNED_IN = {"consent": 1.0, "login": 0.0, "loyalty": 1.0}


@pytest.fixture(scope="module")
def world():
    plain = settings(shoppers=10).model_dump()
    plain["touchpoints"] = {"rows": {name: {**ROW, **row} for name, row in POINTS.items()}}
    for segment in plain["market"]["segments"].values():
        segment["mobile_share"] = 1.0  # one device each
    s = settings().model_validate(plain)
    return synthesise(s, 7, 0)


def log(*rows):
    """TOUCH rows of (t, shopper, touchpoint, identity, need, bought, file); visits are sensed where there is a file."""
    out = np.zeros(len(rows), TOUCH)
    for line, (t, shopper, point, identity, need, bought, file) in zip(out, rows, strict=True):
        line["t"], line["key"], line["shopper"], line["touchpoint"] = t, order_key(shopper, 0, need, 0), shopper, point
        line["identity"], line["bought"], line["file"] = identity, bought, file
        line["sensed"] = identity == ID_CARD and file != 0
    return out[np.lexsort((out["key"], out["t"]))]


def people(loyal=True):
    out = np.zeros(10, SHOPPER)
    out["flags"] = CONSENT | (LOYALTY if loyal else 0)
    return out


def seen(world, touches, orders=(), loyal=True, **who):
    return observe(touches, people(loyal), world, Identity(**{**NOBODY_SIGNED_IN, **who}), np.array(sorted(orders), np.int64))


def test_what_leaves_no_identity_is_not_seen(world):
    touches = log((10, 1, ADS, ID_NONE, 1, 0, 0), (20, 1, TV, ID_NONE, 1, 0, 0), (30, 1, ADS, ID_COOKIE, 1, 0, 0))
    found = seen(world, touches)
    assert found.row.tolist() == [2] and found.profile.tolist() == [0] and found.linked_at.tolist() == [-1]
    assert len(seen(world, touches[:2]).row) == 0 and paths(observed_columns(seen(world, touches[:0]), touches[:0], world), {"order_id": [], "revenue": []}) == []


def test_a_cookie_that_changed_is_a_new_profile(world):
    touches = log(*((day * DAY + 5, 1, ADS, ID_COOKIE, 1, 0, 0) for day in range(40)))
    assert len(np.unique(seen(world, touches).profile)) == 1
    for days in (10.0, 4.0):
        number = seen(world, touches, cookie_days=days).profile
        changes = np.flatnonzero(np.diff(number))
        assert (np.diff(number) >= 0).all() and len(changes) == 40 / days and (np.diff(changes) == days).all()


def test_a_login_links_the_cookie_of_its_device_at_once_where_it_was_left_and_no_more_without_a_file(world):
    touches = log(
        (10, 1, ADS, ID_COOKIE, 1, 0, 0), (50, 1, SITE, ID_LOGIN, 1, 0, 0), (60, 1, SHOP, ID_CARD, 2, 1, 0),
        (70, 1, MARKET, ID_LOGIN, 3, 0, 0), (75, 1, FEED, ID_COOKIE, 3, 0, 0), (80, 1, MAIL, ID_LOGIN, 3, 0, 0), (90, 2, ADS, ID_COOKIE, 1, 0, 0),
    )  # fmt: skip
    found = seen(world, touches, [order_key(1, 0, 2, 0)])
    assert found.profile.tolist() == [0, 1, 2, 3, 4, 1, 5]  # a message goes to the account of the web
    assert found.linked_to.tolist() == [1, -1, -1, -1, 3, -1, -1] and found.linked_at.tolist() == [50, -1, -1, -1, 70, -1, -1]
    who = persons(found.profile, found.linked_to, found.linked_at)
    assert who.tolist() == [0, 0, 2, 3, 3, 0, 5]
    assert persons(found.profile, found.linked_to, found.linked_at, as_of=49).tolist() == [0, 1, 2, 3, 4, 1, 5]
    assert [SEEN[k] for k in found.identity] == ["cookie", "login", "card", "login", "cookie", "login", "cookie"]


@pytest.mark.parametrize(("file", "known"), [(-1, 3 * DAY + 60), (1, 4 * DAY), (7, 7 * DAY)])
def test_one_file_links_card_and_logins_at_once_or_with_its_next_batch(world, file, known):
    touches = log(
        (10, 1, ADS, ID_COOKIE, 1, 0, file), (DAY + 50, 1, SITE, ID_LOGIN, 1, 0, file), (3 * DAY + 60, 1, SHOP, ID_CARD, 2, 1, file),
        (3 * DAY + 70, 2, SHOP, ID_CARD, 1, 1, file),
    )  # fmt: skip
    orders = [order_key(1, 0, 2, 0), order_key(2, 0, 1, 0)]
    found = seen(world, touches, orders)
    assert found.linked_at.tolist() == [DAY + 50, known, known, -1] and [SEEN[k] for k in found.identity[[2, 3]]] == ["card", "card"]
    assert persons(found.profile, found.linked_to, found.linked_at).tolist() == [0, 0, 0, 3]
    before = persons(found.profile, found.linked_to, found.linked_at, as_of=known - 1)
    assert before.tolist() == [0, 0, 2, 3]
    for loose in (seen(world, touches, orders, loyal=False), seen(world, touches)):  # who shows no card was sensed: none in hand, nothing bought
        assert [SEEN[k] for k in loose.identity[[2, 3]]] == ["sensed", "sensed"] and loose.linked_at.tolist() == found.linked_at.tolist()


def test_who_stays_signed_in_is_linked_from_the_first_touch_of_a_cookie(world):
    touches = log((10, 1, ADS, ID_COOKIE, 1, 0, -1), (20, 1, SHOP, ID_CARD, 2, 1, -1))
    found = seen(world, touches, login=1.0)
    assert persons(found.profile, found.linked_to, found.linked_at).tolist() == [0, 0] and found.linked_at.tolist() == [10, 20]
    apart = seen(world, touches)
    assert persons(apart.profile, apart.linked_to, apart.linked_at).tolist() == [0, 1]


def test_profiles_do_not_tell_who_it_is(world):
    rows = [(10, 1, ADS, ID_COOKIE, 1, 0, -1), (20, 2, SHOP, ID_CARD, 2, 1, -1), (30, 1, SITE, ID_LOGIN, 2, 1, -1)]
    others = [(t, 9 - shopper, *rest) for t, shopper, *rest in rows]
    one, two = (observed_columns(seen(world, log(*r)), log(*r), world) for r in (rows, others))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert set(one) == {"t", "profile", "channel", "touchpoint", "identity", "linked_to", "linked_at", "order_id"}


def test_an_order_stands_at_the_last_touch_of_its_mission_where_one_can_pay(world):
    first, second = order_key(1, 0, 1, 0), order_key(1, 0, 2, 0)
    touches = log(
        (10, 1, ADS, ID_COOKIE, 1, 1, 0), (20, 1, SITE, ID_LOGIN, 1, 1, 0),  # an order
        (30, 1, SHOP, ID_CARD, 2, 1, 0),  # a visit from which a follow-up came
        (40, 1, SHOP, ID_CARD, 3, 1, 0),  # a visit without a purchase: no card is shown
        (50, 1, SITE, ID_LOGIN, 4, 0, 0), (60, 2, SITE, ID_NONE, 1, 1, 0), (70, 3, ADS, ID_COOKIE, 1, 1, 0),
    )  # fmt: skip
    orders = np.array(sorted([first, second + 1, order_key(2, 0, 1, 0), order_key(3, 0, 1, 0)]))
    paid = paid_at(touches, world.touch_pays, orders)
    assert paid.tolist() == [-1, first, second + 1, -1, -1, order_key(2, 0, 1, 0), -1]
    found = seen(world, touches, orders.tolist())
    assert found.row.tolist() == [0, 1, 2, 4, 6] and found.order_id.tolist() == [-1, first, second + 1, -1, -1]  # that of shopper 2 is matched to no profile


def test_paths_by_hand():
    observed = {
        "t": [1, 2, 3, 4, 5, 6, 7], "profile": [0, 1, 0, 2, 1, 0, 3], "linked_to": [1, -1, 1, -1, -1, 1, -1],
        "linked_at": [6.0, np.nan, 6.0, np.nan, np.nan, 6.0, np.nan], "order_id": [-1, -1, 11, -1, 12, -1, 13],
        "touchpoint": list("abcdefg"), "channel": ["web"] * 7,
    }  # fmt: skip
    orders = {"order_id": [11, 12, 13, 14], "revenue": [100, 200, 300, 400]}

    def short(found):
        return [(p.person, p.order_id, p.revenue, "".join(p.touchpoint)) for p in found]

    assert short(paths(observed, orders)) == [
        (0, 11, 100, "abc"), (0, 12, 200, "e"), (0, -1, 0, "f"), (2, -1, 0, "d"), (3, 13, 300, "g"), (-1, 14, 400, ""),
    ]  # fmt: skip
    assert short(paths(observed, orders, as_of=5)) == [
        (0, 11, 100, "ac"), (0, -1, 0, "f"), (1, 12, 200, "be"), (2, -1, 0, "d"), (3, 13, 300, "g"), (-1, 14, 400, ""),
    ]  # fmt: skip
    few = {"order_id": [12], "revenue": [200]}  # orders that do not count close nothing
    assert short(paths(observed, few))[:2] == [(0, 12, 200, "abce"), (0, -1, 0, "f")]


# ---- runs -------------------------------------------------------------------------------------------------------------
SMALL = ["strategy=o2o", "shoppers=2500", "days=10", "burn_in_days=4", "seed=5", "output.touches=true"]


def made(*words):
    return run(compose("run", [*SMALL, *words]).settings)


@pytest.fixture(scope="module")
def plain():
    return made()


def truth(done):
    model = done.model
    return model.journeys.touches, model.journeys.shoppers, model.world


def lost(done, **who):
    touches, shoppers, world = truth(done)
    identity = done.settings.market.identity.model_copy(update=who)
    found = observe(touches, shoppers, world, identity, done.order_keys)
    gone, of = identity_lost(found, touches, world, done.order_keys)
    assert of > 1000
    return gone / of


def test_each_observed_row_is_a_true_row(plain):
    touches, shoppers, world = truth(plain)
    found, columns = plain.seen, plain.observed()
    assert len(np.unique(found.row)) == len(found.row) <= int((touches["identity"] > ID_NONE).sum())
    online = touches["identity"] != ID_CARD
    assert np.array_equal(np.flatnonzero(online & (touches["identity"] > ID_NONE)), found.row[online[found.row]])
    assert (found.order_id[~online[found.row]] >= 0).all() and (~online[found.row]).sum() > 50  # cards are shown at the till
    assert np.array_equal(columns["t"], touches["t"][found.row]) and (np.diff(columns["t"]) >= 0).all()
    names = np.array(world.touch_names)
    assert np.array_equal(columns["touchpoint"], names[touches["touchpoint"][found.row]])
    assert not {"tv_flyers", "staff", "popup", "package_insert"} & set(columns["touchpoint"].tolist())
    assert (shoppers["flags"][touches["shopper"][found.row]] & CONSENT > 0).all()
    for profile in np.unique(found.profile)[:500]:  # a profile is one shopper's
        assert len(np.unique(touches["shopper"][found.row[found.profile == profile]])) == 1
    matched = found.order_id[found.order_id >= 0]
    assert len(matched) > 100 and np.isin(matched, plain.order_keys).all() and len(np.unique(matched)) == len(matched)


def test_the_loss_is_one_figure_of_the_run(plain):
    figure = next(k for k in plain.kpis if k.kpi == "identity_loss")
    assert figure.value == pytest.approx(lost(plain), abs=0.05) and 0.2 < figure.value < 0.9
    assert plain.settings.market.identity.cookie_days == 0
    silent = run(compose("run", ["strategy=o2o", "shoppers=50", "days=2", "burn_in_days=0"]).settings)
    assert "identity_loss" not in {k.kpi for k in silent.kpis}


def test_with_every_identity_and_a_file_in_real_time_observed_paths_are_the_true_ones():
    file = ["strategy.capabilities.customer_file=true", "strategy.capabilities.customer_file.levels.latency_s=0",
            "strategy.capabilities.store_sensing=true", "strategy.capabilities.store_sensing.levels.share=1"]  # fmt: skip
    done = made(*(f"market.identity.{name}=1" for name in ("consent", "login", "loyalty")), *file)
    touches, _, world = truth(done)
    worth = {"order_id": done.order_keys, "revenue": np.ones(len(done.order_keys), np.int64)}
    mine = paths(observed_columns(done.seen, touches, world), worth)
    true = paths(true_columns(touches, world, done.order_keys, observable=True), worth)
    assert len(mine) > 1500 and sum(len(p.t) > 5 and p.order_id >= 0 for p in mine) > 100
    assert sorted(p[1:] for p in mine) == sorted(p[1:] for p in true)
    assert lost(done) == 0.0


def test_less_is_put_to_a_purchase_with_each_loss_of_identity(plain):
    def same(done):
        return all(np.array_equal(truth(done)[0][name], truth(plain)[0][name]) for name in ("t", "shopper", "touchpoint", "bought"))

    cookies = [lost(plain, cookie_days=days) for days in (0.0, 30.0, 15.0, 4.0, 1.0)]
    assert (np.diff(cookies) > 0).all()
    for name, values in (("consent", (0.9, 0.65, 0.4)), ("login", (0.9, 0.6, 0.3))):
        runs = [plain if value == getattr(plain.settings.market.identity, name) else made(f"market.identity.{name}={value}") for value in values]
        assert all(same(done) for done in runs)  # what people do is the same: only what is seen of it falls
        assert (np.diff([lost(done) for done in runs]) > 0.01).all(), name
        rows = [set(done.seen.row.tolist()) for done in runs]
        assert rows[0] >= rows[1] >= rows[2]


def test_a_file_brings_store_purchases_and_web_touches_together(plain):
    touches = truth(plain)[0]
    filed = made("strategy.capabilities.customer_file=true")
    assert np.array_equal(touches["t"], truth(filed)[0]["t"])
    assert lost(filed) < lost(plain) - 0.05
    at = filed.seen.linked_at
    named = (filed.seen.identity >= ID_LOGIN) & (at >= 0)
    assert named.sum() > 100 and (at[named] % DAY == 0).all()  # nightly; cookies of the web's logins are known at once
    cookies = at[(filed.seen.identity == ID_COOKIE) & (at >= 0)]
    assert ((cookies % DAY > 0) | (cookies == 0)).mean() > 0.9  # second 0: of before the run; some by way of an account of which no row tells
