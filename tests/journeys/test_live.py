"""Live shows: the audience, the host's queue of questions, what is published in a show, and its limited offer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.journeys.live import air, other_shows
from omosim.kernels.journeys_live import ASK, answer_questions, begin_show, publish_sales, show_missions
from omosim.kernels.journeys_types import SHOW
from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, DEMAND, HOUR
from omosim.schema.shopper import BY_LIVE, MISSION
from tests.journeys.harness import online_policy, small_world
from tests.journeys.small import settings

BEGINS = 21 * HOUR
PEOPLE = 1500
ALONE = np.zeros((0, 3))
WATCHED = {"rows": {"live_show": {"reach": 1.0}}}


def stage(people: int = PEOPLE, market: dict | None = None, sellers: dict | None = None, **policy: object) -> Journeys:
    """The shopper side in the evening of the first day; everybody uses live shows, knows the retailer, and is reached."""
    given = settings(shoppers=people, days=60, market={"cost_basis_shoppers": PEOPLE, "live": {"serves": "nearest", "impulse_share": 0.0, **(market or {})}}, touchpoints=WATCHED, scenario={"sellers": sellers or {}})
    rules = online_policy(on=(0, 7), **{"live_reach": 1.0, "in_app_payment": 1, "live_discount": 0.1, "accuracy_live": 0.7, **policy})
    rules.offers["promise_s"][7] = 3 * DAY
    journeys = Journeys(small_world(given, rules), given, 7, 0)
    journeys.shoppers["flags"] |= 16
    journeys.shoppers["flags"][PEOPLE:] = 0
    journeys.begin_day(0)
    journeys.advance(20 * HOUR)
    return journeys


def show_of(journeys: Journeys) -> np.ndarray:
    """The one show's orders, in time."""
    journeys.broadcast(20 * HOUR)
    parts = [journeys.advance(BEGINS + s).copy() for s in range(0, HOUR + 1, 600)]
    rows = np.concatenate([np.zeros(0, DEMAND), *parts])
    return rows[rows["channel"] == Entry.LIVE]


def by_hand(asks: np.ndarray, free: float, every: float) -> dict[int, float]:
    """Shopper -> second of his answer."""
    found = {}
    for t, leaves, shopper in sorted(zip(asks["t"].tolist(), asks["leaves"].tolist(), asks["shopper"].tolist(), strict=True)):
        start = max(t, free)
        if start < leaves:
            found[shopper], free = start, start + every
    return found


def audience(journeys: Journeys, others: np.ndarray = ALONE) -> tuple[np.ndarray, np.ndarray, np.void]:
    missions, asks, row = np.zeros(PEOPLE, MISSION), np.zeros(PEOPLE, ASK), np.zeros(1, SHOW)[0]
    n, q = show_missions(journeys.scene, journeys.shoppers, journeys.needs, 0, BEGINS, others, missions, asks, row)
    return missions[:n], asks[:q], row


# ---- audience -------------------------------------------------------------------------------------------------
def test_viewers_are_the_share_reached_of_those_who_use_such_shows_and_know_us() -> None:
    journeys = stage(live_reach=0.4)
    _, _, row = audience(journeys)
    assert abs(row["viewers"] - 0.4 * PEOPLE) < 4 * math.sqrt(PEOPLE * 0.24)
    journeys.shoppers["used"][::2] = 3
    _, _, fewer = audience(journeys)
    assert 0 < fewer["viewers"] < row["viewers"]


def test_viewers_leave_as_uniform_arrivals_and_exponential_stays_say() -> None:
    stay = 20 * 60
    journeys = stage(market={"stay_minutes": 20.0, "question_share": 1.0}, live_answers=10.0)
    missions, asks, row = audience(journeys)
    assert row["viewers"] == len(asks) == PEOPLE
    assert ((missions["t"] >= BEGINS) & (missions["t"] < BEGINS + HOUR)).all()
    assert (asks["t"] <= asks["leaves"]).all() and asks["leaves"].max() == BEGINS + HOUR
    for s in (600, 1800, 3000):
        gone = (s - stay * (1 - math.exp(-s / stay))) / HOUR
        assert abs((asks["leaves"] <= BEGINS + s).mean() - gone) < 4 * math.sqrt(gone * (1 - gone) / PEOPLE)


