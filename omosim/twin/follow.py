"""A twin's members follow the data: what moves, what tells it, and one step from a day to a later one.

Theta (N, P) stands on the scale on which its columns drift: logs of paces and levels, tastes as they are. A step compares sums over
the days that were seen: a column that multiplies its series is told by the members' mean freed of their own values (their chance
would only blur it), any other by regression on what members did. `pace` multiplies all purchase rates, `newcomers` says how
many people there are who have not bought yet and how many come to know the retailer (`omosim.twin.prospects`), `season` is how high the year's end stands beside the rest of it (`omosim.twin.season`), `level.SERIES` what a
series of the data is beside that of the members where no parameter of the model tells it.
Tests: tests/twin/test_follow.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from omosim.twin.assimilate import Step, drift, step
from omosim.twin.drift import CAP, Alarm, limit
from omosim.twin.history import Floats
from omosim.twin.levels import DRIFT
from omosim.twin.parameters import BY_NAME, Parameter

PACE = Parameter("pace", "pace of purchases beside the fitted laws", "factor", 0.02, 50.0, "log", 0.15, "demand", "-", (), "orders.placed_at", lambda fit: 1.0, 0.02)
NEWCOMERS = Parameter("newcomers", "how many have not bought yet, and how many come to know the retailer, beside the fitted laws", "factor", 0.02, 50.0, "log", 0.5, "demand", "-", (), "orders.shopper_id", lambda fit: 1.0, 0.05)
#: columns beside the model's parameters
LEVEL, SEASON = "level.", "season"
_SEASON = Parameter("season", "height of the year's end beside the rest of the year", "log", -3.0, 3.0, "linear", 0.25, "demand", "-", (), "-", lambda fit: 0.0)
_LEVEL = Parameter("level", "series of the data beside the members'", "factor", 1e-6, 1e6, "log", 1.0, "levels", "-", (), "-", lambda fit: 1.0)
_OWN = {p.name: p for p in (PACE, NEWCOMERS)}
#: series that grow with orders: data hold those of people without a name too
OF_ORDERS = ("orders", "revenue", "units", "pickups", "pickup_load", "returned_units", "returned_value")
#: parameter -> the series that tells it, the one it is a share of, sd of its start on its scale beyond the posterior's
TOLD: Mapping[str, tuple[str, str, float]] = {
    "pace": ("orders", "", PACE.sd),
    "newcomers": ("new_customers", "", NEWCOMERS.sd),
    "order_value": ("revenue", "orders", 0.3),
    "taste_store": ("orders.store", "orders.web", 0.2),
    "taste_social": ("orders.social", "orders.web", 0.2),
    "taste_live": ("orders.live", "orders.web", 0.2),
}
#: log; how far the level of a series that no parameter tells may lie from the members' at first, and how it drifts in a week
LEVEL_START, LEVEL_DRIFT = 1.0, 0.02
#: log; what belongs to one week of a share or level, beyond chance; assumed
SHARE_WEEK = 0.05
#: log; further chance of a week with closed days: holidays are more than the days they close; assumed
SHORT_WEEK = 0.2
#: sums of weeks' residuals of the pace: sds that are taken off each, and the quiet weeks, at least, between two false breaks; a week
#: beyond 2.8 sds is a break alone
BREAK_K, BREAK_WEEKS = 1.0, 78
#: what a walk of half a year spreads to, in weekly steps: below a part of it a column counts as collapsed
HALF_YEAR = float(np.sqrt(26.0))
#: share of price by which a taste must have moved before purchases per need are measured anew
TASTES_MOVED = 0.1
#: days of a run from which its first is not compared where stores sell
SHORTEST = 4
#: a week without any counts as so many; and so many times that must be foretold, at least, to be told by it
HALF, SELDOM = 0.5, 0.6


@dataclass(frozen=True)
class Column:
    """A column of theta: a parameter of the model, or a level.

    name : of `PARAMETERS`, "pace" or "level.SERIES"; series, per : what tells it, "" for none
    unit_elastic : its series is its multiple; drift : sd a week, start : sd at the start, both on its scale
    """

    name: str
    series: str = ""
    per: str = ""
    unit_elastic: bool = True
    drift: float = 0.0
    start: float = 0.0

    @property
    def parameter(self) -> Parameter:
        """Its scale and range."""
        if self.name.startswith(LEVEL):
            return _LEVEL
        if self.name == SEASON:
            return _SEASON
        return _OWN.get(self.name) or BY_NAME[self.name]

    @property
    def told(self) -> bool:
        """Whether data move it."""
        return bool(self.series)


def columns_of(names: Sequence[str], told: Sequence[str], seen: Sequence[str], season_sd: float = 0.0) -> tuple[Column, ...]:
    """The columns of a twin: its posterior's parameters, those that data move besides, and levels of what no parameter tells.

    Parameters
    ----------
    names : of the posterior; told : parameters that this retailer's kind of log can tell; seen : series of the data
    season_sd : of the height of the year's end before it is followed; 0: there is no season
    """
    both = set(seen)
    out: list[Column] = []
    used: set[str] = set()
    for name in [*names, *(n for n in TOLD if n not in names and (n in told or n == "pace" or (n == "newcomers" and "new_customers" in both)))]:
        series, per, start = TOLD.get(name, ("", "", 0.0))
        moves = series in both and (not per or per in both)
        weekly = (_OWN.get(name) or BY_NAME[name]).drift_per_week
        elastic = name in ("pace", "newcomers", "order_value")
        if moves:
            used |= {series}
            out.append(Column(name, series, per, elastic, weekly, start))
        elif name in names or name == "pace":
            out.append(Column(name))
    if season_sd > 0 and "orders" in both:
        out.append(Column(SEASON, "orders", "", True, 0.0, season_sd))
    whole = {total for total in ("orders", "revenue") if sum(name.startswith(total + ".") for name in both) == 1}
    alone = {name for name in both if name.split(".")[0] in whole and "." in name}  # the only channel is its total again
    for series in sorted(both - used - alone - {"orders", "revenue", "new_customers"}):
        per = "orders" if series.split(".")[0] in OF_ORDERS else ""
        out.append(Column(LEVEL + series, series, per, True, LEVEL_DRIFT, LEVEL_START))
    return tuple(out)


def inner(columns: Sequence[Column], values: Floats) -> Floats:
    """(N, P) natural values -> on the scales."""
    return np.stack([c.parameter.inner(values[:, i]) for i, c in enumerate(columns)], axis=1)


def outer(columns: Sequence[Column], theta: Floats) -> Floats:
    """(N, P) on the scales -> natural values, inside their ranges."""
    return np.stack([c.parameter.outer(theta[:, i]) for i, c in enumerate(columns)], axis=1)


# ---- what is compared ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Compared:
    """predicted (N, S), observed (S,), sd (S,) in logs, and which columns they tell.

    columns : (S,) the column of each figure; moves : (S,) all columns that a figure may move, its own among them
    """

    predicted: Floats
    observed: Floats
    sd: Floats
    columns: tuple[int, ...]
    moves: tuple[tuple[int, ...], ...]


def scaled(columns: Sequence[Column], theta: Floats, paths: Mapping[str, Floats], factor: float, besides: Mapping[str, Floats] | None = None) -> dict[str, Floats]:
    """Paths as data would have them: orders of people without a name come on top, and levels of what no parameter tells.

    paths : series -> (N, D, …); factor : on series of orders; besides : series -> (D,) that members do not know of, like goods
    of earlier orders that come back
    """
    level = {c.series: np.exp(theta[:, i]) for i, c in enumerate(columns) if c.name.startswith(LEVEL)}
    if "pickups" in level:
        level["pickup_load"] = level["pickups"]
    paths = {**paths, **_whole_for(level, paths)}
    out = {}
    for name, path in paths.items():
        x = path * factor if name.split(".")[0] in OF_ORDERS else path
        if besides and name in besides:
            x = x + besides[name]
        if name in level:
            x = x * level[name].reshape(-1, *[1] * (x.ndim - 1))
        out[name] = np.minimum(x, 1.0) if name == "stockout_share" else x
    return out


def _whole_for(level: Mapping[str, Floats], paths: Mapping[str, Floats]) -> dict[str, Floats]:
    """Series of the data's own categories and stores, and of channels in which members sell nothing: the whole stands for each, and its level learns the part."""
    out = {}
    units = [x for name, x in paths.items() if name.startswith("units.")]
    for name in level:
        total = name.partition(".")[0]
        if total in ("orders", "revenue") and total in paths and not (name in paths and np.nan_to_num(paths[name]).any()):
            out[name] = paths[total]
        if name in paths:
            continue
        if name.startswith("units.") and units:
            out[name] = np.sum(units, axis=0)
        elif name.startswith("traffic.") and "traffic" in paths:
            out[name] = paths["traffic"]
    return out


