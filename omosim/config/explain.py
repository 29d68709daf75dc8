"""What a setting means: unit, range, value, source, and the line that set it."""

from __future__ import annotations

import json
from typing import Any

from omosim.config.assumptions import rows, source_of
from omosim.config.commands import OPTIONS
from omosim.config.compose import Composed, compose
from omosim.config.errors import ConfigError, nearest, refuse, show
from omosim.config.levels import describe
from omosim.config.library import GROUPS, Library
from omosim.config.schema_tree import children, lookup, tree
from omosim.schema.scenario import KINDS, ONLY_SET, ONLY_TIMES, SWITCHES, WHOLE_RUN
from omosim.schema.settings import CompareSettings

LISTED = 60


def explain(key: str, composed: Composed) -> str:
    """The text for one key, or the keys below a prefix. Raises ConfigError when there is no such key."""
    path = tuple(key.replace("[", ".").replace("]", "").strip(".").split("."))
    table = rows(composed)
    exact = [r for r in table if r["key"] == key]
    if exact:
        return _leaf(exact[0], composed)
    found = lookup(_typed(path))
    below = [r for r in table if r["key"].startswith((key + ".", key + "["))]
    if below:
        head = f"{key}: {found.meaning}" if found is not None and found.meaning else key
        return "\n".join([head, *(_line(r) for r in below[:LISTED]), *_more(below)])
    if found is not None:
        return _bare(key, path)
    compare = CompareSettings.model_fields.get(key)
    if compare is not None:
        extra = compare.json_schema_extra
        unit = extra.get("unit", "") if isinstance(extra, dict) else ""
        layers = next(iter(composed.layers.values()))
        source, place = source_of(layers.comment((key,)))[1], layers.set_by((key,))
        row = {"key": key, "value": composed.options.get(key), "unit": unit, "source": source, "file": place}
        return "\n".join(_lines(row, compare.description or "", _allowed(key), ""))
    for command in ("bopis", "calibrate", "validate", "claims", "value", "flip", "attribute", "twin"):
        if key in OPTIONS[command].model_fields:
            return _option(key, command)
    if key in KINDS:
        return f"{key} (what: {key} in scenario.interventions): {quantity_span(key)}"
    short = _by_last_name(path, table)
    if short:
        return short
    raise _unknown(key, path, [r["key"] for r in table])


def _by_last_name(path: tuple[str, ...], table: list[dict[str, Any]]) -> str:
    """What a name stands for that is no key from the top: the settings below or at every key that ends with it."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in table:
        parts = tuple(row["key"].replace("[", ".").replace("]", "").split("."))
        for end in range(len(path), len(parts) + 1):
            if parts[end - len(path) : end] == path:
                sections.setdefault(".".join(parts[:end]), []).append(row)
                break
    if not sections:
        return _absent(path)
    texts = []
    for name, below in sorted(sections.items(), key=lambda item: not item[0].startswith("strategy.capabilities.")):
        found = lookup(_typed(tuple(name.split("."))))
        meaning = _what(name) or (found.meaning if found is not None else "")
        head = f"{name}: {meaning}" if meaning else name
        texts.append("\n".join([head, *(_line(r) for r in below[:LISTED]), *_more(below)]))
    if len(texts) == 1 and len(path) == 1 and texts[0].startswith("strategy.capabilities."):
        texts.append(f"  switch   strategy.capabilities.{path[0]}=true|false on the command line\n  try      omosim compare strategies=[o2o,omo] strategy.capabilities.{path[0]}=false")
    return "\n".join(texts)


def _absent(path: tuple[str, ...]) -> str:
    """A capability that the strategy has not: what switching it on would bring. Empty where there is none of that name."""
    name, library = path[-1], Library()
    full = f"strategy.capabilities.{name}"
    if path[:-1] not in ((), ("strategy", "capabilities")) or not library.exists(f"strategy/capability/{name}"):
        return ""
    try:
        below = [r for r in rows(compose("run", [f"{full}=true"])) if r["key"].startswith(full + ".")]
    except ConfigError as error:  # it asks for more than a switch, as lockers that the network has none of
        return f"{full}: {_what(full)}\n  not in this strategy, and not to be switched on alone: {error.problems[0].message}"
    head = f"{full}: {_what(full)}\n  not in this strategy; {full}=true brings"
    return "\n".join([head, *(_line(r) for r in below[:LISTED])])


def _what(name: str) -> str:
    """Title of a capability, where the name is one."""
    head, _, last = name.rpartition(".")
    library = Library()
    if head != "strategy.capabilities" or not library.exists(f"strategy/capability/{last}"):
        return ""
    return library.title(f"strategy/capability/{last}") or library.first_comment(f"strategy/capability/{last}")


def quantity_span(name: str) -> str:
    """What a quantity of a dated change is: meaning, how it is given, unit, range, narrowing."""
    kind = KINDS[name]
    if name in ONLY_TIMES:
        given = "times"
    elif name in SWITCHES:
        given = "set 0 or 1"
    else:
        given = f"set {kind.low:g} to {kind.high:g} [{kind.unit}]" + ("" if name in ONLY_SET else " or times")
    narrowed = f"; narrowed by {', '.join(kind.narrowed)}" if kind.narrowed else ""
    whole = "; for a whole run" if name in WHOLE_RUN else ""
    return f"{kind.meaning}; {given}{narrowed}{whole}"


def _option(key: str, command: str) -> str:
    """What a command takes beside the settings of a run, with its value where the command's own file gives one."""
    model = OPTIONS[command]
    found = tree(model)[(key,)]
    default = "none: it must be given" if found.required else _text(found.default)
    try:
        composed = compose(command)
    except ConfigError:  # a command that cannot do without some option
        row = {"key": key, "value": found.default, "unit": found.unit, "source": "", "file": ""}
    else:
        layers = next(iter(composed.layers.values()))
        source, place = source_of(layers.comment((key,)))[1], layers.set_by((key,))
        row = {"key": key, "value": composed.options.get(key), "unit": found.unit, "source": source, "file": place}
    return "\n".join([*_lines(row, found.meaning, found.allowed, default), f"  of       omosim {command}"])


