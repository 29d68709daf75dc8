"""Reads the words behind a command: key=value, in Hydra's grammar, with names in any script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override as HydraOverride
from hydra.errors import HydraException
from pydantic import BaseModel

from omosim.config.errors import Problem, nearest, show
from omosim.config.library import GROUPS
from omosim.config.schema_tree import ANY, children, lookup, tree
from omosim.config.strict import RUNNING_KEYS
from omosim.schema.settings import Settings

_SHAPE = re.compile(r"(\+\+|\+|~)?([^=\s]+?)\s*=(.*)\Z", re.DOTALL)
_DELETE = re.compile(r"~[^=\s]+\Z")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+\Z")
PARSER = OverridesParser.create()


@lru_cache(maxsize=4096)
def parsed(text: str) -> HydraOverride:
    """A word as Hydra's grammar reads it; each once, for the grammar is slow. Raises HydraException."""
    return PARSER.parse_override(text)


@dataclass(frozen=True)
class Override:
    """One word of the command line. kind: group, package, option, value."""

    prefix: str
    key: str
    value: str
    kind: str = "value"
    is_text: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The key as a path."""
        return tuple(self.key.split("."))

    @property
    def bare(self) -> str:
        """The value without quotes round it."""
        v = self.value.strip()
        return v[1:-1] if len(v) >= 2 and v[0] == v[-1] and v[0] in "'\"" else v

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return self.prefix + self.key + ("" if self.prefix == "~" and not self.value else "=" + self.value)

    def hydra(self) -> str:
        """As Hydra reads it: names quoted where its grammar has no letters for them."""
        if self.prefix == "~":
            return self.text
        prefix = "++" if self.kind in ("value", "option") and not self.prefix else self.prefix
        text = self.is_text and self.value.strip() not in ("null", "")
        return f"{prefix}{self.key}={quoted(self.value) if text else quote_names(self.value)}"


def quoted(value: str) -> str:
    """One text value in Hydra's quotes."""
    v = value.strip()
    if len(v) >= 2 and v[0] == v[-1] and v[0] in "'\"":
        return v
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", re.sub(r"(\\+)\Z", r"\1\1", v)) + "'"


def quote_names(value: str) -> str:
    """The value with each word that holds letters outside ASCII in quotes; lists and mappings stay what they are."""
    if value.isascii():
        return value
    out, word, quote, depth = [], "", "", 0
    for c in value:
        if quote:
            word += c
            quote = "" if c == quote and not word.endswith("\\" + c) else quote
        elif c in "'\"" and not word.strip():
            word, quote = word + c, c
        elif c in "[]{}," or (c == ":" and depth):
            out += [_quote_word(word), c]
            word = ""
            depth += (c == "{") - (c == "}")
        else:
            word += c
    return "".join(out) + _quote_word(word)


def _quote_word(word: str) -> str:
    return word if word.isascii() or word.strip()[:1] in ("'", '"') else quoted(word)


def read(words: list[str], options: type[BaseModel]) -> tuple[list[Override], list[Problem]]:
    """The words as overrides, and what is wrong with the others."""
    good: list[Override] = []
    wrong: list[Problem] = []
    seen: dict[str, Override] = {}
    for word in words:
        item = shaped(word, options)
        if isinstance(item, Override):
            problem = judged(item, options)
            if problem is None and item.key in seen and seen[item.key].text != item.text:
                problem = Problem(
                    "given twice",
                    key=item.key,
                    value=show(item.bare),
                    cure=f"Keep one; the other is {seen[item.key].text}",
                )
            if problem is None:
                if item.key not in seen:
                    good.append(item)
                seen[item.key] = item
            else:
                wrong.append(problem)
        else:
            wrong.append(item)
    return good, wrong


def shaped(word: str, options: type[BaseModel]) -> Override | Problem:
    """A word cut into prefix, key and value, its kind known; the problem when it is no key=value."""
    if _DELETE.match(word):
        return Override("~", word[1:], "", "value")
    match = _SHAPE.match(word)
    if match is None:
        near = nearest(word.lstrip("-"), [*GROUPS, *children(()), *options.model_fields])
        return Problem(
            "is not key=value",
            value=show(word),
            near=f"{near}=…" if near else None,
            cure="Write key=value without spaces round '='",
        )
    prefix, key, value = match.group(1) or "", match.group(2), match.group(3)
    kind = "value"
    if key in GROUPS:
        kind = "group"
    elif "@" in key or "/" in key:
        kind = "package"
    elif key.split(".")[0] in options.model_fields:
        kind = "option"
    model = options if kind == "option" else Settings
    found = lookup(tuple(key.split(".")), model) if kind in ("option", "value") else None
    return Override(prefix, key, value, kind, found is not None and found.kind == "str")


