"""A small writer of SVG pictures: places across in per cent of the width, places down in pixels, every word escaped.

A picture without a viewBox takes the width that the page gives it and never scales its letters, so one drawing is read
at 1280 pixels, at 400 and on paper. It holds no script, no style sheet, no reference, and no `id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from omosim.reports.language import say
from omosim.results.words import safe_text

#: Okabe and Ito's palette, darkened where white stands behind it: told apart with any colour vision, and in grey by lightness
BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, GREY = "#0b62a4", "#c45a00", "#00795c", "#9c4f7d", "#4aa3d8", "#b08900", "#5b6470"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY)
INK, SOFT, LINE, FAINT, PAPER = "#1b1f24", "#5b6470", "#8f98a3", "#e3e7ec", "#ffffff"
FAMILIES = "'Omosim Hangul',system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR','Noto Sans CJK KR','NanumGothic',sans-serif"
NAMESPACE = "http://www.w3.org/2000/svg"
CELLS = 48  # letters of 13 px that a phone of 400 px shows side by side


def cells(text: str) -> int:
    """Width in letters; those of East Asia count two."""
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, most: int = CELLS) -> str:
    """The text as it may be shown, cut with … where it is wider than `most` letters."""
    shown = safe_text(text, 4 * most)
    if cells(shown) <= most:
        return shown
    out = ""
    for char in shown:
        if cells(out + char) > most - 1:
            break
        out += char
    return out.rstrip() + "…"


def lines_of(text: str, most: int = CELLS) -> list[str]:
    """The text in lines of at most `most` letters, broken at spaces."""
    out = [""]
    for word in safe_text(text, 1000).split(" "):
        if out[-1] and cells(f"{out[-1]} {word}") > most:
            out.append("")
        out[-1] = fit(f"{out[-1]} {word}".strip(), most)
    return out


def escaped(text: object) -> str:
    """Text for an element or an attribute of XML 1.0."""
    shown = safe_text(text, 4000)
    for char, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        shown = shown.replace(char, code)
    return "".join(c for c in shown if c in "\t\n" or (c >= " " and not "\ufffe" <= c <= "\uffff"))


def place(value: float) -> str:
    """A place in per cent; rounded, so that a page does not hang on the last bits."""
    return f"{round(value, 2):g}%"


@dataclass
class Canvas:
    """A picture while it is drawn; `y` is where the next thing goes, pixels from the top."""

    title: str
    unit: str = ""
    y: float = 0.0
    parts: list[str] = field(default_factory=list)

    def heading(self, legend: Sequence[tuple[str, str]] = ()) -> None:
        """Title, unit and legend (colour, word) above the drawing."""
        for line in lines_of(say(self.title)):
            self.y += 18
            self.text(0, line, size=14, bold=True)
        for line in lines_of(say(self.unit), 54) if self.unit else ():
            self.y += 16
            self.text(0, line, size=12, colour=SOFT)
        self.legend(legend)
        self.y += 8

    def legend(self, words: Sequence[tuple[str, str]]) -> None:
        """Colours with their words, in as many lines as a phone needs."""
        at = 0.0
        for i, (colour, word) in enumerate(words):
            shown = fit(say(word), 40)
            wide = 7.2 * cells(shown) + 32
            if i == 0 or at + wide > 330:
                self.y, at = self.y + 18, 0.0
            self.raw(f'<rect x="{at:g}" y="{self.y - 9:g}" width="12" height="10" fill="{colour}"/>')
            self.raw(f'<text x="{at + 17:g}" y="{self.y:g}" font-size="12" fill="{SOFT}">{escaped(shown)}</text>')
            at += wide

    def raw(self, markup: str) -> None:
        """Markup made here; no word of a user goes this way."""
        self.parts.append(markup)

    def text(self, x: float, words: str, *, size: float = 13, anchor: str = "start", bold: bool = False, colour: str = INK, y: float | None = None, halo: bool = False) -> None:
        """Words at x per cent; anchor: start, middle or end; halo: a rim of paper, where lines run behind them."""
        weight = ' font-weight="600"' if bold else ""
        weight += f' paint-order="stroke" stroke="{PAPER}" stroke-width="4" stroke-linejoin="round"' if halo else ""
        down = self.y if y is None else y
        self.raw(f'<text x="{place(x)}" y="{down:g}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}"{weight}>{escaped(words)}</text>')

    def box(self, left: float, width: float, y: float, height: float, colour: str, *, opacity: float = 1.0, hint: str = "") -> None:
        """A bar from `left` over `width` per cent; hint: what a mouse over it shows."""
        inside = f"<title>{escaped(hint)}</title>" if hint else ""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        self.raw(f'<rect x="{place(left)}" y="{y:g}" width="{place(max(width, 0.15))}" height="{height:g}" fill="{colour}"{faint}>{inside}</rect>')

    def down(self, x: float, top: float, bottom: float, colour: str = FAINT, *, width: float = 1, dashed: bool = False, behind: bool = False) -> None:
        """A line from top to bottom at x per cent; behind: under all that is drawn."""
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        line = f'<line x1="{place(x)}" x2="{place(x)}" y1="{top:g}" y2="{bottom:g}" stroke="{colour}" stroke-width="{width:g}"{dash}/>'
        self.parts.insert(0 if behind else len(self.parts), line)

    def across(self, left: float, right: float, y: float, colour: str = INK, *, width: float = 1.5) -> None:
        """A line from left to right per cent at y."""
        self.raw(f'<line x1="{place(left)}" x2="{place(right)}" y1="{y:g}" y2="{y:g}" stroke="{colour}" stroke-width="{width:g}"/>')

    def dot(self, x: float, y: float, colour: str, *, radius: float = 5) -> None:
        """A dot at x per cent."""
        self.raw(f'<circle cx="{place(x)}" cy="{y:g}" r="{radius:g}" fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/>')

    def ticks(self, labels: Sequence[tuple[float, str]], top: float) -> None:
        """Faint lines from `top` down to here, behind what is drawn, with their labels below."""
        for at, _ in reversed(labels):
            self.parts.insert(0, f'<line x1="{place(at)}" x2="{place(at)}" y1="{top:g}" y2="{self.y:g}" stroke="{FAINT}"/>')
        self.y += 14
        for at, word in labels:
            anchor = "start" if at < 4 else "end" if at > 96 else "middle"
            self.text(at, word, size=11, anchor=anchor, colour=SOFT)
        self.y += 4

    def named(self, name: str, words: str, *, bold: bool = False) -> None:
        """A row's name at the left and its figure at the right, on two lines where one is too narrow."""
        shown, value = fit(name), fit(words)
        self.y += 17
        self.text(0, shown, bold=bold, halo=True)
        if cells(shown) + cells(value) + 2 > CELLS:
            self.y += 16
        self.text(100, value, anchor="end", bold=bold, size=12.5, halo=True)

    def done(self, says: str) -> str:
        """The picture as markup; says: what it shows, row by row, for those who do not see it."""
        from markupsafe import Markup

        height = round(self.y + 6, 1)
        label = f"{self.title}: {says}" if says else self.title
        head = f'<svg class="pic" role="img" width="100%" height="{height:g}" font-family="{FAMILIES}" aria-label="{escaped(label)}">'
        return Markup(head + f"<title>{escaped(self.title)}</title><desc>{escaped(says)}</desc>" + "".join(self.parts) + "</svg>")


def standalone(picture: str, width: int = 760) -> str:
    """A picture as a file of its own: a width in pixels, a white ground, an XML head."""
    drawn = "".join(picture)  # a plain string: Markup would escape what is put into it
    opened = drawn.index(">") + 1
    tall = float(drawn.split('height="', 1)[1].split('"', 1)[0])
    style = "padding:16px;background:#fff;box-sizing:border-box;overflow:visible"
    head = drawn[:opened].replace(f'width="100%" height="{tall:g}"', f'width="{width + 32}" height="{tall + 32:g}" style="{style}"', 1)
    head = head.replace("<svg ", f'<svg xmlns="{NAMESPACE}" ', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{drawn[opened:]}\n'
