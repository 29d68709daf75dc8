"""`omosim twin decide`: ways of trading weighed in every member from today on, and the decision in the forms that a shop uses."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.api.twin_forecast import panel_series

if TYPE_CHECKING:
    from omosim.config.compose import Composed
    from omosim.schema.settings import Settings
    from omosim.study.executor import Executor
    from omosim.twin.decide import Choice
    from omosim.twin.folder import Step, Twin
    from omosim.twin.forecast import Known
    from omosim.twin.history import Floats
    from omosim.twin.parameters import Fit
    from omosim.twin.running import Start

ENTRY = "omosim.twin.whatif:whatif_task"
KPI = "operating_profit"
#: series whose days are foretold for every way, to be held against what comes
BANDS = ("orders", "revenue", "pickups")
#: days of the present way that tell its share of pickups and of sales in stores
LEAST_MIX = 14
#: what pickups occupy, and times by which shares of pickup may differ before the worlds do not tell what a way of pickup earns
OCCUPIED, FAR = ("slots", "bins", "bays"), 2.0
Answers = list[dict[str, Any]]


def twin_decide(composed: Composed, argv: Sequence[str]) -> int:
    """Weigh the ways, write decision.json with its tables, and say what to do; with `took`, note what was done."""
    from omosim.api.twin import _later_only, _place, write_twin_report
    from omosim.api.twin_follow import settled
    from omosim.api.twin_log import CSVS, LOG, note_taken, with_decision
    from omosim.api.twin_reorder import TYPES
    from omosim.config.errors import refuse
    from omosim.results.words import command_word
    from omosim.twin import folder

    _later_only(composed, "decide")
    took = composed.options["took"]
    if took is not None and composed.options["ways"]:
        raise refuse("notes what was done of the last decision and weighs nothing", key="took", value=took, cure="Leave ways out, or give it in a command of its own")
    with folder.writing(_place(composed.options)) as step:
        if took is not None:
            print(note_taken(step, took))
        else:
            made = decide(step, settled(step.twin, composed))
            put = {kind: step.table(kind, table, **({"types": TYPES} if kind == "reorder_levels" else {})) for kind, table in made.tables.items() if next(iter(table.values()), [])}
            put["decision"] = step.raw("decision", (json.dumps(made.decision, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode(), "json")
            key = f"{step.twin.version}-{len(step.twin.head['updates'])}"
            rows = with_decision(step.twin.head, made.decision, put["decision"], {kind: put[kind] for kind in CSVS if kind in put})
            kept = {kind: put[kind] for kind in ("decision", "worlds", "reorder_levels") if kind in put}
            step.commit("decide", key, {"best": made.decision["best"]}, {"files": kept, "decisions": rows})
    report = write_twin_report(step.twin)
    if took is not None:
        there = (step.twin.path / LOG).is_file()
        print(f"{f'Log: {step.twin.path / LOG}. ' if there else 'The log begins when days of it have been seen: omosim twin update. '}Report: {report}")
        return 0
    print(made.decision["answer"])
    for line in made.decision["notes"]:
        print(f"note: {line}")
    beside = ", ".join(f"{kind}.csv" for kind in CSVS if (step.twin.path / f"{kind}.csv").is_file())
    print(f"Decision: {step.twin.path / 'decision.json'}{f'; {beside} beside it' if beside else ''}. Report: {report}    next, when it is settled: omosim twin decide {command_word('dir', step.twin.path)} took=WAY")
    return 0


class Made:
    """A decision and its tables, before they are written."""

    def __init__(self, decision: dict[str, Any], tables: dict[str, dict[str, list[Any]]]) -> None:
        self.decision, self.tables = decision, tables


def decide(step: Step, asked: Mapping[str, Any], workers: Executor | None = None) -> Made:
    """Weigh every way over the members.

    step : of the twin's folder; members are brought to today first. asked : ways, members, assimilate, horizon, jobs, service, review_days, lead_days

    Raises
    ------
    ConfigError : a way that cannot be, CalibrationError where the orders cannot carry members
    """
    from omosim.api.twin_capacity import plan_stores
    from omosim.api.twin_follow import caught_up, shape_of, simulated_set
    from omosim.api.twin_forecast import SEED_STEP
    from omosim.api.twin_known import known_of
    from omosim.api.twin_reorder import Terms, Wanted, handed_over_times, reorder_of
    from omosim.api.twin_state import base_settings, day_number, today, told
    from omosim.api.twin_ways import AS_IT_IS, people_changed, people_words, present_on, ways_of, with_ways
    from omosim.api.twin_whole import rounded_words
    from omosim.study.executor import make_executor
    from omosim.twin.decide import weigh
    from omosim.twin.draws import normals
    from omosim.twin.follow import over

    twin, days, started = step.twin, int(asked["horizon"]), time.perf_counter()
    taken = present_on(twin.head, _from(twin))["ways"]
    ways_of(asked["ways"], with_ways(base_settings(twin), taken), 0)  # a wrong word is refused before anything runs
    now = caught_up(step, asked)
    tables, fit = now.tables, now.fit
    drifted = normals(np.random.Generator(np.random.Philox(key=[fit.seed * SEED_STEP + 3, day_number(today(twin))])), len(now.kept.theta), 2)
    now = replace(now, kept=replace(now.kept, theta=over(now.kept.columns, now.kept.theta, now.noise, days, drifted)))
    stand = now.stand(twin, days)
    members = stand.members(shape_of(now.kept.day, days))
    settings = members[0].settings
    every = [ways_of(asked["ways"], start.settings, 0) for start in members]  # each on its own levels of the strategy
    ways = every[0]
    people = {way: people_changed(settings, settings.model_copy(update=changes), 0) for way, changes in ways.items()}
    whole = [people_words(way, rows) for way, rows in people.items() if rows]
    whole += [line for way, changes in ways.items() for line in rounded_words(way, settings.model_copy(update=changes), 0)]
    known, told_known = known_of(twin, tables, days)
    seen = panel_series(twin)
    since = present_on(twin.head, _from(twin))["from"]
    changed = {"strategy": settings.strategy, "scenario": settings.scenario}
    if since and not _touches_pickup(stand.built(stand.kept.theta[0]), changed):
        since = None  # what was taken leaves the member's own pickup as it was: the log's shares hold
    with tempfile.TemporaryDirectory(prefix="omosim-twin-") as place:
        answers, failed = _answers(members, every, days, workers or make_executor(ENTRY, int(asked["jobs"])), Path(place))
        money = {way: np.array([a["ways"][way]["money"][KPI] for a in answers], np.float64) for way in ways}
        mix, said_mix, shares = _mix(answers, AS_IT_IS, seen, (today(twin) - date.fromisoformat(since)).days if since else None)
        untold = [way for way, changes in ways.items() if _far(shares) and _touches_pickup(settings, changes)]
        choice = weigh(money, AS_IT_IS, untold=untold)
        in_store = [np.load(_rows_of(Path(place), a["member"], list(ways).index(choice.best)), allow_pickle=False) for a in answers]
    sys.stderr.write(f"weighed {len(ways)} way{'s' * (len(ways) > 1)} in {len(answers)} worlds ({time.perf_counter() - started:.1f} s)\n")
    said_mix += [f"{way} touches pickup, which is {100 * shares[1]:.0f} % of orders in the worlds as it is and {100 * shares[0]:.0f} % in the log: what it earns is not told" for way in untold]
    if untold:
        said_mix.append(f"the best way, chances to be best, regrets and the worth of knowing leave out {', '.join(untold)}: they are over the ways that are told and the present way")
        said_mix.append(_told_by(shares, bool(simulated_set(twin))))
    series, spread = _series(twin, answers, list(ways), seen, fit.laws.orders_per_day, known, settings.seed, mix)
    plan = plan_stores(
        tables, in_store, answers[0]["nodes"], day_number(today(twin)), days, settings.network, factor=fit.laws.orders_per_day, known=known,
        spread=spread, pickup=_pickup(seen, ways[choice.best] or ({"strategy": settings.strategy} if taken else {})), seed=settings.seed, mix=mix,
        given=frozenset(fit.given), places=stand.dated.places, jobs=int(asked["jobs"]),
    )  # fmt: skip
    sys.stderr.write(f"planned {len(plan.stores)} stores ({time.perf_counter() - started:.1f} s)\n")
    currency = settings.market.currency
    demand = np.array([a["ways"][choice.best]["demand"] for a in answers], np.float64) * _on_days(twin, known, days, fit.laws.orders_per_day)
    as_is = [a["ways"][AS_IT_IS] for a in answers]
    per_order = np.array([w["demand"] for w in as_is], np.float64).sum(axis=(0, 1, 3)) / max(sum(v or 0.0 for w in as_is for v in w["series"]["orders"]), 1.0)
    wanted = Wanted(demand, per_order, answers[0]["nodes"], answers[0]["categories"], [int(a["member"]) for a in answers], handed_over_times(in_store, mix))
    terms = Terms(None if asked["lead_days"] is None else float(asked["lead_days"]), float(asked["review_days"]), float(asked["service"]))
    reorder = reorder_of(tables, stand.dated, wanted, settings, terms, day_number(today(twin)), settings.seed * SEED_STEP + 5)
    sys.stderr.write(f"reorder levels of {len(reorder.rows)} goods ({time.perf_counter() - started:.1f} s)\n")
    notes = _notes(failed, [*stand.dated.said, *now.notes, *told_known, *said_mix, *whole, *plan.notes], fit.laws.orders_per_day, bool(told_known), fit) + reorder.notes
    decision = {
        "schema_version": 1, "answer": _answer(choice, days, currency, len(answers), shares, untold), "best": choice.best, "present": choice.present, "sure": choice.sure, "unit": f"minor {currency}",
        "days": days, "from": _from(twin), "present_way": present_on(twin.head, _from(twin)), "worth_of_knowing": choice.worth_of_knowing, "effective_worlds": choice.effective, **told(twin, stand, settings.shoppers), "failed": failed,
        "ways": [{**vars(gain), "lines": _lines(answers, gain.way), "series": series[gain.way], "people": people[gain.way], "told": gain.way not in untold} for gain in choice.gains],
        "stores": plan.stores, "notes": notes,
    }  # fmt: skip
    values: dict[str, list[Any]] = {"world": [], "way": [], "value": [], "weight": []}
    for way, column in money.items():
        values["world"] += [int(a["member"]) for a in answers]
        values["way"] += [way] * len(answers)
        values["value"] += column.tolist()
        values["weight"] += [1.0 / len(answers)] * len(answers)
    return Made(decision, {"worlds": values, "reorder_levels": reorder.columns(), "capacity_plan": plan.capacity, "staffing": plan.staffing})


def _rows_of(place: Path, member: int, way: int) -> Path:
    """File of what people of stores do in a world under a way."""
    return place / f"{member:05d}-{way}.npy"


def _answers(members: Sequence[Start], ways: Sequence[Mapping[str, Mapping[str, Any]]], days: int, workers: Executor, place: Path) -> tuple[Answers, list[dict[str, Any]]]:
    """What every member says of every way, in the members' order; and those that failed, each with its reason. ways : of each member; place : for files, those of `_rows_of` stay."""
    from omosim.twin.running import handed_over

    plain = [{way: {group: value.model_dump(mode="json") for group, value in changes.items()} for way, changes in mine.items()} for mine in ways]
    out: dict[int, dict[str, Any]] = {}
    failed: list[dict[str, Any]] = []
    started, told = time.perf_counter(), 0.0
    try:
        for i, task in enumerate(handed_over(place, members)):
            workers.submit(str(i), json.dumps({**task, "days": days, "ways": plain[i], "in_store": str(place / f"{i:05d}")}))
        while workers.pending():
            for outcome in workers.collect():
                i = int(outcome.name)
                if outcome.value is None:
                    assert outcome.failure is not None
                    failed.append({"member": i, "kind": outcome.failure.kind, "message": outcome.failure.message})
                else:
                    out[i] = {"member": i, **json.loads(outcome.value)}
                done, took = len(out) + len(failed), time.perf_counter() - started
                if took - told > 5:
                    told = took
                    sys.stderr.write(f"{done} of {len(members)} worlds, {took:.0f} s, about {took / done * (len(members) - done):.0f} s left\n")
    finally:
        workers.close()
    if len(out) < len(members) / 2:
        from omosim.twin.errors import CalibrationError

        raise CalibrationError(f"{len(failed)} of {len(members)} worlds failed: {failed[0]['message'] if failed else ''}")
    return [out[i] for i in sorted(out)], failed