def effective(columns: Sequence[Column], theta: Floats, shape: float) -> Floats:
    """Theta as members run with it while the year's end has come `shape` of its way: the season is in the pace."""
    at = {c.name: i for i, c in enumerate(columns)}
    out = theta.copy()
    if SEASON in at:
        out[:, at["pace"]] += shape * theta[:, at[SEASON]]
    return out


def _first(columns: Sequence[Column], paths: Mapping[str, Floats], seen: Mapping[str, Floats], days: np.ndarray) -> tuple[Floats, float] | None:
    """First purchases of these days, the members' (N,) and the data's, where a column of their own is told by them."""
    name = TOLD[NEWCOMERS.name][0]
    if not any(c.name == NEWCOMERS.name for c in columns) or name not in paths or name not in seen:
        return None
    x, y = paths[name][:, days], seen[name][days]
    return (x.sum(axis=1), float(y.sum())) if np.isfinite(x).all() and np.isfinite(y).all() else None


def amount(series: str) -> bool:
    """Whether a series is money or a share, not a count."""
    return series.split(".")[0].endswith(("revenue", "value")) or series == "stockout_share"


def least_of(past: Mapping[str, Floats], weeks: int = 26) -> dict[str, float]:
    """Series of money and shares -> half of what a day with any of it usually had: weeks without any are weeks of few, and teach their level too."""
    out = {}
    for name, days in past.items():
        some = days[-7 * weeks :]
        some = some[np.nan_to_num(some) > 0]
        if amount(name) and some.size:
            out[name] = 0.5 * float(np.median(some))
    return out


