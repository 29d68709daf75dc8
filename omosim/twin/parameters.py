"""Parameters that an order log can tell through the whole model: what each moves, its prior, and which patterns tell it.

Their values are in natural units, so that two calibrations of one retailer can be held side by side. Priors are wide
about the closed forms (`centre`): the log speaks twice, but the first time hardly audibly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from omosim.ingest import OrderLog
from omosim.schema.settings import NetworkSettings, Settings
from omosim.twin import assumed, costs
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.calibrate import fit_laws, price_bands, suited
from omosim.twin.generator import FittedLaws
from omosim.twin.history import Floats, Windows, history_of
from omosim.twin.laws import PriceBand
from omosim.twin.market import Scales, build, digits
from omosim.twin.summaries import Patterns, patterns_of

Scale = Literal["log", "logit", "linear"]
#: people of a run above which a calibration simulates a part of them
MOST_PEOPLE = 24_000
#: people of a run below which a calibration simulates the retailer several times over: a run's cost is mostly by the day
#: (30,000 people cost a third more than 7,500), and chance in the simulations widens the bands
LEAST_PEOPLE = 24_000


@dataclass(frozen=True)
class Fit:
    """What closed forms gave for one log, and how it is simulated."""

    laws: FittedLaws  # with the repeat fit that suits thinned needs
    likeliest: RepeatFit
    bands: tuple[PriceBand, ...]
    patterns: Patterns
    base: Settings
    name: str
    currency: str
    timezone: str
    origin: str
    seed: int
    scale: float  # people simulated for one of the retailer
    stores: int = 0  # that the log names; 0: none, and the given or assumed number stands
    given: costs.Given = field(default_factory=dict)  # what the retailer says of its costs and stores, in place of what is assumed
    tried: tuple[RepeatFit, ...] = ()  # purchases by each k, as fitted

    @property
    def days(self) -> int:
        """Days of the log that are fitted."""
        return self.laws.windows.cut


@dataclass(frozen=True)
class Parameter:
    """One parameter: normal on its scale about `centre`, cut at `low` and `high`."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    scale: Scale
    sd: float  # of the prior, on the scale
    group: str
    moves: str  # settings path
    told_by: tuple[str, ...]  # patterns, by name or its part before the point
    column: str  # table and column of the log without which nothing tells it
    centre: Callable[[Fit], float]
    drift_per_week: float = 0.0  # sd of its random walk in a running twin, on the scale
    present: Callable[[Fit], bool] = lambda fit: True

    def inner(self, value: float | Floats) -> Floats:
        """Natural value -> on the scale."""
        v = np.clip(np.asarray(value, np.float64), self.low, self.high)
        if self.scale == "linear":
            return v
        return np.log(v) if self.scale == "log" else np.log(v / (1 - v))

    def outer(self, x: float | Floats) -> Floats:
        """On the scale -> natural value, inside its range."""
        x = np.asarray(x, np.float64)
        v = x if self.scale == "linear" else np.exp(x) if self.scale == "log" else 1 / (1 + np.exp(-x))
        return np.clip(v, self.low, self.high)


def _start(fit: Fit) -> Scales:
    return Scales(**(assumed.START_REGULAR if fit.laws.mostly_bought else assumed.START_ANY))


def _order_value(fit: Fit) -> float:
    return float(sum(b.share * b.price * b.units_median for b in fit.bands))


def _spread(fit: Fit) -> float:
    return float(sum(b.share * b.units_sd for b in fit.bands))


def _new_people(fit: Fit) -> float:
    got = fit.laws.acquisition
    return max(got.new_per_week, 0.1 * got.known_before / (fit.days / 7), 0.1)


