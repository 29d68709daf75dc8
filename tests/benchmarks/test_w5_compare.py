"""W5: the shipped comparison from the command line: first table, whole answer, two processes against one.

    python -m tests.benchmarks.test_w5_compare
"""

import os
import subprocess
import sys
import tempfile
import time

import pytest


def timed_compare(*words):
    """(seconds to the first table, seconds to the end, CPU seconds) of `omosim compare` as a whole process."""
    with tempfile.TemporaryDirectory() as folder:
        began, spent = time.perf_counter(), os.times()
        command = [sys.executable, "-u", "-m", "omosim.cli.main", "compare", *words]
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        first = None
        for line in child.stdout:
            if first is None and line.startswith("Operating profit"):
                first = time.perf_counter() - began
        assert child.wait() == 0
        took, now = time.perf_counter() - began, os.times()
        return first, took, now.children_user + now.children_system - spent.children_user - spent.children_system


def table():
    """Defaults, then the same small study with one and two processes."""
    subprocess.run([sys.executable, "-m", "omosim.cli.main", "doctor", "--warm"], check=True, stdout=subprocess.DEVNULL)
    first, whole, cpu = timed_compare()
    print(f"defaults (3 strategies, 10 replications, 20,000 shoppers): first table {first:.1f} s, whole answer {whole:.1f} s ({cpu:.1f} CPU)")
    _, one, one_cpu = timed_compare("jobs=1")
    print(f"one process {one:.1f} s ({one_cpu:.1f} CPU), two processes {whole:.1f} s: ratio {one / whole:.2f}")
    return first, whole, one


@pytest.mark.bench
def test_compare_with_defaults():
    first, whole, one = table()
    assert one > 0
    assert 0 < first <= whole


if __name__ == "__main__":
    table()
