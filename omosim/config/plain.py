"""Lays files and overrides over one another as plain data: Hydra says which files and in what order.

Hydra's own containers give the same data and cost some hundred times as much. What is out of the ordinary is left to
them, and so is every message about what cannot be composed.
"""

from __future__ import annotations

from typing import Any

from hydra._internal.config_repository import ConfigRepository, IConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf

from omosim.config.library import GROUPS, Library
from omosim.config.overrides import parsed
from omosim.config.strict import Doc

File = tuple[str, tuple[str, ...]]
MOST_ORDERS = 200  # remembered at once
_EMPTY, _SOME = OmegaConf.create(), OmegaConf.create({"some": True})
_ORDERS: dict[tuple[str, ...], tuple[dict[str, Any], tuple[File, ...]]] = {}


class Unusual(Exception):
    """Not for plain data; Hydra's own containers decide."""


class _Repository(ConfigRepository, IConfigRepository):
    """What Hydra needs of the files to order them: their defaults lists and headers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.known: dict[str, ConfigResult] = {}

    def load_config(self, config_path: str) -> ConfigResult:
        """Defaults list and header of a file."""
        if config_path not in self.known:
            self.known[config_path] = self._read(config_path)
        return self.known[config_path]

    def _read(self, config_path: str) -> ConfigResult:
        doc = self.library.doc(config_path)
        listed, text, some = _outline(doc)
        if not isinstance(listed, list):
            raise Unusual
        found = ConfigResult("main", doc.file, _SOME if some else _EMPTY, ConfigSource._get_header_dict(text))
        found.defaults_list = self._create_defaults_list(config_path, OmegaConf.create(listed)) if listed else []
        return found

    def group_exists(self, config_path: str) -> bool:
        """Whether the path is a folder of options."""
        return is_group(self.library, config_path)

    def config_exists(self, config_path: str) -> bool:
        """Whether the path is a file."""
        return self.library.exists(config_path)

    def get_group_options(self, group_name: str, results_filter: ObjectType | None = None) -> list[str]:
        """Only a message asks for them."""
        raise Unusual

    def get_sources(self) -> list[ConfigSource]:
        """Only a message asks for them."""
        raise Unusual

    def get_schema_source(self) -> ConfigSource:
        """None."""
        raise Unusual

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """None."""
        raise Unusual


def is_group(library: Library, config_path: str) -> bool:
    """Whether a path is a folder of options."""
    return library.has_group(config_path) if config_path.split("/")[0] in GROUPS else config_path == ""


def compose(library: Library, primary: str, overrides: list[str]) -> tuple[dict[str, Any], list[File]]:
    """The composed configuration, and the files that took part, in the order of their layers.

    Raises
    ------
    Unusual, or an error of Hydra or of a file : compose with Hydra's containers
    """
    asked, library = library, library.branch()
    words = [parsed(text) for text in overrides]
    if any(word.is_sweep_override() for word in words):
        raise Unusual
    own = [word for word in words if not is_group(library, word.key_or_group)]
    data: dict[str, Any] = {}
    layers = _order(library, primary, words)
    for path, package in layers:
        above: dict[str, Any] = {key: v for key, v in library.doc(path).data.items() if key != "defaults"}
        for step in reversed(package):
            above = {step: above}
        _merge(data, above)
    for word in own:
        _apply(data, word)
    for path, _ in layers:
        asked.docs.setdefault(path, library.docs[path])
    return data, list(layers)


def _order(library: Library, primary: str, words: list[Override]) -> tuple[File, ...]:
    """The files of a composition and the package of each, lowest layer first; found once for the same files."""
    chosen = [word for word in words if is_group(library, word.key_or_group)]
    if any(isinstance(word.value(), dict) for word in chosen):
        raise Unusual
    key = primary, *(str(word.input_line) for word in chosen)
    for seen, files in [_ORDERS[key]] if key in _ORDERS else []:
        if all(library.exists(path) and _outline(library.doc(path)) == was for path, was in seen.items()):
            return files
    outline = _Repository(library)
    listed = create_defaults_list(outline, primary, chosen, prepend_hydra=False, skip_missing=False)
    files = tuple(_file(default) for default in listed.defaults)
    if len(_ORDERS) >= MOST_ORDERS:
        _ORDERS.clear()
    _ORDERS[key] = {path: _outline(library.doc(path)) for path in outline.known}, files
    return files


def _file(default: ResultDefault) -> File:
    path, package = default.config_path, default.package
    if not path or path.endswith(".yaml") or package is None:
        raise Unusual
    return path, tuple(step for step in package.split(".") if step)


def _outline(doc: Doc) -> tuple[Any, str, bool]:
    """What decides a file's part in the order."""
    return doc.data.get("defaults", []), doc.text, any(key != "defaults" and v != "???" for key, v in doc.data.items())


def _apply(data: dict[str, Any], word: Override) -> None:
    """Put an override's value where it belongs."""
    if not word.is_force_add() or word.package is not None:
        raise Unusual
    here = data
    *above, last = word.key_or_group.split(".")
    if not all((*above, last)):
        raise Unusual
    for step in above:
        below = here.setdefault(step, {})
        if not isinstance(below, dict):
            raise Unusual
        here = below
    _merge(here, {last: word.value()})


def _merge(below: dict[str, Any], above: dict[Any, Any]) -> None:
    """Lay data over other data in place: mappings key by key, every other value as a whole."""
    for key, value in above.items():
        if not isinstance(key, str):
            raise Unusual
        old = below.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, dict | list) and isinstance(value, dict | list) and type(old) is not type(value):
            raise Unusual
        else:
            below[key] = _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        _merge(made, value)
        return made
    if isinstance(value, list):
        return [_copied(v) for v in value]
    if isinstance(value, str):
        if value == "???" or "${" in value:
            raise Unusual
    elif value is not None and not isinstance(value, bool | int | float):
        raise Unusual
    return value
