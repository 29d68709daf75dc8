"""The first ten minutes of a strategist: each command from an installed package in an empty folder, with its time and first lines.

Usage: python experiments/first_ten_minutes.py [--small] [--folder=DIR]

Commands that this version does not have (`omosim help` tells) are left out. With --small all worlds are tiny. Ends with 1 when a command fails.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: what a strategist does, in order: command, why; {size} is given by --small
STEPS = (
    ("omosim doctor", "is it installed, what machine is this"),
    ("omosim list strategies scenarios", "what can be compared, in which worlds"),
    ("omosim init mystore", "files of an own retailer, every number with unit and source"),
    ("omosim explain bopis", "what a capability is and costs"),
    ("omosim explain bopsi", "a slip of the pen is told with the nearest name (exit code 2)"),
    ("omosim compare strategies=[o2o,omo] market=mystore/market.yaml {size} replications={pairs}", "which strategy pays, by how much, how sure"),
    ("omosim report outputs/compare/latest", "the page for the meeting, from the files alone"),
    ("omosim sweep strategy=o2o,omo network.stores.count=12,24 {small} seed=1,2", "does it hold with fewer stores"),
    ("omosim flip strategies=[o2o,omo] network.stores.count=interval(8,40) {small} start=2 replications=2 most=4 runs=24", "where does the best strategy change"),
    ("omosim value from=omo to=omo capabilities=[live_commerce,push] {small} replications=2", "which capability does the work"),
    ("omosim claims claims=N4,N12 {small} replications=2", "what of a success story is caused"),
)
SHOWN = 12
WRONG = ("omosim explain bopsi",)  # commands that must end with 2


def commands() -> list[str]:
    """Names of the commands that this version has."""
    done = subprocess.run([sys.executable, "-m", "omosim", "help"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]


def steps(small: bool) -> list[tuple[str, str]]:
    """The commands to run, in order."""
    have = set(commands())
    tiny = "shoppers=300 days=7 burn_in_days=3"
    words = {"size": tiny if small else "shoppers=10000 days=28", "small": tiny if small else "shoppers=2000 days=14 burn_in_days=14", "pairs": "2" if small else "10"}
    return [(line.format(**words), why) for line, why in STEPS if line.split()[1] in have]


def main(words: list[str]) -> int:
    """Run every step in a folder; returns the exit code."""
    small = "--small" in words
    folder = next((w.partition("=")[2] for w in words if w.startswith("--folder=")), None) or tempfile.mkdtemp(prefix="omosim-")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    begun, failed = time.perf_counter(), 0
    print(f"in {place}")
    for line, why in steps(small):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "omosim", *shlex.split(line)[1:]], cwd=place, capture_output=True, text=True, env=os.environ)
        wanted = 2 if line in WRONG else 0
        failed += done.returncode != wanted
        print(f"\n$ {line}\n# {why}: {time.perf_counter() - start:.1f} s, exit code {done.returncode}{'' if done.returncode == wanted else f', {wanted} was expected'}")
        shown = (done.stdout or done.stderr).splitlines()
        print("\n".join(f"  {text}" for text in shown[:SHOWN]) + (f"\n  … {len(shown) - SHOWN} more lines" if len(shown) > SHOWN else ""))
    print(f"\n{(time.perf_counter() - begun) / 60:.1f} minutes in all, {failed} commands failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
