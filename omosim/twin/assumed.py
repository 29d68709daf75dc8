"""Values of a calibrated market that an order log cannot tell; every one is written out as assumed.

Money is in won and changed at round rates, or in parts of the log's own order values and sales. The behavioural scales
are the joint point of the parameter table (shares of price).
"""

from __future__ import annotations

from typing import Any

MARKET: dict[str, Any] = {
    "geography": {
        "zones": 24, "radius_km": 25.0, "density_gradient": 1.0, "speed_kmh": 20.0, "combined_trip_share": 0.4,
        "combined_travel_factor": 0.3,
    },
    "segments": {
        "mobile": {
            "share": 0.5, "need_multiplier": 1.0, "vot_multiplier": 1.0, "mobile_share": 0.8, "digital_taste": 0.05,
        },
        "desk": {
            "share": 0.5, "need_multiplier": 1.0, "vot_multiplier": 1.0, "mobile_share": 0.4, "digital_taste": 0.0,
        },
    },
    "goodwill": {
        "memory_weeks": 10.0, "learning": 0.3, "consider_base": 1.4, "consider_slope": 4.0, "dropout_slope": 4.0,
        "empty_shelf": 0.1, "late": 0.08, "failed_pickup": 0.15, "price_gap": 0.04, "return_hassle": 0.1, "pleasure": 0.25,
    },
    "choice": {
        "theta_upper": 0.033, "theta_lower": 0.033, "taste_web": 0.0, "taste_store": -0.5, "taste_social": -0.9,
        "taste_live": -0.9, "taste_sd": 0.58, "habit_gain": 0.1, "habit_rate": 0.2, "search_cost": 0.01,
        "wait_per_day": 0.0024, "return_post": 0.15, "return_store": 0.05, "switch_hassle": 0.04,
        "visit_minutes": 15.0, "collect_minutes": 3.0, "stock_check_share": 0.51, "belief_start": 0.85,
        "belief_rate": 0.15, "near_stores": 3, "go_on": 0.5,
    },
    "rival": {"price_index": 1.0, "pull": 0.35, "reaction": 0.1, "store_km": 5.0, "store_pull": 0.01},
    "identity": {"consent": 0.65, "login": 0.8, "loyalty": 0.4},
    "personalisation": {"rho_inf": 0.25, "n_half": 12.0},
    "sessions": {"per_mission": 3.0, "browse_per_week": 0.5, "touches_per_mission": 11.0,
                 "show_ahead_days": 28, "push_ahead_days": 3, "push_window_days": 7.0, "nearly_bought": 0.25},
}  # fmt: skip
#: minor units of a currency for one won, in which capability files state their costs; round rates
WON = {"KRW": 1.0, "USD": 0.072, "GBP": 0.054, "EUR": 0.062, "JPY": 0.11}
AWARENESS: dict[str, Any] = {"decay_per_week": 0.0, "store_rho": 0.0, "store_scale_km": 3.0}
CATEGORY: dict[str, Any] = {
    "skus": 24, "margin": 0.42, "misfit": 0.005, "popularity": 0.5,
    "resale_loss": 0.3,
}  # fmt: skip
NETWORK: dict[str, Any] = {
    "stores": {
        "count": 12, "opens": "09:00", "closes": "18:00", "pickers": 1, "counter": 1, "peak_from": "11:00",
        "peak_to": "15:00", "peak_extra": 0,
    },
    "work": {
        "centre_pickers": 4, "pick_base_s": 150.0, "counter_s": 188.0, "checkout_s": 120.0, "returns_s": 240.0,
        "shape": 4.0, "patience_minutes": 12.0,
    },
    "stock": {
        "store_cover_days": 14.0, "store_min_units": 1, "store_lead_days": 2.0, "store_review_hour": 6,
        "centre_cover_days": 45.0, "centre_lead_days": 7.0, "store_safety_z": 2.0, "record_wrong": 0.65,
        "record_harmful": 0.05, "count_days": 60.0, "stale_error": 0.04,
        "store_share": 0.6, "shrink_per_year": 0.01, "holding_per_year": 0.18,
    },
    "carrier": {
        "cutoff": "16:00", "lead_days": 2.0, "lead_cv": 0.4, "ship_fee": 0.035, "free_from": 0, "same_day_fee": 0.06,
        "same_day_radius_km": 5.0, "waves": ["11:00", "14:00", "17:00"], "wave_capacity": 20,
    },
    "returns": {"refurbish_days": 2.0},
    "pickup": {"hold_days": 5.0, "no_show": 0.05, "collect_median_h": 8.0, "collect_sigma": 0.9, "extra_purchase": 0.1},
}  # fmt: skip
#: Wage with on-costs, minor units an hour; the value of time is half of it.
WAGE = {"KRW": 14_000, "USD": 1_800, "GBP": 1_200, "EUR": 1_500, "JPY": 1_500}
#: Costs of a drop: won, and part of the median order value; the larger holds, since large orders are heavy.
DROPS: dict[str, tuple[float, float]] = {
    "parcel_cost": (2_600, 0.02), "return_parcel_cost": (3_000, 0.02), "same_day_cost": (4_500, 0.03),
}  # fmt: skip
#: Handling of a returned unit, part of its price; rent of a store, part of a store's even share of sales.
HANDLING, RENT = 0.05, 0.05
#: Sales a year, won, of the chain for which capability files state their costs (400,000 people of seoul_beauty).
CHAIN_SALES_WON = 78e9
#: Seconds to pick all units of a median order, spread over its units.
PICK_ORDER_S = 600.0
#: Part of the time round the clock that people of the centre pick: half of a working day of eight hours. So many of them are
#: assumed as the orders then ask for, at least one (somebody picks where there is a web shop), at most those of `NETWORK`.
CENTRE_LOAD = 0.5 * 8 / 24
#: What gaps between purchases say of the part of needs that is bought: the part assumed, willingness to pay less price.
#: ANY: they come nearly at random: the joint point of the parameter table. REGULAR (`mostly_bought`):
#: only needs that are mostly bought leave regular gaps, CV^2 = 1 - share (1 - 1/stages); values are then as narrow as
#: an own-price elasticity near -2.5 asks at that share.
ANY: dict[str, float] = {"purchase_share": 0.2, "value_mean": -1.03, "value_sd": 0.75}
REGULAR: dict[str, float] = {"purchase_share": 0.75, "value_mean": 0.1, "value_sd": 0.05}
#: Scales from which the closing step starts. Needs begin in equilibrium, so those seen to buy are drawn by their rates:
#: where they buy regularly, people are more, more unlike and slower than the customers whose rates the repeat fit gives.
START_ANY: dict[str, float] = {"purchase_share": 0.2}
START_REGULAR: dict[str, float] = {"purchase_share": 2.0, "people": 3.0, "shape": 0.3}
MOST_STAGES = 4  # of a need, in the engine
#: Aware part of the people at the start: fixes how many people the market counts.
AWARE_AT_START = 0.35
#: Part of newly acquired customers that touchpoints bring; the rest comes by word of others and search.
TOUCHED_SHARE = 0.5


def mostly_bought(k: int, regularity: float) -> bool:
    """Whether purchases of the likeliest k and of that measured regularity must come from needs that are mostly bought.

    By simulation of daily logs, `holdout.regularity` reads 1.4, 1.6, 2.0 where .35, .5, 1 of Erlang-2 needs are bought:
    true when more than half are. Tests: tests/twin/test_laws.py.
    """
    return k > 1 and regularity - 1 > 0.6 * (k - 1)


def need_stages(k: int, mostly: bool) -> int:
    """Stages of needs: k, or, mostly bought, as many as leave CV^2 = 1/k at the assumed share; at most MOST_STAGES."""
    if not mostly:
        return k
    rest = 1.0 - (1.0 - 1.0 / k) / REGULAR["purchase_share"]
    return min(MOST_STAGES, max(k, round(1.0 / rest) if rest > 0 else MOST_STAGES))
