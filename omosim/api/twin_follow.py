"""Members of a twin brought to its day: each week that was seen is run, held against the data, and kept as a step of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.schema.days import date_of, date_text, day_number

if TYPE_CHECKING:
    from omosim.api.twin_state import Stand
    from omosim.config.compose import Composed
    from omosim.study.executor import Executor
    from omosim.twin.folder import Step, Twin
    from omosim.twin.follow import Kept
    from omosim.twin.history import Floats
    from omosim.twin.parameters import Fit
    from omosim.twin.season import Prior
    from omosim.twin.tables import Tables

STEP = "assimilate"
WEEK_DAYS = 7
#: days of the log, at least, before the first step: the state at its beginning is a state too
LEAST_PAST = 28
#: members from which the twentieth part lies inside the outermost two
LEAST_BAND = 19
#: members times days times people from which a second process pays
WORTH_A_START = 20_000_000
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
        """Where they stand, with what is said of it; the weeks on the way here are said of by none."""
        from omosim.api.twin_state import hours_assumed, stand

        place = stand(twin, self.tables, self.fit, self.kept, days)
        place.dated.said.extend(hours_assumed(self.tables, self.fit.given, place.built(place.kept.theta[0])))
        return place


def settled(twin: Twin, composed: Composed) -> dict[str, Any]:
    """The words of a command, with as many members as the twin keeps unless a number was given."""
    said = any(word.lstrip("+~").startswith("members=") for word in composed.overrides)
    kept = twin.head.get("following")
    return {**composed.options, **({"members": kept["members"]} if kept and not said else {})}


def behind(twin: Twin) -> bool:
    """Whether the twin keeps members that have not seen its last whole week, or stand on an older fit."""
    kept = twin.head.get("following")
    return kept is not None and read(twin, kept["members"], late=False) is None


def caught_up(step: Step, asked: Mapping[str, Any]) -> Today:
    """Bring the twin's members to its day, week by week, each committed; killed, the next call goes on from the last one.

    asked : members, assimilate, warm_weeks. Without assimilation members are draws of the posterior as it stands.

    Raises
    ------
    CalibrationError : the orders cannot carry members
    """
    from omosim.api.twin import _say
    from omosim.api.twin_state import fit_of, today
    from omosim.twin.closed_form import put_fits
    from omosim.twin.tables import tables_of

    twin, members = step.twin, int(asked["members"])
    tables = tables_of(twin)
    fit = fit_of(twin, tables)
    end, first = day_number(today(twin)), day_number(twin.head["first_day"])
    if not asked["assimilate"]:
        return Today(_begin(twin, fit, members, end, following=False), fit, tables, np.zeros((members, 2)), ("members do not follow the data (assimilate=false): they are as the fit left them",))
    kept = read(twin, members)
    if kept is None:
        weeks = max(0, min(int(asked["warm_weeks"]), (end - first - LEAST_PAST) // WEEK_DAYS))
        kept = _begin(twin, fit, members, end - WEEK_DAYS * weeks, following=True, season=asked["season"] == "retail")
    steps, started = (end - kept.day) // WEEK_DAYS, time.perf_counter()  # whole weeks: what is left waits for the rest of its week
    people = int(tables.orders.orders()["shopper_id"].nunique())
    with workers_for(members, max(0, end - kept.day), people, int(asked["jobs"])) as workers:
        for i in range(steps):
            kept, did = advance(twin, tables, fit, grown(twin, fit, kept, WEEK_DAYS), WEEK_DAYS, workers)
            put = {"members": step.table("members", kept.rows(), types={"value": "float64"}), "goodwill": step.table("goodwill", _goodwill_rows(kept), types={"shopper_id": "string"}), "fits": put_fits(step, fit.tried)}
            following = {"day": did["day"], "members": members, "set": simulated_set(twin), "columns": [[c.name, c.series, c.per, c.unit_elastic, c.drift, c.start] for c in kept.columns], "shares": list(kept.shares), "measured": kept.measured, "sums": kept.sums}
            step.commit(STEP, f"{did['day']}-{members}-{simulated_set(twin)}", did, {"following": following, "files": put})
            kept = read(twin, members)  # as the folder has them: a call that was killed and goes on has the same
            assert kept is not None
            took = time.perf_counter() - started
            _say(f"members follow the data: {did['day']}, {i + 1} of {steps} weeks, {took:.0f} s, about {took / (i + 1) * (steps - i - 1):.0f} s left; {did['words']}")
    return Today(replace(kept, day=end), fit, tables, noise_at(_seen(twin)[0]["orders"][: end - first], end, members, fit.seed, height_of(kept)), _notes(twin, members))


def _notes(twin: Twin, members: int) -> tuple[str, ...]:
    """What bands leave out."""
    out = []
    if members < LEAST_BAND:
        out.append(f"{members} members: bands reach from the least to the most of them, which is less than nine in ten; {LEAST_BAND} or more hold it")
    if not simulated_set(twin):
        out.append("what no week tells of the parameters stands at one value, by closed forms: bands leave that doubt out (budget_min=25 fits a set of plausible ones)")
    return tuple(out)


def simulated_set(twin: Twin) -> int:
    """Number of the newest fit by simulation, from whose draws members begin; 0 none."""
    return max((int(row["version"]) for row in twin.head["parameter_sets"] if row.get("by") == "simulation"), default=0)


def _begin(twin: Twin, fit: Fit, members: int, day: int, following: bool, season: bool = True) -> Kept:
    """Members of the newest posterior on a day."""
    from omosim.api.twin_forecast import panel_series
    from omosim.api.twin_state import draws_of
    from omosim.twin.follow import begun, columns_of
    from omosim.twin.parameters import PARAMETERS, told

    draws = draws_of(twin, members)
    names = [p.name for p in PARAMETERS if any(p.name in draw for draw in draws)]
    seen = list(panel_series(twin)) if following else []
    year_end = season_at(twin, day) if following and season else None
    columns = columns_of(names, [p.name for p in told(fit)], seen, year_end.sd if year_end else 0.0)
    return begun(columns, _centres(fit) | ({"season": year_end.mean} if year_end else {}), draws, day, _uniforms(fit.seed, _KEY, day, members, len(columns)))


def _centres(fit: Fit) -> dict[str, float]:
    from omosim.twin.parameters import PARAMETERS

    return {p.name: float(p.centre(fit)) for p in PARAMETERS if p.present(fit)}


def _uniforms(seed: int, key: int, day: int, members: int, columns: int) -> Floats:
    from omosim.twin.draws import uniforms

    return uniforms(np.random.Generator(np.random.Philox(key=[seed, key << 32 | day])), members, columns)


def grown(twin: Twin, fit: Fit, kept: Kept, days: int) -> Kept:
    """The members with columns for what the data show in the next days and did not when they began: a channel, a store, a category that is new."""
    from omosim.api.twin_state import draws_of
    from omosim.twin.follow import begun, columns_of
    from omosim.twin.parameters import BY_NAME, told

    at = kept.day - day_number(twin.head["first_day"])
    series = _seen(twin)[0]
    there = [name for name, x in series.items() if name in {c.series for c in kept.columns} or np.nansum(x[at : at + days]) > 0]
    have = {c.name for c in kept.columns}
    tastes = [p.name for p in told(fit) if p.name in have or p.group != "channels"]  # nobody has a taste for a channel that was not there: its level learns its part
    new = [c for c in columns_of([name for name in have if name in BY_NAME], tastes, there) if c.name not in have]
    if not new:
        return kept
    members = len(kept.theta)
    more = begun(new, _centres(fit), draws_of(twin, members), kept.day, _uniforms(fit.seed, _KEY + 3, kept.day, members, len(new)))
    return replace(kept, columns=(*kept.columns, *new), theta=np.concatenate([kept.theta, more.theta], axis=1))


def read(twin: Twin, members: int, late: bool = True) -> Kept | None:
    """The members that the folder keeps, None where it keeps none of this number, or of an older fit or program, or of later days than are known.

    late : those of an earlier day too
    """
    from omosim.api.twin_state import today
    from omosim.results.tables import read_arrow
    from omosim.twin.folder import checked
    from omosim.twin.follow import Column, Kept, inner

    head = twin.head.get("following")
    if not head or head["members"] != members or head["set"] != simulated_set(twin) or "measured" not in head:
        return None
    day = day_number(head["day"])
    table, feelings = twin.table("members"), twin.file("goodwill")
    if table is None or feelings is None or day > day_number(today(twin)) or (not late and day + WEEK_DAYS <= day_number(today(twin))):
        return None
    columns = tuple(Column(*row) for row in head["columns"])
    values = np.array(table["value"], np.float64).reshape(len(columns), members).T
    held = read_arrow(checked(feelings))
    goodwill = np.array([held[_member(i)].to_numpy() for i in range(members)], np.float64)
    measured = (head["measured"][0], tuple(head["measured"][1]), head["measured"][2])
    return Kept(columns, inner(columns, values), day, tuple(held["shopper_id"].to_pylist()), goodwill, tuple(head["shares"]), measured, tuple(head.get("sums", (0.0, 0.0))))


def _member(i: int) -> str:
    return f"member_{i}"


def _goodwill_rows(kept: Kept) -> dict[str, Any]:
    """A row a known customer, a column a member: share of price, to seven digits."""
    assert kept.goodwill is not None
    return {"shopper_id": list(kept.names), **{_member(i): row.astype(np.float32) for i, row in enumerate(kept.goodwill)}}


def _seen(twin: Twin) -> tuple[dict[str, Floats], np.ndarray]:
    """Series by day with closed days taken as not seen (members do not know them), and (days,) whether a day was closed."""
    from omosim.api.twin_forecast import panel_series

    days = twin.table("days")
    assert days is not None
    closed = np.array([state == "closed" for state in days["state"]])
    return {name: np.where(closed[: x.size], np.nan, x) for name, x in panel_series(twin).items()}, closed


def shape_of(day: int, days: int) -> float:
    """How far the year's end has come in the middle of some days from a day (since 1970) on, 0 to 1."""
    from omosim.twin.season import autumn

    return autumn(date_of(day + days // 2))


def season_at(twin: Twin, day: int) -> Prior:
    """How high the year's end stands: what is known of any retailer, moved by the weeks before a day."""
    from omosim.twin.levels import DRIFT, WEEK, weekly_logs
    from omosim.twin.season import learn, retail_prior

    seen, _ = _seen(twin)
    logs, var = weekly_logs(seen["orders"][: day - day_number(twin.head["first_day"])], weeks=520)
    return learn(retail_prior(), logs, np.nan_to_num(var, nan=1.0), _shapes(day, len(logs)), DRIFT, WEEK)


def _shapes(day: int, weeks: int) -> Floats:
    """(weeks,) how far the year's end had come in each of the weeks that end before a day."""
    return np.array([shape_of(day - WEEK_DAYS * (weeks - i), WEEK_DAYS) for i in range(weeks)])


def height_of(kept: Kept) -> float:
    """Mean height of the year's end over members, log; 0 where they have none."""
    from omosim.twin.follow import SEASON

    at = [c.name for c in kept.columns]
    return float(kept.theta[:, at.index(SEASON)].mean()) if SEASON in at else 0.0


def noise_at(past: Floats, day: int, members: int, seed: int, height: float) -> Floats:
    """(N, 2) draws of how fast the pace drifts and what belongs to one week, from the orders by day before a day.

    height : of the year's end, log: what it explains is no drift
    """
    from omosim.twin.levels import chances, weekly_logs

    u = _uniforms(seed, _KEY + 1, day, members, 1)[:, 0]
    logs, var = weekly_logs(past)
    return chances(logs - height * _shapes(day, len(logs)), var, u)


def advance(twin: Twin, tables: Tables, fit: Fit, kept: Kept, days: int, workers: Executor | None = None) -> tuple[Kept, dict[str, Any]]:
    """Members so many days on: run, held against what came, moved; and the journal's row.

    kept : of the first of these days; all of them are known to the twin
    """
    from omosim.api.twin_state import stand
    from omosim.twin.draws import normals
    from omosim.twin.follow import broken, compare, later, least_of, scaled, taught
    from omosim.twin.forecast import week_of_days
    from omosim.twin.levels import of_single_orders, scatter

    place = stand(twin, tables, fit, kept, days)
    kept = place.kept
    n, end = len(kept.theta), kept.day + days
    runs = place.runs([shape_of(kept.day, days)], [kept.theta], [days], workers)
    paths = scaled(kept.columns, kept.theta, runs.series, fit.laws.orders_per_day, place.due_back(tables, fit, days))
    seen, closed = _seen(twin)
    at = kept.day - day_number(twin.head["first_day"])
    orders, came = seen["orders"], {name: x[at : at + days] for name, x in seen.items()}
    before = noise_at(orders[:at], kept.day, n, fit.seed, height_of(kept))
    usual = [closed[at - 56 + (i % WEEK_DAYS) : at : WEEK_DAYS].mean() < 0.5 if at >= 56 else True for i in range(days)]
    short = bool((closed[at : at + days] & np.array(usual)).any())
    past = {name: x[:at] for name, x in seen.items()}
    of_days: dict[str, float] = {name: week_of_days(past[name], paths[name]) for name in ("orders", "new_customers") if name in past and name in paths}
    weekly, single = scatter({name: x for name, x in past.items() if name != "revenue"}), of_single_orders(tables.orders, kept.day, days)
    weekly |= {name: max(sd, weekly.get(name, 0.0)) for name, sd in single.items()}
    compared = compare(kept.columns, kept.theta, paths, came, float(np.sqrt((before[:, 1] ** 2).mean())), short, shape_of(kept.day, days), weekly, of_days, least_of(past))
    wide, compared, sums, broke = broken(kept.columns, kept.theta, compared, kept.sums)
    theta, done = taught(kept.columns, wide, compared)
    steps = normals(np.random.Generator(np.random.Philox(key=[fit.seed, (_KEY + 2) << 32 | end])), *theta.shape)
    drifts = noise_at(orders[: at + days], end, n, fit.seed, height_of(kept))[:, 0]
    moved: dict[str, list[float]] = {}
    told = np.isfinite(compared.observed)
    for moves in (m for m, seen in zip(compared.moves, told, strict=True) if seen):
        moved |= {kept.columns[j].name: _moved(kept, theta, j) for j in moves}
    words = f"{int(told.sum())} of {len(compared.columns)} series told" + "".join(f"; {part}" for part in done.words.split("; ")[1:])
    words += "; orders changed by more than drift explains: followed faster" if broke else ""
    did = {
        "day": date_text(end), "days": days, "words": words, "moved": moved,
        "far": [kept.columns[j].series for i, j in enumerate(compared.columns) if abs(done.z[i]) > 4],
        "healed": list(done.healed),
    }  # fmt: skip
    new = replace(kept, theta=later(kept.columns, theta, drifts, days, steps), day=end, names=tuple(map(str, place.dated.seats)), goodwill=runs.goodwill, sums=sums)
    return new, did


def _moved(kept: Kept, theta: Floats, column: int) -> list[float]:
    """Mean before, mean after, and the ends of the middle nine tenths after, in natural units."""
    outer = kept.columns[column].parameter.outer
    after = outer(theta[:, column])
    figures = (outer(kept.theta[:, column].mean()), outer(theta[:, column].mean()), *np.quantile(after, (0.05, 0.95)))
    return [float(f"{x:.6g}") for x in figures]


@contextmanager
def workers_for(members: int, days: int, people: int, jobs: int) -> Iterator[Executor | None]:
    """Processes where the work is worth their start, None else: a day of a member of 20,000 people takes some 10 ms."""
    from omosim.study.executor import make_executor
    from omosim.twin.running import ENTRY

    if jobs < 2 or members * days * people < WORTH_A_START:
        yield None
        return
    pool = make_executor(ENTRY, jobs)
    try:
        yield pool
    finally:
        pool.close()
