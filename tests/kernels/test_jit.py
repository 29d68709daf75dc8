"""The decorator: cache folder by content, private, left out where nothing is writable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from omosim.kernels import jit


def test_digest_follows_every_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 1\n")
    first = jit.kernels_digest(tmp_path)
    assert jit.kernels_digest(tmp_path) == first
    (tmp_path / "b.py").write_text("y = 2\n")
    second = jit.kernels_digest(tmp_path)
    (tmp_path / "c.py").write_text("")
    assert len({first, second, jit.kernels_digest(tmp_path)}) == 3


def test_cache_root_respects_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert jit.user_cache_root() == tmp_path / "omosim" / "kernels"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert jit.user_cache_root() == tmp_path / "mine"


def test_cache_folder_is_private(tmp_path):
    made = jit.private_folder(tmp_path / "a" / "b")
    assert made is not None and made.stat().st_mode & 0o077 == 0
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert jit.private_folder(tmp_path / "open") is None
    (tmp_path / "file").write_text("")
    assert jit.private_folder(tmp_path / "file" / "below") is None


USE = """
import numba
before = numba.config.CACHE_DIR
from omosim.kernels import jit, philox
value = philox.uniform(7, 0, 1, 2, 3, 4)
assert numba.config.CACHE_DIR == before
print(value.hex(), jit._CACHE_DIR is not None, sum(philox.uniform.stats.cache_hits.values()))
"""


@pytest.mark.parametrize("writable", [True, False])
def test_second_process_loads_from_the_cache_if_there_is_one(tmp_path, writable):
    root = tmp_path / "cache"
    if not writable:
        root.write_text("a file where the folder should be")
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0", "XDG_CACHE_HOME": str(root)}
    env.pop("NUMBA_CACHE_DIR", None)
    runs = [
        subprocess.run([sys.executable, "-c", USE], env=env, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert runs[0][0] == runs[1][0]
    assert [r[1:] for r in runs] == [[str(writable), "0"], [str(writable), str(int(writable))]]
    assert bool(list(Path(tmp_path).rglob("*.nbi"))) is writable
