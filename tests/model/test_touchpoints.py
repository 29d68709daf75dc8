"""Touchpoints in whole runs: a user's own row, reviews that accumulate, snapshots of what people heard and opted out of."""

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.engine.snapshot import Snapshot
from omosim.journeys.levels import write_blind
from omosim.kernels.journeys_plans import accuracy_of
from omosim.model.retail import RetailModel
from omosim.model.run import Run, run
from omosim.schema.codes import Count, Entry
from omosim.schema.columns import DAY
from omosim.schema.shopper import OPTED_OUT
from omosim.strategy import build_policy
from omosim.world.synthesis import synthesise

CATALOGUE = """# A partner's catalogue.
defaults:
  - default
  - _self_
rows:
  partner_catalogue:
    title: A partner's catalogue
    entry: social
    stage: purchase
    reach: 0.9  # [share] assumed
    accuracy: 0.2  # [share] assumed
    pays: true
    identity: login
    awareness_rho: 0.004  # [1/week] assumed
    cost_per_contact: 10  # [minor] assumed
    contacts_per_week: 3.0  # [contacts a week] assumed
"""
SMALL = ["strategy=o2o", "shoppers=4000", "days=7", "burn_in_days=7", "seed=11", "output.touches=true"]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """(run without, run with) a row that a user's file adds."""
    file = tmp_path_factory.mktemp("user") / "points.yaml"
    file.write_text(CATALOGUE, encoding="utf-8")
    return run(compose("run", SMALL).settings), run(compose("run", [*SMALL, f"touchpoints={file.as_posix()}"]).settings)


def shares(done):
    log = done.model.journeys.touch_columns()
    names, counts = np.unique(log["touchpoint"], return_counts=True)
    return dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True)), log


def test_a_row_of_a_users_file_is_logged_paid_at_and_takes_attention(catalogue):
    (before, _), (after, log) = shares(catalogue[0]), shares(catalogue[1])
    assert "partner_catalogue" not in before and after["partner_catalogue"] > 0.1
    assert all(after[name] < before[name] for name in ("social_feed", "display_ads", "reviews"))
    mine = log["touchpoint"] == "partner_catalogue"
    assert set(log["channel"][mine]) == {"social"} and {"login"} <= set(log["identity"][mine])
    orders = {int(k) for k, c in zip(catalogue[1].book["key"], catalogue[1].book["channel"], strict=True) if c == Entry.SOCIAL}
    last = {}
    for mission, point, bought in zip(log["mission"].tolist(), log["touchpoint"].tolist(), log["bought"].tolist(), strict=True):
        if bought and mission in orders:
            last[mission] = point
    paid_at = set(last.values())
    assert {"partner_catalogue", "marketplace"} <= paid_at  # both take payment on the entry


def test_a_further_row_thins_out_the_contacts_of_the_others(catalogue):
    without, having = (done.model.world for done in catalogue)
    budget = without.settings.market.attention.contacts_per_week
    assert budget > 0
    row = having.touch_names.index("partner_catalogue")
    own = having.touch_rho[row] * having.reach[0, row] * having.media_now()[0, row] * having.segment_mobile
    own /= np.dot(having.segment_share, having.segment_mobile)
    assert (having.exposure_rho()[0] < without.exposure_rho()[0] + own).all()
    assert catalogue[1].pnl["media_cost"] > catalogue[0].pnl["media_cost"]
    assert set(catalogue[1].laws.values()) == {0}


def of_reviews(half, before, **categories):
    s = compose("run", SMALL).settings
    data = s.model_dump()
    data["touchpoints"]["rows"]["reviews"].update(accumulates=half, accumulated=before)
    for name, change in categories.items():
        data["catalogue"]["categories"][name].update(change)
    return type(s).model_validate(data)


def known_of(s, sold=0.0):
    world = synthesise(s, 7, 0)
    world.policy = build_policy(s)
    world.reviewed[...] = sold
    blind = np.zeros((1, len(world.category_names), 4))
    write_blind(s, world, blind)
    levels = {"acc_web": world.policy.accuracy_web, "acc_social": world.policy.accuracy_social, "acc_live": world.policy.accuracy_live}
    web = [accuracy_of.py_func(levels, Entry.WEB, b) if hasattr(accuracy_of, "py_func") else accuracy_of(levels, Entry.WEB, b) for b in blind[0, :, 0]]
    return np.array(web), blind


