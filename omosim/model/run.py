"""One run from settings to figures: what `run`, `compare`'s workers and notebooks call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from omosim.engine.laws import LAWS
from omosim.journeys.log import Observed, identity_lost, observe, observed_columns
from omosim.model.campaigns import campaign_kpis
from omosim.model.customers import contact_kpis
from omosim.model.experiments import experiment_rows
from omosim.model.kpis import CHANNELS, Kpi, kpis, measured, ratio, site_lost, sold, staff_load
from omosim.model.lifecycle import cohorts, funnel_columns, lifecycle_kpis, satisfaction_columns
from omosim.model.paths import category_columns, path_kpis
from omosim.model.places import place_kpis
from omosim.model.pnl import COST_LINES, own_stations, profit_and_loss, sample_share
from omosim.model.retail import RetailModel
from omosim.model.shows import show_columns, show_kpis
from omosim.schema.codes import Count, Flow, Status
from omosim.schema.columns import OFFER_NAMES, ORDINAL_BITS
from omosim.schema.settings import Settings
from omosim.world.nodes import site_plan

#: never hashed into a run's id: how to compute, where to write, and labels
LABELS = {
    "strategy": {"name", "title"},
    "scenario": {"name", "title", "practice", "expect", "contrast", "strategies"},
    "market": {"name", "title"},
    "engine": {"fulfilment", "threads", "extra_cut_minutes", "audit"},
}


#: words for the bits of `flags`, lowest first
FLAG_WORDS = (
    "empty_shelf", "substituted", "phantom_record", "slot_refused", "closed_door", "left_queue", "no_show", "only_looked",
    "empty_again", "brought_back", "took_part", "altered", "exchanged", "slot_booked", "waited_for_bin", "boxes_full",
    "lost_at_site", "split", "sent_on", "insert", "not_found",
)  # fmt: skip


@dataclass
class Run:
    """A finished run and its books.

    Parameters
    ----------
    model : the model at its end; all laws have been judged
    """

    model: RetailModel

    @property
    def settings(self) -> Settings:
        """Settings of the run."""
        return self.model.settings

    @cached_property
    def book(self) -> np.ndarray:
        """The order book, BOOK rows sorted by key."""
        return self.model.fulfilment.book()

    @cached_property
    def measured_book(self) -> np.ndarray:
        """Rows of the order book that were placed in the measured window."""
        return measured(self.book, self.model.window_start, self.model.window_end)

    def categories(self) -> dict[str, Any]:
        """Columns of categories.parquet: orders, channels and paths of each category in the measured window."""
        return category_columns(self.measured_book, list(self.settings.catalogue.categories))

    @cached_property
    def pnl(self) -> dict[str, int]:
        """Lines of the profit and loss, minor units."""
        return profit_and_loss(self.model)

    @cached_property
    def measured_counts(self) -> np.ndarray:
        """(days, N_COUNTS) counters of the measured days."""
        first = self.settings.burn_in_days
        return self.model.journeys.counts[first : first + self.settings.days]

    @cached_property
    def kpis(self) -> list[Kpi]:
        """Every KPI."""
        model = self.model
        surplus = int(self.measured_counts[:, Count.SURPLUS].sum())
        currency = self.settings.market.currency
        out = kpis(self.book, self.measured_counts, self.pnl, surplus, model.window_start, model.window_end, currency)
        paid, worked = (model.costs.staff_to - model.costs.staff_from) * own_stations(model, stores_only=True)
        share = sample_share(model)
        places = place_kpis(model.places, float(1 / share))
        people = [*crowd_kpis(self), *contact_kpis(model), *identity_kpis(self), *lifecycle_kpis(model, self.book, self.pnl["media"])]
        people += campaign_kpis(model, self.pnl["discounts"], currency)
        paths = path_kpis(self.measured_book)
        return [*out, *paths, staff_load(paid, worked, share), *places, *site_kpis(model, self.book), *people, *show_kpis(model)]

    @property
    def laws(self) -> dict[str, int]:
        """Law -> largest residual seen; all 0, or the run would have stopped."""
        return dict(self.model.audit.worst)

    def orders(self) -> dict[str, Any]:
        """Columns of orders.parquet: one row an order or visit, whole run; Arrow arrays where a time may be null."""
        out = order_columns(self.book, self.model.world.node_names, list(self.settings.catalogue.categories))
        world, shoppers = self.model.world, self.model.journeys.shoppers
        out["audience"] = np.array(world.audiences.names)[shoppers["audience"][self.book["shopper"]]]
        return with_nulls(out)

    @cached_property
    def experiments(self) -> list[dict[str, Any]]:
        """Rows of ab.parquet: each group of each randomised experiment, with intervals and the difference from its control."""
        return experiment_rows(self.model, self.book)

    @cached_property
    def order_keys(self) -> np.ndarray:
        """(m,) int64: keys of the orders of the whole run, sorted; follow-ups of one need count once."""
        keys = self.book["key"][sold(self.book)]
        return keys[np.unique(keys >> ORDINAL_BITS, return_index=True)[1]]

    @cached_property
    def worth(self) -> dict[str, np.ndarray]:
        """order_id and net revenue, minor units, of every order of the run; what follows from one need counts to its first order."""
        book, keys = self.book, self.order_keys
        at = np.searchsorted(keys >> ORDINAL_BITS, book["key"] >> ORDINAL_BITS)
        mine = np.append(keys, -1)[at] >> ORDINAL_BITS == book["key"] >> ORDINAL_BITS
        revenue = np.zeros(len(keys), np.int64)
        np.add.at(revenue, at[mine], (book["revenue"] + book["fee"] - book["refund"])[mine])
        return {"order_id": keys, "revenue": revenue}

    @cached_property
    def seen(self) -> Observed:
        """What the firm sees of the log of touches; empty unless `output.touches` is set."""
        model = self.model
        return observe(model.journeys.touches, model.journeys.shoppers, model.world, self.settings.market.identity, self.order_keys)

    def observed(self) -> dict[str, Any]:
        """Columns of observed.parquet; Arrow arrays where a time may be null."""
        return with_nulls(observed_columns(self.seen, self.model.journeys.touches, self.model.world))

    def shows(self) -> dict[str, Any]:
        """Columns of shows.parquet: a row a live show of the whole run; empty columns without any."""
        return show_columns(self.model, self.book)

    def satisfaction(self) -> dict[str, Any]:
        """Columns of satisfaction.parquet: realised less expected by day and stage."""
        return satisfaction_columns(self.model)

    def funnel(self) -> dict[str, Any]:
        """Columns of funnel.parquet: missions that enter and leave each stage, by channel and segment."""
        return funnel_columns(self.model, self.book)

    def cohorts(self) -> dict[str, Any]:
        """Columns of cohorts.parquet: customers by when they were won, what they bought again, and what each is worth."""
        return cohorts(self.model, self.book, self.pnl["media"])

    def daily(self) -> dict[str, np.ndarray]:
        """Columns of daily.parquet: a row a day."""
        model, counts = self.model, self.model.journeys.counts
        days = self.settings.burn_in_days + self.settings.days
        book = self.book
        day = book["placed_at"] // 86_400
        inside = (day >= 0) & (day < days)
        net = np.bincount(day[inside], weights=(book["revenue"] + book["fee"] - book["refund"])[inside], minlength=days)
        out: dict[str, np.ndarray] = {
            "day": np.arange(days) - self.settings.burn_in_days,
            "date": np.array([model.world.calendar.date_of(d).isoformat() for d in range(days)]),
            "net_revenue": net[:days].astype(np.int64),
        }
        for name in ("NEEDS", "MISSIONS", "WEB_SESSIONS", "VISITS_PLANNED"):
            out[name.lower()] = counts[:days, Count[name]]
        for count in crowd_counts(self.settings):
            out[count.name.lower()] = counts[:days, count]
        ordered = inside & sold(book)
        for code, channel in enumerate(CHANNELS):
            out[f"orders_{channel}"] = np.bincount(day[ordered & (book["channel"] == code)], minlength=days)[:days]
        return out


def with_nulls(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """Times that never came (-1) as null."""
    import pyarrow as pa

    return {
        name: pa.array(column, mask=column < 0) if name.endswith("_at") and name != "placed_at" else column
        for name, column in columns.items()
    }


def notes_of(flags: int) -> str:
    """What the bits of an order's `flags` say, in words."""
    return " ".join(name for bit, name in enumerate(FLAG_WORDS) if flags >> bit & 1)


