"""Laws that span shoppers, network and money; those of the network alone stand in `omosim.fulfilment.laws`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from omosim.journeys.journeys import EXPOSURE
from omosim.model.kpis import measured
from omosim.model.pnl import profit_and_loss
from omosim.schema.codes import Account, Count, Entry, Flow
from omosim.schema.columns import DAY, ORDINAL_BITS

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: bits of an order key that number the contingency orders of one mission
ORDINALS = (1 << ORDINAL_BITS) - 1
#: what shoppers counted, and the channel whose orders it counts
ORDERED = {Count.ORDERS_WEB: Entry.WEB, Count.ORDERS_SOCIAL: Entry.SOCIAL, Count.ORDERS_LIVE: Entry.LIVE}


def daily_residuals(model: RetailModel, now: int) -> dict[str, int]:
    """L2, L7 and L9 where they span rooms, at a midnight: the feed, the day's needs, the roster."""
    books = model.fulfilment.books()
    stations = books.stations
    on_duty = stations["scheduled"] + stations["cap"] * (now - stations["shift_from"])
    return {
        "L2": model.watch.feed_wrong,
        "L7": abs(model.journeys.needs_unaccounted(now)),
        "L9": int(np.abs(on_duty - model.watch.roster)[books.people].sum()),
    }


def model_residuals(model: RetailModel) -> dict[str, int]:
    """Residuals of L4, L6 and L7 across rooms, with a recount of whole books; 0 when they hold."""
    book, lines = model.fulfilment.book(), profit_and_loss(model)
    keys = np.sort(book["key"])
    return {
        "L4": int(np.count_nonzero(keys[1:] == keys[:-1])),
        "L6": money(model, book, lines) + paid_by_time(model, lines),
        "L7": handed_over(model, book) + model.journeys.needs_recounted(model.clock.now),
    }


def money(model: RetailModel, book: np.ndarray, lines: dict[str, int]) -> int:
    """L6: the statement's profit, recounted in two other ways.

    From the order book's own columns; from the change of cash, stock and debts in the ledger; each less the costs
    that pass with time, named here one by one and not taken from the statement's list.
    """
    ledger = model.fulfilment.books().ledger
    rows = measured(book, model.window_start, model.window_end)
    rates = model.costs.rates
    day_of = (rows["placed_at"] - model.window_start) // DAY
    cell = day_of * rates.shape[1] + model.journeys.shoppers["audience"][rows["shopper"]]  # a day and an audience
    order = np.argsort(cell, kind="stable")
    ends = np.searchsorted(cell[order], np.arange(rates.shape[0] * rates.shape[1] + 1))

    def daily(amount: np.ndarray, rates: np.ndarray) -> Fraction:
        parts = np.diff(np.concatenate([[0], np.cumsum(amount[order])])[ends]).tolist()
        return sum((Fraction(rate) * part for rate, part in zip(rates.tolist(), parts, strict=True)), Fraction(0))

    social, live, on_line, in_stores = rates.reshape(-1, 4).T
    commission = round(daily(rows["revenue"] * (rows["channel"] == Entry.SOCIAL), social)
                       + daily(rows["revenue"] * (rows["channel"] == Entry.LIVE), live))  # fmt: skip
    kept, shop = rows["revenue"] + rows["fee"] - rows["refund"], rows["channel"] == Entry.STORE
    points = round(daily(kept * ~shop, on_line) + daily(kept * shop, in_stores) + of_vips(model, rows, kept))
    with_time = (
        lines["labour"] + lines["rent"] + lines["holding"] + lines["media"] + commission + points + lines["contacts"] + lines["campaigns"]
        + lines["capability_running"] + lines["capability_capital"]
    )  # fmt: skip
    from_book = int((rows["revenue"] + rows["fee"] - rows["refund"] - rows["goods_cost"] - rows["service_cost"]).sum())
    wealth = int(ledger[1, [Account.CASH, Account.STOCK, Account.PAYABLE]].sum())
    apart = from_book - lines["shrink"] - with_time - lines["operating_profit"]
    return abs(apart) + abs(wealth - with_time - lines["operating_profit"])


def of_vips(model: RetailModel, rows: np.ndarray, kept: np.ndarray) -> Fraction:
    """Points above those of every member, mission by mission as shoppers noted them."""
    noted = {int(key): rate for key, rate in model.journeys.campaigns.perks[: model.journeys.campaigns.perked[0]][["key", "points"]].tolist() if rate > 0}
    if not noted:
        return Fraction(0)
    missions = (rows["key"] & ~ORDINALS).tolist()
    return sum((Fraction(noted[key]) * amount for key, amount in zip(missions, kept.tolist(), strict=True) if key in noted), Fraction(0))


def paid_by_time(model: RetailModel, lines: dict[str, int]) -> int:
    """L6: media paid are the contacts that shoppers met at the settings' rates; rent is that of the days traded.

    Each side of the media is rounded for itself, so a minor unit between them is no breach.
    """
    settings = model.settings
    media = Fraction(0)
    for row, met in zip(settings.touchpoints.rows.values(), model.journeys.exposed.tolist(), strict=True):
        weekly = Fraction(row.cost_per_contact) * Fraction(row.contacts_per_week)
        media += weekly * settings.shoppers * Fraction(met, 7 * EXPOSURE)
    days = model.watch.store_days.tolist()
    rates = settings.network.stores.rent_per_day, settings.network.dark_stores.rent_per_day, settings.network.points.rent_per_day
    share = min(Fraction(1), Fraction(settings.shoppers, settings.market.cost_basis_shoppers))
    rent = round(sum(n * rate for n, rate in zip(days, rates, strict=True)) * share)
    return max(0, abs(lines["media"] - round(media)) - 1) + max(0, abs(lines["rent"] - rent) - 1)


def handed_over(model: RetailModel, book: np.ndarray) -> int:
    """L7: what shoppers say they sent, by channel, is what the network met or still expects; funnels only narrow."""
    counts = model.journeys.counts.sum(axis=0)
    first = book[(book["key"] & ORDINALS) == 0]
    visit = first["flow"] == Flow.VISIT
    browsing = first["flow"] == Flow.BROWSE  # sessions that order nothing: no channel counts them
    _, flow, channel = model.on_the_way().T
    apart = abs(int(counts[Count.VISITS_PLANNED]) - int(visit.sum()) - int((flow == Flow.VISIT).sum()))
    for count, entry in ORDERED.items():
        met = int((~visit & ~browsing & (first["channel"] == entry)).sum())
        coming = int(((flow != Flow.VISIT) & (flow != Flow.BROWSE) & (channel == entry)).sum())
        apart += abs(int(counts[count]) - met - coming)
    opened = counts[Count.NEEDS] + counts[Count.TOUCH_MISSIONS]
    widening = max(0, int(counts[Count.MISSIONS] - opened)) + max(0, int(counts[Count.PURCHASES] - counts[Count.MISSIONS]))
    return apart + abs(model.demand_rows - len(first) - len(flow)) + widening
