"""Composition as plain data is Hydra's, to the key and its place; files that change are read again."""

import json

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from omosim.config import plain
from omosim.config.compose import compose
from omosim.config.errors import ConfigError
from omosim.config.hydra_source import Loader
from omosim.config.library import Library

LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.sampled_from(["", "a", "3", "null"])
TREES = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(LEAVES, lambda t: st.lists(t, max_size=2) | st.dictionaries(st.sampled_from("abc"), t, max_size=3), max_leaves=8),
)
WORDS = st.sampled_from(
    ["++a=3", "++a.b=x", "++a.b.c=[1,2]", "++b={c:1,a:{b:2}}", "++c=null", "++b.c=-0.5", "++c=[]", "++a='x y'", "++a.b={}", "++c.a.b=true"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TREES, min_size=1, max_size=3), st.lists(WORDS, max_size=3))
def test_layers_and_overrides_come_to_what_hydras_containers_make_of_them(trees, words):
    read = OverridesParser.create().parse_overrides(words)
    found: dict = {}
    try:
        for tree in trees:
            plain._merge(found, tree)
        for word in read:
            plain._apply(found, word)
    except plain.Unusual:
        return
    wanted = OmegaConf.create()
    for tree in trees:
        wanted.merge_with(OmegaConf.create(tree))
    OmegaConf.set_struct(wanted, True)
    ConfigLoaderImpl._apply_overrides_to_config(read, wanted)
    assert json.dumps(found) == json.dumps(OmegaConf.to_container(wanted))


@pytest.mark.parametrize(
    "primary, words",
    [
        ("run", []),
        ("compare", ["market='apparel'", "strategy='omnichannel'", "++market.demand.needs_per_week=0.5", "++seed=3"]),
        ("run", ["scenario='ab_virtual_fitting'", "++network.stores.own.pickup_bays=null", "++strategy.name='오프라인'"]),
        ("validate", ["network='seoul_beauty'", "strategy='store_only'", "++touchpoints.kinds=[a,b]"]),
    ],
)
def test_a_command_composed_both_ways_has_the_same_data_from_the_same_files(primary, words, tmp_path):
    whole = Loader(Library(tmp_path)).compose_whole(primary, words)
    for _ in range(2):  # the second time from memory
        library = Library(tmp_path)
        data, files = plain.compose(library, primary, words)
        assert json.dumps(data) == json.dumps(whole[0]) and files == whole[1]
        assert list(library.docs) == [path for path, _ in files], "problems of files are told in this order"


def test_what_is_out_of_the_ordinary_is_left_to_hydra(tmp_path):
    for words in (["~seed"], ["+seed=3"], ["++market.demand=[1]"], ["++seed=???"]):
        with pytest.raises(plain.Unusual):
            plain.compose(Library(tmp_path), "run", words)


def test_a_file_that_changes_within_a_process_is_read_again(tmp_path):
    own = tmp_path / "configs" / "strategy"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("defaults:\n  - store_only\n  - _self_\nname: mine\n")
    first = compose("run", ["strategy=mine"], tmp_path).settings
    assert first.strategy.name == "mine" and "web_shop" not in first.strategy.capabilities
    (own / "mine.yaml").write_text("defaults:\n  - multichannel\n  - _self_\nname: mine\n")
    assert "web_shop" in compose("run", ["strategy=mine"], tmp_path).settings.strategy.capabilities
    (own / "multichannel.yaml").write_text("defaults:\n  - store_only\nname: multichannel\n")  # goes before the shipped one
    assert "web_shop" not in compose("run", ["strategy=mine"], tmp_path).settings.strategy.capabilities
    (own / "mine.yaml").write_text("nam: mine\n")
    with pytest.raises(ConfigError, match=r"configs/strategy/mine\.yaml:1"):
        compose("run", ["strategy=mine"], tmp_path)
    (own / "mine.yaml").unlink()
    with pytest.raises(ConfigError, match="no such strategy"):
        compose("run", ["strategy=mine"], tmp_path)
