"""The command line: help, names, completion, exit codes, several jobs."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from omosim import __version__
from omosim.cli import study
from omosim.cli.complete import BASH, candidates
from omosim.cli.main import main
from omosim.cli.table import COMMANDS
from omosim.config.library import Library

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("hydra", "omegaconf", "pandas", "numba", "mesa", "simpy", "matplotlib", "numpy", "pydantic")


def test_overview_names_every_command(capsys) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in COMMANDS)
    assert main([]) == 0


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_of_each_command_has_examples_and_the_next_step(name: str, lang: str, capsys) -> None:
    assert main([name, "--help", "--lang", lang]) == 0
    text = capsys.readouterr().out
    command = COMMANDS[name]
    assert command.says[lang] in text and command.after in text
    assert all(example in text for example in command.examples) and len(command.examples) >= 3


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"omosim {__version__}\n"


def test_every_command_has_a_body() -> None:
    for name in COMMANDS:
        assert (ROOT / "omosim" / "cli" / "commands" / f"{name}.py").is_file()


@pytest.mark.parametrize(
    ("typed", "near"), [("rnu", "run"), ("comapre", "compare"), ("docter", "doctor"), ("ls", None)]
)
def test_unknown_command(typed: str, near: str | None, capsys) -> None:
    assert main([typed]) == 2
    text = capsys.readouterr().err
    assert f"no command '{typed}'" in text
    assert near is None or f"Did you mean '{near}'" in text


def test_words_before_the_command(capsys) -> None:
    assert main(["strategy=omo"]) == 2
    assert "omosim run strategy=omo" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["run", "--hepl"], ["run", "--shoppers=5"], ["--nope"], ["list", "-m"], ["run", "--cfg", "x"]]
)
def test_unknown_flags(words: list[str], capsys) -> None:
    assert main(words) == 2
    assert "no flag" in capsys.readouterr().err


def test_list_shows_names_with_titles(capsys) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    library = Library()
    for group in ("market", "strategy", "scenario", "strategy/capability", "experiment"):
        for name in library.options(group):
            assert re.search(rf"^  {name} +\S", text, re.MULTILINE), name


def test_list_of_an_unknown_kind(capsys) -> None:
    assert main(["list", "scenario"]) == 2
    assert "Did you mean 'scenarios'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    [
        ["--help"],
        ["run", "--help"],
        ["list"],
        ["--version"],
        ["--completion", "bash"],
        ["__complete", "omosim r"],
        ["__complete", "omosim run strategy=o"],
    ],
)
def test_quick_answers_import_nothing_heavy(call: list[str]) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from omosim.cli.main import main; main({call!r}); "
        f"print('|'.join(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert done.stdout


@pytest.mark.parametrize("call", [["explain", "network.stores.pickers"], ["compare", "--cfg", "job"], ["run", "shopers=5"]])
def test_settings_are_composed_without_the_compiler(call: list[str]) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from omosim.cli.main import main; code = main({call!r}); "
        "print(code, *(m for m in ('numba', 'pandas', 'mesa', 'matplotlib') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ("2" if call[0] == "run" else "0")


def test_completion_of_keys_does_not_import_hydra() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from omosim.cli.main import main; "
        "main(['__complete', 'omosim run network.stores.p']); assert 'hydra' not in sys.modules and 'numba' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "network.stores.pickers=",
        "network.stores.peak_from=",
        "network.stores.peak_to=",
        "network.stores.peak_extra=",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("omosim ", {"run", "compare", "doctor", "--help"}),
        ("omosim co", {"compare"}),
        ("omosim run --m", {"--multirun"}),
        ("omosim run strategy=om", {"omo", "omnichannel"}),
        ("omosim compare strategies=[o2o,om", {"[o2o,omo", "[o2o,omnichannel"}),
        ("omosim compare base", {"baseline="}),
        ("omosim run scen", {"scenario=", "scenario."}),
        ("omosim run engine.fulfilment=", {"kernel", "reference"}),
        ("omosim run strategy.capabilities.bop", {"strategy.capabilities.bopis=", "strategy.capabilities.bopis."}),
        ("omosim run strategy.capabilities.bopis=", {"true", "false"}),
        ("omosim run output.touches=t", {"true"}),
        ("omosim list sc", {"scenarios"}),
        ("omosim compare experiment=which", {"which_strategy"}),
        ("omosim validate patterns=[V4,V1", {"[V4,V1", "[V4,V11", "[V4,V12", "[V4,V14", "[V4,V17", "[V4,V18"}),
        ("omosim run --cfg ", {"job"}),
    ],
)  # fmt: skip
def test_completion(line: str, words: set[str]) -> None:
    found = candidates(line)
    assert words <= set(found)
    if not line.endswith(" "):
        assert words == set(found) or line.endswith("=")


def test_completion_never_offers_a_key_that_is_refused(monkeypatch) -> None:
    """Every top-level candidate of `run` is a group or a setting."""
    from omosim.config.library import GROUPS
    from omosim.config.schema_tree import lookup

    for word in candidates("omosim run "):
        key = word.rstrip("=.")
        assert key in GROUPS or lookup((key,)) is not None, word


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_the_bash_script_is_bash(tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(BASH + "complete -p omosim\n")
    done = subprocess.run(["/bin/bash", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "_omosim" in done.stdout


def test_cfg_job_prints_what_reads_back(capsys) -> None:
    from omosim.config.compose import compose, settings_from_dict
    from omosim.config.strict import read_text

    words = ["strategy=o2o", "shoppers=77", "network.stores.opens=09:30"]
    assert main(["run", *words, "--cfg", "job"]) == 0
    text = capsys.readouterr().out
    assert settings_from_dict(read_text(text, "out").data) == compose("run", words).settings


# ---- studies ------------------------------------------------------------------------------------------------------
@pytest.fixture
def starts(monkeypatch) -> list:
    calls: list = []
    monkeypatch.setattr(study, "_start", lambda composed, argv: calls.append((composed, argv)) or 0)
    return calls


def test_multirun_expands_in_hydras_order(starts, capsys) -> None:
    assert main(["run", "--multirun", "shoppers=500,800", "seed=1,2", "days=7"]) == 0
    jobs = [(c.settings.shoppers, c.settings.seed, c.settings.days) for c, _ in starts]
    assert jobs == [(500, 1, 7), (500, 2, 7), (800, 1, 7), (800, 2, 7)]
    folders = [c.settings.output.dir for c, _ in starts]
    assert len(set(folders)) == 4 and all(re.fullmatch(r"outputs/multirun/run-[0-9a-f]{8}/\d", f) for f in folders)
    assert "job 3 of 4: shoppers=800 seed=1" in capsys.readouterr().out


def test_multirun_of_names_ranges_and_a_folder(starts) -> None:
    assert main(["run", "-m", "strategy=o2o,omo", "seed=range(1,3)", "output.dir=here", "market.title=가,나"]) == 0
    assert [c.settings.strategy.name for c, _ in starts] == ["o2o"] * 4 + ["omo"] * 4
    assert [c.settings.market.title for c, _ in starts][:2] == ["가", "나"]
    assert starts[0][0].settings.output.dir == "here/0"


def test_multirun_starts_nothing_when_one_job_is_bad(starts, capsys) -> None:
    assert main(["run", "-m", "strategy=o2o,omoo", "seed=1,-1"]) == 2
    assert not starts
    err = capsys.readouterr().err
    assert "2 problems" in err and "omoo" in err and "seed = -1" in err


def test_bug_says_how_to_replay(monkeypatch, capsys) -> None:
    def broken(composed, argv):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(study, "_start", broken)
    assert main(["run", "market.title=a b"]) == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError: planted" in err and "omosim run 'market.title=a b' --trace" in err
    assert "Traceback" not in err
    assert main(["run", "--trace"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_says_how_to_go_on(monkeypatch, capsys) -> None:
    def stop(composed, argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "_start", stop)
    assert main(["compare", "seed=3"]) == 130
    assert "omosim compare seed=3" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [[], "omo", None])
def test_arms_that_are_no_list_are_refused_in_words(bad) -> None:
    import omosim as om
    from omosim.config.errors import ConfigError

    with pytest.raises(ConfigError, match="strategies"):
        om.compare(bad)
    with pytest.raises(ConfigError, match="overrides"):
        om.simulate(overrides="shoppers=100")


def test_broken_law_is_exit_code_4(monkeypatch, capsys) -> None:
    from omosim.engine.errors import LawBroken

    def broken(composed, argv):
        raise LawBroken({"L1": 3}, 86400)

    monkeypatch.setattr(study, "_start", broken)
    assert main(["run", "seed=9"]) == 4
    err = capsys.readouterr().err
    assert "L1" in err and "omosim run seed=9" in err


@pytest.mark.parametrize("error", [MemoryError(), PermissionError(13, "Permission denied", "outputs"), OSError(28, "No space left on device")])
def test_what_the_machine_lacks_is_no_bug(error: Exception, monkeypatch, capsys) -> None:
    def fail(composed, argv):
        raise error

    monkeypatch.setattr(study, "_start", fail)
    assert main(["run"]) == 2
    assert "bug" not in capsys.readouterr().err


def test_estimate_comes_first_and_refuses_what_cannot_fit(monkeypatch, capsys) -> None:
    from omosim.cli import estimate
    from omosim.config.compose import compose

    composed = compose("compare", ["shoppers=1000"])
    guess = estimate.estimate(composed)
    assert guess["runs"] == 30
    bigger = estimate.estimate(compose("compare", ["shoppers=1000000"]))
    assert bigger["seconds"] > 5 * guess["seconds"] and bigger["memory_bytes"] > guess["memory_bytes"]
    estimate.announce(composed)
    assert re.search(r"up to 30 runs, about \d+ s, \d+ MB memory, \d+ MB disk", capsys.readouterr().err)
    monkeypatch.setattr(estimate, "memory_bytes", lambda: 10**8)
    assert main(["run", "shoppers=500"]) == 2
    assert "shoppers = 500: needs about" in capsys.readouterr().err


def test_a_terminal_without_the_characters(monkeypatch) -> None:
    """CP949 and ASCII terminals get a '?' for what they lack, never an error."""
    for encoding in ("cp949", "ascii"):
        raw = io.BytesIO()
        monkeypatch.setattr(
            sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="strict", write_through=True)
        )
        assert main(["--help", "--lang", "ko"]) == 0
        assert b"omosim" in raw.getvalue()


# ---- init, explain, doctor ------------------------------------------------------------------------------------------
def test_init_writes_once_and_never_again(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my shop"]) == 0
    assert sorted(p.name for p in (tmp_path / "my shop").iterdir()) == [
        "README.txt",
        "market.yaml",
        "scenario.yaml",
        "strategy.yaml",
    ]
    before = (tmp_path / "my shop" / "market.yaml").read_bytes()
    assert main(["init", "my shop"]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "my shop" / "market.yaml").read_bytes() == before


def test_init_files_work_together(tmp_path, monkeypatch, starts) -> None:
    monkeypatch.chdir(tmp_path)
    for market in Library().options("market"):
        assert main(["init", f"own_{market}", f"from={market}"]) == 0
        files = [f"market=own_{market}/market.yaml", f"scenario=own_{market}/scenario.yaml"]
        assert main(["compare", *files, f"strategies=[o2o,own_{market}/strategy.yaml]"]) == 0
        assert list(starts[-1][0].arms) == ["o2o", f"own_{market}_strategy"]


def test_init_lines_carry_unit_meaning_and_source(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["init", "s"])
    text = (tmp_path / "s" / "market.yaml").read_text(encoding="utf-8")
    numbers = re.findall(r"^\s+\w+: -?[\d.]+.*$", text, re.MULTILINE)
    assert len(numbers) > 150
    assert [row for row in numbers if not re.search(r"# \[.+\] .+", row)] == []


def test_explain_one_key(capsys) -> None:
    assert main(["explain", "network.stores.pickers", "network.stores.pickers=4"]) == 0
    text = capsys.readouterr().out
    for word in (
        "network.stores.pickers = 4",
        "on duty for picking",
        "people",
        "from 0 to 1000",
        "given on the command line",
    ):
        assert word in text
    assert main(["explain", "market.geography.speed_kmh"]) == 0
    assert re.search(r"set by +configs/market/seoul_beauty.yaml:\d+", capsys.readouterr().out)


def test_explain_prefix_level_and_option(capsys) -> None:
    assert main(["explain", "network.work"]) == 0
    assert "network.work.wage_per_hour = " in capsys.readouterr().out
    assert main(["explain", "strategy.capabilities.bopis.levels.promise_h"]) == 0
    assert "[h]" in capsys.readouterr().out
    assert main(["explain", "precision"]) == 0
    assert "half-width" in capsys.readouterr().out


def test_explain_finds_short_names(capsys) -> None:
    assert main(["explain", "bopis"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("strategy.capabilities.bopis: ") and "strategy.capabilities.bopis.levels.promise_h = 2.5 [h]" in text
    assert "strategy.capabilities.bopis=true|false" in text
    assert main(["explain", "pickers"]) == 0
    assert "network.stores.pickers = " in capsys.readouterr().out
    assert main(["explain", "staff_training"]) == 0
    assert "not in this strategy" in capsys.readouterr().out
    assert main(["explain", "bopsi"]) == 2
    assert "Did you mean 'bopis'" in capsys.readouterr().err


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "omosim", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"omosim {__version__}\n"


def test_explain_all_counts_the_assumed(capsys) -> None:
    assert main(["explain", "--all"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    total, assumed = (int(n) for n in re.match(r"\d+ settings, (\d+) of them numbers: (\d+) assumed", last).groups())
    assert 0 < assumed < total


def test_explain_count_adds_up(capsys) -> None:
    assert main(["explain", "--count", "strategy=omo", "network.stores.pickers=4"]) == 0
    *groups, whole = capsys.readouterr().out.strip().splitlines()
    counts = lambda line: [int(n) for n in re.findall(r"(\d+) (?:of them )?(?:numbers|assumed|on stated|given|with a|without)", line)]
    assert [sum(column) for column in zip(*map(counts, groups), strict=True)] == counts(whole)
    total, assumed, _, given, sourced, silent = counts(whole)
    assert total == assumed + given + sourced + silent and (given, silent) == (1, 0)


@pytest.mark.parametrize("market", ["seoul_beauty", "apparel", "reference_w4"])
def test_no_number_of_a_shipped_setting_lacks_unit_range_or_source(market) -> None:
    from omosim.config.assumptions import assumptions
    from omosim.config.compose import compose

    rows = [r for r in assumptions(compose("run", [f"market={market}", "strategy=convergent"])) if r["key"] != "schema_version"]
    assert len(rows) > 500
    assert [r["key"] for r in rows if not (r["unit"] and r["source"] and r["range"])] == []


def test_every_shipped_key_can_be_explained(capsys) -> None:
    from omosim.config.compose import compose

    composed = compose("run")
    from omosim.config.explain import explain

    for key in list(composed.origins)[::9]:  # each reads the whole table of sources
        assert explain(key, composed).startswith(f"{key} = ")


def test_doctor(capsys) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("python", "numba", "cores", "memory", "disk", "cache", "configs"):
        assert re.search(rf"^ok   {word}", text, re.MULTILINE), word


@pytest.mark.parametrize("command", ["report", "rerun"])
def test_folder_commands_need_one_that_exists(command: str, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 2
    assert main([command, "nowhere"]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_files_travel_with_the_package(tmp_path) -> None:
    """Laid out as in the wheel, with nothing beside it, names and composition are those of the source checkout."""
    import shutil

    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "omosim", tmp_path / "site" / "omosim", ignore=skip)
    for name in ("configs", "scenarios", "experiments"):
        shutil.copytree(ROOT / name, tmp_path / "site" / "omosim" / "_data" / name)
    (tmp_path / "empty").mkdir()
    study = ["compare", "experiment=omo_can_lose", "--cfg", "job"]
    calls = [["list"], ["compare", "--cfg", "job"], study]
    code = f"import omosim\nfrom omosim.cli.main import main\nassert not any(map(main, {calls!r}))\nprint(omosim.__file__)"
    texts = []
    for place in (tmp_path / "site", ROOT):
        env = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path / "empty")
        assert done.returncode == 0, done.stderr
        text, _, file = done.stdout.strip().rpartition("\n")
        assert Path(file).is_relative_to(place) and "seoul_beauty" in text
        texts.append(text)
    assert texts[0] == texts[1]
