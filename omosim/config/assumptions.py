"""Every value of a run with its unit, range and source, for the report and for `explain --all`."""

from __future__ import annotations

import re
from typing import Any

from omosim.config.compose import Composed
from omosim.config.layers import leaves
from omosim.config.levels import describe
from omosim.config.schema_tree import Key
from omosim.config.strict import dotted

_UNIT = re.compile(r"\[([^\]]*)\]\s*(.*)", re.DOTALL)


def source_of(comment: str) -> tuple[str, str]:
    """Unit and source in a comment `[unit] source`."""
    match = _UNIT.match(comment)
    return (match.group(1).strip(), match.group(2).strip()) if match else ("", comment.strip())


def is_assumed(source: str) -> bool:
    """Whether the source says that nobody measured the value."""
    return "assumed" in source.lower()


def span(key: Key | None) -> str:
    """The range of a number, empty where there is none."""
    if key is None or key.low is None or key.high is None:
        return ""
    return f"{key.low:.12g} to {key.high:.12g}"


def assumptions(composed: Composed) -> list[dict[str, Any]]:
    """One row a value: key, value, unit, range, source, file (place that set it), assumed."""
    return [r for r in rows(composed) if isinstance(r["value"], int | float) and not isinstance(r["value"], bool)]


def rows(composed: Composed) -> list[dict[str, Any]]:
    """One row for every value of the first arm's settings."""
    data = composed.settings.model_dump(mode="json")
    layers = next(iter(composed.layers.values()))
    if composed.compare is not None:
        layers = composed.layers[composed.compare.baseline]
    found = []
    for loc in leaves(data):
        key = describe(loc)
        value: Any = data
        for step in loc:
            value = value[step]
        place = layers.set_by(loc)
        unit, source = source_of(layers.comment(loc))
        given = "=" in place and ":" not in place.split("=")[0]
        found.append(
            {
                "key": dotted(loc),
                "value": value,
                "unit": unit if key is None or key.unit in ("", "by level", "quantity's unit") else key.unit,
                "range": span(key),
                "source": "given on the command line" if given else source,
                "file": place,
                "assumed": not given and is_assumed(source),
            }
        )
    return found
