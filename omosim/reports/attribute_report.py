"""The page of an attribution study, rebuilt from the folder's files alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from omosim.reports.attribute_screen import MODEL_WORDS, level_short, level_words, records, wrong
from omosim.reports.figures import COLOURS, Axis, Chart, Forest, Interval, Line, axis, chart, forest, short
from omosim.reports.figures_flow import between
from omosim.reports.journey_figures import matrix
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.results import ResultFolder
from omosim.results.effect_words import lost, which_paid
from omosim.results.words import figure, interval, number, unit_words

Row = dict[str, Any]
_PLACES = ("fourth last", "third last", "second last", "last touch, where it is paid")
_MORE = (*COLOURS, "#5b6470")


def attribute_page(folder: ResultFolder) -> str:
    """HTML of an attribution study; needs summary.json, provenance.json and the study's five tables."""
    summary = folder.summary()
    attribution, errors, shifts, steps, paths = (records(folder.read_table(name)) for name in ("attribution", "errors", "shifts", "transitions", "paths"))
    unit = summary["unit"]
    titles = {row["touchpoint"]: row["title"] for row in attribution}
    now = [row for row in attribution if row["level"] == "market"]
    near = (summary["nearest"].get("market") or {}).get("model", "")
    levels = _levels(summary)
    return render(
        "attribute.html", heading="Attribution", summary=summary, facts=_facts(summary, levels), unit=unit_words(unit), bars=_bars(now, summary, near),
        error_chart=_error_chart(errors, levels), error_levels=[level_words(level) for level in levels], error_rows=_error_rows(errors, levels),
        shifts=_shifts([row for row in shifts if row["level"] in ("market", "truth")], titles), other_shifts=_shifts([row for row in shifts if row["level"] not in ("market", "truth")], titles),
        flow=between(summary["flows"], titles, _PLACES, "The last touches before a purchase"), matrix=matrix([row for row in steps if row["level"] == "market"], titles),
        lengths=_lengths(paths), credits=_credits(now, unit), models=[MODEL_WORDS.get(m, m) for m in dict.fromkeys(row["model"] for row in now)],
        journeys=[(" → ".join(titles.get(n, n) for n in row["journey"]), f"{100 * row['share']:.1f} %") for row in summary["journeys"]],
        levels=[_level(row) for row in levels], talk=_talk(summary), together=_together(summary, titles), failures=failures(folder), law_meaning=law_meaning, **about(folder),
    )  # fmt: skip


def _levels(summary: Row) -> list[Row]:
    """Levels by their loss; the market as it is stands among them where it belongs."""
    return sorted(summary["levels"], key=lambda row: (row["identity_loss"] is None, row["identity_loss"] or 0.0, row["level"] != "market"))


def _facts(summary: Row, levels: Sequence[Row]) -> list[tuple[str, str]]:
    now = next(row for row in levels if row["level"] == "market")
    return [
        ("Strategy, scenario", f"{summary['strategy']}, {summary['scenario']}"), ("Market", f"{summary['market']}, {summary['period']}"),
        ("Net revenue", number(summary["net_revenue"], summary["unit"])), ("Media", number(summary["media_cost"], summary["unit"])),
        ("Touches a purchase", "–" if summary["touches_a_purchase"] is None else f"{summary['touches_a_purchase']:.1f}"),
        ("Identity lost, as it is", "–" if now["identity_loss"] is None else f"{100 * now['identity_loss']:.0f} %"), ("Paired replications", f"{summary['replications']:,}"),
    ]  # fmt: skip


def _level(row: Row) -> Row:
    show = lambda value, words: "–" if value is None else words.format(value)
    life = "for ever" if row["cookie_days"] == 0 else show(row["cookie_days"], "{:.1f} days")
    return {
        "name": level_words(row), "loss": show(None if row["loss"] is None else 100 * row["loss"], "{:.1f} %"), "consent": show(None if row["consent"] is None else 100 * row["consent"], "{:.0f} %"),
        "login": show(None if row["login"] is None else 100 * row["login"], "{:.0f} %"), "cookie": life,
        "without": show(None if row["revenue_without_a_touch"] is None else 100 * row["revenue_without_a_touch"], "{:.1f} %"),
    }  # fmt: skip


def _talk(summary: Row) -> str:
    """What word of mouth adds, in words."""
    talk = summary["word_of_mouth"]
    if not talk or talk["revenue"] is None or not summary["net_revenue"]:
        return ""
    return f"Share of net revenue lost without word of mouth: {lost(talk['revenue'], talk['low'], talk['high'], summary['net_revenue'])}"


def _one(value: float) -> str:
    """One decimal, and no zero with a sign."""
    return f"{round(value, 1) + 0.0:.1f}"


def _together(summary: Row, titles: dict[str, str]) -> str:
    """What paid touchpoints cause together, beside their credit."""
    found, whole = summary["paid_together"], summary["net_revenue"]
    if not found or found["revenue"] is None or not whole:
        return ""
    given = ", ".join(f"{MODEL_WORDS.get(m, m)} {_one(100 * v / whole)} %" for m, v in found["credit"].items())
    return f"{which_paid(found, titles)} cause, of net revenue: {lost(found['revenue'], found['low'], found['high'], whole)}. They are credited with: {given}."


