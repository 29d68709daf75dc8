"""From a twin's folder to its members: whole models that stand where the retailer stands on the twin's day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from omosim.schema.settings import Settings
    from omosim.twin.dated import Dated
    from omosim.twin.ensemble import Ensemble
    from omosim.twin.folder import Twin
    from omosim.twin.parameters import Fit
    from omosim.twin.tables import Tables

#: people of a member beside known customers, at least, so that new ones can come
LEAST_OTHERS = 200


def base_settings(twin: Twin) -> Settings:
    """Settings behind a twin: what it was made with."""
    from omosim.config.reread import reread
    from omosim.twin.folder import checked

    file = twin.file("config")
    assert file is not None, "a twin is committed with its config"
    return reread(checked(file)).settings


def today(twin: Twin) -> date:
    """The first day that the twin does not know."""
    return date.fromisoformat(twin.head["as_of"]) + timedelta(days=1)


def fit_of(twin: Twin, tables: Tables) -> Fit:
    """Closed forms of everything that the twin knows. Raises CalibrationError where the orders cannot carry them."""
    from omosim.twin.history import Windows, split
    from omosim.twin.parameters import prepare

    log = tables.orders
    windows = split(log, 0)
    end = (today(twin) - date(1970, 1, 1)).days - windows.first_day
    return prepare(log, base_settings(twin), windows=Windows(windows.first_day, min(end, windows.end), min(end, windows.end)), name=twin.head["name"])


def draws_of(twin: Twin, members: int) -> list[dict[str, float]]:
    """Parameters of so many members: draws of the newest posterior, evenly spread over them; where there are fewer, they come again."""
    from omosim.twin.parameters import BY_NAME

    table = twin.table("posterior")
    rows: dict[int, dict[str, float]] = {}
    for draw, name, value in zip(table["draw"], table["parameter"], table["value"], strict=True) if table else ():
        if name in BY_NAME and value is not None:
            rows.setdefault(int(draw), {})[name] = float(value)
    kept = [rows[i] for i in sorted(rows)] or [{}]
    return [kept[i * len(kept) // members if len(kept) >= members else i % len(kept)] for i in range(members)]


def share_of(fit: Fit, theta: Mapping[str, float]) -> float:
    """Purchases per need at some parameters: what is seen of customers over what they need."""
    from omosim.twin.parameters import BY_NAME

    rate = theta.get("need_rate", float(BY_NAME["need_rate"].centre(fit)))
    return float(np.clip(fit.laws.repeat.r / fit.laws.repeat.purchase_alpha / rate, 0.02, 1.0))


def state_today(twin: Twin, fit: Fit, tables: Tables, settings: Settings) -> Dated:
    """The retailer's state on the first second of today, with purchases per need as a pilot measures them."""
    from dataclasses import replace

    from omosim.twin.dated import state_of
    from omosim.twin.shares import bought_share

    end = (today(twin) - date(1970, 1, 1)).days
    found = state_of(tables, settings, fit.laws.repeat, end, share_of(fit, {}))
    return replace(found, opening=found.opening.with_share(bought_share(settings, found.opening)))


def ensemble_of(twin: Twin, tables: Tables, fit: Fit, members: int, days: int) -> tuple[Ensemble, list[str]]:
    """So many members that stand at the first second of today, each with its own draw of the parameters and of what is hidden.

    fit : `fit_of` the twin; days : length of their settings' window; they grow when they go beyond it

    Returns
    -------
    The ensemble, and what was taken from the data and what is unknown, in words
    """
    from omosim.twin.ensemble import Ensemble
    from omosim.twin.opening import settings_at
    from omosim.twin.parameters import settings_of as settings_with

    draws = draws_of(twin, members)
    names = sorted({name for draw in draws for name in draw})
    theta = np.array([[draw.get(name, np.nan) for name in names] for draw in draws]).reshape(members, len(names))
    known = int(tables.orders.orders()["shopper_id"].nunique())

    def made(row: np.ndarray) -> Settings:
        return settings_at(settings_with(fit, dict(zip(names, map(float, row), strict=True)), days=days, scale=1.0, forward=True), today(twin))

    people = max(known + LEAST_OTHERS, *(made(row).shoppers for row in theta))  # one number for all: copies of members keep their people

    def settings_of(row: np.ndarray) -> Settings:
        return made(row).model_copy(update={"shoppers": people})

    found = state_today(twin, fit, tables, settings_of(theta[0]))
    out = Ensemble.begin(found.opening, theta, settings_of)
    out.compact = True
    return out, found.said


def told(twin: Twin, ensemble: Ensemble) -> dict[str, Any]:
    """What the members stand on, in figures for `decision.json` and pages."""
    first = ensemble.members[0]
    return {"members": len(ensemble), "customers": first.known, "people": first.settings.shoppers, "as_of": twin.head["as_of"], "draws": len({tuple(row) for row in ensemble.theta.tolist()})}
