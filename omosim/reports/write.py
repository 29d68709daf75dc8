"""Write `report.html` from a result folder, whichever command made it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from omosim.reports.attribute_report import attribute_page
from omosim.reports.bopis_report import bopis_page
from omosim.reports.calibrate_report import calibrate_page
from omosim.reports.claims_report import claims_page
from omosim.reports.compare_report import compare_page
from omosim.reports.flip_report import flip_page
from omosim.reports.language import translate_page
from omosim.reports.run_report import run_page
from omosim.reports.sweep_report import sweep_page
from omosim.reports.validate_report import validate_page
from omosim.reports.value_report import value_page
from omosim.results import ResultFolder, write_text

PAGES: dict[str, Callable[[ResultFolder], str]] = {
    "compare": compare_page,
    "run": run_page,
    "calibrate": calibrate_page,
    "bopis": bopis_page,
    "validate": validate_page,
    "sweep": sweep_page,
    "value": value_page,
    "flip": flip_page,
    "attribute": attribute_page,
    "claims": claims_page,
}


def report_html(folder: ResultFolder | str | os.PathLike[str]) -> str:
    """The page as text; a command without a page of its own gets its KPIs, summary and origin (the page of `run`)."""
    place = folder if isinstance(folder, ResultFolder) else ResultFolder.open_existing(folder)
    return translate_page(PAGES.get(place.command, run_page)(place))


def write_report(folder: ResultFolder | str | os.PathLike[str], target: str | os.PathLike[str] | None = None) -> Path:
    """Write the page, by default as `report.html` in the folder; returns where.

    Raises NotAResult, Unfinished or NewerSchema when the folder cannot be read.
    """
    place = folder if isinstance(folder, ResultFolder) else ResultFolder.open_existing(folder)
    return write_text(target if target is not None else place.path / "report.html", report_html(place))