def judged(item: Override, options: type[BaseModel]) -> Problem | None:
    """What is wrong with an override, None when nothing is."""
    shown = show(item.bare)
    if item.path[0] == "hydra" or RUNNING_KEYS & set(item.path):
        cure = (
            "Use output.dir=DIR for the result folder"
            if item.path[0] == "hydra"
            else "A configuration names values, never code"
        )
        return Problem("is not set here", key=item.key, value=shown, cure=cure)
    if "${" in item.value:
        return Problem("reference '${…}'", key=item.key, value=shown, cure="Write the value itself")
    if item.kind == "group" and item.prefix:
        return Problem(f"'{item.prefix}' before a group", key=item.key, value=shown, cure=f"Write {item.key}=NAME")
    if item.kind == "group" and not item.bare:
        return Problem("no value", key=item.key, cure=f"Write {item.key}=NAME or {item.key}=FILE.yaml")
    if item.kind == "option" and (len(item.path) > 1 or item.prefix):
        return Problem("has no keys below it", key=item.key, value=shown, cure=f"Write {item.path[0]}=VALUE")
    if item.path[:2] == ("strategy", "capabilities") and len(item.path) == 3 and item.bare.lower() not in ("true", "false"):
        off = item.prefix == "~" or item.bare.lower() in ("0", "no", "off", "null", "none", "")
        word = "false" if off else "true"
        return Problem("is switched by true or false", key=item.key, value=shown, cure=f"Write {item.key}={word}")
    if item.kind == "value" and lookup(item.path) is None:
        return unknown_override(item, options)
    return _grammar(item) if item.kind != "group" else None


def _grammar(item: Override) -> Problem | None:
    shown = show(item.bare)
    try:
        found = parsed(item.hydra())
    except HydraException:
        if _THOUSANDS.match(item.bare):
            return _several(item)
        return Problem(
            "cannot be read", key=item.key, value=shown, cure="Put the value in quotes: " + f"\"{item.key}='…'\""
        )
    return _several(item) if found.is_sweep_override() else None


def _several(item: Override) -> Problem:
    found = lookup(item.path) if item.kind == "value" else None
    if _THOUSANDS.match(item.bare):
        cure = f"Write {item.key}={item.bare.replace(',', '')}; for several runs add --multirun"
    elif found is not None and found.kind == "list":
        cure = f"Write {item.key}=[{item.bare}]"
    else:
        cure = f"Write {item.key}=[{item.bare}] for a list, or add --multirun for one run of each"
    return Problem("several values", key=item.key, value=show(item.bare), allowed="one value", cure=cure)


def unknown_override(item: Override, options: type[BaseModel]) -> Problem:
    """The problem of a key that no setting has, with the nearest one."""
    path = item.path
    good = 0
    while good < len(path) and lookup(path[: good + 1]) is not None:
        good += 1
    known = children(path[:good]) if good else [*GROUPS, *children(()), *options.model_fields]
    known = list(dict.fromkeys(known))
    near = nearest(path[good], known)
    if near:
        near = ".".join((*path[:good], near, *path[good + 1 :]))
    elif good == 0 or not known:
        leaf = path[-1]
        same = [k.name for k in tree().values() if k.path[-1] == leaf and ANY not in k.path]
        near = same[0] if same else None
    where = ".".join(path[:good]) or "the settings"
    return Problem(
        f"unknown key; {where} has no '{path[good]}'",
        key=item.key,
        value=show(item.bare) if item.value else None,
        allowed=", ".join(known[:30]) + (", …" if len(known) > 30 else ""),
        near=near,
        cure="`omosim explain " + (".".join(path[:good]) or "--all") + "` lists the keys",
    )


def parsed_value(item: Override) -> Any:
    """The override's value as data."""
    return parsed(item.hydra()).value()


def expand(words: list[str]) -> list[list[str]]:
    """The jobs of a comma sweep, in Hydra's order: the last key runs fastest. Unreadable words stay."""
    columns: list[list[str]] = []
    for word in words:
        match = _SHAPE.match(word)
        columns.append([word] if match is None else _sweep(word, match))
    jobs: list[list[str]] = [[]]
    for column in columns:
        jobs = [[*job, word] for job in jobs for word in column]
        if len(jobs) > 10_000:
            raise ValueError("more than 10,000 jobs")
    return jobs


def _sweep(word: str, match: re.Match[str]) -> list[str]:
    prefix, key, value = match.group(1) or "", match.group(2), match.group(3)
    item = Override(prefix, key, value, "package")
    try:
        found = parsed(item.hydra())
        if not found.is_sweep_override():
            return [word]
        return [f"{prefix}{key}={v}" for v in found.sweep_string_iterator()]
    except HydraException:
        return [word]