def _taste(channel: str) -> Parameter:
    return Parameter(
        f"taste_{channel}", f"taste for {channel} beside the web", "share of price", -2.5, 2.0, "linear", 0.35, "channels",
        f"market.choice.taste_{channel}", (f"share.{channel}", "mixed"), "orders.channel",
        lambda fit: float(getattr(fit.base.market.choice, f"taste_{channel}")), 0.005,
        lambda fit: channel in fit.patterns.channels and "web" in fit.patterns.channels,
    )  # fmt: skip


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("need_rate", "needs of a person a week", "needs/week", 1e-4, 20, "log", 0.6, "demand",
              "market.demand.purchase_alpha_weeks", ("purchase_days", "orders", "repeat_share", "gap", "seen_again"), "orders.shopper_id",
              lambda f: f.laws.repeat.r / f.laws.repeat.purchase_alpha / _start(f).purchase_share, 0.02),
    Parameter("rate_shape", "likeness of people's rates (gamma shape)", "1", 0.02, 50, "log", 0.6, "demand",
              "market.demand.purchase_r", ("repeat_share", "often_share", "top_tenth", "gap"), "orders.shopper_id",
              lambda f: f.laws.repeat.r * _start(f).shape),
    Parameter("leaving", "chance of leaving after a repeat purchase", "share", 0.002, 0.8, "logit", 1.0, "demand",
              "market.demand.dropout_a", ("seen_again", "purchase_days", "often_share"), "orders.shopper_id",
              lambda f: float(np.clip(f.laws.repeat.a / (f.laws.repeat.a + f.laws.repeat.b), 0.02, 0.4))),
    Parameter("known_people", "people who know the retailer when the log begins", "people", 20, 1e8, "log", 0.6, "people",
              "shoppers", ("purchase_days", "orders", "first_buyers"), "orders.placed_at",
              lambda f: f.laws.acquisition.known_before * _start(f).people),
    Parameter("new_people", "people who come to know it", "people/week", 0.01, 1e7, "log", 0.8, "people",
              "market.awareness.acquisition_per_week", ("first_buyers",), "orders.shopper_id", _new_people, 0.02),
    Parameter("order_value", "typical order", "minor", 1, 1e9, "log", 0.3, "value", "catalogue.categories.units_mean",
              ("value.median",), "orders.unit_price", _order_value, 0.005),
    Parameter("order_spread", "spread of units between orders", "log sd", 0.02, 3.0, "log", 0.4, "value",
              "catalogue.categories.units_cv", ("value.upper", "value.lower"), "orders.units", _spread),
    Parameter("return_share", "orders that go back", "share", 5e-4, 0.8, "logit", 0.6, "returns",
              "catalogue.categories.change_of_mind", ("returned",), "orders.returned_at",
              lambda f: float(np.clip(f.laws.back.value_share, 1e-3, 0.7)), 0.005, lambda f: f.patterns.returns),
    _taste("store"), _taste("social"), _taste("live"),
    Parameter("taste_sd", "how much people's tastes for channels differ", "share of price", 0.02, 3, "log", 0.4, "channels",
              "market.choice.taste_sd", ("mixed", "share"), "orders.channel",
              lambda f: float(f.base.market.choice.taste_sd), 0.0,
              lambda f: "mixed" in f.patterns.names() and any(p.present(f) for p in PARAMETERS if p.name.startswith("taste_") and p.name != "taste_sd")),
    Parameter("pickup_users", "people who weigh pickup", "share", 0.01, 0.99, "logit", 1.0, "channels",
              "strategy.capabilities.bopis.levels.users", ("way.pickup", "way.ship"), "orders.fulfilment",
              lambda f: 0.5, 0.02, lambda f: {"pickup", "ship"} <= set(f.patterns.ways) and _offers_pickup(f)),
)  # fmt: skip
BY_NAME: Mapping[str, Parameter] = {p.name: p for p in PARAMETERS}


#: share of price; a channel with this taste is next to never chosen
NO_TASTE = -2.5


def unused(fit: Fit) -> tuple[str, ...]:
    """Channels in which nobody has bought, of a log that names channels: people have no taste for these, as far as it tells."""
    met = fit.patterns.channels
    return tuple(c for c in ("web", "store", "social", "live") if c not in met) if met else ()


def _offers_pickup(fit: Fit) -> bool:
    made = fit.base.strategy.capabilities.get("bopis")
    return made is not None and made.enabled and "users" in made.levels


