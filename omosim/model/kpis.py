"""KPIs of a run, from the order book, the daily counters and the profit and loss.

Definitions stand in docs/definitions.md. Ratios of integers; an undefined one is None with the reason.
Oracle: tests/model/test_kpis.py counts by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from omosim.schema.codes import Count, Entry, Flow, Status
from omosim.schema.columns import (
    FLAG_BROUGHT_BACK,
    FLAG_EMPTY,
    FLAG_EMPTY_AGAIN,
    FLAG_PHANTOM,
    FLAG_SITE_LOST,
    ORDINAL_BITS,
)

CHANNELS = ("web", "store", "social", "live")
#: offers whose visitors came to buy an item off the shelf
BUYING_VISITS = (3, 4)
#: offers collected where there is no store to enter
AT_POINTS = (10,)
#: rows of one need: the first has ordinal 0
FOLLOW_UPS = 1 << ORDINAL_BITS
#: ordinals from here on are exchanges (2), further purchases at a visit (3), and further parcels of an order (4, 8, 12)
EXCHANGES, BESIDE = 2, 3


@dataclass(frozen=True)
class Kpi:
    """One figure of a run; `value` is None where it is undefined, with the reason."""

    kpi: str
    value: float | int | None
    unit: str
    reason: str = ""


def ratio(name: str, top: int, bottom: int, why: str, unit: str = "share") -> Kpi:
    """top / bottom, or None with the reason when nothing is there to divide by."""
    if bottom == 0:
        return Kpi(name, None, unit, why)
    return Kpi(name, int(top) / int(bottom), unit)


def quantile(name: str, values: np.ndarray, q: float, scale: float, unit: str, why: str) -> Kpi:
    """Order statistic at ceil(q n), exact on integers."""
    if len(values) == 0:
        return Kpi(name, None, unit, why)
    index = min(len(values) - 1, max(0, int(np.ceil(q * len(values))) - 1))
    return Kpi(name, int(np.partition(values, index)[index]) / scale, unit)


def measured(book: np.ndarray, start: int, end: int) -> np.ndarray:
    """Rows placed in the measured window [start, end)."""
    inside = np.flatnonzero((book["placed_at"] >= start) & (book["placed_at"] < end))
    blocks = np.ascontiguousarray(book).view(f"V{book.dtype.itemsize}")  # NumPy copies records with gaps field by field
    return blocks[inside].view(book.dtype)


def sold(book: np.ndarray) -> np.ndarray:
    """Mask of rows that are orders: no visits that left without goods, no sessions that ended without an order."""
    walked = (book["flow"] == Flow.VISIT) | (book["flow"] == Flow.BROWSE)
    return (~walked & ((book["flags"] & FLAG_SITE_LOST) == 0)) | (book["units_out"] > 0)


def whole_orders(book: np.ndarray) -> np.ndarray:
    """Mask of rows that begin an order: of one in several parcels the first alone, and no exchange of an earlier one.

    What is bought beside an errand at a visit is an order where the store sold nothing else to that visit.
    """
    ordinal = book["key"] % FOLLOW_UPS
    begins = ordinal < EXCHANGES
    beside = np.flatnonzero(ordinal == BESIDE)
    if len(beside):
        paid, visit = book["key"][(book["units_out"] > 0) & (book["channel"] == Entry.STORE)], book["key"][beside] - BESIDE
        begins[beside] = ~(np.isin(visit, paid) | np.isin(visit + 1, paid))
    return begins


def site_lost(book: np.ndarray) -> Kpi:
    """Sessions turned away by a full site, or that left its queue page, of all sessions on it."""
    on_site = (book["flow"] != Flow.VISIT) & (book["key"] % FOLLOW_UPS == 0)
    return ratio("site_lost_rate", int(((book["flags"] & FLAG_SITE_LOST) != 0).sum()), int(on_site.sum()), "no session")


def money_kpis(book: np.ndarray, pnl: dict[str, int], currency: str) -> list[Kpi]:
    """Revenue by channel and the lines of the profit and loss."""
    unit = f"minor {currency}"
    orders = int((sold(book) & whole_orders(book)).sum())
    net = book["revenue"] + book["fee"] - book["refund"]
    out = [Kpi(f"revenue_{name}", int(net[book["channel"] == code].sum()), unit) for code, name in enumerate(CHANNELS)]
    out += [Kpi(name, pnl[name], unit) for name in HEADLINES]
    out.append(ratio("aov", int((book["revenue"] + book["fee"]).sum()), orders, "no order", unit))
    return out


HEADLINES = (
    "net_revenue",
    "gross_profit",
    "fulfilment_cost",
    "labour_cost",
    "capability_cost",
    "media_cost",
    "other_cost",
    "operating_profit",
)


def service_kpis(book: np.ndarray) -> list[Kpi]:
    """What customers were served, on time or not."""
    is_order = sold(book)
    orders = book[is_order]
    visits = book["flow"] == Flow.VISIT
    pick = orders[orders["flow"] == Flow.PICKUP]
    sent = orders[(orders["flow"] == Flow.SHIP) | (orders["flow"] == Flow.SAME_DAY)]
    ready, arrived = pick["ready_at"] >= 0, sent["units_out"] > 0
    in_time = (orders["promised_at"] < 0) | ((orders["flow"] != Flow.PICKUP) & (orders["done_at"] <= orders["promised_at"]))
    in_time |= (orders["flow"] == Flow.PICKUP) & (orders["ready_at"] >= 0) & (orders["ready_at"] <= orders["promised_at"])
    wanted_buy = visits & np.isin(book["offer"], BUYING_VISITS)
    empty = (book["flags"] & FLAG_EMPTY) != 0
    short = empty | ((book["flags"] & FLAG_PHANTOM) != 0) | (book["status"] == Status.CANCELLED)
    counter = pick["served_at"] >= 0
    out = [
        Kpi("orders", int((is_order & whole_orders(book)).sum()), "orders"),
        Kpi("units", int(orders["units_out"].sum()), "units"),
        ratio("fill_rate", int(orders["units_out"][in_time].sum()), int(orders["units"].sum()), "no order"),
        ratio("stockout_rate", int(short.sum()), len(book), "no demand"),
        ratio("cancel_rate", int((orders["status"] == Status.CANCELLED).sum()), len(orders), "no order"),
        ratio("pickup_ready_on_time", int((pick["ready_at"][ready] <= pick["promised_at"][ready]).sum()), len(pick), "no pickup"),
        quantile("pickup_wait_p90_min", pick["wait_s"][counter], 0.9, 60.0, "min", "no pickup at the counter"),
        ratio("delivery_on_time", int((sent["done_at"][arrived] <= sent["promised_at"][arrived]).sum()), len(sent), "no parcel"),
        ratio(
            "wasted_trip_rate",
            int(sum(((book["flags"] & flag) != 0)[wanted_buy].sum() for flag in (FLAG_EMPTY, FLAG_EMPTY_AGAIN))),
            int((book["entries"] - ((book["flags"] & FLAG_BROUGHT_BACK) != 0))[wanted_buy].sum()),
            "no visit to buy",
        ),
    ]
    for name, mask in (
        ("return_rate", np.ones(len(orders), bool)),
        ("return_rate_online", orders["channel"] != Entry.STORE),
        ("return_rate_store", orders["channel"] == Entry.STORE),
    ):
        out.append(ratio(name, int(orders["units_back"][mask].sum()), int(orders["units_out"][mask].sum()), "no unit sold"))
    return out


def conversion_kpis(book: np.ndarray, counts: np.ndarray) -> list[Kpi]:
    """Orders per session and entries to a store with a purchase.

    An order counts where it was placed: one on the phone beside a shelf is a web order with a session of its own, one
    that the store places for delivery is a purchase of the visit; so is what is bought on the way at a pickup.
    """
    placed = sold(book) & whole_orders(book)
    follow_up = book["key"] % FOLLOW_UPS > 0
    web = placed & (book["channel"] == Entry.WEB)
    sessions = int(counts[:, Count.WEB_SESSIONS].sum()) + int((web & follow_up).sum())
    bought = placed & (book["channel"] == Entry.STORE) & ((book["flow"] == Flow.VISIT) | follow_up)
    entries = np.where(np.isin(book["offer"], AT_POINTS), (book["flags"] & FLAG_BROUGHT_BACK) != 0, book["entries"])
    visits, total = int(entries.sum()), counts.sum(axis=0)
    return [
        ratio("web_conversion", int(web.sum()), sessions, "no web session"),
        ratio("store_conversion", int(bought.sum()), visits, "no visit"),
        Kpi("store_visits", visits, "visits"),
        Kpi("web_sessions", sessions, "sessions"),
        ratio("touchpoints_per_purchase", int(total[Count.TOUCHES]), int(total[Count.PURCHASES]), "no purchase", "touches"),
    ]


def staff_load(paid: np.ndarray, worked: np.ndarray, share: Fraction) -> Kpi:
    """Work of stores at the retailer's full size / time their people are paid for; above 1 the stores cannot carry it.

    Parameters
    ----------
    paid, worked : int64 seconds of each pool of staff in stores in the window, 0 elsewhere
    share : simulated part of the retailer
    """
    top, bottom = int(worked.sum()) * share.denominator, int(paid.sum()) * share.numerator
    return ratio("store_staff_load", top, bottom, "no staff in stores")


def people_kpis(book: np.ndarray, before: np.ndarray, currency: str) -> list[Kpi]:
    """Repeat, retention, and the raw gap of customers with two channels or more.

    Parameters
    ----------
    book : rows of the measured window
    before : rows placed before it
    """
    kept = book[book["units_out"] > 0]
    earlier = np.unique(before["shopper"][before["units_out"] > 0])
    buyers, inverse = np.unique(kept["shopper"], return_inverse=True)
    orders = np.bincount(inverse[whole_orders(kept)], minlength=len(buyers))
    net = kept["revenue"] + kept["fee"] - kept["refund"]
    spend = np.zeros(len(buyers), np.int64)
    np.add.at(spend, inverse, net)
    seen = np.zeros((len(buyers), 4), bool)
    seen[inverse, kept["channel"]] = True
    many = seen.sum(axis=1) >= 2
    single_spend, single = int(spend[~many].sum()), int((~many).sum())
    premium: Kpi
    if single and many.any() and single_spend > 0:
        premium = Kpi("multichannel_premium_raw", (int(spend[many].sum()) * single) / (int(many.sum()) * single_spend), "1")
    else:
        premium = Kpi("multichannel_premium_raw", None, "1", "no buyer on two channels, or none on one")
    return [
        Kpi("buyers", len(buyers), "people"),
        ratio("repeat_rate", int((orders >= 2).sum()), len(buyers), "no buyer"),
        ratio("retention", int(np.isin(earlier, buyers).sum()), len(earlier), "no buyer before the window"),
        premium,
        Kpi("multichannel_premium_causal", None, "1", "needs the paired run with the second channel off"),
    ]


def kpis(
    book: np.ndarray,
    counts: np.ndarray,
    pnl: dict[str, int],
    surplus: int | None,
    start: int,
    end: int,
    currency: str,
    warn: Callable[[str], None] | None = None,
) -> list[Kpi]:
    """Every KPI of a run.

    Parameters
    ----------
    book : order book, all rows
    counts : (days, N_COUNTS) counters of the measured days
    pnl : lines of the profit and loss, minor units
    surplus : realised surplus of shoppers over the outside option, minor units, None when unknown
    start, end : measured window, seconds
    currency : ISO code
    """
    rows = measured(book, start, end)
    placed = (rows["flow"] != Flow.BROWSE) & ((rows["flags"] & FLAG_SITE_LOST) == 0)  # what reached the network
    rows = rows if placed.all() else rows[placed]
    before = book[book["placed_at"] < start]
    out = money_kpis(rows, pnl, currency) + service_kpis(rows) + conversion_kpis(rows, counts) + people_kpis(rows, before, currency)
    out.append(Kpi("consumer_surplus", surplus, f"minor {currency}", "" if surplus is not None else "not recorded in this run"))
    return out
