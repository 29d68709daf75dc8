"""`experiment=NAME|FILE`: a study as data, the words of one command with its question. Words on the command line win."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omosim.config.errors import Problem, nearest, refuse, show
from omosim.config.library import Library, is_path
from omosim.config.strict import Doc, read_file

KEYS = ("command", "title", "question", "overrides", "reading")


def expand(command: str, words: list[str], cwd: Path) -> tuple[list[str], list[Problem]]:
    """The words with `experiment=…` replaced by what the file says, and what is wrong with the file."""
    named = [w for w in words if w.startswith("experiment=")]
    if not named:
        return words, []
    own = [w for w in words if w not in named]
    if len(named) > 1:
        return own, [Problem("given twice", key="experiment", cure="Name one experiment")]
    doc = _read(named[0].partition("=")[2].strip("'\""), cwd)
    if doc.problems:
        return own, list(doc.problems)
    problems = _judge(doc, command)
    listed = doc.data.get("overrides") or []
    if problems:
        return own, problems
    taken = {_key(w) for w in own}
    return [*(w for w in listed if _key(w) not in taken), *own], []


def _read(name: str, cwd: Path) -> Doc:
    """The file given by path, or of that name in ./experiments, or of that name among those that come with omosim."""
    if is_path(name):
        return read_file(cwd / name, name)
    library = Library(cwd)
    if not library.exists(f"experiment/{name}"):
        known = library.options("experiment")
        cure = "Choose one of these, or give a file: experiment=FILE.yaml"
        raise refuse(
            "no such experiment",
            key="experiment",
            value=show(name),
            allowed=", ".join(known),
            near=nearest(name, known),
            cure=cure,
        )
    return library.doc(f"experiment/{name}")


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")


def _judge(doc: Doc, command: str) -> list[Problem]:
    found = [_problem(doc, key, "unknown key", "Remove it", ", ".join(KEYS)) for key in doc.data if key not in KEYS]
    wanted = doc.data.get("command")
    if wanted != command:
        found.append(
            _problem(doc, "command", f"is a study of '{wanted}'", f"Write omosim {wanted} experiment=…", command)
        )
    listed: Any = doc.data.get("overrides")
    if not isinstance(listed, list) or not all(isinstance(w, str) and "=" in w for w in listed):
        found.append(_problem(doc, "overrides", "is no list of words", "Write '- key=value' lines", "- key=value"))
    elif any(_key(w) == "experiment" for w in listed):
        found.append(_problem(doc, "overrides", "names another experiment", "Write its words out"))
    return found


def _problem(doc: Doc, key: str, message: str, cure: str, allowed: str = "") -> Problem:
    return Problem(message, doc.file, doc.line_of((key,)), None, key, None, allowed, cure=cure)
