"""Files that are either whole or absent: write beside the target, flush to the disk, rename over it."""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from omosim.results.rounding import nine_digits

TEMP_MARK = ".omosim-tmp"


def write_bytes(path: str | os.PathLike[str], data: bytes, *, sync_parent: bool = True) -> Path:
    """Put `data` under `path` in one step; a crash leaves the old file or none, never half a file.

    sync_parent: make the name survive a power cut at once; a writer of many files may do that once at their end.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temp = target.with_name(f".{target.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}{TEMP_MARK}")
    try:
        with open(temp, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temp, target)
    except BaseException:
        with suppress(OSError):
            temp.unlink()
        raise
    if sync_parent:
        sync_folder(target.parent)
    return target


def sync_folder(folder: Path) -> None:
    """Make a rename durable; systems that cannot open folders do without."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep_temps(folder: Path) -> int:
    """Remove what a killed process left half written in `folder`; returns how many files."""
    leftovers = [p for p in folder.glob(f".*{TEMP_MARK}") if p.is_file()]
    for path in leftovers:
        with suppress(OSError):
            path.unlink()
    return len(leftovers)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """UTF-8 text with the line ends it has, atomically."""
    return write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def plain(value: Any) -> Any:
    """JSON's own types only: arrays become lists, floats nine digits, NaN and infinities null."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return nine_digits(value) if math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON file")


def json_text(value: Any, *, indent: int | None = 1) -> str:
    """The one spelling of a value as JSON: sorted keys, nine digits, no NaN, a line end at the end."""
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent)
    return text + "\n"


def write_json(path: str | os.PathLike[str], value: Any) -> Path:
    """`json_text` under `path`, atomically."""
    return write_text(path, json_text(value))
