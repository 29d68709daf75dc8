"""Laws that span shoppers, network and money; those of the network alone stand in `omosim.fulfilment.laws`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omosim.model.kpis import measured
from omosim.model.pnl import COST_LINES, profit_and_loss
from omosim.schema.codes import Count
from omosim.schema.columns import ORDINAL_BITS

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: bits of an order key that number the contingency orders of one mission
ORDINALS = (1 << ORDINAL_BITS) - 1


def model_residuals(model: RetailModel) -> dict[str, int]:
    """L6 and L7 across rooms.

    L6: profit recounted from the order book's own columns and the day costs equals the statement, which is made
    from the ledger. L7: what shoppers say they sent to the network is what the network says it met.
    """
    book = model.fulfilment.book()
    rows = measured(book, model.window_start, model.window_end)
    lines = profit_and_loss(model)
    money = model.fulfilment.books().ledger[1]
    from_book = int((rows["revenue"] + rows["fee"] - rows["refund"] - rows["goods_cost"] - rows["service_cost"]).sum())
    time_bound = sum(lines[n] for n in COST_LINES) - sum(
        lines[n] for n in ("refunds", "goods", "resale_loss", "parcels", "couriers", "return_handling")
    )
    counts = model.journeys.counts.sum(axis=0)
    sent = counts[[Count.ORDERS_WEB, Count.ORDERS_SOCIAL, Count.ORDERS_LIVE, Count.VISITS_PLANNED]].sum()
    opened = counts[Count.NEEDS] + counts[Count.TOUCH_MISSIONS]
    funnel = max(0, int(counts[Count.MISSIONS] - opened)) + max(0, int(counts[Count.PURCHASES] - counts[Count.MISSIONS]))
    waiting = model.demand_rows - int(((book["key"] & ORDINALS) == 0).sum())  # not yet met by the network
    return {
        "L6": abs(from_book - time_bound - lines["operating_profit"]) + abs(int(money.sum())),
        "L7": abs(int(sent) - model.demand_rows) + max(0, -waiting) + (waiting if model.fulfilment.pending() == 0 else 0) + funnel,
    }
