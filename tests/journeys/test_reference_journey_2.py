"""A journey of the field's articles on a run: found on a marketplace, and, step by step, invited as a VIP.

marketplace order -> leaflet in its parcel, whose tagged link is opened -> asked again in other media -> a further purchase ->
message about an event near by -> invitation as a VIP. Read from the log of touches and the order book alone.
"""

import numpy as np
import pytest

from omosim.config.compose import compose
from omosim.model.run import run

C = "strategy.capabilities."
WORDS = [
    "strategy=omo", "shoppers=6000", "days=84", "burn_in_days=0", "seed=7", "output.touches=true", "market.demand.purchase_alpha_weeks=3",
    "market.choice.taste_social=0.1", f"{C}package_inserts=true", f"{C}package_inserts.levels.open_rate=0.6", f"{C}events=true",
    f"{C}events.levels.per_month=3", f"{C}events.levels.invite_km=3", f"{C}loyalty.levels.vip_threshold=6",
    f"{C}retargeting.levels.rate=0.5",
]  # fmt: skip
STEPS = ("marketplace", "landing page", "retargeted", "bought again", "event message", "VIP invitation")
#: capability without which a step and those after it cannot be
NEEDS = {"marketplace": "marketplace_social", "landing page": "package_inserts", "retargeted": "retargeting", "event message": "events"}
OWN_MEDIA = ("marketplace", "landing_page")
AFTER = 10**15


def first_after(who, t, since):
    """(n,) second of each shopper's first row at or after `since`, AFTER where there is none."""
    out = np.full(since.size, AFTER)
    late = t >= since[who]
    np.minimum.at(out, who[late], t[late])
    return out


def paths(done):
    """(steps,) people who took all steps up to each, in this order."""
    log, book, n = done.model.journeys.touch_columns(), done.book, done.settings.shoppers
    point, by, who, t = log["touchpoint"], log["opened_by"], log["shopper_id"], log["t"]
    sold = book[(book["units_out"] > 0) & (book["key"] & 255 == 0)]
    social = np.isin(sold["key"], log["mission"][(point == "marketplace") & log["bought"]])
    social &= sold["channel"] == 2
    at = first_after(sold["shopper"][social], sold["placed_at"][social], np.zeros(n, np.int64))
    seconds = [at]
    for rows in (
        (who[point == "landing_page"], t[point == "landing_page"]),
        (who[(by == "retargeting") & ~np.isin(point, OWN_MEDIA)], t[(by == "retargeting") & ~np.isin(point, OWN_MEDIA)]),
        (sold["shopper"], sold["placed_at"]),
        (who[point == "event_message"], t[point == "event_message"]),
        (who[point == "vip_invitation"], t[point == "vip_invitation"]),
    ):
        at = np.where(at < AFTER, first_after(*rows, np.minimum(at + 1, AFTER)), AFTER)
        seconds.append(at)
    return np.array([(at < AFTER).sum() for at in seconds])


@pytest.fixture(scope="module")
def journey():
    return paths(run(compose("run", WORDS).settings))


def test_such_journeys_exist_and_each_step_is_rarer_than_the_one_before(journey):
    assert journey[-1] >= 3, dict(zip(STEPS, journey.tolist(), strict=True))
    assert (np.diff(journey) < 0).all(), dict(zip(STEPS, journey.tolist(), strict=True))


@pytest.mark.parametrize("step", [pytest.param("landing page"), *(pytest.param(s, marks=pytest.mark.slow) for s in NEEDS if s != "landing page")])
def test_without_its_capability_a_step_and_all_after_it_are_gone(journey, step):
    kept = [word for word in WORDS if f"{C}{NEEDS[step]}" not in word]
    off = paths(run(compose("run", [*kept, f"{C}{NEEDS[step]}=false"]).settings))
    at = STEPS.index(step)
    assert (off[at:] == 0).all() and (off[:at] > 0).all(), dict(zip(STEPS, off.tolist(), strict=True))


@pytest.mark.slow
def test_without_a_vip_rank_nobody_is_invited_as_one(journey):
    off = paths(run(compose("run", [word for word in WORDS if "vip_threshold" not in word]).settings))
    assert off[-1] == 0 and off[-2] > 0
