"""What can be read in a finished run: a registry of measures, each with its unit and the filters that it knows.

A measure reads the order book and the journeys' counters through a `View`; amounts are minor units of the market's
currency. A new measure is one function with `@measure`. Oracle: tests/validation/test_measures.py counts by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from omosim.model.kpis import AT_POINTS, FOLLOW_UPS, sold, whole_orders
from omosim.schema.codes import Count, Entry, Flow
from omosim.schema.columns import FLAG_BROUGHT_BACK, FLAG_CLOSED, FLAG_EMPTY, FLAG_LOOKED

if TYPE_CHECKING:
    from omosim.validation.view import View

#: filters of an outcome
FILTERS = ("where", "whom", "when", "weekdays", "shows", "channels", "categories", "services")
ROWS = frozenset(FILTERS)
DAYS = frozenset({"when", "weekdays", "shows"})
PLACES = DAYS | {"where"}

Reading = float | None


@dataclass(frozen=True)
class Measure:
    """One figure that can be read in a run. by: the filters that it knows."""

    name: str
    unit: str
    meaning: str
    by: frozenset[str]
    read: Callable[[View], Reading]


MEASURES: dict[str, Measure] = {}


def measure(unit: str, by: frozenset[str]) -> Callable[[Callable[[View], Reading]], Callable[[View], Reading]]:
    """Register a function as the measure of its name; its docstring is the meaning."""

    def put(read: Callable[[View], Reading]) -> Callable[[View], Reading]:
        MEASURES[read.__name__] = Measure(read.__name__, unit, (read.__doc__ or "").strip().rstrip("."), by, read)
        return read

    return put


def _over(top: float, bottom: float) -> Reading:
    return None if bottom == 0 else top / bottom


# ---- amounts and counts -------------------------------------------------------------------------------------
@measure("minor", ROWS)
def sales(view: View) -> Reading:
    """Goods sold at the prices paid, before refunds of returns; units never served are left out."""
    return float(view.rows["revenue"].sum())


@measure("minor", ROWS)
def net_sales(view: View) -> Reading:
    """Goods and services sold, less refunds."""
    rows = view.rows
    return float((rows["revenue"] + rows["fee"] - rows["refund"]).sum())


@measure("minor", ROWS)
def gross_profit(view: View) -> Reading:
    """Net sales less the cost of the goods that left for good, value lost by returns included."""
    rows = view.rows
    return float((rows["revenue"] + rows["fee"] - rows["refund"] - rows["goods_cost"]).sum())


@measure("minor", ROWS)
def service_cost(view: View) -> Reading:
    """Cost of fulfilling these orders: parcels, couriers, transfers, packing, handling of returns; no labour."""
    return float(view.rows["service_cost"].sum())


@measure("minor", ROWS)
def contribution(view: View) -> Reading:
    """Gross profit less service cost; labour, rent, media, commission, points and shrink are no part of it."""
    return (gross_profit(view) or 0.0) - (service_cost(view) or 0.0)


@measure("orders", ROWS)
def orders(view: View) -> Reading:
    """Orders placed and purchases made; an order in several parcels once, exchanges not."""
    return float(np.count_nonzero(sold(view.rows) & whole_orders(view.rows)))


@measure("units", ROWS)
def units(view: View) -> Reading:
    """Units handed over or delivered."""
    return float(view.rows["units_out"].sum())


@measure("units", ROWS)
def units_returned(view: View) -> Reading:
    """Units of these orders that came back."""
    return float(view.rows["units_back"].sum())


@measure("share", ROWS)
def returned_share(view: View) -> Reading:
    """Units that came back of the units handed over or delivered."""
    return _over(float(view.rows["units_back"].sum()), float(view.rows["units_out"].sum()))


@measure("visits", ROWS - {"channels", "services"})
def visits(view: View) -> Reading:
    """Entries to stores: to look, to buy, to collect, to bring back."""
    return float(view.entries().sum())


@measure("people", ROWS)
def customers(view: View) -> Reading:
    """Shoppers who kept or had in hand at least one unit."""
    rows = view.rows
    return float(np.unique(rows["shopper"][rows["units_out"] > 0]).size)


@measure("people", frozenset({"where", "whom"}))
def people(view: View) -> Reading:
    """Shoppers of the group, buyers or not."""
    return float(view.people.sum())


@measure("share", frozenset({"where", "whom", "when", "channels", "categories", "services"}))
def share_spending_more(view: View) -> Reading:
    """People who spent more in these days than in as many days before, of those who bought in either."""
    more, either = view.against_before()
    return _over(float(more), float(either))


# ---- per customer ---------------------------------------------------------------------------------------------
@measure("minor", ROWS)
def revenue_per_customer(view: View) -> Reading:
    """Net sales over customers: the shoppers of `whom` where it is given, else all buyers of these days and zones."""
    return _over(net_sales(view) or 0.0, view.customers())


@measure("minor", ROWS)
def spend_per_customer(view: View) -> Reading:
    """Goods and services sold before refunds, over customers as in revenue_per_customer."""
    return _over(float((view.rows["revenue"] + view.rows["fee"]).sum()), view.customers())


@measure("minor", ROWS)
def contribution_per_customer(view: View) -> Reading:
    """Contribution over customers as in revenue_per_customer."""
    return _over(contribution(view) or 0.0, view.customers())


@measure("minor", ROWS)
def order_value(view: View) -> Reading:
    """Goods and services sold before refunds, over orders."""
    return _over(float((view.rows["revenue"] + view.rows["fee"]).sum()), orders(view) or 0.0)


@measure("orders", ROWS)
def orders_per_customer(view: View) -> Reading:
    """Orders over customers as in revenue_per_customer."""
    return _over(orders(view) or 0.0, view.customers())


@measure("units", ROWS)
def units_returned_per_customer(view: View) -> Reading:
    """Units that came back over customers as in revenue_per_customer."""
    return _over(units_returned(view) or 0.0, view.customers())


# ---- visits and sessions ---------------------------------------------------------------------------------------
@measure("sessions", PLACES)
def web_sessions(view: View) -> Reading:
    """Sessions in the web shop, with and without a need, by home zone."""
    return float(view.sessions())


@measure("share", PLACES | {"channels"})
def orders_per_visitor(view: View) -> Reading:
    """Orders over web sessions, each of which is a visitor of the site."""
    return _over(orders(view) or 0.0, view.sessions())


@measure("share", PLACES)
def web_conversion(view: View) -> Reading:
    """Web orders over web sessions; one on the phone beside a shelf has a session of its own."""
    web = sold(view.rows) & whole_orders(view.rows) & (view.rows["channel"] == Entry.WEB)
    return _over(float(web.sum()), view.sessions() + float((web & (view.rows["key"] % FOLLOW_UPS > 0)).sum()))


@measure("share", ROWS - {"channels", "services"})
def store_conversion(view: View) -> Reading:
    """Entries to a store with a purchase, of all entries."""
    rows = view.rows
    bought = sold(rows) & whole_orders(rows) & (rows["channel"] == Entry.STORE)
    bought &= (rows["flow"] == Flow.VISIT) | (rows["key"] % FOLLOW_UPS > 0)
    return _over(float(bought.sum()), float(view.entries().sum()))


@measure("share", ROWS - {"channels", "services"})
def availability(view: View) -> Reading:
    """Visits to buy or to try that found the item on the shelf."""
    rows = view.rows
    wanted = (rows["flow"] == Flow.VISIT) & (rows["key"] % FOLLOW_UPS == 0) & ((rows["flags"] & (FLAG_CLOSED | FLAG_LOOKED)) == 0)
    empty = wanted & ((rows["flags"] & FLAG_EMPTY) != 0)
    return _over(float(wanted.sum() - empty.sum()), float(wanted.sum()))


@measure("checks", DAYS)
def stock_checks(view: View) -> Reading:
    """Missions in which a store's stock was looked up."""
    return view.count(Count.STOCK_CHECKS)


@measure("touches", DAYS)
def touches_per_purchase(view: View) -> Reading:
    """Touches before a purchase, all of them."""
    return _over(view.count(Count.TOUCHES), view.count(Count.PURCHASES))


@measure("touches", DAYS)
def touches_observed_per_purchase(view: View) -> Reading:
    """Touches before a purchase that the retailer can see."""
    return _over(view.count(Count.TOUCHES_OBSERVED), view.count(Count.PURCHASES))


def entries_of(rows: np.ndarray) -> np.ndarray:
    """(n,) entries to stores of book rows; what is collected at a point or locker is none, unless it is brought back."""
    return np.where(np.isin(rows["offer"], AT_POINTS), (rows["flags"] & FLAG_BROUGHT_BACK) != 0, rows["entries"]).astype(np.int64)
