"""What a twin learnt: its parameters before and after, what the data cannot tell, what newer data moved; parts of its page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.figures_drawn import BAND
from omosim.reports.language import say
from omosim.reports.svg import GREEN, GREY, YELLOW, Canvas
from omosim.reports.twin_words import CHANNELS, LAWS, LEVEL, LOG_STEP, MOVING, brief, ends, name_of, of_currency, span
from omosim.results.words import minor_units, unit_words

Table = Mapping[str, list[Any]]
_TONE = {"told": ("better", GREEN), "partly told": ("outside", YELLOW), "keeps its prior": ("cannot_tell", GREY)}
#: verdicts as a page says them
SAYS = {"keeps its prior": "as assumed"}
_Z90 = 1.645
_CHARTS = 9
_TOO_WIDE = 1e4  # of an interval's ends: from there on it tells nothing


def learnt(posterior: Table | None, told: Table | None, currency: str) -> dict[str, Any] | None:
    """Parameters of the newest fit.

    posterior : version, draw, parameter, value, unit, perhaps se; told : identifiability.parquet, where a fit by simulation made one

    Returns
    -------
    way (`set` or `laws`), draws, rows (title, value, width, unit), picture; with `told` also verdict, before, help of each row
    """
    if posterior is None or not posterior["parameter"]:
        return None
    draws = len(set(posterior["draw"])) if "draw" in posterior else 1
    if told is not None and draws > 1:
        rows = [_told_row(r, currency) for r in _rows(told) if r.get("verdict")]
        if rows:
            return {"way": "set", "draws": draws, "rows": rows, "picture": _picture(rows)}
    return {"way": "set" if draws > 1 else "laws", "draws": draws, "rows": _summed(posterior, currency), "picture": ""}


def _rows(table: Table) -> list[dict[str, Any]]:
    return [{name: column[i] for name, column in table.items()} for i in range(len(next(iter(table.values()))))]


def _told_row(r: Mapping[str, Any], currency: str) -> dict[str, Any]:
    unit = of_currency(str(r["unit"]), currency)
    before_low, before_high, low, middle, high = known = [float(r[k]) for k in ("prior_low", "prior_high", "low", "median", "high")]
    return {"name": r["parameter"], "title": r["title"], "verdict": r["verdict"], "says": SAYS.get(r["verdict"], r["verdict"]), "tone": _TONE[r["verdict"]][0], "unit": unit_words(unit),
            "value": brief(middle, unit, bare=True), "width": span(low, high, unit), "before": span(before_low, before_high, unit), "width_words": ends(low, high, unit), "before_words": ends(before_low, before_high, unit),
            "narrower": f"{100 * max(0.0, float(r['shrinkage'])):.0f} %", "beyond": low > before_high or high < before_low, "help": r["would_help"] or "", "tied": r["tied_to"] or "", "ends": known}  # fmt: skip


def _picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """Each parameter on a scale of its own: the pale bar what was assumed, the dark one what the data leave open."""
    canvas = Canvas("Before and after the data", "95 % of each parameter, every row on a scale of its own; the dot is the middle")
    canvas.heading([(BAND, "assumed before"), (GREEN, "told"), (YELLOW, "partly told"), (GREY, "as assumed")])
    said = []
    for row in rows:
        before_low, before_high, low, middle, high = row["ends"]
        least, most = min(before_low, low), max(before_high, high)
        at = _scale(least, most)
        colour = _TONE[row["verdict"]][1]
        title = say(row["title"])
        canvas.named(title, say(row["width_words"]))
        canvas.y += 14
        canvas.box(at(before_low), at(before_high) - at(before_low), canvas.y - 7, 14, BAND, hint=say(f"assumed before: {row['before_words']}"))
        canvas.box(at(low), at(high) - at(low), canvas.y - 3, 6, colour, hint=f"{title}: {say(row['width_words'])}")
        canvas.dot(at(middle), canvas.y, colour)
        canvas.y += 12
        said.append(f"{title} {say(row['width_words'])}, {say(row['says'])}, {say(f"assumed before: {row['before_words']}")}")
    return canvas.done("; ".join(said))


def _scale(least: float, most: float) -> Any:
    """Places from 1 to 99 per cent; by factors where a quantity is positive and its ends lie far apart."""
    if least > 0 and most / least > 8:
        low, wide = math.log(least), math.log(most / least)
        return lambda v: 1 + 98 * (math.log(max(v, least)) - low) / wide
    wide = (most - least) or 1.0
    return lambda v: 1 + 98 * (v - least) / wide


def _summed(table: Table, currency: str) -> list[dict[str, Any]]:
    """Each parameter with its middle and its 90 %: quantiles of draws, or the standard error of a closed form.

    A positive quantity has its error on the log scale, as the likelihood's information gives it.
    """
    draws: dict[str, list[float]] = {}
    unit: dict[str, str] = {}
    se: dict[str, float | None] = {}
    for i, (name, value) in enumerate(zip(table["parameter"], table["value"], strict=True)):
        if value is not None:
            draws.setdefault(name, []).append(value)
        unit[name], se[name] = str(table["unit"][i]), table["se"][i] if "se" in table else None
    out = []
    for name, values in draws.items():
        values = sorted(values)
        middle, error = values[len(values) // 2], se[name]
        low = high = None
        if len(values) > 1:
            low, high = (values[min(len(values) - 1, int(q * len(values)))] for q in (0.05, 0.95))
        elif error is not None and unit[name] == LOG_STEP:
            low, high = middle - _Z90 * error, middle + _Z90 * error
        elif error is not None and middle > 0:
            low, high = (middle * math.exp(sign * min(_Z90 * error / middle, 20.0)) for sign in (-1, 1))
        of = "share" if unit[name] == LOG_STEP else of_currency(unit[name], currency)
        if unit[name] == LOG_STEP:
            middle, low, high = math.expm1(middle), None if low is None else math.expm1(low), None if high is None else math.expm1(high)
        if low is None or high is None:
            width = "–"  # a closed form without an error: nothing is said of how sure it is
        else:
            width = "not told" if low > 0 and high / low > _TOO_WIDE else ends(low, high, of)
        out.append({"name": name, "title": LAWS.get(name, ""), "value": brief(middle, of), "width": width})
    return out


def untold(told: Table | None, posterior_sure: bool) -> list[dict[str, Any]]:
    """What no row of these data tells: title, table and column that would, why.

    posterior_sure : whether a fit by simulation has said what it found; else what was expected before it
    """
    if told is None:
        return []
    out = []
    for r in _rows(told):
        verdict = (r.get("verdict") if posterior_sure else None) or r["expected"]
        if verdict == "keeps its prior":
            prior = r.get("prior_low")
            never = prior is None or not math.isfinite(prior)  # of no parameter: words are `table.column: why`
            column, _, why = str(r["would_help"] or "").partition(": ") if never else ("", "", str(r["would_help"] or ""))
            out.append({"title": str(r["title"]), "column": "" if column == "nothing" else column, "why": why, "never": never})
    return sorted(out, key=lambda row: not row["never"])  # what no order log tells first


# ---- what newer data moved ------------------------------------------------------------------------------------
def moved(updates: Sequence[Mapping[str, Any]], currency: str = "") -> dict[str, Any] | None:
    """What each assimilation moved, from the journal's rows of step `assimilate`; None where there is none.

    Such a row did {day, days, words, far, moved: {parameter: [mean before, mean after, then the ends of the middle nine tenths after,
    or its sd, or nothing]}} in natural units.

    Returns
    -------
    rows (what the last one moved: title, of, unit, before, after, width), charts (mean with its band over the days), times, day, words, far;
    of the members that follow now: those before them, of another number or another fit, count no more
    """
    steps: list[tuple[str, Mapping[str, Any]]] = []
    for row in updates:
        did = row.get("did") or {}
        if row.get("step") == "assimilate" and isinstance(did.get("moved"), dict):
            day = str(did.get("day") or row.get("day") or row.get("version", ""))
            if steps and did.get("day") and str(steps[-1][1].get("day", "")) >= day:
                steps = []  # members were begun anew, on an earlier day: what others learnt is gone
            steps.append((day, did))
    if not steps:
        return None
    day, last = steps[-1]
    rows = []
    for name in sorted(last["moved"], key=_place):
        found = _figures(last["moved"][name])
        if found is None:
            continue
        before, after, low, high = found
        title, of, unit = _moving(name, currency)
        width = "–" if low is None or high is None else span(low, high, unit)
        rows.append({"title": title, "of": of, "ours": of in CHANNELS, "unit": unit_words(unit), "before": brief(before, unit, bare=True), "after": brief(after, unit, bare=True), "width": width,
                     "far": low is not None and high is not None and not low <= before <= high})  # fmt: skip
    names = sorted(dict.fromkeys(name for _, did in steps for name in did["moved"]), key=_place)
    charts = [c for name in names if (c := _moved_chart(name, steps, currency)) is not None][:_CHARTS]
    return {"rows": rows, "charts": charts, "times": len(steps), "day": day, "words": str(last.get("words") or ""), "far": [": ".join(p for p in name_of(str(s)) if p) for s in last.get("far") or ()]}


def _place(name: str) -> tuple[int, str]:
    """Where a column stands: parameters of the model first, levels of series behind them."""
    return (list(MOVING).index(name) if name in MOVING else len(MOVING) + name.startswith(LEVEL), name)


def _figures(figures: Any) -> tuple[float, float, float | None, float | None] | None:
    """Mean before and after, and the ends of nine tenths after where they are told."""
    if not isinstance(figures, (list, tuple)) or len(figures) < 2 or any(v is None for v in figures[:2]):
        return None
    before, after = float(figures[0]), float(figures[1])
    if len(figures) == 3 and figures[2] is not None:
        return before, after, after - _Z90 * float(figures[2]), after + _Z90 * float(figures[2])
    if len(figures) > 3 and figures[2] is not None and figures[3] is not None:
        return before, after, float(figures[2]), float(figures[3])
    return before, after, None, None


def _moving(name: str, currency: str) -> tuple[str, str, str]:
    """What a column is, of what, and its unit."""
    if name.startswith(LEVEL):
        kind, of = name_of(name.removeprefix(LEVEL))
        part = of and name.startswith((f"{LEVEL}units.", f"{LEVEL}traffic.")) and not of.startswith("price_")  # own categories and stores are none of the members'
        return f"{kind}, data over {"all of the members'" if part else 'members'}", of, "factor"
    title, unit = MOVING.get(name, (name.replace("_", " "), ""))
    return title, "", of_currency(unit, currency)


def _moved_chart(name: str, steps: Sequence[tuple[str, Mapping[str, Any]]], currency: str) -> Chart | None:
    """A parameter's mean over the days on which data came, with nine tenths about it; None with one day alone."""
    mine = [(day, found) for day, did in steps if (found := _figures(did["moved"].get(name))) is not None]
    if len(mine) < 2:
        return None
    title, of, unit = _moving(name, currency)
    scale = minor_units(unit)
    mean: list[float | None] = [v[1] / scale for _, v in mine]
    low: list[float | None] = [None if v[2] is None else v[2] / scale for _, v in mine]
    high: list[float | None] = [None if v[3] is None else v[3] / scale for _, v in mine]
    band = (low, high) if any(v is not None for v in low) else None
    days = [day for day, _ in mine]
    words = f"{say(title)}: {say(of) if of in CHANNELS else of}" if of else say(title)
    return chart(words, unit_words(unit), [Line("mean of the members", mean, COLOURS[0])], days, band=band, band_name="nine of ten", x_every=max(1, -(-len(days) // 3)), zero=False)


def season_held(updates: Sequence[Mapping[str, Any]], members: Table | None) -> bool:
    """Whether the members that the newest forecast asked hold a height of the year's end: those that follow now do, and were not begun anew since.

    updates : the journal; members : members.parquet
    """
    if members is None or "season" not in members["parameter"]:
        return False
    day, foretold = "", False
    for row in updates:
        if row["step"] == "forecast":
            foretold = True
        elif row["step"] == "assimilate":
            now = str(row["did"].get("day", ""))
            foretold, day = foretold and now > day, now
    return foretold
