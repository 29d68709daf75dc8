"""What going from one strategy to another takes: capital, the time until all of it works, how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from omosim.schema.settings import Settings
from omosim.schema.strategy import CapabilityLevel
from omosim.strategy.build import enabled


@dataclass(frozen=True)
class Investment:
    """Capital in minor units of the simulated part of the retailer, days until all works, and years it lasts."""

    capital: int
    ramp_up_days: int
    life_years: float


def investment(settings: Settings, baseline: Settings) -> Investment:
    """What a strategy takes that the baseline does not have.

    Parameters
    ----------
    settings, baseline : settings of the two; what a capability costs more than in the baseline is paid, what the
        baseline has and the strategy drops gives nothing back

    Notes
    -----
    The ramp-up is the longest among the capabilities that cost capital or are new: the gain of a strategy is that of
    all of them together, so none is counted before the last works. The life is capital / yearly write-off.
    """
    rows, before = _on(settings), _on(baseline)
    part = min(Fraction(1), Fraction(settings.shoppers, settings.market.cost_basis_shoppers))
    part *= Fraction(settings.market.capability_cost_rate)
    more = {name: row.capital - (before[name].capital if name in before else 0) for name, row in rows.items()}
    paid = {name: amount for name, amount in more.items() if amount > 0}
    yearly = sum((Fraction(amount) / Fraction(rows[name].life_years) for name, amount in paid.items()), Fraction(0))
    waits = [row.ramp_up_days for name, row in rows.items() if name in paid or name not in before]
    capital = sum(paid.values())
    return Investment(round(capital * part), max(waits, default=0), float(capital / yearly) if yearly else 0.0)


def _on(settings: Settings) -> dict[str, CapabilityLevel]:
    return {name: settings.strategy.capabilities[name] for name in enabled(settings.strategy)}
