"""Campaigns in whole runs: what they cost, that off equals absent, snapshots, and identity that retargeting needs."""

from fractions import Fraction

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.engine.snapshot import Snapshot
from omosim.kernels.philox import uniform4
from omosim.kernels.purposes import MISSION
from omosim.model.retail import RetailModel
from omosim.model.run import run
from omosim.schema.campaigns import Sent
from omosim.schema.codes import Count, Entry
from omosim.schema.columns import ORDINAL_BITS
from omosim.schema.shopper import CONSENT
from omosim.schema.strategy import CapabilityLevel, StrategySettings
from omosim.strategy import IncompatibleCapabilities, check_strategy

C = "strategy.capabilities."
ALL = [f"{C}{name}=true" for name in ("triggered_campaigns", "events", "personal_coupons", "assistant", "package_inserts")]
HARD = [
    f"{C}package_inserts.levels.open_rate=0.5", f"{C}triggered_campaigns.levels.after_days=3", f"{C}triggered_campaigns.levels.lapse_days=5",
    f"{C}events.levels.per_month=12", f"{C}events.levels.lead_days=2", f"{C}loyalty.levels.vip_threshold=2", "market.goodwill.coupon_heard=0.05",
]  # fmt: skip
SMALL = ["strategy=omo", "shoppers=3000", "days=14", "burn_in_days=7", "seed=11"]
NAMES = ("triggered_campaigns", "events", "personal_coupons", "assistant")


def settings(*more):
    return compose("run", [*SMALL, *more]).settings


@pytest.fixture(scope="module")
def done():
    return run(settings(*ALL, *HARD, "output.touches=true"))


def test_laws_hold_and_every_campaign_leaves_its_figures(done):
    assert set(done.laws.values()) == {0}
    figures = {k.kpi: k.value for k in done.kpis}
    for name in ("campaign_messages", "event_invitations", "event_visits", "coupons_given", "heard_of_coupons", "campaign_missions",
                 "leaflets_opened", "coupons_used", "vips", "coupon_discounts"):  # fmt: skip
        assert figures[name] > 0, name
    counts = done.model.journeys.campaigns.sent[7:21].sum(axis=(0, 1))
    assert figures["campaign_messages"] == counts[Sent.MESSAGES] and figures["event_visits"] == counts[Sent.EVENT_VISITS]
    assert figures["coupon_discounts"] == done.pnl["discounts"]


def test_messages_events_and_sessions_are_paid_for_to_the_minor_unit(done):
    kept, journeys = done.model.journeys.campaigns, done.model.journeys
    days = slice(7, 21)
    counts = kept.sent[days].sum(axis=(0, 1))
    messages = 8 * int(counts[Sent.MESSAGES] + counts[Sent.INVITED] + counts[Sent.COUPONS])
    events = int((kept.held[days] >= 0).sum()) * Fraction(3_000_000) * Fraction(3000, 500_000)
    sessions = Fraction(0.2 * 20) * int(journeys.counts[days, Count.WEB_SESSIONS].sum())
    assert events > 0 and done.pnl["campaigns"] == pytest.approx(float(messages + events + sessions), abs=1)
    lines = ("rent", "holding", "shrink", "commission", "points", "campaigns")
    assert done.pnl["other_cost"] == sum(done.pnl[name] for name in lines)


def test_money_off_and_points_of_vips_are_those_of_the_orders(done):
    kept = done.model.journeys.campaigns
    perks = {int(p["key"]): p for p in kept.perks[: kept.perked[0]]}
    rows = done.book[(done.book["placed_at"] >= done.model.window_start) & (done.book["placed_at"] < done.model.window_end)]
    off, points = 0, Fraction(0)
    for row in rows:
        key = int(row["key"])
        mission, ordinal = key >> ORDINAL_BITS << ORDINAL_BITS, key & 255
        if mission in perks:
            if ordinal & 3 != 2:
                off += int(perks[mission]["alt_off" if ordinal & 1 else "off"]) * int(row["units_out"])
            points += Fraction(float(perks[mission]["points"])) * int(row["revenue"] + row["fee"] - row["refund"])
    assert done.pnl["discounts"] == off > 0
    assert points > 0
    share = 1 - (1 - 0.55) * (1 - 0.6)
    common = Fraction(0.01 * share) * int((rows["revenue"] + rows["fee"] - rows["refund"]).sum())
    assert done.pnl["points"] == pytest.approx(float(common + points), abs=1)


def test_off_equals_absent(done):
    plain = run(settings())
    off = run(settings(*(f"{C}{name}=false" for name in NAMES)))
    assert np.array_equal(plain.book, off.book) and plain.pnl == off.pnl and plain.kpis == off.kpis
    assert plain.model.journeys.campaigns.patrons.size == 0 and plain.pnl["campaigns"] == 0
    assert not np.array_equal(plain.book, done.book)


