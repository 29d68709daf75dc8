"""From a twin's folder to its members: whole models that stand where the retailer stands on the twin's day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from omosim.schema.settings import Settings
    from omosim.twin.ensemble import Ensemble
    from omosim.twin.folder import Twin
    from omosim.twin.opening import Opening
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
    table = twin.table("posterior")
    from omosim.twin.parameters import BY_NAME

    rows: dict[int, dict[str, float]] = {}
    for draw, name, value in zip(table["draw"], table["parameter"], table["value"], strict=True) if table else ():
        if name in BY_NAME and value is not None:
            rows.setdefault(int(draw), {})[name] = float(value)
    kept = [rows[i] for i in sorted(rows)] or [{}]
    return [kept[i * len(kept) // members if len(kept) >= members else i % len(kept)] for i in range(members)]


def unseen_customers(fit: Fit) -> float:
    """Customers of old who have not been seen since the log began, as so many fresh ones who buy at their pace now."""
    from omosim.twin.laws import unseen

    repeat, got = fit.laws.repeat, fit.laws.acquisition
    weeks = fit.laws.calendar.operational(fit.days)[-1] / 7
    before, after = unseen(repeat, np.array([weeks, weeks + 1.0]))
    return float(got.known_before * (before - after) / (repeat.r / repeat.purchase_alpha))


def settings_at(twin: Twin, fit: Fit, theta: dict[str, float], known: int, days: int) -> Settings:
    """Settings of a member that begins today: the market as it stands after the log, every known customer in a seat.

    People beside known customers are those who do not know the retailer yet, as many as the fit says, and the few customers
    of old whom the log has not met.
    """
    from omosim.twin.assumed import AWARE_AT_START
    from omosim.twin.market import digits
    from omosim.twin.parameters import settings_of

    made = settings_of(fit, theta, days=days, scale=1.0, forward=True)
    old = unseen_customers(fit)
    others = max(LEAST_OTHERS, round(made.shoppers * (1 - AWARE_AT_START) + old))
    awareness = made.market.awareness.model_copy(update={"initial": digits(old / others)})
    market = made.market.model_copy(update={"start_date": today(twin).isoformat(), "awareness": awareness})
    return made.model_copy(update={"market": market, "shoppers": known + others, "burn_in_days": 0})


def share_of(fit: Fit, theta: dict[str, float]) -> float:
    """Purchases per need at some parameters: what is seen of customers over what they need."""
    from omosim.twin.parameters import BY_NAME

    rate = theta.get("need_rate", float(BY_NAME["need_rate"].centre(fit)))
    return float(np.clip(fit.laws.repeat.r / fit.laws.repeat.purchase_alpha / rate, 0.02, 1.0))


def opening_at(twin: Twin, fit: Fit, tables: Tables, settings: Settings) -> Opening:
    """The retailer's state on the first second of today, from orders (and counts of stock where they name the market's nodes)."""
    from omosim.schema.codes import Entry
    from omosim.twin.opening import opening_of

    orders = tables.orders.orders()
    codes = {entry.name.lower(): int(entry) for entry in Entry}
    entry = np.array([codes.get(str(c), int(Entry.WEB)) for c in orders["channel"].fillna("web")], np.int64)
    price = orders["value"].to_numpy(np.float64) / np.maximum(orders["units"].to_numpy(np.float64), 1.0)
    category = np.full(len(orders), -1, np.int64)
    for i, band in enumerate(fit.bands):
        category[(price >= band.low) & (price < band.high)] = i
    opening, _ = opening_of(
        orders["shopper_id"].to_numpy(object), orders["placed_local"].to_numpy(np.float64) / 86_400, entry, category, orders["value"].to_numpy(np.int64),
        today(twin), float((today(twin) - date(1970, 1, 1)).days), fit.likeliest, len(settings.catalogue.categories), share_of(fit, {}),
    )  # fmt: skip
    return opening


def ensemble_of(twin: Twin, members: int, days: int, *, tables: Tables | None = None) -> Ensemble:
    """So many members that stand at the first second of today, each with its own draw of the parameters and of what is hidden.

    days : length of their settings' window; they grow when they go beyond it
    """
    from omosim.twin.ensemble import Ensemble
    from omosim.twin.members import Member
    from omosim.twin.tables import tables_of

    tables = tables_of(twin) if tables is None else tables
    fit = fit_of(twin, tables)
    draws = draws_of(twin, members)
    known = int(tables.orders.orders()["shopper_id"].nunique())
    names = sorted({name for draw in draws for name in draw})
    people = max(settings_at(twin, fit, draw, known, days).shoppers for draw in draws)

    def settings_of(row: Sequence[float] | np.ndarray) -> Settings:
        made = settings_at(twin, fit, dict(zip(names, map(float, row), strict=True)), known, days)
        return made.model_copy(update={"shoppers": people})

    theta = np.array([[draw.get(name, np.nan) for name in names] for draw in draws]).reshape(members, len(names))
    opening = opening_at(twin, fit, tables, settings_of(theta[0]))
    seats = [
        Member.begin(settings_of(row).model_copy(update={"replication": 1 + i}), opening.with_share(share_of(fit, draws[i]))).keep()
        for i, row in enumerate(theta)
    ]  # fmt: skip
    return Ensemble(seats, theta, None, settings_of)


def told(twin: Twin, ensemble: Ensemble) -> dict[str, Any]:
    """What the members stand on, in figures for `decision.json` and pages."""
    first = ensemble.members[0]
    return {"members": len(ensemble), "customers": first.known, "people": first.settings.shoppers, "as_of": twin.head["as_of"], "draws": len({tuple(row) for row in ensemble.theta.tolist()})}
