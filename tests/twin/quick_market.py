"""A retailer in a hundredth of a second: the settings' needs, leaving, awareness, values, returns and channels, in arrays.

Written apart from the model; a share of needs is bought at random. For checks that need thousands of simulations.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from omosim.schema.settings import Settings

BOUGHT = 0.3  # part of needs that become a purchase
N, CAP = 10_000, 40  # people and purchases of one of them, at most


def simulate(settings: Settings) -> pd.DataFrame:
    """One row per order; a person has the same draws whatever the settings."""
    demand, aware, choice = settings.market.demand, settings.market.awareness, settings.market.choice
    kinds = list(settings.catalogue.categories.values())
    kind = kinds[0]
    n, weeks = min(N, settings.shoppers), settings.days / 7
    rng = np.random.default_rng([settings.seed, settings.replication])
    from scipy.special import betaincinv, gammaincinv, ndtri

    u = rng.random((N, 6))[:n]  # a person's own draws, the same whatever the number of people
    rate = gammaincinv(demand.purchase_r, u[:, 0]) / demand.purchase_alpha_weeks / demand.purchase_share * BOUGHT
    leave = betaincinv(demand.dropout_a, demand.dropout_b, np.clip(u[:, 1], 1e-6, 1 - 1e-6))
    touched = sum(r.awareness_rho * r.reach for r in settings.touchpoints.rows.values() if not r.needs or r.needs in settings.strategy.capabilities)
    gain = aware.acquisition_per_week + touched
    since = np.where(u[:, 2] < aware.initial, 0.0, -np.log(np.clip((1 - u[:, 2]) / (1 - aware.initial), 1e-12, 1)) / max(gain, 1e-9))
    lasts = np.minimum(CAP, np.ceil(3 * rate * weeks + 8)).astype(int)
    cap = int(lasts.max())
    gaps = rng.exponential(1.0, (N, CAP))[:n, :cap] / np.maximum(rate, 1e-9)[:, None]
    t = since[:, None] + np.cumsum(gaps, axis=1)
    coin = rng.random((N, CAP))[:n, :cap] < leave[:, None]
    coin[:, 0] = False
    gone = np.cumsum(coin, axis=1) - coin > 0
    who, number = np.nonzero((t < weeks) & ~gone)
    when = t[who, number]
    s, w = (np.sqrt(np.log1p(c * c)) for c in (kind.units_shopper_cv, kind.units_cv))
    e = rng.standard_normal((N, 3))[:n]
    each = np.random.default_rng([settings.seed, settings.replication, 1]).random((4, N, CAP))
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


def fit_of(base: Settings, channels: tuple[str, ...] = ("web", "store"), days: int = 126, known: bool = True):
    """Closed forms as a log of this retailer would give them, written down: no log has to be read."""
    from omosim.twin import laws
    from omosim.twin.bgcnbd import RepeatFit
    from omosim.twin.generator import FittedLaws
    from omosim.twin.history import Windows
    from omosim.twin.parameters import Fit
    from omosim.twin.summaries import Patterns

    calendar = laws.Calendar(np.ones(24), np.ones(24), np.ones(7), np.ones(1), 0)
    nan = float("nan")
    repeat = RepeatFit(1, 0.8, 6.0, 0.4, 3.6, 0.0, 0, True, (nan,) * 4)
    found = FittedLaws(
        Windows(19_723, days, days), calendar, repeat, laws.ValueLaw(40_000.0, 0.6, 0.3), laws.BackLaw(0.1, 0.1, 0.1, 5.0, 0.5, 1e12),
        laws.Acquisition(700.0, 12.0, 1.0, 0.0, 0.0), 0.0, 1.0,
    )  # fmt: skip
    band = laws.PriceBand("price_all", 0.0, np.inf, 1.0, 1000.0, 0.3, 40.0, 0.5, 0.3, 50)
    return Fit(
        found, repeat, (band,), Patterns(days, channels, (), np.inf, known, True), base, "quick", "GBP", "Etc/UTC", "quick 0", 7, 1.0
    )
