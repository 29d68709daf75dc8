"""A strict reader of YAML as data: every key and value keeps its line; nothing is guessed and nothing can run.

YAML 1.1 reads `10:30` as 630, `0123` as 83 and `no` as false, and takes the last of two equal keys. Here such
words stay text, for the schema to judge, and everything that is not plain data is refused with its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from omosim.config.errors import Problem, show

MAX_BYTES = 1_000_000
MAX_KEPT = 50_000  # [bytes] files up to this size stay parsed in memory
MAX_DEPTH = 20
MAX_NODES = 200_000
RUNNING_KEYS = frozenset({"_target_", "_partial_", "_args_", "_recursive_", "_convert_"})

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})\Z", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(?=[eE]))([eE][-+]?[0-9]{1,3})?\Z", re.ASCII
)
_PLAIN_REFERENCE = re.compile(r"\$\{[a-z_/]+\}\Z")

Path_ = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Place:
    """Where a key or value stands, and the comment behind it."""

    line: int
    column: int
    comment: str = ""
    key_line: int = 0


@dataclass
class Doc:
    """One YAML file as plain data, with the place of everything in it."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bad: set[Path_] = field(default_factory=set)
    fatal: bool = False
    text: str = ""

    def line_of(self, path: Path_) -> int | None:
        """Line of a key or value; of the nearest one above when it is not in the file."""
        for n in range(len(path), 0, -1):
            if path[:n] in self.places:
                return self.places[path[:n]].line
        return None


class _Fatal(Exception):
    """The rest of the file cannot be read."""


def type_scalar(text: str) -> Any:
    """A plain scalar as data: true, false, null, decimal numbers; every other word is text."""
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "null", "~"):
        return None
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if abs(number) < float("inf") else text
    return text


def read_file(path: str | Path, shown: str | None = None, trusted: bool = False) -> Doc:
    """The file as data; a file that cannot be opened is a problem too."""
    name = shown or str(path)
    doc = Doc(name)
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        return _stop(doc, "is no ordinary file", cure="Give a .yaml file")
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        return _stop(doc, "is a folder", cure="Give a .yaml file")
    except FileNotFoundError:
        return _stop(doc, "no such file", cure="Give the path of a .yaml file, from the folder you are in")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no usable file name"
        return _stop(doc, f"cannot be read ({reason})", cure="Check its name and rights")
    return read_bytes(raw, name, trusted)


def read_bytes(raw: bytes, name: str, trusted: bool = False) -> Doc:
    """The bytes of a file as data. trusted: a file of the package, which may refer to other keys by `${…}`.

    The same bytes are parsed once in a process, however often a file is read; what is returned is the caller's own.
    """
    if len(raw) > MAX_KEPT:
        return _read_bytes(raw, name, trusted)
    doc = _kept(raw, name, trusted)
    return replace(doc, data=_own(doc.data), places=dict(doc.places), problems=list(doc.problems), bad=set(doc.bad))


