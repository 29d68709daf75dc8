"""Composition: what overrides, files, names and arms amount to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from omosim.config.assumptions import assumptions
from omosim.config.compose import compose, settings_from_dict
from omosim.config.errors import ConfigError
from omosim.config.library import Library
from omosim.config.resolved import config_hash, resolved_yaml
from omosim.config.strict import read_text
from omosim.schema.settings import Settings


def test_defaults_of_the_contract() -> None:
    c = compose("compare")
    assert list(c.arms) == ["o2o", "omnichannel", "omo"]
    assert c.compare is not None
    assert (c.compare.baseline, c.compare.replications, c.compare.precision, c.compare.jobs) == ("o2o", 10, 0.01, 2)
    s = c.settings
    assert (s.shoppers, s.days, s.burn_in_days, s.seed, s.market.name) == (20000, 28, 28, 7, "seoul_beauty")
    assert s.strategy.name == "o2o"


def test_arms_differ_in_the_strategy_alone() -> None:
    c = compose("compare", ["shoppers=500", "market.rival.pull=0.3"])
    rests = {name: s.model_dump(exclude={"strategy"}) for name, s in c.arms.items()}
    assert rests["o2o"] == rests["omnichannel"] == rests["omo"]
    assert len({config_hash(s) for s in c.arms.values()}) == 3


@pytest.mark.parametrize("group", ["market", "scenario", "strategy"])
def test_every_shipped_file_composes(group: str) -> None:
    names = Library().options(group)
    assert names
    for name in names:
        compose("run", [f"{group}={name}"])


def test_overrides_are_typed_by_the_schema() -> None:
    words = [
        "network.stores.opens=10:30",
        "network.carrier.waves=[11:00,15:30]",
        "market.title=007",
        "shoppers=500",
        "market.rival.pull=1",
    ]
    s = compose("run", words).settings
    assert s.network.stores.opens == "10:30"
    assert s.network.carrier.waves == ["11:00", "15:30"]
    assert s.market.title == "007"
    assert s.shoppers == 500
    assert s.market.rival.pull == 1.0


@pytest.mark.parametrize(
    "title", ["서울 뷰티 시장", "it's", "a,b", "a=b", "[x]", "(x)", "50 %", "C:\\x", "x # y", "é 中文", "a: b", "\\'"]
)
def test_text_needs_no_quotes(title: str) -> None:
    assert compose("run", [f"market.title={title}"]).settings.market.title == title


def test_korean_names_in_lists_and_groups(shop: Path) -> None:
    strategy = (shop / "strategy.yaml").read_text(encoding="utf-8").replace("_strategy", "_전략")
    (shop / "configs" / "strategy").mkdir(parents=True)
    (shop / "configs" / "strategy" / "우리전략.yaml").write_text(strategy, encoding="utf-8")
    c = compose("compare", ["strategies=[o2o,우리전략]", "baseline=우리전략"])
    assert list(c.arms) == ["o2o", "우리전략"]
    assert c.compare is not None and c.compare.baseline == "우리전략"
    assert compose("run", ["strategy=우리전략"]).settings.strategy.name.endswith("_전략")


def test_own_folder_equals_the_market_it_was_made_from(shop: Path) -> None:
    own = compose("run", ["market=market.yaml", "strategy=strategy.yaml"]).settings
    shipped = compose("run", ["market=seoul_beauty", "strategy=omo"]).settings
    assert own.catalogue == shipped.catalogue and own.network == shipped.network
    label = {"name": "x", "title": "x"}
    assert own.market.model_copy(update=label) == shipped.market.model_copy(update=label)
    assert own.market.title.startswith("Own retailer, from: Beauty chain in Seoul")
    assert own.strategy.capabilities == shipped.strategy.capabilities
    assert config_hash(own) == config_hash(shipped)


def test_market_file_may_name_its_parts(shop: Path) -> None:
    text = (shop / "market.yaml").read_text(encoding="utf-8")
    head = text[: text.index("\ncatalogue:")]
    (shop / "named.yaml").write_text(head + "\ncatalogue: apparel\nnetwork: apparel\n", encoding="utf-8")
    s = compose("run", ["market=named.yaml"]).settings
    assert s.catalogue == compose("run", ["market=apparel"]).settings.catalogue
    with pytest.raises(ConfigError, match="the market brings no catalogue"):
        (shop / "bare.yaml").write_text(head, encoding="utf-8")
        compose("run", ["market=bare.yaml"])
    compose("run", ["market=bare.yaml", "catalogue=apparel", "network=apparel"])


def test_override_beats_file_and_file_beats_package(shop: Path) -> None:
    c = compose("run", ["market=market.yaml", "network.stores.pickers=5"])
    assert c.settings.network.stores.pickers == 5
    assert c.origins["network.stores.pickers"] == "network.stores.pickers=5"
    assert c.origins["network.stores.count"].startswith("market.yaml:")
    assert c.origins["shoppers"].startswith("configs/run.yaml:")


def test_users_scenarios_come_first(shop: Path) -> None:
    (shop / "scenarios").mkdir()
    (shop / "scenarios" / "baseline.yaml").write_text("name: mine\ntitle: mine\n", encoding="utf-8")
    assert compose("run").settings.scenario.name == "mine"
    assert compose("run", cwd=shop.parent).settings.scenario.name == "baseline"


def test_capability_off_takes_along_what_needs_it() -> None:
    c = compose("run", ["strategy=omo", "strategy.capabilities.bopis=false"])
    caps = c.settings.strategy.capabilities
    assert not caps["bopis"].enabled and not caps["fitting_pickup"].enabled and caps["web_shop"].enabled
    assert caps["bopis"].levels == compose("run", ["strategy=omo"]).settings.strategy.capabilities["bopis"].levels
    assert any("fitting_pickup" in note for note in c.notes)


def test_capability_on_brings_defaults_and_what_it_needs() -> None:
    c = compose(
        "run", ["strategy=store_only", "strategy.capabilities.bopis=true", "strategy.capabilities.bopis.levels.fee=0.1"]
    )
    caps = c.settings.strategy.capabilities
    assert caps["bopis"].levels == {"promise_h": 2.5, "fee": 0.1, "users": 1.0}
    assert caps["web_shop"].enabled and caps["web_shop"].capital > 0


def test_a_capability_off_that_is_absent_stays_absent() -> None:
    plain = compose("run", ["strategy=store_only"]).settings
    assert compose("run", ["strategy=store_only", "strategy.capabilities.live_commerce=false"]).settings == plain


def test_capability_words_hold_for_every_arm_that_has_it() -> None:
    c = compose(
        "compare",
        ["strategies=[store_only,o2o,omo]", "baseline=store_only", "strategy.capabilities.bopis.levels.fee=0.2"],
    )
    assert "bopis" not in c.arms["store_only"].strategy.capabilities
    assert [c.arms[a].strategy.capabilities["bopis"].levels["fee"] for a in ("o2o", "omo")] == [0.2, 0.2]


def test_deleting_and_adding_keys() -> None:
    c = compose("run", ["~market.demand.week_of_run", "+scenario.expect.orders='+'"])
    assert c.settings.market.demand.week_of_run == []
    assert c.settings.scenario.expect == {"orders": "+"}


def test_resolved_yaml_reads_back_to_the_same_settings() -> None:
    for market in Library().options("market"):
        s = compose("run", [f"market={market}", "network.stores.opens='08:30'"]).settings
        text = resolved_yaml(s)
        assert settings_from_dict(read_text(text, "config.yaml").data) == s
        assert settings_from_dict(yaml.safe_load(text)) == s


def test_settings_from_dict_reports_all() -> None:
    data = compose("run").settings.model_dump(mode="json")
    data["days"], data["nonsense"], data["market"]["timezone"] = "x", 1, "Mars"
    with pytest.raises(ConfigError) as error:
        settings_from_dict(data)
    assert len(error.value.problems) == 3


def test_hash_is_of_content() -> None:
    base = compose("run")
    for word in ("engine.fulfilment=reference", "output.dir=x", "engine.threads=2", "market.title=y"):
        assert compose("run", [word]).hash == base.hash, word
    for word in (
        "seed=8",
        "shoppers=20001",
        "market.rival.pull=0.123",
        "strategy=o2o",
        "scenario=price_rise",
        "replication=1",
    ):
        assert compose("run", [word]).hash != base.hash, word


def test_hash_of_a_comparison_knows_its_arms_but_not_its_jobs() -> None:
    base = compose("compare").hash
    assert compose("compare", ["jobs=1"]).hash == base
    assert compose("compare", ["strategies=[o2o,omo]"]).hash != base
    assert compose("compare", ["precision=0.02"]).hash != base


def test_every_number_has_a_source() -> None:
    rows = assumptions(compose("run"))
    assert len(rows) > 300
    assert {"key", "value", "unit", "range", "source", "file"} <= set(rows[0])
    silent = [
        r["key"] for r in rows if not r["source"] and not r["key"].startswith(("engine.", "schema_version", "output."))
    ]
    assert silent == []


def test_composition_leaves_no_trace_in_hydra() -> None:
    """A notebook that uses Hydra itself keeps its own state."""
    from hydra.core.global_hydra import GlobalHydra

    compose("run")
    assert not GlobalHydra.instance().is_initialized()


def test_late_interventions_are_noted() -> None:
    assert compose("run", ["scenario=store_opening", "days=7"]).notes
    assert not compose("run", ["scenario=store_opening", "days=28"]).notes


def test_equal_settings_whatever_the_working_folder(tmp_path: Path) -> None:
    assert isinstance(compose("run", cwd=tmp_path).settings, Settings)
    assert compose("run", cwd=tmp_path).settings == compose("run").settings


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run", ["strategy=o2o", "seed=3"]),
        ("compare", ["strategies=[o2o,omo]", "replications=4"]),
        ("calibrate", ["orders=o.csv"]),
    ],
)
def test_a_results_config_is_taken_up_again(command: str, words: list[str], tmp_path: Path) -> None:
    from omosim.config.reread import reread

    (tmp_path / "o.csv").write_text("")
    first = compose(command, [*words, "network.stores.opens=09:30"], cwd=tmp_path)
    (tmp_path / "config.yaml").write_text(first.yaml, encoding="utf-8")
    again = reread(tmp_path / "config.yaml", output_dir="here")
    assert again.hash == first.hash and again.options == first.options and list(again.arms) == list(first.arms)
    assert again.settings.output.dir == "here"
    plain = {name: s.model_copy(update={"output": first.settings.output}) for name, s in again.arms.items()}
    assert plain == first.arms


def test_a_damaged_config_is_refused(tmp_path: Path) -> None:
    from omosim.config.reread import reread

    text = compose("run").yaml.replace("currency: KRW", "currency: KWR")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config.yaml:\d+: market.currency = 'KWR'"):
        reread(tmp_path / "config.yaml")


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_experiment_composes(path: Path, tmp_path: Path) -> None:
    command = str(read_text(path.read_text(encoding="utf-8"), "x").data["command"])
    c = compose(command, [f"experiment={path.stem}"], cwd=ROOT)
    assert c.hash == compose(command, [f"experiment={path}"]).hash
    assert compose(command, [f"experiment={path.stem}", "shoppers=321"], cwd=ROOT).settings.shoppers == 321
    assert c.hash == compose(command, [f"experiment={path.stem}"], cwd=tmp_path).hash
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / path.name).write_text(f"command: {command}\noverrides: [shoppers=777]\n")
    assert compose(command, [f"experiment={path.stem}"], cwd=tmp_path).settings.shoppers == 777  # one's own comes first


def test_bad_experiments_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("command: run\noverrides: [shopers=5]\nwhat: 1\n")
    with pytest.raises(ConfigError) as error:
        compose("compare", ["experiment=e.yaml"], cwd=tmp_path)
    assert len(error.value.problems) == 2
    (tmp_path / "e.yaml").write_text("command: run\noverrides: [shopers=5]\n")
    with pytest.raises(ConfigError, match="Did you mean 'shoppers'"):
        compose("run", ["experiment=e.yaml"], cwd=tmp_path)
    with pytest.raises(ConfigError, match="Did you mean 'which_strategy'"):
        compose("compare", ["experiment=which_strateg"], cwd=tmp_path)


def test_a_copy_of_the_shipped_folders_is_the_shipped_ones(tmp_path):
    """An installed omosim that is called in a clone finds ./configs and ./scenarios there."""
    import shutil

    from omosim.config.compose import compose
    from omosim.config.library import package_root

    own = package_root()
    shutil.copytree(own.configs, tmp_path / "configs")
    shutil.copytree(own.folder("scenario"), tmp_path / "scenarios")
    assert compose("compare", [], tmp_path).hash == compose("compare", [], tmp_path.parent).hash


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("from_day: 0", "works from day 14 on (ramp-up of 14 days), the run ends on day 14;"),
        ("from_day: -4, to_day: 8", "works from day 10 on (ramp-up of 14 days), it is switched off on day 8;"),
        ("from_day: -1", None),  # on the last day
    ],
)
def test_a_ramp_up_that_outlasts_the_run_is_told(change: str, told: str | None) -> None:
    scenario = f"scenario.interventions=[{{what: capability, capability: personal_coupons, set: 1, {change}}}]"
    late = [note for note in compose("run", ["strategy=o2o", "days=14", scenario]).notes if "ramp-up" in note]
    assert [told in note and "give an earlier from_day (-14" in note for note in late] == ([True] if told else [])
    on = "strategy.capabilities.personal_coupons=true"
    assert not any("ramp-up" in note for note in compose("run", ["strategy=o2o", on, "days=14", scenario]).notes)
