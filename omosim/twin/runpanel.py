"""The series of a run, with the names and meanings of those of a retailer's data (`omosim.twin.panel`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from omosim.model.kpis import CHANNELS, sold, whole_orders
from omosim.model.retail import RetailModel
from omosim.schema.codes import Count, Flow, NodeKind
from omosim.schema.columns import DAY, HOUR
from omosim.twin.history import Floats
from omosim.twin.panel import Panel
from omosim.world.start import was_under_way


def panel_of_run(model: RetailModel, first: int = 0, end: int | None = None, known: int = 0) -> Panel:
    """Days `first` to `end` of a run, end exclusive; at most those that are over.

    Parameters
    ----------
    known : shoppers who were customers before the run, the first ones: they are not new when they buy

    Notes
    -----
    Orders count on the day they were placed, with what they are worth by now: goods that changed hands at what was paid, goods still
    to come at their price; returned goods on the day they came back; new customers with their first order. Orders that were under way at second 0 are left out. `stockout_share` is of the last
    day alone, at its end (`Member.advance` fills every day's). Every day is observed.
    """
    end = model.day if end is None else min(end, model.day)
    n = max(end - first, 0)
    book, world = model.fulfilment.book(), model.world
    own = ~was_under_way(book["key"])
    day = book["placed_at"] // DAY - first
    inside, goods = own & (day >= 0) & (day < n), sold(book)
    orders = inside & goods & whole_orders(book)
    series: dict[str, Floats] = {}
    units: dict[str, str] = {}

    def put(name: str, unit: str, at: np.ndarray, weight: np.ndarray | None = None) -> None:
        series[name] = np.bincount(at, weight, minlength=n)[:n].astype(np.float64)
        units[name] = unit

    put("orders", "orders", day[orders])
    worth = worth_by_now(model, book)
    put("revenue", "minor", day[inside & goods], worth[inside & goods])
    offered = np.unique(world.policy.offers["entry"][world.policy.offers["enabled"] == 1])
    for code, name in enumerate(CHANNELS[:4]):
        mine = book["channel"] == code
        if mine.any() or code in offered:
            put(f"orders.{name}", "orders", day[orders & mine])
            put(f"revenue.{name}", "minor", day[inside & goods & mine], worth[inside & goods & mine])
    for code, name in enumerate(world.category_names):
        mine = inside & goods & (book["category"] == code)
        put(f"units.{name}", "units", day[mine], book["units"][mine])
    collected = orders & (book["collect_at"] >= 0)
    put("pickups", "orders", day[collected])
    back = book["returned_at"] // DAY - first
    came = (book["returned_at"] >= 0) & (back >= 0) & (back < n)
    put("returned_units", "units", back[came], book["units_back"][came])
    put("returned_value", "minor", back[came], book["refund"][came])
    put("new_customers", "people", _first_days(book, own & goods, known, first, n))
    counts = model.journeys.counts[first : first + n]
    series["sessions.web"], units["sessions.web"] = counts[:, Count.WEB_SESSIONS].astype(np.float64), "sessions"
    _traffic(model, book, first, n, put)
    out = np.full(n, np.nan)
    if n and end == model.day:
        out[-1] = empty_share(model)
    series["stockout_share"], units["stockout_share"] = out, "share"
    hourly = {}
    for name, rows in (("orders", orders), ("pickup_load", collected)):
        at = book["placed_at"][rows] // HOUR - 24 * first
        hourly[name] = np.bincount(at, minlength=24 * n)[: 24 * n].astype(np.float64).reshape(n, 24)
    return Panel(world.calendar.date_of(first), n, series, units, hourly)


def worth_by_now(model: RetailModel, book: np.ndarray) -> np.ndarray:
    """(orders,) minor, of BOOK rows: revenue of goods that changed hands, and of goods still to come what they will be sold for."""
    out, holds = book["revenue"].copy(), model.fulfilment.holds()
    at = np.searchsorted(book["key"], holds["key"])
    to_come = book["units_out"][at] == 0
    out[at[to_come]] = (holds["price"] * (holds["units"] - holds["short"]))[to_come]
    return out


def empty_share(model: RetailModel) -> float:
    """Share of the items that trading stores carry of which none is on hand now; NaN without stores."""
    world = model.world
    stores = (world.nodes["kind"] == NodeKind.STORE) & world.trading
    carried = (world.carried > 0)[stores]
    return float(((world.stock.on_hand[stores] == 0) & carried).sum() / carried.sum()) if carried.any() else float("nan")


def _first_days(book: np.ndarray, orders: np.ndarray, known: int, first: int, n: int) -> np.ndarray:
    """Days, from `first` on, of the first orders of those who were no customers before the run."""
    new = np.flatnonzero(orders & (book["shopper"] >= known))
    new = new[np.lexsort((book["placed_at"][new], book["shopper"][new]))]
    begins = np.diff(book["shopper"][new], prepend=-1) != 0
    at = book["placed_at"][new[begins]] // DAY - first
    return at[(at >= 0) & (at < n)]


def _traffic(model: RetailModel, book: np.ndarray, first: int, n: int, put: Callable[..., None]) -> None:
    """People who walk into each store: visitors when they come, and those who collect when they stand at the counter."""
    visit = book["flow"] == Flow.VISIT
    at = np.where(visit, book["placed_at"], book["arrived_at"])
    node = np.where(visit, book["node"], book["collect_at"])
    day = at // DAY - first
    came = (visit | (book["collect_at"] >= 0)) & (at >= 0) & (day >= 0) & (day < n)
    stores = np.flatnonzero(model.world.nodes["kind"] == NodeKind.STORE)
    put("traffic", "people", day[came & np.isin(node, stores)])
    for store in stores:
        put(f"traffic.{model.world.node_names[store]}", "people", day[came & (node == store)])
