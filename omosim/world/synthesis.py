"""Builds the world of a run from its settings: every draw keyed, so equal settings give equal worlds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from omosim.schema.codes import Entry, NodeKind
from omosim.schema.columns import OFFER_NAMES
from omosim.schema.network import BOARD
from omosim.schema.settings import Settings
from omosim.world.audiences import build_audiences
from omosim.world.calendar import build_calendar
from omosim.world.errors import CannotIntervene
from omosim.world.geography import distances, place, travel_seconds
from omosim.world.goods import N_PRICED, make_goods
from omosim.world.nodes import CAPACITIES, make_nodes, node_names, opening_of_all, record_errors, stock_further
from omosim.world.state import NEAR, SEEN_NUMBERS, World
from omosim.world.stock import Stock
from omosim.world.stocking import expected_demand, market_rate, order_up_to

STAGES = ("awareness", "exploration", "purchase", "after_sales")
IDENTITIES = ("none", "cookie", "login", "card")
LARGEST_STORES = 5000
#: a row of the board before the first publication
NOTHING_KNOWN = (-1,) * 6


def planned_stores(settings: Settings) -> tuple[int, dict[int, int], set[int]]:
    """Stores that exist, open, or will open: their number, zones given for some, and those shut at the start.

    A store that a dated change opens (`store_open` set to 1) is shut before; a name beyond the network's count is a
    further store, placed in the zone that the change names or where people are.

    Raises
    ------
    CannotIntervene : a store's name is not like S07
    """
    count, fixed, shut, seen = settings.network.stores.count, {}, set(), set()
    changes = [c for c in settings.scenario.interventions if c.what == "store_open"]
    for change in changes:
        for name in change.stores:
            if re.fullmatch(r"D0*[1-9]\d{0,3}", name):
                continue  # a dark store: no further one is built for it
            match = re.fullmatch(r"S0*([1-9]\d{0,3})", name)
            if match is None or int(match[1]) > LARGEST_STORES:
                allowed = f"stores are S01 to S{LARGEST_STORES}: correct scenario.interventions"
                raise CannotIntervene(f"'{name}' is no store's name; {allowed}")
            index = int(match[1]) - 1
            count = max(count, index + 1)
            if index >= settings.network.stores.count and change.zones:
                fixed[index] = change.zones[0]
            if index not in seen and change.set is not None and change.set >= 0.5:
                shut.add(index)
            seen.add(index)
    shut |= set(range(settings.network.stores.count, count)) - seen
    return count, fixed, shut


def _column(kinds: list[Any], source: str) -> np.ndarray:
    return np.array([getattr(kind, source) for kind in kinds], np.float64)


def _category_arrays(settings: Settings) -> dict[str, Any]:
    kinds = list(settings.catalogue.categories.values())
    columns = {
        "misfit": "misfit", "mind": "change_of_mind", "value_mean": "value_mean", "value_sd": "value_sd",
        "units_mean": "units_mean", "units_cv": "units_cv", "units_shopper_cv": "units_shopper_cv",
        "need_share": "need_share", "resale_loss": "resale_loss",
    }  # fmt: skip
    arrays: dict[str, Any] = {name: _column(kinds, source) for name, source in columns.items()}
    arrays["ref_price"] = np.array([k.price for k in kinds], np.int64)
    arrays["category_names"] = list(settings.catalogue.categories)
    return arrays


def _segment_arrays(settings: Settings) -> dict[str, Any]:
    kinds = list(settings.market.segments.values())
    columns = {
        "segment_share": "share", "segment_need": "need_multiplier", "segment_vot": "vot_multiplier",
        "segment_mobile": "mobile_share", "segment_digital": "digital_taste",
    }  # fmt: skip
    arrays: dict[str, Any] = {name: _column(kinds, source) for name, source in columns.items()}
    arrays["segment_names"] = list(settings.market.segments)
    return arrays


def _touch_arrays(settings: Settings) -> dict[str, Any]:
    rows = list(settings.touchpoints.rows.values())
    return {
        "touch_names": list(settings.touchpoints.rows),
        "touch_entry": np.array([Entry[r.entry.upper()] for r in rows], np.int8),
        "touch_stage": np.array([STAGES.index(r.stage) for r in rows], np.int8),
        "touch_reach": np.array([r.reach for r in rows], np.float64),
        "touch_accuracy": np.array([r.accuracy for r in rows], np.float64),
        "touch_pays": np.array([r.pays for r in rows], np.int8),
        "touch_identity": np.array([IDENTITIES.index(r.identity) for r in rows], np.int8),
        "touch_rho": np.array([r.awareness_rho for r in rows], np.float64),
        "touch_cost": np.array([r.cost_per_contact for r in rows], np.float64),
        "touch_contacts": np.array([r.contacts_per_week for r in rows], np.float64),
        "touch_saturation": np.array([r.saturation or 0.0 for r in rows], np.float64),
        "followed": np.array([r.followed or 0.0 for r in rows], np.float64),
        "touch_message": np.array([r.identity == "login" and (r.entry == "none" or r.stage == "after_sales") for r in rows], np.uint8),
    }


def synthesise(settings: Settings, key0: int, key1: int) -> World:
    """The world at second 0, before a policy is set (`world.policy = …` sets prices, nodes and records).

    Parameters
    ----------
    settings : validated settings
    key0, key1 : key words of the run

    Returns
    -------
    World with opening stock, doors shut, rivals at their start

    Raises
    ------
    CannotIntervene : a dated change names a store, zone or category that cannot be
    """
    geo, rival = settings.market.geography, settings.market.rival
    count, fixed, shut = planned_stores(settings)
    for zone in fixed.values():
        if not 0 <= zone < geo.zones:
            allowed = f"zones are 0 to {geo.zones - 1}: correct scenario.interventions"
            raise CannotIntervene(f"zone {zone} of a new store: {allowed}")
    places = place(geo, count, fixed, key0, key1)
    nodes = make_nodes(settings, places, key0, key1)
    first = 1 + count  # of the nodes after the stores
    n, zones, cats, touches = nodes.size, geo.zones, len(settings.catalogue.categories), len(settings.touchpoints.rows)
    distance_m = distances(places, nodes["x_m"], nodes["y_m"])
    trading = np.isin(nodes["kind"], (NodeKind.DC, NodeKind.STORE))  # further kinds work where the policy has them
    trading[[index + 1 for index in sorted(shut)]] = False
    goods = make_goods(settings.catalogue, key0, key1)
    rate = market_rate(settings, goods)
    near_m = np.ascontiguousarray(distance_m[:, :first])
    daily = expected_demand(rate, settings.network.stock.store_share * rate, places.weight, near_m, trading[:first])
    level = order_up_to(settings.network.stock, daily)
    further = stock_further(settings, nodes, rate, places.weight, distance_m, key0, key1)
    daily, level, units = opening_of_all(settings, nodes, daily, level, further, key0, key1)
    error = record_errors(settings.network.stock, nodes["kind"], units, 0.0, key0, key1)
    board = np.zeros(n, BOARD)
    board[...] = NOTHING_KNOWN
    audiences = build_audiences(settings)
    a, offers, touch = audiences.count, len(OFFER_NAMES), _touch_arrays(settings)
    world = World(
        settings=settings, key0=key0, key1=key1, calendar=build_calendar(settings),
        zone_x_m=places.x_m, zone_y_m=places.y_m, zone_weight=places.weight,
        nodes=nodes, node_names=node_names(settings, count),
        distance_m=distance_m, travel_s=travel_seconds(distance_m, geo.speed_kmh),
        near=np.full((zones, NEAR), -1, np.int16), trading=trading, closed=np.zeros(len(nodes), np.bool_), billboard=np.zeros(zones),
        near_point=np.full(zones, -1, np.int16), near_dark=np.full(zones, -1, np.int16), board=board,
        planned=np.stack([nodes[name] for name in CAPACITIES], axis=1),
        capacity_factor=np.ones((n, len(CAPACITIES))), capacity_fixed=np.full((n, len(CAPACITIES)), -1, np.int32),
        site_factor=np.ones(1), site_fixed=np.full(1, -1, np.int64),
        sku_category=goods.category, sku_first=goods.first, list_price=goods.list_price, cost=goods.cost,
        channel_price=goods.channel_price, prices=np.zeros((a, N_PRICED, goods.category.size), np.int64),
        sold=np.ones((a, N_PRICED, goods.category.size), np.uint8), carried=np.ones((n, goods.category.size), np.uint8),
        popularity_cdf=goods.popularity_cdf,
        **_category_arrays(settings), **_segment_arrays(settings), **touch,
        stock=Stock.opening(units, error), level=level, expected_daily=daily,
        cost_scale=settings.shoppers / settings.market.cost_basis_shoppers,
        audiences=audiences, audience_share=audiences.share.copy(),
        price_factor=np.ones((a, N_PRICED, cats)), price_fixed=np.full((a, N_PRICED, cats), -1, np.int64),
        fee_factor=np.ones((a, offers)), fee_fixed=np.full((a, offers), -1, np.int64),
        promise_factor=np.ones((a, offers)), promise_fixed=np.full((a, offers), -1, np.int64),
        discount_factor=np.ones((a, offers)), discount_fixed=np.full((a, offers), -1.0),
        reach=np.tile(touch["touch_reach"], (a, 1)), reach_factor=np.ones((a, touches)), reach_fixed=np.full((a, touches), -1.0),
        seen_factor=np.ones((a, len(SEEN_NUMBERS))), seen_fixed=np.full((a, len(SEEN_NUMBERS)), -1.0),
        reviewed=np.zeros(cats), outside_value=np.zeros((zones, cats)), rival_price_index=np.array([rival.price_index]),
        rival_price_factor=np.ones((zones, cats)), rival_store_km=np.full(zones, rival.store_km),
        media_level=np.ones(touches), media_factor=np.ones((a, touches)), lead_factor=np.ones(zones),
        level_factor=np.ones((n, cats)), supply=np.ones(cats), staff_factor=np.ones(n),
        staff_fixed=np.full(n, -1, np.int32), courier_factor=np.ones(n),
    )  # fmt: skip
    world.update_near()
    world.update_outside()
    world.update_prices()
    return world
