"""What a member says of other ways of trading from today on: the money of the orders to come, and what stores must do for it.

A way is a change of strategy or scenario at a member's first second, which is today's: its past is its state. All ways of one
member share that state, its people and their draws, so their differences are paired. Tests: tests/twin/test_whatif.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.model.kpis import sold, whole_orders
from omosim.model.pnl import profit_and_loss
from omosim.model.retail import RetailModel
from omosim.model.run import statement
from omosim.schema.codes import Flow, NodeKind
from omosim.schema.columns import DAY, OFFER_NAMES
from omosim.schema.settings import Settings
from omosim.twin.decide import daily_counts
from omosim.twin.history import Floats
from omosim.twin.members import Member
from omosim.twin.running import taken
from omosim.world.start import was_under_way

#: settings that a way may change
GROUPS = ("strategy", "scenario")
#: what a store's people do for an order: pick it for the counter, a car or a locker; serve a customer at the counter; pick a parcel
AT_COUNTER, FOR_CAR, FOR_LOCKER, SERVED, PARCEL = range(5)
#: one row an order that a store's people work for; seconds from today's first
IN_STORE = np.dtype([("placed_s", "i8"), ("units", "i4"), ("node", "i2"), ("kind", "i1")])


@dataclass(frozen=True)
class Future:
    """What came of one way in one member.

    money : lines of the statement, minor: orders placed from today on, followed to their end, and the costs of those days
    demand : (nodes, categories, days) units wanted of each node, those that it could not give included
    series : name -> (days,) of the member's panel
    in_store : IN_STORE rows of the orders placed in these days that people of a store work for
    """

    money: dict[str, int]
    demand: Floats
    series: dict[str, Floats]
    in_store: np.ndarray


def settled(model: RetailModel) -> dict[str, int]:
    """Run on without new demand until every order has come to its end; the statement of them all."""
    return statement(profit_and_loss(model.run()))


def future(member: Member, changes: Mapping[str, Any], days: int) -> Future:
    """Branch the member, trade `days` with these changes, and settle.

    member : at its first second (ValueError for a later one: its statement would hold days before today)
    changes : "strategy" and "scenario" -> settings of that group; empty: as it is
    """
    if member.day:
        raise ValueError(f"day {member.day} of a member; ways begin with its first second")
    branch = member.branch(**changes, days=days)
    panel = branch.advance(days)
    model = branch.model
    money = settled(model)
    book, world = model.fulfilment.book(), model.world
    rows = book[~was_under_way(book["key"]) & sold(book)]
    at = rows["placed_at"] // DAY
    node = np.where(rows["node"] >= 0, rows["node"], rows["collect_at"])
    demand = daily_counts(node.astype(np.int64), rows["category"].astype(np.int64), at, rows["units"].astype(np.int64), (len(world.nodes), len(world.category_names), days))
    return Future(money, demand, dict(panel.series), store_orders(rows, days, world.nodes["kind"] == NodeKind.STORE))


def store_orders(rows: np.ndarray, days: int, stores: np.ndarray) -> np.ndarray:
    """IN_STORE rows of the sales in BOOK rows, placed in the first `days`.

    stores : (nodes,) whether a node is a store. An order that was picked elsewhere and is collected in a store is work of its
    counter alone, when it is handed over.
    """
    picked, collected = rows["node"], rows["collect_at"]
    sale = (rows["flow"] == Flow.VISIT) & (picked >= 0)
    here = (collected >= 0) & (rows["flow"] != Flow.VISIT)
    sent = here & (picked >= 0) & (picked != collected)
    parcel = ((rows["flow"] == Flow.SHIP) | (rows["flow"] == Flow.SAME_DAY)) & ~here & (picked >= 0)
    out = np.zeros(len(rows), IN_STORE)
    out["placed_s"] = np.where(sent, rows["done_at"], rows["placed_at"])
    out["units"] = rows["units"]
    out["node"] = np.where(here, collected, picked)
    how = {OFFER_NAMES.index("web_curbside"): FOR_CAR, OFFER_NAMES.index("web_locker"): FOR_LOCKER}
    out["kind"] = np.where(sale | sent, SERVED, np.where(parcel, PARCEL, AT_COUNTER))
    for offer, kind in how.items():
        out["kind"] = np.where(here & ~sent & (rows["offer"] == offer), kind, out["kind"])
    inside = (out["placed_s"] >= 0) & (out["placed_s"] < days * DAY) & whole_orders(rows) & (sale | here | parcel)
    out = out[inside]
    out = out[stores[out["node"]]]
    return out[np.argsort(out["placed_s"], kind="stable")]


def whatif_task(text: str) -> str:
    """Entry of a worker process: a member's state and ways in, figures of each way out.

    Parameters
    ----------
    text : JSON of a task of `running.handed_over` with "days"; "ways": name -> {"strategy"?, "scenario"?} as JSON; "in_store":
        beginning of the names of files for each way's rows of work in stores, none without

    Returns
    -------
    JSON of way -> {"money", "demand" (nodes x categories x days), "series"}, and "nodes", "categories"
    """
    task = json.loads(text)
    member = taken(task).member()
    out: dict[str, Any] = {}
    names: tuple[list[str], list[str]] = ([], [])
    for way, changes in task["ways"].items():
        made = {group: _group(group, changes[group]) for group in GROUPS if group in changes}
        found = future(member, made, int(task["days"]))
        series = {name: [None if np.isnan(v) else v for v in x.tolist()] for name, x in found.series.items()}
        out[way] = {"money": found.money, "demand": found.demand.astype(int).tolist(), "series": series}
        if task.get("in_store"):
            np.save(f"{task['in_store']}-{len(out) - 1}.npy", found.in_store, allow_pickle=False)
    names = (list(member.model.world.node_names), list(member.model.world.category_names))
    return json.dumps({"ways": out, "nodes": names[0], "categories": names[1]}, allow_nan=False)


def _group(name: str, value: Any) -> Any:
    kind = Settings.model_fields[name].annotation
    assert kind is not None
    return kind.model_validate(value)
