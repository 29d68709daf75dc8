"""Pages and answers in another language: a catalogue of texts, applied text by text; what it lacks stays English.

A catalogue is `languages/CODE.json`: English text -> text. `{name}` in both stands for anything in a sentence, `{name~}`
for what has no comma, `{name^}` for one word, `{name#}` for figures and their units. Texts of pages are what stands in one block element; names of users (`<bdi>`) and code (`<code>`) in it are
`{0}`, `{1}`, … and are never translated. A text of several sentences is looked up whole, then sentence by sentence.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TextIO

LANGUAGES = ("en", "ko")
_NOW: ContextVar[str] = ContextVar("omosim_language", default="en")
_LONGEST = 3000  # a longer text is not looked up

#: elements that a text goes through; every other tag ends it
_NAMES = ("bdi", "code")
_TAG = re.compile(r"(<[^>]*>)")
#: what a place-holder may stand for: {x} anything within a sentence, {x~} without a comma, {x#} a figure
_MEANS = {"": r"(?:(?!\. )[^\n]){1,300}?", "~": r"(?:(?!\. )[^\n,]){1,300}?"}
_FIGURE = r"(?:[-+±<>~]? ?(?:[A-Z]{3} )?[-+]?[\d,.]*\d(?: ?(?:%|pp|[A-Z]{3}\b))?|–|never)"


_MEANS |= {"#": _FIGURE, "^": r"[^\s,]{1,80}?"}
FONT = Path(__file__).parent / "fonts" / "OmosimHangul.ttf"


@lru_cache(maxsize=1)
def font_face() -> str:
    """Style that brings the shipped Hangul to a page, for these letters alone; it stands first among the families, for a browser that has begun with a font of its own may leave letters as boxes."""
    data = base64.b64encode(FONT.read_bytes()).decode()
    return f'@font-face{{font-family:"Omosim Hangul";src:url(data:font/ttf;base64,{data}) format("truetype");unicode-range:U+1100-11FF,U+3130-318F,U+AC00-D7A3}}'


def current() -> str:
    """The language of this moment, "en" unless `use` or `using` said another."""
    return _NOW.get()


def use(lang: str) -> None:
    """Speak `lang` from now on. Raises ValueError for a language that is not in LANGUAGES."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang '{lang}' is not allowed; there are {', '.join(LANGUAGES)}")
    _NOW.set(lang)


@contextmanager
def using(lang: str) -> Iterator[None]:
    """Speak `lang` inside the block."""
    before = _NOW.get()
    use(lang)
    try:
        yield
    finally:
        _NOW.set(before)


def say(text: str) -> str:
    """The text in the language of this moment; as it is where the catalogue lacks it."""
    lang = _NOW.get()
    return text if lang == "en" or not text or len(text) > _LONGEST else _catalogue(lang).say(text)


class _Lines(io.TextIOBase):
    """A stream that passes whole lines on in the language of this moment; what is no line yet waits."""

    def __init__(self, to: TextIO) -> None:
        self.to, self.rest = to, ""

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.to.write(f"{say(line)}\n")
        return len(text)

    def flush(self) -> None:
        self.to.flush()

    def isatty(self) -> bool:
        return self.to.isatty()

    def end(self) -> None:
        """Pass on what is left without an end of line."""
        self.to.write(say(self.rest))
        self.rest = ""


@contextmanager
def speaking() -> Iterator[None]:
    """Say every line that is printed inside the block in the language of this moment; nothing changes in English."""
    if current() == "en":
        yield
        return
    lines = _Lines(sys.stdout)
    with redirect_stdout(lines):
        try:
            yield
        finally:
            lines.end()


