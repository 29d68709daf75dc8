"""`failures.jsonl`: a line a failed run, which it was and why it has no answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from omosim.results import ResultFolder
from omosim.results.atomic import json_text

FILE = "failures.jsonl"


def write_failures(folder: ResultFolder, rows: Iterable[Mapping[str, Any]], name: str = FILE) -> None:
    """Write the rows in their order, one JSON object a line; no file when there are none."""
    lines = [json_text(row, indent=None) for row in rows]
    if lines:
        folder.write_text(name, "".join(lines))
    else:
        (folder.path / name).unlink(missing_ok=True)
