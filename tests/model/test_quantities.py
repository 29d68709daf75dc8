"""What further dated changes do to people, goods and rivals."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from omosim.journeys import Journeys
from omosim.model.run import run
from omosim.schema.codes import Entry, Flow
from omosim.schema.columns import DAY, FLAG_SUBSTITUTED
from omosim.schema.scenario import CAPACITY, KINDS, Intervention
from omosim.schema.settings import Settings
from omosim.strategy import build_policy, capability, capability_names, switch
from omosim.world.interventions import Interventions
from omosim.world.synthesis import synthesise

DOCS = Path(__file__).parents[2] / "docs" / "interventions.md"


def changed(settings: Settings, *changes: dict) -> Settings:
    rows = [Intervention(**change) for change in changes]
    return settings.model_copy(update={"scenario": settings.scenario.model_copy(update={"interventions": rows})})


def world_of(settings: Settings):
    world = synthesise(settings, settings.seed, settings.replication)
    world.policy = build_policy(settings)
    return world, Interventions(settings, world)


@pytest.fixture(scope="module")
def plain(settings_of) -> Settings:
    return settings_of("shoppers=6000", "days=7", "burn_in_days=2")


@pytest.fixture(scope="module")
def plain_run(plain):
    return run(plain)


def test_needs_of_a_segment_come_faster_and_nobody_elses(plain) -> None:
    twice = changed(plain, {"what": "need_rate", "times": 2.0, "from_day": -2, "segments": ["family"], "zones": list(range(24))})
    met = []
    for settings in (plain, twice):
        world, _ = world_of(settings)
        journeys = Journeys(world, settings, world.key0, world.key1)
        for day in range(9):
            journeys.begin_day(day)
            journeys.advance((day + 1) * DAY)
        assert journeys.needs_recounted(9 * DAY) == 0
        met.append((journeys.needs["number"] & 0x7FFF).reshape(6000, -1).sum(axis=1).astype(int))
        who = (journeys.shoppers["segment"] == list(plain.market.segments).index("family")) & (journeys.shoppers["zone"] < 24)
    assert np.array_equal(met[0][~who], met[1][~who]) and who.sum() > 300
    assert 1.8 < met[1][who].sum() / met[0][who].sum() < 2.2


def test_items_not_shown_are_not_ordered_and_a_smaller_choice_is_part_of_a_larger_one(plain, plain_run) -> None:
    kept = []
    for share in (0.3, 0.6):
        settings = changed(plain, {"what": "assortment", "set": share, "categories": ["masks"], "channels": ["web", "social", "live"], "from_day": -2})
        world, dated = world_of(settings)
        dated.apply(0)
        kept.append(set(np.flatnonzero(world.sold[0, Entry.WEB] == 1).tolist()))
        assert (world.carried == 1).all() and (world.sold[0, Entry.STORE] == 1).all()
    masks = world.sku_category == world.category_names.index("masks")
    assert kept[0] < kept[1] and abs(len(kept[1] & set(np.flatnonzero(masks))) / masks.sum() - 0.6) < 0.15
    done = run(settings)
    book = done.book
    gone = ~np.isin(book["sku"], list(kept[1]))
    on_line = book["flow"] != Flow.VISIT
    assert not (gone & on_line & (book["placed_at"] >= 0)).any()
    before = plain_run.book
    assert (~np.isin(before["sku"], list(kept[1])) & (before["flow"] != Flow.VISIT)).sum() > 10
    assert (gone & ~on_line).sum() > 10, "what the web no longer shows is still bought in stores"


def test_items_sold_nowhere_give_way_to_others(plain, plain_run) -> None:
    change = {"what": "assortment", "set": 0, "categories": ["masks"], "items": [0, 1, 2], "from_day": -2}
    done = run(changed(plain, change))
    first = int(done.model.world.sku_first[done.model.world.category_names.index("masks")])
    of_masks = lambda book: book[(book["category"] == done.model.world.category_names.index("masks")) & (book["units_out"] > 0)]
    assert not np.isin(of_masks(done.book)["sku"], first + np.arange(3)).any()
    assert np.isin(of_masks(plain_run.book)["sku"], first + np.arange(3)).sum() > 10
    assert len(of_masks(done.book)) > 0.8 * len(of_masks(plain_run.book)), "people take another mask"
    bought = lambda book: set(book["key"][(book["category"] != 0) & (book["placed_at"] < DAY)].tolist())
    other = done.model.world.category_names.index("masks")
    kept = lambda book: set(book["key"][(book["category"] != other) & (book["placed_at"] < DAY)].tolist())
    assert kept(done.book) == kept(plain_run.book) and bought(done.book)
    assert not any(done.laws.values())


def test_a_store_that_stops_carrying_items_runs_out_of_them(plain) -> None:
    settings = changed(plain, {"what": "assortment", "set": 0.5, "stores": ["S01"], "from_day": -2})
    world, dated = world_of(settings)
    dated.apply(0)
    dropped = world.carried[1] == 0
    assert 0.3 < dropped.mean() < 0.7 and (world.carried[2:] == 1).all() and (world.carried[0] == 1).all() and (world.sold == 1).all()
    done = run(settings)
    target = done.model.replenishment.targets()
    assert (target[1, dropped] == 0).all() and target[2, dropped].sum() > 0
    stock = done.model.world.stock.on_hand
    assert stock[1, dropped].sum() < 0.9 * run(plain.model_copy(update={"days": 1})).model.world.stock.on_hand[1, dropped].sum()
    assert not any(done.laws.values())


def test_reach_grows_by_its_factor_a_year_and_no_user_is_lost(plain) -> None:
    settings = changed(plain, {"what": "reach_growth", "times": 1.389, "channels": ["social"], "from_day": 0}, {"what": "reach", "set": 0.95, "touchpoints": ["live_show"], "from_day": 7})
    world, dated = world_of(settings)
    social = world.touch_entry == Entry.SOCIAL
    start = world.reach.copy()
    journeys = Journeys(world, settings, world.key0, world.key1)
    journeys.refresh()
    used = [journeys.shoppers["used"].copy()]
    for day in (2, 2 + 7, 2 + 364):
        dated.apply(day)
        journeys.refresh()
        used.append(journeys.shoppers["used"].copy())
    assert np.allclose(world.reach[0, social], np.minimum(start[0, social] * 1.389 ** (364 / 365), 1.0), rtol=1e-12)
    others = ~social & (np.array(world.touch_names) != "live_show")
    assert (world.reach[0, others] == start[0, others]).all()
    uses = lambda bits, entry: bits >> entry & 1
    assert np.array_equal(used[0], used[1]) and all((uses(b, Entry.SOCIAL) >= uses(a, Entry.SOCIAL)).all() for a, b in itertools.pairwise(used))
    assert abs(uses(used[-1], Entry.LIVE).mean() - 0.95) < 0.02 and uses(used[0], Entry.LIVE).mean() < 0.5
    dated.apply(1)
    journeys.refresh()
    assert np.array_equal(journeys.shoppers["used"], used[0])


def test_a_rival_opens_and_closes_at_a_place(plain) -> None:
    opens = {"what": "rival_store", "set": 1, "zones": [7], "from_day": 0}
    world, dated = world_of(changed(plain, opens, {"what": "rival_store", "set": 0, "zones": [7], "from_day": 3}))
    usual = plain.market.rival.store_km
    before = world.outside_value.copy()
    dated.apply(2)
    near = world.rival_store_km < usual
    assert near[7] and 0 < near.sum() < near.size and (world.outside_value[near] > before[near]).all()
    assert (world.outside_value[~near] == before[~near]).all()
    alone, shut = world_of(changed(plain, {"what": "rival_store", "set": 0, "zones": [7], "from_day": 0}))
    shut.apply(2)
    assert (alone.rival_store_km[near] == 1.5 * usual).all() and (alone.rival_store_km[~near] == usual).all()


def test_information_shows_misfits_before_the_order(plain) -> None:
    blind, clear = (run(changed(plain, {"what": "accuracy", "set": a, "channels": ["web"], "from_day": -2})) for a in (0.0, 0.95))
    rate = [next(k.value for k in done.kpis if k.kpi == "return_rate_online") for done in (blind, clear)]
    assert rate[1] < 0.8 * rate[0]  # what is left are changes of mind


def test_a_discount_is_taken_off_at_the_order_where_it_is_paid(plain) -> None:
    done = run(changed(plain, {"what": "discount", "set": 0.5, "channels": ["store"], "from_day": -2}))
    world, book = done.model.world, done.book
    visits = book[(book["flow"] == Flow.VISIT) & (book["units_out"] > 0) & (book["units_back"] == 0) & (book["key"] % 256 == 0) & (book["flags"] & FLAG_SUBSTITUTED == 0) & (book["placed_at"] < done.model.window_end)]
    share = visits["revenue"] / (world.price[Entry.STORE, visits["sku"]] * visits["units_out"])
    assert set(np.unique(visits["offer"])) == {3, 4} and (share < 0.51).all()
    assert world.price[Entry.STORE].sum() == run(plain.model_copy(update={"days": 1})).model.world.price[Entry.STORE].sum()


def test_a_level_moves_where_its_capability_is_on_and_costs_nothing(plain) -> None:
    change = {"what": "level", "capability": "live_commerce", "level": "intensity", "set": 0.4, "from_day": 0, "to_day": 3}
    world, dated = world_of(changed(plain, change))
    before, cost = world.policy.live_intensity, world.policy.running_per_day
    dated.apply(2)
    assert world.policy.live_intensity == 0.4 and world.policy.running_per_day == cost
    dated.apply(5)
    assert world.policy.live_intensity == before
    bare = plain.model_copy(update={"strategy": switch(plain.strategy, {"live_commerce": False})})
    world, dated = world_of(changed(bare, change))
    dated.apply(2)
    assert world.policy.live_intensity == 0 and world.policy.offers["enabled"][7] == 0
    world, dated = world_of(changed(plain, {**change, "set": None, "times": 1000}))
    dated.apply(2)
    assert world.policy.live_intensity == 2.0, "a factor is cut at the level's range"


#: fields of a policy that shoppers do not read
NETWORK_FIELDS = {"services", "ship_from_store", "pickup_slots", "dark_stores", "outsourced", "broadcast_per_week", "broadcast_hour", "publish_s",
                  "record_quality", "work_factor", "failures_avoided", "courier_wave_capacity", "courier_radius_m", "rebuild", "capital", "capital_per_day", "running_per_day"}  # fmt: skip


def test_capabilities_say_rightly_whether_they_are_the_networks_alone(plain) -> None:
    bare = plain.model_copy(update={"strategy": plain.strategy.model_copy(update={"capabilities": {}})})
    for name in capability_names():
        needed = dict.fromkeys(capability(name).requires, True)
        without, with_it = build_policy(bare, needed), build_policy(bare, {**needed, name: True})
        differ = {field for field, value in vars(with_it).items() if not np.array_equal(value, getattr(without, field))} - NETWORK_FIELDS
        on_both_sides = ("pickup_slots", "package_inserts")  # of the network, and read by shoppers: slots that are full, leaflets that came
        assert capability(name).network == (not differ or name in on_both_sides), (name, differ)


def test_the_page_names_every_quantity_with_its_narrowing() -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = {name: line.split("|") for line in text.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert set(rows) == set(KINDS)
    for name, row in rows.items():
        if name not in (*CAPACITY, "misfit", "goods_cost", "delivery_cost"):
            assert set(re.findall(r"stores|zones|categories|channels|segments|touchpoints|items|\bab\b", row[3])) == set(KINDS[name].narrowed), name


def test_every_example_of_the_page_can_be_carried_out(plain) -> None:
    import yaml

    from omosim.world.change_checks import problems

    examples = [yaml.safe_load(text) for text in re.findall(r"`(\{what: .*?\})`", DOCS.read_text(encoding="utf-8"))]
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)]
    changes = examples + [row for block in blocks for row in block["interventions"]]
    assert len(changes) >= 29 and problems(changed(plain, *changes)) == []
