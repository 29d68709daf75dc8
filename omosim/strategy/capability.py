"""What a capability is: a name, levels with ranges, and what these set in the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, OFFER_NAMES
from omosim.schema.settings import Settings
from omosim.world.policy import Policy


@dataclass(frozen=True)
class Level:
    """One level of a capability: its unit, range, value where a strategy gives none, and meaning.

    sets, adds : field of the policy that becomes the level's value, or to which it is added
    network : it acts on the network, which is the same for all shoppers
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    meaning: str
    whole: bool = False
    sets: str = ""
    adds: str = ""
    network: bool = False

    def within(self, value: float) -> float:
        """The value, cut to the range and rounded where it must be whole."""
        value = min(max(value, self.low), self.high)
        return float(round(value)) if self.whole else value

    def problem(self, value: float) -> str | None:
        """What is wrong with a value, None where nothing is."""
        if not self.low <= value <= self.high:
            return f"{value:g} is outside {self.low:g} to {self.high:g} [{self.unit}]"
        if self.whole and value != int(value):
            return f"{value:g} is no whole number [{self.unit}]"
        return None


@dataclass
class Context:
    """What a capability may read besides its levels, and the information sources it may add.

    Parameters
    ----------
    settings : the run's settings
    sources : (entry, accuracy) of each independent source of fit information; filled by capabilities
    """

    settings: Settings
    sources: list[tuple[Entry, float]] = field(default_factory=list)

    def fee(self, share_of_price: float) -> int:
        """A flat fee in minor units: a share of the mean price of what people need."""
        kinds = self.settings.catalogue.categories.values()
        return round(share_of_price * sum(kind.need_share * kind.price for kind in kinds))

    def parcel_promise_s(self, extra_days: float) -> int:
        """Promised time of a parcel in seconds: the carrier's mean and some days more."""
        return round((self.settings.network.carrier.lead_days + extra_days) * DAY)


class Capability:
    """Base of all capabilities.

    A subclass states `name` (key in a strategy), `title`, `codes` (numbers in the list of capabilities),
    `levels`, `switches` (fields of the policy that it turns to 1), and which capabilities it `requires` or
    `excludes`. Where that does not say all, it adds to `apply`. Two capabilities set the same number only by
    adding to it or by a maximum, so their order does not matter. `network`: it acts on the network alone, so that it
    cannot be on for some shoppers and off for others.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    codes: ClassVar[tuple[str, ...]] = ()
    levels: ClassVar[tuple[Level, ...]] = ()
    switches: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    excludes: ClassVar[tuple[str, ...]] = ()
    network: ClassVar[bool] = False

    def apply(self, policy: Policy, levels: Mapping[str, float], context: Context) -> None:
        """Set what this capability's levels amount to.

        Parameters
        ----------
        policy : numbers in force; changed in place
        levels : every level by name, within its range
        context : the run's settings; information sources are added to it
        """
        for field_name in self.switches:
            setattr(policy, field_name, 1)
        for level in self.levels:
            value = int(levels[level.name]) if level.whole else levels[level.name]
            if level.sets:
                setattr(policy, level.sets, value)
            if level.adds:
                setattr(policy, level.adds, getattr(policy, level.adds) + value)


def note_row(policy: Policy, context: Context, needs: str, use: str, identity: str = "") -> None:
    """Note in the policy at which touchpoint row a capability's own touches are logged: the first that needs it.

    Parameters
    ----------
    needs : name of the capability
    use : what the row is for
    identity : narrows it to rows that leave this identity, or, with "-" before it, another
    """
    for number, row in enumerate(context.settings.touchpoints.rows.values()):
        fits = not identity or (row.identity != identity[1:] if identity[0] == "-" else row.identity == identity)
        if row.needs == needs and fits:
            policy.campaign_rows[use] = number
            return


def offer(name: str) -> int:
    """Row of an offer in the catalogue."""
    return OFFER_NAMES.index(name)