# ---- in the data's own terms -----------------------------------------------------------------------------------
def _series(twin: Twin, answers: Answers, ways: list[str], seen: Mapping[str, Floats], factor: float, known: Known, seed: int,
            mix: Mapping[str, float]) -> tuple[dict[str, Any], float]:  # fmt: skip
    """Bands of each way's days as the data count them, and the spread of orders that the worlds lack.

    Like a forecast's: times further orders of a day and of people without a name, with the day-to-day chance that members lack, and what is
    known of the days. The same chance for every way of a world, so that ways differ by themselves alone.
    """
    from omosim.api.twin_forecast import SEED_STEP
    from omosim.api.twin_state import day_number, today
    from omosim.twin.decided import bands
    from omosim.twin.forecast import Forecast, missing_spread, with_chance

    day = day_number(today(twin))
    rng = np.random.Generator(np.random.Philox(key=[seed * SEED_STEP + 1, day]))
    out: dict[str, Any] = {way: {} for way in ways}
    spread = 0.0
    for name in BANDS:
        rows = {way: factor * mix.get(name, 1.0) * np.array([[np.nan if v is None else v for v in a["ways"][way]["series"][name]] for a in answers]) for way in ways}
        cv = missing_spread(seen[name], rows[ways[0]]) if name in seen else 0.0
        spread = cv if name == BANDS[0] else spread
        normals = rng.standard_normal(rows[ways[0]].shape)
        for way, path in rows.items():
            out[way][name] = bands(known.apply(Forecast(today(twin), {name: with_chance(path, cv, normals)})).paths[name])
    return out, spread


