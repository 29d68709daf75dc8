"""The keys of the settings as a tree: what may stand where, its unit, range and meaning."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from omosim.schema.settings import Settings

ANY = "*"  # stands for a name that the user chooses (a segment, a category, …)
NONE_TYPE = type(None)


@dataclass(frozen=True)
class Key:
    """One key of the settings. kind: group, names, list, or the type of a leaf."""

    path: tuple[str, ...]
    kind: str
    unit: str = ""
    meaning: str = ""
    low: float | None = None
    high: float | None = None
    options: tuple[str, ...] = ()
    pattern: str | None = None
    required: bool = True
    default: Any = None
    optional: bool = False

    @property
    def name(self) -> str:
        """Dotted path; `*` for a name that the user chooses."""
        return ".".join(self.path)

    @property
    def is_leaf(self) -> bool:
        """Whether a value stands here and not further keys."""
        return self.kind not in ("group", "names", "items")

    @property
    def allowed(self) -> str:
        """What may be written here, in words."""
        if self.options:
            return " | ".join(self.options)
        words = {
            "bool": "true or false",
            "int": "a whole number",
            "float": "a number",
            "str": "text",
            "group": "keys with values",
            "names": "names with keys below",
            "items": "a list of entries that start with '- '",
            "list": "a list [a, b, …]",
        }
        text = words.get(self.kind, self.kind)
        if self.low is not None and self.high is not None and self.kind in ("int", "float"):
            text += (
                f" from {self.low:g} to {self.high:g}" if self.high < 1e6 else f" from {self.low:g} to {self.high:.6g}"
            )
        if self.pattern and "\\d{4}" in self.pattern:
            text = "a date YYYY-MM-DD"
        elif self.pattern:
            text = "a time HH:MM from 00:00 to 24:00"
        if self.unit and self.kind in ("int", "float", "list") and self.unit != "1":
            text += f" [{self.unit}]"
        return text + (" or null" if self.optional else "")


def _strip(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The type without Annotated and None; the extra metadata; whether None is allowed."""
    extra: list[Any] = []
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            extra += list(annotation.__metadata__)
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            args = [a for a in get_args(annotation) if a is not NONE_TYPE]
            optional = optional or len(args) < len(get_args(annotation))
            annotation = args[0]
        else:
            return annotation, extra, optional


def _limits(metadata: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in metadata:
        for part in item.metadata if isinstance(item, FieldInfo) else [item]:
            if isinstance(part, annotated_types.Ge):
                found["low"] = part.ge
            elif isinstance(part, annotated_types.Le):
                found["high"] = part.le
            elif getattr(part, "pattern", None):
                found["pattern"] = part.pattern
    return found


def _walk(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Key]:
    hints = typing.get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        required = info.is_required()
        default = None if required else info.get_default(call_default_factory=True)
        base = {"unit": unit, "meaning": info.description or "", "required": required, "default": default}
        yield from _key((*prefix, name), hints[name], list(info.metadata), base)


def _key(path: tuple[str, ...], annotation: Any, metadata: list[Any], base: dict[str, Any]) -> Iterator[Key]:
    kind, extra, optional = _strip(annotation)
    limits = _limits(metadata + extra)
    base = {**base, "optional": optional}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        doc = (kind.__doc__ or "").strip()
        yield Key(path, "group", **{**base, "meaning": base["meaning"] or doc})
        yield from _walk(kind, path)
    elif get_origin(kind) is dict:
        value = get_args(kind)[1]
        inner = _strip(value)[0]
        is_model = isinstance(inner, type) and issubclass(inner, BaseModel)
        meaning = base["meaning"] or ((inner.__doc__ or "").strip() if is_model else "")
        yield Key(path, "names", **{**base, "meaning": meaning})
        rest = {"unit": base["unit"], "meaning": base["meaning"]} if not is_model else {"unit": "", "meaning": ""}
        yield from _key((*path, ANY), value, [], {**rest, "required": False, "default": None})
    elif get_origin(kind) is list:
        inner = _strip(get_args(kind)[0])[0]
        is_model = isinstance(inner, type) and issubclass(inner, BaseModel)
        yield Key(path, "items" if is_model else "list", **base, **limits)
        if is_model:
            meaning = (inner.__doc__ or "").strip()
            yield Key((*path, ANY), "group", **{**base, "required": False, "default": None, "meaning": meaning})
            yield from _walk(inner, (*path, ANY))
        else:
            yield from _key((*path, ANY), get_args(kind)[0], [], {**base, "required": False, "default": None})
    elif get_origin(kind) is Literal:
        yield Key(path, "choice", **base, options=tuple(str(a) for a in get_args(kind)))
    else:
        yield Key(path, kind.__name__, **base, **limits)


@lru_cache(maxsize=8)
def tree(model: type[BaseModel] = Settings) -> dict[tuple[str, ...], Key]:
    """Every key of the model by its path, `*` where the user chooses a name or in a list."""
    return {key.path: key for key in _walk(model, ())}


def lookup(path: tuple[str | int, ...], model: type[BaseModel] = Settings) -> Key | None:
    """The key at a concrete path, None when no such key exists."""
    keys = tree(model)
    here: tuple[str, ...] = ()
    for part in path:
        exact = (*here, str(part))
        if exact in keys and not isinstance(part, int):
            here = exact
        elif (*here, ANY) in keys:
            here = (*here, ANY)
        else:
            return None
    return keys.get(here)


def children(path: tuple[str | int, ...], model: type[BaseModel] = Settings) -> list[str]:
    """Names that may stand directly below a path (without names that the user chooses)."""
    if path:
        found = lookup(path, model)
        if found is None:
            return []
        base = found.path
    else:
        base = ()
    n = len(base)
    return [k[-1] for k in tree(model) if len(k) == n + 1 and k[:n] == base and k[-1] != ANY]
