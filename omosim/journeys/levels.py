"""Packs settings, world and policy into the record and tables that the journey kernels read."""

from __future__ import annotations

import math

import numpy as np

from omosim.journeys.campaigns import campaign_levels
from omosim.journeys.live import no_shows
from omosim.kernels.journeys_synthesis import KNOTS, fill_gamma_table, order_mu
from omosim.kernels.journeys_types import CASE, CATEGORY, FITTING_DAYS, LEVELS, SEGMENT, TOUCHPOINT, Scene
from omosim.kernels.mathx import exp64, log64
from omosim.schema.campaigns import N_SENT, PATRON, PERK
from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, HOUR
from omosim.schema.settings import Settings, informs
from omosim.schema.shopper import COOKIE
from omosim.world.calendar import AFTER_OPENING_S, courier_waves
from omosim.world.geography import LEAST_RIDE_S, ride_seconds_per_km
from omosim.world.nodes import simulated_part, site_plan
from omosim.world.policy import Policy
from omosim.world.state import World

PPM = 1_000_000
MINUTE = 60


def ppm(share: float) -> int:
    """A share as whole parts per million."""
    return round(share * PPM)


def _log_spread(cv: float) -> float:
    return math.sqrt(float(log64(1.0 + cv * cv)))


def fixed_levels(settings: Settings, world: World) -> np.ndarray:
    """(A,) LEVELS, a row an audience, with everything that settings fix; policy levels are written by `policy_levels`."""
    market, network = settings.market, settings.network
    good, choice, who, work = market.goodwill, market.choice, market.identity, network.work
    out = np.zeros(world.audiences.count, LEVELS)
    lead_sigma = _log_spread(network.carrier.lead_cv)
    values: dict[str, float] = {
        "key0": world.key0, "key1": world.key1, "stages": market.demand.stages,
        "live_from": -1, "live_until": -1, "show": 0,
        "stop_at": 2**62, "log_touches": int(settings.output.touches),
        "ride_s_per_km": ride_seconds_per_km(market.geography.speed_kmh), "least_ride_s": LEAST_RIDE_S,
        "after_opening_s": AFTER_OPENING_S,
        "memory_s": good.memory_weeks * 7 * DAY, "learning": good.learning, "consider_base": good.consider_base,
        "consider_slope": good.consider_slope, "dropout_slope": good.dropout_slope, "pen_empty": good.empty_shelf,
        "pen_late": good.late, "pen_failed": good.failed_pickup, "pen_gap": good.price_gap,
        "pen_return": good.return_hassle, "pleasure": good.pleasure,
        "show_ahead_s": market.sessions.show_ahead_days * DAY, "nearly": market.sessions.nearly_bought, "theta_upper": choice.theta_upper,
        "theta_lower": min(choice.theta_lower, choice.theta_upper), "habit_gain": choice.habit_gain,
        "habit_rate": choice.habit_rate, "search_cost": choice.search_cost, "wait_per_s": choice.wait_per_day / DAY,
        "vot_per_s": choice.vot_per_hour / HOUR,
        "collect_s": choice.collect_minutes * 60.0, "check_share": choice.stock_check_share,
        "belief_rate": choice.belief_rate, "go_on": choice.go_on,
        "combined_share": market.geography.combined_trip_share,
        "combined_factor": market.geography.combined_travel_factor, "speed_ms": market.geography.speed_kmh / 3.6,
        "login": who.login, "rho_inf": market.personalisation.rho_inf, "n_half": market.personalisation.n_half,
        "sessions": market.sessions.per_mission, "browse_per_day": market.sessions.browse_per_week / 7.0,
        "touches": market.sessions.touches_per_mission,
        "patience_s": work.patience_minutes * 60.0, "lead_s": network.carrier.lead_days * DAY,
        "lead_mu": float(log64(network.carrier.lead_days * DAY)) - 0.5 * lead_sigma * lead_sigma,
        "lead_sigma": lead_sigma, "lag_mu": float(log64(max(network.returns.lag_days * DAY, 1.0))),
        "lag_sigma": network.returns.lag_sigma, "no_show": network.pickup.no_show,
        "collect_mu": float(log64(max(network.pickup.collect_median_h * HOUR, 1.0))),
        "session_s": 0.0 if site_plan(settings) is None else network.site.session_minutes * 60.0,
        "fit_s": network.fitting.room_minutes * 60.0,
        "alterable": network.fitting.alterable, "alter_s": network.fitting.alter_minutes * 60.0,
        "unwanted": network.fitting.unwanted,
        "known": market.fit.known, "known_s": market.fit.memory_weeks * 7 * DAY, "touch_spread": market.fit.touch_spread, "touch_taste": market.fit.touch_taste,
        "consider_aware": good.consider_aware, "aware_start": market.awareness.initial,
        "keep": market.fit.keep,
        "impulse": market.live.impulse_share, "any_need": int(market.live.serves == "any"),
        "collect_sigma": network.pickup.collect_sigma, "extra_purchase": network.pickup.extra_purchase,
        "extra_purchase_visit": market.choice.extra_purchase_visit,
        "cookie_s": round(who.cookie_days * DAY),
        "pen_failure": market.service.failure_penalty,
    }  # fmt: skip
    for name, value in values.items():
        out[name] = value
    return out


