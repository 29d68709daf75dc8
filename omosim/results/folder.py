"""One result folder: `outputs/<command>/<time>-<hash>`, or the folder that the user named.

`summary.json` is written last. A folder without it is unfinished, and the same command takes it up again.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from omosim.results import atomic, tables
from omosim.results.errors import FolderInUse, NotAResult, Unfinished

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "summary.json"
PROVENANCE = "provenance.json"
LATEST = "latest"
_HELD: dict[str, int] = {}  # folders that this process works in -> handle of the lock


class ResultFolder:
    """Writes and reads the files of one study; every write is atomic."""

    def __init__(self, path: str | os.PathLike[str], command: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self._command = command
        self._lock = ".lock"

    # ---- finding the folder -------------------------------------------------------------------------------
    @classmethod
    def create(
        cls,
        command: str,
        config_hash: str,
        *,
        now: datetime,
        root: str | os.PathLike[str] = "outputs",
        output_dir: str | os.PathLike[str] | None = None,
        lock: str = ".lock",
    ) -> Self:
        """The folder for a command: the user's, else an unfinished one of the same content, else a new one.

        now: names a new folder; given by the caller. lock: name of the file that one process holds at a time; the jobs
        of a sharded study hold one each and share the folder. Raises FolderInUse when `output_dir` holds another command's
        result, so that two commands never mix their files.
        """
        if output_dir is not None:
            folder = cls(output_dir, command)
            folder._lock = lock
            folder._refuse_foreign()
            folder.path.mkdir(parents=True, exist_ok=True)
            if not folder._take_lock():
                raise FolderInUse(f"{folder.path}: another omosim process works in this folder; wait or give another")
            return folder
        parent = Path(root) / command
        parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(parent.glob(f"*-{config_hash[:8]}*"), reverse=True):
            folder = cls(old, command)
            folder._lock = lock
            if old.is_dir() and not folder.finished and folder._take_lock():
                return folder
        name = f"{now:%Y%m%d-%H%M%S}-{config_hash[:8]}"
        for suffix in ("", *(f".{i}" for i in range(2, 1000))):
            folder = cls(parent / (name + suffix), command)
            folder._lock = lock
            with suppress(FileExistsError):
                folder.path.mkdir()
                folder._take_lock()
                return folder
        raise FolderInUse(f"{parent / name}: a thousand folders of this second exist; remove some")

    @classmethod
    def open_existing(cls, path: str | os.PathLike[str]) -> Self:
        """A finished result, also through the pointer `latest`; NotAResult or Unfinished when it is none."""
        place = follow(Path(path))
        if not (place / PROVENANCE).is_file() and not (place / SUMMARY).is_file():
            raise NotAResult(f"{path}: no result folder (no {PROVENANCE}). Give a folder under outputs/<command>/.")
        folder = cls(place)
        if not folder.finished:
            argv = " ".join(str(a) for a in folder.provenance().get("argv", []))
            raise Unfinished(f"{path}: this study was interrupted. Run the same command again to go on: {argv}")
        tables.check_version(folder.summary().get("schema_version", 1), folder.path / SUMMARY)
        return folder

    def _refuse_foreign(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise FolderInUse(f"{self.path}: output.dir is a file; give a folder")
        if not (self.path / PROVENANCE).is_file() and any(not p.name.startswith(".lock") for p in self.path.iterdir()):
            raise FolderInUse(f"{self.path}: holds files that are not of omosim; give output.dir an empty or a new folder")
        if (self.path / PROVENANCE).is_file():
            other = self.provenance().get("command")
            if other != self._command:
                raise FolderInUse(
                    f"{self.path}: holds a result of '{other}'; output.dir of '{self._command}' needs another folder"
                )

    def _take_lock(self) -> bool:
        """True unless another living process works in this folder; the system frees the lock when it dies.

        A study that failed in this process leaves its lock here, and the next one takes the folder up again.
        """
        try:
            import fcntl
        except ImportError:
            return True
        place = str(self.path.resolve() / self._lock)
        if place in _HELD:
            return True
        handle = os.open(self.path / self._lock, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        _HELD[place] = handle
        return True

    def release(self) -> None:
        """Let another process work here."""
        handle = _HELD.pop(str(self.path.resolve() / self._lock), None)
        if handle is not None:
            os.close(handle)
            with suppress(OSError):
                (self.path / self._lock).unlink()

    # ---- a study's life -------------------------------------------------------------------------------------
    @property
    def command(self) -> str:
        """The command that made the folder."""
        return self._command or str(self.provenance().get("command", ""))

    @property
    def finished(self) -> bool:
        """Whether the last file of the study is there."""
        return (self.path / SUMMARY).is_file()

    def begin(self, provenance: Mapping[str, Any], config_yaml: str | None = None) -> None:
        """Open the study: the old summary and report go first, so nothing unfinished looks finished."""
        self.path.mkdir(parents=True, exist_ok=True)
        atomic.sweep_temps(self.path)
        for name in (SUMMARY, "report.html"):
            with suppress(FileNotFoundError):
                (self.path / name).unlink()
        self.write_json(PROVENANCE, provenance)
        if config_yaml is not None:
            self.write_text("config.yaml", config_yaml)

    def finish(
        self, summary: Mapping[str, Any], *, finished: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        """Write `summary.json`, last of all, and point `latest` here."""
        fresh: dict[str, Any] = {"schema_version": tables.SCHEMA_VERSION, "command": self._command}
        old = self.provenance() if (self.path / PROVENANCE).is_file() else fresh
        self.write_json(PROVENANCE, {**old, "finished": finished, **dict(extra or {})})
        self.write_json(SUMMARY, {"schema_version": tables.SCHEMA_VERSION, "command": self.command, **dict(summary)})
        if self.path.parent.name == self.command:
            point_latest(self.path)
        self.release()

    # ---- files ------------------------------------------------------------------------------------------------
    def write_table(
        self,
        name: str,
        columns: Mapping[str, tables.Column],
        units: Mapping[str, str] | None = None,
        meanings: Mapping[str, str] | None = None,
        types: Mapping[str, str] | None = None,
    ) -> Path:
        """`<name>.parquet`; columns of one length, floats to nine digits, NaN as null."""
        return tables.write_parquet(self.path / f"{name}.parquet", columns, units=units, meanings=meanings, types=types)

    def has_table(self, name: str) -> bool:
        """Whether `<name>.parquet` is here."""
        return (self.path / f"{name}.parquet").is_file()

    def read_table(self, name: str) -> dict[str, list[Any]]:
        """`<name>.parquet` as name -> Python values."""
        return tables.read_columns(self.path / f"{name}.parquet")

    def read_frame(self, name: str) -> pd.DataFrame:
        """`<name>.parquet` as a pandas frame."""
        return tables.read_frame(self.path / f"{name}.parquet")

    def write_json(self, name: str, value: Any) -> Path:
        """Sorted keys, nine digits, no NaN."""
        return atomic.write_json(self.path / name, value)

    def write_text(self, name: str, text: str) -> Path:
        """UTF-8."""
        return atomic.write_text(self.path / name, text)

    def read_json(self, name: str) -> Any:
        """NotAResult when the file is absent or no JSON."""
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotAResult(f"{path}: missing") from None
        except (ValueError, RecursionError) as error:
            raise NotAResult(f"{path}: no JSON ({error})") from None

    def provenance(self) -> dict[str, Any]:
        """`provenance.json`."""
        return dict(self.read_json(PROVENANCE))

    def summary(self) -> dict[str, Any]:
        """`summary.json`."""
        return dict(self.read_json(SUMMARY))

    def __repr__(self) -> str:
        return f"ResultFolder({str(self.path)!r})"


def follow(path: Path) -> Path:
    """The folder behind `latest`, whether it is a link or a text file; other paths as they are."""
    if path.name == LATEST and path.is_file():
        return path.parent / Path(path.read_text(encoding="utf-8").strip()).name
    return path


def point_latest(folder: Path) -> None:
    """`latest` beside `folder` names it: a relative link, or a text file where links are not allowed."""
    pointer = folder.parent / LATEST
    if pointer.is_dir() and not pointer.is_symlink():
        return
    temp = folder.parent / f".latest-{os.getpid()}-{secrets.token_hex(4)}{atomic.TEMP_MARK}"
    try:
        temp.symlink_to(folder.name, target_is_directory=True)
        os.replace(temp, pointer)
        atomic.sync_folder(folder.parent)
    except (OSError, NotImplementedError):
        with suppress(OSError):
            temp.unlink()
        atomic.write_text(pointer, folder.name + "\n")
