"""An own-retailer folder to break, and the command line, called in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from omosim.cli import study
from omosim.cli.main import main
from omosim.config.init import init


@dataclass
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of `omosim init`, by name."""
    folder = tmp_path_factory.mktemp("init") / "mystore"
    return {path.name: path.read_text(encoding="utf-8") for path in init(folder)}


@pytest.fixture
def shop(tmp_path: Path, template: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with market.yaml, scenario.yaml and strategy.yaml."""
    for name, text in template.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Studies that would have started; none does."""
    calls: list[object] = []

    def start(composed: object, argv: list[str]) -> int:
        calls.append(composed)
        return 0

    monkeypatch.setattr(study, "_start", start)
    return calls


@pytest.fixture
def omosim(capsys: pytest.CaptureFixture[str], started: list[object]) -> Callable[..., Answer]:
    """The command line, called in this process; no study starts."""

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call