def _mix(answers: Answers, present: str, seen: Mapping[str, Floats], since: int | None = None) -> tuple[dict[str, float], list[str], tuple[float, float]]:
    """How many of the retailer's orders one of the worlds stands for, by "pickups" and "sales" in stores; what to say; shares of pickups, the log's and the worlds'.

    The share of orders that the last weeks had, over that of the worlds under the present way: how many people take to pickup
    or a store a log need not tell the fit, but it tells the share itself. Ways move it as the worlds say. since : days that the
    present way has been in force; those before tell nothing of its shares. None: always. Shares that are not known are NaN.
    """
    from omosim.twin.lately import MOST_TIMES, WEEKS

    out: dict[str, float] = {}
    said: list[str] = []
    shares = (np.nan, np.nan)
    span = 7 * WEEKS if since is None else min(since, 7 * WEEKS)
    if span < LEAST_MIX:
        return {}, ["the present way has been in force for less than two weeks: parts of pickups and of sales in stores are the worlds' own"], shares
    for name, series in (("pickups", "pickups"), ("sales", "orders.store")):
        worlds = [a["ways"][present]["series"] for a in answers]
        ran = [sum(sum(v or 0.0 for v in w.get(part, ())) for w in worlds) for part in (series, "orders")]
        last = {part: seen.get(part, np.zeros(0))[-span:] for part in (series, "orders")}
        if last[series].size != last["orders"].size or not last["orders"].size:
            continue
        both = np.isfinite(last[series]) & np.isfinite(last["orders"])
        came = [float(last[part][both].sum()) for part in (series, "orders")]
        if name == "pickups" and min(came[1], ran[1]) > 0:
            shares = (came[0] / came[1], ran[0] / ran[1])
        if min(*came, *ran) <= 0:
            continue
        ratio = came[0] / came[1] / (ran[0] / ran[1])
        out[name] = float(np.clip(ratio, 1 / MOST_TIMES, MOST_TIMES))
        if abs(np.log(ratio)) > 0.1:
            said.append(f"{name if name == 'pickups' else 'sales in stores'} are {100 * came[0] / came[1]:.0f} % of orders in the last {f'{WEEKS} weeks' if span == 7 * WEEKS else f'{span} days'}, {100 * ran[0] / ran[1]:.0f} % in the worlds as it is: "
                        f"{'daily bands and store' if name == 'pickups' else 'store'} plans count them times {out[name]:.2f}")  # fmt: skip
    return out, said, shares


