"""A many-arm sweep that gives replications to the arms that may still be the best."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from omosim.api.sweeps import prepare, sweep_run
from omosim.config.errors import ConfigError
from omosim.config.sweep import compose_sweep
from omosim.results.tables import read_columns
from omosim.study.book import StudyInterrupted
from omosim.study.executor import InlineExecutor
from omosim.study.shards import runs_on_disk

WORDS = ["strategy=o2o,omo", "network.stores.count=6,10,14,17,18", "shoppers=60", "days=2", "burn_in_days=0", "replications=120", "select=kim_nelson"]


def go(place: Path, *more: str):  # type: ignore[no-untyped-def]
    words = [*WORDS, *more, f"output.dir={place}"]
    with mock.patch("omosim.api.sweeps.cold", lambda: False):
        return sweep_run(prepare(compose_sweep(words)), ["omosim", "sweep", *words], workers=InlineExecutor("fake_entry:by_stores"))


def shards(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((place / "runs").glob("*"))}


def test_the_best_arm_is_found_with_few_of_the_runs(tmp_path: Path) -> None:
    found = go(tmp_path / "a", "indifference=500")
    race = found.summary["selection"]
    assert found.summary["answer"].startswith("Of 10 arms omo network.stores.count=18 earns most: where the best is ahead by KRW 500")
    assert [row["name"] for row in race["left"]] == ["omo network.stores.count=18"]
    assert 100 < race["runs"] == len(runs_on_disk(tmp_path / "a")) < race["most_runs"] / 2
    columns = [read_columns(p) for p in sorted((tmp_path / "a" / "runs").iterdir())]
    made = {(p, s): 0 for c in columns for p, s in zip(c["point"], c["strategy"], strict=True)}
    for c in columns:
        for p, s in zip(c["point"], c["strategy"], strict=True):
            made[p, s] += 1
    assert made[0, "o2o"] == 10 and made[4, "omo"] == max(made.values()) > 10

    again = go(tmp_path / "a", "indifference=500")
    assert again.outcome.reused == race["runs"] and again.summary["selection"] == race


def test_a_race_that_was_stopped_ends_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(tmp_path / "whole", "indifference=500")
    for at in ("3", "11", "16"):
        monkeypatch.setenv("OMOSIM_TEST_STOP_AT", at)
        with pytest.raises(StudyInterrupted):
            go(tmp_path / "stopped", "indifference=500")
        assert runs_on_disk(tmp_path / "stopped")
    monkeypatch.delenv("OMOSIM_TEST_STOP_AT")
    found = go(tmp_path / "stopped", "indifference=500")
    assert found.outcome.reused > 100 and shards(tmp_path / "stopped") == shards(tmp_path / "whole")


def test_too_few_replications_leave_several_and_say_so(tmp_path: Path) -> None:
    words = [w for w in WORDS if not w.startswith("replications")] + ["replications=12", "indifference=1", f"output.dir={tmp_path / 'a'}"]
    with mock.patch("omosim.api.sweeps.cold", lambda: False):
        found = sweep_run(prepare(compose_sweep(words)), ["omosim", "sweep", *words], workers=InlineExecutor("fake_entry:by_stores"))
    assert found.summary["answer"].startswith("One cannot tell which of ") and len(found.summary["selection"]["left"]) > 1


@pytest.mark.parametrize(("more", "part"), [(["indifference=0"], "worth telling apart"), (["indifference=5", "shard=1/2"], "judges all runs together")])
def test_bad_words_of_a_selection(more: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=part):
        compose_sweep([*WORDS, *more])