def test_a_stay_of_the_whole_show_moves_no_decision() -> None:
    plain, _, _ = audience(stage())
    asked, _, _ = audience(stage(market={"question_share": 0.3}, live_answers=10.0))
    assert np.array_equal(plain, asked) and len(plain) > 50


def test_an_announcement_brings_who_uses_a_place_and_meets_it_and_cares_to_watch() -> None:
    rows = list(stage(40).settings.touchpoints.rows)
    on = np.zeros(len(rows), np.int8)
    on[[rows.index("retailer_site"), rows.index("app")]] = 1
    base, lead, care = 0.2, 14.0, 0.5
    journeys = stage(market={"watch_share": care}, live_reach=base, announce_days=lead, announce_on=on)
    _, _, row = audience(journeys)
    missed = 1.0
    for name in ("retailer_site", "app"):
        place = journeys.settings.touchpoints.rows[name]
        missed *= 1 - place.reach * (1 - math.exp(-place.contacts_per_week * lead / 7))
    told = (1 - base) * care * (1 - missed)
    assert abs(row["told"] - told * PEOPLE) < 4 * math.sqrt(PEOPLE * told * (1 - told))
    plain, _, before = audience(stage(live_reach=base))
    assert row["viewers"] - row["told"] == before["viewers"]
    assert set(plain["shopper"].tolist()) < set(audience(journeys)[0]["shopper"].tolist())


def test_a_viewer_whom_several_shows_reach_watches_one() -> None:
    others = np.array([[0, 0.5, 1.0], [1, 0.3, 2.0]])
    _, _, row = audience(stage(), others)
    ours = 0.5 * 0.7 + 0.5 * 0.7 / 2 + 0.5 * 0.3 / 3 + 0.5 * 0.3 / 4
    assert row["viewers"] + row["elsewhere"] == PEOPLE
    assert abs(row["viewers"] - ours * PEOPLE) < 4 * math.sqrt(PEOPLE * ours * (1 - ours))
    _, _, with_mute = audience(stage(), np.concatenate([others, [[2, 0.4, 0.0]]]))
    assert with_mute["viewers"] == row["viewers"]


def test_other_sellers_are_on_air_on_their_own_days_and_hours() -> None:
    rows = {"beans": {"per_week": 3, "hour": 20, "reach": 0.5, "category_share": 0.4}, "late": {"per_week": 7, "hour": 22, "reach": 0.5}}
    journeys = stage(40, sellers=rows)
    shows = [other_shows(journeys.settings, journeys.scene, day * DAY + BEGINS) for day in range(70)]
    assert sum(len(found) for found in shows) == 30
    assert all(found.tolist() == [[0.0, 0.2, 1.0]] for found in shows if len(found))
    assert len(other_shows(journeys.settings, journeys.scene, 23 * HOUR)) == 1


# ---- questions ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answers", [5.0, 40.0, 4000.0])
def test_the_host_answers_first_come_first_served_and_passes_over_who_left(answers: float) -> None:
    journeys = stage(market={"stay_minutes": 15.0, "question_share": 0.5}, live_answers=answers)
    missions, asks, _ = audience(journeys)
    every = HOUR / answers
    assert every == pytest.approx(float(journeys.scene.levels["answer_s"][0]))
    line = asks[np.lexsort((asks["shopper"], asks["t"]))]
    before = missions.copy()
    done = answer_questions(line, float(BEGINS), every, missions)
    want = by_hand(asks, float(BEGINS), every)
    assert done == len(want) <= min(len(asks), answers + 1)
    heard = {int(who): int(t) for who, t in missions[missions["answered"] == 1][["shopper", "t"]].tolist()}
    assert set(heard) == set(want) & set(missions["shopper"].tolist())
    late = dict(zip(before["shopper"].tolist(), before["t"].tolist(), strict=True))
    assert all(t == max(late[who], int(want[who])) for who, t in heard.items())
    if answers == 4000.0:
        assert done > 0.97 * len(asks)


def test_a_host_who_is_never_idle_answers_as_many_as_the_hour_holds() -> None:
    row = stage(market={"question_share": 1.0}, live_answers=30.0)
    air(row.scene, row.shoppers, row.needs, 0, BEGINS)
    assert abs(row.scene.shows[0]["answered"] - 30) <= 1 and row.scene.shows[0]["questions"] == PEOPLE