class Catalogue:
    """Texts of one language.

    Parameters
    ----------
    texts : English -> the other language, as the file has them
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self.exact = {k: v for k, v in texts.items() if "{" not in k}
        longest_first = sorted((k for k in texts if "{" in k), key=lambda k: -len(re.sub(r"\{.*?\}", "", k)))
        self.patterns = [(_start(k), _pattern(k), texts[k]) for k in longest_first]

    def find(self, text: str, *, inner: bool = False) -> str | None:
        """The whole text, or what stands before its full stop, or None; what a place-holder stands for is looked up too, but no deeper."""
        if text in self.exact:
            return self.exact[text]
        stem = text[:-1] if text.endswith(".") else ""
        if stem in self.exact:
            return f"{self.exact[stem]}."
        for start, pattern, other in self.patterns:
            if not text.startswith(start):
                continue
            of_stem = pattern.fullmatch(stem) if stem else None
            if met := of_stem or pattern.fullmatch(text):
                parts = {k: self.exact.get(v) or (v if inner else self._part(v)) for k, v in met.groupdict().items()}
                return _filled(other, parts) + ("." if of_stem else "")
        return None

    def _part(self, text: str) -> str:
        """What a place-holder stands for, one list deep."""
        mark = "; " if "; " in text else ", "
        return self.find(text, inner=True) or mark.join(self.find(p, inner=True) or p for p in re.split(rf"{mark}(?![^()]*\))", text))

    def say(self, text: str) -> str:
        """The text with its spaces at both ends kept; sentence by sentence where it is not known whole."""
        core = text.strip()
        if not core:
            return text
        plain = " ".join(core.split())
        if plain.startswith("note: ") and "note" in self.exact:  # what is noted is a text of its own, of any length
            return text.replace(core, f"{self.exact['note']}: {self.say(plain[6:])}", 1)
        found = self.find(plain)
        if found is None:
            found = " ".join(self.find(p) or self._clauses(p) or p for p in re.split(r"(?<=[.!?]) ", plain))
        return text.replace(core, found, 1) if found != plain else text

    def _clauses(self, sentence: str, marks: tuple[str, ...] = ("; ", ", ", " → ")) -> str | None:
        """A sentence of which every part is known, or is a list of known parts, while the whole is not; half a sentence is never translated."""
        for n, mark in enumerate(marks):
            if mark in sentence:
                found = [self.find(p) or self._clauses(p, marks[n + 1 :]) for p in sentence.split(mark)]
                if all(found):
                    return mark.join(str(part) for part in found)
        return None


def _filled(text: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)[#~^]?\}", lambda m: parts.get(f"p_{m[1]}", m[0]), text)


def _start(key: str) -> str:
    return key.split("{", 1)[0]


def _pattern(key: str) -> re.Pattern[str]:
    """What a key with place-holders matches; bounded, so that a hostile name cannot keep the matcher busy."""
    out, seen = "", set()
    for piece in re.split(r"(\{\w+[#~^]?\})", key):
        name = re.fullmatch(r"\{(\w+)([#~^]?)\}", piece)
        if name is None:
            out += re.escape(piece)
        elif name[1] in seen:
            out += f"(?P=p_{name[1]})"
        else:
            seen.add(name[1])
            out += f"(?P<p_{name[1]}>{_MEANS[name[2]]})"
    return re.compile(out)


@lru_cache(maxsize=4)
def _catalogue(lang: str) -> Catalogue:
    path = Path(__file__).parent / "languages" / f"{lang}.json"
    return Catalogue(json.loads(path.read_text(encoding="utf-8")))


def translate_page(page: str, missing: list[str] | None = None) -> str:
    """A finished page in the language of this moment; missing: gets the texts that the catalogue lacks.

    The page's own markup is kept; a translation is escaped like any other text.
    """
    lang = _NOW.get()
    if lang == "en":
        return page
    catalogue = _catalogue(lang)
    tokens = _TAG.split(page.replace('<html lang="en">', f'<html lang="{lang}">', 1))
    out: list[str] = []
    text: list[str] = []  # tokens of the text that is being gathered
    inside = ""  # the element whose content is taken as it is
    for token in tokens:
        tag = re.match(r"</?(\w+)", token)
        name = tag[1] if tag else ""
        if inside:
            (text if inside in _NAMES else out).append(token)
            if token == f"</{inside}>":
                inside = ""
        elif name == "style" or ' translate="no"' in token or token.startswith("<!"):
            out += [*_told(catalogue, text, missing), token]
            text, inside = [], "" if token.startswith("<!") else name
        elif name in _NAMES and not token.startswith("</"):
            text.append(token)
            inside = name
        elif tag:
            out += [*_told(catalogue, text, missing), _attributes(catalogue, token)]
            text = []
        else:
            text.append(token)
    return "".join([*out, *_told(catalogue, text, missing)])


def _told(catalogue: Catalogue, tokens: list[str], missing: list[str] | None) -> list[str]:
    """The gathered text, translated; names in it are kept as they are, in the places the translation gives them."""
    whole = "".join(tokens)
    bare = re.sub(r"<bdi>.*?</bdi>|<code>.*?</code>|\b[A-Z]{3}\b|\bpp\b|&\w+;", "", whole, flags=re.S)
    if not re.search(r"[A-Za-z]{2}", bare):
        return tokens
    kept: list[str] = []

    def hide(met: re.Match[str]) -> str:
        kept.append(met[0])
        return f"\ue000{len(kept) - 1}\ue001"

    hidden = html.unescape(re.sub(r"<(bdi|code)>.*?</\1>", hide, whole, flags=re.S))
    asked = re.sub("\ue000(\\d+)\ue001", r"⟦\1⟧", hidden)
    if len(asked) > _LONGEST:
        return tokens
    found = catalogue.say(asked)
    if missing is not None and found == asked and not re.fullmatch(r"[-+\d., %A-Zpto()]*", asked.strip()):
        missing.append(" ".join(asked.split()))
    if found == asked:
        return tokens
    escaped = html.escape(found)
    return [re.sub(r"⟦(\d+)⟧", lambda m: kept[int(m[1])] if int(m[1]) < len(kept) else m[0], escaped)]


def _attributes(catalogue: Catalogue, tag: str) -> str:
    """Labels that are shown or read out."""

    def put(met: re.Match[str]) -> str:
        return f'{met[1]}="{html.escape(catalogue.say(html.unescape(met[2])))}"'

    return re.sub(r'\b(data-label|aria-label)="([^"]*)"', put, tag)
