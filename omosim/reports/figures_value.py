"""Pictures of what parts are worth: the waterfall from one strategy to another, and the tornado of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from omosim.reports.figures import axis, short
from omosim.reports.svg import BLUE, GREY, INK, LINE, ORANGE, SOFT, Canvas
from omosim.results.words import SHARES, figure, interval, minor_units, number, unit_words


@dataclass(frozen=True)
class Part:
    """What one part adds: its mean in the picture's unit, its interval where there is one; sure: whether one can tell its sign."""

    name: str
    amount: float
    low: float | None = None
    high: float | None = None
    sure: bool = True


@dataclass(frozen=True)
class Swing:
    """The outcome at an input's low and high end.

    at_low, at_high : outcome, in the picture's unit
    low_words, high_words : the input's ends in words, as "2 h"
    """

    name: str
    at_low: float
    at_high: float
    low_words: str = "low"
    high_words: str = "high"


def waterfall(
    rows: Sequence[Part], *, unit: str, title: str = "Value of each capability", start: tuple[str, float] | None = None,
    end: str = "Together", note: str = "",
) -> str:  # fmt: skip
    """Floating bars from a start to an end, one a part, in the order given; gains blue, losses orange, pale where one cannot tell.

    Parameters
    ----------
    rows : parts; they add up to the difference of end and start
    unit : of all amounts, as KPIs state it ("minor KRW", "share", "days")
    title, note : words above the picture, and in its unit's line
    start : name and level that the bars start from; without it they start at 0 and the end is their sum
    end : name of the last bar

    Returns
    -------
    SVG for a page (escaped; `role="img"`, a title and all figures as text). No rows: a picture that says so.
    """
    canvas = Canvas(title, "")
    if not rows:
        return _empty(canvas, "no part was switched on")
    level = start[1] if start else 0.0
    levels = [level]
    for row in rows:
        levels.append(levels[-1] + row.amount)
    ends = [b + r.low - r.amount for r, b in zip(rows, levels[1:], strict=True) if r.low is not None]
    ends += [b + r.high - r.amount for r, b in zip(rows, levels[1:], strict=True) if r.high is not None]
    whole = start is None or _near_zero(levels)
    room = [] if whole else [min(levels) - 0.2 * (max(levels) - min(levels))]
    scale = axis([*levels, *ends, *room], zero=whole)
    cut = "" if whole else "the axis does not start at 0"
    canvas.unit = "; ".join(w for w in (_signed_unit(unit), note, cut) if w)
    unsure = [(PALE, "pale: one cannot tell")] if not all(row.sure for row in rows) else []
    canvas.heading([(BLUE, "adds"), (ORANGE, "takes away"), *unsure, (GREY, "level" if start else "sum")])
    origin = scale.at(0.0) if scale.low <= 0 <= scale.high else 0.0
    top, said = canvas.y, []
    if start:
        said.append(_level(canvas, start[0], level, unit, origin, scale.at(level), signed=False))
    for row, before, after in zip(rows, levels[:-1], levels[1:], strict=True):
        words = figure(row.amount, unit, sign=True)
        ends_words = interval(row.low, row.high, unit).removesuffix(" pp")
        canvas.named(row.name, f"{words} ({ends_words})" if ends_words else words)
        left, right = sorted((scale.at(before), scale.at(after)))
        canvas.box(left, right - left, canvas.y + 5, 13, BLUE if row.amount >= 0 else ORANGE, opacity=1.0 if row.sure else 0.4, hint=f"{row.name}: {words}")
        if row.low is not None and row.high is not None:
            shift = after - row.amount
            canvas.across(scale.at(shift + row.low), scale.at(shift + row.high), canvas.y + 11.5, INK)
        canvas.down(scale.at(after), canvas.y + 5, canvas.y + 44, LINE, dashed=True)
        canvas.y += 22
        said.append(f"{row.name} {words}" + (f" ({ends_words})" if ends_words else ""))
    said.append(_level(canvas, end, levels[-1], unit, origin, scale.at(levels[-1]), signed=start is None))
    if scale.low <= 0 <= scale.high:
        canvas.down(scale.at(0.0), top, canvas.y, LINE)
    canvas.ticks([(scale.at(t), short(t / _minor(unit))) for t in scale.ticks], top)
    return canvas.done("; ".join(said))


