"""From a twin's folder to its members: whole models that stand where the retailer stands on a day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.schema.days import date_of, day_number

if TYPE_CHECKING:
    from omosim.schema.settings import Settings
    from omosim.study.executor import Executor
    from omosim.twin.dated import Dated
    from omosim.twin.folder import Twin
    from omosim.twin.follow import Kept
    from omosim.twin.history import Floats
    from omosim.twin.opening import Opening
    from omosim.twin.parameters import Fit
    from omosim.twin.prospects import Prospects
    from omosim.twin.running import Runs, Start
    from omosim.twin.tables import Tables

#: stores that a note names
NAMED = 5


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
    from omosim.api.twin_given import given_of
    from omosim.twin.closed_form import tried_of
    from omosim.twin.history import until
    from omosim.twin.parameters import prepare

    log, windows = tables.orders, until(tables.orders, day_number(today(twin)))
    return prepare(log, base_settings(twin), windows=windows, name=twin.head["name"], given=given_of(twin), known=tried_of(twin.table("fits")))


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


@dataclass(frozen=True)
class Stand:
    """The retailer on the first second of a day, and how a member stands in it.

    dated : its state by the data; kept : what members have learnt
    built : a row of theta on its scales -> the market as it is built; people : seats of every member's; traded : settings -> those with the present way
    """

    dated: Dated
    built: Callable[[Floats], Settings]
    people: int
    traded: Callable[[Settings], Settings]
    kept: Kept
    first: int  # replication of the first member

    def runs(self, shapes: Sequence[float], thetas: Sequence[Floats], days: Sequence[int], workers: Executor | None = None) -> Runs:
        """Members over stretches of days.

        shapes : how far the year's end has come in each stretch; thetas : parameters of each (N, P), on their scales, the first
        those of `kept`; days : of each
        """
        from omosim.twin.follow import NEWCOMERS, effective
        from omosim.twin.running import run_members

        thetas = [effective(self.kept.columns, theta, shape) for theta, shape in zip(thetas, shapes, strict=True)]
        for i in (i for i, c in enumerate(self.kept.columns) if c.name == NEWCOMERS.name):
            for theta in thetas[1:]:
                theta[:, i] = thetas[0][:, i]  # people are as many as when members begin; what they would be later, a forecast adds
        starts, later = self._starts(thetas[0]), []
        for i, start in enumerate(starts):
            plan: list[Settings] = [start.settings]
            for before, theta in pairwise(thetas):
                plan.append(plan[-1] if np.array_equal(theta[i], before[i]) else self.settings_of(theta[i]).model_copy(update=self._own(i)))
            later.append(plan[1:])
        return run_members(starts, later, days, workers)

    def due_back(self, tables: Tables, fit: Fit, days: int) -> dict[str, Floats]:
        """Series -> (days,) what orders of before still bring back."""
        from omosim.twin.returning import still_to_come

        lines = tables.orders.lines
        age = self.kept.day - lines["placed_local"].to_numpy(np.float64) / 86_400
        past = age >= 0
        columns = {"returned_value": "value", "returned_units": "units"}
        return {name: still_to_come(lines[column].to_numpy(np.float64)[past], age[past], fit.laws.back, days) for name, column in columns.items()}

    def members(self, shape: float) -> list[Start]:
        """All members at the day's first second; shape : as `runs`."""
        from omosim.twin.follow import effective

        return self._starts(effective(self.kept.columns, self.kept.theta, shape))

    def _own(self, member: int) -> dict[str, int]:
        return {"replication": self.first + member, "burn_in_days": 0}

    def _starts(self, theta: Floats) -> list[Start]:
        from omosim.twin.running import Start

        return [Start(self.opening(i, theta), self.settings_of(row).model_copy(update=self._own(i))) for i, row in enumerate(theta)]

    def settings_of(self, row: Floats) -> Settings:
        """Settings of a member at a row of theta."""
        from omosim.twin.prospects import among

        built, them = _others(self.dated, self.kept, self.built, row)
        return self.traded(among(built, self.people, len(self.dated.opening), them))

    def opening(self, member: int, theta: Floats) -> Opening:
        """One member's state: the data's, with the goodwill that it has come to and the pace and prospects of (N, P) theta."""
        _, them = _others(self.dated, self.kept, self.built, theta[member])
        return replace(
            self.dated.opening, pace=_factor(self.kept, theta[member], "pace"), silent=them.silent, slow=them.slow,
            goodwill=self.kept.goodwill_of(member, self.dated.seats),
        )  # fmt: skip


def _factor(kept: Kept, row: Floats, name: str) -> float:
    """What a row of theta multiplies by in a column, 1 where members have none."""
    at = [c.name for c in kept.columns]
    return float(np.exp(row[at.index(name)])) if name in at else 1.0


def _others(dated: Dated, kept: Kept, built: Callable[[Floats], Settings], row: Floats) -> tuple[Settings, Prospects]:
    """The market of a row of theta as it is built, and its people who have not bought."""
    from omosim.twin.prospects import prospects

    made = built(row)
    return made, prospects(replace(dated.opening, pace=_factor(kept, row, "pace")), made, dated.weeks, _factor(kept, row, "newcomers"))