def site_kpis(model: RetailModel, book: np.ndarray) -> list[Kpi]:
    """Sessions that a full site lost, where a site is modelled."""
    if site_plan(model.settings) is None:
        return []
    return [site_lost(measured(book, model.window_start, model.window_end))]


def crowd_counts(settings: Settings) -> list[Count]:
    """Counters of messages and word of mouth, where a market has them."""
    market = settings.market
    talked = [Count.TOLD, Count.HEARD_FIRST] if market.word_of_mouth.tell > 0 else []
    return ([Count.OPTED_OUT] if market.messages.opt_out_per_contact > 0 else []) + talked


def crowd_kpis(done: Run) -> list[Kpi]:
    """People of the measured window who opted out of messages, were told by a neighbour, and heard of us first from one."""
    totals = done.measured_counts.sum(axis=0)
    return [Kpi(count.name.lower(), int(totals[count]), "people") for count in crowd_counts(done.settings)]


def identity_kpis(done: Run) -> list[Kpi]:
    """Share of what buyers touched that a firm cannot put to their purchase, where touches are logged."""
    if not done.settings.output.touches:
        return []
    rows = measured(done.book, done.model.window_start, done.model.window_end)
    of = np.sort(rows["key"][sold(rows)])
    lost, touches = identity_lost(done.seen, done.model.journeys.touches, done.model.world, of)
    return [ratio("identity_loss", lost, touches, "no purchase with a touch that leaves an identity")]


