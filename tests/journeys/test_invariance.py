"""What must change nothing: one more shopper, where windows are cut, a snapshot, a log, the JIT."""

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.schema.codes import Count
from omosim.schema.columns import DAY, DEMAND, HOUR
from tests.journeys.harness import online_policy, play, small_world
from tests.journeys.small import settings

ROOT = Path(__file__).parents[2]


def busy(shoppers, **change):
    """Settings in which people need something every other week."""
    return settings(shoppers=shoppers, market={"demand": {"purchase_alpha_weeks": 3.0}}, **change)


def rich_policy():
    """Every kind of offer and touch switched on."""
    policy = online_policy(
        on=range(8), stock_shown=1, link_latency_s=300, shown_items=3, accuracy_social=0.3, accuracy_live=0.7, endless_aisle=1,
        return_in_store=1, retarget_rate=0.3, push_per_week=2.0, push_open_rate=0.3, live_reach=0.4, live_intensity=0.2,
        live_discount=0.05, coupon_rate=0.2, coupon_discount=0.05, courier_radius_m=6000, courier_wave_capacity=20, store_sensing=0.3, prices_equal=0,
    )  # fmt: skip
    policy.offers["promise_s"][1:3] = 4 * HOUR
    policy.offers["fee"][1] = 4000
    return policy


def show_on(result_world, s, days, cut_s=HOUR, journeys=None, first_day=0):
    """Rows of a run with a live show every evening at 20 h; no outcomes."""
    j = journeys or Journeys(result_world, s, result_world.key0, result_world.key1)
    parts = [np.zeros(0, DEMAND)]
    for day in range(first_day, days):
        j.begin_day(day)
        cuts = sorted({*range(day * DAY, (day + 1) * DAY, cut_s), day * DAY + 20 * HOUR}) + [(day + 1) * DAY]
        for start, end in itertools.pairwise(cuts):
            if start % DAY == 20 * HOUR:
                j.broadcast(start)
            parts.append(j.advance(end).copy())
    return np.concatenate(parts), j


def by_key(rows):
    return rows[np.argsort(rows["key"])]


@pytest.mark.parametrize("cut_s", [300, 7 * 301, DAY])
def test_windows_cut_anywhere_give_the_same_rows(cut_s):
    s = busy(3000)
    (a, ja), (b, jb) = (show_on(small_world(s, rich_policy()), s, 6, c) for c in (HOUR, cut_s))
    assert len(a) > 300
    assert np.array_equal(by_key(a), by_key(b))
    assert np.array_equal(ja.counts, jb.counts) and np.array_equal(ja.shoppers, jb.shoppers)


def test_every_kind_of_mission_and_offer_occurs():
    s = busy(8000)
    rows, j = show_on(small_world(s, rich_policy()), s, 14)
    assert set(np.unique(rows["offer"])) == set(range(8))
    need = (rows["key"] >> 8) & ((1 << 22) - 1)
    touch = need >= 1 << 21
    which = need[touch] % 32
    assert (which == 0).any() and (which == 1).any() and (which >= 2).any()  # asked again, pushed, by a show
    assert len(np.unique(rows["key"])) == len(rows)
    assert (rows["mind"][rows["channel"] == 3].mean()) > rows["mind"][rows["channel"] == 0].mean()  # regret after shows
    assert j.counts[:, Count.TOUCH_MISSIONS].sum() > 100


def test_one_more_shopper_who_never_visits_changes_nobody():
    few, many = busy(1500), busy(1501)
    a, ja = show_on(small_world(few, rich_policy()), few, 5)
    world = small_world(many, rich_policy())
    world.stock.published[...] = 1000
    j = Journeys(world, many, world.key0, world.key1)
    j.shoppers[1500]["flags"] = 0
    j.shoppers[1500]["used"] = 0
    b, jb = show_on(world, many, 5, journeys=j)
    assert np.array_equal(by_key(a), by_key(b))
    assert np.array_equal(ja.shoppers, jb.shoppers[:1500])
    assert np.array_equal(ja.counts[:, Count.PURCHASES], jb.counts[:, Count.PURCHASES])


def test_needs_are_the_same_under_every_policy():
    s = busy(2000)
    a = play(s, online_policy(), 7).journeys
    b = play(s, rich_policy(), 7).journeys
    assert np.array_equal(a.counts[:7, Count.NEEDS], b.counts[:7, Count.NEEDS])
    assert np.array_equal(a.needs["next_s"], b.needs["next_s"])


