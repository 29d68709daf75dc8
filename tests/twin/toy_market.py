"""A market of known truth, written apart from the model: people, thinned needs, awareness, values, returns."""

from __future__ import annotations

import bisect

import numpy as np
import pandas as pd

from omosim.schema.settings import Settings

TRUE_SHARE = 0.35  # part of needs that become a purchase, whatever the settings believe


def simulate(settings: Settings) -> pd.DataFrame:
    """One row per order; the same person has the same draws whatever the settings."""
    demand, aware = settings.market.demand, settings.market.awareness
    kinds = list(settings.catalogue.categories.values())
    weeks = settings.days / 7
    touched = sum(r.awareness_rho * r.reach for r in settings.touchpoints.rows.values() if not r.needs)
    touched += sum(
        r.awareness_rho * r.reach for r in settings.touchpoints.rows.values() if r.needs in settings.strategy.capabilities
    )
    gain = aware.acquisition_per_week + touched
    ends = np.cumsum([k.need_share for k in kinds]).tolist()
    # what the loop below would work out anew for every order
    spread = [tuple(float(np.sqrt(np.log1p(c * c))) for c in (k.units_shopper_cv, k.units_cv)) for k in kinds]
    rows: list[tuple[float, ...]] = []
    for i in range(settings.shoppers):
        rng = np.random.default_rng([settings.seed, settings.replication, i])
        g = rng.gamma(demand.purchase_r) / demand.purchase_alpha_weeks / demand.purchase_share
        leave, threshold, z = rng.beta(demand.dropout_a, demand.dropout_b), rng.random(), rng.normal()
        missing = (1 - threshold) / (1 - aware.initial)
        since = 0.0 if missing >= 1 else -np.log(missing) / gain if gain > 0 else np.inf
        stage = demand.stages * g
        t, n = rng.gamma(rng.integers(1, demand.stages + 1)) / stage, 0
        while t < weeks:
            u = rng.random(4)
            if t >= since and u[0] < TRUE_SHARE:
                at = min(bisect.bisect_left(ends, u[1]), len(kinds) - 1)
                kind, (s, w) = kinds[at], spread[at]
                price = kind.price * np.exp(kind.price_spread * rng.normal())
                units = max(1, round(kind.units_mean * np.exp(s * z + w * rng.normal() - (s * s + w * w) / 2)))
                back = t + 1.0 if u[2] < kind.misfit + kind.change_of_mind else -1.0
                rows.append((i, t, units, round(units * price), back))
                if n > 0 and u[3] < leave:
                    break
                n += 1
            t += rng.gamma(demand.stages) / stage
    frame = pd.DataFrame(rows, columns=["shopper_id", "week", "units", "revenue", "back"]).sort_values("week")
    seconds = (frame["week"] * 604_800).astype(np.int64)
    return pd.DataFrame(
        {
            "order_id": np.arange(len(frame)), "shopper_id": frame["shopper_id"].to_numpy(), "placed_at": seconds.to_numpy(),
            "channel": "web", "units": frame["units"].to_numpy(), "revenue": frame["revenue"].to_numpy(),
            "status": "delivered",
            "returned_at": np.where(frame["back"] >= 0, frame["back"] * 604_800, -1).astype(np.int64),
        }
    )  # fmt: skip
