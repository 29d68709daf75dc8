"""How much lies where at the start: expected demand, order-up-to levels, opening stock and records."""

from __future__ import annotations

import math

import numpy as np

from omosim.kernels.purposes import RECORD_ERROR, SYNTH
from omosim.kernels.synthesis import fill_demand, fill_opening, fill_record_error
from omosim.schema.settings import Settings, StockPolicy
from omosim.world.goods import Goods, item_shares

REVIEW_DAYS = 1.0


def market_rate(settings: Settings, goods: Goods) -> np.ndarray:
    """(K,) float64: units a day that the whole market is expected to buy of each item."""
    demand = settings.market.demand
    people = sum(s.share * s.need_multiplier for s in settings.market.segments.values()) * settings.shoppers
    orders = people * demand.purchase_r / demand.purchase_alpha_weeks / 7.0
    kinds = settings.catalogue.categories.values()
    units = np.array([orders * kind.need_share * kind.units_mean for kind in kinds])
    return units[goods.category] * item_shares(goods)


def expected_demand(rate: np.ndarray, store_rate: np.ndarray, weight: np.ndarray, distance_m: np.ndarray, trading: np.ndarray) -> np.ndarray:
    """(N, K) float64 units a day: row 0 all that passes the centre, the others what stores sell.

    Parameters
    ----------
    rate, store_rate : (K,) units a day of the market, and for which stores are stocked; managers learn the rest
    weight : (Z,) shares of the population
    distance_m : (Z, N) metres
    trading : (N,) bool; a store that does not trade yet is planned as if it joined the others alone
    """
    nodes, out = trading.size, np.zeros((trading.size, rate.size))
    out[0] = rate
    stores = np.arange(1, nodes)
    sets = [stores[trading[1:]]] + [np.append(stores[trading[1:]], s) for s in stores[~trading[1:]]]
    for index, chosen in enumerate(sets):
        if chosen.size == 0:
            continue
        part = np.empty((chosen.size, rate.size))
        fill_demand(weight, np.ascontiguousarray(distance_m[:, chosen]), store_rate, part)
        if index == 0:
            out[chosen] = part
        else:
            out[chosen[-1]] = part[-1]
    return out


def order_up_to(policy: StockPolicy, daily: np.ndarray) -> np.ndarray:
    """(N, K) int32 order-up-to levels: demand over lead time, review and cover, and safety stock.

    Parameters
    ----------
    policy : replenishment settings
    daily : (N, K) float64, expected units a day; row 0 is the centre
    """
    level = np.empty(daily.shape, np.int32)
    for rows, lead, cover, least in (
        (slice(0, 1), policy.centre_lead_days, policy.centre_cover_days, 0),
        (slice(1, None), policy.store_lead_days, policy.store_cover_days, policy.store_min_units),
    ):
        exposed = lead + REVIEW_DAYS
        need = daily[rows] * (exposed + cover) + policy.store_safety_z * np.sqrt(daily[rows] * exposed)
        level[rows] = np.maximum(np.ceil(need - 1e-9), least)
    return level


def opening_units(policy: StockPolicy, level: np.ndarray, daily: np.ndarray, key0: int, key1: int) -> np.ndarray:
    """(N, K) int32 units on hand at the start: the level less what would be under way, by keyed draw."""
    pipeline = np.empty(daily.shape)
    pipeline[0] = daily[0] * policy.centre_lead_days
    pipeline[1:] = daily[1:] * (policy.store_lead_days + REVIEW_DAYS)
    out = np.empty(level.shape, np.int32)
    fill_opening(key0, key1, SYNTH, level, pipeline, out)
    return out


def record_error(policy: StockPolicy, units: np.ndarray, quality: float, key0: int, key1: int, purpose: int = RECORD_ERROR) -> np.ndarray:
    """(N, K) int32 errors of the stock record at the start; none in the centre.

    Parameters
    ----------
    policy : shares of wrong and harmful records
    units : (N, K) int32, available units
    quality : share of the errors that better records remove, 0 to 1
    purpose : what the draws are for
    """
    out = np.zeros(units.shape, np.int32)
    quality = float(min(max(quality, 0.0), 1.0)) if math.isfinite(quality) else 0.0
    fill_record_error(key0, key1, purpose, units, policy.record_wrong, policy.record_harmful, quality, out)
    return out
