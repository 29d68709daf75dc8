"""A twin's folder: `twin.json` names every file by the hash of its bytes, and is replaced last of all.

A step writes its files under names made of their content, then replaces `twin.json` (this is the moment at which the step has
happened), then renews the copies that people look for (`posterior.parquet`, …) and drops files that nothing names. A
kill -9 anywhere leaves the old twin or the new one; the next step mends the copies, so the same command again gives the same
bytes. No clock time stands in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from omosim.results import atomic
from omosim.results.errors import FolderInUse, NewerSchema, NotAResult
from omosim.results.tables import parquet_bytes, read_arrow
from omosim.results.words import command_word, counted

SCHEMA_VERSION = 1
HEAD, DATA, LOCK = "twin.json", "data", ".lock"
PARTS = "omosim-parts-"  # beginning of folders in which a large file is cut
REJECTS_HEAD = b"file,row,column,code,value,allowed,nearest\n"  # first line of a file of rejects
_NAME = re.compile(r"[a-z_]+-([0-9a-f]{12})\.[a-z]+")  # of a file in DATA: KIND-HASH.ENDING
_REJECTS = re.compile(r"rejects(_[a-z]+)?\.csv")
#: kind of file -> the name under which its newest version also lies in the folder
COPIES = {
    "posterior": "posterior.parquet", "forecasts": "forecasts.parquet", "scores": "scores.parquet", "quality": "quality.parquet",
    "panel": "panel.parquet", "config": "config.yaml", "decision": "decision.json", "worlds": "worlds.parquet", "identifiability": "identifiability.parquet",
    "members": "members.parquet",
}  # fmt: skip
INGESTS = ("new", "update")  # steps that take files in
_LISTS = ("data", "parameter_sets", "forecasts", "updates", "sources")


@dataclass
class Twin:
    """What `twin.json` says, read at one moment.

    head : name, currency, timezone, first_day, as_of (ISO days), `data` (rows of kind, file, sha256, rows, from_day, to_day,
        version), `sources` (files that were read), `parameter_sets`, `forecasts`, `decisions` (absent before the first), `present` (from, ways:
        what was taken to be the present way from which day on; absent before the first),
        `updates` (journal of steps done), `files` (kind -> file of its newest version)
    """

    path: Path
    head: dict[str, Any]

    @property
    def version(self) -> int:
        """Number of the last ingest, 1 that of `new`."""
        return last_version(self.head)

    def parts(self, kind: str) -> list[dict[str, Any]]:
        """Rows of `data` of a kind, the oldest first."""
        return [row for row in self.head["data"] if row["kind"] == kind]

    def file(self, kind: str) -> Path | None:
        """The newest file of a kind (`COPIES`), None where there is none."""
        name = self.head["files"].get(kind)
        return None if name is None else self.path / name

    def table(self, kind: str) -> dict[str, list[Any]] | None:
        """The newest table of a kind as name -> values; raises NotAResult where its bytes are not those that were written."""
        path = self.file(kind)
        return None if path is None else read_arrow(checked(path)).to_pydict()

    def done(self, step: str, key: str) -> bool:
        """Whether the journal says that a step was done with these inputs."""
        return any(row["step"] == step and row["key"] == key for row in self.head["updates"])

    def newest(self, step: str, key: str) -> bool:
        """Whether the last ingest was this one: files sent again after others say something new, a correction that is taken back."""
        last = next((row for row in reversed(self.head["updates"]) if row["step"] in INGESTS), None)
        return last is not None and (last["step"], last["key"]) == (step, key)


def last_version(head: Mapping[str, Any]) -> int:
    """Number of the last ingest that a head tells of; one that brought nothing new counts too."""
    return max((row["version"] for name in ("data", "sources") for row in head[name]), default=0)


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a twin."""
    return (Path(path) / HEAD).is_file()


