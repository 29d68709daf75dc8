"""Makes the shopper table from settings and world."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from omosim.kernels.journeys_synthesis import KNOTS, fill_beta_table, fill_gamma_table, synthesise
from omosim.kernels.journeys_types import Scene
from omosim.schema.settings import Settings
from omosim.schema.shopper import SHOPPER
from omosim.world.state import World


def _cumulative(share: np.ndarray) -> np.ndarray:
    total = np.cumsum(share)
    total /= total[-1]
    total[-1] = 1.0
    return total


def make_shoppers(world: World, settings: Settings, scene: Scene, count: int) -> np.ndarray:
    """(count,) SHOPPER, each drawn by its own key: shopper i is the same whatever the count."""
    demand, choice, who = settings.market.demand, settings.market.choice, settings.market.identity
    gamma, beta = np.zeros(KNOTS), np.zeros(KNOTS)
    fill_gamma_table(demand.purchase_r, gamma)
    fill_beta_table(demand.dropout_a, demand.dropout_b, beta)
    out = np.zeros(count, SHOPPER)
    zone_cdf, segment_cdf = _cumulative(world.zone_weight), _cumulative(world.segment_share)
    taste = np.array([choice.taste_web, choice.taste_store, choice.taste_social, choice.taste_live])
    rates = np.array([demand.purchase_alpha_weeks, demand.purchase_share])
    identity = np.array([who.consent, who.loyalty])

    def part(first: int, last: int) -> None:
        synthesise(
            world.key0, world.key1, zone_cdf, segment_cdf, scene.segment, scene.touchpoints[0], taste, choice.taste_sd,
            rates, identity, choice.belief_start, gamma, beta, first, out[first:last],
        )  # fmt: skip

    # kernels hold no interpreter lock and draws belong to shoppers, so parts may run side by side
    edges = np.linspace(0, count, settings.engine.threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(settings.engine.threads) as pool:
        for job in [pool.submit(part, a, b) for a, b in pairwise(edges) if a < b]:
            job.result()
    return out
