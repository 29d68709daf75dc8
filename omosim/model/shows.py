"""Live shows of a run: one row each, with what was watched, asked, ordered and sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.model.kpis import Kpi, ratio, sold
from omosim.schema.codes import Entry
from omosim.schema.columns import DAY, HOUR

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: days after the order in which a return counts for its show
RETURN_DAYS = 30
SELLER = "own"


def aired(model: RetailModel) -> np.ndarray:
    """SHOW rows of the shows that had a public, in time."""
    shows = model.journeys.scene.shows
    return shows[shows["begins"] > 0]


def show_columns(model: RetailModel, book: np.ndarray) -> dict[str, Any]:
    """Columns of shows.parquet: a row a show of the whole run; days count from the first measured one.

    Parameters
    ----------
    book : BOOK rows; an order in the live channel belongs to the show that was on when it was placed

    Notes
    -----
    `orders` and `units` are what was ordered; `units_out` what was delivered, `units_back` what of it came back within
    RETURN_DAYS of the order. A `return_rate` is null where nothing was delivered.
    """
    shows = aired(model)
    orders = book[sold(book) & (book["channel"] == Entry.LIVE)]
    which = np.searchsorted(shows["begins"], orders["placed_at"], side="right") - 1
    during = (which >= 0) & (orders["placed_at"] < shows["begins"][which] + HOUR) if shows.size else np.zeros(len(orders), np.bool_)
    orders, which = orders[during], which[during]
    soon = (orders["returned_at"] >= 0) & (orders["returned_at"] - orders["placed_at"] <= RETURN_DAYS * DAY)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(which, weights=values, minlength=shows.size).astype(np.int64)

    out, back = total(orders["units_out"]), total(np.where(soon, orders["units_back"], 0))
    begins = shows["begins"]
    return {
        "show": np.arange(shows.size), "day": begins // DAY - model.settings.burn_in_days, "begins": begins,
        "seller": np.full(shows.size, SELLER), "intensity": shows["intensity"], "viewers": shows["viewers"], "told": shows["told"], "elsewhere": shows["elsewhere"],
        "questions": shows["questions"], "answered": shows["answered"], "orders": shows["orders"], "units": shows["units"],
        "units_out": out, "units_back": back, "return_rate": np.where(out > 0, back / np.maximum(out, 1), np.nan),
    }  # fmt: skip


def show_kpis(model: RetailModel) -> list[Kpi]:
    """Viewers, orders a viewer and answered questions of the shows in the measured window; none without shows."""
    shows = aired(model)
    shows = shows[(shows["begins"] >= model.window_start) & (shows["begins"] < model.window_end)]
    if not shows.size:
        return []
    viewers = int(shows["viewers"].sum())
    out = [
        ratio("live_viewers", viewers, shows.size, "no show", "viewers a show"),
        ratio("live_orders_per_viewer", int(shows["orders"].sum()), viewers, "no viewer", "orders a viewer"),
    ]
    if (model.journeys.scene.levels["answer_s"] > 0).any() or shows["questions"].any():
        out.append(ratio("live_answered", int(shows["answered"].sum()), int(shows["questions"].sum()), "no question"))
    return out
