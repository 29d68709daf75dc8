"""W5: the shipped comparison from the command line: first table, whole answer, two processes against one.

    python -m tests.benchmarks.test_w5_compare
"""

import subprocess
import sys
import tempfile
import time

import pytest


def timed_compare(*words):
    """(seconds to the first table, seconds to the end, runs) of `omosim compare` as a whole process."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-u", "-m", "omosim.cli.main", "compare", *words]
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        first = None
        for line in child.stdout:
            if first is None and line.startswith("Operating profit"):
                first = time.perf_counter() - began
        assert child.wait() == 0
        return first, time.perf_counter() - began


def table():
    """Defaults, then the same small study with one and two processes."""
    subprocess.run([sys.executable, "-m", "omosim.cli.main", "doctor", "--warm"], check=True, stdout=subprocess.DEVNULL)
    first, whole = timed_compare()
    print(f"defaults (3 strategies, 10 replications, 20,000 shoppers): first table {first:.1f} s, whole answer {whole:.1f} s")
    _, one = timed_compare("jobs=1")
    print(f"one process {one:.1f} s, two processes {whole:.1f} s: ratio {one / whole:.2f}")
    return first, whole, one


@pytest.mark.bench
def test_compare_with_defaults():
    first, whole, one = table()
    assert one > 0
    assert 0 < first <= whole


if __name__ == "__main__":
    table()
