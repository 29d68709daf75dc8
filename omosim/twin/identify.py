"""What this retailer's data can tell, said before the fit and measured after it; and which data would tell more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from omosim.twin.foretell import foretell
from omosim.twin.parameters import PARAMETERS, Fit, Parameter, Prior, told
from omosim.twin.posterior import Posterior
from omosim.twin.summaries import Orders

#: sd of the draws, in standard deviations of the prior, up to which a parameter is told, or partly told
TOLD, PARTLY = 0.35, 0.8
#: correlation of two parameters' draws from which on they are known better together than singly
TIED = 0.7
#: what would narrow a parameter
HELP = {
    "need_rate": "a longer log", "rate_shape": "a longer log, or more customers", "leaving": "a longer log: who left and who is slow look alike for months",
    "known_people": "customers.registered_at, of those too who have not bought", "new_people": "customers.registered_at; sessions.new_visitors",
    "order_value": "nothing of orders: the model draws the prices of its few goods", "order_spread": "units apart from prices: more orders of single articles", "return_share": "orders.returned_at, one by one",
    "taste_store": "traffic.visits by store", "taste_social": "sessions.source", "taste_live": "sessions.source",
    "taste_sd": "a longer log of customers with ids in every channel", "pickup_users": "sessions.pickup_shown",
}  # fmt: skip


#: what no order log tells: title, table and column that would, why
UNTOLD: tuple[tuple[str, str, str, str], ...] = (
    ("price_sensitivity", "how orders answer prices", "prices.price",
     "paid prices move with quantity, promotion and season together; dated list prices tell them apart"),
    ("availability", "how often goods are on the shelf", "stock.on_hand", "an order that was not placed leaves no row"),
    ("store_conversion", "visits that end in a purchase", "traffic.visits", "visits without a purchase leave no row"),
    ("web_conversion", "sessions that end in an order", "sessions.sessions", "sessions without an order leave no row"),
    ("ready_hours", "hours from order to ready", "orders.ready_at", "read straight from the column where it stands"),
    ("delivery_days", "days from order to delivery", "deliveries.delivered_at", "read straight from the column where it stands"),
    ("misfit", "returns for fit, among all", "orders.return_reason", "returns for fit and for a change of mind look alike"),
    ("wait_per_day", "cost of waiting a day", "orders.promised_at", "promises must differ between like orders"),
    ("needs_bought", "needs that become a purchase here", "", "elsewhere-bought needs are in no log of the retailer; assumed"),
    ("margin", "gross margin", "costs.unit_cost", "an order log knows prices only"),
)  # fmt: skip


def verdict(sd: float) -> str:
    """`told`, `partly told` or `keeps its prior`, by the draws' sd in standard deviations of the prior."""
    return "told" if sd <= TOLD else "partly told" if sd <= PARTLY else "keeps its prior"


def before(fit: Fit, tables: Collection[str] = ("orders",), orders: Orders | None = None) -> pd.DataFrame:
    """Which parameters these data can tell: parameter, title, unit, prior_low, prior_high, told_by, expected, expected_shrinkage, would_help.

    tables: kinds of tables the twin has. orders: those of the log; without them only the kinds of data are judged.
    expected: `verdict` of the width that `foretell` expects, `told` without orders; `keeps its prior` where nothing in
    the log speaks of it. expected_shrinkage: 1 less that width, NaN where it is not known.
    """
    prior, here = Prior.of(fit, PARAMETERS), {p.name for p in told(fit)}
    width = {} if orders is None else dict(zip((f := foretell(fit, orders)).names, map(float, f.sd), strict=True))
    ends = prior.values(np.array([[-1.96] * len(PARAMETERS), [1.96] * len(PARAMETERS)]))
    rows: list[dict[str, Any]] = []
    for i, p in enumerate(PARAMETERS):
        known = p.name in here
        rows.append(
            {"parameter": p.name, "title": p.title, "unit": p.unit, "prior_low": ends[0, i], "prior_high": ends[1, i],
             "told_by": ", ".join(_patterns(p, fit)) if known else "",
             "expected": verdict(width.get(p.name, 0.0)) if known else "keeps its prior",
             "expected_shrinkage": round(1 - width[p.name], 3) if p.name in width else np.nan if known else 0.0,
             "would_help": HELP[p.name] if known else f"{p.column}{_met(p, fit)}"}
        )  # fmt: skip
    for name, title, column, why in UNTOLD:
        if column.split(".")[0] in tables and column.split(".")[0] != "orders":
            continue
        rows.append({"parameter": name, "title": title, "unit": "", "prior_low": np.nan, "prior_high": np.nan, "told_by": "",
                     "expected": "keeps its prior", "expected_shrinkage": 0.0, "would_help": f"{column or 'nothing'}: {why}"})  # fmt: skip
    return pd.DataFrame(rows)