def read(path: str | os.PathLike[str]) -> Twin:
    """The twin in a folder. Raises NotAResult where there is none or it cannot be read, NewerSchema for one of a later omosim."""
    place = Path(path).expanduser()
    file = place / HEAD
    try:
        head = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotAResult(f"{place}: no twin here (no {HEAD}). Make one: omosim twin new {command_word('dir', place)} orders=FILE") from None
    except (ValueError, RecursionError, OSError) as error:
        raise NotAResult(f"{file}: cannot be read ({error}). Make the twin again in another folder: omosim twin new dir=DIR orders=FILE") from None
    version = head.get("schema_version") if isinstance(head, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise NotAResult(f"{file}: schema version {version!r} is not a number; allowed 1 to {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION:
        raise NewerSchema(f"{file}: written with schema version {version}, this omosim reads up to {SCHEMA_VERSION}. "
                          f"Install an omosim that reads schema version {version} (pip install --upgrade omosim).")  # fmt: skip
    from omosim.twin.head import fault

    twin = Twin(place, head)
    wrong = fault(head) or _calendar(twin)
    if wrong:
        raise NotAResult(f"{file}: {wrong}. It is not what omosim wrote: take {HEAD} from a copy of the folder, or make the twin again in another one: omosim twin new dir=DIR orders=FILE")
    return twin


def _calendar(twin: Twin) -> str:
    """What is wrong with first_day and as_of beside the calendar of the data, which has a row a day and a last one that may be partial."""
    file = twin.file("days")
    if file is None or not file.is_file():
        return ""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    first, as_of = twin.head["first_day"], twin.head["as_of"]
    try:
        rows = read_metadata(file).num_rows
    except (ArrowException, OSError):
        return ""  # a torn file is named where it is read
    span = (date.fromisoformat(as_of) - date.fromisoformat(first)).days + 1
    return "" if rows - span in (0, 1) else f"first_day {first} and as_of {as_of} are {counted(span, 'day')}, the data have {rows:,}"


def checked(path: Path) -> Path:
    """The path, its bytes proven to be those of its name. Raises NotAResult where a file is gone or was changed."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        raise NotAResult(f"{path}: missing; take it from a copy of the folder, or make the twin again") from None
    if path.stem.rpartition("-")[2] != found[:12]:
        raise NotAResult(f"{path}: changed since it was written (its hash is {found[:12]}); take it from a copy of the folder, or make the twin again")
    return path


@dataclass
class Step:
    """One step on its way: files put down, nothing happened yet until `commit`."""

    twin: Twin
    put: dict[str, str] = field(default_factory=dict)  # file -> sha256

    def table(self, kind: str, columns: Mapping[str, Any], **notes: Any) -> str:
        """Write a table under the hash of its bytes; returns its name in the folder."""
        return self.raw(kind, parquet_bytes(columns, **notes), "parquet")

    def raw(self, kind: str, data: bytes, ending: str) -> str:
        """Write a file under the hash of its bytes, unless it lies there whole; returns its name in the folder."""
        sha = hashlib.sha256(data).hexdigest()
        name = f"{DATA}/{kind}-{sha[:12]}.{ending}"
        path = self.twin.path / name
        if not path.is_file() or path.read_bytes() != data:
            atomic.write_bytes(path, data)
        self.put[name] = sha
        return name

    def row(self, kind: str, file: str, rows: int, days: tuple[str, str], version: int) -> dict[str, Any]:
        """The row of `data` of a file that was put down."""
        return {"kind": kind, "file": file, "sha256": self.put[file], "rows": rows, "from_day": days[0], "to_day": days[1], "version": version}

    def commit(self, step: str, key: str, did: Mapping[str, Any], head: Mapping[str, Any]) -> Twin:
        """Make the step have happened.

        head : what changes in `twin.json`; lists are those of the whole twin, `files` is added to. The journal gets a row.
        """
        old = self.twin.head
        files = {**old["files"], **head.get("files", {})}
        row = {"step": step, "key": key, "version": last_version({**old, **head}), "did": dict(did)}
        new = {**old, **head, "files": files, "schema_version": SCHEMA_VERSION, "updates": [*old["updates"], row]}
        atomic.write_json(self.twin.path / HEAD, new)
        self.twin.head = json.loads(atomic.json_text(new))
        settle(self.twin)
        return self.twin


def named(twin: Twin) -> set[str]:
    """Files of the folder that `twin.json` names."""
    head = twin.head
    rows = [row for name in ("data", "parameter_sets", "forecasts", "decisions") for row in head.get(name, ())]
    beside = {file for row in head.get("decisions", ()) for file in row.get("tables", {}).values()}
    return {row["file"] for row in rows if row.get("file")} | beside | set(head["files"].values())


def settle(twin: Twin) -> None:
    """Renew the copies and drop what a killed step left behind; changes nothing where all is in order."""
    atomic.sweep_temps(twin.path)
    if (twin.path / DATA).is_dir():
        atomic.sweep_temps(twin.path / DATA)
        kept = named(twin)
        for path in (twin.path / DATA).iterdir():
            if f"{DATA}/{path.name}" not in kept and written(path):
                path.unlink(missing_ok=True)
    for kind, copy in COPIES.items():
        source = twin.file(kind)
        if source is None:
            continue
        data = checked(source).read_bytes()
        target = twin.path / copy
        if not target.is_file() or target.read_bytes() != data:
            atomic.write_bytes(target, data)


def written(path: Path) -> bool:
    """Whether a file is one that a step puts into `data`: named by its own bytes. Other people's files are never removed."""
    name = _NAME.fullmatch(path.name)
    return name is not None and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(name[1])


def rejects(path: Path) -> bool:
    """Whether a file is a list of rejects as a reader of tables writes it."""
    if not _REJECTS.fullmatch(path.name) or not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(len(REJECTS_HEAD)) == REJECTS_HEAD


def clear_rejects(path: Path) -> None:
    """Remove the rejects of an earlier try. Raises FolderInUse for a file of that name that is none."""
    if path.exists() and not rejects(path):
        raise FolderInUse(f"{path}: is not a list of rejects that omosim wrote, and its name is needed for one; move it to another folder")
    path.unlink(missing_ok=True)


def strange(place: Path) -> str:
    """A file of a folder without a twin that no step left there, as DIR/data/x.xlsx is shown: data/x.xlsx; empty where there is none."""
    for path in sorted(place.iterdir()):
        if path.name == DATA and path.is_dir() and not path.is_symlink():
            own = next((p for p in sorted(path.iterdir()) if not written(p) and not _temporary(p)), None)
            if own is not None:
                return f"{DATA}/{own.name}"
        elif not (path.name == LOCK or _temporary(path) or rejects(path) or (path.name.startswith(PARTS) and path.is_dir())):
            return path.name
    return ""


def _temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(atomic.TEMP_MARK)


EMPTY: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "files": {}, **{name: [] for name in _LISTS}}


@contextmanager
def writing(path: str | os.PathLike[str], *, new: bool = False) -> Iterator[Step]:
    """The folder for one process that writes; what a killed one left is put in order first.

    new : make the folder where there is none. Raises FolderInUse while another process writes, or for a folder of other
    files; see `read`.
    """
    place = Path(path).expanduser()
    if new and not exists(place):
        if place.exists() and not place.is_dir():
            raise FolderInUse(f"{place}: dir is a file; give a folder")
        own = strange(place) if place.is_dir() else ""
        if own:
            raise FolderInUse(f"{place}: holds files that are not of a twin ({own[:60]}); give dir an empty or a new folder")
        place.mkdir(parents=True, exist_ok=True)
        twin = Twin(place, json.loads(json.dumps(EMPTY)))
    else:
        twin = read(place)
    with _locked(place):
        for left in place.glob(f"{PARTS}*"):
            shutil.rmtree(left, ignore_errors=True)
        if exists(place):
            twin = read(place)  # another process may have written while this one waited for nothing
            settle(twin)
        else:
            atomic.sweep_temps(place)
        yield Step(twin)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One writer at a time; the system frees the lock when its process dies."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(place / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUse(f"{place}: another omosim process writes this twin; wait until it has ended") from None
        yield
    finally:
        with suppress(OSError):
            os.close(handle)
