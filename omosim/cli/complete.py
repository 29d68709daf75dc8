"""Tab completion: commands without any import, keys and options from the schema and the file names, never Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterable

from omosim.cli.table import COMMANDS, FLAGS, GLOBAL_FLAGS, KINDS

BASH = r"""# omosim: tab completion for bash.  Use: eval "$(omosim --completion bash)"
_omosim() {
    local IFS=$'\n'
    COMPREPLY=($(omosim __complete "${COMP_LINE:0:$COMP_POINT}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.,[] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _omosim omosim
"""


def complete(args: list[str]) -> int:
    """Print one candidate a line for the command line typed so far (one argument: the line up to the cursor)."""
    line = args[0] if args else ""
    for word in candidates(line):
        print(word)
    return 0


def candidates(line: str) -> list[str]:
    """What may follow; each cut so that bash, which breaks words at = and :, can put it in."""
    words = line.split()
    current = "" if line[-1:].isspace() or not words else words.pop()
    words = words[1:]
    if not words:
        return _matching([*COMMANDS, "--help", "--version", "--lang", "--completion"], current)
    command = words[0]
    if current.startswith("-"):
        return _matching([*FLAGS.get(command, ()), *(f for f in GLOBAL_FLAGS if f != "--completion")], current)
    if words[-1] == "--cfg":
        return _matching(["job"], current)
    takes = COMMANDS[command].takes if command in COMMANDS else "none"
    if takes == "kinds":
        return _matching(KINDS, current)
    if takes == "keys" and "=" not in current:
        return _matching(keys(command, current, end=""), current)
    if command == "twin" and len(words) == 1 and "=" not in current:
        return _matching(COMMANDS["twin"].usage.split()[2].split("|"), current)
    if takes in ("overrides", "keys"):
        return overrides(command, current)
    return []


def _matching(words: Iterable[str], start: str) -> list[str]:
    return [w for w in words if w.startswith(start)]


def overrides(command: str, current: str) -> list[str]:
    """Candidates for a key=value word; after '=' only the value's part."""
    key, equals, value = current.partition("=")
    if not equals:
        return _matching(keys(command, key, end="="), key)
    head, tail = re.match(r"(.*[\[,])?(.*)\Z", value, re.DOTALL).groups()  # type: ignore[union-attr]
    found = _matching(values(key.lstrip("+~")), tail or "")
    return [(head or "") + word for word in found]


def values(key: str) -> list[str]:
    """Known values of a key."""
    from omosim.config.library import GROUPS, Library

    if key in (*GROUPS, "experiment"):
        return Library().options(key)
    if key == "patterns":
        return ["all", *Library().options("pattern")]
    if key == "claims":
        return ["all", *Library().options("claim")]
    if key in ("strategies", "baseline"):
        return Library().options("strategy")
    parts = tuple(key.split("."))
    if parts[:2] == ("strategy", "capabilities") and len(parts) == 3:
        return ["true", "false"]
    from omosim.config.schema_tree import lookup

    found = lookup(parts)
    if found is None:
        return []
    return ["true", "false"] if found.kind == "bool" else list(found.options)


def keys(command: str, start: str, end: str) -> list[str]:
    """Keys that begin so: groups and settings at the top, then one level at a time."""
    from omosim.config.library import GROUPS, Library
    from omosim.config.schema_tree import children, lookup

    above = tuple(start.split(".")[:-1])
    if not above:
        from omosim.config.commands import OPTIONS

        model = OPTIONS.get(command)
        own = list(model.model_fields) if model is not None else []
        groups = [
            g + e
            for g in GROUPS
            for e in ((end, ".") if end else (".",))
            if not (command == "compare" and g == "strategy" and e == "=")
        ]
        plain = [k for k in children(()) if k not in GROUPS]
        return groups + [k + (end if _leaf((k,)) else ".") for k in plain] + [k + end for k in own]
    names = children(above)
    if above == ("strategy", "capabilities"):
        names = Library().options("strategy/capability")
        return [f"{'.'.join(above)}.{n}{e}" for n in names for e in ((end, ".") if end else (".",))]
    return [
        ".".join((*above, n)) + (end if _leaf((*above, n)) else ".") for n in names if lookup((*above, n)) is not None
    ]


def _leaf(path: tuple[str, ...]) -> bool:
    from omosim.config.schema_tree import lookup

    found = lookup(path)
    return found is not None and found.is_leaf