def policy_levels(settings: Settings, world: World, out: np.ndarray) -> None:
    """Write the policy in force, as each audience sees it, into LEVELS `out`, in place."""
    for audience, policy in enumerate(world.seen):
        _audience_levels(settings, world, audience, policy, out[audience : audience + 1])


def _audience_levels(settings: Settings, world: World, audience: int, policy: Policy, out: np.ndarray) -> None:
    stock, feed = settings.network.stock, world.policy  # one feed for all, as good as the network's records
    error = stock.record_harmful * (1.0 - feed.record_quality) + stock.stale_error * min(1.0, feed.publish_s / DAY)
    contacts = policy.push_per_week / 7.0 * policy.push_open_rate * settings.market.sessions.push_window_days
    values: dict[str, float] = {
        "near_stores": max(0, min(policy.known_stores, settings.market.choice.near_stores)),
        "stock_shown": policy.stock_shown, "prices_equal": policy.prices_equal,
        "coupon_ppm": ppm(policy.coupon_discount), "coupon_everywhere": policy.coupon_everywhere,
        "points_rate": policy.points_rate, "points_everywhere": policy.points_everywhere,
        "return_in_store": policy.return_in_store, "endless_aisle": policy.endless_aisle,
        "in_app_payment": policy.in_app_payment, "courier_radius_m": policy.courier_radius_m,
        "link_latency_s": policy.link_latency_s, "shown_items": max(1, policy.shown_items),
        "batch_days": max(1, math.ceil(policy.link_latency_s / DAY)), "twice": settings.market.messages.duplicates,
        "live_ppm": ppm(policy.live_discount),
        "web_offer": int(policy.offers["enabled"][0]),
        "switch_hassle": settings.market.choice.switch_hassle,
        "aisle_hassle": settings.market.choice.switch_hassle * policy.switch_hassle_factor,
        "stock_error": min(max(error, 0.001), 0.5), "coupon_rate": policy.coupon_rate,
        "coupon_else": policy.coupon_rate * (1.0 - settings.market.messages.coupon_share),
        "retarget_else": policy.retarget_rate * (1.0 - settings.market.messages.retargeting_share),
        "store_sensing": policy.store_sensing, "live_reach": policy.live_reach,
        "live_intensity": policy.live_intensity, "retarget_rate": policy.retarget_rate,
        "push_open": 1.0 - float(exp64(-contacts)),
        "suggested": policy.fit_suggested, "switch_cost": policy.switch_cost, "pickup_users": policy.pickup_users,
        "full_off": int(((policy.offers["full_off"] > 0) & (policy.offers["enabled"] == 1)).any()),
        "cut": int((world.sold[audience] == 0).any()),
        **live_levels(settings, policy), **service_levels(settings, policy), **campaign_levels(settings, policy),
    }  # fmt: skip
    seen: dict[str, float] = {
        "acc_web": policy.accuracy_web, "acc_social": policy.accuracy_social, "acc_live": policy.accuracy_live,
        "free_from": settings.network.carrier.free_from, "return_post": settings.market.choice.return_post,
        "return_store": settings.market.choice.return_store,
    }  # fmt: skip
    values |= {name: world.seen_number(audience, name, value) for name, value in seen.items()}
    for name in ("acc_web", "acc_social", "acc_live"):
        values[name] = min(values[name], 1.0)
    for name, value in values.items():
        out[name] = value


