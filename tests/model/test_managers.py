"""Those who manage do move something, within their means."""

import numpy as np

from omosim.model.agents import MEDIA_STEP, StoreManager, paid_rows
from omosim.model.retail import RetailModel
from omosim.schema.codes import Move


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


def test_levels_of_goods_sold_in_lots_do_not_sink(settings_of):
    """One lot of 150 units every six weeks for two years: rises and falls of the level must cancel out."""
    settings = settings_of("days=28", "burn_in_days=0")
    kinds = {n: c.model_copy(update={"units_mean": 150.0}) for n, c in settings.catalogue.categories.items()}
    model = RetailModel(settings.model_copy(update={"catalogue": settings.catalogue.model_copy(update={"categories": kinds})}))
    manager = next(a for a in model.agents if isinstance(a, StoreManager) and a.node == 1)
    start = model.replenishment.level[1].copy()
    for week in range(104):
        if week % 6 == 5:
            model.world.stock.moves[Move.SOLD, 1] += 150
        manager.review()
    level = model.replenishment.level[1]
    assert (level >= 0.8 * start).all() and (level <= 4.0 * start).all()


def test_the_rival_follows_our_price(settings_of, tmp_path):
    scenario = tmp_path / "cheaper.yaml"
    scenario.write_text(
        "name: cheaper\ntitle: Our prices fall\ninterventions:\n  - what: price\n    times: 0.8\n    from_day: 0\n", encoding="utf-8"
    )
    model = after_weeks(settings_of("days=28", "burn_in_days=0", f"scenario={scenario}"), 2)
    assert 0.8 < model.world.rival_price_index[0] < 1.0
    assert (model.world.outside_value > 0).any()
