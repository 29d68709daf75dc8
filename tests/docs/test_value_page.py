"""Every command and code block of docs/value.md and docs/flip.md runs, on tiny worlds; their tables and columns are as they say."""

import re
from pathlib import Path

import pytest

from omosim.results.tables import read_columns
from tests.docs.test_readme import omosim

DOCS = Path(__file__).parents[2] / "docs"
TINY = {"value": ("shoppers=100", "days=2", "burn_in_days=0", "replications=2"), "flip": ("shoppers=100", "days=2", "burn_in_days=0", "runs=80", "replications=2", "most=2", "start=2")}


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", ["value", "flip"])
def test_the_commands_work(page, tmp_path):
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    assert len(lines) == {"value": 1, "flip": 2}[page]
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for n, line in enumerate(lines):
        keys = "|".join(word.partition("=")[0] for word in TINY[page])
        done = omosim(re.sub(rf" ({keys})=\d+", "", line), tmp_path, *TINY[page], "jobs=1", f"output.dir={n}")
        assert done.returncode == 0, done.stderr
        written = {p.stem for p in (tmp_path / str(n)).glob("*.parquet")}
        assert set(re.findall(r"`([a-z]+)\.parquet`", text)) == written and (tmp_path / str(n) / "report.html").is_file()
    if page == "flip":
        assert list(read_columns(tmp_path / "0" / "boundary.parquet")) == re.search(r"\((key, other_key[^:]*):", text)[1].replace("\n", " ").split(", ")
    else:
        named = {"capability", "change", "shapley", "ci_low", "ci_high", "gross_effect", "running_cost", "write_off", "capital", "payback_years", "verdict"}
        assert all(name in text for name in named) and named <= set(read_columns(tmp_path / "0" / "values.parquet"))


@pytest.mark.parametrize("page", ["value", "flip"])
def test_the_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(page, "python")
    names = {"__name__": page}
    exec(compile(code, f"{page}.md", "exec"), names)
    assert names["result"].answer and (tmp_path / "outputs" / page / "latest" / "report.html").is_file()