def _far(shares: tuple[float, float]) -> bool:
    """Whether the worlds' share of pickups is beyond `FAR` of the log's either way: what pickup brings is then not what the worlds say."""
    low, high = sorted(shares)
    return bool(high > FAR * low)  # not where they are unknown


def _told_by(shares: tuple[float, float], simulated: bool) -> str:
    """How a user gets plans of a way that is not told, and what would tell it. shares : of pickups, the log's and the worlds'; simulated : members stand on a fit by simulation"""
    log, worlds = shares
    take = "plans of a way that is not told: took=WAY makes it the present one, of which the next decision plans"
    if not worlds or not log:
        return f"{take}; a twin made with a strategy that has {'no ' if not log else ''}pickup, as the log has, may tell it (omosim twin new strategy={'o2o' if log else 'multichannel'})"
    return take if simulated else f"{take}; a fit by simulation, which reads pickups beside parcels, may tell it (omosim twin update budget_min=25)"


def _touches_pickup(settings: Settings, changes: Mapping[str, Any]) -> bool:
    """Whether a way switches a capability of pickup or changes its levels, or scales what pickup occupies."""
    rows = changes["scenario"].interventions[len(settings.scenario.interventions) :] if "scenario" in changes else ()
    if any(row.what in OCCUPIED for row in rows):
        return True
    if "strategy" not in changes:
        return False
    from omosim.api.twin_ways import PICKUP

    of_pickup = (*PICKUP, "pickup_slots", "pickup_space")
    was, now = ({name: row.levels for name, row in strategy.capabilities.items() if name in of_pickup and row.enabled} for strategy in (settings.strategy, changes["strategy"]))
    return was != now


