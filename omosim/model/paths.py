"""Paths across channels: who tried in a store and ordered on line, who read on line and bought in a store; by category.

Definitions stand in docs/definitions.md. Oracle: tests/journeys/test_reference_journeys.py counts by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from omosim.model.kpis import Kpi, ratio, sold, whole_orders
from omosim.schema.codes import Entry, Flow
from omosim.schema.columns import OFFER_NAMES

READ_FIRST, TRY_FIRST = OFFER_NAMES.index("web_then_store"), OFFER_NAMES.index("showroom")


def webroomed(book: np.ndarray) -> np.ndarray:
    """Mask of purchases off a shelf by visitors who had read about the item on the web before they went."""
    return bought_off_the_shelf(book) & (book["offer"] == READ_FIRST)


def bought_off_the_shelf(book: np.ndarray) -> np.ndarray:
    """Mask of purchases by visitors who came to a shelf."""
    return (book["flow"] == Flow.VISIT) & (book["units_out"] > 0)


def showroomed(book: np.ndarray) -> np.ndarray:
    """Mask of web orders of an item that had been tried in a store, by visitors who came for that."""
    return web_orders(book) & (book["offer"] == TRY_FIRST)


def web_orders(book: np.ndarray) -> np.ndarray:
    """Mask of orders placed on the web, on the phone beside a shelf too; one in several parcels counts once."""
    return sold(book) & whole_orders(book) & (book["channel"] == Entry.WEB)


def path_kpis(book: np.ndarray) -> list[Kpi]:
    """Webrooming and showrooming.

    Parameters
    ----------
    book : rows of the measured window
    """
    return [
        ratio(
            "webrooming_share",
            int(webroomed(book).sum()),
            int(bought_off_the_shelf(book).sum()),
            "no purchase off a shelf",
        ),
        ratio("showrooming_share", int(showroomed(book).sum()), int(web_orders(book).sum()), "no web order"),
    ]


def category_columns(book: np.ndarray, names: list[str]) -> dict[str, Any]:
    """Columns of categories.parquet: one row a category; a share is None where there is nothing to divide by.

    Parameters
    ----------
    book : rows of the measured window
    names : categories, in the order of their numbers
    """
    orders = sold(book) & whole_orders(book)
    net = book["revenue"] + book["fee"] - book["refund"]
    out: dict[str, Any] = {"category": list(names)}

    def counted(mask: np.ndarray) -> np.ndarray:
        return np.bincount(book["category"][mask], minlength=len(names))

    def share(top: np.ndarray, bottom: np.ndarray) -> list[float | None]:
        return [int(a) / int(b) if b else None for a, b in zip(counted(top), counted(bottom), strict=True)]

    def added(amounts: np.ndarray) -> np.ndarray:
        total = np.zeros(len(names), np.int64)
        np.add.at(total, book["category"], amounts)
        return total

    out["orders"], out["net_revenue"] = counted(orders), added(net)
    for code, name in ((Entry.WEB, "web"), (Entry.STORE, "store"), (Entry.SOCIAL, "social"), (Entry.LIVE, "live")):
        out[f"{name}_share"] = share(orders & (book["channel"] == code), orders)
    out["pickup_share"] = share(orders & (book["flow"] == Flow.PICKUP), orders)
    out["webrooming_share"] = share(webroomed(book), bought_off_the_shelf(book))
    out["showrooming_share"] = share(showroomed(book), web_orders(book))
    back, gone = added(book["units_back"]), added(book["units_out"])
    out["return_rate"] = [int(a) / int(b) if b else None for a, b in zip(back, gone, strict=True)]
    return out
