"""How a twin's earlier forecasts did: beside simpler ones, origin by origin, with their bands and the drift alarm; parts of its page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omosim.reports.figures import COLOURS, Chart, Line, chart
from omosim.reports.language import say
from omosim.reports.svg import GREEN, LINE, ORANGE, SOFT, Canvas
from omosim.reports.twin_words import CHANNELS, brief, name_of, of_currency, told_twice
from omosim.results.proportions import wilson
from omosim.results.words import minor_units, unit_words

Table = Mapping[str, list[Any]]
#: series that the summary speaks of, and whose weeks are drawn
MAIN = ("orders", "revenue")
OTHERS = (("crps_naive", "seasonal naive"), ("crps_ets", "exponential smoothing"))
BAND_SHARE = 0.9
MOST = 40
LEAST_ORIGINS = 5  # from which a verdict is given


def scored(scores: Table | None, currency: str) -> list[dict[str, Any]]:
    """A row a series: how far whole weeks missed, beside simpler forecasts, how often bands held, with its interval.

    The verdict beside the better of the simple forecasts is of paired differences of origins, 95 %, and says `few` below five of them.
    """
    if scores is None or not scores["series"]:
        return []
    out = []
    names = sorted(set(scores["series"]) - told_twice(_came(scores)), key=lambda n: (MAIN.index(n) if n in MAIN else len(MAIN), n))
    for series in names[:MOST]:
        rows = [{k: column[i] for k, column in scores.items()} for i, s in enumerate(scores["series"]) if s == series]
        unit = of_currency(str(rows[0]["unit"]) if "unit" in rows[0] else "", currency)
        own = _mean([r["crps"] for r in rows])
        others = {key: v for key, _ in OTHERS if (v := _mean([r.get(key) for r in rows])) is not None}
        best = min(others, key=lambda k: others[k]) if others else None
        ratio = own / others[best] if best and own is not None and others[best] > 0 else None
        held = sum(bool(r["covered"]) for r in rows)
        low, high = wilson(held, len(rows)) or (0.0, 1.0)
        total = sum(float(r["actual"]) for r in rows) if "actual" in rows[0] else 0.0
        bias = sum(float(r["mean"]) for r in rows) / total - 1 if total else _mean([r["bias"] for r in rows])
        kind, of = name_of(series)
        out.append({
            "series": series, "kind": kind, "of": of, "ours": of in CHANNELS, "weeks": f"{len(rows):,}", "unit": unit_words(unit), "crps": brief(own, unit, bare=True), "naive": brief(others.get("crps_naive"), unit, bare=True),
            "ets": brief(others.get("crps_ets"), unit, bare=True), "ratio": ratio, "beside": "–" if ratio is None else f"{ratio:.2f}", "verdict": _verdict(rows, best), "n": len(rows), "origins": len({str(r["origin"]) for r in rows}), "held": held,
            "held_low": low, "held_high": high, "held_words": f"{held} of {len(rows)}", "held_span": f"{100 * low:.0f} to {100 * high:.0f} %", "bias": "–" if bias is None else f"{100 * bias:+.1f} %",
        })  # fmt: skip
    return out


def _came(scores: Table) -> dict[str, list[float | None]]:
    """What came of each series."""
    out: dict[str, list[float | None]] = {}
    for series, actual in zip(scores["series"], scores["actual"], strict=True):
        out.setdefault(series, []).append(actual)
    return out


def _verdict(rows: Sequence[Mapping[str, Any]], best: str | None) -> str:
    """better, worse or cannot_tell: the mean over origins of the difference to the better simple forecast, by Student's t; `few` below five origins."""
    if best is None:
        return "few"
    by_origin: dict[str, list[float]] = {}
    for r in rows:
        if r.get(best) is not None and r["crps"] is not None and math.isfinite(r[best]):
            by_origin.setdefault(str(r["origin"]), []).append(float(r["crps"]) - float(r[best]))
    means = [sum(v) / len(v) for v in by_origin.values()]
    n = len(means)
    if n < LEAST_ORIGINS:
        return "few"
    from scipy.special import stdtrit

    centre = sum(means) / n
    half = float(stdtrit(n - 1, 0.975)) * math.sqrt(sum((m - centre) ** 2 for m in means) / (n - 1) / n)
    return "better" if centre + half < 0 else "worse" if centre - half > 0 else "cannot_tell"


