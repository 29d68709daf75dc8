"""Each planted bug is caught by name: by a law, by the equality of the engines, or by another declared check.

Bugs are changes of the product's text in a copy of the package; nothing in the product knows of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from planted import BUGS, ENGINES, RUN_BUGS, Bug

ROOT = Path(__file__).parents[2]
ALL = BUGS + RUN_BUGS
#: whole runs: small, but with parcels, couriers, pickups, visits, returns, shrink and receipts in them
SMALL = ("strategy=omo", "shoppers=100", "days=3", "burn_in_days=1", "seed=11", "engine.drain_days=30", "network.stores.count=4",
         "market.demand.purchase_alpha_weeks=0.15", "network.carrier.same_day_fee=0.02")  # fmt: skip
NETWORK_PROBES = ("worlds", "sourcing", "splits", "places", "staff", "shifts", "customers", "given_back", "exchanges", "cutoffs", "couriers",
                  "windows", "resumed", "controlled")  # fmt: skip
FAST_RUN_PROBES, SLOW_RUN_PROBES = ("planner", "whole", "recount", "doors"), ("cut_run", "resumed_run", "draws")


class Worker:
    """A process that plants bugs in a copy of the package and runs probes on it."""

    def __init__(self, folder: Path, settings: str) -> None:
        shutil.copytree(ROOT / "omosim", folder / "omosim", ignore=shutil.ignore_patterns("__pycache__"))
        self.copy, self.settings = folder, settings
        env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "planted_worker.py"), str(folder), str(ROOT / "tests")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=env, cwd=folder,
        )  # fmt: skip

    def ask(self, probe: str, bug: Bug | None = None) -> dict[str, list[str]]:
        """What complains in a probe of the copy, with a bug planted or with none."""
        task = {"file": "", "probe": probe, "settings": self.settings, "wanted": []}
        if bug is not None:
            task |= {"file": bug.file, "old": bug.old, "new": bug.new, "wanted": sorted(bug.complain)}
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the worker ended"}')
        assert "error" not in answer, answer["error"]
        return answer


@pytest.fixture(scope="module")
def worker(tmp_path_factory, settings_of):
    categories = yaml.safe_load((ROOT / "configs/catalogue/seoul_beauty.yaml").read_text(encoding="utf-8"))["categories"]
    settings = settings_of(*SMALL, *(f"catalogue.categories.{name}.skus=12" for name in categories))
    worker = Worker(tmp_path_factory.mktemp("planted"), settings.model_dump_json())
    yield worker
    worker.process.stdin.close()
    worker.process.wait(30)


def marked(bug: Bug):
    return pytest.param(bug, id=bug.name.replace(" ", "_"), marks=[pytest.mark.slow] if bug.slow else [])


@pytest.mark.parametrize(
    "probe", [*NETWORK_PROBES, *FAST_RUN_PROBES, *(pytest.param(p, marks=pytest.mark.slow) for p in SLOW_RUN_PROBES)]
)
def test_without_a_bug_nothing_complains(worker, probe):
    assert worker.ask(probe) == {"found": [], "said": []}


@pytest.mark.parametrize("bug", [marked(b) for b in ALL])
def test_the_bug_is_caught_by_name(worker, bug):
    before = (worker.copy / bug.file).read_bytes()
    answer = worker.ask(bug.probe, bug)
    assert (worker.copy / bug.file).read_bytes() == before  # taken out again, so the next bug is alone
    print(f"{bug.name} | {bug.caught_by} | {', '.join(answer['found'])}")
    assert bug.complain <= set(answer["found"]), answer["said"]


def test_the_list_covers_every_law_and_both_engines():
    assert len({b.name for b in ALL}) == len(ALL) >= 30
    laws = {b.caught_by for b in ALL if re.fullmatch(r"L\d+", b.caught_by)}
    assert laws == {f"L{i}" for i in range(1, 13)}
    files = {b.file for b in ALL}
    assert files >= ENGINES
    assert {b.probe for b in ALL} == {*NETWORK_PROBES, *FAST_RUN_PROBES, *SLOW_RUN_PROBES}
