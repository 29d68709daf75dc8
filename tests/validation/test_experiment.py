"""Experiment files: what is wrong is told at once, with file, line and the way out; what is right is composed."""

from __future__ import annotations

from pathlib import Path

import pytest

from omosim.config.errors import ConfigError
from omosim.validation.plan import plan, reread

from .tiny import TINY


def made(tmp_path: Path, text: str = TINY, *words: str):
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    return plan(["patterns=t.yaml", *words], tmp_path)


def line_of(text: str, piece: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if piece in line)


BAD = [
    ("key", "    measure: sales\n", "    measur: sales\n", ["unknown key", "Did you mean 'measure'", "missing"]),
    ("measure", "measure: sales", "measure: salse", ["no such measure", "Did you mean 'sales'"]),
    ("statistic", "statistic: log_ratio", "statistic: logratio", ["no such statistic", "Did you mean 'log_ratio'"]),
    ("store", "nearest_to: S02", "nearest_to: S99", ["has no such store", "S01 to S16"]),
    ("arm", "    band: [-2.0, -0.01]\n", "    band: [-2.0, -0.01]\n    arms: [dearer, plane]\n", ["no such arm", "Did you mean 'plain'"]),
    ("one arm", "    band: [-2.0, -0.01]\n", "    band: [-2.0, -0.01]\n    arms: [dearer]\n", ["log_ratio compares 2 arms, and 1 are given"]),
    ("band", "band: [-2.0, -0.01]", "band: [-0.01, -2.0]", ["-2 is not above -0.01"]),
    ("no band", "    band: [-2.0, -0.01]\n", "", ["nothing to judge it by"]),
    ("sign", 'sign: "-"', "sign: up", ["not one of the options"]),
    ("zero without band", 'sign: "-"', "sign: 0", ["only within a band"]),
    ("filter", "where: {nearest_to: S02}", "whom: prior", ["'web_sessions' is not kept by whom"]),
    ("channel", "    fitted: true", "    channels: [wep]", ["not one of the options", "Did you mean 'web'"]),
    ("category", "    fitted: true", "    categories: [topps]", ["has no such category", "Did you mean 'tops'"]),
    ("days", "    fitted: true", "    when: [0, 9]", ["days beyond the run", "-2 to 4"]),
    ("span", "    fitted: true", "    when: [3, 1]", ["ends before it begins"]),
    ("market", "market=apparel", "market=aparel", ["no such market", "Did you mean 'apparel'"]),
    ("intervention", "what: price", "what: prize", ["not one of the options", "Did you mean 'price'"]),
    ("both", "times: 1.5", "times: 1.5, set: 3", ["both 'set' and 'times'"]),
    ("capability", "  plain:\n", "  plain:\n    capabilities: {bopiss: true}\n", ["no such capability", "Did you mean 'bopis'"]),
    ("level", "  plain:\n", "  plain:\n    capabilities: {bopis: {feee: 1}}\n", ["'bopis' has no such level", "Did you mean 'fee'"]),
    ("seed", "days=4,", "days=4, seed=3,", ["is not set in an experiment file"]),
    ("of", "    fitted: true", "    of: nothing", ["no earlier outcome of this name"]),
    ("premium", "statistic: change\n    sign", "statistic: premium\n    arms: [plain]\n    sign", ["holds one group against another"]),
    ("no x", "    x: 0\n", "", ["needs two arms or more"]),
    ("shows", "    fitted: true", "    shows: {per_week: 2, days: [0, 1]}", ["not the broadcasts of its arms", "no arm has live_commerce"]),
    ("anchor", "name: T1", "name: &a T1", ["anchor"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "pieces"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_refused_with_the_place(tmp_path: Path, old: str, new: str, pieces: list[str]) -> None:
    text = TINY.replace("statistic: log_ratio", "statistic: slope") if old == "    x: 0\n" else TINY
    assert old in text
    text = text.replace(old, new or "", 1) if new else text.replace(old, "  " * 2 + "overrides: []\n" if "x:" in old else "", 1)
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, text)
    for piece in pieces:
        assert piece in str(caught.value)
    assert all(p.file == "t.yaml" and p.line for p in caught.value.problems), caught.value.problems
    assert caught.value.exit_code == 2


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = TINY.replace("measure: orders", "measure: order").replace("times: 1.5", "times: -1").replace('sign: "-"', "sign: up")
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, text)
    lines = {p.line for p in caught.value.problems}
    assert lines == {line_of(text, "measure: order"), line_of(text, "times: -1"), line_of(text, "sign: up")}


def test_unknown_patterns(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such pattern") as caught:
        plan(["patterns=V1,V99"], tmp_path)
    assert "V12" in str(caught.value)
    with pytest.raises(ConfigError, match="no such file"):
        plan(["patterns=nowhere/x.yaml"], tmp_path)


def test_names_in_any_case_and_files_and_own_folder(tmp_path: Path) -> None:
    (tmp_path / "configs" / "experiment").mkdir(parents=True)
    (tmp_path / "configs" / "experiment" / "T1.yaml").write_text(TINY, encoding="utf-8")
    assert [one.experiment.name for one in plan(["patterns=[v14,t1]"], tmp_path).planned] == ["V14", "T1"]
    (tmp_path / "t.yaml").write_text(TINY, encoding="utf-8")
    assert [one.experiment.name for one in plan(["experiment=t.yaml"], tmp_path).planned] == ["T1"]


def test_words_of_the_user_replace_the_files_and_the_arms_keep_theirs(tmp_path: Path) -> None:
    text = TINY.replace("  plain:\n", "  plain:\n    overrides: [network.stores.pickers=2]\n")
    found = made(tmp_path, text, "shoppers=77", "network.stores.pickers=5", "seed=3").planned[0].arms
    assert {s.shoppers for s in found.values()} == {77} and {s.seed for s in found.values()} == {3}
    assert found["plain"].network.stores.pickers == 2 and found["dearer"].network.stores.pickers == 5


def test_arms_are_what_they_say(tmp_path: Path) -> None:
    text = TINY.replace("  plain:\n", "  plain:\n    capabilities: {bopis: false, live_commerce: {intensity: 0.2}}\n")
    arms = made(tmp_path, text).planned[0].arms
    have = arms["plain"].strategy.capabilities
    assert not have["bopis"].enabled and have["live_commerce"].levels["intensity"] == 0.2
    assert have["live_commerce"].levels["reach"] == 0.08 and have["live_commerce"].capital > 0  # the shipped ones
    assert [c.what for c in arms["dearer"].scenario.interventions] == ["price"] and not arms["plain"].scenario.interventions


def test_a_dated_capability_comes_with_its_shipped_levels(tmp_path: Path) -> None:
    text = TINY.replace("{what: price, times: 1.5, from_day: 0}", "{what: capability, capability: ar_fit, set: 1, from_day: 0}")
    row = made(tmp_path, text).planned[0].arms["dearer"].strategy.capabilities["ar_fit"]
    assert not row.enabled and row.ramp_up_days == 28


def test_the_resolved_plan_reads_back(tmp_path: Path) -> None:
    first = made(tmp_path)
    (tmp_path / "config.yaml").write_text(first.yaml, encoding="utf-8")
    again = reread(tmp_path / "config.yaml")
    assert again.hash == first.hash and again.yaml == first.yaml
    assert made(tmp_path, TINY, "replications=3").hash != first.hash
