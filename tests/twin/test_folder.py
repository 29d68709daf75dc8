"""A twin's folder under failing disks, kill -9, two writers and foreign hands: the old twin or the new one, and the same bytes after resume."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omosim.results import atomic
from omosim.results.errors import FolderInUse, NewerSchema, NotAResult
from omosim.results.tables import read_columns
from omosim.twin import folder
from tests.conftest import module_at

shop = module_at(Path(__file__).with_name("small_shop.py"))


def contents(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file() and p.name != ".lock"}


#: what `new` settles beside the data
SETTLED = {"name": "toy", "adapter": "own", "currency": "KRW", "timezone": "Asia/Seoul", "first_day": "2025-01-01", "as_of": "2025-01-31", "closed": []}


def go(place: Path) -> None:
    """Two steps, as a command would do them; those that are done are left."""
    with folder.writing(place, new=True) as step:
        for number in (1, 2):
            word = "new" if number == 1 else "ingest"
            if not step.twin.done(word, f"k{number}"):
                data = step.table("orders", {"x": list(range(number, 50 * number))})
                rows = [*step.twin.head["data"], step.row("orders", data, 49, ("2025-01-01", "2025-01-31"), number)]
                panel = step.table("panel", {"value": [1.5 * number]})
                step.commit(word, f"k{number}", {}, {**SETTLED, "data": rows, "files": {"panel": panel}})


def test_a_twin_reads_back_and_the_newest_copy_lies_beside(tmp_path: Path) -> None:
    go(tmp_path / "a")
    twin = folder.read(tmp_path / "a")
    assert twin.version == 2 and len(twin.parts("orders")) == 2 and twin.done("ingest", "k2") and not twin.done("ingest", "k3")
    assert read_columns(tmp_path / "a" / "panel.parquet") == {"value": [3.0]} == twin.table("panel")
    assert {Path(n).name for n in folder.named(twin)} == {p.name for p in (tmp_path / "a" / "data").iterdir()}, "the old panel is gone"


class Half:
    """A file on a disk that takes half of the n-th write and then fails."""

    def __init__(self, file, counter: list[int], n: int) -> None:  # type: ignore[no-untyped-def]
        self.file, self.counter, self.n = file, counter, n

    def __enter__(self):  # type: ignore[no-untyped-def]
        return self

    def __exit__(self, *args: object) -> None:
        self.file.close()

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self.file, name)

    def write(self, data: bytes) -> int:
        self.counter[0] += 1
        if self.counter[0] == self.n + 1:
            self.file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self.file.write(data))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace", "write", "unlink", "kill"])
def test_a_disk_that_fails_at_any_step_leaves_the_old_twin_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    """The n-th write, sync, rename or removal fails, for every n; what is read is whole, and the command again gives a quiet disk's bytes.

    kill: the process is gone at the n-th rename, so that not even litter is cleared.
    """
    go(tmp_path / "quiet")
    wanted = contents(tmp_path / "quiet")
    for n in range(60):
        counter = [0]
        place = tmp_path / f"{n}"
        with monkeypatch.context() as patch:
            if call == "write":
                patch.setattr(atomic, "open", lambda *a, c=counter, n=n, **k: Half(open(*a, **k), c, n) if "x" in str(a[1:]) else open(*a, **k), raising=False)  # noqa: SIM115
            else:
                name = "replace" if call == "kill" else call
                target = Path if call == "unlink" else os
                patch.setattr(target, name, _failing(getattr(target, name), counter, n, code, call == "kill"))
                if call == "kill":
                    patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
            try:
                go(place)
            except OSError as error:
                assert error.errno in (code, errno.ENOSPC)
        if folder.exists(place):
            twin = folder.read(place)
            assert all(folder.checked(place / name) for name in folder.named(twin)) and twin.version == len(twin.parts("orders")) >= 1
        go(place)
        assert contents(place) == wanted, n
        if counter[0] <= n:
            break
    else:
        raise AssertionError("the disk never became quiet")
    assert n >= {"unlink": 1}.get(call, 8)


def _failing(real, counter: list[int], n: int, code: int, kill: bool):  # type: ignore[no-untyped-def]
    def call(*args, **kw):  # type: ignore[no-untyped-def]
        counter[0] += 1
        if counter[0] == n + 1:
            raise OSError(code, os.strerror(code))
        return real(*args, **kw)

    return call


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path: Path) -> None:
    go(tmp_path / "a")
    code = "import sys, time, json; sys.path[:] = json.loads(sys.argv[1])\nfrom omosim.twin import folder\nwith folder.writing(sys.argv[2]): print('in', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code, json.dumps(sys.path), str(tmp_path / "a")], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "in\n"
    with pytest.raises(FolderInUse, match="another omosim process"), folder.writing(tmp_path / "a"):
        pass
    assert folder.read(tmp_path / "a").version == 2
    other.send_signal(signal.SIGKILL)
    other.wait()
    with folder.writing(tmp_path / "a") as step:
        assert step.twin.version == 2, "the lock died with its holder"


def test_what_is_newer_changed_torn_or_gone_is_named(tmp_path: Path) -> None:
    place = tmp_path / "a"
    with pytest.raises(NotAResult, match="omosim twin new dir="):
        folder.read(place)
    go(place)
    head = json.loads((place / "twin.json").read_text())
    (place / "twin.json").write_text(json.dumps({**head, "schema_version": 2}))
    with pytest.raises(NewerSchema, match="reads up to 1"):
        folder.read(place)
    for text in ("{", "[]", '{"schema_version": "x"}', json.dumps({**head, "data": None})):
        (place / "twin.json").write_text(text)
        with pytest.raises(NotAResult, match=r"twin\.json"):
            folder.read(place)
    (place / "twin.json").write_text(json.dumps(head))
    data = place / head["data"][0]["file"]
    whole = data.read_bytes()
    data.write_bytes(whole[:-1] + b"?")
    with pytest.raises(NotAResult, match="changed since it was written"):
        folder.checked(data)
    data.unlink()
    with pytest.raises(NotAResult, match="missing"):
        folder.checked(data)
    data.write_bytes(whole)
    (place / "panel.parquet").write_bytes(b"torn")
    go(place)
    assert read_columns(place / "panel.parquet") == {"value": [3.0]}, "a copy is mended by the next writer"


@pytest.mark.slow
def test_kill_9_of_every_command_that_writes_then_the_same_command(tmp_path: Path) -> None:
    """Killed at many moments, again and again, until all have ended: the bytes of a quiet life, and no moment without a whole twin.

    The forecast makes members that follow the data, so that the update moves them too.
    """
    orders = shop.orders(days=90)
    first, late = (shop.write(f, tmp_path / n) for f, n in ((orders[shop.day_of(orders) < shop.date(80)], "first.csv"), (orders[shop.day_of(orders) >= shop.date(70)], "late.csv")))
    words = lambda place: (["new", f"dir={place}", f"orders={first}"], ["forecast", f"dir={place}", "members=10", "horizon=7", "warm_weeks=2"], ["update", f"dir={place}", f"orders={late}"])
    start = lambda line: subprocess.Popen([sys.executable, "-m", "omosim.cli.main", "twin", *line], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    began = time.perf_counter()
    for line in words("quiet"):
        assert start(line).wait(300) == 0
    usual = (time.perf_counter() - began) / 3
    kills = 0
    for line in words("killed"):
        for wait in [*(usual * (0.4 + 0.09 * k) for k in range(7)), 300.0]:
            process = start(line)
            try:
                assert process.wait(wait) == 0
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
            if folder.exists(tmp_path / "killed"):
                twin = folder.read(tmp_path / "killed")
                assert all(folder.checked(twin.path / name) for name in folder.named(twin))
    assert kills >= 4
    assert sum(row["step"] == "assimilate" for row in folder.read(tmp_path / "quiet").head["updates"]) >= 3
    for line in [*words("killed"), *words("quiet")]:  # all of it once more: a forecast of the newest day is new in both, the rest changes nothing
        assert start(line).wait(300) == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "quiet")