def compare(columns: Sequence[Column], theta: Floats, paths: Mapping[str, Floats], seen: Mapping[str, Floats], week: float, short: bool = False,
            shape: float = 0.0, weekly: Mapping[str, float] | None = None, days_own: Mapping[str, float] | None = None,
            least: Mapping[str, float] | None = None) -> Compared:  # fmt: skip
    """What members say of the days beside what came, one figure a moving column.

    Parameters
    ----------
    paths : series -> (N, D) as `scaled` gives them; seen : series -> (D,), NaN for a day that was not observed
    week : log sd of what belongs to one week only; short : a day on which it usually trades was closed
    shape : how far the year's end has come in these days, as members ran them
    weekly : series of levels and amounts -> log sd of what belongs to one of its weeks (`scatter`, `of_single_orders`); what members' own chance has of it is not counted again
    days_own : series -> log sd of a week by the chance of its days that members lack (`forecast.week_of_days`)
    least : series -> what a week without any of it counts as, in data and members alike (`least_of`); counts as half of one
    """
    floors = least or {}
    moving = [i for i, c in enumerate(columns) if c.told and c.name != SEASON]
    theta = effective(columns, theta, shape)
    season = [i for i, c in enumerate(columns) if c.name == SEASON and shape]
    moves = tuple((i, *season) if columns[i].name == "pace" else (i,) for i in moving)
    n, size = len(theta), len(moving)
    predicted, observed, sd = np.zeros((n, size)), np.full(size, np.nan), np.zeros(size)
    for j, i in enumerate(moving):
        c = columns[i]
        names = [name for name in (c.series, c.per) if name]
        if any(name not in paths or name not in seen for name in names):
            continue
        days = np.all([np.isfinite(seen[name]) & np.isfinite(paths[name]).all(axis=0) for name in names], axis=0)
        if "orders.store" in seen:  # of a run's first day no trip is under way: who needed after closing time comes the next morning
            days[:1] &= days.size < SHORTEST
        if not days.any():
            continue
        said = [paths[name][:, days].sum(axis=1) for name in names]
        came = [float(seen[name][days].sum()) for name in names]
        if c.name == PACE.name and (first := _first(columns, paths, seen, days)):
            said[0], came[0] = said[0] - first[0], came[0] - first[1]  # first purchases tell how many people there are, and would move both
        floor = floors.get(c.series, 0.0 if amount(c.series) else HALF)
        if came[0] <= 0 and floor <= 0:
            continue  # no money before and none now
        if said[0].mean() < SELDOM * floor or said[0].mean() <= 0 or (len(names) == 2 and (came[1] <= 0 or said[1].mean() < 1.0)):
            continue  # next to nothing is foretold: no factor makes it what came
        floor = floor or 1e-3 * float(said[0].mean())
        logs = np.log(np.maximum(said[0], floor)) - (np.log(np.maximum(said[1], HALF)) if len(said) == 2 else 0.0)
        observed[j] = np.log(max(came[0], floor)) - (np.log(came[1]) if len(came) == 2 else 0.0)
        part = 7.0 / max(int(days.sum()), 1)  # what belongs to a week is shared by its days
        own = (week if not c.per and not c.name.startswith(LEVEL) else SHARE_WEEK) * np.sqrt(max(part, 1.0))
        own = float(np.hypot(own, SHORT_WEEK if short and not c.per else 0.0))
        if not c.per and not c.name.startswith(LEVEL):
            own = float(np.hypot(own, (days_own or {}).get(c.series, 0.0) * np.sqrt(max(part, 1.0))))
        if c.unit_elastic:
            free = logs - theta[:, i]
            predicted[:, j] = free.mean() + theta[:, i]
            chance = float(free.std(ddof=1))
            of_weeks = (weekly or {}).get(c.series, 0.0) if c.per or c.name.startswith(LEVEL) else 0.0
            sd[j] = np.hypot(chance, max(own, float(np.sqrt(max(of_weeks**2 - chance**2, 0.0)))))
        else:
            predicted[:, j], sd[j] = logs, own
    return Compared(predicted, observed, sd, tuple(moving), moves)