def test_ten_days_straight_equal_five_save_restore_five(tmp_path):
    all_on = settings(*ALL, *HARD)
    straight, first = (RetailModel(all_on) for _ in range(2))
    for _ in range(12):
        straight.step()
    for _ in range(6):
        first.step()
    first.snapshot().save(tmp_path / "day6.snapshot")
    second = RetailModel.restore(all_on, Snapshot.read(tmp_path / "day6.snapshot"))
    for _ in range(6):
        second.step()
    left, right = straight.journeys.state(), second.journeys.state()
    assert left.keys() == right.keys() and left["campaigns_triggers"].size > 0
    for name in [n for n in left if n.startswith("campaigns_")] + ["shoppers", "counts"]:
        assert np.array_equal(left[name], right[name]), name
    assert np.array_equal(straight.fulfilment.book(), second.fulfilment.book())


def test_a_capability_switched_on_inside_a_run_remembers_people_from_then_on():
    rows = "scenario.interventions=[{what: capability, capability: personal_coupons, set: 1, from_day: -6}]"
    model = run(settings(rows)).model
    sent = model.journeys.campaigns.sent[:, 0, Sent.COUPONS]
    assert model.journeys.campaigns.patrons.size == 3000
    assert sent[:15].sum() == 0 < sent[15:].sum()  # the file's 14 days until it works


def test_retargeting_across_channels_needs_the_linked_profile(done):
    alone = StrategySettings(name="test", capabilities={"retargeting": CapabilityLevel()})
    (problem,) = check_strategy(alone)
    assert isinstance(problem, IncompatibleCapabilities) and "customer_file" in str(problem)
    log = done.model.journeys.touch_columns()
    asked = np.unique(log["mission"][log["opened_by"] == "retargeting"])
    shoppers = done.model.journeys.shoppers
    who = (asked >> 35).astype(int)
    assert len(asked) > 20 and (shoppers["flags"][who] & CONSENT > 0).all()
    tagged = done.model.journeys.campaigns.patrons["flags"] & 2 > 0
    for key in asked[:200].tolist():  # the mission that was abandoned had a login, or its shopper came by a tag
        shopper, category, need = key >> 35, (key >> 30) & 31, (key >> 8) & ((1 << 22) - 1)
        base = (need - (1 << 21)) // 32
        u = uniform4(done.model.key0, done.model.key1, shopper, (category << 22) | base, MISSION, 0)[0]
        assert u < done.settings.market.identity.login or tagged[shopper]
    channels = set(log["channel"][log["opened_by"] == "retargeting"])
    assert {"web", "store", "social"} <= channels  # wherever the wish was given up, it is asked again in any medium


def test_a_touch_of_a_campaign_says_what_it_led_to(done):
    log = done.model.journeys.touch_columns()
    message = log["touchpoint"] == "campaign_message"
    led = message & (log["mission"] >= 0)
    assert message.sum() > led.sum() > 0 and set(log["opened_by"][led]) == {"message"} and set(log["opened_by"][message & ~led]) == {""}
    bought = {int(k) for k in log["mission"][log["bought"]]}
    assert all((int(k) in bought) == b for k, b in zip(log["mission"][led], log["bought"][led], strict=True))
    assert set(log["identity"][message]) == {"login"} and log["linked"][message].all()
    landed = log["touchpoint"] == "landing_page"
    parcels = {int(k) for k in done.book["key"]}
    opened = landed & (log["mission"] >= 0)
    assert landed.sum() > 0 and set(log["opened_by"][opened]) <= {"insert"} and parcels


def test_an_assistant_reveals_misfits_and_shortens_the_search():
    plain, helped = RetailModel(settings()), RetailModel(settings(f"{C}assistant=true"))
    a, b = plain.journeys.scene.levels[0], helped.journeys.scene.levels[0]
    assert 1 - b["acc_web"] == pytest.approx((1 - a["acc_web"]) * (1 - 0.2 * 0.2))
    assert b["search_web"] == pytest.approx(a["search_web"] * (1 - 0.2 * 0.4)) and b["search_cost"] == a["search_cost"]


def test_points_are_paid_on_line_alone_where_they_do_not_count_everywhere():
    part = run(settings(f"{C}loyalty.levels.everywhere=0"))
    rows = part.book[(part.book["placed_at"] >= part.model.window_start) & (part.book["placed_at"] < part.model.window_end)]
    on_line = rows[rows["channel"] != Entry.STORE]
    kept = int((on_line["revenue"] + on_line["fee"] - on_line["refund"]).sum())
    assert part.pnl["points"] == pytest.approx(0.01 * 0.6 * kept, abs=1) and set(part.laws.values()) == {0}
