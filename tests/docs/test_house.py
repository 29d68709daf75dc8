"""The house: imports point down, a planted upward import is caught, nothing tells what it may not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(folder):
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {code}"], cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    place = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "omosim", place / "omosim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def test_import_contracts_are_kept(copy):
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("omosim/world/stock.py", "import omosim.journeys"),
        ("omosim/engine/clock.py", "import omosim.world.state"),
        ("omosim/kernels/philox.py", "import omosim.fulfilment"),
        ("omosim/model/run.py", "import hydra"),
        ("omosim/results/folder.py", "import omosim.study"),
        ("omosim/study/stats.py", "import omosim.reports"),
    ],
)
def test_a_planted_import_is_caught(copy, file, line):
    path = copy / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        done = lint_imports(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode != 0 and "BROKEN" in done.stdout


def test_no_strategy_is_named_where_none_may_be_known():
    names = re.compile(r"(?<![a-z_])(omo|o2o|omnichannel|multichannel|store_only|convergent)(?![a-z_])", re.I)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ("journeys", "fulfilment", "kernels", "engine", "world")
        for path in (ROOT / "omosim" / room).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if names.search(line)
    ]
    assert not found


def test_files_stay_readable():
    lengths = {p.relative_to(ROOT): len(p.read_text(encoding="utf-8").splitlines()) for p in (ROOT / "omosim").rglob("*.py")}
    assert not {str(p): n for p, n in lengths.items() if n > 550}


def test_nothing_is_pickled_or_instantiated_by_name():
    text = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "omosim").rglob("*.py"))
    for forbidden in ("import pickle", "hydra.utils.instantiate", "fastmath=True", "allow_pickle=True", "np.random.seed"):
        assert forbidden not in text
