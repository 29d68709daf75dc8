"""Experiment files: what is wrong is told at once, with file, line and the way out; what is right is composed."""

from __future__ import annotations

from pathlib import Path

import pytest

from omosim.config.errors import ConfigError
from omosim.validation.plan import plan, reading_of, reread

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
    ("segment", "    fitted: true", "    whom: {segments: [famly]}", ["has no such segment", "Did you mean 'family'"]),
    ("segment of against", "    fitted: true", "    against: {segments: [young]}", ["has no such segment", "young_mobile, working, family"]),
    ("zone", "{nearest_to: S02}", "{zones: [3, 60]}", ["has no such zone", "0 to 59"]),
    ("zone below", "{nearest_to: S02}", "{not_zones: [-1]}", ["has no such zone", "0 to 59"]),
    ("zone as a name", "{nearest_to: S02}", "{zones: [north]}", ["is text, not a number"]),
    ("zone of against", "    fitted: true", "    against: {where: {zones: [61]}}", ["has no such zone"]),
    ("store of against", "    fitted: true", "    against: {where: {nearest_to: S99}}", ["has no such store", "S01 to S16"]),
    ("distance of against", "    fitted: true", "    against: {where: {within_km: 4}}", ["a distance needs its store"]),
    ("no zone left", "{nearest_to: S02}", "{zones: [3, 7], not_zones: [7, 3, 1]}", ["leaves no zone"]),
    ("no zone at all", "{nearest_to: S02}", f"{{not_zones: {list(range(60))}}}", ["leaves no zone", "all 60"]),
    ("people by session", "{nearest_to: S02}", "{zones: [3]}\n    against: {segments: [family]}", ["not kept by shopper", "where: {…}} without more"]),
    ("against by session", "{nearest_to: S02}", "{zones: [3]}\n    against: all", ["not kept by shopper"]),
    ("zones by count", "measure: orders", "measure: stock_checks\n    against: {where: {zones: [3]}}", ["not kept by where"]),
    ("the same group", "    fitted: true", "    whom: {segments: [family]}\n    against: {segments: [family]}", ["is the group that it is held against"]),
    ("key of a place", "{nearest_to: S02}", "{zone: [3]}", ["unknown key", "Did you mean 'zones'"]),
    ("key of a second place", "    fitted: true", "    against: {where: {no_zones: [3]}}", ["unknown key", "Did you mean 'not_zones'"]),
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


BROKEN = """\
name: T1
title: "Faults in every part"
source: "nobody"
overrides: [market=apparel, strategy=o2o, days=4, burn_in_days=2, shoppers=300, seed=4]
arms:
  dearer:
    interventions:
      - {what: price, times: 1.5, segments: [famly], from_day: 0}
  plain:
    overrides: [network.stores.cuont=3]
  slower:
    interventions:
      - {what: prize, times: 2, from_day: 0}
  usual: {}
outcomes:
  - {name: a, measure: sales, arms: [usual, dearest], whom: {segments: [yung]}, sign: "-"}
  - {name: b, measure: sales, arms: [usual, dearer], where: {nearest_to: S99}, when: [2, 1], sign: up}
  - {name: bb, measure: sales, arm: [usual, plain], where: {store: S99, within_km: 3, not_zones: [1], zones: [1]}, bnd: [1, 2]}
  - {name: c, measure: sale, arms: [usual, dearer], where: {zones: [99]}, sign: "-"}
  - {name: d, measure: sales, statistic: changes, arms: [usual, plain], categories: [topps], sign: "-"}
  - {name: e, measure: sales, arms: [usual, slower], when: [0, 9], of: z, sign: "-"}
  - {name: e, measure: sales, statistic: slope, sign: "-"}
"""


def test_faults_of_arms_and_of_outcomes_are_told_in_one_round(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, BROKEN)
    told = sorted((p.line, p.message) for p in caught.value.problems)
    at = lambda piece: line_of(BROKEN, piece)
    assert told == sorted([
        (at("seed=4"), "is not set in an experiment file"), (at("famly"), "no such segment"), (at("cuont"), "unknown key; network.stores has no 'cuont'"), (at("prize"), "not one of the options"),
        (at("name: a"), "no such arm"), (at("name: a"), "arm 'usual' has no such segment"), (at("name: b,"), "not one of the options"),
        (at("name: b,"), "arm 'usual' has no such store"), (at("name: b,"), "[2, 1] ends before it begins"),
        (at("name: bb"), "unknown key"), (at("name: bb"), "unknown key"), (at("name: bb"), "leaves no zone: each of zones stands in not_zones"),
        (at("name: c"), "no such measure"), (at("name: c"), "arm 'usual' has no such zone"),
        (at("name: d"), "no such statistic"), (at("name: d"), "arm 'usual' has no such category"),
        (at("name: e"), "days beyond the run of arm 'usual'"), (at("name: e"), "no earlier outcome of this name"),
        (at("statistic: slope"), "two outcomes have this name"),
    ])  # fmt: skip
    assert {p.file for p in caught.value.problems} == {"t.yaml"}


def test_without_arms_the_outcomes_are_still_checked(tmp_path: Path) -> None:
    text = TINY[: TINY.index("arms:")] + "arms: dearer\n" + TINY[TINY.index("outcomes:") :].replace("[-2.0, -0.01]", "[1, -1]")
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, text)
    assert [(p.line, p.message) for p in caught.value.problems] == [
        (line_of(text, "arms:"), "is a value where names are expected"), (line_of(text, "band:"), "-1 is not above 1"),
    ]  # fmt: skip


def test_shared_words_that_cannot_be_read_bring_no_false_alarms(tmp_path: Path) -> None:
    text = TINY.replace("[market=apparel,", "[1,").replace("{nearest_to: S02}", "{nearest_to: S77}")
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, text)
    assert [(p.key, p.message) for p in caught.value.problems] == [("overrides[0]", "is not text")]


def test_a_second_group_has_its_own_people_and_the_zones_of_the_first_unless_it_states_some(tmp_path: Path) -> None:
    def spec(against: str) -> list[dict]:
        keys = f"    where: {{zones: [3]}}\n    whom: {{segments: [family]}}\n    against: {against}\n"
        outcome = made(tmp_path, TINY.replace("    fitted: true\n", keys)).planned[0].experiment.outcomes[1]
        return [reading_of(outcome, group)["spec"] for group in outcome.groups]

    first = {"where": {"zones": [3]}, "whom": {"segments": ["family"]}}
    assert spec("all") == [first, {"where": {"zones": [3]}}]
    assert spec("{where: {not_zones: [3]}}") == [first, {"where": {"not_zones": [3]}}]
    assert spec("{where: all, segments: [family]}") == [first, {"whom": {"segments": ["family"]}}]
    assert spec("{prior: true}") == [first, {"where": {"zones": [3]}, "whom": {"prior": True}}]


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
    panel = "whom: {segments: [family]}\n    against: {segments: [family], where: {not_zones: [3]}}\n    where: {zones: [3]}\n    fitted: true"
    first = made(tmp_path, TINY.replace("fitted: true", panel))
    (tmp_path / "config.yaml").write_text(first.yaml, encoding="utf-8")
    again = reread(tmp_path / "config.yaml")
    assert again.hash == first.hash and again.yaml == first.yaml
    assert made(tmp_path, TINY, "replications=3").hash != first.hash
