"""The stages of a customer's way: who goes on from each, how it was felt, and what a customer is worth.

Definitions stand in docs/service.md. Oracle: tests/model/test_lifecycle.py counts by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.kernels.mathx import log64
from omosim.kernels.synthesis import fill_exp
from omosim.model.kpis import CHANNELS, FOLLOW_UPS, Kpi, measured, ratio, sold, whole_orders
from omosim.schema.codes import Count, Flow
from omosim.schema.columns import DAY, FLAG_UNSEEN, WEEK

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel

#: stages of which satisfaction is told; the first from the daily counters, the others from what outcomes taught
FELT = ("exploration", "purchase", "delivery", "after_sales")
YEAR_S = 365 * DAY
LAST_S = 28 * DAY  # who bought in the last so many seconds of the window counts as still there
_EPOCH = "all"


# ---- satisfaction ---------------------------------------------------------------------------------------------
def felt_sums(model: RetailModel) -> np.ndarray:
    """(days + 1, 4, 2) float64: surprises summed (share of price) and experiences, by day and stage."""
    good, counts, felt = model.settings.market.goodwill, model.journeys.counts, model.journeys.scene.felt
    out = np.zeros((len(felt), len(FELT), 2))
    days = len(counts)
    out[:days, 0, 0] = -good.price_gap * counts[:, Count.PRICE_GAPS_SEEN] - good.intrusive * counts[:, Count.OPTED_OUT]
    out[:days, 0, 1] = counts[:, Count.MISSIONS] - counts[:, Count.NOT_CONSIDERED]
    out[:, 1:] = felt
    return out


def satisfaction_columns(model: RetailModel) -> dict[str, Any]:
    """Columns of satisfaction.parquet: a row a day and stage; day 0 is the first measured one, the last day is the drain.

    `realised_less_expected` is null where nobody had an experience.
    """
    sums, over = felt_sums(model), model.settings.burn_in_days + model.settings.days
    sums = np.concatenate([sums[:over], sums[over:].sum(axis=0, keepdims=True)])
    days = np.arange(len(sums)) - model.settings.burn_in_days
    total, number = sums[..., 0].ravel(), sums[..., 1].ravel()
    return {
        "day": np.repeat(days, len(FELT)), "stage": np.tile(np.array(FELT), len(days)), "experiences": number.astype(np.int64),
        "realised_less_expected": np.where(number > 0, total / np.maximum(number, 1), np.nan),
    }  # fmt: skip


# ---- funnel ---------------------------------------------------------------------------------------------------
def ways(book: np.ndarray) -> dict[str, np.ndarray]:
    """What became of each mission that reached the network, from BOOK rows sorted by key.

    Returns
    -------
    arrays of one value a mission: row (its first), bought (something was ordered or bought), out (handed over), back
    (came back)
    """
    rows = np.flatnonzero(book["flow"] != Flow.BROWSE)
    mission = book["key"][rows] // FOLLOW_UPS
    first = np.flatnonzero(np.diff(mission, prepend=-1))
    if not len(first):
        return {name: np.zeros(0, np.int64) for name in ("row", "bought", "out", "back")}
    marks = {"bought": sold(book)[rows], "out": book["units_out"][rows] > 0, "back": book["units_back"][rows] > 0}
    return {"row": rows[first], **{name: np.logical_or.reduceat(mark, first) for name, mark in marks.items()}}


def funnel_columns(model: RetailModel, book: np.ndarray) -> dict[str, Any]:
    """Columns of funnel.parquet: missions of the measured window that enter and leave each stage, by channel and segment.

    A mission's channel is that of the plan it chose; before the choice it has none ("all"). `drop_off` is null where
    nobody entered.
    """
    first, days = model.settings.burn_in_days, model.settings.days
    decided = model.journeys.scene.funnel[first : first + days].sum(axis=0)  # (S, 6)
    segments, found = model.world.segment_names, ways(book)
    at = book[found["row"]]
    inside = (at["placed_at"] >= model.window_start) & (at["placed_at"] < model.window_end)
    entry = model.world.policy.offers["entry"][at["offer"]]
    segment = model.journeys.shoppers["segment"][at["shopper"]]
    rows: list[tuple[str, str, str, int, int]] = []
    for s, name in enumerate(segments):
        missions, considered, *chosen = decided[s].tolist()
        rows += [("awareness", _EPOCH, name, missions, considered), ("exploration", _EPOCH, name, considered, sum(chosen))]
        for code, channel in enumerate(CHANNELS):
            mine = inside & (segment == s) & (entry == code)
            bought, out, kept = ((mine & mask).sum() for mask in (found["bought"], found["out"], found["out"] & ~found["back"]))
            rows += [("purchase", channel, name, chosen[code], int(bought)), ("delivery", channel, name, int(bought), int(out)),
                     ("after_sales", channel, name, int(out), int(kept))]  # fmt: skip
    stages, channels, kinds, entering, leaving = (np.array(column) for column in zip(*rows, strict=True))
    drop = np.where(entering > 0, 1.0 - leaving / np.maximum(entering, 1), np.nan)
    return {"stage": stages, "channel": channels, "segment": kinds, "entering": entering, "leaving": leaving, "drop_off": drop}


# ---- the worth of a customer ------------------------------------------------------------------------------------
def discounts(model: RetailModel, seconds: np.ndarray) -> np.ndarray:
    """Weight of an amount at each second (n,), the window's start having 1."""
    rate = float(log64(1.0 + model.settings.market.service.discount_per_year))
    out = np.empty(len(seconds))
    fill_exp((model.window_start - seconds) * (rate / YEAR_S), out)
    return out


