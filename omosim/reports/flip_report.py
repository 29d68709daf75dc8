"""The page of a break-even map, rebuilt from the folder's files alone: the map, the boundary, what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omosim.reports.figures import Axis, axis, short
from omosim.reports.flip_screen import ended, span
from omosim.reports.labels import law_meaning
from omosim.reports.page import about, failures, render
from omosim.reports.svg import Canvas
from omosim.results import ResultFolder
from omosim.results.words import percent, safe_text

Row = dict[str, Any]
#: Okabe and Ito (2008): told apart by every kind of colour vision
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
LEFT, TOP, WIDE, HIGH = 92, 14, 720, 430
STANDS = 760  # pixels of the picture as a file, whose height follows
OPEN = "#b6bdc5"  # in a legend without hatching
CANNOT_TELL = "cannot_tell"


def flip_page(folder: ResultFolder) -> str:
    """HTML of a break-even map; needs summary.json, provenance.json and the tables."""
    summary = folder.summary()
    return render(
        "flip.html", heading="Break-even map", summary=summary, legend=_legend(summary), facts=_facts(summary), flips=_flips(summary), ended=ended(summary),
        ranges=summary["ranges"], failures=failures(folder), law_meaning=law_meaning, **_drawn(folder, summary), **about(folder),
    )  # fmt: skip


def map_picture(folder: ResultFolder) -> str:
    """The page's map as a picture of its own, with its legend: SVG as `figures_drawn` makes it."""
    summary = folder.summary()
    drawn = _drawn(folder, summary)
    canvas = Canvas(map_title(summary), summary["period"])
    canvas.heading([(colour or OPEN, f"{name} {share}") for name, colour, share in _legend(summary)])
    wide = drawn["right"] + 24
    high = round(drawn["pic"]["height"] * STANDS / wide, 1)
    canvas.raw(f'<svg x="0" y="{canvas.y:g}" width="100%" height="{high:g}" viewBox="0 0 {wide} {drawn["pic"]["height"]}" font-size="12">{render("flip_map.html", **drawn)}</svg>')
    canvas.y += high
    return canvas.done(summary["answer"])


def map_title(summary: Row) -> str:
    """What the map shows, in words."""
    return f"Where {' or '.join(summary['strategies'])} pays"


def _colours(summary: Row) -> dict[str, str]:
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(summary["strategies"])}


def _drawn(folder: ResultFolder, summary: Row) -> Row:
    """What templates/flip_map.html draws."""
    flat = len(summary["ranges"]) == 1
    return {"flat": flat, "pic": (_line if flat else _map)(folder, summary, _colours(summary)), "left": LEFT, "top": TOP, "right": LEFT + WIDE, "bottom": TOP + HIGH}


def _legend(summary: Row) -> list[tuple[str, str, str]]:
    """Name, colour and share of the map of each strategy, and of where one cannot tell."""
    share = lambda n: "0 %" if summary["shares"][n] <= 1e-9 else percent(summary["shares"][n]) if summary["shares"][n] < 1 - 1e-9 else "100 %"
    return [(safe_text(n, 60), colour, share(n)) for n, colour in _colours(summary).items()] + [("cannot tell", "", share(CANNOT_TELL))]


def _facts(summary: Row) -> list[tuple[str, str]]:
    first, most = summary["replications"]
    return [
        ("Points run", f"{summary['points']}"), ("Runs", f"{summary['runs']:,} of at most {summary['budget']:,}"), ("Repetitions of a point", f"{first} to {most}, paired"),
        ("A point is decided at", f"{100 * summary['confidence']:g} %"), ("Resolution", f"{100 * summary['resolution']:g} % of a range"), ("Period", str(summary["period"])),
    ]  # fmt: skip


def _flips(summary: Row) -> list[Row]:
    axes, out = summary["ranges"], []
    for line in summary["lines"]:
        if not line["first"]:
            continue
        for flip in line["flips"]:
            other = "" if line["fixed"] is None else f"{axes[1 - line['axis']]['key']} {span(line['fixed'])}"
            out.append({"key": axes[line["axis"]]["key"], "unit": axes[line["axis"]]["unit"], "at": other, **{k: flip[k] for k in ("below", "above")}, "value": span(flip["value"]), "ends": f"{span(flip['ci_low'])} to {span(flip['ci_high'])}", "outside": f"{span(flip['low'])} to {span(flip['high'])}"})
    return out


# ---- pictures ---------------------------------------------------------------------------------------------------
def _x(low: float, high: float, value: float) -> float:
    return round(LEFT + (value - low) / (high - low) * WIDE, 2)


def _y(low: float, high: float, value: float) -> float:
    return round(TOP + HIGH - (value - low) / (high - low) * HIGH, 2)


def _ticks(low: float, high: float) -> list[float]:
    return [t for t in axis([low, high], zero=False, most=5).ticks if low - 1e-12 <= t <= high + 1e-12]