def stand(twin: Twin, tables: Tables, fit: Fit, kept: Kept, days: int) -> Stand:
    """Where members stand at the first second of the day that `kept` is of; nothing later is looked at.

    They trade by the present way of these days' middle, so that a week is traded as most of it was. What part of their needs customers buy is measured under the way that the twin was
    made with: their past was made under it, and else a way that sells more would make people need less.

    fit : `fit_of` the twin; days : length of their settings' window; they grow when they go beyond it
    """
    from omosim.api.twin_ways import present_on, with_ways
    from omosim.twin.dated import lost_days, state_of
    from omosim.twin.follow import outer
    from omosim.twin.opening import LEAST_SHARE, settings_at
    from omosim.twin.parameters import BY_NAME
    from omosim.twin.parameters import settings_of as settings_with
    from omosim.twin.prospects import LEAST_OTHERS
    from omosim.twin.shares import each_share, shares_by_kind

    on, names = date_of(kept.day), [c.name for c in kept.columns]
    need_rate = float(BY_NAME["need_rate"].centre(fit))

    @cache
    def made(row: tuple[float, ...]) -> Settings:
        value = dict(zip(names, map(float, outer(kept.columns, np.array([row]))[0]), strict=True))
        theta = {name: v for name, v in value.items() if name in BY_NAME}
        theta["need_rate"] = theta.get("need_rate", need_rate) * value["pace"]
        return settings_at(settings_with(fit, theta, days=days, scale=1.0, forward=True), on)

    def built(row: Floats) -> Settings:
        return made(tuple(row.tolist()))

    present = present_on(twin.head, (on + timedelta(days=days // 2)).isoformat())
    pilot = built(kept.theta.mean(axis=0))
    calendar = twin.table("days")
    assert calendar is not None, "a twin is committed with its calendar"
    lost = lost_days(calendar["state"], day_number(twin.head["first_day"]))
    found = state_of(tables, pilot, fit.laws.repeat, kept.day, share_of(fit, {}), lost=lost)
    known = len(found.opening)
    pilot = pilot.model_copy(update={"shoppers": max(pilot.shoppers, known + LEAST_OTHERS)})
    kind = f"k={fit.laws.repeat.k}{', mostly bought' if fit.laws.mostly_bought else ''}"  # each assumes other needs behind purchases
    if kept.must_measure(kind, known):
        kept = replace(kept, measured=(kind, kept.tastes(), known), shares=tuple(shares_by_kind(pilot, found.opening).tolist()))
    found = replace(found, opening=found.opening.with_share(each_share(pilot, found.opening, np.array(kept.shares))))
    if "need_rate" not in names and known:  # who has not bought yet buys as the law says too, at the share that was measured
        law = fit.laws.repeat
        need_rate = min(law.r / law.purchase_alpha / max(float(found.opening.share.mean()), LEAST_SHARE), BY_NAME["need_rate"].high)
        made.cache_clear()
    others = [_others(found, kept, built, row) for row in kept.theta]
    people = max(*(one.shoppers for one, _ in others), *(known + them.seats for _, them in others))  # one number for all: they share their places, goods and people
    if present["ways"]:
        found.said.append(f"as it is: {', then '.join(present['ways'])}, since {present['from']}, as was told by took=WAY")
    first = 1 + len(kept.theta) * max(kept.day - day_number(twin.head["first_day"]), 0)
    return Stand(found, built, people, lambda settings: with_ways(settings, present["ways"]), kept, first)


def hours_assumed(tables: Tables, given: Collection[str], settings: Settings) -> list[str]:
    """What to say where opening hours were neither given nor can be read from the orders: whose they are, and how to give them.

    given : keys that `new` was told; settings : of a member, whose hours stand then
    """
    from omosim.planning.history import hours_not_told
    from omosim.twin.costs import HOURS
    from omosim.twin.dated import handed_over

    missing = [key for key in HOURS if key not in given]
    stores = settings.network.stores
    if not missing or not stores.count or not handed_over(tables.orders.lines).any():
        return []
    names = hours_not_told(tables.orders.lines)
    if not names:
        return []
    few = names[:NAMED]
    of = f" of {', '.join(few)}{f' and {len(names) - len(few)} more stores' if len(names) > len(few) else ''}" if all(names) else ""
    return [f"opening hours{of} are assumed, {stores.opens} to {stores.closes}, as the orders do not tell them: omosim twin new takes yours ({' '.join(f'{key}=HH:MM' for key in missing)})"]


def told(twin: Twin, stand: Stand, people: int) -> dict[str, Any]:
    """What the members stand on, in figures for `decision.json` and pages."""
    theta = stand.kept.theta
    return {"members": len(theta), "customers": len(stand.dated.opening), "people": people, "as_of": twin.head["as_of"], "draws": len({tuple(row) for row in theta.tolist()})}
