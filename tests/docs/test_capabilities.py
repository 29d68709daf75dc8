"""docs/capabilities.md says what the registry, the shipped files and the policy say."""

import importlib.util
from pathlib import Path

import pytest

from omosim.strategy import capability, capability_names

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def writer():
    spec = importlib.util.spec_from_file_location("capability_page", ROOT / "experiments" / "capability_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_registry_says(writer):
    text = writer.PAGE.read_text(encoding="utf-8")
    assert writer.page(text) == text, "run python experiments/capability_page.py"


def test_each_capability_acts_on_some_of_the_six_and_on_nothing_else(writer):
    for name in capability_names():
        found = writer.acts_on(name)
        assert found and set(found) <= set(writer.KINDS), f"{name}: {found}; name the policy's new field in KINDS"


def test_every_number_of_the_list_stands_somewhere(writer):
    having = {code for name in capability_names() for code in capability(name).codes}
    missing = [f"C{i}" for i in range(1, 38) if f"C{i}" not in having | set(writer.ELSEWHERE)]
    assert not missing and having <= {f"C{i}" for i in range(1, 38)} and len(writer.SPOKEN_OF) == 37


def test_each_capability_costs_something_and_says_so(writer):
    for name in capability_names():
        row = writer.shipped(name)
        assert row.capital + row.running_per_day + row.running_per_store_day > 0, name
        assert type(capability(name)).__doc__, name