@pytest.mark.parametrize(("before", "sold"), [(0.0, 0.0), (0.0, 200.0), (300.0, 100.0), (0.0, 1e9)])
def test_accuracy_grows_as_a_n_over_n_plus_half(before, sold):
    web, blind = known_of(of_reviews(200.0, before), sold)
    n, a = before + sold, 0.25
    others = 1 - (1 - build_policy(of_reviews(0.0, 0.0)).accuracy_web) / (1 - a)
    assert np.allclose(web, 1 - (1 - others) * (1 - a * n / (n + 200.0)), atol=1e-12)
    assert (blind[0, :, 1:] == 0).all()


def test_a_new_category_is_known_less_and_rows_that_do_not_accumulate_are_known_in_full():
    first = next(iter(compose("run", SMALL).settings.catalogue.categories))
    web, _ = known_of(of_reviews(100.0, 1e6, **{first: {"sold_before": 0.0}}))
    assert web[0] < web[1:].min() - 0.1
    s = of_reviews(0.0, 0.0)
    web, blind = known_of(s)
    assert (blind == 0).all() and (web == build_policy(s).accuracy_web).all()


def test_what_is_sold_is_reviewed_and_fewer_goods_come_back():
    poor, rich = (run(of_reviews(half, 0.0)) for half in (1e8, 1e-6))
    model = poor.model
    units = model.world.stock.moves[[4, 5]].sum(axis=(0, 1))
    of_category = np.bincount(model.world.sku_category, units) / min(model.world.cost_scale, 1.0)
    assert (model.world.reviewed > 0).any() and (model.world.reviewed <= of_category).all()
    back = {name: next(k.value for k in done.kpis if k.kpi == "return_rate_online") for name, done in (("poor", poor), ("rich", rich))}
    assert back["poor"] > back["rich"]


CROWD = [
    "strategy=omo", "shoppers=2000", "days=12", "burn_in_days=0", "seed=11", "market.word_of_mouth.tell=0.3", "market.word_of_mouth.worth_telling=0.01",
    "market.messages.tolerated_per_week=0.2", "market.messages.opt_out_per_contact=0.5", "touchpoints.rows.reviews.accumulates=5000",
    "touchpoints.rows.reviews.accumulated=0",
]  # fmt: skip


def test_ten_days_straight_equal_five_save_restore_five(tmp_path):
    def days(model, n):
        for _ in range(n):
            model.step()
        return model

    settings = compose("run", CROWD).settings
    straight = days(RetailModel(settings), 10)
    days(RetailModel(settings), 5).snapshot().save(tmp_path / "day5.snapshot")
    second = days(RetailModel.restore(settings, Snapshot.read(tmp_path / "day5.snapshot")), 5)
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())
    assert np.array_equal(straight.journeys.shoppers, second.journeys.shoppers)
    assert np.array_equal(straight.world.reviewed, second.world.reviewed) and straight.world.reviewed.sum() > 0
    assert (straight.journeys.shoppers["told"] > 0).any() and (straight.journeys.shoppers["flags"] & OPTED_OUT > 0).any()


def test_figures_of_the_crowd_are_there_where_there_is_one():
    done = run(compose("run", CROWD).settings)
    found = {k.kpi: k.value for k in done.kpis}
    counts = done.measured_counts.sum(axis=0)
    assert found["opted_out"] == counts[Count.OPTED_OUT] == int((done.model.journeys.shoppers["flags"] & OPTED_OUT > 0).sum()) > 0
    assert found["told"] == counts[Count.TOLD] > found["heard_first"] == counts[Count.HEARD_FIRST] > 0
    assert done.daily()["opted_out"].sum() == found["opted_out"]
    off = Run(RetailModel(compose("run", [*CROWD[:4], "market.word_of_mouth.tell=0"]).settings).run())
    assert {"opted_out", "told", "heard_first"}.isdisjoint({k.kpi for k in off.kpis} | set(off.daily()))
    assert off.model.clock.now >= 12 * DAY
