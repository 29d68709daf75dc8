"""Turns pydantic's errors into problems with the file, the line, what is allowed and the cure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from omosim.config.errors import COMMAND_LINE, Problem, nearest, show
from omosim.config.schema_tree import Key, children, lookup
from omosim.config.strict import dotted
from omosim.schema.settings import Settings

Loc = tuple[str | int, ...]
Origin = Callable[[Loc], tuple[str, int | None]]


def from_pydantic(error: ValidationError, origin: Origin, model: type[BaseModel] = Settings) -> list[Problem]:
    """One problem per pydantic error, in its order."""
    return [_one(e, origin, model) for e in error.errors(include_url=False)]


def _one(error: Any, origin: Origin, model: type[BaseModel]) -> Problem:
    loc: Loc = tuple(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        return unknown_key(loc, origin, model)
    file, line = origin(loc)
    key = lookup(loc, model)
    if kind == "missing":
        return _missing(loc, origin, key)
    value = error["input"]
    allowed = _allowed(kind, error, key)
    shown = (
        show(value) if not isinstance(value, dict | list) else ("a mapping" if isinstance(value, dict) else "a list")
    )
    return Problem(
        _message(kind, error),
        file,
        line,
        None,
        dotted(loc),
        shown,
        allowed,
        near=nearest(value, key.options) if key and key.options and isinstance(value, str) else None,
        cure=cure_for(value, key, loc),
    )


def unknown_key(loc: Loc, origin: Origin, model: type[BaseModel] = Settings) -> Problem:
    """The problem of a key that does not exist, with the nearest one that does."""
    file, line = origin(loc)
    name = str(loc[-1])
    known = children(loc[:-1], model)
    near = nearest(name, known)
    return Problem(
        "unknown key",
        file,
        line,
        None,
        dotted(loc),
        None,
        ", ".join(known) if len(known) <= 30 else ", ".join(known[:30]) + ", …",
        near,
        "Rename it" if near else "Remove it",
    )


def _missing(loc: Loc, origin: Origin, key: Key | None) -> Problem:
    file, line = origin(loc[:-1])
    what = "missing"
    meaning = f" ({key.meaning})" if key and key.meaning else ""
    cure = f"Add '{loc[-1]}: …' here" if line else f"Add '{loc[-1]}: …' to the file"
    if len(loc) == 1:
        file, line, cure = COMMAND_LINE, None, f"Add {loc[0]}=VALUE"
    return Problem(what + meaning, file, line, None, dotted(loc), None, key.allowed if key else "", cure=cure)


def _message(kind: str, error: Any) -> str:
    value = error["input"]
    if kind in ("int_type", "int_from_float") or (kind == "float_type"):
        if isinstance(value, str):
            return "is text, not a number"
        if isinstance(value, float) and value != value:
            return "not a number"
        if isinstance(value, float) and kind == "int_type":
            return "not a whole number"
        return "not a number"
    ctx = error.get("ctx") or {}
    words = {
        "bool_type": "is not true or false",
        "string_type": "is not text",
        "greater_than_equal": "too small",
        "less_than_equal": "too large",
        "finite_number": "not a finite number",
        "literal_error": "not one of the options",
        "string_pattern_mismatch": "not in the form that is read",
        "model_type": "is a value where keys are expected",
        "dict_type": "is a value where names are expected",
        "list_type": "is not a list",
    }
    if kind in words:
        return words[kind]
    if kind in ("too_short", "too_long"):
        return f"has {len(value) if isinstance(value, dict | list) else ctx.get('actual_length')} entries"
    if kind in ("string_too_short", "string_too_long"):
        return "is empty" if kind == "string_too_short" else f"is longer than {ctx.get('max_length')} characters"
    return re.sub(r"^Input should", "should", str(error.get("msg", kind)))


def _allowed(kind: str, error: Any, key: Key | None) -> str:
    ctx = error.get("ctx") or {}
    if kind == "too_short" and ctx.get("min_length") is not None:
        return f"{ctx['min_length']} entries at least"
    if kind == "too_long" and ctx.get("max_length") is not None:
        return f"{ctx['max_length']} entries at most"
    return key.allowed if key else ""


def cure_for(value: Any, key: Key | None, loc: Loc) -> str:
    """How to write the value that was probably meant."""
    if loc[-1:] == ("schema_version",):
        return "This file was written for another version of omosim; use that version, or a file of `omosim init`"
    kind = key.kind if key else ""
    if isinstance(value, str):
        return _cure_text(value.strip(), kind, key)
    if kind == "str" and not isinstance(value, dict | list) and value is not None:
        return f"Put it in quotes: '{value}'"
    if kind == "int" and isinstance(value, float) and value == value and abs(value) < 1e15:
        return f"Write {round(value)}" if value == round(value) else f"Write {int(value)} or {int(value) + 1}"
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        share = key is not None and key.high == 1 and 1 < value <= 100
        return (
            f"Shares run from 0 to 1; write {value / 100:g} for {value:g} %" if share else "Choose a value in the range"
        )
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return "Choose a value in the range"
    if isinstance(value, bool):
        return "Write a number" if kind in ("int", "float") else "Write text in quotes"
    if value is None:
        return "Give a value or leave the key out" if key and not key.required else "Give a value"
    if kind == "list" and not isinstance(value, list):
        return "Put the values in brackets: [a, b]"
    if kind in ("group", "names") and not isinstance(value, dict):
        return "Write its keys below it, indented"
    return "See `omosim explain " + ".".join(str(p) for p in loc if not isinstance(p, int)) + "`"


def _cure_text(text: str, kind: str, key: Key | None) -> str:
    plain = unicodedata.normalize("NFKC", text)
    if kind == "bool":
        if text.lower() in ("yes", "on", "y", "true", "1"):
            return "Write true"
        return "Write false" if text.lower() in ("no", "off", "n", "false", "0") else "Write true or false"
    if kind in ("int", "float"):
        return _cure_number(text, plain, key)
    if key and key.pattern:
        return _cure_pattern(plain, key)
    if kind == "list":
        return "Put the values in brackets: [a, b]"
    if kind in ("group", "names"):
        return "Write its keys below it, indented"
    return "Choose one of these" if key and key.options else "Write text of the form that is allowed"


def _cure_number(text: str, plain: str, key: Key | None) -> str:
    if text.lower().lstrip("+-.") in ("nan", "inf", "infinity"):
        return "Give a finite number"
    bare = re.sub(r"[,_\s]", "", plain)
    if plain != text and re.fullmatch(r"[-+]?\d+(\.\d+)?", bare):
        return f"Write it in ordinary digits: {bare}"
    if re.fullmatch(r"[-+]?0\d+(\.\d+)?", text):
        return f"Write it without the leading zero: {text.lstrip('0') or '0'}"
    if re.fullmatch(r"[-+]?\d+(\.\d+)?\s*%", plain):
        return f"Write the share: {float(plain.rstrip('% ')) / 100:g}"
    if re.fullmatch(r"[-+]?\d{1,3}([,_]\d{3})+(\.\d+)?", plain) or re.fullmatch(r"[-+]?\d+([_ ]\d+)+", plain):
        return f"Write it without separators: {bare}"
    if re.fullmatch(r"[-+]?\d+,\d+", plain):
        return f"Write the decimal point: {plain.replace(',', '.')}"
    if re.fullmatch(r"\d+(:\d+)+", plain):
        return "This is a time; a number is expected" + (f" [{key.unit}]" if key and key.unit else "")
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        return f"Write it without quotes: {text}"
    number = re.search(r"-?\d+(\.\d+)?", plain.replace(",", ""))
    return f"Write the number alone: {number.group(0)}" if number else "Write a number"


def _cure_pattern(plain: str, key: Key) -> str:
    if "\\d{4}" in (key.pattern or ""):
        return "Write the date as 2025-03-01"
    match = re.fullmatch(r"(\d{1,2})[:.시h]?(\d{2})?분?", plain)
    if match and int(match.group(1)) == 24 and not re.match(key.pattern or "", "24:00"):
        return "Write '00:00', the midnight at which the day begins, or '23:59'"
    if match and int(match.group(1)) <= 24 and int(match.group(2) or 0) < 60:
        return f"Write '{int(match.group(1)):02d}:{int(match.group(2) or 0):02d}'"
    return "Write the time as 10:30"