def told(fit: Fit) -> tuple[Parameter, ...]:
    """Parameters that the patterns of this log can tell."""
    names = fit.patterns.names()
    parts = set(names) | {n.split(".")[0] for n in names}
    return tuple(p for p in PARAMETERS if p.present(fit) and any(t in parts for t in p.told_by))


def prepare(log: OrderLog, base: Settings, *, windows: Windows, seed: int | None = None, name: str = "",
            most_people: int = MOST_PEOPLE, least_people: int = LEAST_PEOPLE, given: costs.Given | None = None,
            known: Sequence[RepeatFit] = ()) -> Fit:  # fmt: skip
    """Closed forms of a log; the fit part ends at `windows.cut`. Raises CalibrationError where too little can be told.

    given: what the retailer says of its costs and stores (`twin.costs`); the number of stores that the log names stands.
    known: as `calibrate.fit_laws`.
    """
    history = history_of(log, windows)
    fitted, fits = fit_laws(log, history, windows, known)
    bands = price_bands(log, windows, 1 if fitted.mostly_bought else 3)
    stores = _stores(log, windows)
    fit = Fit(
        suited(fitted, fits, history), fitted.repeat, tuple(bands), patterns_of(log, windows, fitted.back.large), base,
        name or "twin", log.currency, log.timezone, f"{log.file} {log.file_hash}",
        base.seed if seed is None else seed, 1.0, stores,
        {key: value for key, value in (given or {}).items() if not (stores and key == costs.COUNT)}, tuple(fits),
    )  # fmt: skip
    arriving = replace(fit.laws.acquisition, new_per_week=_new_people(fit))
    fit = replace(fit, laws=replace(fit.laws, acquisition=arriving))
    people = BY_NAME["known_people"].centre(fit) / assumed.AWARE_AT_START
    return replace(fit, scale=digits(min(max(least_people / people, 1.0), 8.0) if people < least_people else min(1.0, most_people / people)))


def settings_of(fit: Fit, theta: Mapping[str, float], *, replication: int = 0, days: int | None = None,
                scale: float | None = None, forward: bool = False) -> Settings:  # fmt: skip
    """Settings of the retailer at some parameters; those left out stand at the centre of their prior.

    days: None, those of the log; scale: people simulated for one of the retailer, None that of the fit; forward: the
    market as it stands after the log.
    """
    value = {p.name: float(theta.get(p.name, p.centre(fit))) for p in PARAMETERS}
    scale = fit.scale if scale is None else scale
    repeat, base = fit.laws.repeat, fit.base
    known = value["known_people"]
    rounded = _rounded_people(fit, known)
    scales = Scales(
        purchase_share=repeat.r / repeat.purchase_alpha / value["need_rate"], shape=value["rate_shape"] / repeat.r,
        people=known / fit.laws.acquisition.known_before,
        acquisition=value["new_people"] / max(fit.laws.acquisition.new_per_week, 1e-9) * rounded / (known / assumed.AWARE_AT_START),
        value=value["order_value"] / _order_value(fit), spread=value["order_spread"] / _spread(fit),
        back=value["return_share"] / max(fit.laws.back.value_share, 1e-9) if fit.patterns.returns else 1.0,
    )  # fmt: skip
    enabled = frozenset(k for k, c in base.strategy.capabilities.items() if c.enabled)
    made = build(
        fit.laws, fit.likeliest, list(fit.bands), scales, name=fit.name, title=f"Calibrated on {fit.origin.split(' ')[0]}",
        currency=fit.currency, timezone=fit.timezone, origin=fit.origin, touchpoints=base.touchpoints, present=enabled,
        forward=forward, row_currency=base.market.currency, given=fit.given,
    )  # fmt: skip
    spread = float(np.clip(repeat.a + repeat.b, 0.05, 500.0))
    demand = made.market.demand.model_copy(
        update={"dropout_a": digits(max(0.001, value["leaving"] * spread)), "dropout_b": digits(max(0.001, (1 - value["leaving"]) * spread))}
    )
    present = {p.name for p in PARAMETERS if p.present(fit)}
    tastes: dict[str, Any] = {n: digits(value[n]) for n in value if n.startswith("taste_") and n in present}
    tastes |= {f"taste_{channel}": NO_TASTE for channel in unused(fit)}
    whole = max(50, round(known / assumed.AWARE_AT_START))  # a run of so many pays wages and rents whole
    market = made.market.model_copy(update={"demand": demand, "choice": made.market.choice.model_copy(update=tastes), "cost_basis_shoppers": whole})
    shoppers = max(50, round(known * scale / assumed.AWARE_AT_START))
    change: dict[str, Any] = {
        **made.updates(), "market": market, "network": _with_stores(made.network, fit.stores, costs.RENT in fit.given), "shoppers": shoppers, "days": fit.days if days is None else days, "burn_in_days": 0,
        "seed": fit.seed, "replication": replication,
    }  # fmt: skip
    if "pickup_users" in present:
        bopis = base.strategy.capabilities["bopis"]
        levels = {**bopis.levels, "users": digits(value["pickup_users"])}
        capabilities = {**base.strategy.capabilities, "bopis": bopis.model_copy(update={"levels": levels})}
        change["strategy"] = base.strategy.model_copy(update={"capabilities": capabilities})
    return base.model_copy(update=change)


