"""Makes a store's order log of known truth, against which the pickup planner is held.

Imports nothing of omosim: a fault in the planner's queues cannot hide behind the same fault here. The store has what
the planner's model lacks: day effects, rain, pairs of orders, pickers of different speed who pause, growth, and
walk-ins who leave.

Usage: python experiments/pickup_sample.py
"""

import csv
import gzip
import heapq
import io
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOUR, DAY = 3600.0, 86400.0
KST = timezone(timedelta(hours=9))
STORE = "S01"
COLUMNS = (
    "order_id", "line_no", "placed_at", "shopper_id", "channel", "store_id", "sku", "category", "units", "unit_price",
    "fulfilment", "promised_at", "ready_at", "collected_at", "status",
)  # fmt: skip
#: category -> price of its cheapest sku, KRW
CATEGORIES = {"snacks": 1500, "drinks": 1200, "care": 6900, "household": 4900}
SKUS_EACH = 15
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

START, WEEKS, SEED = date(2026, 6, 1), 12, 7
TRUE_WEEKS, TRUE_SEED = 1500, 2026
#: days simulated before and after the file, so that its ends are like its middle
MARGIN_DAYS = 7


@dataclass(frozen=True)
class Truth:
    """Everything that makes the log, in seconds, hours and shares as the names say."""

    opens_h: int = 10
    closes_h: int = 21
    promise_h: float = 2.0  # counted in opening hours
    pick_base_s: float = 150.0
    pick_unit_s: float = 45.0
    pick_shape: float = 4.0
    counter_pickup_s: float = 90.0
    counter_walkin_s: float = 75.0
    counter_shape: float = 4.0
    never_collected: float = 0.03
    expires_h: float = 72.0
    lag_median_h: float = 3.0
    lag_sigma: float = 0.9
    lag_longest_h: float = 48.0  # with a night and a morning on top still below expires_h
    lag_after_opening_h: float = 3.0
    patience_s: float = 720.0
    pickups_per_day: float = 70.0  # over a mean week, rain included, before growth
    walkins_per_day: float = 130.0  # those who come, with those who leave
    weekday_factors: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0, 1.6, 1.3)
    web_hours: tuple[float, ...] = (
        2.4, 1.2, 0.6, 0.4, 0.3, 0.5, 1.2, 2.6, 4.0, 4.6, 4.8, 5.4,
        8.6, 6.0, 4.8, 4.4, 4.4, 4.8, 5.2, 6.0, 8.2, 8.0, 5.6, 4.0,
    )  # fmt: skip
    walkin_hours: tuple[float, ...] = (
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 7,
        12, 12, 8, 7, 8, 12, 13, 12, 7, 0, 0, 0,
    )  # fmt: skip
    day_cv: float = 0.15
    rain_share: float = 0.10
    rain_walkins: float = 0.70
    rain_pickups: float = 1.15
    paired: float = 0.10  # pickup orders that belong to a pair
    pair_gap_s: float = 120.0
    picker_speeds: tuple[float, ...] = (0.85, 1.0, 1.2)  # work done per second at the post
    pause_s: float = 600.0
    pause_from_h: int = 4  # shortest shift with a pause
    growth_week: float = 0.01
    two_lines: float = 0.15  # pickups with a second line
    more_units: float = 2.6  # mean units of a pickup line beyond the first
    walkin_more_units: float = 1.2
    known_walkins: float = 0.55  # walk-ins with a shopper_id
    shoppers: int = 4000


@dataclass(frozen=True)
class Roster:
    """People at work: by weekday from Monday, by hour from opening."""

    pickers: tuple[tuple[int, ...], ...]
    counter: tuple[tuple[int, ...], ...]


_ALONE = (1,) * 11
ROSTER = Roster(
    pickers=(
        (1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1),  # Sunday evening's orders wait
        *(_ALONE,) * 3,
        (1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1),
        (1, 2, 2, 3, 3, 3, 2, 2, 1, 1, 1),
        (1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1),
    ),
    counter=(
        *(_ALONE,) * 4,
        (1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1),
        (1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1),
        (1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1),
    ),
)


