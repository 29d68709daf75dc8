"""Those who manage do move something, within their means."""

import numpy as np

from omosim.model.agents import MEDIA_STEP, paid_rows
from omosim.model.retail import RetailModel


def after_weeks(settings, weeks):
    model = RetailModel(settings)
    for _ in range(7 * weeks + 8):
        model.step()
    return model


def test_media_shifts_and_the_budget_stays(settings_of):
    model = after_weeks(settings_of("days=28", "burn_in_days=14"), 3)
    world, paid = model.world, paid_rows(model.world)
    assert np.ptp(world.media_level[paid]) > MEDIA_STEP
    assert (world.media_level[~paid] == 1.0).all()
    plan = world.touch_cost * world.touch_contacts * world.touch_reach
    assert np.isclose((plan * world.media_level)[paid].sum(), plan[paid].sum(), rtol=1e-12)


def test_store_managers_follow_their_sales(settings_of):
    model = after_weeks(settings_of("days=28", "burn_in_days=14"), 3)
    moved = model.replenishment.level[1:] - RetailModel(model.settings).replenishment.level[1:]
    assert (moved.max(axis=1) > 0).sum() > 5  # items that sold better than thought


def test_the_rival_follows_our_price(settings_of, tmp_path):
    scenario = tmp_path / "cheaper.yaml"
    scenario.write_text(
        "name: cheaper\ntitle: Our prices fall\ninterventions:\n  - what: price\n    times: 0.8\n    from_day: 0\n", encoding="utf-8"
    )
    model = after_weeks(settings_of("days=28", "burn_in_days=0", f"scenario={scenario}"), 2)
    assert 0.8 < model.world.rival_price_index[0] < 1.0
    assert (model.world.outside_value > 0).any()
