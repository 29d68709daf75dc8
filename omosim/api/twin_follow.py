"""Members of a twin brought to its day: each week that was seen is run, held against the data, and kept as a step of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from omosim.api.twin_state import Stand
    from omosim.twin.folder import Step, Twin
    from omosim.twin.follow import Kept
    from omosim.twin.history import Floats
    from omosim.twin.parameters import Fit
    from omosim.twin.tables import Tables

STEP = "assimilate"
WEEK = 7
#: days of the log, at least, before the first step: the state at its beginning is a state too
LEAST_PAST = 28
_KEY = 0xA5  # keeps draws of these steps apart from those of members


@dataclass(frozen=True)
class Today:
    """Members that stand at the twin's day, and what they stand on.

    noise : (N, 2) pace's drift a week and what belongs to one week, logs; notes : in words
    """

    kept: Kept
    fit: Fit
    tables: Tables
    noise: Floats
    notes: tuple[str, ...] = ()

    def stand(self, twin: Twin, days: int) -> Stand:
        """Where they stand."""
        from omosim.api.twin_state import stand

        return stand(twin, self.tables, self.fit, self.kept, days)


def caught_up(step: Step, asked: Mapping[str, Any]) -> Today:
    """Bring the twin's members to its day, week by week, each committed; killed, the next call goes on from the last one.

    asked : members, assimilate, warm_weeks. Without assimilation members are draws of the posterior as it stands.

    Raises
    ------
    CalibrationError : the orders cannot carry members
    """
    from omosim.api.twin import _say
    from omosim.api.twin_state import day_number, fit_of, today
    from omosim.twin.tables import tables_of

    twin, members = step.twin, int(asked["members"])
    tables = tables_of(twin)
    fit = fit_of(twin, tables)
    end, first = day_number(today(twin)), day_number(date.fromisoformat(twin.head["first_day"]))
    if not asked["assimilate"]:
        return Today(_begin(twin, fit, members, end, following=False), fit, tables, np.zeros((members, 2)), ("members do not follow the data (assimilate=false): they are as the fit left them",))
    kept = read(twin, members)
    begins = max(first + LEAST_PAST, end - WEEK * int(asked["warm_weeks"]))
    if kept is None:
        kept = _begin(twin, fit, members, min(begins, end), following=True)
    steps, started = -(-(end - kept.day) // WEEK), time.perf_counter()
    for i in range(steps):
        kept, did = advance(twin, tables, fit, kept, min(WEEK, end - kept.day))
        put = {"members": step.table("members", kept.rows(), types={"value": "float64"}), "goodwill": step.table("goodwill", _goodwill_rows(kept), types={"goodwill": "float32"})}
        following = {"day": did["day"], "members": members, "set": _set(twin), "columns": [[c.name, c.series, c.per, c.unit_elastic, c.drift, c.start] for c in kept.columns], "customers": len(kept.names)}
        step.commit(STEP, f"{did['day']}-{members}-{_set(twin)}", did, {"following": following, "files": put})
        kept = read(twin, members)  # as the folder has them: a call that was killed and goes on has the same
        assert kept is not None
        took = time.perf_counter() - started
        _say(f"members follow the data: {did['day']}, {i + 1} of {steps} weeks, {took:.0f} s, about {took / (i + 1) * (steps - i - 1):.0f} s left; {did['words']}")
    return Today(kept, fit, tables, noise_at(twin, kept.day, members, fit.seed))


def _set(twin: Twin) -> int:
    return max((int(row["version"]) for row in twin.head["parameter_sets"]), default=0)


def _begin(twin: Twin, fit: Fit, members: int, day: int, following: bool) -> Kept:
    """Members of the newest posterior on a day."""
    from omosim.api.twin_forecast import panel_series
    from omosim.api.twin_state import draws_of
    from omosim.twin.follow import begun, columns_of
    from omosim.twin.parameters import PARAMETERS, told

    draws = draws_of(twin, members)
    names = [p.name for p in PARAMETERS if any(p.name in draw for draw in draws)]
    seen = list(panel_series(twin)) if following else []
    columns = columns_of(names, [p.name for p in told(fit)], seen)
    centre = {p.name: float(p.centre(fit)) for p in PARAMETERS if p.present(fit)}
    u = np.random.Generator(np.random.Philox(key=[fit.seed, _KEY << 32 | day])).random((members, len(columns)))
    return begun(columns, centre, draws, day, np.clip(u, 1e-9, 1 - 1e-9))


def read(twin: Twin, members: int) -> Kept | None:
    """The members that the folder keeps, None where it keeps none of this number, or of an older fit, or of later days than are known."""
    from omosim.api.twin_state import day_number, today
    from omosim.twin.follow import Column, Kept, inner

    head = twin.head.get("following")
    if not head or head["members"] != members or head["set"] != _set(twin):
        return None
    day = day_number(date.fromisoformat(head["day"]))
    table, feelings = twin.table("members"), twin.table("goodwill")
    if table is None or feelings is None or day > day_number(today(twin)):
        return None
    columns = tuple(Column(*row) for row in head["columns"])
    values = np.array(table["value"], np.float64).reshape(len(columns), members).T
    n = head["customers"]
    goodwill = np.array(feelings["goodwill"], np.float64).reshape(members, n)
    return Kept(columns, inner(columns, values), day, tuple(feelings["shopper_id"][:n]), goodwill)


def _goodwill_rows(kept: Kept) -> dict[str, list[Any]]:
    assert kept.goodwill is not None
    n = len(kept.names)
    members = kept.goodwill.shape[0]
    return {"member": np.repeat(np.arange(members), n).tolist(), "shopper_id": list(kept.names) * members, "goodwill": kept.goodwill.ravel().tolist()}


def _seen(twin: Twin) -> tuple[dict[str, Floats], np.ndarray]:
    """Series by day with closed days taken as not seen (members do not know them), and (days,) whether a day was closed."""
    from omosim.api.twin_forecast import panel_series

    days = twin.table("days")
    assert days is not None
    closed = np.array([state == "closed" for state in days["state"]])
    return {name: np.where(closed[: x.size], np.nan, x) for name, x in panel_series(twin).items()}, closed


def noise_at(twin: Twin, day: int, members: int, seed: int) -> Floats:
    """(N, 2) draws of how fast the pace drifts and what belongs to one week, from the weeks before a day."""
    from omosim.api.twin_state import day_number
    from omosim.twin.follow import chances, weekly_logs

    seen, _ = _seen(twin)
    past = seen["orders"][: day - day_number(date.fromisoformat(twin.head["first_day"]))]
    u = np.random.Generator(np.random.Philox(key=[seed, (_KEY + 1) << 32 | day])).random(members)
    return chances(*weekly_logs(past), u)


def advance(twin: Twin, tables: Tables, fit: Fit, kept: Kept, days: int) -> tuple[Kept, dict[str, Any]]:
    """Members so many days on: run, held against what came, moved; and the journal's row.

    kept : of the first of these days; days : 1 to 7, all of them known to the twin
    """
    from omosim.api.twin_state import EPOCH, day_number, stand
    from omosim.twin.follow import compare, later, scaled, taught

    place = stand(twin, tables, fit, kept, days)
    n, end = len(kept.theta), kept.day + days
    paths, goodwill = run_all(place, days)
    paths = scaled(kept.columns, kept.theta, paths, fit.laws.orders_per_day)
    seen, closed = _seen(twin)
    at = kept.day - day_number(date.fromisoformat(twin.head["first_day"]))
    came = {name: x[at : at + days] for name, x in seen.items()}
    before = noise_at(twin, kept.day, n, fit.seed)
    usual = [closed[at - 56 + (i % WEEK) : at : WEEK].mean() < 0.5 if at >= 56 else True for i in range(days)]
    short = bool((closed[at : at + days] & np.array(usual)).any())
    compared = compare(kept.columns, kept.theta, paths, came, float(np.sqrt((before[:, 1] ** 2).mean())), short)
    theta, done = taught(kept.columns, kept.theta, compared)
    normals = np.random.Generator(np.random.Philox(key=[fit.seed, (_KEY + 2) << 32 | end])).standard_normal(theta.shape)
    drifts = noise_at(twin, end, n, fit.seed)[:, 0]
    moved = {}
    for i, j in enumerate(compared.columns):
        if np.isfinite(compared.observed[i]):
            moved[kept.columns[j].name] = _moved(kept, theta, j)
    words = f"{len(moved)} of {len(compared.columns)} series told" + "".join(f"; {part}" for part in done.words.split("; ")[1:])
    did = {
        "day": (EPOCH + timedelta(days=end)).isoformat(), "days": days, "words": words, "moved": moved,
        "far": [kept.columns[j].series for i, j in enumerate(compared.columns) if abs(done.z[i]) > 4],
        "healed": list(done.healed),
    }  # fmt: skip
    new = replace(kept, theta=later(kept.columns, theta, drifts, days, normals), day=end, names=tuple(map(str, place.dated.seats)), goodwill=goodwill)
    return new, did


def _moved(kept: Kept, theta: Floats, column: int) -> list[float]:
    """Mean before, mean after, and the middle nine tenths after, in natural units."""
    outer = kept.columns[column].parameter.outer
    after = outer(theta[:, column])
    figures = (outer(kept.theta[:, column].mean()), outer(theta[:, column].mean()), *np.quantile(after, (0.05, 0.95)))
    return [float(f"{x:.6g}") for x in figures]


def run_all(place: Stand, days: int) -> tuple[dict[str, Floats], Floats]:
    """Series -> (N, days) of every member, and (N, customers) goodwill at the end; members are made one after another, so memory holds one."""
    from omosim.twin.ensemble import stacked
    from omosim.twin.members import Member

    rows, feelings = [], []
    for i, row in enumerate(place.kept.theta):
        settings = place.settings_of(row).model_copy(update={"replication": place.first + i, "burn_in_days": 0})
        member = Member.begin(settings, place.opening(i))
        rows.append(member.advance(days).series)
        feelings.append(member.goodwill())
    return stacked(rows), np.array(feelings)


def journal(twin: Twin) -> list[dict[str, Any]]:
    """What the data moved, step by step."""
    return [json.loads(json.dumps(row["did"])) for row in twin.head["updates"] if row["step"] == STEP]
