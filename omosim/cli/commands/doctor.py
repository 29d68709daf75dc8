"""`omosim doctor`: what this installation is, and whether it can work."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from omosim import __version__
from omosim.cli.estimate import memory_bytes, size
from omosim.cli.flags import Flags
from omosim.config.errors import refuse
from omosim.config.library import GROUPS, Library

PACKAGES = ("numpy", "numba", "simpy", "mesa", "pandas", "hydra-core", "matplotlib", "pydantic", "pyarrow", "duckdb", "openpyxl", "xlsxwriter", "scipy")
#: extra -> the package that shows it is there
EXTRAS = {"cluster": "distributed", "analysis": "salib"}
NEEDED_DISK = 500_000_000


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Print one line a check; 2 when something is missing."""
    if words:
        raise refuse("takes no words", value=" ".join(words), cure="Write omosim doctor [--warm]")
    bad = 0
    for name, text, ok in checks():
        print(f"{'ok ' if ok else 'BAD'}  {name:<10} {text}")
        bad += not ok
    if flags.warm and not bad:
        warm()
    elif not bad:
        print("next: omosim doctor --warm compiles once; omosim compare answers the question")
    return 2 if bad else 0


def checks() -> Iterator[tuple[str, str, bool]]:
    """Name, finding, whether it is good."""
    yield "omosim", __version__, True
    yield (
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        sys.version_info >= (3, 12),
    )
    for package in PACKAGES:
        try:
            yield package, metadata.version(package), True
        except metadata.PackageNotFoundError:
            yield package, "missing; install omosim again", False
    yield "extras", _extras(), True
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield "cores", f"{cores} (jobs={cores} uses them all)", True
    have = memory_bytes()
    yield "memory", size(have) if have else "not told by this system", True
    yield from _disk()
    yield from _cache()
    library = Library()
    counts = {g: len(library.options(g)) for g in GROUPS}
    yield "configs", ", ".join(f"{n} {g}" for g, n in counts.items()), all(counts.values())


def _extras() -> str:
    """Optional parts: their versions, or how they are installed."""
    words = []
    for extra, package in EXTRAS.items():
        try:
            words.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            words.append(f"no {package} (pip install omosim[{extra}])")
    return ", ".join(words)


def _disk() -> Iterator[tuple[str, str, bool]]:
    place = Path.cwd()
    free = shutil.disk_usage(place).free
    yield (
        "disk",
        f"{size(free)} free here" + ("" if free > NEEDED_DISK else "; results need some room"),
        free > NEEDED_DISK,
    )
    yield (
        "writable",
        "yes" if os.access(place, os.W_OK) else "this folder cannot be written; give output.dir=DIR",
        os.access(place, os.W_OK),
    )


def _cache() -> Iterator[tuple[str, str, bool]]:
    from omosim.kernels import jit

    if jit.JIT_OFF:
        yield "cache", "compiler switched off (NUMBA_DISABLE_JIT); runs are slow", True
        return
    folder = jit._CACHE_DIR
    if folder is None:
        yield "cache", "no private folder can be written: kernels compile in every process; set NUMBA_CACHE_DIR", True
        return
    files = list(Path(folder).rglob("*.nbi"))
    state = f"{len(files)} compiled functions" if files else "empty: the first run compiles up to 45 s"
    yield "cache", f"{folder}: {state}", True


def warm() -> None:
    """Compile every kernel now."""
    from omosim import api

    print("compiling kernels: up to 45 s, once", flush=True)
    start = time.perf_counter()
    api.warm()
    print(f"ready after {time.perf_counter() - start:.1f} s")
