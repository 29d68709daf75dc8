"""Finds configuration files: the user's ./configs, ./scenarios and ./experiments first, then the
package's own.

Imports neither Hydra nor pydantic, so that `list` and tab completion are quick.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omosim.config.errors import Problem, nearest
from omosim.config.strict import Doc, Path_, read_file

GROUPS = ("market", "catalogue", "network", "touchpoints", "strategy", "scenario", "engine")
PRIMARY = ("run", "compare", "sweep", "calibrate", "bopis", "validate", "claims", "value", "flip", "attribute", "twin")
#: groups whose folder stands beside `configs`
BESIDE = {"scenario": "scenarios", "experiment": "experiments"}
#: groups whose folder in `configs` has another name: published experiments are no studies of the user's
INSIDE = {"pattern": "experiment"}
EMBEDDED = ("catalogue", "network", "touchpoints")
_TITLE = re.compile(r"""^title:[ ]*(?:"([^"]*)"|'([^']*)'|([^#\n]*))""", re.MULTILINE)


@dataclass(frozen=True)
class Root:
    """A folder that holds folders with configuration files."""

    base: Path
    trusted: bool

    @property
    def configs(self) -> Path:
        """Building blocks."""
        return self.base / "configs"

    def folder(self, group: str) -> Path:
        """Folder of a group; scenarios and experiments stand beside the building blocks."""
        head, _, rest = group.partition("/")
        place = self.base / BESIDE[head] if head in BESIDE else self.configs / INSIDE.get(head, head)
        return place / rest if rest else place


def package_root() -> Root:
    """The files that came with omosim: inside the wheel, or beside the package in a source checkout."""
    package = Path(__file__).resolve().parent.parent
    data = package / "_data"
    return Root(data if (data / "configs").is_dir() else package.parent, True)


def is_path(value: str) -> bool:
    """Whether an override's value is a file and not a name in its group."""
    return "/" in value or os.sep in value or "\\" in value or value.endswith((".yaml", ".yml"))


