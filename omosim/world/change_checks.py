"""What is wrong with the dated changes of a scenario, checked against settings and world before anything runs.

What is refused stands in `omosim.schema.refusals`; a file is judged by the same table when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from omosim.schema.refusals import Refusal, Surroundings, group_refusals, refusals
from omosim.schema.settings import Settings
from omosim.world.audiences import trial_problems
from omosim.world.errors import CannotIntervene


def surroundings(settings: Settings, node_names: Iterable[str] | None = None) -> Surroundings:
    """What dated changes may name under these settings; without names of nodes any name like S07 counts as a store, like D02 as a dark store."""
    names = None if node_names is None else set(node_names)

    def is_store(name: str, dark: bool) -> bool:
        letters = "SD" if dark else "S"
        return re.fullmatch(rf"[{letters}]0*[1-9]\d{{0,3}}", name) is not None and (names is None or name in names)

    return Surroundings(
        burn_in_days=settings.burn_in_days,
        zones=settings.market.geography.zones,
        categories={name: kind.skus for name, kind in settings.catalogue.categories.items()},
        segments=list(settings.market.segments),
        touchpoints=list(settings.touchpoints.rows),
        is_store=is_store,
        stores=lambda dark: "S01, S02, … in order of placement" + (", dark stores D01, …" if dark else ""),
    )


def problems(settings: Settings, node_names: Iterable[str] | None = None) -> list[str]:
    """All that is wrong with a scenario's dated changes, one text each: place, value, what is allowed.

    Parameters
    ----------
    settings : the run's settings
    node_names : names of the world's nodes; see `surroundings`
    """
    here = surroundings(settings, node_names)
    rows = [change.model_dump() for change in settings.scenario.interventions]
    found = [(i, refusal) for i, row in enumerate(rows) for refusal in refusals(row, here)]
    found += group_refusals(rows)
    texts = [_text(i, rows[i], refusal) for i, refusal in found]
    return texts + [f"scenario.interventions: {text}" for text in trial_problems(settings.scenario.interventions)]


def _text(i: int, row: dict[str, object], refusal: Refusal) -> str:
    """The refusal with its place, as a sentence of its own."""
    value: object = row
    for key in refusal.at:
        value = value[key]  # type: ignore[index]
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in refusal.at)
    shown = f" = {value!r}" if isinstance(value, str | int | float) else ""
    allowed = f"; allowed: {refusal.allowed}" if refusal.allowed else ""
    return f"scenario.interventions[{i}] ({row['what']}){path}{shown}: {refusal.message}{allowed}. {refusal.cure}."


def check_interventions(settings: Settings, node_names: Iterable[str] | None = None) -> None:
    """Refuse a scenario whose dated changes cannot be carried out.

    Raises
    ------
    CannotIntervene : lists every problem
    """
    found = problems(settings, node_names)
    if found:
        raise CannotIntervene("\n".join(found))
