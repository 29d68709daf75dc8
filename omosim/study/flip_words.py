"""A break-even map in words: who pays where, where it flips, and where one cannot tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.words import interval, number, percent, safe_text, unit_words

Row = Mapping[str, Any]


def amount(value: float, whole: bool = False) -> str:
    """A value of a key: 17, 0.00138."""
    return f"{value:,.0f}" if whole or (abs(value) >= 1000 and float(value).is_integer()) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def short_key(key: str) -> str:
    """Last two parts of a key: stores.count."""
    return safe_text(".".join(key.split(".")[-2:]), 80)


def thing(axis: Row) -> str:
    """What a number of the key counts: its unit where that says it, else the key."""
    return safe_text(axis["unit"], 40) if axis["whole"] and axis["unit"] not in ("", "1") else ""


def at(value: float, axis: Row) -> str:
    """'17 stores', or 'choice.wait_per_day 0.00138'."""
    unit = thing(axis)
    return f"{amount(value, axis['whole'])} {unit}" if unit else f"{short_key(axis['key'])} {amount(value)}"


def edge(flip: Row, axis: Row) -> str:
    """'17 stores (15 to 19)'."""
    low, high = amount(flip["ci_low"], False), amount(flip["ci_high"], False)
    value = amount(flip["value"], False)
    unit = thing(axis)
    span = "" if low == high == value else f" ({low} to {high})"
    return f"{value} {unit}{span}" if unit else f"{short_key(axis['key'])} {value}{span}"


def line_words(stretches: Sequence[Row], flips: Sequence[Row], axis: Row) -> str:
    """One line of the map: stretches in their order, joined by where they flip."""
    told = [s for s in stretches if s["winner"] is not None]
    stretches = _merged(stretches, flips)
    if told and all(s["winner"] is None for s in stretches):
        return f"one cannot tell but at single points, at which {_name(told[0]['winner'])} pays"
    if not told:
        return f"between {at(axis['low'], axis)} and {at(axis['high'], axis)} one cannot tell anywhere which strategy pays"
    if len(stretches) == 1:
        return f"{_name(told[0]['winner'])} pays over the whole range, {_span(axis['low'], axis['high'], axis)}: it never flips there"
    parts, turns = [], list(flips)
    before: Row | None = None
    for n, stretch in enumerate(stretches):
        if stretch["winner"] is None:
            where = f"below {at(stretch['high'], axis)}" if n == 0 else f"above {at(stretch['low'], axis)}" if n == len(stretches) - 1 else f"from {_span(stretch['low'], stretch['high'], axis)}"
            parts.append(f"{where} one cannot tell")
            before = None
            continue
        after = next((f for f in turns if abs(f["low"] - stretch["high"]) < 1e-12 * max(1.0, abs(stretch["high"]))), None)
        name = _name(stretch["winner"])
        if before and after:
            parts.append(f"{name} between that and {edge(after, axis)}")
        elif after:
            parts.append(f"{name} pays below {edge(after, axis)}" if n == 0 else f"{name} pays from {at(stretch['low'], axis)} to {edge(after, axis)}")
        elif before:
            parts.append(f"{name} above it" + ("" if n == len(stretches) - 1 else f" up to {at(stretch['high'], axis)}"))
        else:
            parts.append(f"{name} pays from {_span(stretch['low'], stretch['high'], axis)}")
        before = after
    return ", ".join(parts)


def _merged(stretches: Sequence[Row], flips: Sequence[Row]) -> list[Row]:
    """Stretches without decided points that stand alone between open ones, and these put together."""
    edges = {v for f in flips for v in (f["low"], f["high"])}
    out: list[Row] = []
    for s in stretches:
        alone = s["winner"] is not None and s["low"] == s["high"] and s["low"] not in edges
        if alone and len(stretches) > 1:
            continue
        if out and s["winner"] is None and out[-1]["winner"] is None:
            out[-1] = {**out[-1], "high": s["high"]}
        else:
            out.append(s)
    return out


def _span(low: float, high: float, axis: Row) -> str:
    unit = thing(axis)
    whole = axis["whole"]
    return f"{amount(low, whole)} to {amount(high, whole)} {unit}" if unit else f"{short_key(axis['key'])} {amount(low, whole)} to {amount(high, whole)}"


def _name(name: str) -> str:
    return safe_text(name, 60)


def answer(summary: Row) -> str:
    """Who pays where, what is at stake at the ends, and whether it ever flips."""
    unit = f"minor {summary['unit']}".strip()
    axes = summary["ranges"]
    if len(axes) == 1:
        line = summary["lines"][0]
        text = line_words(line["stretches"], line["flips"], axes[0])
        winners = {s["winner"] for s in line["stretches"]}
        tail = "; it never flips for certain in this range" if not line["flips"] and len(winners) > 1 else ""
        ends = "; ".join(f"at {at(e['value'], axes[0])} {_name(e['best'])} earns {_margin(e, unit, summary["confidence"])} more than {_name(e['second'])}" for e in summary["ends"])
        return f"{_capital(text)}{tail}. A year, {ends}.{sample(summary)}"
    shares = summary["shares"]
    told = sorted(((s, n) for n, s in shares.items() if n != "cannot_tell" and s > 0), reverse=True)
    if len(told) == 1 and shares["cannot_tell"] < 1e-9:
        head = f"{_name(told[0][1])} pays everywhere on the map: it never flips there"
    elif not told:
        head = "One cannot tell anywhere on the map which strategy pays"
    else:
        head = ", ".join(f"{_name(n)} pays on {percent(s)} of the map" for s, n in told) + f"; on {percent(shares['cannot_tell'])} one cannot tell"
    lines = [f"At {at(line['fixed'], axes[1])} {line_words(line['stretches'], line['flips'], axes[0])}." for line in _few(summary["lines"])]
    return f"{head}. {' '.join(lines)}"


def sample(summary: Row) -> str:
    """How much of the retailer the money is of, where it is not all."""
    have, whole = summary["shoppers"], summary["shoppers_of_retailer"]
    return f" That is of {have:,} of the retailer's {whole:,} shoppers." if have < whole else ""


def _few(lines: Sequence[Row]) -> list[Row]:
    """The lowest, the middle and the highest line along the first key."""
    along = [line for line in lines if line["axis"] == 0 and line["first"]]
    return [along[i] for i in sorted({0, len(along) // 2, len(along) - 1})] if along else []


def _margin(end: Row, unit: str, confidence: float) -> str:
    ends = interval(end["ci_low"], end["ci_high"], unit)
    return number(end["margin"], unit) + (f" ({100 * confidence:g} % interval {ends})" if ends else "")


def _capital(text: str) -> str:
    return text if "_" in text.split(" ")[0] else text[:1].upper() + text[1:] if text.startswith(("between", "below", "one")) else text


def key_title(axis: Row) -> str:
    """The key with its unit, for an axis."""
    unit = unit_words(axis["unit"]) if axis["unit"] else ""
    return f"{short_key(axis['key'])}" + (f" [{unit}]" if unit else "")