@dataclass
class Library:
    """All files that may take part in a composition; each is read once, strictly."""

    cwd: Path = field(default_factory=Path.cwd)
    roots: list[Root] = field(default_factory=list)
    docs: dict[str, Doc] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = package_root()
        user = Root(self.cwd, False)
        self.roots = [own]
        if not any(_same(user.base / name, own.base / name) for name in ("configs", *BESIDE.values())):
            self.roots.insert(0, user)

    def branch(self) -> Library:
        """The same files; what is read further is not told to this one."""
        other = copy.copy(self)
        other.docs = dict(self.docs)
        return other

    # ---- names ---------------------------------------------------------------------------------------------
    def options(self, group: str) -> list[str]:
        """Names in a group, sorted."""
        names: set[str] = set()
        for root in self.roots:
            folder = root.folder(group)
            if folder.is_dir():
                names.update(p.stem for p in folder.glob("*.yaml") if p.is_file())
        return sorted(names)

    def find(self, config: str) -> tuple[Path, Root] | None:
        """The file of `group/name` or of a primary config, None when there is none."""
        group, _, name = config.rpartition("/")
        if not name or name.startswith(".") or "\\" in name:
            return None
        for root in self.roots:
            path = (root.folder(group) if group else root.configs) / f"{name}.yaml"
            if path.is_file() and not (root is not self.roots[-1] and self._shipped_copy(path, group, name)):
                return path, root
        return None

    def _shipped_copy(self, path: Path, group: str, name: str) -> bool:
        """Whether a user's file is the shipped one, byte for byte: who works in a clone has the shipped folders beside him."""
        own = self.roots[-1]
        shipped = (own.folder(group) if group else own.configs) / f"{name}.yaml"
        return shipped.is_file() and shipped.read_bytes() == path.read_bytes()

    def has_group(self, group: str) -> bool:
        """Whether a folder of that name exists, or a file was added to the group."""
        if any(root.folder(group).is_dir() for root in self.roots):
            return True
        return any(name.startswith(group + "/") for name in self.docs)

    def title(self, config: str) -> str:
        """The title in a file's first level, without parsing the file."""
        found = self.find(config)
        if found is None:
            return ""
        try:
            match = _TITLE.search(found[0].read_text(encoding="utf-8-sig", errors="replace"))
        except OSError:
            return ""
        return next((g.strip() for g in match.groups() if g), "") if match else ""

    def first_comment(self, config: str) -> str:
        """The first comment line of a file, which says what it is."""
        found = self.find(config)
        if found is None:
            return ""
        try:
            line = found[0].read_text(encoding="utf-8-sig", errors="replace").partition("\n")[0]
        except OSError:
            return ""
        return line.lstrip("# ").strip() if line.startswith("#") else ""

    # ---- files ---------------------------------------------------------------------------------------------
    def exists(self, config: str) -> bool:
        """Whether `group/name` can be read."""
        return config in self.docs or self.find(config) is not None

    def doc(self, config: str) -> Doc:
        """The file of `group/name` as data; KeyError when there is none."""
        if config not in self.docs:
            found = self.find(config)
            if found is None:
                raise KeyError(config)
            path, root = found
            doc = read_file(path, self.shown(path, root), trusted=root.trusted)
            self.docs[config] = doc
            self._check_defaults(config, doc)
        return self.docs[config]

    def shown(self, path: Path, root: Root | None = None) -> str:
        """The path as the user knows it: from the working folder, or from the package's folders."""
        if root is not None and root.trusted and path.is_relative_to(root.base):
            return path.relative_to(root.base).as_posix()
        try:
            return path.resolve().relative_to(self.cwd.resolve()).as_posix()
        except (ValueError, OSError):
            return str(path)

    def add_file(self, group: str, given: str, near: Path | None = None) -> tuple[str, Doc]:
        """Take a file that the user named by path into a group; its option name and its data."""
        path = Path(given).expanduser()
        if not path.is_absolute():
            beside = near / path if near is not None else None
            path = beside if beside is not None and beside.exists() else self.cwd / path
        return self.add_doc(group, read_file(path, given if near is None else self.shown(path)))

    def add_doc(self, group: str, doc: Doc) -> tuple[str, Doc]:
        """Take data into a group under a name of its own."""
        name = f"file_{len(self.docs)}"
        while self.exists(f"{group}/{name}"):
            name += "_"
        self.docs[f"{group}/{name}"] = doc
        if not doc.fatal:
            self._check_defaults(f"{group}/{name}", doc)
        return name, doc

    def problems(self) -> list[Problem]:
        """What is wrong in the files read so far."""
        return [p for doc in self.docs.values() for p in doc.problems]

    # ---- defaults lists -------------------------------------------------------------------------------------
    def _check_defaults(self, config: str, doc: Doc) -> None:
        listed = doc.data.get("defaults") if isinstance(doc.data, dict) else None
        if listed is None:
            return
        group = config.rpartition("/")[0]
        if not isinstance(listed, list):
            self._default_problem(doc, ("defaults",), "is not a list", "Write entries that start with '- '")
            doc.data.pop("defaults")
            return
        keep = []
        for i, item in enumerate(listed):
            if all(self._check_default(group, doc, i, key, value) for key, value in _entries(item)):
                keep.append(item)
        doc.data["defaults"] = keep

    def _check_default(self, group: str, doc: Doc, i: int, key: str | None, value: Any) -> bool:
        where: Path_ = ("defaults", i)
        if key is None and value == "_self_":
            return True
        if not isinstance(value, str):
            self._default_problem(doc, where, "names no file", "Write '- group: name'")
            return False
        if value.startswith("${"):
            return True
        base = (key or "").split("@")[0].split(" ")[-1]
        full = base[1:] if base.startswith("/") else "/".join(p for p in (group, base) if p)
        name = value if key is not None else value.split("@")[0]
        if full.startswith("hydra"):
            self._default_problem(doc, where, "'hydra' is not set in files", "Remove it")
            return False
        if self.exists(f"{full}/{name}" if full else name):
            return True
        options = self.options(full)
        doc.problems.append(
            Problem(
                f"no '{name}' in {full or 'configs'}",
                doc.file,
                doc.line_of(where),
                key=f"defaults[{i}]",
                allowed=", ".join(options[:30]),
                near=nearest(name, options),
                cure="Choose one that exists",
            )
        )
        return False

    def _default_problem(self, doc: Doc, where: Path_, message: str, cure: str) -> None:
        doc.problems.append(Problem(message, doc.file, doc.line_of(where), key=str(where[0]), cure=cure))


def _entries(item: Any) -> Iterator[tuple[str | None, Any]]:
    if isinstance(item, dict) and len(item) == 1:
        yield from item.items()
    else:
        yield None, item


def _same(a: Path, b: Path) -> bool:
    try:
        return a.resolve() == b.resolve()
    except OSError:
        return False


def part(doc: Doc, key: str) -> Doc:
    """One mapping of a file as a file of its own, with the same lines."""
    inner = doc.data.get(key)
    below = {path[1:]: place for path, place in doc.places.items() if path[:1] == (key,) and len(path) > 1}
    return Doc(doc.file, inner if isinstance(inner, dict) else {}, below, text="")
