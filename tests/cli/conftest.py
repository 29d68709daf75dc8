"""The retailer of known truth for whole commands that make runs in rounds."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def retail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs of known truth, in this process, for `flip` and `value`; the user's folder is a fresh one."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "study"))
    import fake_retail

    for module in ("flips", "valuation"):
        monkeypatch.setattr(f"omosim.api.{module}.ENTRY", "fake_retail:run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fake_retail, "BROKEN", {})
    return fake_retail


def with_and_without_push() -> None:
    """Files of two strategies, in this folder, that differ in push alone."""
    for name in ("without", "with"):
        capability = "  push: {enabled: true}\n" if name == "with" else ""
        Path(f"{name}.yaml").write_text(f"name: {name}\ntitle: {name} push\ncapabilities:\n  web_shop: {{enabled: true}}\n  customer_file: {{enabled: true}}\n{capability}", encoding="utf-8")


def bytes_of(place: str) -> dict[str, bytes]:
    """Every table under a folder."""
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(Path(place).rglob("*.parquet"))}