def test_an_answer_and_the_demonstration_reveal_a_misfit_each_on_its_own() -> None:
    some = show_of(stage(market={"question_share": 1.0}, live_answers=1e6, answer_accuracy=0.0))
    all_told = show_of(stage(market={"question_share": 1.0}, live_answers=1e6, answer_accuracy=1.0))
    assert some["misfit"].sum() > 0 and len(all_told) > 30
    assert all_told["misfit"].sum() == 0


# ---- what is published ----------------------------------------------------------------------------------------
def test_a_show_publishes_units_by_the_minute_and_buyers_by_its_period() -> None:
    row = np.zeros(1, SHOW)[0]
    levels = {"proof_s": 300, "key0": 1, "key1": 2, "live_intensity": 0.1, "live_sd": 0.0}
    row["begins"], row["proof_at"] = BEGINS, BEGINS
    record = np.zeros(1, [(name, "i8" if name in ("proof_s", "key0", "key1") else "f8") for name in levels])[0]
    for name, value in levels.items():
        record[name] = value
    seen = []
    for s in (0, 30, 60, 61, 299, 300, 610, 900):
        publish_sales(record, row, BEGINS + s)
        seen.append((int(row["minute_units"]), int(row["proof_orders"])))
        row["orders"] += 1
        row["units"] += 2
    assert seen == [(0, 0), (0, 0), (4, 0), (4, 0), (8, 0), (10, 5), (12, 6), (14, 7)]


def test_intensity_differs_between_shows_by_its_spread_and_by_the_day_alone() -> None:
    journeys = stage(live_intensity=0.3, live_sd=0.05)
    row, found = np.zeros(1, SHOW)[0], []
    for day in range(400):
        begin_show(journeys.scene.levels[0], row, day, day * DAY + BEGINS)
        found.append(float(row["intensity"]))
    assert abs(np.mean(found) - 0.3) < 4 * 0.05 / 20 and abs(np.std(found) - 0.05) < 4 * 0.05 / math.sqrt(800)


def test_the_reduced_price_ends_with_the_minute_in_which_the_limit_was_reached() -> None:
    limit = 15
    journeys = stage(live_intensity=0.4, live_limit_units=limit)
    rows = show_of(journeys)
    tags = journeys.world.prices[0, Entry.LIVE, rows["sku"]]
    cut = rows["unit_price"] < tags
    minute = (rows["t"] - BEGINS) // 60
    sold_before = np.array([rows["units"][minute < m].sum() for m in minute])
    assert np.array_equal(cut, sold_before < limit)
    assert cut.any() and not cut.all() and rows["units"][cut].sum() >= limit


def test_buyers_that_a_show_tells_of_move_later_viewers_only() -> None:
    market = {"social_proof": 3.0}
    plain = show_of(stage(market=market))
    told = stage(market=market, proof_minutes=10)
    rows = show_of(told)
    first = plain["t"] < BEGINS + 600
    assert np.array_equal(plain[first], rows[rows["t"] < BEGINS + 600]) and first.sum() > 5
    assert len(rows) > len(plain)
    assert told.scene.shows[0]["orders"] == len(rows) and told.scene.shows[0]["units"] == rows["units"].sum()


def test_persuasion_alone_is_regretted() -> None:
    sober, moved = show_of(stage()), show_of(stage(live_intensity=0.5))
    assert len(moved) > len(sober)
    assert moved["mind"].mean() > sober["mind"].mean() + 0.1


def test_a_change_of_app_loses_the_share_who_give_up_and_no_other_order() -> None:
    gone = {"switch_app": 0.0, "switch_give_up": 0.4}
    kept, lost = show_of(stage(live_intensity=0.4)), show_of(stage(market=gone, live_intensity=0.4, in_app_payment=0))
    assert set(lost["key"].tolist()) < set(kept["key"].tolist())
    assert abs(len(lost) - 0.6 * len(kept)) < 4 * math.sqrt(len(kept) * 0.24)
    assert np.array_equal(show_of(stage(market=gone, live_intensity=0.4)), kept)
    dear = show_of(stage(market={"switch_app": 0.3}, live_intensity=0.4, in_app_payment=0))
    assert 0 < len(dear) < len(kept)