def test_saved_and_loaded_goes_on_as_if_nothing_had_happened():
    s = busy(2500)
    straight, whole = show_on(small_world(s, rich_policy()), s, 8)
    first, j = show_on(small_world(s, rich_policy()), s, 4)
    saved = {name: array.copy() for name, array in j.state().items()}
    other = Journeys(small_world(s, rich_policy()), s, s.seed, 0)
    other.load(saved)
    second, resumed = show_on(other.world, s, 8, journeys=other, first_day=4)
    assert np.array_equal(by_key(straight), by_key(np.concatenate([first, second])))
    for name, array in whole.state().items():
        if name == "needs":
            array, theirs = array.copy(), resumed.state()[name].copy()
            array["link"] = theirs["link"] = 0  # order inside a day's list
            assert np.array_equal(array, theirs)
        else:
            assert np.array_equal(array, resumed.state()[name]), name


def test_a_log_of_touches_moves_nothing():
    plain, logged = busy(2000), busy(2000, output={"touches": True})
    a, ja = show_on(small_world(plain, rich_policy()), plain, 5)
    b, jb = show_on(small_world(logged, rich_policy()), logged, 5)
    assert np.array_equal(a, b) and np.array_equal(ja.counts, jb.counts)
    touches = jb.touches
    assert len(touches) > 5000 and not len(ja.touches)
    ordered = touches[touches["bought"] == 1]
    assert len(ordered) == jb.counts[:, Count.TOUCHES].sum()
    assert int((ordered["identity"] > 0).sum()) == jb.counts[:, Count.TOUCHES_OBSERVED].sum()
    per_purchase = len(ordered) / jb.counts[:, Count.PURCHASES].sum()
    assert 10 < per_purchase < 12  # N7: at least 11 counted


def test_stop_at_opens_no_mission_from_there_on():
    s = busy(2000)
    world = small_world(s, rich_policy())
    j = Journeys(world, s, world.key0, world.key1)
    j.stop_at(2 * DAY + 10 * HOUR)
    show_on(world, s, 5, journeys=j)
    assert j.counts[2, Count.MISSIONS] > 0 and j.counts[3:, [Count.MISSIONS, Count.NEEDS, Count.WEB_SESSIONS]].sum() == 0


TINY = """
import hashlib, sys
sys.path.insert(0, ".")
from tests.journeys.test_invariance import digest_of_tiny_run
print(digest_of_tiny_run())
"""


def digest_of_tiny_run():
    """Hash of the rows and shoppers of 50 shoppers over 3 days who buy often."""
    crowd = {"word_of_mouth": {"tell": 0.5, "worth_telling": 0.01}, "messages": {"tolerated_per_week": 0.5, "opt_out_per_contact": 1.0}}
    s = settings(shoppers=50, market={"demand": {"purchase_r": 3.0, "purchase_alpha_weeks": 2.0}, **crowd})
    world = small_world(s, rich_policy())
    rows, j = show_on(world, s, 3)
    assert len(rows) > 20
    whole = play(s, rich_policy(), 8)
    assert whole.journeys.counts[:, Count.TOLD].sum() > 0 and whole.journeys.counts[:, Count.OPTED_OUT].sum() > 0
    parts = [rows, j.shoppers, j.counts, whole.rows, whole.journeys.shoppers, whole.journeys.counts]
    return hashlib.sha256(b"".join(p.tobytes() for p in parts)).hexdigest()


def test_the_same_bits_without_the_jit():
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", TINY], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == digest_of_tiny_run()


def test_no_strategy_is_named_where_shoppers_decide():
    names = re.compile(r"\b(omo|o2o|omnichannel|multichannel|store_only|convergent)\b", re.IGNORECASE)
    files = [*(ROOT / "omosim/journeys").glob("*.py"), *(ROOT / "omosim/kernels").glob("journeys_*.py")]
    assert len(files) > 10
    found = {f.name: names.findall(f.read_text(encoding="utf-8")) for f in files}
    assert not any(found.values()), json.dumps(found)


def test_one_more_item_moves_nobody_in_another_category():
    s = busy(1500)
    kinds = dict(s.catalogue.categories)
    first = next(iter(kinds))
    kinds[first] = kinds[first].model_copy(update={"skus": kinds[first].skus + 1})
    more = s.model_copy(update={"catalogue": s.catalogue.model_copy(update={"categories": kinds})})
    (a, _), (b, _) = (show_on(small_world(x, rich_policy()), x, 5) for x in (s, more))
    a, b = (by_key(rows[rows["category"] > 0]).copy() for rows in (a, b))
    assert len(a) > 200
    for rows, shift in ((a, 0), (b, 1)):
        rows["sku"] -= shift
        rows["alt_sku"] -= np.where(rows["alt_sku"] >= 0, shift, 0)
    assert np.array_equal(a["key"], b["key"])
    assert all(np.array_equal(a[name], b[name]) for name in DEMAND.names)