def _on_days(twin: Twin, known: Known, days: int, factor: float) -> Floats:
    """(days,) factor on units of the members: further orders of a day and of people without a name, closed days, promotions."""
    from omosim.api.twin_state import today
    from omosim.twin.forecast import Forecast

    return np.asarray(known.apply(Forecast(today(twin), {"orders": np.full((1, days), factor)})).paths["orders"][0])


def _pickup(seen: Mapping[str, Floats], changes: Mapping[str, Any]) -> str:
    """Where pickup comes from: "seen" in the data, "new" with the way, "" nowhere."""
    from omosim.api.twin_ways import has_pickup

    if "pickups" in seen and np.nansum(seen["pickups"]) > 0:
        return "seen"
    strategy = changes.get("strategy")
    return "new" if strategy is not None and has_pickup(strategy) else ""


# ---- words and tables ------------------------------------------------------------------------------------------
def _from(twin: Twin) -> str:
    from omosim.api.twin_state import today

    return today(twin).isoformat()


def _answer(choice: Choice, days: int, currency: str, worlds: int, shares: tuple[float, float] = (np.nan, np.nan), untold: Sequence[str] = ()) -> str:
    """The first line. shares : of pickups, the log's and the worlds'; untold : ways that cannot be judged, for those are too far apart."""
    from omosim.results.words import number

    unit = f"minor {currency}"
    best = next(g for g in choice.gains if g.way == choice.best)
    over = f"over {days} days, {worlds} plausible worlds"
    if len(choice.gains) == 1:
        return f"As it is: {number(best.mean, unit)} operating profit {over}. Give ways=[…] to weigh others."
    if choice.best == choice.present:
        others = ", ".join(f"{g.way} {number(g.gain, unit, sign=True)}" for g in choice.gains if g.way not in (choice.present, *untold))
        if not others:
            return (f"None of the other ways can be told ({', '.join(untold)}): pickups are {100 * shares[0]:.0f} % of orders in the log and {100 * shares[1]:.0f} % in the worlds. "
                    f"As it is: {number(best.mean, unit)} operating profit {over}.")  # fmt: skip
        if untold:
            return f"Stay as it is: no other way that can be told earns more on average ({others}; not told: {', '.join(untold)}) {over}."
        return f"Stay as it is: no other way earns more on average ({others}) {over}."
    band = f"{number(best.low, unit, sign=True)} to {number(best.high, unit, sign=True)} in nine worlds of ten"
    if not choice.sure:
        return f"One cannot tell whether {choice.best} earns more than to stay as it is: {number(best.gain, unit, sign=True)} operating profit on average {over} ({band}), which chance alone may give."
    return f"{choice.best}: {number(best.gain, unit, sign=True)} operating profit against as it is, {over} ({band}; it earns more in {100 * best.prob_better:.0f} % of the worlds)."


def _notes(failed: list[dict[str, Any]], said: list[str], factor: float, days_known: bool, fit: Fit) -> list[str]:
    from omosim.twin import assumed, costs
    from omosim.twin.market import centre

    notes = list(said)
    if factor > 1.005:
        notes.append(f"profit is that of known customers' orders; daily bands, reorder levels and store plans count them times {factor:.2f}, for orders of people without a name and further orders of a day")
    if days_known:
        notes.append("closed days and promotions to come are in daily bands, reorder levels and store plans, the same under every way; profit is without them")
    if failed:
        notes.append(f"{len(failed)} worlds failed and are left out: {failed[0]['message']}")
    notes += costs.notes(fit.given)
    if costs.CENTRE not in fit.given:
        there = centre(fit.laws, list(fit.bands), fit.given)
        notes.append(f"people in the centre are assumed: {there.people} round the clock, from {there.orders:.3g} orders a day of {there.seconds:.0f} s at a load of {100 * assumed.CENTRE_LOAD:.0f} %, at least 1 and at most {assumed.NETWORK['work']['centre_pickers']}")
    return notes


def _lines(answers: Answers, way: str) -> dict[str, float]:
    """The mean statement of a way."""
    names = answers[0]["ways"][way]["money"]
    return {name: float(np.mean([a["ways"][way]["money"][name] for a in answers])) for name in names}