def test_the_lift_ends_with_the_show_and_falls_out_of_the_days_to_come() -> None:
    last = 42
    plain, shown = stage(live_intensity=0.3), stage(live_intensity=0.3)
    ahead = plain.settings.market.sessions.show_ahead_days
    shown.broadcast(20 * HOUR)
    books = []
    for journeys in (plain, shown):
        parts = [journeys.advance(DAY).copy()]
        for day in range(1, last):
            journeys.begin_day(day)
            parts.append(journeys.advance((day + 1) * DAY).copy())
        books.append(np.concatenate(parts))
    keys = [set(book["key"].tolist()) for book in books]
    added, gone = keys[1] - keys[0], keys[0] - keys[1]
    live = books[1][books[1]["channel"] == Entry.LIVE]
    hour = (books[1]["t"] >= BEGINS) & (books[1]["t"] < BEGINS + HOUR)
    assert len(live) > 30 and added <= set(books[1]["key"][hour].tolist())  # nothing new after the show
    buyers = set(books[1]["shopper"][hour].tolist())
    missing = books[0][np.isin(books[0]["key"], list(gone))]
    assert set(missing["shopper"].tolist()) <= buyers and 0 < len(gone) < len(added)  # what is pulled forward is missing later
    assert missing["t"].max() < (ahead + 1) * DAY + BEGINS
    late = [book[book["t"] >= (ahead + 2) * DAY] for book in books]
    assert len(late[0]) > 50 and np.array_equal(*late)


# ---- state ----------------------------------------------------------------------------------------------------
def test_a_show_goes_on_from_a_saved_state() -> None:
    market, policy = {"social_proof": 2.0, "question_share": 0.4, "stay_minutes": 30.0}, {"proof_minutes": 5, "live_answers": 20.0, "live_limit_units": 20}
    straight, saved, fresh = (stage(market=market, **policy) for _ in range(3))
    want = show_of(straight)
    saved.broadcast(20 * HOUR)
    head = saved.advance(BEGINS + 1800).copy()
    fresh.load(saved.state())
    tail = fresh.advance(BEGINS + HOUR)
    rows = np.concatenate([head, tail])
    assert np.array_equal(rows[rows["channel"] == Entry.LIVE], want) and len(want) > 20
    assert np.array_equal(fresh.scene.shows, straight.scene.shows)


def test_who_never_watches_changes_nobody() -> None:
    market, policy = {"social_proof": 2.0, "question_share": 0.4}, {"proof_minutes": 5, "live_answers": 20.0, "live_limit_units": 20}
    one, more = stage(market=market, **policy), stage(PEOPLE + 5, market=market, **policy)
    assert np.array_equal(show_of(one), show_of(more))
    assert (one.missions["kind"] == BY_LIVE).any()


# ---- what a show answers --------------------------------------------------------------------------------------
def test_a_show_answers_any_of_the_near_needs_with_equal_chance() -> None:
    nearest, any_need = audience(stage())[0], audience(stage(market={"serves": "any"}))[0]
    assert set(nearest["shopper"].tolist()) == set(any_need["shopper"].tolist()) and not np.array_equal(nearest["category"], any_need["category"])
    journeys = stage(market={"serves": "any"})
    ahead = journeys.settings.market.sessions.show_ahead_days * DAY
    due = journeys.needs["next_s"].reshape(PEOPLE, -1)
    table = journeys.scene.op_time[0]
    first, last = table[:, BEGINS // HOUR + 1], table[:, (BEGINS + ahead) // HOUR]
    near = (due > first) & (due <= last)
    pairs = [(int(who), int(c)) for who, c in zip(any_need["shopper"], any_need["category"], strict=True) if near[who].sum() == 2]
    lower = sum(c == int(np.flatnonzero(near[who])[0]) for who, c in pairs)
    assert len(pairs) > 60 and abs(lower - len(pairs) / 2) < 4 * math.sqrt(len(pairs) / 4)


def test_a_purchase_without_a_need_serves_none() -> None:
    needed, impulse = stage(market={"impulse_share": 0.0}), stage(market={"impulse_share": 1.0})
    for journeys in (needed, impulse):
        assert len(show_of(journeys)) > 20
    assert (needed.needs["number"] >= 1 << 15).sum() > 20
    assert (impulse.needs["number"] >= 1 << 15).sum() == 0
