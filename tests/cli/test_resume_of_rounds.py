"""Studies that make their runs in rounds: cut off again and again they go on to the same bytes; rerun and report read the folder alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omosim.cli.main import main
from tests.cli.conftest import bytes_of, with_and_without_push

#: command, words, Ctrl-C at every so many runs, how often
STUDIES = {
    "flip": (["strategies=[./without.yaml,./with.yaml]", "network.stores.count=interval(5,40)", "shoppers=5000", "replications=4"], 31, 2),
    "value": (["from=omnichannel", "to=omo", "capabilities=[live_commerce,push,same_day,store_sensing]", "days=28", "shoppers=5000", "replications=3"], 17, 3),
}


@pytest.mark.parametrize("command", STUDIES)
def test_cut_off_it_goes_on_to_the_same_bytes(command: str, retail, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words, every, times = STUDIES[command]
    words = [command, *words, "jobs=1"]
    monkeypatch.setattr(retail, "BROKEN", {"sigma": 300} if command == "flip" else {})
    with_and_without_push()
    assert main([*words, "output.dir=whole"]) == 0
    real, count = retail.run, 0

    def stops(text: str) -> str:
        nonlocal count
        count += 1
        if count % every == 0:
            raise KeyboardInterrupt
        return real(text)

    with monkeypatch.context() as patch:
        patch.setattr(retail, "run", stops)
        codes = [main([*words, "output.dir=cut"]) for _ in range(times)]
    assert codes == [130] * times and "Run the same command again" in capsys.readouterr().err and not Path("cut/summary.json").exists()
    assert main([*words, "output.dir=cut"]) == 0
    assert bytes_of("cut") == bytes_of("whole")
    laws = [json.loads(Path(place, "summary.json").read_text())["laws"] for place in ("whole", "cut")]
    assert laws[0] == laws[1] and laws[0]["runs"] > 30 and laws[0]["residual"] == laws[0]["not_recorded"] == 0
    capsys.readouterr()
    Path("with.yaml").unlink()  # the folder has all that a rerun needs
    assert main(["rerun", "whole"]) == 0
    assert "tables have the same bytes as in whole" in capsys.readouterr().out
    Path("whole/report.html").unlink()
    assert main(["report", "whole"]) == 0 and Path("whole/report.html").is_file()