# ---- one station -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Shift:
    """One person at one post from `on` to `off`, seconds; pause_at < 0: none."""

    post: int
    on: float
    off: float
    speed: float = 1.0
    pause_at: float = -1.0


# the order of events of the same second: people first, then work that ends, then work that comes
_ON, _OFF, _PAUSE, _BACK, _DONE, _COME = range(6)


def serve(come: Floats, work: Floats, patience: Floats | None, shifts: list[Shift], pause_s: float) -> tuple[Floats, Floats]:
    """One queue, first come first served, by people on shifts; work in hand is finished after a shift.

    come: ascending seconds; work: seconds at speed 1; patience: seconds in the queue, None without end.
    Returns seconds of begin and end; nan for those who left or were never served.
    """
    n = len(come)
    begin, end = np.full(n, np.nan), np.full(n, np.nan)
    posts = 1 + max(s.post for s in shifts)
    on, busy, away, owed = ([False] * posts for _ in range(4))
    speed = [1.0] * posts
    arrival, content = come.tolist(), work.tolist()
    give_up = (come + patience).tolist() if patience is not None else [np.inf] * n
    events: list[tuple[float, int, int]] = []
    speeds: dict[tuple[float, int], float] = {}
    for s in shifts:
        events += [(s.on, _ON, s.post), (s.off, _OFF, s.post)]
        speeds[s.on, s.post] = s.speed
        if s.pause_at >= 0:
            events.append((s.pause_at, _PAUSE, s.post))
    events = sorted(events + [(t, _COME, i) for i, t in enumerate(arrival)])  # an ascending list is a heap
    queue: deque[int] = deque()
    while events:
        t, kind, who = heapq.heappop(events)
        if kind == _COME:
            queue.append(who)
        elif kind == _DONE:
            busy[who] = False
            if owed[who]:
                owed[who], away[who] = False, True
                heapq.heappush(events, (t + pause_s, _BACK, who))
        elif kind == _ON:
            on[who], speed[who] = True, speeds[t, who]
        elif kind == _OFF:
            on[who] = owed[who] = False
        elif kind == _BACK:
            away[who] = False
        elif busy[who]:
            owed[who] = True
        else:
            away[who] = True
            heapq.heappush(events, (t + pause_s, _BACK, who))
        while queue:
            post = next((k for k in range(posts) if on[k] and not busy[k] and not away[k]), -1)
            if post < 0:
                break
            i = queue.popleft()
            if t <= give_up[i]:
                begin[i], end[i] = t, t + content[i] / speed[post]
                busy[post] = True
                heapq.heappush(events, (float(end[i]), _DONE, post))
    return begin, end


def runs(hours: tuple[int, ...], post: int) -> Iterator[tuple[int, int]]:
    """Stretches of hours, from and to, in which so many people are rostered that this post is one of them."""
    since = -1
    for h, people in enumerate((*hours, 0)):
        if people > post and since < 0:
            since = h
        elif people <= post and since >= 0:
            yield since, h
            since = -1


def picker_shifts(truth: Truth, roster: Roster, weekdays: NDArray[np.int64]) -> list[Shift]:
    """Pickers' shifts on days of these weekdays; who is quick or slow changes by the day."""
    found = []
    for d, weekday in enumerate(weekdays.tolist()):
        opening = d * DAY + truth.opens_h * HOUR
        for post in range(max(roster.pickers[weekday])):
            quick = truth.picker_speeds[(post + d) % len(truth.picker_speeds)]
            for a, b in runs(roster.pickers[weekday], post):
                middle = opening + (a + b) / 2 * HOUR + post * truth.pause_s  # one after the other
                pause = middle if b - a >= truth.pause_from_h else -1.0
                found.append(Shift(post, opening + a * HOUR, opening + b * HOUR, quick, pause))
    return found