def _met(p: Parameter, fit: Fit) -> str:
    """Why a parameter whose column may stand in the log is not told."""
    if p.group == "channels":
        met = ", ".join(fit.patterns.channels or ("none",))
        return f", with orders of that kind (channels in the log: {met})" if p.name != "pickup_users" else ", with pickups and shipments"
    return ""


def _patterns(p: Parameter, fit: Fit) -> list[str]:
    """Kinds of patterns in the log that tell a parameter."""
    kinds = list(dict.fromkeys(n if n in p.told_by else n.split(".")[0] for n in fit.patterns.names()))
    return [k for k in kinds if k in p.told_by]


def after(post: Posterior) -> pd.DataFrame:
    """Prior and posterior: parameter, title, unit, prior_low, prior_high, low, median, high, shrinkage, verdict, tied_to, would_help.

    Ends are of 95 %. shrinkage: 1 less the draws' sd over the prior's, on the parameter's scale. verdict: `told`, `partly told`,
    `keeps its prior`. tied_to: parameters whose draws go with it, with the correlation.
    """
    ends = post.prior.values(np.array([[-1.96] * len(post.names), [1.96] * len(post.names)]))
    found = np.quantile(post.values, (0.025, 0.5, 0.975), axis=0)
    sd = post.z.std(axis=0)
    together = np.atleast_2d(np.corrcoef(post.z.T))
    rows = []
    for i, p in enumerate(post.prior.parameters):
        tied = [f"{q.name} ({together[i, j]:+.2f})" for j, q in enumerate(post.prior.parameters) if j != i and abs(together[i, j]) >= TIED]
        said = verdict(float(sd[i]))
        rows.append(
            {"parameter": p.name, "title": p.title, "unit": p.unit, "prior_low": ends[0, i], "prior_high": ends[1, i], "low": found[0, i],
             "median": found[1, i], "high": found[2, i], "shrinkage": round(1 - float(sd[i]), 3), "verdict": said,
             "tied_to": ", ".join(tied), "would_help": HELP[p.name] if said != "told" or tied else ""}
        )  # fmt: skip
    return pd.DataFrame(rows)


def foretold_text(said: pd.DataFrame) -> str:
    """What `before` says, in plain lines: what the orders tell, how much of the assumed range stays, and what no order tells."""
    words = {"told": "well", "partly told": "in part", "keeps its prior": "hardly"}
    lines = [f"{'Before simulating: what these orders can tell':<54}{'':<9}{'range left':>10}  what would tell more"]
    for r in said[said["told_by"] != ""].to_dict("records"):
        left = f"{1 - r['expected_shrinkage']:.0%}" if np.isfinite(r["expected_shrinkage"]) else ""
        lines.append(f"  {r['title']:<52}{words[r['expected']]:<9}{left:>10}  {r['would_help'] if r['expected'] != 'told' else ''}".rstrip())
    lines.append("Not told by these files, assumed; in brackets, what would tell it:")
    for r in said[(said["told_by"] == "") & ~said["would_help"].str.startswith("nothing")].to_dict("records"):
        lines.append(f"  {r['title']} ({r['would_help'].split(':')[0].split(',')[0]})")
    return "\n".join(lines)


def text(post: Posterior) -> str:
    """The same in plain lines, with the warnings of the calibration."""
    title = {p.name: p.title for p in post.prior.parameters}
    lines = [f"{'What the orders told':<52}{'unit':<16}{'95 % from':>12}{'middle':>12}{'to':>12}{'range left':>12}  verdict"]
    for r in after(post).to_dict("records"):
        left = f"{1 - r['shrinkage']:.0%}"
        unit = "minor units" if r["unit"] == "minor" else "" if r["unit"] == "1" else r["unit"]
        lines.append(f"  {r['title']:<50}{unit:<16}{r['low']:>12.4g}{r['median']:>12.4g}{r['high']:>12.4g}{left:>12}  {r['verdict']}")
        for name in filter(None, r["tied_to"].split(", ")):
            lines.append(f"    known better together with: {title[name.split(' ')[0]]} (correlation {name.split('(')[1]}")
        if r["would_help"]:
            lines.append(f"    would tell more: {r['would_help']}")
    lines.append("  range left: width of the plausible values over the width assumed before")
    return "\n".join([*lines, *(f"note: {w}" for w in post.warnings)])