def cohorts(model: RetailModel, book: np.ndarray, media: int) -> dict[str, Any]:
    """Columns of cohorts.parquet: customers of the window by when they were won, and what each is worth.

    Parameters
    ----------
    book : BOOK rows, all
    media : paid for media in the window, minor units; each shopper's part of it is the cost of contact

    Notes
    -----
    Value of a customer = sum over orders of the window of (revenue + fee - refund - goods - service cost) d(t), less the
    shopper's part of media from the day the customer is one, d the discount. Cohorts: `active` bought before the window,
    `week n` for the first time in its week n, `new` all of these.
    """
    bought = book[book["units_out"] > 0]
    rows = measured(bought, model.window_start, model.window_end)
    active = np.unique(bought["shopper"][bought["placed_at"] < model.window_start])
    buyers, which = np.unique(rows["shopper"], return_inverse=True)
    new = ~np.isin(buyers, active)
    since = np.full(len(buyers), model.window_end)
    np.minimum.at(since, which, rows["placed_at"])
    last = np.zeros(len(buyers), np.int64)
    np.maximum.at(last, which, rows["placed_at"])
    gross = rows["revenue"] + rows["fee"] - rows["refund"] - rows["goods_cost"] - rows["service_cost"]
    value = np.bincount(which, weights=gross * discounts(model, rows["placed_at"]), minlength=len(buyers))
    orders = np.bincount(which[whole_orders(rows)], minlength=len(buyers))
    weeks = -(-(model.window_end - model.window_start) // WEEK)
    names = ["active", "new", *(f"week {n}" for n in range(weeks))]
    table: dict[str, list[Any]] = {name: [] for name in COHORT_COLUMNS}
    for name in names:
        mine = new if name == "new" else ~new
        if name.startswith("week"):
            mine = new & ((since - model.window_start) // WEEK == int(name.split()[1]))
        begins = np.full(len(active), model.window_start) if name == "active" else since[mine]
        contact = _contact(model, media, begins)
        number = len(begins)
        again = orders[mine] >= (1 if name == "active" else 2)
        row = (name, number, int(orders[mine].sum()), int(again.sum()), int((last[mine] >= model.window_end - LAST_S).sum()),
               float(value[mine].sum()), contact, (float(value[mine].sum()) - contact) / number if number else np.nan)  # fmt: skip
        for column, cell in zip(COHORT_COLUMNS, row, strict=True):
            table[column].append(cell)
    return {name: np.array(column) for name, column in table.items()}


COHORT_COLUMNS = ("cohort", "customers", "orders", "bought_again", "bought_lately", "gross_profit", "contact_cost", "lifetime_value")


def _contact(model: RetailModel, media: int, begins: np.ndarray) -> float:
    """Discounted cost of contact of customers from the seconds `begins` (n,) to the window's end."""
    length = model.window_end - model.window_start
    middle = (begins + model.window_end) // 2
    share = (model.window_end - begins) / length
    return float((share * discounts(model, middle)).sum()) * media / model.settings.shoppers


# ---- figures of a run -------------------------------------------------------------------------------------------
def lifecycle_kpis(model: RetailModel, book: np.ndarray, media: int) -> list[Kpi]:
    """Satisfaction by stage, the worth of customers by cohort, and figures of people and service where a run has them."""
    first, days = model.settings.burn_in_days, model.settings.days
    sums = felt_sums(model)[first : first + days].sum(axis=0)
    unit = f"minor {model.settings.market.currency}"
    out = []
    for stage, (total, number) in zip(FELT, sums.tolist(), strict=True):
        value = total / number if number else None
        out.append(Kpi(f"satisfaction_{stage}", value, "share of price", "" if number else "no experience"))
    table = cohorts(model, book, media)
    for row, name in ((1, "new"), (0, "active")):
        number = int(table["customers"][row])
        worth = float(table["lifetime_value"][row]) if number else None
        out.append(Kpi(f"lifetime_value_{name}", worth, unit, "" if number else "no such customer"))
    again, new = int(table["bought_again"][1]), int(table["customers"][1])
    return [*out, ratio("repeat_rate_new", again, new, "no new customer"), *_service_kpis(model, book)]


def _service_kpis(model: RetailModel, book: np.ndarray) -> list[Kpi]:
    settings, first = model.settings, model.settings.burn_in_days
    total = model.journeys.counts[first : first + settings.days].sum(axis=0)
    rows, out = measured(book, model.window_start, model.window_end), []
    if any(policy.fittings_per_day > 0 for policy in model.world.seen):
        out.append(Kpi("fittings", int(total[Count.FITTINGS]), "appointments"))
        out.append(ratio("fitting_no_show_rate", int(total[Count.FITTING_NO_SHOWS]), int(total[Count.FITTINGS]), "no appointment"))
    if settings.market.service.failure > 0:
        out.append(Kpi("service_failures", int(total[Count.SERVICE_FAILED]), "hand-overs"))
    if settings.market.service.unseen > 0:
        visits = rows["flow"] == Flow.VISIT
        out.append(ratio("not_found_rate", int(((rows["flags"] & FLAG_UNSEEN) != 0).sum()), int(visits.sum()), "no visit"))
    return out