def broken(columns: Sequence[Column], theta: Floats, compared: Compared, sums: tuple[float, float]) -> tuple[Floats, Compared, tuple[float, float], bool]:
    """Theta and what it foretold, with the pace's spread widened where weeks have gone beyond it on one side; the sums after this week; whether they passed.

    A CUSUM of the weeks' residuals (`drift.Alarm`) tells a break: the week is then taken as one in which the pace drifted by the
    most that a week is thought to (`levels.DRIFT`), as West & Harrison (1997, 11.4) let a monitor's signal widen the next prior. A jump is
    followed in one week to three and not in six; so is a week that is odd alone, and the next one takes it back.

    sums : (up, down) of the weeks so far. Oracle: the Kalman filter with that drift, tests/twin/test_follow.py
    """
    for j, i in enumerate(compared.columns):
        said, own = compared.predicted[:, j], theta[:, i]
        sd, total = float(own.std(ddof=1)), float(np.hypot(said.std(ddof=1), compared.sd[j]))
        if columns[i].name != PACE.name or not np.isfinite(compared.observed[j]) or not sd > 0:
            continue
        alarm = Alarm(BREAK_K, limit(BREAK_K, BREAK_WEEKS), CAP, *sums)
        broke = alarm.watch(np.array([(compared.observed[j] - said.mean()) / total])) >= 0
        if broke:
            more = (own - own.mean()) * (np.hypot(sd, DRIFT[1]) / sd - 1.0)
            theta, predicted = theta.copy(), compared.predicted.copy()
            theta[:, i] += more
            predicted[:, j] += more
            compared = replace(compared, predicted=predicted)
        return theta, compared, (alarm.up, alarm.down), broke
    return theta, compared, sums, False


def taught(columns: Sequence[Column], theta: Floats, compared: Compared) -> tuple[Floats, Step]:
    """Theta after what was compared, each figure moving its own columns only; and what the step did.

    Members are not copied: each stands on its own draw of what is hidden, which the next step draws anew.
    """
    at = sorted({i for moves in compared.moves for i in moves})
    local = np.array([[float(i in moves) for moves in compared.moves] for i in at]).reshape(len(at), len(compared.moves))
    done = step(
        theta[:, at], compared.predicted, compared.observed, compared.sd, local=local, names=[columns[i].name for i in at],
        spread=np.array([min(columns[i].start, HALF_YEAR * columns[i].drift) for i in at]), apart=True,
    )  # fmt: skip
    out = theta.copy()
    out[:, at] = done.theta
    return out, done


