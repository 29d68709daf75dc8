"""A made-up retailer for the reports' tests: many KPIs, profit lines, shared luck."""

from __future__ import annotations

import json
import random


def run(text: str) -> str:
    task = json.loads(text)
    s = task["settings"]
    shared = random.Random(f"{task['seed']}/{task['replication']}")
    own = random.Random(f"{task['seed']}/{task['replication']}/{json.dumps(s, sort_keys=True)}")
    unit = s.get("unit", "minor KRW")
    orders = round(48_000 * (1 + shared.gauss(0, 0.02)) * (1 + s["lift"] + own.gauss(0, 0.002)))
    revenue = orders * 38_500
    goods = -round(revenue * 0.58)
    refunds = -round(revenue * (0.11 + s["returns"]))
    fulfilment, labour = -orders * (3_900 + s["handling"]), -92_000_000 - s["staff"]
    capability, media = -s["capability"], -61_000_000
    pnl = {
        "sales": revenue,
        "refunds": refunds,
        "goods": goods,
        "fulfilment": fulfilment,
        "labour": labour,
        "capability": capability,
        "media": media,
    }
    profit = sum(pnl.values())
    net = revenue + refunds
    pnl["operating_profit"] = profit
    share = lambda base, sd: min(1.0, max(0.0, base + own.gauss(0, sd)))
    kpis = [
        ("revenue_web", round(net * 0.41), unit),
        ("revenue_store", net - round(net * 0.41) - round(net * s["live"]), unit),
        ("revenue_live", round(net * s["live"]), unit),
        ("net_revenue", net, unit),
        ("gross_profit", net + goods, unit),
        ("fulfilment_cost", -fulfilment, unit),
        ("labour_cost", -labour, unit),
        ("capability_cost", -capability, unit),
        ("operating_profit", profit, unit),
        ("orders", orders, "orders"),
        ("aov", revenue / orders + own.gauss(0, 100), unit),
        ("web_conversion", share(0.0242 + s["lift"] / 20, 0.0002), "share"),
        ("store_conversion", share(0.271, 0.004), "share"),
        ("fill_rate", share(0.91 + s["lift"] / 3, 0.004), "share"),
        ("stockout_rate", share(0.083 - s["lift"] / 4, 0.003), "share"),
        ("return_rate", share(0.112 + s["returns"], 0.002), "share"),
        ("wasted_trip_rate", share(0.091 - s["lift"] / 2, 0.004), "share"),
        ("touchpoints_per_purchase", 6.1 + own.gauss(0, 0.1), "touches"),
    ]
    items = [{"kpi": k, "value": v, "unit": u} for k, v, u in kpis]
    late = None if not s["pickup"] else 0.93 + own.gauss(0, 0.004)
    items.append({"kpi": "pickup_ready_on_time", "value": late, "unit": "share", "reason": "no pickup"})
    laws = {f"L{i}": 0 for i in range(1, 13)}
    return json.dumps({"run_id": task["run_id"], "kpis": items, "laws": laws, "pnl": pnl})
