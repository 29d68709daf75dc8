"""Every file and command of docs/customers.md is composed here, and run in the longer checks."""

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "customers.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)
FILES = {f"{yaml.safe_load(text)['name']}.yaml": text for kind, text in BLOCKS if kind == "yaml"}
COMMANDS = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_files_are_those_that_commands_name():
    assert len(FILES) == 2 and len(COMMANDS) == 3
    assert all(any(name in line for line in COMMANDS) and f"`{name}`" in PAGE for name in FILES)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_composes(line, folder):
    done = omosim(line, folder, "--cfg", "job")
    assert done.returncode == 0 and "shoppers" in done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_runs(line, folder):
    done = omosim(line, folder)
    assert done.returncode == 0, done.stderr