def later(columns: Sequence[Column], theta: Floats, drifts: Floats, days: int, normals: Floats) -> Floats:
    """Theta so many days on: each moving column's random walk. drifts : (N,) of the pace a week; normals : (N, P)."""
    sd = np.array([c.drift for c in columns])[None, :] * np.ones((len(theta), 1))
    for i, c in enumerate(columns):
        if c.name == "pace":
            sd[:, i] = drifts
    return drift(theta, sd, days / 7, normals)


def over(columns: Sequence[Column], theta: Floats, noise: Floats, days: int, normals: Floats) -> Floats:
    """Theta with the pace that a horizon of so many days has on average: its drift on the way there, and its single weeks.

    noise : (N, 2) drift a week and what belongs to one week, logs; normals : (N, 2). A walk of W weeks has a mean of variance W / 3,
    weeks of their own one of 1 / W (in discrete steps a little less and the same). Oracle: simulated walks, tests/twin/test_follow.py.
    """
    weeks = days / 7
    out = theta.copy()
    out[:, [c.name for c in columns].index("pace")] += noise[:, 0] * np.sqrt(weeks / 3) * normals[:, 0] + noise[:, 1] / np.sqrt(max(weeks, 1.0)) * normals[:, 1]
    return out


# ---- the state that is kept ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Kept:
    """Where the members stand: parameters on a day, and the goodwill of known customers.

    columns, theta : (N, P) on the scales, as of the first second of day `day` (since 1970)
    names : known customers; goodwill : (N, n) share of price
    shares : (K,) purchases per need by kind of customer (`shares.shares_by_kind`); measured : under which kind of law and tastes, on how many customers.
        Measured anew each week they would move all sales by their own chance
    sums : of the pace's residuals of the weeks so far (`broken`)
    """

    columns: tuple[Column, ...]
    theta: Floats
    day: int
    names: tuple[str, ...] = ()
    goodwill: Floats | None = None
    shares: tuple[float, ...] = ()
    measured: tuple[str, tuple[float, ...], int] = ("", (), 0)
    sums: tuple[float, float] = (0.0, 0.0)

    def goodwill_of(self, member: int, names: Sequence[str]) -> Floats | None:
        """(n,) goodwill in the order of other seats; NaN for whom the members did not know."""
        if self.goodwill is None:
            return None
        at = {name: i for i, name in enumerate(self.names)}
        place = np.array([at.get(name, -1) for name in names], np.int64)
        out = np.full(len(names), np.nan)
        out[place >= 0] = self.goodwill[member, place[place >= 0]]
        return out

    def tastes(self) -> tuple[float, ...]:
        """Mean tastes of the members, share of price, in the order of columns."""
        return tuple(float(self.theta[:, i].mean()) for i, c in enumerate(self.columns) if c.name.startswith("taste_"))

    def must_measure(self, law: str, customers: int) -> bool:
        """Whether shares were measured under another kind of law, far from where the members' tastes are now, or on less than half the customers."""
        (was, tastes, then), now = self.measured, self.tastes()
        return was != law or customers > 2 * then or len(tastes) != len(now) or any(abs(a - b) > TASTES_MOVED for a, b in zip(tastes, now, strict=True))

    def rows(self) -> dict[str, list[Any]]:
        """The table of theta: member, parameter, value, unit; values in natural units."""
        table, n = outer(self.columns, self.theta), len(self.theta)
        out: dict[str, list[Any]] = {"member": [], "parameter": [], "value": [], "unit": []}
        for i, c in enumerate(self.columns):
            out["member"] += list(range(n))
            out["parameter"] += [c.name] * n
            out["value"] += table[:, i].tolist()
            out["unit"] += [c.parameter.unit] * n
        return out


def begun(columns: Sequence[Column], centre: Mapping[str, float], draws: Sequence[Mapping[str, float]], day: int, u: Floats) -> Kept:
    """Members at the start: draws of the posterior, or the centre where there is none, and the spread that moving columns begin with.

    u : (N, P) uniforms in (0, 1)
    """
    values = np.array([[draw.get(c.name, centre.get(c.name, 1.0)) for c in columns] for draw in draws], np.float64)
    theta = inner(columns, values) + np.array([c.start if c.told else 0.0 for c in columns]) * ndtri(u)
    return Kept(tuple(columns), theta, day)
