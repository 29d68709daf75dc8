"""Tables that a twin writes: what each column holds and its unit. The data dictionary of docs/twin_data.md is made from this."""

from __future__ import annotations

import re

_AS_UNIT = "see unit"

#: table -> (what a row is, column -> (unit, what it holds)); columns k025 to k975 of forecasts are one entry
TWIN_TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "panel": ("What was seen: a row a day and series.", {
        "date": ("day", "ISO day, local"), "series": ("name", "orders, revenue, also by channel (orders.web); units by category; pickups, returned_value, new_customers, traffic, sessions, …"),
        "unit": ("name", "unit of value; minor: of the twin's currency"), "value": (_AS_UNIT, "null: not observed"),
    }),
    "days": ("The calendar: a row a day.", {
        "date": ("day", "ISO day, local"), "state": ("name", "observed, closed, gap (no rows where some would be), partial"), "orders": ("orders", "null: not observed"),
    }),
    "hours": ("Orders by hour of the week, over observed days.", {"hour": ("hour", "0 to 167, Monday 00 first"), "orders": ("orders", "of all weeks")}),
    "quality": ("What is odd: a row a finding.", {
        "code": ("name", "kind of finding"), "severity": ("name", "refused (accepted by accept=…), warning, info"), "table": ("name", "orders, stock, …"),
        "place": ("text", "days, store, item or file"), "rows": ("rows", "how many it concerns"), "done": ("text", "what was done about it"),
        "version": ("number", "of the ingest that found it"),
    }),
    "posterior": ("Parameters: a row a draw and parameter; closed forms have draw 0 alone.", {
        "version": ("number", "of the fit"), "draw": ("number", "values of one draw belong together"), "parameter": ("name", ""), "value": (_AS_UNIT, ""),
        "unit": ("name", "unit of value"), "se": (_AS_UNIT, "standard error, of closed forms only; null: not told"),
    }),
    "fits": ("Purchases fitted by each number of stages between two: what takes longest in a fit, kept for all that stands on the same purchases.", {
        "cohort": ("name", "beginning of the hash of the purchases fitted"), "k": ("stages", "of a gap between purchases"), "r": ("1", "gamma shape of rates"),
        "alpha": ("weeks", "gamma rate of stage rates"), "a": ("1", "beta law of leaving after a repeat purchase"), "b": ("1", "the same"), "log_likelihood": ("log", "the largest is the likeliest"),
        "customers": ("people", "fitted"), "converged": ("flag", "whether the search ended"), "se_r": ("log", "standard error of log r; null: flat"), "se_alpha": ("log", "of log alpha"),
        "se_a": ("log", "of log a"), "se_b": ("log", "of log b"),
    }),
    "identifiability": ("What a fit by simulation told: a row a parameter, then what no order log tells.", {
        "parameter": ("name", ""), "title": ("text", "the parameter in words"), "unit": ("name", "unit of what follows"),
        "prior_low": (_AS_UNIT, "2.5 % end before the data"), "prior_high": (_AS_UNIT, "97.5 % end before the data"), "told_by": ("names", "patterns of the log that tell it"),
        "expected": ("name", "before the fit: told, keeps its prior"), "would_help": ("text", "table and column that would tell it"),
        "low": (_AS_UNIT, "2.5 % end after the data"), "median": (_AS_UNIT, "after the data"), "high": (_AS_UNIT, "97.5 % end after the data"),
        "shrinkage": ("share", "1 less the draws' sd over the prior's"), "verdict": ("name", "told, partly told, keeps its prior"), "tied_to": ("names", "parameters whose draws go with it, with the correlation"),
    }),
    "members": ("Where members that follow the data stand: a row a parameter and member.", {
        "member": ("number", ""), "parameter": ("name", "the fit's, then levels of series"), "value": (_AS_UNIT, ""), "unit": ("name", "unit of value"),
    }),
    "goodwill": ("What known customers think of the retailer: a row a customer, a column a member.", {
        "shopper_id": ("name", "as in the orders"), "member_0 to member_N": ("share of price", "0 is neutral"),
    }),
    "forecasts": ("What was foretold: a row a day, whole week or hour, of every forecast that is kept.", {
        "origin": ("day", "first day foretold; nothing of it was known"), "date": ("day", "day, or first day of the week"), "series": ("name", "as in panel; pickup_load by hour"),
        "mean": (_AS_UNIT, "over the worlds"), "q05": (_AS_UNIT, "lower end of nine worlds of ten"), "q50": (_AS_UNIT, "the middle"), "q95": (_AS_UNIT, "upper end of nine worlds of ten"),
        "actual": (_AS_UNIT, "what came; null: not seen yet"), "unit": ("name", "unit of the figures"), "step": ("name", "day, week or hour"), "hour": ("hour", "0 to 23; -1 of days and weeks"),
        "horizon": ("steps", "days or weeks from origin, 1 the first"), "k025 to k975": (_AS_UNIT, "twenty quantiles, the middles of equal parts: what scores are made of"),
    }),
    "scores": ("How good it was: a row a forecast, series and whole week that came.", {
        "origin": ("day", "as in forecasts"), "series": ("name", ""), "horizon": ("weeks", "1 the first"), "crps": (_AS_UNIT, "of the twin; 0 is best"),
        "crps_naive": (_AS_UNIT, "of the last week again; null: too short a past"), "crps_ets": (_AS_UNIT, "of exponential smoothing chosen by AICc; null: too short a past, or no statsmodels"),
        "covered": ("flag", "whether what came lies from q05 to q95"), "bias": ("share", "mean over what came, less 1; null where nothing came"), "mean": (_AS_UNIT, "foretold"), "q05": (_AS_UNIT, "foretold"),
        "q95": (_AS_UNIT, "foretold"), "actual": (_AS_UNIT, "what came"), "pit": ("share", "where it lies in the forecast, 0 to 1"), "unit": ("name", "unit of the figures"), "ets_form": ("name", "form of the smoothing"),
    }),
    "worlds": ("Every world under every way of the last decision.", {
        "world": ("number", "the same past and draws under every way"), "way": ("name", "as_it_is: the present one"), "value": ("minor", "operating profit over the horizon"), "weight": ("1", "of the world"),
    }),
    "reorder_levels": ("Levels of stock under the way that was chosen, and what to order now: a row a place and good; also a CSV.", {
        "node": ("name", "store or warehouse"), "category": ("name", "the retailer's own; of goods without one the price band, price_from_N: N minor units and more"), "sku": ("name", "item; null: all goods of the category that have no row of their own"),
        "by": ("name", "what the row is of: sku, category or price band"), "items": ("items", "SKUs of the last 13 weeks that the row holds; 0: the orders name none"), "unit": ("name", "unit of the levels"), "daily_mean": ("units a day", "asked for, over days and worlds"),
        "reorder_level": ("units", "quantile of demand over the lead time; null: longer than the horizon"), "order_up_to": ("units", "quantile of demand over lead time and review; null: longer than the horizon"),
        "on_hand": ("units", "the last count and what moved since; null: not every item of the row was counted"), "order_now": ("units", "what on_hand lacks to order_up_to; 0: enough; null: not counted"),
        "runs_out": ("share", "of worlds and stretches of days in which demand over the lead time is more than is on hand: an order placed now would come too late; null: not counted"),
        "counted": ("day", "ISO day of the oldest count in on_hand; null: not counted"), "sold_out": ("share", "of its counts in the last 13 weeks that found none; above 0 the levels are too low; null: not counted then"),
        "lead_days": ("days", "from order to shelf"), "review_days": ("days", "between two orders"), "service": ("share", "order cycles without a stock-out"),
    }),
}  # fmt: skip


def entry(table: str, column: str) -> tuple[str, str] | None:
    """Unit and meaning of a column, None where the dictionary has none."""
    columns = TWIN_TABLES[table][1]
    many = {"forecasts": (r"k\d{3}", "k025 to k975"), "goodwill": (r"member_\d+", "member_0 to member_N")}
    pattern, name = many.get(table, ("", ""))
    return columns.get(name if pattern and re.fullmatch(pattern, column) else column)


def dictionary() -> str:
    """The data dictionary as Markdown: what docs/twin_data.md holds between its last marks."""
    out = []
    for name, (says, columns) in TWIN_TABLES.items():
        out += [f"### {name}.parquet", "", says, "", "| Column | Unit | Holds |", "|---|---|---|", *(f"| `{c}` | {unit} | {holds} |" for c, (unit, holds) in columns.items()), ""]
    return "\n".join(out).rstrip() + "\n"
