"""The dashed words of a command line, taken apart from key=value words."""

from __future__ import annotations

from dataclasses import dataclass, field

from omosim.cli.table import FLAGS
from omosim.cli.texts import LANGUAGES


@dataclass
class Flags:
    """What the dashed words said."""

    lang: str = "en"
    help: bool = False
    version: bool = False
    multirun: bool = False
    trace: bool = False
    all: bool = False
    count: bool = False
    warm: bool = False
    cfg: str | None = None
    completion: str | None = None
    wrong: list[str] = field(default_factory=list)


_SWITCHES = {
    "--help": "help", "-h": "help", "--version": "version", "-V": "version", "--multirun": "multirun", "-m": "multirun",
    "--trace": "trace", "--all": "all", "--count": "count", "--warm": "warm",
}  # fmt: skip
_VALUES = {"--cfg": ("-c", ("job", "all")), "--lang": ("", LANGUAGES), "--completion": ("", ("bash",))}


def split(argv: list[str]) -> tuple[str | None, list[str], Flags]:
    """The command, its words, and the flags; what cannot be a flag is told in `flags.wrong`."""
    flags = Flags()
    words: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word in _SWITCHES:
            setattr(flags, _SWITCHES[word], True)
        elif _value_flag(word) is not None:
            _take(word, rest, flags)
        elif word.startswith("-") and len(word) > 1 and "=" not in word.split("-")[0] and not word[1:2].isdigit():
            flags.wrong.append(word)
        else:
            words.append(word)
    command = words.pop(0) if words else None
    if command is not None and flags.multirun and "--multirun" not in FLAGS.get(command, ()):
        flags.wrong.append("--multirun")
    if command is not None and flags.cfg and "--cfg" not in FLAGS.get(command, ()):
        flags.wrong.append("--cfg")
    return command, words, flags


def _value_flag(word: str) -> str | None:
    head = word.split("=")[0]
    return next((long for long, (short, _) in _VALUES.items() if head == long or (short and head == short)), None)


def _take(word: str, rest: list[str], flags: Flags) -> None:
    name = _value_flag(word) or ""
    options = _VALUES[name][1]
    value = word.partition("=")[2] if "=" in word else (rest.pop(0) if rest and rest[0] in options else "")
    if value not in options:
        flags.wrong.append(f"{word} (write {name} {'|'.join(options)})")
    elif name == "--cfg":
        flags.cfg = value
    elif name == "--lang":
        flags.lang = value
    else:
        flags.completion = value
