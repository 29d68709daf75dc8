"""People who have not bought: how many of them know the retailer, how seldom they need, and how many more come to know it.

No data show them but by their first purchases. What is told of those (the column "newcomers" of `omosim.twin.follow`) is how many such people
there are, not how often each of them needs: who buys in a week must be followed by as many in the next, or first purchases would
fall within each forecast. Test: tests/twin/test_prospects.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omosim.schema.settings import Settings, TouchpointSettings
from omosim.twin import assumed
from omosim.twin.history import Floats
from omosim.twin.opening import LEAST_SHARE, Opening

#: people of a run beside known customers, at least
LEAST_OTHERS = 200
#: weeks for which those who do not know the retailer yet last: so that they do not run short within a horizon
POOL_WEEKS = 52
#: parts of those who know it and have not bought, each with its own rate
PARTS = 64
_GRID = 400


@dataclass(frozen=True)
class Prospects:
    """People without a seat on a day.

    silent : who know the retailer and have not bought; slow : (K,) factors on their need rates beside anybody's, in even parts of them, from
    those who have known it longest; arrivals : come to know it, people a week
    """

    silent: float
    slow: Floats
    arrivals: float

    @property
    def seats(self) -> int:
        """People of a run beside known customers that hold them all."""
        return max(LEAST_OTHERS, round(self.silent + POOL_WEEKS * self.arrivals))


def prospects(opening: Opening, settings: Settings, weeks: float, newcomers: float = 1.0, knew: float = assumed.AWARE_AT_START) -> Prospects:
    """Those of a market as it was built (`parameters.settings_of`), after a log of so many weeks.

    Parameters
    ----------
    opening : known customers, their purchases per need and pace; settings : need rates hold the pace; newcomers : factor on how many there are
    knew : share of the market's people who knew the retailer when the log began

    Who knew it from the start and is silent for T weeks has a rate of Gamma(r, alpha + T), a part (alpha / (alpha + T))^r of them is; who
    came to know it since, at an even pace, has that with the weeks since then.
    """
    demand = settings.market.demand
    share = float(opening.share.mean()) if len(opening) else 1.0
    r, alpha = demand.purchase_r, demand.purchase_alpha_weeks * opening.pace * demand.purchase_share / max(share, LEAST_SHARE)
    arrivals = gain_of(settings) * (1 - knew) * settings.shoppers
    since = weeks * np.r_[1.0, 1.0 - (np.arange(_GRID) + 0.5) / _GRID]  # weeks for which they have known it
    came = np.r_[knew * settings.shoppers, np.full(_GRID, arrivals * weeks / _GRID)]
    silent = came * (alpha / (alpha + since)) ** r
    upto = np.cumsum(silent)
    part = np.searchsorted(upto, (np.arange(PARTS) + 0.5) / PARTS * upto[-1])
    return Prospects(newcomers * float(upto[-1]), alpha / (alpha + since[part]), newcomers * arrivals)


def gain_of(settings: Settings) -> float:
    """Share of the unaware who come to know the retailer in a week, by touchpoints or without."""
    touched = any(row.awareness_rho > 0 for row in settings.touchpoints.rows.values())
    return settings.market.awareness.acquisition_per_week / (1.0 - assumed.TOUCHED_SHARE * touched)


def among(settings: Settings, people: int, known: int, them: Prospects) -> Settings:
    """The market as it was built with another number of people: as many come to know the retailer, and contacts cost as much in all.

    people : of the run; known : customers with a seat
    """
    unaware = max(people - known - them.silent, 1.0)
    gain, market = gain_of(settings), settings.market
    faster = them.arrivals / unaware / gain if gain > 0 else 1.0
    paid = settings.shoppers / people
    learn = market.awareness.model_copy(update={"acquisition_per_week": min(market.awareness.acquisition_per_week * faster, 1.0)})
    rows = {name: row.model_copy(update={"awareness_rho": row.awareness_rho * faster, "cost_per_contact": row.cost_per_contact * paid})
            for name, row in settings.touchpoints.rows.items()}  # fmt: skip
    return settings.model_copy(update={"shoppers": people, "market": market.model_copy(update={"awareness": learn}), "touchpoints": TouchpointSettings(rows=rows)})