def counter_shifts(truth: Truth, roster: Roster, weekdays: NDArray[np.int64]) -> list[Shift]:
    """Counter shifts on days of these weekdays; who is inside at closing is still served."""
    found, length = [], truth.closes_h - truth.opens_h
    for d, weekday in enumerate(weekdays.tolist()):
        opening = d * DAY + truth.opens_h * HOUR
        for post in range(max(roster.counter[weekday])):
            for a, b in runs(roster.counter[weekday], post):
                late = 3 * HOUR if b == length else 0.0  # none comes after closing
                found.append(Shift(post, opening + a * HOUR, opening + b * HOUR + late))
    return found


# ---- demand ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Demand:
    """Orders and walk-ins of some days, by time; seconds from the first midnight."""

    pickup_at: Floats
    units: NDArray[np.int64]  # of a pickup's lines, 0 without a second
    pick_s: Floats
    hand_s: Floats  # at the counter
    lag_s: Floats
    morning_s: Floats
    never: NDArray[np.bool_]
    walkin_at: Floats
    walkin_s: Floats
    patience_s: Floats


def rates(truth: Truth, weekdays: NDArray[np.int64], per_day: float, hours: tuple[float, ...]) -> Floats:
    """Mean arrivals by day and hour, before day effects, rain and growth."""
    by_day, by_hour = np.array(truth.weekday_factors), np.array(hours, float)
    return per_day * (by_day / by_day.mean())[weekdays, None] * (by_hour / by_hour.sum())[None, :]


def arrivals(rate: Floats, rng: np.random.Generator) -> Floats:
    """Poisson times, unsorted, at rates by day and hour."""
    slots = np.repeat(np.arange(rate.size), rng.poisson(rate.ravel()))
    return np.asarray((slots + rng.random(len(slots))) * HOUR)


def demand(truth: Truth, weekdays: NDArray[np.int64], growth: Floats, seed: int) -> Demand:
    """Draw what comes on days of these weekdays; growth: a factor a day. The roster changes nothing of it."""
    days, webs, walks, marks, tills = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5))
    shape = 1 / truth.day_cv**2
    effect = days.gamma(shape, 1 / shape, len(weekdays)) * growth
    rain = days.random(len(weekdays)) < truth.rain_share

    def of_day(in_rain: float) -> Floats:
        mean = 1 + truth.rain_share * (in_rain - 1)
        return np.asarray(effect * np.where(rain, in_rain, 1.0) / mean)[:, None]

    twins = truth.paired / (2 - truth.paired)  # share of firsts that have a second
    rate = rates(truth, weekdays, truth.pickups_per_day, truth.web_hours) * of_day(truth.rain_pickups)
    first = arrivals(rate / (1 + twins), webs)
    second = first[webs.random(len(first)) < twins]
    placed = np.sort(np.concatenate([first, second + webs.random(len(second)) * truth.pair_gap_s]))
    n = len(placed)
    units = 1 + marks.poisson(truth.more_units, (n, 2))
    units[marks.random(n) >= truth.two_lines, 1] = 0
    pick = truth.pick_base_s + truth.pick_unit_s * units.sum(axis=1)
    lag = truth.lag_median_h * HOUR * np.exp(truth.lag_sigma * marks.standard_normal(n))
    walkin = np.sort(arrivals(rates(truth, weekdays, truth.walkins_per_day, truth.walkin_hours) * of_day(truth.rain_walkins), walks))
    return Demand(
        pickup_at=placed,
        units=units,
        pick_s=pick * marks.gamma(truth.pick_shape, 1 / truth.pick_shape, n),
        hand_s=truth.counter_pickup_s * marks.gamma(truth.counter_shape, 1 / truth.counter_shape, n),
        lag_s=np.minimum(lag, truth.lag_longest_h * HOUR),
        morning_s=marks.random(n) * truth.lag_after_opening_h * HOUR,
        never=marks.random(n) < truth.never_collected,
        walkin_at=walkin,
        walkin_s=truth.counter_walkin_s * tills.gamma(truth.counter_shape, 1 / truth.counter_shape, len(walkin)),
        patience_s=tills.exponential(truth.patience_s, len(walkin)),
    )


