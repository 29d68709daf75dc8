"""Where a figure comes from: command, seed, configuration, code, data, versions."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from omosim.results.tables import SCHEMA_VERSION

PACKAGES = ("numpy", "numba", "simpy", "mesa", "pandas", "pyarrow", "scipy", "pydantic", "hydra-core")


@lru_cache(maxsize=1)
def code_version() -> str:
    """Hash of the package's own Python files, 16 hex digits; equal on every system for the same sources."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda p: p.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]


def content_hash(text: str | bytes) -> str:
    """16 hex digits of SHA-256."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:16]


def file_hash(path: str | Path) -> str:
    """16 hex digits of the SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def version_of(package: str) -> str | None:
    """Installed version, None when absent."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def provenance(
    command: str,
    *,
    argv: Sequence[str],
    seed: int | None,
    config_hash: str,
    data_hashes: Mapping[str, str] | None = None,
    started: str | None = None,
    finished: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that is needed to make the same files again; times are given by the caller (ISO 8601) or absent.

    data_hashes: file name -> hash; names only, so that no one's folders travel with a result.
    """
    versions = {name: version_of(name) for name in ("omosim", *PACKAGES)}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "argv": list(argv),
        "seed": seed,
        "config_hash": config_hash,
        "code_version": code_version(),
        "data_hashes": {Path(name).name: value for name, value in (data_hashes or {}).items()},
        "versions": {name: v for name, v in versions.items() if v},
        "python": platform.python_version(),
        "platform": {"system": platform.system(), "machine": platform.machine(), "byte_order": sys.byteorder},
        "started": started,
        "finished": finished,
        **dict(extra or {}),
    }