def _bars(rows: Sequence[Row], summary: Row, near: str) -> Row:
    """Credit of last touch and of the nearest model beside the true effect, in per cent of net revenue, most wrong first."""
    whole = summary["net_revenue"] or 1.0
    models = list(dict.fromkeys(m for m in ("last_touch", near) if m))
    share = lambda v: None if v is None else 100 * v / whole
    out = []
    names = [row["touchpoint"] for row in sorted(rows, key=lambda row: -abs(row["error"] or 0.0)) if row["model"] == "last_touch" and row["counted"] and row["true_increment"] is not None]
    by = {(row["touchpoint"], row["model"]): row for row in rows}
    values = [v for n in names for v in (*(share(by[n, m]["credit"]) for m in models), *(share(by[n, models[0]][k]) for k in ("true_increment", "true_increment_low", "true_increment_high"))) if v is not None]
    scale = axis(values, most=5)
    for name in names:
        true = by[name, models[0]]
        bars = [_bar(scale, share(by[name, m]["credit"]), MODEL_WORDS[m], i) for i, m in enumerate(models)]
        low, mid, high = (share(true[k]) for k in ("true_increment_low", "true_increment", "true_increment_high"))
        bars.append(_bar(scale, mid, "True", 2) | ({} if low is None or high is None else {"from": scale.at(low), "wide": round(scale.at(high) - scale.at(low), 3), "ends": f" ({_one(low)} to {_one(high)})"}))
        out.append({"title": true["title"], "name": name, "kind": true["kind"], "bars": bars})
    return {"rows": out, "ticks": [(scale.at(t), short(t)) for t in scale.ticks], "zero": scale.at(0.0), "models": [MODEL_WORDS[m] for m in models]}


def _bar(scale: Axis, value: float | None, word: str, colour: int) -> Row:
    a, b = sorted((scale.at(0.0), scale.at(value or 0.0)))
    return {"word": word, "left": a, "width": max(round(b - a, 3), 0.2), "colour": colour, "value": "–" if value is None else f"{_one(value)} %", "ends": ""}


_ALIKE = 3.0  # points; lines nearer than this at every level lie on one another


def _error_chart(errors: Sequence[Row], levels: Sequence[Row]) -> Chart | None:
    """Error against identity loss, a line a model; models alike at every level share one, their mean."""
    at = {(row["model"], row["level"]): row["share_error"] for row in errors}
    known = {m: [None if (v := at[m, lv["level"]]) is None else 100 * v for lv in levels] for m in dict.fromkeys(row["model"] for row in errors)}
    groups: list[list[str]] = []
    for model in sorted((m for m, values in known.items() if any(v is not None for v in values)), key=lambda m: [v or 0.0 for v in known[m]]):
        mine = next((g for g in groups if all(_alike(known[model], known[other]) for other in g)), None)
        mine.append(model) if mine else groups.append([model])
    if not groups:
        return None
    lines = []
    for i, group in enumerate(groups):
        values = [None if None in column else sum(column) / len(column) for column in zip(*(known[m] for m in group), strict=True)]
        lines.append(Line(", ".join(MODEL_WORDS.get(m, m) for m in group), values, _MORE[i % len(_MORE)], dashed="last_touch" in group))
    unit = "% of the credit, by identity lost" + (f"; models within {_ALIKE:.0f} points of one another share a line, their mean" if len(groups) < len(known) else "")
    return chart("Credit in the wrong place", unit, lines, [level_short(lv) for lv in levels], x_every=1)


def _alike(a: Sequence[float | None], b: Sequence[float | None]) -> bool:
    return all(x is None and y is None if x is None or y is None else abs(x - y) <= _ALIKE for x, y in zip(a, b, strict=True))


def credit_forest(rows: Sequence[Row], summary: Row, near: str) -> Forest | None:
    """The true effect with its interval, and what last touch and the least wrong model credit, a touchpoint after another."""
    drawn, out = _bars(rows, summary, near)["rows"], []
    by = {(row["touchpoint"], row["model"]): row for row in rows}
    share = lambda v: None if v is None else 100 * v / (summary["net_revenue"] or 1.0)
    for place in drawn:
        true = by[place["name"], "last_touch"]
        low, mid, high = (share(true[k]) for k in ("true_increment_low", "true_increment", "true_increment_high"))
        sure = low is not None and high is not None and (low > 0 or high < 0)
        ends = "" if low is None or high is None else f" ({_one(low)} to {_one(high)})"
        out.append(Interval(f"{place['title']}, true", low, mid, high, "better" if sure else "cannot_tell", f"{_one(mid or 0.0)} %{ends}", says="effect" if sure else "cannot tell"))
        for bar, model in zip(place["bars"], dict.fromkeys(("last_touch", near or "last_touch")), strict=False):
            value = share(by[place["name"], model]["credit"])
            out.append(Interval(f"{place['title']}, {bar['word']}", None, value, None, "worse", bar["value"], says="credit"))
    return forest("Credit against truth", "% of net revenue", out) if out else None