# ---- the store -------------------------------------------------------------------------------------------------------
def next_open(truth: Truth, t: Floats) -> Floats:
    """The same second in opening hours, else the next opening."""
    midnight = np.floor(t / DAY) * DAY
    opening, closing = midnight + truth.opens_h * HOUR, midnight + truth.closes_h * HOUR
    return np.where(t < opening, opening, np.where(t < closing, t, opening + DAY))


def promised(truth: Truth, placed: Floats) -> Floats:
    """The second at which the promised opening hours have passed."""
    begin = next_open(truth, placed)
    left = np.floor(begin / DAY) * DAY + truth.closes_h * HOUR - begin
    night = DAY - (truth.closes_h - truth.opens_h) * HOUR
    return np.asarray(begin + truth.promise_h * HOUR + np.where(truth.promise_h * HOUR > left, night, 0.0))


def pick(truth: Truth, roster: Roster, weekdays: NDArray[np.int64], drawn: Demand) -> Floats:
    """Seconds at which pickups are ready; nan where the days end first."""
    shifts = picker_shifts(truth, roster, weekdays)
    return serve(drawn.pickup_at, drawn.pick_s, None, shifts, truth.pause_s)[1]


@dataclass(frozen=True)
class Counter:
    """Who came to the counter: pickups by their index, then walk-ins; nan for what did not happen."""

    pickup_came: Floats
    pickup_begin: Floats
    pickup_end: Floats
    walkin_begin: Floats


def collect(truth: Truth, roster: Roster, weekdays: NDArray[np.int64], drawn: Demand, ready: Floats) -> Counter:
    """Send pickups that are ready and walk-ins through the one queue of the counter."""
    wished = ready + drawn.lag_s
    opened = next_open(truth, wished)
    came = np.where(opened > wished, opened + drawn.morning_s, wished)
    came[drawn.never] = np.nan
    goes = np.flatnonzero(~np.isnan(came))
    at = np.concatenate([came[goes], drawn.walkin_at])
    work = np.concatenate([drawn.hand_s[goes], drawn.walkin_s])
    patience = np.concatenate([np.full(len(goes), np.inf), drawn.patience_s])
    order = np.argsort(at, kind="stable")
    begin, end = np.empty(len(at)), np.empty(len(at))
    begin[order], end[order] = serve(at[order], work[order], patience[order], counter_shifts(truth, roster, weekdays), 0.0)
    pickup_begin, pickup_end = np.full(len(came), np.nan), np.full(len(came), np.nan)
    pickup_begin[goes], pickup_end[goes] = begin[: len(goes)], end[: len(goes)]
    return Counter(came, pickup_begin, pickup_end, begin[len(goes) :])