def tornado(
    rows: Sequence[Swing], *, base: float, unit: str, title: str = "What moves the answer most", noise: float | None = None,
    base_words: str = "as set", most: int = 20,
) -> str:  # fmt: skip
    """Bars from the outcome as set to the outcome at each input's ends, the widest first.

    Parameters
    ----------
    rows : inputs; the `most` widest are drawn, how many are left out is said
    base : outcome with every input as set
    unit : of the outcome, as KPIs state it
    noise : half-width of what chance alone does; drawn as a grey band, so that bars inside it are not taken for effects
    base_words : name of the vertical line

    Returns
    -------
    SVG for a page, as `waterfall`.
    """
    canvas = Canvas(title, f"{unit_words(unit)}; the line is {number(base, unit, sign=True)}, {base_words}")
    if not rows:
        return _empty(canvas, "no input was varied")
    legend = [(ORANGE, "input at its low end"), (BLUE, "at its high end")]
    canvas.heading([*legend, (FOG, "chance alone")] if noise else legend)
    ranked = sorted(rows, key=lambda r: (-max(abs(r.at_low - base), abs(r.at_high - base)), r.name))
    shown = ranked[:most]
    scale = axis([base, *(v for r in shown for v in (r.at_low, r.at_high)), *((base - noise, base + noise) if noise else ())], zero=False)
    top, line, said = canvas.y, scale.at(base), []
    band = len(canvas.parts)
    for row in shown:
        canvas.named(row.name, f"{row.low_words} … {row.high_words}")
        for value, colour, at in ((row.at_low, ORANGE, row.low_words), (row.at_high, BLUE, row.high_words)):
            left, right = sorted((line, scale.at(value)))
            same_side = (row.at_low - base) * (row.at_high - base) > 0
            y = canvas.y + (5 if colour == ORANGE or not same_side else 12)
            canvas.box(left, right - left, y, 6.5 if same_side else 13, colour, hint=f"{row.name} {at}: {number(value, unit, sign=True)}")
        said.append(f"{row.name} {row.low_words}: {number(row.at_low, unit, sign=True)}, {row.high_words}: {number(row.at_high, unit, sign=True)}")
        canvas.y += 22
    if noise:
        canvas.parts.insert(band, _fog(scale.at(base - noise), scale.at(base + noise), top, canvas.y))
        said.append(f"chance alone: ± {number(noise, unit)}")
    canvas.down(line, top, canvas.y, INK, width=1.5)
    canvas.ticks([(scale.at(t), short(t / _minor(unit))) for t in scale.ticks], top)
    if len(ranked) > most:
        canvas.y += 12
        canvas.text(0, f"{len(ranked) - most} narrower ones are left out", size=12, colour=SOFT)
    return canvas.done("; ".join(said))


FOG, PALE = "#d5d9de", "#9dc0da"


def _fog(left: float, right: float, top: float, bottom: float) -> str:
    return f'<rect x="{left:g}%" y="{top:g}" width="{max(right - left, 0.1):g}%" height="{bottom - top:g}" fill="{FOG}"/>'


def _level(canvas: Canvas, name: str, value: float, unit: str, origin: float, at: float, *, signed: bool) -> str:
    words = figure(value, unit, sign=signed)
    canvas.named(name, words, bold=True)
    left, right = sorted((origin, at))
    canvas.box(left, right - left, canvas.y + 5, 13, GREY, hint=f"{name}: {words}")
    canvas.y += 22
    return f"{name} {words}"


def _signed_unit(unit: str) -> str:
    """A difference of shares is one of points."""
    return "percentage points" if unit in SHARES else unit_words(unit)


def _near_zero(levels: Sequence[float]) -> bool:
    """Whether the axis should hold 0: not when the steps are small beside the level they stand on."""
    low, high = min(levels), max(levels)
    return low <= 0 <= high or high - low > 0.25 * max(abs(low), abs(high))


def _minor(unit: str) -> float:
    """What an axis divides by: minor units are shown in the major one, shares as per cent."""
    return 0.01 if unit in SHARES else minor_units(unit)


def _empty(canvas: Canvas, why: str) -> str:
    canvas.heading()
    canvas.y += 16
    canvas.text(0, why, colour=SOFT)
    return canvas.done(why)