def _label(key: Row) -> str:
    return safe_text(f"{key['key']} [{key['unit']}]" if key["unit"] not in ("", "1") else key["key"], 120)


def _map(folder: ResultFolder, summary: Row, colour: Row) -> Row:
    """Cells by who pays, the points, ticks and names of regions."""
    one, two = summary["ranges"]
    x = lambda v: _x(one["low"], one["high"], v)
    y = lambda v: _y(two["low"], two["high"], v)
    cells = folder.read_table("cells")
    boxes: list[Row] = []
    for a, b, c, d, verdict in zip(*(cells[k] for k in ("low_x", "high_x", "low_y", "high_y", "verdict")), strict=True):
        boxes.append({"x": x(a), "y": y(d), "w": round(x(b) - x(a), 2), "h": round(y(c) - y(d), 2), "fill": colour.get(verdict, "url(#open)"), "verdict": verdict})
    names = []
    for name in summary["strategies"]:
        own = [box for box in boxes if box["verdict"] == name]
        if own:
            big = max(own, key=lambda box: box["w"] * box["h"])
            names.append({"name": safe_text(name, 30), "x": big["x"] + big["w"] / 2, "y": big["y"] + big["h"] / 2 + 5})
    table = folder.read_table("map")
    points = [{"x": x(a), "y": y(b)} for a, b in zip(table[one["key"]], table[two["key"]], strict=True)]
    return {
        "boxes": boxes, "names": names, "points": points, "x_ticks": [(x(t), short(t)) for t in _ticks(one["low"], one["high"])],
        "y_ticks": [(y(t), short(t)) for t in _ticks(two["low"], two["high"])], "x_label": _label(one), "y_label": _label(two), "height": TOP + HIGH + 52,
    }  # fmt: skip


def _line(folder: ResultFolder, summary: Row, colour: Row) -> Row:
    """Differences from the baseline over the key, who pays as a band below, break-even values as marks."""
    (one,) = summary["ranges"]
    x = lambda v: _x(one["low"], one["high"], v)
    year = 365.0 / summary["days"]
    table, rows = folder.read_table("map"), folder.read_table("differences")
    at = table[one["key"]]
    series: dict[str, list[Row]] = {}
    for i, name in enumerate(rows["strategy"]):
        if rows["diff"][i] is not None:
            low, high = (rows["diff"][i] if rows[k][i] is None else rows[k][i] for k in ("ci_low", "ci_high"))
            series.setdefault(name, []).append({"at": at[rows["point"][i]], "mid": rows["diff"][i] * year, "low": low * year, "high": high * year})
    scale = axis([v for s in series.values() for p in s for v in (p["low"], p["high"])] or [0.0], most=5)
    drawn = [_series(name, sorted(points, key=lambda p: p["at"]), scale, x, colour[name]) for name, points in series.items()]
    line = summary["lines"][0]
    bands = [{"x": x(s["low"]), "w": round(max(x(s["high"]) - x(s["low"]), 1.5), 2), "fill": colour.get(s["winner"], "url(#open)"), "name": safe_text(s["winner"] or "cannot tell", 30)} for s in _whole(line["stretches"])]
    flips = [{"x": x(f["value"]), "low": x(f["ci_low"]), "w": round(max(x(f["ci_high"]) - x(f["ci_low"]), 1.0), 2), "words": f"{span(f['value'])} ({span(f['ci_low'])} to {span(f['ci_high'])})"} for f in line["flips"]]
    return {
        "series": drawn, "bands": bands, "flips": flips, "zero": _y(scale.low, scale.high, 0.0), "x_ticks": [(x(t), short(t)) for t in _ticks(one["low"], one["high"])],
        "y_ticks": [(_y(scale.low, scale.high, t), short(t)) for t in scale.ticks], "x_label": _label(one), "height": TOP + HIGH + 88,
        "y_label": f"operating profit above {safe_text(summary['baseline'], 40)} [{summary['unit']} a year]",
    }  # fmt: skip


def _series(name: str, points: Sequence[Row], scale: Axis, x: Any, colour: str) -> Row:
    y = lambda v: _y(scale.low, scale.high, v)
    marks = [{"x": x(p["at"]), "y": y(p["mid"]), "low": y(p["low"]), "high": y(p["high"])} for p in points]
    return {"name": safe_text(name, 30), "colour": colour, "marks": marks, "path": "M" + "L".join(f"{m['x']:g} {m['y']:g}" for m in marks)}


def _whole(stretches: Sequence[Row]) -> list[Row]:
    """Stretches with what lies between two of them, in which one cannot tell."""
    out: list[Row] = []
    for s in stretches:
        if out and s["low"] > out[-1]["high"]:
            out.append({"winner": None, "low": out[-1]["high"], "high": s["low"]})
        out.append(s)
    return out
