"""Notebooks of experiments/ hold no outputs and run from the first cell to the last, each in an empty folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
ROOT = Path(__file__).resolve().parents[2]
NAMES = ["strategist", "paired_comparison", "data_dictionary", "attribution_laboratory", "pickup_planning", "validation", "twin_uci"]


def test_there_are_seven_and_none_holds_outputs() -> None:
    assert {p.stem for p in (ROOT / "experiments").glob("*.ipynb")} == set(NAMES)
    for name in NAMES:
        book = nbformat.read(ROOT / "experiments" / f"{name}.ipynb", as_version=4)
        nbformat.validate(book)
        assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
        for cell in book.cells:
            if cell.cell_type == "code":
                assert cell.outputs == [] and cell.execution_count is None, f"{name}: strip the outputs before it is kept"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_runs_from_the_first_cell_to_the_last(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("OMOSIM_UCI", raising=False)  # a made-up shop in its place
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    book = nbformat.read(ROOT / "experiments" / f"{name}.ipynb", as_version=4)
    client.NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert shown and not any(out.output_type == "error" for out in shown)
    kinds = {kind for out in shown if "data" in out for kind in out.data}
    assert "text/html" in kinds and ("image/png" in kinds or name not in ("strategist", "pickup_planning"))
