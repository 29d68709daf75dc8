"""From fitted laws to the settings of a market, and to a YAML file that says where every number comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel

from omosim.schema.settings import (
    CatalogueSettings,
    MarketSettings,
    NetworkSettings,
    TouchpointSettings,
)
from omosim.twin import assumed, costs
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.generator import FittedLaws
from omosim.twin.laws import PriceBand


def digits(x: float, n: int = 4) -> float:
    """`n` significant digits: what a fit deserves, and the same on every machine."""
    return float(f"{x:.{n}g}")


@dataclass(frozen=True)
class Scales:
    """What closed forms cannot give; the closing step moves these."""

    purchase_share: float = 0.2  # need rates are divided by it
    people: float = 1.0  # factor on the people of the market, of whom a fixed part is aware at the start
    shape: float = 1.0  # factor on purchase_r and purchase_alpha_weeks: spread of rates at one mean
    acquisition: float = 1.0  # factor on the fitted new customers a week
    value: float = 1.0  # factor on units of an order
    spread: float = 1.0  # factor on the log spread of units
    back: float = 1.0  # factor on the share that goes back
    aware_after: float = 1.0  # factor on the aware part of the market as it stands after the log


@dataclass
class Market:
    """Settings of a calibrated market with the origin of each fitted value."""

    market: MarketSettings
    catalogue: CatalogueSettings
    network: NetworkSettings
    touchpoints: TouchpointSettings | None
    shoppers: int
    notes: dict[str, str] = field(default_factory=dict)  # "market.demand.stages" -> origin

    def updates(self) -> dict[str, Any]:
        """The parts as changes to a Settings."""
        parts: dict[str, Any] = {"market": self.market, "catalogue": self.catalogue, "network": self.network}
        return parts | ({"touchpoints": self.touchpoints} if self.touchpoints is not None else {})


#: largest gamma shape of rates in a market: a spread of rates of a seventh of their mean
MOST_ALIKE = 50.0


def people(laws: FittedLaws, scales: Scales) -> int:
    """People of the market: customers of old are its aware part at the start."""
    return max(200, round(laws.acquisition.known_before * scales.people / assumed.AWARE_AT_START / 100) * 100)


def build(laws: FittedLaws, likeliest: RepeatFit, bands: list[PriceBand], scales: Scales, *, name: str, title: str,
          currency: str, timezone: str, origin: str, touchpoints: TouchpointSettings | None = None,
          row_currency: str = "KRW", present: frozenset[str] = frozenset(), forward: bool = False,
          given: costs.Given | None = None) -> Market:  # fmt: skip
    """Settings of the market that the laws describe.

    laws: with the repeat fit that suits thinned needs (`bgcnbd.thinned`); likeliest: gives the stages.
    origin: file and hash, for the comments. touchpoints: rows to rescale so that they bring half of the new
    customers, row_currency that of their costs; present: capabilities of the strategy in force, which decide the rows that count. forward: the market
    as it stands after the log, for decisions; else the market of the log's own time, for the check. given: what the
    retailer says of its costs and stores (`twin.costs`), in place of what is assumed.
    """
    given = given or {}
    fitted = f"fitted on {origin}"
    closing = f"{fitted}; closed by simulation where it was run"
    shoppers = people(laws, scales)
    notes: dict[str, str] = {}
    demand = _demand(laws, likeliest, scales, notes, fitted, closing)
    gain = min(laws.acquisition.new_per_week * scales.acquisition / (shoppers * (1 - assumed.AWARE_AT_START)), 1.0)  # nobody was known before: all come
    start = _start(laws, scales, demand, notes, closing) if forward else laws.windows.date(0)
    change = assumed.WON[currency] / assumed.WON[row_currency] / scales.people
    rows, touched = _touchpoints(touchpoints, present, gain, change, notes, fitted, given)
    initial = assumed.AWARE_AT_START
    if forward:
        steady = laws.acquisition.known_before * laws.repeat.r / laws.repeat.purchase_alpha
        initial *= laws.level / steady * scales.aware_after
    awareness = {
        **assumed.AWARENESS, "initial": digits(min(0.98, initial)),
        "acquisition_per_week": digits(max(gain - touched, 0.0)),
    }  # fmt: skip
    notes.setdefault("market.awareness.initial", "fixes how many people the market counts; assumed")
    notes["market.awareness.acquisition_per_week"] = f"new customers a week over unaware people; {closing}"
    notes["market.awareness.decay_per_week"] = "leaving is in dropout; forgetting cannot be told apart; assumed"
    size = laws.sales_per_year / assumed.WON[currency] / assumed.CHAIN_SALES_WON or 1.0
    notes["market.capability_cost_rate"] = (
        f"minor units for a won, {assumed.WON[currency]:g} at a round rate, times {size:.3g}: sales over those of the chain "
        f"in the capability files; sales {fitted}, the rest assumed"
    )
    rate = digits(assumed.WON[currency] * size)
    if costs.RATE in given:
        rate, notes["market.capability_cost_rate"] = float(given[costs.RATE]), "given"
    notes["market.cost_basis_shoppers"] = f"the whole retailer: customers of old over their assumed part; {closing}"
    choice = {**assumed.MARKET["choice"], "vot_per_hour": assumed.WAGE[currency] / 2}
    notes["market.choice.vot_per_hour"] = "half the wage; assumed"
    market = MarketSettings.model_validate(
        {
            **assumed.MARKET, "name": name, "title": title, "currency": currency, "timezone": timezone,
            "start_date": start, "cost_basis_shoppers": shoppers,
            "capability_cost_rate": rate, "demand": demand, "awareness": awareness,
            "choice": choice,
        }
    )  # fmt: skip
    catalogue = _catalogue(laws, bands, scales, notes, fitted, closing, given)
    network = _network(laws, bands, currency, notes, fitted, given)
    return Market(market, catalogue, network, rows, shoppers, notes)


def _start(laws: FittedLaws, scales: Scales, demand: dict[str, Any], notes: dict[str, str], closing: str) -> str:
    """First Monday after the log; changes `demand` and `notes` in place."""
    after = laws.windows.first_day + laws.windows.end
    demand["week_of_run"] = []
    notes["market.awareness.initial"] = (
        f"as many buyers at the fitted rate as the last 13 weeks' {laws.level:.0f} purchase days a week need; {closing}"
    )
    return laws.windows.date(laws.windows.end + (-after - 3) % 7)


def _demand(laws: FittedLaws, likeliest: RepeatFit, scales: Scales, notes: dict[str, str], fitted: str, closing: str
            ) -> dict[str, Any]:  # fmt: skip
    repeat, calendar = laws.repeat, laws.calendar
    law = f"BG/CNBD-k, k = {repeat.k}, {repeat.customers} customers, log likelihood {repeat.log_likelihood:.1f}"
    for key in ("dropout_a", "dropout_b"):
        notes[f"market.demand.{key}"] = f"{law}: the one for purchases that are a part of needs; {fitted}"
    shape = f"times {scales.shape:.3g}: those who have bought are not all who may; {closing}"
    alike = min(scales.shape, MOST_ALIKE / repeat.r)  # customers more alike than this are taken for as alike
    notes["market.demand.purchase_r"] = f"{law}: r {repeat.r:.4g} of customers; {shape}"
    notes["market.demand.stages"] = f"likeliest of BG/CNBD-k, k = 1, 2, 3; {fitted}"
    share = assumed.REGULAR["purchase_share"]
    if laws.mostly_bought:
        notes["market.demand.stages"] = (
            f"of needs, such that the assumed {share:.0%} of them, bought, are as regular as purchases, k = {likeliest.k}, "
            f"the likeliest of BG/CNBD-k, k = 1, 2, 3; {fitted}"
        )
    notes["market.demand.purchase_alpha_weeks"] = f"{law}: k times the stage rate's alpha {repeat.alpha:.4g}; {shape}"
    # how many needs a random purchase comes from, the closing step tells; from how many a regular one, its regularity
    written = share if laws.mostly_bought else min(1.0, scales.purchase_share)
    slow = scales.purchase_share / written
    notes["market.demand.purchase_share"] = "need rate = purchase rate / this; " + (
        f"regular purchases leave few needs without one; assumed, with rates / {slow:.3g} {closing}"
        if laws.mostly_bought else closing
    )
    for key in ("hour_of_day", "hour_of_day_weekend", "day_of_week"):
        notes[f"market.demand.{key}"] = fitted
    notes["market.demand.week_of_run"] = f"level by week; the last, the level of 13 weeks, stands for all later ones; {fitted}"
    notes["market.demand.month_of_year"] = "one year cannot teach its own season: flat; assumed"
    return {
        "purchase_r": digits(repeat.r * alike),
        "purchase_alpha_weeks": digits(repeat.purchase_alpha * alike * slow),
        "stages": assumed.need_stages(likeliest.k, laws.mostly_bought), "purchase_share": digits(written),
        "dropout_a": digits(repeat.a), "dropout_b": digits(repeat.b), "hour_of_day": [digits(x) for x in calendar.weekday_hours],
        "hour_of_day_weekend": [digits(x) for x in calendar.weekend_hours],
        "day_of_week": [digits(x) for x in calendar.day_of_week], "month_of_year": [1.0] * 12,
        "week_of_run": [digits(x) for x in calendar.week],
    }  # fmt: skip


def _touchpoints(given: TouchpointSettings | None, present: frozenset[str], gain: float, change: float,
                 notes: dict[str, str], fitted: str, said: costs.Given) -> tuple[TouchpointSettings | None, float]:  # fmt: skip
    """Rows whose reach brings half of the gain in awareness, and that gain; (None, 0) without rows."""
    if given is None:
        return None, 0.0
    total = sum(r.awareness_rho * r.reach for r in given.rows.values() if not r.needs or r.needs in present)
    factor = assumed.TOUCHED_SHARE * gain / total if total > 0 else 0.0
    rows = {}
    for name, row in given.rows.items():
        stands = costs.contact_cost(name) in said
        cost = row.cost_per_contact if stands else digits(row.cost_per_contact * change)
        rows[name] = row.model_copy(update={"awareness_rho": digits(row.awareness_rho * factor), "cost_per_contact": cost})
        if stands or cost:
            notes[costs.contact_cost(name)] = "given" if stands else (
                f"shipped value times {change:.3g}: round exchange rate, over people who hardly ever buy; assumed"
            )
        notes[f"touchpoints.rows.{name}.awareness_rho"] = f"shipped value times {factor:.3g}: all together bring half " \
            f"of the new customers; {fitted}; the half is assumed"  # fmt: skip
    return TouchpointSettings(rows=rows), total * factor


def _catalogue(laws: FittedLaws, bands: list[PriceBand], scales: Scales, notes: dict[str, str], fitted: str,
               closing: str, given: costs.Given) -> CatalogueSettings:  # fmt: skip
    categories = {}
    worth = assumed.REGULAR if laws.mostly_bought else assumed.ANY
    kept = max(0.0, laws.back.value_share * scales.back - assumed.CATEGORY["misfit"])
    for band in bands:
        sd = band.units_sd * scales.spread
        between = max(0.0, band.between) * sd**2
        within = sd**2 - between
        mean = band.units_median * scales.value * float(np.exp(sd**2 / 2))
        categories[band.name] = {
            **assumed.CATEGORY, "margin": float(given.get(costs.MARGIN, assumed.CATEGORY["margin"])), "value_mean": worth["value_mean"], "value_sd": worth["value_sd"],
            "need_share": digits(band.share, 6), "price": max(1, round(band.price)),
            "price_spread": digits(band.price_sd), "units_mean": max(1.0, digits(mean)),
            "units_cv": digits(min(4.9, float(np.sqrt(np.expm1(within))))),
            "units_shopper_cv": digits(min(4.9, float(np.sqrt(np.expm1(between))))),
            "change_of_mind": digits(min(0.9, kept)),
        }  # fmt: skip
        at = f"catalogue.categories.{band.name}."
        if costs.MARGIN in given:
            notes[at + "margin"] = "given"
        notes[at + "need_share"] = f"orders whose mean unit price lies in the band; {fitted}"
        notes[at + "price"] = notes[at + "price_spread"] = f"mean unit prices of orders; {fitted}"
        for key in ("units_mean", "units_cv", "units_shopper_cv"):
            notes[at + key] = f"such that price times units has the band's order values; {closing}"
        notes[at + "change_of_mind"] = f"cancelled share of value less misfit; {closing}"
        notes[at + "value_mean"] = notes[at + "value_sd"] = (
            f"for an elasticity of about -2.5 where gaps have {laws.regularity:.2f} stages; assumed"
        )
        notes[at + "skus"] = f"{band.items} items in the log; an order is one line here, so few stand for many; assumed"
    shares = np.array([c["need_share"] for c in categories.values()])
    last = list(categories)[-1]
    categories[last]["need_share"] = round(float(1.0 - shares[:-1].sum()), 6)
    notes["catalogue.price_gap_share"] = notes["catalogue.price_gap_sd"] = "no second channel in the log; assumed"
    return CatalogueSettings.model_validate({"categories": categories, "price_gap_share": 0.0, "price_gap_sd": 0.0})


@dataclass(frozen=True)
class Centre:
    """People assumed in the centre, and what they follow from."""

    people: int
    orders: float  # a day, of unknown shoppers too, at the pace of the last weeks of the fit part
    seconds: float  # work of a mean order


def centre(laws: FittedLaws, bands: list[PriceBand], given: costs.Given) -> Centre:
    """How many people the centre has round the clock where the retailer does not say: as many as the picking of all orders asks for.

    Orders a day times the work of one over the seconds of a day at `assumed.CENTRE_LOAD`, rounded up; from 1 to those of
    `assumed.NETWORK`. A mean order has the units of the middling one times exp(sd^2/2), as order values are lognormal. All
    orders count, as a log need not say which a store packs. Tests: tests/twin/test_centre.py (by hand).
    """
    units = sum(b.share * b.units_median for b in bands) * float(np.exp(laws.values.sd**2 / 2))
    base = float(given.get("network.work.pick_base_s", assumed.NETWORK["work"]["pick_base_s"]))
    seconds = base + float(given.get("network.work.pick_unit_s", _pick_unit_s(bands))) * units
    orders = laws.level * laws.orders_per_day / 7
    asked = int(np.ceil(orders * seconds / (86_400 * assumed.CENTRE_LOAD)))
    return Centre(min(max(1, asked), int(assumed.NETWORK["work"]["centre_pickers"])), orders, seconds)


def _pick_unit_s(bands: list[PriceBand]) -> float:
    return digits(assumed.PICK_ORDER_S / max(1.0, sum(b.share * b.units_median for b in bands)))


def _network(laws: FittedLaws, bands: list[PriceBand], currency: str, notes: dict[str, str], fitted: str, given: costs.Given
             ) -> NetworkSettings:  # fmt: skip
    parts: dict[str, Any] = {k: dict(v) for k, v in assumed.NETWORK.items()} | {"backorders": True}
    for key, (won, part) in assumed.DROPS.items():
        parts["carrier"][key] = max(1, round(won * assumed.WON[currency]), round(part * laws.values.median))
        notes[f"network.carrier.{key}"] = f"{won:,.0f} won, or {part:.0%} of the median order if more; assumed"
    parts["work"]["wage_per_hour"] = assumed.WAGE[currency]
    stores = int(given.get(costs.COUNT, parts["stores"]["count"]))
    parts["stores"]["rent_per_day"] = max(1, round(assumed.RENT * laws.sales_per_year / 365 / stores))
    notes["network.stores.rent_per_day"] = f"{assumed.RENT:.0%} of sales over {stores} stores; assumed"
    price = sum(b.share * b.price for b in bands)
    parts["returns"]["handling_cost"] = max(1, round(assumed.HANDLING * price))
    notes["network.returns.handling_cost"] = f"{assumed.HANDLING:.0%} of a unit's price; assumed"
    units = sum(b.share * b.units_median for b in bands)
    parts["work"]["pick_unit_s"] = _pick_unit_s(bands)
    there = centre(laws, bands, given)
    parts["work"]["centre_pickers"] = there.people
    notes["network.work.centre_pickers"] = f"{there.orders:.3g} orders a day of {there.seconds:.0f} s at a load of {assumed.CENTRE_LOAD:.0%}, at most {assumed.NETWORK['work']['centre_pickers']}; assumed"
    notes["network.work.pick_unit_s"] = f"{assumed.PICK_ORDER_S:g} s for the {units:.0f} units of a middling order; assumed"
    parts["returns"]["lag_days"] = digits(max(0.01, laws.back.lag_median_days))
    parts["returns"]["lag_sigma"] = digits(min(3.0, laws.back.lag_sd))
    notes["network.returns.lag_days"] = notes["network.returns.lag_sigma"] = f"sale to cancellation; {fitted}"
    notes["network.stores.count"] = "the log is of an online shop; stores are there so that strategies can use them; assumed"
    costs.put(parts, given, notes)
    return NetworkSettings.model_validate(parts)


# ---- file ------------------------------------------------------------------------------------------------
def to_yaml(market: Market, head: list[str]) -> str:
    """The market as strict YAML: one value a line, `# [unit] origin` behind each."""
    lines = [f"# {h}" for h in head]
    _emit(market.market, "market", 0, lines, market.notes)
    parts: list[tuple[str, BaseModel | None]] = [
        ("catalogue", market.catalogue), ("network", market.network), ("touchpoints", market.touchpoints),
    ]  # fmt: skip
    for name, part in parts:
        if part is None:
            lines.append(f"{name}: default")
        else:
            lines.append(f"{name}:")
            _emit(part, name, 1, lines, market.notes)
    return "\n".join(lines) + "\n"


def _emit(model: BaseModel, path: str, depth: int, lines: list[str], notes: dict[str, str]) -> None:
    pad = "  " * depth
    for key, info in type(model).model_fields.items():
        value, here = getattr(model, key), f"{path}.{key}"
        if isinstance(value, BaseModel):
            lines.append(f"{pad}{key}:")
            _emit(value, here, depth + 1, lines, notes)
        elif isinstance(value, dict):
            lines.append(f"{pad}{key}:")
            for name, item in value.items():
                lines.append(f"{pad}  {name}:")
                _emit(item, f"{here}.{name}", depth + 2, lines, notes)
        else:
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            numeric = isinstance(value, (int, float, list)) and not isinstance(value, bool)
            comment = f"  # [{extra.get('unit', '1')}] {notes.get(here, 'assumed')}" if numeric else ""
            lines.append(f"{pad}{key}: {_scalar(value)}{comment}")


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
