"""Measures the levels of a shipped market against published ones: target, simulated, within.

Usage: python experiments/levels.py [market …] [--shoppers N] [--replications R] [--seed S] [--strategy NAME]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from omosim.config.compose import compose
from omosim.model.run import Run, run
from omosim.schema.codes import Count, Flow
from omosim.schema.columns import FLAG_CLOSED, FLAG_EMPTY, FLAG_LOOKED, ORDINAL_BITS
from omosim.schema.scenario import Intervention
from omosim.schema.settings import Settings

PRICE_STEP = 0.05
MONTH_DAYS = 365 / 12


@dataclass(frozen=True)
class Target:
    """A published or assumed range of one level."""

    level: str
    low: float
    high: float
    source: str


ONLINE_RETURNS = {"apparel": (0.15, 0.21), "seoul_beauty": (0.064, 0.096), "reference_w4": (0.05, 0.15)}
STORE_SALES = {"apparel": (100.0, 350.0), "seoul_beauty": (150.0, 300.0), "reference_w4": (0.0, math.inf)}


def targets(market: str, settings: Settings) -> list[Target]:
    """Ranges for a market; a share of purchases is held to its own setting within a tenth."""
    share, rate = settings.market.demand.purchase_share, implied_purchases(settings)
    rows = [
        Target("store_conversion", 0.20, 0.40, "trade"),
        Target("web_conversion", 0.02, 0.03, "trade"),
        Target("return_rate_online", *ONLINE_RETURNS[market], "ICSC 2022, NRF 2021"),
        Target("return_rate_store", 0.05, 0.10, "ICSC 2022, NRF 2021, all goods"),
        Target("price_elasticity", -2.9, -2.1, "Bijmolt et al. 2005"),
        Target("availability", 0.80, 0.92, "Gruen & Corsten"),
        Target("touches_observed", 5.0, 7.0, "N6"),
        Target("touches_all", 10.0, 12.0, "N7"),
        Target("purchases_per_need", 0.9 * share, 1.1 * share, "market.demand.purchase_share"),
        Target("purchases_per_shopper_year", 0.85 * rate, 1.15 * rate, "r / alpha x alive"),
        Target("fill_rate", 0.90, 1.0, "assumed"),
        Target("delivery_on_time", 0.90, 1.0, "assumed"),
    ]
    if market == "reference_w4":
        return [*rows, Target("needs_per_shopper_year", 14.0, 16.0, "definition"), Target("web_sessions_per_order", 35.0, 50.0, "definition")]
    return [
        *rows,
        Target("sales_per_store_month_m", *STORE_SALES[market], "assumed"),
        Target("rent_of_store_revenue", 0.08, 0.12, "assumed"),
        Target("labour_of_revenue", 0.10, 0.15, "assumed"),
        Target("media_of_revenue", 0.03, 0.06, "assumed"),
        Target("operating_margin", 0.02, 0.10, "assumed"),
    ]


def implied_purchases(settings: Settings) -> float:
    """Purchases a shopper-year that demand settings imply while everyone stays: r / alpha, segments weighed."""
    demand = settings.market.demand
    people = sum(s.share * s.need_multiplier for s in settings.market.segments.values())
    return demand.purchase_r / demand.purchase_alpha_weeks * 365 / 7 * people


def levels_of(done: Run) -> dict[str, float]:
    """Levels of one run that need no second run."""
    settings, model, pnl = done.settings, done.model, done.pnl
    book = done.book[(done.book["placed_at"] >= model.window_start) & (done.book["placed_at"] < model.window_end)]
    count = done.measured_counts.sum(axis=0)
    wanted = (book["flow"] == Flow.VISIT) & (book["key"] % (1 << ORDINAL_BITS) == 0) & ((book["flags"] & (FLAG_CLOSED | FLAG_LOOKED)) == 0)
    empty = wanted & ((book["flags"] & FLAG_EMPTY) != 0)
    bought = int((book["units_out"] > 0).sum())
    missions = int(count[Count.MISSIONS])
    part = min(1.0, settings.shoppers / settings.market.cost_basis_shoppers)
    months = settings.days / MONTH_DAYS
    stores, net = max(1, settings.network.stores.count), pnl["net_revenue"]
    in_store = next(k.value for k in done.kpis if k.kpi == "revenue_store") or 1
    web_orders = max(1, int(((book["channel"] == 0) & (book["offer"] < 4) & (book["flow"] != Flow.VISIT)).sum()))
    out = {k.kpi: float(k.value) for k in done.kpis if k.value is not None}
    out |= {
        "availability": 1.0 - int(empty.sum()) / max(1, int(wanted.sum())),
        "touches_observed": int(count[Count.TOUCHES_OBSERVED]) / max(1, int(count[Count.PURCHASES])),
        "touches_all": int(count[Count.TOUCHES]) / max(1, int(count[Count.PURCHASES])),
        "purchases_per_need": bought / max(1, int(count[Count.NEEDS])),
        "purchases_per_shopper_year": bought / settings.shoppers * 365 / settings.days,
        "needs_per_shopper_year": int(count[Count.NEEDS]) / settings.shoppers * 365 / settings.days,
        "alive": model.journeys.n_alive / settings.shoppers,
        "aware": model.journeys.n_aware / settings.shoppers,
        "considered_of_missions": 1.0 - int(count[Count.NOT_CONSIDERED]) / max(1, missions),
        "web_sessions_per_order": int(count[Count.WEB_SESSIONS]) / web_orders,
        "sales_per_store_month_m": in_store / part / stores / months / 1e6,
        "all_sales_per_store_month_m": net / part / stores / months / 1e6,
        "rent_of_store_revenue": pnl["rent"] / in_store,
        "operating_margin": pnl["operating_profit"] / net,
        "gross_margin": pnl["gross_profit"] / net,
        "store_share": in_store / net,
    }
    for line in ("labour", "media", "parcels", "couriers", "return_handling", "holding", "shrink", "commission", "rent"):
        out[f"{line}_of_revenue"] = pnl[line] / net
    out["capability_of_revenue"] = pnl["capability_cost"] / net
    out["visits_per_purchase_in_store"] = out.get("store_visits", 0.0) / max(1, int((wanted & (book["units_out"] > 0)).sum()))
    for offer, name in ((3, "web_then_store"), (4, "store_first"), (5, "showroom")):
        out[f"visits_{name}"] = int((wanted & (book["offer"] == offer)).sum()) / max(1, int(wanted.sum()))
    return out


def units_at(settings: Settings, factor: float) -> int:
    """Units sold with all own prices times a factor, rivals fixed, goodwill frozen."""
    market = settings.market.model_copy(
        update={
            "rival": settings.market.rival.model_copy(update={"reaction": 0.0}),
            "goodwill": settings.market.goodwill.model_copy(update={"learning": 0.0}),
        }
    )
    change = Intervention(what="price", times=factor, from_day=0)
    scenario = settings.scenario.model_copy(update={"interventions": [*settings.scenario.interventions, change]})
    done = run(settings.model_copy(update={"market": market, "scenario": scenario}))
    book = done.book
    inside = (book["placed_at"] >= done.model.window_start) & (book["placed_at"] < done.model.window_end)
    return int(book["units_out"][inside].sum())


def measure(settings: Settings, replications: int, elasticity: bool = True) -> dict[str, float]:
    """Means of the levels over replications; the elasticity is d ln units / d ln price over ±5 %."""
    rows, down, up = [], 0, 0
    for replication in range(replications):
        one = settings.model_copy(update={"replication": replication})
        rows.append(levels_of(run(one)))
        if elasticity:
            down, up = down + units_at(one, 1 - PRICE_STEP), up + units_at(one, 1 + PRICE_STEP)
    out = {k: float(np.mean([row[k] for row in rows])) for k in rows[0] if all(k in row for row in rows)}
    if elasticity:
        out["price_elasticity"] = math.log(up / down) / math.log((1 + PRICE_STEP) / (1 - PRICE_STEP))
    return out


def table(rows: Iterable[Target], seen: Mapping[str, float]) -> list[str]:
    """Markdown lines: level, target, simulated, within."""
    out = ["| Level | Target | Simulated | Within | Source of target |", "|---|---|---|---|---|"]
    for row in rows:
        value = seen.get(row.level, math.nan)
        inside = "yes" if row.low <= value <= row.high else "no"
        goal = f"{row.low:.3g} to {row.high:.3g}" if math.isfinite(row.high) else "reported"
        out.append(f"| {row.level} | {goal} | {value:.4g} | {inside} | {row.source} |")
    return out


def main() -> None:
    """Print the table of each market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", nargs="*", default=["seoul_beauty", "apparel", "reference_w4"])
    parser.add_argument("--shoppers", type=int, default=20000)
    parser.add_argument("--replications", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1001, help="levels were fitted on seed 7")
    parser.add_argument("--strategy", default="")
    parser.add_argument("--all", action="store_true", help="also print every figure measured")
    args = parser.parse_args()
    for market in args.markets:
        strategy = args.strategy or ("omo" if market == "reference_w4" else "o2o")
        words = [f"market={market}", f"strategy={strategy}", f"shoppers={args.shoppers}", f"seed={args.seed}"]
        settings = compose("run", words).settings
        seen = measure(settings, args.replications)
        print(f"\n{market}, {strategy}, {args.shoppers} shoppers, {settings.days} days, {args.replications} replications, seed {args.seed}\n")
        print("\n".join(table(targets(market, settings), seen)))
        if args.all:
            print()
            for name, value in seen.items():
                print(f"{name:34s} {value:16.4f}")


if __name__ == "__main__":
    main()
