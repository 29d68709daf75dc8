"""W6, the start: how long help, list, completion and import take. Prints figures; asserts that they answer.

    python tests/benchmarks/test_w6_start.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
CALLS = {
    "python -c pass": ["-c", "pass"],
    "omosim --help": ["-m", "omosim.cli.main", "--help"],
    "omosim compare --help": ["-m", "omosim.cli.main", "compare", "--help"],
    "omosim list": ["-m", "omosim.cli.main", "list"],
    "completion of a command": ["-m", "omosim.cli.main", "__complete", "omosim co"],
    "completion of an option": ["-m", "omosim.cli.main", "__complete", "omosim run strategy=o"],
    "completion of a key": ["-m", "omosim.cli.main", "__complete", "omosim run network.stores.p"],
    "import omosim": ["-c", "import omosim"],
    "a refusal": ["-m", "omosim.cli.main", "run", "shopers=5"],
    "--cfg job of compare": ["-m", "omosim.cli.main", "compare", "--cfg", "job"],
}


def cpu_of_children() -> float:
    """CPU seconds of the programs that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


@pytest.mark.bench
def test_start() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name, words in CALLS.items():
        took, cpu = [], []
        for _ in range(RUNS):
            begin, used = time.perf_counter(), cpu_of_children()
            done = subprocess.run([sys.executable, *words], env=env, cwd=ROOT, capture_output=True, text=True)
            took.append(time.perf_counter() - begin)
            cpu.append(cpu_of_children() - used)
            assert done.returncode == (2 if name == "a refusal" else 0), done.stderr
        print(f"{name:<26} {statistics.median(took):6.3f} s  (least {min(took):.3f}, of CPU {min(cpu):.3f})")


if __name__ == "__main__":
    test_start()