#: stores of a member at most: each is a place with its own people
MOST_STORES = 200


def _stores(log: OrderLog, windows: Windows) -> int:
    """Stores that the log names in the fit part."""
    lines = log.lines
    if "store_id" not in lines:
        return 0
    day = lines["placed_local"].to_numpy(np.int64) // 86_400 - windows.first_day
    return min(int(lines["store_id"][day < windows.cut].nunique()), MOST_STORES)


def _with_stores(network: NetworkSettings, stores: int, rented: bool) -> NetworkSettings:
    """The network with the retailer's number of stores; rents add up to the same unless that of a store was given (rented); 0 leaves it."""
    old = network.stores
    if not stores or stores == old.count:
        return network
    rent = old.rent_per_day if rented else max(1, round(old.rent_per_day * old.count / stores))
    return network.model_copy(update={"stores": old.model_copy(update={"count": stores, "rent_per_day": rent})})


def _rounded_people(fit: Fit, known: float) -> float:
    """People as `market.people` rounds them, over which it spreads the new ones."""
    return float(max(200, round(known / assumed.AWARE_AT_START / 100) * 100))


@dataclass(frozen=True)
class Prior:
    """The parameters fitted, as one vector of standard normals: z = (inner - centre) / sd."""

    parameters: tuple[Parameter, ...]
    centre: Floats  # (P,) on the scale
    sd: Floats  # (P,)

    @classmethod
    def of(cls, fit: Fit, parameters: Sequence[Parameter] | None = None) -> Prior:
        """Priors about the closed forms of a fit."""
        chosen = tuple(told(fit) if parameters is None else parameters)
        return cls(chosen, np.array([float(p.inner(p.centre(fit))) for p in chosen]), np.array([p.sd for p in chosen]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in the order of z."""
        return tuple(p.name for p in self.parameters)

    def values(self, z: Floats) -> Floats:
        """(N, P) standard normals -> natural values."""
        x = self.centre + np.atleast_2d(z) * self.sd
        return np.stack([p.outer(x[:, i]) for i, p in enumerate(self.parameters)], axis=1)

    def z(self, values: Floats) -> Floats:
        """(N, P) natural values -> standard normals."""
        v = np.atleast_2d(values)
        return np.stack([(p.inner(v[:, i]) - self.centre[i]) / self.sd[i] for i, p in enumerate(self.parameters)], axis=1)

    def bounds(self) -> tuple[Floats, Floats]:
        """(P,) lowest and highest z: the parameters' ranges, and four standard deviations."""
        low = np.array([float(p.inner(p.low)) for p in self.parameters])
        high = np.array([float(p.inner(p.high)) for p in self.parameters])
        return np.maximum(-4.0, (low - self.centre) / self.sd), np.minimum(4.0, (high - self.centre) / self.sd)

    def theta(self, z: Floats) -> list[dict[str, float]]:
        """Each row of (N, P) standard normals as names and natural values."""
        return [dict(zip(self.names, map(float, row), strict=True)) for row in self.values(z)]