def _own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _own(v) for key, v in value.items()}
    return [_own(v) for v in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _kept(raw: bytes, name: str, trusted: bool) -> Doc:
    return _read_bytes(raw, name, trusted)


def _read_bytes(raw: bytes, name: str, trusted: bool) -> Doc:
    doc = Doc(name)
    if len(raw) > MAX_BYTES:
        return _stop(
            doc, f"larger than {MAX_BYTES:,} bytes", cure="A configuration is small; data goes into CSV or Parquet"
        )
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _stop(doc, "UTF-16 text", allowed="UTF-8", cure="Save the file as UTF-8")
    if b"\0" in raw:
        return _stop(
            doc,
            "NUL byte",
            line=raw[: raw.index(b"\0")].count(b"\n") + 1,
            cure="This is no text file; save it as UTF-8 text",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _stop(
            doc,
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            line=line,
            allowed="UTF-8",
            cure="Save the file as UTF-8 (it may be CP949)",
        )
    return read_text(text, name, trusted)


def read_text(text: str, name: str, trusted: bool = False) -> Doc:
    """YAML text as data."""
    doc = Doc(name, text=text)
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip():
            doc.problems.append(
                Problem("tab in the indentation", name, number, indent.index("\t") + 1, cure="Use spaces")
            )
    if doc.problems:
        doc.fatal = True
        return doc
    try:
        _Reader(doc, trusted).read()
    except _Fatal:
        doc.fatal = True
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = (error.problem or "not readable as YAML").strip()
        row = mark.line + 1 if mark else None
        _stop(doc, f"not readable as YAML: {what}", line=row, cure=_yaml_cure(text, row))
    except yaml.reader.ReaderError as error:
        row = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else None
        _stop(doc, f"control character U+{_code(error.character):04X}", line=row, cure="Remove it")
    except (RecursionError, ValueError):
        _stop(doc, "not readable as YAML", cure="Compare it with a file of `omosim init`")
    return doc


def _code(character: Any) -> int:
    return character if isinstance(character, int) else ord(character[:1] or "\0")


def _yaml_cure(text: str, line: int | None) -> str:
    lines = text.splitlines()
    row = lines[line - 1] if line and line <= len(lines) else ""
    if row.count('"') % 2 or row.count("'") % 2:
        return "Close the quotation mark"
    if row.strip().startswith(("@", "`", "%")):
        return "Put the value in quotes"
    return "Check the indentation and the ': ' after the key near this line"


def _stop(doc: Doc, message: str, line: int | None = None, allowed: str = "", cure: str = "") -> Doc:
    doc.problems.append(Problem(message, doc.file, line, allowed=allowed, cure=cure))
    doc.fatal = True
    return doc


def dotted(path: Path_) -> str:
    """`a.b[2].c` for a path of keys and positions."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


class _Reader:
    """Walks the events of one document."""

    def __init__(self, doc: Doc, trusted: bool) -> None:
        self.doc = doc
        self.trusted = trusted
        self.lines = doc.text.split("\n")
        self.nodes = 0
        self.loader = _Loader(doc.text)

    def read(self) -> None:
        try:
            self._document()
        finally:
            self.loader.dispose()

    def _document(self) -> None:
        self._next()  # stream start
        if self.loader.check_event(yaml.StreamEndEvent):
            self._refuse_root("empty file", 1)
        start = self._next()
        if start.tags:
            self._problem("tag directive", start, (), cure="Remove the %TAG line")
        root = self.loader.peek_event()
        if not isinstance(root, yaml.MappingStartEvent):
            kind = "a list" if isinstance(root, yaml.SequenceStartEvent) else "a single value"
            self._refuse_root("empty file" if _is_empty(root) else f"{kind} at the top", root.start_mark.line + 1)
        self.doc.data = self._value((), 0)
        self._next()  # document end
        if not self.loader.check_event(yaml.StreamEndEvent):
            more = self._next()
            self._problem(
                "a second document in the file",
                more,
                (),
                cure="Keep one document; remove the '---' line and what follows",
            )

    def _refuse_root(self, what: str, line: int) -> None:
        _stop(
            self.doc,
            what,
            line=line,
            allowed="one mapping of keys to values",
            cure="Start the file with 'key: value' lines",
        )
        raise _Fatal

    def _next(self) -> Any:
        return self.loader.get_event()

    def _problem(
        self, message: str, event: Any, path: Path_, value: Any = None, cure: str = "", allowed: str = ""
    ) -> None:
        mark = event.start_mark
        shown = None if value is None else show(value)
        self.doc.problems.append(
            Problem(message, self.doc.file, mark.line + 1, mark.column + 1, dotted(path), shown, allowed, cure=cure)
        )
        self.doc.bad.add(path)

    def _value(self, path: Path_, depth: int) -> Any:
        event = self._next()
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._problem(f"deeper than {MAX_DEPTH} levels", event, path[:3], cure="Flatten it")
            raise _Fatal
        if self.nodes > MAX_NODES:
            self._problem(f"more than {MAX_NODES:,} values", event, path[:3], cure="Data goes into CSV or Parquet")
            raise _Fatal
        if isinstance(event, yaml.AliasEvent):
            self._problem(
                f"alias *{event.anchor}", event, path, cure="Write the value out; anchors and aliases are not read"
            )
            return None
        if event.anchor:
            self._problem(f"anchor &{event.anchor}", event, path, cure="Remove it; anchors and aliases are not read")
        if event.tag is not None:
            self._problem("tag", event, path, value=event.tag, cure="Remove it; configuration is plain data")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, path, depth)
        self._place(path, event, event)
        return self._scalar(event, path)

    def _place(self, path: Path_, start: Any, end: Any) -> None:
        old = self.doc.places.get(path)
        comment = self._comment(end) or (old.comment if old else "")
        line = old.line if old else start.start_mark.line + 1
        self.doc.places[path] = Place(line, start.start_mark.column + 1, comment, line)

    def _comment(self, event: Any) -> str:
        mark = event.end_mark
        if mark.line >= len(self.lines):
            return ""
        rest = self.lines[mark.line][mark.column :].strip().lstrip(",]}").strip()
        return rest[1:].strip() if rest.startswith("#") else ""

    def _scalar(self, event: Any, path: Path_) -> Any:
        text = event.value
        if "${" in text and not self._reference_allowed(text, path):
            self._problem(
                "reference '${…}'",
                event,
                path,
                value=text,
                cure="Write the value itself; files are data and are not evaluated",
            )
            return None
        if event.style is not None and event.style != "":
            return text
        if event.tag is not None:
            return None
        return type_scalar(text)

    def _reference_allowed(self, text: str, path: Path_) -> bool:
        return path[:1] == ("defaults",) and self.trusted and bool(_PLAIN_REFERENCE.match(text))

    def _sequence(self, event: Any, path: Path_, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self.loader.check_event(yaml.SequenceEndEvent):
            items.append(self._value((*path, len(items)), depth + 1))
        self._place(path, event, self._next() if event.flow_style else self._block_end(event))
        return items

    def _block_end(self, start: Any) -> Any:
        self._next()
        return start

    def _mapping(self, event: Any, path: Path_, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        while not self.loader.check_event(yaml.MappingEndEvent):
            self._pair(found, first, path, depth)
        end = self._next()
        if path:
            self._place(path, event, end if event.flow_style else event)
        return found

    def _pair(self, found: dict[str, Any], first: dict[str, int], path: Path_, depth: int) -> None:
        event = self._next()
        if not isinstance(event, yaml.ScalarEvent):
            self._problem("a key that is no single word", event, path, cure="Keys are words; put values behind ': '")
            raise _Fatal
        key = event.value
        here = (*path, key)
        mark: Any = event.start_mark
        line = mark.line + 1
        ok = self._check_key(event, key, here)
        if key in first:
            self._problem(f"the key stands twice (first in line {first[key]})", event, here, cure="Keep one of the two")
            self._value((*here, "\0again"), depth + 1)
            return
        first[key] = line
        if ok:
            self.doc.places[here] = Place(line, mark.column + 1, self._key_comment(event), line)
        value = self._value(here, depth + 1)
        if ok:
            found[key] = value

    def _key_comment(self, event: Any) -> str:
        row = self.lines[event.end_mark.line][event.end_mark.column :] if event.end_mark.line < len(self.lines) else ""
        match = re.match(r"\s*:\s*#(.*)", row)
        return match.group(1).strip() if match else ""

    def _check_key(self, event: Any, key: str, path: Path_) -> bool:
        before = len(self.doc.problems)
        if event.tag is not None or event.anchor:
            self._problem("tag or anchor on a key", event, path, cure="Remove it; configuration is plain data")
        if key == "<<":
            self._problem("merge key '<<'", event, path, cure="Write the keys out")
        elif key in RUNNING_KEYS:
            self._problem(f"'{key}' is not data", event, path, cure="Remove it; a file names values, never code")
        elif key == "hydra" or key.startswith("hydra/"):
            self._problem("'hydra' block", event, path, cure="Remove it; how to run is set on the command line")
        elif (
            not key
            or "${" in key
            or ("." in key and path[:1] != ("defaults",))
            or not key.isprintable()
            or len(key) > 200
        ):
            self._problem(
                "not usable as a key", event, path, value=key, cure="Use a word without '.', '${' or control characters"
            )
        return len(self.doc.problems) == before


def _is_empty(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "" and not event.style
