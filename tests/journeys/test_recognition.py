"""The same log under other eyes: everything at the limit, less with each loss, what was asked for, and nobody acts otherwise."""

import numpy as np
import pytest

from omosim.journeys.log import identity_lost, observe, observed_columns, paths, true_columns
from omosim.journeys.recognition import identities, recognise, recognise_to, recognised
from omosim.model.run import run
from omosim.schema.shopper import CONSENT, ID_NONE, LOYALTY
from omosim.study.attribute_task import in_window
from tests.journeys.small import settings

SHOPS = {"web_shop": {}, "marketplace_social": {}}


@pytest.fixture(scope="module")
def done():
    s = settings("seoul_beauty", shoppers=400, days=14, burn_in_days=7, strategy={"name": "x", "capabilities": SHOPS}, output={"touches": True})
    return run(s)


def parts(done):
    model = done.model
    return model.journeys.touches, model.journeys.shoppers, model.world


def test_with_no_loss_the_paths_are_the_true_ones(done):
    touches, _, world = parts(done)
    view = recognise_to(0.0, *parts(done), done.order_keys, in_window(done))
    assert view.loss == 0.0
    seen = paths(observed_columns(view.seen, touches, world), done.worth)
    true = paths(true_columns(touches, world, done.order_keys, observable=True), done.worth)
    strip = lambda found: sorted((p.order_id, p.revenue, p.t, p.touchpoint) for p in found)
    assert strip(seen) == strip(true)


def test_more_loss_sees_less_and_the_loss_asked_for_is_reached(done):
    before = done.model.journeys.touches.copy(), done.model.journeys.shoppers.copy()
    rows = []
    for loss in (0.2, 0.5, 0.8):
        view = recognise_to(loss, *parts(done), done.order_keys, in_window(done))
        assert view.loss == pytest.approx(loss, abs=0.02)
        rows.append(len(view.seen.row))
    assert rows[0] > rows[1] > rows[2] > 0
    assert np.array_equal(before[0], done.model.journeys.touches) and np.array_equal(before[1], done.model.journeys.shoppers)


def test_a_smaller_share_is_a_part_of_a_larger_one(done):
    last = None
    for dial in (0.1, 0.4, 0.9):
        rows, people = recognised(*parts(done), identities(dial))
        flags = people["flags"] & (CONSENT | LOYALTY)
        kind = rows["identity"]
        if last is not None:
            assert (flags & ~last[0] == 0).all() and (kind <= last[1]).all() and (kind > ID_NONE).sum() < (last[1] > ID_NONE).sum()
        last = flags, kind


def test_consent_and_cards_are_the_draws_by_which_people_were_made(done):
    who = done.settings.market.identity
    _, people = recognised(*parts(done), who)
    for flag in (CONSENT, LOYALTY):
        assert np.array_equal(people["flags"] & flag, done.model.journeys.shoppers["flags"] & flag)


def test_nobody_recognised_at_the_end_of_the_dial(done):
    view = recognise(*parts(done), identities(1.0), done.order_keys, in_window(done))
    assert view.loss > 0.9
    seen = observe(*parts(done), done.settings.market.identity, done.order_keys)
    lost, of = identity_lost(seen, parts(done)[0], parts(done)[2], in_window(done))
    assert 0 < lost / of < view.loss