def _allowed(key: str) -> str:
    found = tree(CompareSettings).get((key,))
    return found.allowed if found else ""


def _typed(path: tuple[str, ...]) -> tuple[str | int, ...]:
    return tuple(int(p) if p.isdigit() else p for p in path)


def _leaf(row: dict[str, Any], composed: Composed) -> str:
    found = describe(_typed(tuple(row["key"].replace("[", ".").replace("]", "").split("."))))
    default = (
        "none: a file must give it" if found is None or found.required or "*" in found.path else _text(found.default)
    )
    return "\n".join(_lines(row, found.meaning if found else "", found.allowed if found else "", default))


def _lines(row: dict[str, Any], meaning: str, allowed: str, default: str) -> list[str]:
    lines = [f"{row['key']} = {_text(row['value'])}"]
    for name, value in (
        ("meaning", meaning),
        ("unit", row["unit"]),
        ("allowed", allowed),
        ("default", default),
        ("source", row["source"] or "not stated"),
        ("set by", row["file"]),
    ):
        if value:
            lines.append(f"  {name:<8} {value}")
    lines.append(f"  change   {row['key']}=VALUE on the command line, or in a file of `omosim init`")
    return lines


def _bare(key: str, path: tuple[str, ...]) -> str:
    found = lookup(_typed(path))
    assert found is not None
    names = [".".join((*path, c)) for c in children(_typed(path))]
    lines = [f"{key}: {found.meaning}", f"  allowed  {found.allowed}"]
    lines += [f"  default  {_text(found.default)}"] if not found.required and found.is_leaf else []
    return "\n".join(lines + [f"  {n}" for n in names[:LISTED]])


def _text(value: Any) -> str:
    return (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, list | dict | bool) or value is None
        else show(value).strip("'")
    )


def _line(row: dict[str, Any]) -> str:
    unit = f" [{row['unit']}]" if row["unit"] else ""
    source = f"  # {row['source']}" if row["source"] else ""
    return f"  {row['key']} = {_text(row['value'])}{unit}{source}"


def _more(below: list[dict[str, Any]]) -> list[str]:
    return [f"  … and {len(below) - LISTED} more; give a longer key"] if len(below) > LISTED else []


def _unknown(key: str, path: tuple[str, ...], known: list[str]) -> Exception:
    like = [k for k in known if path[-1] in k.split(".")[-1]] or [k for k in known if path[-1] in k]
    near = like[0] if like else nearest(key, known) or nearest(path[-1], _names(path, known))
    if near is not None and near not in known:
        near = next((k for k in known if k.split(".")[-1] == near), near if len(path) == 1 else None)
    allowed = (
        ", ".join(like[:15]) if len(like) > 1 else ", ".join([*GROUPS, *(k for k in children(()) if k not in GROUPS)])
    )
    return refuse(
        "no such setting", value=show(key), allowed=allowed, near=near, cure="`omosim explain --all` lists every key"
    )


def _names(path: tuple[str, ...], known: list[str]) -> list[str]:
    """Names that a short name may have meant: of settings, sections and capabilities; of settings alone where it is a longer key."""
    if len(path) > 1:
        return [k.split(".")[-1] for k in known]
    return [*dict.fromkeys(part for k in known for part in k.split(".")), *Library().options("strategy/capability")]


def explain_all(composed: Composed) -> str:
    """Every value with its unit and source, and how many are assumed."""
    table = rows(composed)
    return "\n".join([*(_line(r).strip() for r in table), _whole(table)])


def explain_count(composed: Composed) -> str:
    """How many numbers are assumed, have a source, are given on the command line or state none: by group, then in all."""
    table = rows(composed)
    numbers = _numbers(table)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in numbers:
        groups.setdefault(row["key"].split(".")[0] if "." in row["key"] else "run", []).append(row)
    lines = [f"{name:<12} {len(of):>4} numbers: {_counted(of)}" for name, of in groups.items()]
    silent = [r["key"] for r in numbers if not r["source"]]
    lines.append(_whole(table))
    return "\n".join(lines + ([f"without a stated source: {', '.join(silent[:LISTED])}"] if silent else []))


def _numbers(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose value is a number that decides something; the version of the file's layout does not."""
    return [r for r in table if isinstance(r["value"], int | float) and not isinstance(r["value"], bool) and r["unit"] != "version"]


def _whole(table: list[dict[str, Any]]) -> str:
    numbers = _numbers(table)
    return f"{len(table)} settings, {len(numbers)} of them numbers: {_counted(numbers)}"


def _counted(numbers: list[dict[str, Any]]) -> str:
    assumed = [r for r in numbers if r["assumed"]]
    reasoned = sum(r["source"].strip().lower() != "assumed" for r in assumed)
    given = sum(r["source"] == "given on the command line" for r in numbers)
    silent = sum(not r["source"] for r in numbers)
    sourced = len(numbers) - len(assumed) - given - silent
    return (
        f"{len(assumed)} assumed ({reasoned} on stated grounds), {given} given on the command line, "
        f"{sourced} with a source, {silent} without a stated source"
    )