def order_columns(book: np.ndarray, nodes: list[str], categories: list[str]) -> dict[str, np.ndarray]:
    """The order book in the words of the contract; times in seconds from the first midnight, -1 for never."""
    status = np.array([s.name.lower() for s in Status])
    flow = np.array(["ship", "same_day", "pickup", "store", "browse"])
    channel = np.array(["web", "store", "social", "live", "none"])
    names = np.array([*nodes, ""])
    out = {
        "order_id": book["key"],
        "shopper_id": book["shopper"],
        "placed_at": book["placed_at"],
        "channel": channel[book["channel"]],
        "fulfilment": flow[book["flow"]],
        "node": names[book["node"]],
        "status": status[book["status"]],
        "plan": np.array(OFFER_NAMES)[book["offer"]],
        "collect_node": names[book["collect_at"]],
    }
    for name in ("promised_at", "picked_at", "ready_at", "arrived_at", "served_at", "done_at", "returned_at"):
        at = np.where(book["flow"] == Flow.VISIT, -1, book[name]) if name == "promised_at" else book[name]
        out["handed_over_at" if name == "done_at" else name] = at
    for name in ("sku", "units", "units_out", "units_back", "units_short", "revenue", "fee", "refund", "goods_cost", "service_cost", "wait_s", "zone"):
        out[name] = book[name]
    out["category"] = np.array(categories)[book["category"]]
    out["flags"] = book["flags"]
    seen, which = np.unique(book["flags"], return_inverse=True)
    out["notes"] = np.array([notes_of(int(flags)) for flags in seen] or [""])[which]
    out["visit"] = book["flow"] == Flow.VISIT
    return out


def run(settings: Settings) -> Run:
    """Run one strategy in one world.

    Raises
    ------
    LawBroken : a law's residual is not zero
    """
    return Run(RetailModel(settings).run())


def deciding(settings: Settings) -> str:
    """JSON text of what decides the numbers of a run but for seed and replication; labels and how-to-compute left out."""
    data: dict[str, Any] = settings.model_dump(mode="json", exclude={"output", "seed", "replication"})
    for group, names in LABELS.items():
        for name in names:
            data[group].pop(name, None)
    stores = data["network"]["stores"]
    if stores["roster"] is not None:
        stores["roster"] = stores["roster"]["stores"]
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def run_task(text: str) -> str:
    """Entry of a study's worker: a JSON task in, a JSON answer out.

    Parameters
    ----------
    text : {"run_id", "arm", "replication", "seed", "settings"}
    """
    task = json.loads(text)
    settings = Settings.model_validate({**task["settings"], "seed": task["seed"], "replication": task["replication"]})
    done = run(settings)
    figures = [{"kpi": k.kpi, "value": k.value, "unit": k.unit, "reason": k.reason} for k in done.kpis]
    laws = {law: done.laws.get(law, 0) for law in LAWS}
    return json.dumps({"run_id": task["run_id"], "kpis": figures, "laws": laws, "pnl": statement(done.pnl)}, allow_nan=False)


def statement(pnl: dict[str, int]) -> dict[str, int]:
    """Lines that add up to operating profit: income positive, costs negative, then the profit itself."""
    income = {name: amount for name, amount in pnl.items() if name.startswith("revenue_") or name == "fees"}
    return {**income, **{name: -pnl[name] for name in COST_LINES}, "operating_profit": pnl["operating_profit"]}