def live_levels(settings: Settings, policy: Policy) -> dict[str, float]:
    """Levels of live shows; answers and limited offers are for the whole retailer, a run has its part of them."""
    people = settings.market.live
    answers = policy.live_answers * min(1.0, settings.shoppers / settings.market.cost_basis_shoppers)
    return {
        "live_limit": simulated_part(settings, policy.live_limit_units), "proof_s": policy.proof_minutes * MINUTE,
        "live_sd": policy.live_sd, "social_proof": people.social_proof, "acc_answer": policy.answer_accuracy,
        "answer_s": HOUR / answers if answers > 0 else 0.0, "question_share": people.question_share,
        "stay_s": people.stay_minutes * MINUTE, "watch_share": people.watch_share, "announce_weeks": policy.announce_days / 7.0,
        "switch_app": settings.market.choice.switch_hassle if people.switch_app is None else people.switch_app,
        "switch_give_up": people.switch_give_up,
    }  # fmt: skip


def service_levels(settings: Settings, policy: Policy) -> dict[str, float]:
    """Levels of people and service; appointments are for the whole retailer, a run has its part of them."""
    work, service = settings.network.work, settings.market.service
    faster = policy.work_factor
    return {
        "pick_base_s": work.pick_base_s * faster, "pick_unit_s": work.pick_unit_s * faster, "counter_s": work.counter_s * faster,
        "checkout_s": work.checkout_s * faster, "visit_s": settings.market.choice.visit_minutes * 60.0 * policy.visit_factor,
        "failure": service.failure * (1.0 - policy.failures_avoided), "unseen": service.unseen * (1.0 - policy.unseen_avoided),
        "advice_go_on": policy.advice_go_on, "advice_match": policy.advice_match, "advice_s": policy.advice_s,
        "fittings": policy.fittings_per_day * min(1.0, settings.shoppers / settings.market.cost_basis_shoppers),
        "fitting_users": policy.fitting_users, "fitting_no_show": policy.fitting_no_show, "fitting_ahead": policy.fitting_ahead,
        "honest": policy.honest, "follow_up": policy.follow_up,
    }  # fmt: skip


def write_feedback(world: World, known: np.ndarray, out: np.ndarray) -> None:
    """What size advice has learnt from linked returns lowers what the web leaves hidden; changes `out` (A, C, 4).

    Parameters
    ----------
    known : (C,) linked returns and reviews it has learnt from; with n of them it reveals a n/(n + n_half) of misfits
    """
    for audience, policy in enumerate(world.seen):
        if policy.feedback > 0:
            column = out[audience, :, Entry.WEB]
            column[...] = (1.0 + column) * (1.0 - policy.feedback * known / (known + policy.feedback_half)) - 1.0


def fit_known(settings: Settings) -> np.ndarray:
    """(n x C,) u1, or (1,) where nobody learns from goods in the hand."""
    learns = settings.market.fit.known > 0
    return np.zeros(settings.shoppers * len(settings.catalogue.categories) if learns else 1, np.uint8)


def category_table(world: World) -> np.ndarray:
    """(C,) CATEGORY of the world's category arrays."""
    n = len(world.category_names)
    out = np.zeros(n, CATEGORY)
    for name in ("misfit", "mind", "value_mean", "value_sd", "need_share", "units_mean"):
        out[name] = getattr(world, name)
    for c in range(n):
        order, shopper = _log_spread(float(world.units_cv[c])), _log_spread(float(world.units_shopper_cv[c]))
        out["order_sigma"][c], out["shopper_sigma"][c] = order, shopper
        out["order_mu"][c] = order_mu(float(world.units_mean[c]), math.sqrt(order * order + shopper * shopper))
    out["ref_price"] = world.ref_price
    out["first"], out["last"] = world.sku_first[:-1], world.sku_first[1:]
    return out


def segment_table(world: World) -> np.ndarray:
    """(G,) SEGMENT of the world's segment arrays."""
    out = np.zeros(len(world.segment_names), SEGMENT)
    out["vot"], out["need"] = world.segment_vot, world.segment_need
    out["mobile"], out["digital"] = world.segment_mobile, world.segment_digital
    return out


def touchpoint_table(world: World) -> np.ndarray:
    """(A, T) TOUCHPOINT: what decides who uses a row and how often it is met before a decision."""
    out = np.zeros((world.audiences.count, len(world.touch_names)), TOUCHPOINT)
    out["reach"], out["entry"], out["identity"] = world.reach, world.touch_entry, world.touch_identity
    out["pays"] = world.touch_pays
    out["weight"], out["message"] = world.touch_contacts, world.touch_message
    out["on"] = 1
    return out


