"""One self-contained page: templates with escaping on, a policy that forbids the browser to fetch or run anything."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.reports.figures_drawn import bar_picture, line_picture, strip_picture
from omosim.reports.language import current, font_face, say
from omosim.results import ResultFolder
from omosim.results.words import figure, interval, number, percent, safe_text, unit_words

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    made.globals.update(
        figure=figure, interval=interval, number=number, percent=percent, unit_words=unit_words, unit_note=unit_note, say=say,
        bar_picture=bar_picture, line_picture=line_picture, strip_picture=strip_picture,
    )
    made.filters["coded"] = _coded
    return made


def _coded(text: str) -> Any:
    """A sentence whose words between backticks are code: escaped, then marked up."""
    from markupsafe import Markup, escape

    parts = [escape(_clean(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return Markup("`").join(parts)
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _clean(value: Any) -> Any:
    """Every text that reaches a page: hidden and direction-changing characters become visible codes."""
    from markupsafe import Markup

    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "\n".join(safe_text(line, 4000) for line in value.split("\n"))


def render(template: str, **context: Any) -> str:
    """Fill a template; every value is escaped. A Korean page carries its letters."""
    from markupsafe import Markup

    korean = current() == "ko"
    face = Markup(font_face()) if korean else ""  # made here, of the package's own file
    return _environment().get_template(template).render(policy=POLICY + ("; font-src data:" if korean else ""), face=face, **context)


def unit_note(name: str, unit: str) -> str:
    """The unit beside a KPI's name, unless the name says it already."""
    words = unit_words(unit)
    return "" if words.lower() == name.lower() else words


def about(folder: ResultFolder) -> dict[str, Any]:
    """What every report says about its origin: versions, seed, command, assumptions, laws."""
    provenance = folder.provenance()
    assumptions: list[dict[str, Any]] = []
    if (folder.path / "assumptions.json").is_file():
        assumptions = [row for row in folder.read_json("assumptions.json") if isinstance(row, dict)]
    laws = folder.read_json("laws.json") if (folder.path / "laws.json").is_file() else {}
    return {
        "provenance": provenance,
        "command_line": _command_line(provenance),
        "assumptions": [_assumption(row) for row in assumptions],
        "assumed": sum(bool(row.get("assumed")) for row in assumptions),
        "manifest": manifest(folder),
        "laws": [(str(law), int(residual)) for law, residual in sorted(laws.items(), key=_law_order)],
        "proof": _proof(folder),
    }


def _proof(folder: ResultFolder) -> dict[str, int] | None:
    """What a study says of the laws of its runs: laws, runs, not_recorded, broken_runs; None of one run, or where it says nothing."""
    found = folder.summary().get("laws") if (folder.path / "summary.json").is_file() else None
    return found if isinstance(found, dict) and "runs" in found else None


#: files that change after the result was made, or are made from it
NOT_LISTED = ("report.html", "provenance.json", ".lock")
HASHED = 64 << 20  # bytes up to which a file is read for its hash
LISTED = 60


def manifest(folder: ResultFolder) -> dict[str, Any]:
    """The result's files: name, bytes, the first 16 hex digits of their SHA-256 where they are not too large to read.

    Files alone, in the order of their names; folders as one line with the number and bytes of what is in them.
    """
    import hashlib

    files: list[dict[str, Any]] = []
    more = 0
    for path in sorted(folder.path.iterdir(), key=lambda p: p.name):
        if path.name in NOT_LISTED or path.name.startswith((".", "report.", "figures")):
            continue
        if len(files) >= LISTED:
            more += 1
        elif path.is_dir():
            sizes = [entry.stat().st_size for entry in os.scandir(path) if entry.is_file()]
            files.append({"name": f"{path.name}/", "bytes": sum(sizes), "hash": f"{len(sizes):,} files"})
        else:
            size = path.stat().st_size
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if size <= HASHED else "not read"
            files.append({"name": path.name, "bytes": size, "hash": digest})
    return {"files": files, "more": more}


def _law_order(item: tuple[str, Any]) -> tuple[int, str]:
    digits = "".join(c for c in item[0].split(" ")[0].split("_")[0] if c.isdigit())
    return (int(digits) if digits else 999, item[0])


def _command_line(provenance: dict[str, Any]) -> str:
    words = [str(a) for a in provenance.get("argv", [])]
    if words and words[0] != "omosim":
        words.insert(0, "omosim")
    return " ".join(f"'{w}'" if any(c in w for c in " \"'$&|;<>()[]{}*?") else w for w in words)


def _assumption(row: dict[str, Any]) -> dict[str, str]:
    bounds = row.get("range")
    if isinstance(bounds, (list, tuple)):
        bounds = " to ".join("…" if b is None else str(b) for b in bounds)
    out = {
        key: str(row.get(key) if row.get(key) is not None else "") for key in ("key", "value", "unit", "source", "file")
    }
    if len(out["value"]) > 80:
        out["value"] = out["value"][:77] + "…"
    return {**out, "range": str(bounds or "")}


def failures(folder: ResultFolder, most: int = 20) -> list[dict[str, Any]]:
    """The first failed runs, of all shards."""
    lines = (line for path in sorted(folder.path.glob("failures*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    return [json.loads(line) for line in islice(lines, most)]