def pictures(folder: ResultFolder) -> dict[str, Any]:
    """File name without its ending -> figure of the page."""
    summary = folder.summary()
    attribution, errors, paths = (records(folder.read_table(name)) for name in ("attribution", "errors", "paths"))
    near = (summary["nearest"].get("market") or {}).get("model", "")
    now = [row for row in attribution if row["level"] == "market"]
    return {"credits": credit_forest(now, summary, near), "errors_by_identity_loss": _error_chart(errors, _levels(summary)), "touches": _lengths(paths)}


def _error_rows(errors: Sequence[Row], levels: Sequence[Row]) -> list[Row]:
    at = {(row["model"], row["level"]): row for row in errors}
    out = []
    for model in dict.fromkeys(row["model"] for row in errors):
        cells = []
        for level in levels:
            row = at[model, level["level"]]
            mark = _mark(row, errors)
            value, _, ends = wrong(row).partition(" [")
            cells.append({"value": value, "ends": ends.rstrip("]").replace(", ", " to "), "reason": row.get("reason", ""), "rank": "" if row["rank_correlation"] is None else f"rank {row['rank_correlation']:+.2f}", "mark": mark})
        alike = {c["reason"] for c in cells} if all(c["value"] == "cannot tell" for c in cells) else set()
        out.append({"model": MODEL_WORDS.get(model, model), "cells": cells, "reason": alike.pop() if len(alike) == 1 else ""})
    return out


def _mark(row: Row, errors: Sequence[Row]) -> str:
    """nearest only where every other model of the level is told from it."""
    if row["nearest"]:
        others = [r for r in errors if r["level"] == row["level"] and r["share_error"] is not None and not r["nearest"]]
        return "nearest" if others and all(r["told_from_nearest"] for r in others) else "least, cannot tell"
    return "not told apart" if row["told_from_nearest"] is False else ""


def _shifts(rows: Sequence[Row], titles: dict[str, str]) -> list[Row]:
    """Rows of shifts; models that ask for the same one at the same level stand together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["level"], row["from"], row["to"], row.get("reason", "")), []).append(row)
    return [_shift(group, titles) for group in groups.values()]


def _shift(rows: Sequence[Row], titles: dict[str, str]) -> Row:
    row, unit = rows[0], rows[0]["unit"]
    head = {"model": ", ".join(MODEL_WORDS.get(str(r["model"]), str(r["model"])) for r in rows), "level": "truth" if row["level"] == "truth" else level_words(row)}
    if row["money"] is None:
        return {**head, "reason": row.get("reason", "")}
    least, most = (figure(pick(r["promised_gross_profit"] for r in rows), unit, sign=True) for pick in (min, max))
    names = ", ".join(titles.get(n, n) for n in row["from"].split(", "))
    money = lambda key: {"value": figure(row[key], unit, sign=True), "ends": interval(row[f"{key}_low"], row[f"{key}_high"], unit)}
    return {
        **head, "reason": "", "from": names, "to": titles.get(row["to"], row["to"]), "money": figure(row["money"], unit),
        "promised": least, "promised_most": "" if least == most else f"to {most}", "earned": money("earned_gross_profit"), "operating": money("earned_operating_profit"), "behind": money("against_truth"),
    }  # fmt: skip


_BINS = (0, 1, 2, 4, 7, 12, 20, 40)  # least number of touches of each group


def _lengths(paths: Sequence[Row]) -> Chart | None:
    """Purchases by touches before them, in groups, where every identity is known and in the log as it is."""
    levels = [lv for lv in ("0", "market") if any(row["level"] == lv for row in paths)]
    if not levels:
        return None
    group = lambda touches: max(i for i, least in enumerate(_BINS) if touches >= least)
    lines = []
    for i, level in enumerate(levels):
        share = [0.0] * len(_BINS)
        for row in paths:
            if row["level"] == level:
                share[group(row["touches"])] += 100 * row["share"]
        lines.append(Line("every identity known" if level == "0" else "log as it is", share, COLOURS[i], steps=True))
    names = [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in itertools.pairwise(_BINS)]
    return chart("Touches that the log shows before a purchase", "% of purchases", lines, [*names, f"{_BINS[-1]}+"], x_every=1)


def _credits(rows: Sequence[Row], unit: str) -> list[Row]:
    out = []
    for name in dict.fromkeys(row["touchpoint"] for row in rows):
        mine = [row for row in rows if row["touchpoint"] == name]
        first = mine[0]
        true = lambda key, first=first: {"value": figure(first[key], unit, sign=True), "ends": interval(first[f"{key}_low"], first[f"{key}_high"], unit)}
        out.append({"title": first["title"], "kind": first["kind"], "reason": first["reason"], "credits": [figure(row["credit"], unit) for row in mine], "true": true("true_increment"), "profit": true("true_operating_profit")})
    return out
