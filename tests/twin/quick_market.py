"""A retailer in a hundredth of a second: the settings' needs, leaving, awareness, values, returns and channels, in arrays.

Written apart from the model; a share of needs is bought at random. For checks that need thousands of simulations.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from omosim.schema.settings import Settings

BOUGHT = 0.3  # part of needs that become a purchase


def simulate(settings: Settings) -> pd.DataFrame:
    """One row per order; a person has the same draws whatever the settings."""
    demand, aware, choice = settings.market.demand, settings.market.awareness, settings.market.choice
    kinds = list(settings.catalogue.categories.values())
    kind = kinds[0]
    n, weeks = settings.shoppers, settings.days / 7
    rng = np.random.default_rng([settings.seed, settings.replication])
    from scipy.special import betaincinv, gammaincinv, ndtri

    u = rng.random((60_000, 6))[:n]  # a person's own draws, the same whatever the number of people
    rate = gammaincinv(demand.purchase_r, u[:, 0]) / demand.purchase_alpha_weeks / demand.purchase_share * BOUGHT
    leave = betaincinv(demand.dropout_a, demand.dropout_b, np.clip(u[:, 1], 1e-6, 1 - 1e-6))
    touched = sum(r.awareness_rho * r.reach for r in settings.touchpoints.rows.values() if not r.needs or r.needs in settings.strategy.capabilities)
    gain = aware.acquisition_per_week + touched
    since = np.where(u[:, 2] < aware.initial, 0.0, -np.log(np.clip((1 - u[:, 2]) / (1 - aware.initial), 1e-12, 1)) / max(gain, 1e-9))
    lasts = np.minimum(60, np.ceil(3 * rate * weeks + 8)).astype(int)
    cap = int(lasts.max())
    gaps = rng.exponential(1.0, (60_000, 60))[:n, :cap] / np.maximum(rate, 1e-9)[:, None]
    t = since[:, None] + np.cumsum(gaps, axis=1)
    coin = rng.random((60_000, 60))[:n, :cap] < leave[:, None]
    coin[:, 0] = False
    gone = np.cumsum(coin, axis=1) - coin > 0
    who, number = np.nonzero((t < weeks) & ~gone)
    when = t[who, number]
    s, w = (np.sqrt(np.log1p(c * c)) for c in (kind.units_shopper_cv, kind.units_cv))
    e = rng.standard_normal((60_000, 3))[:n]
    each = np.random.default_rng([settings.seed, settings.replication, 1]).random((4, 60_000, 60))
    units = np.maximum(1, np.rint(kind.units_mean * np.exp(s * e[who, 0] + w * ndtri(each[0, who, number]) - (s * s + w * w) / 2)))
    price = kind.price * np.exp(kind.price_spread * ndtri(each[1, who, number]))
    back = each[2, who, number] < kind.misfit + kind.change_of_mind
    store = choice.taste_store - choice.taste_web + choice.taste_sd * e[who, 1] > 0.25 * ndtri(each[3, who, number])
    seconds = np.floor(when * 604_800).astype(np.int64)
    frame = pd.DataFrame(
        {
            "order_id": np.arange(who.size), "shopper_id": who, "placed_at": seconds,
            "channel": np.where(store, "store", "web"), "fulfilment": np.where(store, "store", "ship"), "units": units.astype(np.int64),
            "revenue": np.rint(units * price).astype(np.int64), "status": "delivered",
            "returned_at": np.where(back, seconds + 86_400, -1),
        }
    )  # fmt: skip
    frame["refund"] = np.where(back, frame["revenue"], 0)
    return frame.sort_values("placed_at", kind="stable").reset_index(drop=True)
