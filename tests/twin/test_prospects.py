"""People who have not bought, against people drawn one by one, and what a run makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from omosim.model.retail import RetailModel
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.opening import Opening
from omosim.twin.prospects import LEAST_OTHERS, POOL_WEEKS, Prospects, among, gain_of, prospects

LAW, WEEKS, SHARE = RepeatFit(1, 0.5, 6.0, 0.4, 3.0, 0.0, 1000, True, (0.1, 0.1, 0.1, 0.1)), 30.0, 0.4
SEATS = 300


@pytest.fixture(scope="module")
def settings(settings_of):
    """A market of 4,000 people, needs of Gamma(.5, 6) purchases a week at a share of .5, in which one in a hundred comes to know the retailer in a week."""
    made = settings_of("strategy=o2o", "shoppers=4000", "burn_in_days=0", "days=42")
    market = made.market
    demand = market.demand.model_copy(update={"purchase_r": 0.5, "purchase_alpha_weeks": 6.0, "purchase_share": 0.5, "stages": 1})
    aware = market.awareness.model_copy(update={"acquisition_per_week": 0.01})
    return made.model_copy(update={"market": market.model_copy(update={"demand": demand, "awareness": aware})})


@pytest.fixture(scope="module")
def opening(settings):
    since = np.full((SEATS, len(settings.catalogue.categories)), np.nan)
    return Opening(
        date.fromisoformat(settings.market.start_date), LAW, np.zeros(SEATS, np.int64), np.zeros(SEATS), np.full(SEATS, WEEKS), np.tile([1.0, 0, 0, 0], (SEATS, 1)),
        np.full(SEATS, 1000), since, np.full(SEATS, SHARE),
    )  # fmt: skip


def test_who_knows_the_shop_and_never_bought_needs_seldom(settings, opening):
    """400,000 people drawn one by one: who of them is aware, silent to the end of the log, and how often they need."""
    rng, n, arrivals = np.random.default_rng(2), 400_000, gain_of(settings) * 0.65 * 4000
    came = round(n * arrivals * WEEKS / (1400 + arrivals * WEEKS))
    known = np.r_[np.full(n - came, WEEKS), WEEKS * rng.random(came)]
    rate = rng.gamma(0.5, 1 / (6.0 * 0.5), n)  # needs a week
    silent = rng.random(n) < np.exp(-rate * SHARE * known)
    found = prospects(opening, settings, WEEKS)
    assert found.silent == pytest.approx(silent.mean() * (1400 + arrivals * WEEKS), rel=0.01)
    assert found.arrivals == pytest.approx(arrivals)
    order = np.argsort(-known[silent], kind="stable")
    for part, slow in zip(np.array_split(rate[silent][order], 4), found.slow.reshape(4, -1).mean(axis=1), strict=True):
        assert slow == pytest.approx(part.mean() / rate.mean(), rel=0.06)
    more = prospects(opening, settings, WEEKS, newcomers=2.0)
    assert (more.silent, more.arrivals) == pytest.approx((2 * found.silent, 2 * found.arrivals)) and np.array_equal(more.slow, found.slow)
    assert more.seats == round(more.silent + POOL_WEEKS * more.arrivals) and Prospects(3.0, found.slow, 1.0).seats == LEAST_OTHERS


def test_first_purchases_go_on_as_they_were_and_grow_with_the_people(settings, opening):
    """As many come as went: no week of six sells to fewer new customers, and twice the people buy for the first time twice as often."""
    first = {}
    for factor in (1.0, 2.0):
        them, weeks = prospects(opening, settings, WEEKS, newcomers=factor), np.zeros(6)
        people = max(settings.shoppers, SEATS + prospects(opening, settings, WEEKS, newcomers=2.0).seats)
        for number in (1, 2, 3):
            own = among(settings, people, SEATS, them).model_copy(update={"replication": number})
            start = replace(opening, silent=them.silent, slow=them.slow).start(own)
            model = RetailModel(own, start)
            model.run()
            book = model.fulfilment.book()
            others = book[book["shopper"] >= SEATS]
            _, at = np.unique(others["shopper"][np.argsort(others["placed_at"], kind="stable")], return_index=True)
            when = np.sort(others["placed_at"], kind="stable")[at] // (7 * 86_400)
            weeks += np.bincount(when, minlength=6)[:6]
        first[factor] = weeks
    assert first[1.0].sum() > 300 and first[2.0].sum() == pytest.approx(2 * first[1.0].sum(), rel=0.1)
    both = first[1.0] + first[2.0]
    assert both[3:].sum() == pytest.approx(both[:3].sum(), rel=0.12)


def test_another_number_of_people_keeps_arrivals_and_costs(settings, opening):
    them = prospects(opening, settings, WEEKS)
    wide = among(settings, 9000, SEATS, them)
    assert wide.shoppers == 9000 and gain_of(wide) * (9000 - SEATS - them.silent) == pytest.approx(them.arrivals)
    for name, row in settings.touchpoints.rows.items():
        assert wide.touchpoints.rows[name].cost_per_contact * 9000 == pytest.approx(row.cost_per_contact * settings.shoppers)
    paid = {people: RetailModel(among(settings, people, SEATS, them)).world.media_cost_per_day() for people in (4000, 9000)}
    assert float(paid[9000]) == pytest.approx(float(paid[4000]), rel=1e-9)