def simulate_store(truth: Truth, roster: Roster, start: date, weeks: int, seed: int) -> list[tuple[str, ...]]:
    """Order lines of one store, by the time they were placed, in the columns of COLUMNS.

    start: first day; weeks: length of the log. A walk-in's row is placed when the counter begins to serve it.
    """
    days = np.arange(-MARGIN_DAYS, 7 * weeks + MARGIN_DAYS)
    weekdays = (start.weekday() + days) % 7
    drawn = demand(truth, weekdays, (1 + truth.growth_week) ** (days / 7), seed)
    ready = pick(truth, roster, weekdays, drawn)
    counter = collect(truth, roster, weekdays, drawn, ready)
    goods = np.random.default_rng(np.random.SeedSequence(seed).spawn(6)[5])  # after the five of `demand`
    n, m = len(ready), len(drawn.walkin_at)
    who = goods.integers(1, truth.shoppers + 1, n + m)
    known = goods.random(m) < truth.known_walkins
    sku = goods.integers(0, many := len(CATEGORIES) * SKUS_EACH, n + m)
    other = (sku[:n] + goods.integers(1, many, n)) % many
    bought = 1 + goods.poisson(truth.walkin_more_units, m)
    promise = promised(truth, drawn.pickup_at)
    origin = datetime(start.year, start.month, start.day, tzinfo=KST) - timedelta(days=MARGIN_DAYS)

    def clock(t: float) -> str:
        return "" if np.isnan(t) else (origin + timedelta(seconds=int(t))).isoformat()

    placed = np.concatenate([drawn.pickup_at, counter.walkin_begin])
    order = np.flatnonzero((placed >= MARGIN_DAYS * DAY) & (placed < (MARGIN_DAYS + 7 * weeks) * DAY))
    rows: list[tuple[str, ...]] = []
    for number, i in enumerate(order[np.argsort(placed[order], kind="stable")].tolist(), 1):
        name, shopper = f"R{number:06d}", f"C{who[i]:05d}"
        if i >= n:
            w = i - n
            ends = ("store", "", "", "", "completed")
            rows.append((name, "1", clock(placed[i]), shopper if known[w] else "", "store", STORE, *article(sku[i], bought[w]), *ends))
            continue
        status = "expired" if drawn.never[i] else "collected"
        ends = ("pickup", clock(promise[i]), clock(ready[i]), clock(counter.pickup_end[i]), status)
        for line, which in enumerate((sku[i], other[i])):
            if units := drawn.units[i, line]:
                rows.append((name, str(line + 1), clock(placed[i]), shopper, "web", STORE, *article(which, units), *ends))
    return rows


def article(sku: int, units: int) -> tuple[str, str, str, str]:
    """A line's sku, category, units and price of a unit, KRW."""
    kind, rank = divmod(sku, SKUS_EACH)
    category = tuple(CATEGORIES)[kind]
    return f"A{sku + 1:03d}", category, str(units), str(CATEGORIES[category] + 300 * rank)


# ---- what a roster gives in the long run -----------------------------------------------------------------------------
@lru_cache(maxsize=2)
def _weeks(truth: Truth, days: int, seed: int) -> tuple[NDArray[np.int64], Demand]:
    weekdays = np.arange(7 * (days + 2)) % 7  # a week before and after, as in the file
    return weekdays, demand(truth, weekdays, np.ones(len(weekdays)), seed)


@lru_cache(maxsize=8)
def _ready(truth: Truth, roster: Roster, days: int, seed: int) -> Floats:
    return pick(truth, roster, *_weeks(truth, days, seed))


