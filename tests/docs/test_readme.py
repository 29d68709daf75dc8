"""Every command and code block of the README is run: cheaply here, as written in the longer checks."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import here

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.M | re.S)
SETUPS = [b.strip() for kind, b in BLOCKS if kind == "bash" and ".venv/bin" in b]
COMMANDS = [
    line.split("  #")[0].strip()
    for kind, block in BLOCKS
    if kind in ("bash", "text") and ".venv/bin" not in block
    for line in block.splitlines()
    if line.startswith("omosim ")
]
COMPOSED = ("compare", "run", "sweep", "flip", "value", "attribute", "claims", "validate")
NOTEBOOK = [b for kind, b in BLOCKS if kind == "python"]
UCI = ROOT.parent / "shared" / "data" / "uci_online_retail.parquet"


def omosim(line, folder, *more):
    """A command line of a page, in this process; with its exit code and what it wrote."""
    return here([*shlex.split(line)[1:], *more], folder)


def alone(line, folder, *more):
    """The same in a process of its own, as a user has it."""
    words = [sys.executable, "-m", "omosim.cli.main", *shlex.split(line)[1:], *more]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=1500)


def test_the_readme_has_what_it_promises():
    assert len(SETUPS) == 2 and len(COMMANDS) >= 10 and len(NOTEBOOK) == 1
    assert SETUPS[0].endswith(".venv/bin/omosim compare") and SETUPS[1].endswith("-m pytest -n 2 --dist worksteal")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures and all((ROOT / p).is_file() for p in pictures)
    links = re.findall(r"\]\((docs/[^)#]+)\)", README)
    assert links and all((ROOT / p).is_file() for p in links)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's folder with one small comparison in it, for the commands that read results."""
    place = tmp_path_factory.mktemp("user")
    done = omosim("omosim compare strategies=[o2o,omo] shoppers=200 days=2 burn_in_days=0 replications=2 jobs=1", place)
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.parametrize("line", [c for c in COMMANDS if "online_retail" not in c and "fitted/" not in c])
def test_each_command_works(line, folder, tmp_path):
    if line.split()[1] == "init":
        folder = tmp_path  # tests run in any order: the folder below may have one already
    elif "my_retailer/" in line and not (folder / "my_retailer").exists():
        assert omosim("omosim init my_retailer", folder).returncode == 0
    if line.split()[1] in COMPOSED:
        done = omosim(line, folder, "--cfg", "job")  # composed and checked in full; run in the longer checks
        assert "shoppers" in done.stdout
    else:
        done = omosim(line, folder)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_notebook_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = NOTEBOOK[0].replace("replications=3,", "replications=3, jobs=1,")  # where runs are made decides nothing
    assert block != NOTEBOOK[0]
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    assert (tmp_path / "outputs" / "compare").is_dir()


@pytest.mark.slow
def test_each_command_as_written(tmp_path):
    """As written, but comparisons in a smaller world: the set-up command below runs one in full."""
    for line in COMMANDS:
        smaller = ["shoppers=2000", "days=7", "replications=3"] if line.split()[1] == "compare" else []
        if "online_retail" in line:
            if not UCI.is_file():
                continue
            shutil.copy(UCI, tmp_path / "online_retail.parquet")
        elif "fitted/" in line and not UCI.is_file():
            continue
        done = alone(line, tmp_path, *smaller)
        assert done.returncode == 0, (line, done.stderr[-2000:])


@pytest.mark.slow
def test_first_set_up_command_on_a_fresh_machine(tmp_path):
    """From a copy of the files alone; where CI has just made its environment by the same words, the main job in it."""
    if os.environ.get("OMOSIM_FRESH") == "1":
        _answers(alone("omosim compare", tmp_path), tmp_path)
        return
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(["bash", "-c", SETUPS[0]], cwd=tmp_path, capture_output=True, text=True, timeout=1500)
    _answers(done, tmp_path)


def _answers(done, tmp_path):
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Report: " in done.stdout and "operating profit" in done.stdout.lower()
    report = tmp_path / re.search(r"Report: (\S+)", done.stdout)[1]
    assert report.read_text(encoding="utf-8").count("<svg") + report.read_text(encoding="utf-8").count("class=") > 5
