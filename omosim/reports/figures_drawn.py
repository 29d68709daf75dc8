"""The geometry of `figures` as whole SVG pictures: forest, lines with a band, heat of the week; and the small strips of pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from omosim.reports.figures import Chart, Forest, Step
from omosim.reports.language import say
from omosim.reports.svg import BLUE, FAINT, GREEN, GREY, INK, LINE, ORANGE, PAPER, SOFT, Canvas, escaped, fit, place

VERDICTS = {"better": GREEN, "worse": ORANGE, "cannot_tell": GREY, "holds": GREEN, "outside": "#8a6300", "wrong_sign": ORANGE}
BAND = "#c9d8ee"


def forest_picture(f: Forest) -> str:
    """Paired differences with their intervals over one scale; each row says its figure and its verdict in words.

    Colour only repeats the verdict. A bar across the line leaves the sign open.
    """
    canvas = Canvas(f.title, f.unit)
    canvas.heading()
    top, said = canvas.y, []
    for row in f.rows:
        verdict = row.says or row.verdict.replace("_", " ")
        canvas.named(f"{row.name}: {verdict}", row.words)
        canvas.y += 14
        if row.dot is not None:
            colour = VERDICTS.get(row.verdict, GREY)
            canvas.box(row.left, row.width, canvas.y - 2, 4, colour, hint=f"{row.name}: {row.words}")
            canvas.dot(row.dot, canvas.y, colour)
        canvas.y += 10
        said.append(f"{row.name} {row.words}, {verdict}")
    canvas.down(f.zero, top, canvas.y, LINE, width=1.5, behind=True)
    canvas.ticks(f.tick_labels, top)
    return canvas.done("; ".join(said))


def bridge_picture(title: str, unit: str, steps: Sequence[Step], zero: float) -> str:
    """Profit lines as floating bars from 0 to the change in profit; gains to the right, losses to the left."""
    canvas = Canvas(title, unit)
    canvas.heading([(BLUE, "adds"), (ORANGE, "takes away"), (GREY, "sum")])
    top = canvas.y
    for step in steps:
        canvas.named(step.name, step.words, bold=step.kind == "total")
        canvas.box(step.left, step.width, canvas.y + 5, 12, _STEP[step.kind], hint=f"{step.name}: {step.words}")
        canvas.y += 20
    canvas.down(zero, top, canvas.y, LINE)
    return canvas.done("; ".join(f"{s.name} {s.words}" for s in steps))


_STEP = {"up": BLUE, "down": ORANGE, "total": GREY}


def line_picture(c: Chart, height: float = 190, *, heading: bool = True) -> str:
    """Lines and a band over equally spaced places; marks are dashed uprights with a word.

    heading: without it title and unit are left to the page, and stand in the text alternative alone.
    """
    canvas = Canvas(c.title, c.unit)
    if heading:
        canvas.heading()
    legend = [(line.colour, f"{line.name}{' (dashed)' if line.dashed else ''}") for line in c.lines] if len(c.lines) > 1 or c.band else []
    canvas.legend([*legend, *([(BAND, c.band_name)] if c.band else [])])
    top = canvas.y + 20
    inner = [f'<path d="{c.band}" fill="{BAND}"/>'] if c.band else []
    inner += [f'<path d="M{at:g} 0V100" stroke="{LINE}" stroke-dasharray="3 3" vector-effect="non-scaling-stroke"/>' for at, _ in c.marks]
    for line in c.lines:
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        inner.append(f'<path d="{line.path}" fill="none" stroke="{line.colour}" stroke-width="1.8" stroke-linejoin="round" vector-effect="non-scaling-stroke"{dash}/>')
    for at, _ in c.y_labels:
        y = round(top + height * at / 100, 2)
        canvas.across(0, 100, y, FAINT if at < 99.9 else LINE, width=1)
    canvas.raw(f'<svg x="0" y="{top:g}" width="100%" height="{height:g}" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible">{"".join(inner)}</svg>')
    for at, label in c.y_labels:
        canvas.raw(_halo(f'<text x="0" y="{top + height * at / 100 - 3:g}" font-size="11" fill="{SOFT}">{escaped(label)}</text>'))
    for at, word in c.marks:
        canvas.text(min(at + 0.6, 90), fit(word, 24), size=11, colour=SOFT, y=top + 11)
    canvas.y = top + height + 14
    for at, label in c.x_labels:
        canvas.text(at, fit(label, 14), size=11, anchor="start" if at < 6 else "end" if at > 94 else "middle", colour=SOFT)
    canvas.y += 2
    return canvas.done(_said(c))


def _halo(text: str) -> str:
    return text.replace("<text ", f'<text paint-order="stroke" stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" ', 1)


def _said(c: Chart) -> str:
    """Ends, least and most of each line: what a reader would take from it."""
    out = []
    for line in c.lines:
        known = [v for v in line.values if v is not None]
        if known:
            first, last, least, most = (_plain(v) for v in (known[0], known[-1], min(known), max(known)))
            out.append(say(f"{line.name}: from {first} to {last}, least {least}, most {most} {c.unit}".rstrip()))
    return "; ".join(out)


def _plain(value: float) -> str:
    """Four digits that count, without a power of ten."""
    return f"{float(f'{value:.4g}'):,.12g}"


@dataclass(frozen=True)
class Heat:
    """A table of figures by column and row; None where there is none."""

    title: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


def heat_picture(h: Heat) -> str:
    """A week as a grid: one column a weekday, one row an hour, darker is more, each cell with its figure."""
    canvas = Canvas(h.title, h.unit)
    canvas.heading()
    left, wide = 12.0, 88.0 / max(len(h.columns), 1)
    canvas.y += 12
    for i, name in enumerate(h.columns):
        canvas.text(left + wide * (i + 0.5), fit(name, 6 if len(h.columns) > 5 else 12), size=12, anchor="middle", colour=SOFT)
    canvas.y += 6
    most = max((v for _, cells in h.rows for v in cells if v is not None), default=0.0) or 1.0
    for name, cells in h.rows:
        canvas.text(0, fit(name, 8), size=12, colour=SOFT, y=canvas.y + 15)
        for i, value in enumerate(cells):
            if value is None:
                continue
            share = value / most
            words = f"{value:.1f}".removesuffix(".0")
            canvas.box(left + wide * i + 0.15, wide - 0.3, canvas.y, 21, _shade(share), hint=f"{h.columns[i]} {name}: {words} {h.unit}")
            canvas.text(left + wide * (i + 0.5), words, size=12, anchor="middle", colour=PAPER if share > 0.55 else INK, y=canvas.y + 15)
        canvas.y += 22
    return canvas.done("; ".join(f"{c} at most {max((v for _, cells in h.rows if (v := cells[i]) is not None), default=0):.3g}" for i, c in enumerate(h.columns)))


def _shade(share: float) -> str:
    """White to a dark blue; in grey print it is light to dark as well."""
    return "#" + "".join(f"{round(a + (b - a) * min(max(share, 0.0), 1.0)):02x}" for a, b in ((244, 11), (247, 74), (251, 138)))


def strip_picture(f: Forest, name: str, verdict: str, words: str, left: float, width: float, dot: float | None) -> str:
    """One row's interval on the forest's scale, for a line of a page that says the figure beside it."""
    parts = [f'<line x1="{place(at)}" x2="{place(at)}" y1="0" y2="20" stroke="{FAINT}"/>' for at, _ in f.tick_labels]
    parts.append(f'<line x1="{place(f.zero)}" x2="{place(f.zero)}" y1="0" y2="20" stroke="{LINE}" stroke-width="1.5"/>')
    colour = VERDICTS.get(verdict, GREY)
    if dot is not None:
        parts.append(f'<rect x="{place(left)}" y="8" width="{place(max(width, 0.3))}" height="4" fill="{colour}" opacity=".6"/>')
        parts.append(f'<circle cx="{place(dot)}" cy="10" r="5" fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/>')
    return small(f"{name}: {words}", parts)


def bar_picture(zero: float, step: Step) -> str:
    """One bar of a bridge, for a line of a page that says the amount beside it."""
    return small(
        f"{step.name}: {step.words}",
        [
            f'<line x1="{place(zero)}" x2="{place(zero)}" y1="0" y2="20" stroke="{LINE}"/>',
            f'<rect x="{place(step.left)}" y="3" width="{place(step.width)}" height="14" fill="{_STEP[step.kind]}"/>',
        ],
    )


def small(label: str, parts: Sequence[str], height: int = 20) -> str:
    """A picture of one line, with what it shows as its title."""
    from markupsafe import Markup

    said = escaped(label)
    return Markup(f'<svg class="strip" role="img" width="100%" height="{height}" overflow="visible" aria-label="{said}"><title>{said}</title>{"".join(parts)}</svg>')