@lru_cache(maxsize=8)
def _waits(truth: Truth, roster: Roster, days: int, seed: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Of all who came to the counter: when, seconds until served or gone, whether served."""
    weekdays, drawn = _weeks(truth, days, seed)
    counter = collect(truth, roster, weekdays, drawn, _ready(truth, roster, days, seed))
    came = np.concatenate([counter.pickup_came, drawn.walkin_at])
    begin = np.concatenate([counter.pickup_begin, counter.walkin_begin])
    gone = came + np.concatenate([np.full(len(counter.pickup_came), np.nan), drawn.patience_s])
    served = ~np.isnan(begin)
    there = ~np.isnan(came) & (served | ~np.isnan(gone))
    return came[there], (np.where(served, begin, gone) - came)[there], served[there]


def _ratio(at: Floats, value: NDArray, weekday: int, days: int) -> tuple[float, float]:
    """Mean of a value over all events of a weekday, and its standard error over days, within which events hang together."""
    slots = 7 * (days + 2)
    day = np.clip(at // DAY, 0, slots - 1).astype(np.int64)
    chosen = slice(7 + weekday, 7 * (days + 1), 7)
    total, count = np.bincount(day, value, slots)[chosen], np.bincount(day, minlength=slots)[chosen]
    mean = total.sum() / count.sum()
    spread = (total - mean * count).std(ddof=1) * np.sqrt(days)
    return float(mean), float(spread / count.sum())


def ready_on_time(truth: Truth, roster: Roster, weekday: int, days: int, seed: int) -> tuple[float, float]:
    """Share of pickups ready by the promise that a roster gives on a weekday without growth, and its standard error.

    weekday: 0 Monday; days: so many of that weekday, each in a week of its own; weeks follow one another, so that a queue
    is carried over as in the store. A pickup belongs to the day before whose closing, and after yesterday's, it was placed.
    """
    placed, ready = _weeks(truth, days, seed)[1].pickup_at, _ready(truth, roster, days, seed)
    return _ratio(placed + DAY - truth.closes_h * HOUR, ready <= promised(truth, placed), weekday, days)


def wait_share(truth: Truth, roster: Roster, weekday: int, days: int, seed: int, limit_s: float = 300.0) -> tuple[float, float]:
    """Share of all who come to the counter on a weekday that are served within a limit, and its standard error.

    limit_s: seconds. Who leaves is not served.
    """
    came, wait, served = _waits(truth, roster, days, seed)
    return _ratio(came, served & (wait <= limit_s), weekday, days)


def wait_mean(truth: Truth, roster: Roster, weekday: int, days: int, seed: int) -> tuple[float, float]:
    """Mean seconds until served, or gone, of all who come to the counter on a weekday, and its standard error."""
    came, wait, _ = _waits(truth, roster, days, seed)
    return _ratio(came, wait, weekday, days)


def left_share(truth: Truth, roster: Roster, weekday: int, days: int, seed: int) -> tuple[float, float]:
    """Share of all who come to the counter on a weekday that leave unserved, and its standard error."""
    came, _, served = _waits(truth, roster, days, seed)
    return _ratio(came, ~served, weekday, days)


# ---- files -----------------------------------------------------------------------------------------------------------
def sample_bytes() -> bytes:
    """The sample as it stands in the repository: gzip without time and name, so that the same rows are the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(simulate_store(Truth(), ROSTER, START, WEEKS, SEED))
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text.getvalue().encode())
    return packed.getvalue()


def true_levels(truth: Truth, roster: Roster, weeks: int, seed: int) -> dict[str, dict[str, float | list[float]]]:
    """By weekday: mean arrivals of the calendar day, and pairs of a long-run level and its standard error."""
    pickups = rates(truth, np.arange(7), truth.pickups_per_day, truth.web_hours).sum(axis=1)
    walkins = rates(truth, np.arange(7), truth.walkins_per_day, truth.walkin_hours).sum(axis=1)
    measures = {"ready_on_time": ready_on_time, "wait_mean_s": wait_mean, "wait_within_300_s": wait_share, "left": left_share}
    return {
        WEEKDAYS[w]: {
            "pickups": round(float(pickups[w]), 4),
            "walkins": round(float(walkins[w]), 4),
            **{k: [round(x, 5) for x in f(truth, roster, w, weeks, seed)] for k, f in measures.items()},
        }
        for w in range(7)
    }


def main() -> None:
    """Write the sample and its truth."""
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    (folder / "pickup_sample.csv.gz").write_bytes(sample_bytes())
    told = {
        "sample": {"start": START.isoformat(), "weeks": WEEKS, "seed": SEED, "store_id": STORE, "timezone": "Asia/Seoul"},
        "truth": asdict(Truth()),
        "roster": asdict(ROSTER),
        "long_run": {"weeks": TRUE_WEEKS, "seed": TRUE_SEED, "growth_week": 0.0, "weekdays": true_levels(Truth(), ROSTER, TRUE_WEEKS, TRUE_SEED)},
    }
    (folder / "pickup_sample.truth.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