def write_blind(settings: Settings, world: World, out: np.ndarray) -> None:
    """What rows that accumulate do not reveal yet, by audience, category and entry; fills `out` (A, C, 4).

    A row of accuracy a reveals a n/(n + n_half) with n units sold; entered is the product of (1 - that)/(1 - a), less 1.
    """
    out[...] = 0.0
    before = np.array([-1.0 if kind.sold_before is None else kind.sold_before for kind in settings.catalogue.categories.values()])
    for number, row in enumerate(settings.touchpoints.rows.values()):
        if not row.accumulates or not informs(row) or row.accuracy >= 1:
            continue
        sold = world.reviewed + np.where(before >= 0, before, row.accumulated or 0.0)
        more = (1.0 - row.accuracy * sold / (sold + row.accumulates)) / (1.0 - row.accuracy)
        for audience, policy in enumerate(world.seen):
            if not policy.touch_on.size or policy.touch_on[number]:
                column = out[audience, :, Entry[row.entry.upper()]]
                column[...] = (1.0 + column) * more - 1.0


def offer_table(world: World) -> np.ndarray:
    """(A, offers) OFFER; with one audience a view of the policy's own table."""
    if world.audiences.count == 1:
        return world.policy.offers[None]
    return np.stack([policy.offers for policy in world.seen])


def build_scene(settings: Settings, world: World, awareness: np.ndarray, zone_sessions: np.ndarray) -> Scene:
    """Everything the kernels read, and where they count web sessions; tables are kept up in place by `refresh`."""
    service = np.zeros(KNOTS)
    fill_gamma_table(settings.network.work.shape, service)
    service -= float(log64(settings.network.work.shape))  # mean 1
    scene = Scene(
        levels=fixed_levels(settings, world), category=category_table(world), segment=segment_table(world),
        offers=offer_table(world), touchpoints=touchpoint_table(world), near=world.near, travel_s=world.travel_s,
        distance_m=world.distance_m, nodes=world.nodes, published=world.stock.published,
        near_point=world.near_point, near_dark=world.near_dark, board=world.board, price=world.prices, sold=world.sold,
        list_price=world.list_price, popularity_cdf=world.popularity_cdf, outside_value=world.outside_value,
        blind=np.zeros((world.audiences.count, len(world.category_names), 4)),
        awareness=awareness, service=service, op_time=world.calendar.lambda_g, pace=world.calendar.pace, lead_factor=world.lead_factor,
        waves=np.array(courier_waves(settings), np.int64), zone_sessions=zone_sessions, scratch=np.zeros(96), case=np.zeros(1, CASE),
        shows=no_shows(world.calendar.days), cookies=np.zeros(settings.shoppers if settings.market.identity.cookie_days > 0 else 1, COOKIE),
        patrons=np.zeros(0, PATRON), perks=np.zeros(0, PERK), perked=np.zeros(1, np.int64), fits=fit_known(settings),
        sent=np.zeros((world.calendar.days, world.audiences.count, N_SENT), np.int64), **service_tables(world),
    )  # fmt: skip
    scene.category["advice"] = [kind.advice for kind in settings.catalogue.categories.values()]
    return refresh(settings, world, scene)


def service_tables(world: World) -> dict[str, np.ndarray]:
    """Appointments, the funnel, surprises by stage, and what size advice learns from: all empty at the start, see Scene."""
    days, categories = world.calendar.days, len(world.category_names)
    return {
        "fittings": np.zeros((days + FITTING_DAYS, len(world.nodes)), np.int32),
        "funnel": np.zeros((days, len(world.segment_names), 6), np.int64), "felt": np.zeros((days + 1, 3, 2)),
        "learnt": np.zeros((days, categories, 2), np.int64), "known": np.zeros(categories),
    }  # fmt: skip


def refresh(settings: Settings, world: World, scene: Scene) -> Scene:
    """Read the policy and what dated changes moved; returns the scene, with the offers in force."""
    policy_levels(settings, world, scene.levels)
    scene.category["misfit"], scene.category["mind"] = world.misfit, world.mind
    write_blind(settings, world, scene.blind)
    write_feedback(world, scene.known, scene.blind)
    for audience, policy in enumerate(world.seen):
        scene.touchpoints["on"][audience] = policy.touch_on if policy.touch_on.size else 1
        scene.touchpoints["told"][audience] = policy.announce_on if policy.announce_on.size else 0
    scene.touchpoints["reach"] = world.reach
    return scene._replace(offers=offer_table(world))