def score_charts(scores: Table | None, currency: str) -> list[Chart]:
    """Of the main series: each week as it was foretold the week before, and how far it missed beside simpler forecasts."""
    out: list[Chart] = []
    if scores is None or "q05" not in scores:
        return out
    for series in MAIN:
        rows = sorted(({k: column[i] for k, column in scores.items()} for i, s in enumerate(scores["series"]) if s == series and scores["horizon"][i] == 1), key=lambda r: str(r["origin"]))
        if len(rows) < 2:
            continue
        unit = of_currency(str(rows[0]["unit"]), currency)
        scale, words = minor_units(unit), unit_words(unit)
        days = [str(r["origin"])[:10] for r in rows]
        of = lambda key, rows=rows, scale=scale: [None if r.get(key) is None or not math.isfinite(r[key]) else float(r[key]) / scale for r in rows]
        every = max(1, -(-len(days) // 3))
        lines = [Line("what came", of("actual"), COLOURS[0]), Line("foretold a week before, mean", of("mean"), COLOURS[1], dashed=True)]
        out.append(chart(f"{name_of(series)[0]} a week, foretold and come", f"{words} a week; by the week's first day", lines, days, band=(of("q05"), of("q95")), band_name="nine of ten", x_every=every))
        misses = [Line("twin", of("crps"), COLOURS[0]), *(Line(word, of(key), COLOURS[i + 1], dashed=i == 1) for i, (key, word) in enumerate(OTHERS) if any(v is not None for v in of(key)))]
        out.append(chart(f"{name_of(series)[0]}: how far the week ahead missed", f"CRPS, {words} a week; less is better", misses, days, x_every=every))
    return out


def held_picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """How often each series' band held, with the interval of that share, against the nine tenths that it promises."""
    if not rows:
        return ""
    canvas = Canvas("How often the 90 % band held", "% of the weeks that came; bars: 95 % interval, as if weeks were independent; upright: 90 %")
    canvas.heading()
    top, said = canvas.y, []
    for r in rows[:12]:
        name = _shown(r)
        low, high, share = 100 * r["held_low"], 100 * r["held_high"], 100 * r["held"] / r["n"]
        colour = GREEN if r["held_low"] <= BAND_SHARE <= r["held_high"] else ORANGE
        words = say(f"{r['held_words']} ({r['held_span']})")
        canvas.named(name, words)
        canvas.y += 14
        canvas.box(low, high - low, canvas.y - 2, 4, colour, hint=f"{name}: {words}")
        canvas.dot(share, canvas.y, colour)
        canvas.y += 10
        said.append(f"{name} {words}")
    canvas.down(100 * BAND_SHARE, top, canvas.y, LINE, width=1.5, dashed=True, behind=True)
    canvas.ticks([(float(v), f"{v} %") for v in (0, 25, 50, 90)], top)
    return canvas.done("; ".join(said))


def _shown(r: Mapping[str, Any]) -> str:
    of = say(r["of"]) if r["ours"] else r["of"]
    return f"{say(r['kind'])}: {of}" if of else say(r["kind"])


# ---- alarm ---------------------------------------------------------------------------------------------------
def alarm_part(alarm: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The drift alarm: its state in words, and each watched series' sums against the limit.

    alarm : raised [(date, series)], days, false_alarm_days, jump, within_week, series {name: {dates, up, down, limit}}
    """
    if not alarm or not alarm["days"]:
        return None
    raised = sorted((str(d)[:10], name_of(s)[0]) for d, s in alarm["raised"])
    charts = []
    for series, sums in alarm["series"].items():
        days = [str(d)[:10] for d in sums["dates"]]
        if len(days) < 7:
            continue
        limit: list[float | None] = [float(sums["limit"])] * len(days)
        lines = [Line("more came than foretold", sums["up"], COLOURS[0]), Line("less came than foretold", sums["down"], COLOURS[1]), Line("limit", limit, SOFT, dashed=True)]
        marks = _apart([(days.index(d), d) for d, s in alarm["raised"] if s == series and d in days], len(days))
        charts.append(chart(f"{name_of(series)[0]}: drift alarm", "sum of what days lie beyond chance, in standard deviations; above the limit the alarm is raised", lines, days, marks=marks, x_every=max(1, -(-len(days) // 3))))
    return {"raised": raised, "first": raised[0] if raised else None, "newest": raised[-1] if raised else None, "days": alarm["days"], "within": f"{100 * alarm['within_week']:.0f}", "jump": f"{100 * alarm['jump']:+.0f}", "rate": f"{alarm['false_alarm_days']:g}", "charts": charts, "series": len(alarm["series"])}


def _apart(marks: list[tuple[int, str]], n: int) -> list[tuple[int, str]]:
    """Marks with their words left out where they would run into the word before."""
    out: list[tuple[int, str]] = []
    last = -n
    for at, word in marks:
        shown = at - last >= 0.3 * n
        last = at if shown else last
        out.append((at, word if shown else ""))
    return out


def _mean(values: Sequence[Any]) -> float | None:
    known = [float(v) for v in values if v is not None and math.isfinite(v)]
    return sum(known) / len(known) if known else None
