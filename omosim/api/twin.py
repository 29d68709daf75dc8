"""`omosim twin`: files in, a twin's folder out; each action takes composed settings and gives an exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from omosim.config.compose import Composed
    from omosim.ingest import OrderLog
    from omosim.schema.settings import Settings
    from omosim.twin.bgcnbd import RepeatFit
    from omosim.twin.folder import Step, Twin
    from omosim.twin.panel import Panel
    from omosim.twin.quality import Days, Finding
    from omosim.twin.tables import Tables

BESIDE = ("stock", "traffic", "sessions", "prices", "deliveries")
FOLLOWING = ("members", "assimilate", "warm_weeks", "season", "jobs")
#: what each action takes beside `dir`; `new` takes settings too, and SETTLED, which no later action takes
WORDS: dict[str, tuple[str, ...]] = {
    "new": ("orders", *BESIDE, "as_of", "max_bad_rows", "closed", "accept", "budget_min", "jobs"),
    "update": ("orders", *BESIDE, "as_of", "max_bad_rows", "closed", "accept", "budget_min", *FOLLOWING),
    "forecast": ("horizon", *FOLLOWING),
    "decide": ("ways", "took", "horizon", "service", "review_days", "lead_days", *FOLLOWING),
    "score": (),
    "report": (),
}
SETTLED = ("adapter", "name", "timezone", "currency")


# ---- new ----------------------------------------------------------------------------------------------------
def twin_new(composed: Composed, argv: Sequence[str]) -> int:
    """Read every file, judge it, fit what closed forms give; the same words again change nothing."""
    from omosim.api.twin_given import settings_of_before, used_only
    from omosim.api.twin_told import told, unchanged
    from omosim.config.errors import refuse
    from omosim.results.errors import FolderInUse
    from omosim.results.words import command_word
    from omosim.twin import folder

    asked = composed.options
    place = _place(asked)
    if not asked["orders"]:
        raise refuse("no order file", key="orders", allowed="an order file, CSV, CSV.gz, xlsx or Parquet", cure="Write omosim twin new dir=DIR orders=FILE")
    _later_only(composed, "new")
    used_only(composed)
    key = _key(composed, new=True)
    with folder.writing(place, new=True) as step:
        if folder.exists(place):
            if not (step.twin.done("new", key) or step.twin.done("new", _key(composed, new=True, settings=settings_of_before(composed)))):
                raise FolderInUse(f"{place}: holds a twin made of other files or settings. Newer files go in with: omosim twin update {command_word('dir', place)} orders=FILE; or give another dir")
            if (len(step.twin.head["updates"]) > 1 or step.twin.head["parameter_sets"]) and not _to_simulate(step.twin, asked):
                return unchanged(step.twin, "made of these files already")
        else:
            _ingest(step, composed, "new", key)
        _fit(step)
        _simulate(step, asked)
    return told(step.twin)


def twin_update(composed: Composed, argv: Sequence[str]) -> int:
    """Take in newer files: rows that are known count once, rows that changed are taken and said; forecasts meet what happened."""
    from omosim.api.twin_follow import behind, simulated_set
    from omosim.api.twin_told import told, unchanged
    from omosim.config.errors import refuse
    from omosim.twin import folder

    asked = composed.options
    place = _place(asked)
    _later_only(composed, "update")
    given = any(asked[kind] for kind in ("orders", *BESIDE, "as_of", "closed"))
    if not given and not asked["budget_min"]:
        allowed = ", ".join([*(f"{k}=FILE" for k in ("orders", *BESIDE)), "as_of=DAY until which nothing else came", "closed=[DAY,…] (-DAY: taken back)", "budget_min=25 to fit again by simulation"])
        raise refuse("no file to take in", allowed=allowed, cure="Write omosim twin update dir=DIR orders=FILE")
    key = _key(composed, new=False)
    with folder.writing(place) as step:
        known = not given or step.twin.newest("update", key)
        if known and not _to_simulate(step.twin, asked) and not behind(step.twin):
            return unchanged(step.twin, "has taken in these files already" if given else "has been fitted by simulation already")
        if not known:
            _ingest(step, composed, "update", key)
        if not simulated_set(step.twin):
            _fit(step)
        _simulate(step, asked)
        if behind(step.twin):
            _follow(step, composed)
    return told(step.twin)


def _follow(step: Step, composed: Composed) -> None:
    """Members that are kept are brought to the new day; data that cannot carry them any more are said, and forecasts will refuse."""
    from omosim.api.twin_follow import caught_up, settled
    from omosim.twin.errors import CalibrationError

    try:
        caught_up(step, settled(step.twin, composed))
    except CalibrationError as error:
        _say(f"members cannot follow: {error}")


def twin_report(composed: Composed, argv: Sequence[str]) -> int:
    """Write report.html from the files of the folder."""
    from omosim.twin import folder

    _later_only(composed, "report")
    print(f"Report: {write_twin_report(folder.read(_place(composed.options)))}")
    return 0


def _elsewhere(module: str, name: str) -> Callable[[Any, Sequence[str]], int]:
    """An action whose file is read only when it is asked for."""

    def run(composed: Composed, argv: Sequence[str]) -> int:
        from importlib import import_module

        return int(getattr(import_module(f"omosim.api.{module}"), name)(composed, argv))

    return run


#: word behind `omosim twin` -> what does it
ACTIONS: dict[str, Callable[[Any, Sequence[str]], int]] = {
    "new": twin_new,
    "update": twin_update,
    "report": twin_report,
    "forecast": _elsewhere("twin_forecast", "twin_forecast"),
    "score": _elsewhere("twin_forecast", "twin_score"),
    "decide": _elsewhere("twin_decide", "twin_decide"),
}


# ---- words ---------------------------------------------------------------------------------------------------
def _place(asked: dict[str, Any]) -> Path:
    from omosim.config.errors import refuse

    if not asked["dir"]:
        raise refuse("no folder", key="dir", allowed="the folder of the twin", cure="Write dir=DIR behind the action, like omosim twin new dir=mytwin orders=FILE")
    return Path(asked["dir"]).expanduser()


def _later_only(composed: Composed, action: str) -> None:
    """Refuses words that an action does not take: what a twin is made with stays after `new`, and nothing is taken and left unused."""
    from omosim.api.twin_given import ALLOWED
    from omosim.config.errors import ConfigError, Problem, show

    new = action == "new"
    words = [(key.lstrip("+~"), value) for key, _, value in (w.partition("=") for w in composed.overrides)]
    takes = ("dir", *WORDS[action], *(SETTLED if new else ()))
    others: dict[str, list[str]] = {}
    for name, every in WORDS.items():
        for word in every if name != "new" else ():
            others.setdefault(word, []).append(name)

    def cure(key: str) -> str:
        return f"It belongs to omosim twin {', '.join(others[key])}" if key in others else "Leave it out, or make another twin: omosim twin new dir=DIR"

    allowed = ", ".join(takes) + (f"; {ALLOWED}" if new else "")
    wrong = [Problem(f"is not taken by {action}" if key in others else "is settled when the twin is made", key=key, value=show(value), allowed=allowed, cure=cure(key))
             for key, value in words if key not in takes and (key in others or not new)]  # fmt: skip
    if wrong:
        raise ConfigError(wrong)


def _files(asked: dict[str, Any]) -> dict[str, Path]:
    """Kind -> file, those that were given; refuses one that is not there."""
    from omosim.config.errors import ConfigError, Problem, show

    given = {kind: Path(asked[kind]).expanduser() for kind in ("orders", *BESIDE) if asked[kind]}
    wrong = [Problem("no such file", key=k, value=show(str(p)), cure="Give the path of a CSV, CSV.gz, xlsx or Parquet file") for k, p in given.items() if not p.is_file()]
    if wrong:
        raise ConfigError(wrong)
    return given


def _key(composed: Composed, new: bool, settings: Settings | None = None) -> str:
    """Hash of what a step is made of: bytes of the files and the words that decide how they are read. settings : other than those composed."""
    from omosim.api.twin_given import part_of_key
    from omosim.config.resolved import config_hash, content_hash
    from omosim.results import file_hash

    asked = composed.options
    words = ("as_of", "max_bad_rows", "closed", "accept") + (("adapter", "name", "timezone", "currency") if new else ())
    content = {kind: [path.name, file_hash(path)] for kind, path in _files(asked).items()}
    return str(content_hash({"files": content, **{w: asked[w] for w in words}, "settings": config_hash(settings or composed.settings) if new else "", **(part_of_key(composed) if new else {})}))


def _say(text: str, start: float | None = None) -> None:
    """A line of progress."""
    sys.stderr.write(text + (f" ({time.perf_counter() - start:.1f} s)" if start is not None else "") + "\n")
    sys.stderr.flush()


# ---- ingest --------------------------------------------------------------------------------------------------
def _ingest(step: Step, composed: Composed, name: str, key: str) -> None:
    """Read the files, take what is new, judge the whole, and commit it in one step."""
    from omosim.api.twin_given import closed_days
    from omosim.schema.days import day_number
    from omosim.twin import folder, quality, tables
    from omosim.twin.standing import older as older_than_known

    asked, head, place = composed.options, step.twin.head, step.twin.path
    new = name == "new"
    version = 1 if new else step.twin.version + 1
    files = _files(asked)
    for kind in files:
        folder.clear_rejects(place / ("rejects.csv" if kind == "orders" else f"rejects_{kind}.csv"))
    end = day_number(asked["as_of"]) + 1 if asked["as_of"] else None
    if not new and asked["as_of"] and asked["as_of"] < head["as_of"]:
        from omosim.config.errors import refuse

        raise refuse("the twin knows later days already", key="as_of", value=asked["as_of"], allowed=f"{head['as_of']} or later", cure="Leave it out, or make another twin until that day")
    head = dict(head) if not new else {**head, "name": asked["name"] or files["orders"].stem.split(".")[0], "adapter": asked["adapter"], "currency": asked["currency"], "timezone": asked["timezone"], "closed": []}
    head["closed"] = closed_days(head["closed"], asked["closed"])
    found: list[Finding] = []
    rows: list[dict[str, Any]] = list(head["data"])
    sources = list(head["sources"])
    did: dict[str, dict[str, Any]] = {}
    whole: dict[str, pd.DataFrame | None] = {k: None if new else tables.known(step.twin, k) for k in ("orders", "returns", *BESIDE)}
    last_before = head.get("as_of")

    def keep(kind: str, taken: tables.Taken) -> None:
        """Store a part and what it makes of the whole."""
        old = whole[kind]
        if len(taken.rows):
            file = step.table(kind, tables.columns_of(taken.rows), types=tables.types_of(taken.rows))
            rows.append(step.row(kind, file, len(taken.rows), tables.span(taken.rows, tables.time_column(kind)), version))
            whole[kind] = tables.whole([taken.rows] if old is None else [old, taken.rows], kind)
        did[kind] = {"new": taken.new, "known": taken.known, "changed": taken.changed, **({"aside": taken.aside} if taken.aside else {})}
        if taken.changed:
            found.append(quality.Finding("changed_rows", "info", kind, taken.said or "cancellations", taken.changed, "said otherwise before (late returns, cancellations, corrections); the newer is taken"))

    if "orders" in files:
        log = _read_orders(files["orders"], asked, head, place)
        head["timezone"], head["currency"], head["adapter"] = head["timezone"] or log.timezone, log.currency if new else head["currency"], head["adapter"]
        found += [*quality.remarks(log.remarks, "orders"), *quality.backward(log.lines, log.file)]
        lines, returns = tables.cut(tables.lines_of(log), tables.returns_of(log), end)
        if lines.empty:
            raise quality.DataRefused(f"no_rows: {log.file}: no order until {asked['as_of']}; allowed: as_of at or after {tables.span(log.lines, 'placed_local')[0]}")
        lines, twice = quality.doubled_days(lines)
        found += twice
        first, last = tables.span(lines, "placed_local")
        older = last_before is not None and last < last_before
        taken = tables.take_orders(whole["orders"], lines, log.file, asked["accept"], older)
        if last_before is not None and older:
            found.append(older_than_known(taken, log.file, (first, last), last_before, len(lines)))
            if returns is not None and whole["orders"] is not None:
                returns = returns[~returns["order_id"].isin(set(whole["orders"]["order_id"]))].reset_index(drop=True)
        keep("orders", taken)
        if returns is not None:
            assert whole["orders"] is not None
            keep("returns", tables.take_returns(whole["returns"], returns if new else tables.matched(returns, whole["orders"])))
        sources.append({"kind": "orders", "file": log.file, "sha256": log.file_hash, "rows": log.rows, "version": version, "classes": tables.account(log), "notes": list(log.notes)})
    orders = whole["orders"]
    assert orders is not None
    for kind in BESIDE:
        if kind in files:
            table = _read_further(kind, files[kind], asked, head, place)
            found += quality.of_table(table, orders)
            fresh = table.rows if end is None else tables.until(table.rows, end, "local") if "local" in table.rows else table.rows[table.rows["from_day"] < end].reset_index(drop=True)
            if fresh.empty:
                found.append(quality.Finding("no_rows", "warning", kind, table.file, table.read, f"no row until {asked['as_of']}; nothing is taken"))
            else:
                keep(kind, tables.take_further(whole[kind], fresh, kind))
            sources.append({"kind": kind, "file": table.file, "sha256": table.file_hash, "rows": table.read, "version": version, "classes": tables.account_further(table), "notes": list(table.notes)})
    head.update(data=rows, sources=sources)
    _commit(step, composed, name, key, head, whole, found, did, end)


def _read_orders(path: Path, asked: dict[str, Any], head: dict[str, Any], place: Path) -> OrderLog:
    from omosim.ingest import ReadOptions
    from omosim.ingest.large import read_any

    start = time.perf_counter()
    read = ReadOptions(asked["max_bad_rows"], head["timezone"], head["currency"], (), place / "rejects.csv")
    log = read_any(path, head["adapter"], read, say=_say, work=place)
    _say(f"read {path.name}: {log.rows:,} rows", start)
    return log


def _read_further(kind: str, path: Path, asked: dict[str, Any], head: dict[str, Any], place: Path) -> Any:
    from omosim.ingest import ReadOptions, read_further

    start = time.perf_counter()
    table = read_further(kind, path, ReadOptions(asked["max_bad_rows"], head["timezone"], head["currency"], (), place / f"rejects_{kind}.csv"))
    _say(f"read {path.name}: {table.read:,} rows of {kind}", start)
    return table


def _commit(
    step: Step, composed: Composed, name: str, key: str, head: dict[str, Any], whole: dict[str, pd.DataFrame | None],
    found: list[Finding], did: dict[str, dict[str, Any]], end: int | None,
) -> None:  # fmt: skip
    """Judge everything the twin now knows, and make it so."""
    from omosim.api.twin_given import keys_given, refuse_known
    from omosim.api.twin_ways import has_pickup
    from omosim.schema.days import day_number
    from omosim.twin import quality, tables
    from omosim.twin.folder import Twin, last_version
    from omosim.twin.panel import panel_of_log
    from omosim.twin.standing import standing

    orders = whole["orders"]
    assert orders is not None
    if name == "new":
        refuse_known(composed, orders)
        found = [*found, *quality.unserved(orders, has_pickup(composed.settings.strategy))]
    log = tables.log_of(Twin(step.twin.path, head), tables.delivered(orders, whole["deliveries"]), whole["returns"])
    every = tables.Tables(log, {k: f for k in BESIDE if (f := whole[k]) is not None})
    until = end - 1 if end is not None and ("orders" in did or not did) else 0
    before = day_number(head["as_of"]) if name != "new" else 0  # a day that was told once stays told
    last = max(int(orders["placed_local"].max()) // tables.DAY_S, until, before)
    days, oddities = quality.calendar_of(every, head["closed"], last)
    found = [*found, *oddities, *quality.price_jumps(log.lines), *quality.outlying(log.lines), *quality.clock_changes(log.lines, log.timezone), *quality.stock_findings(every), *quality.covering(every, days)]
    quality.refuse(found, composed.options["accept"])
    found += standing(step.twin, found, whole) if name != "new" else []
    panel = panel_of_log(every, days)
    made = {
        "quality": step.table("quality", _finding_columns(found, last_version(head)), types=dict.fromkeys(("code", "severity", "table", "place", "done"), "string")),
        "panel": step.table("panel", panel.columns(), units={"value": "see unit"}, meanings={"value": "null: not observed"}, types={"value": "float64"}),
        "days": step.table("days", _day_columns(days, panel)),
        "hours": step.table("hours", _hour_columns(every, days)),
    }  # fmt: skip
    if name == "new":
        made["config"] = step.raw("config", _config(composed).encode(), "yaml")
    outcomes = _outcomes(step.twin, panel)
    if outcomes is not None:
        made["forecasts"] = step.table("forecasts", outcomes, types={"actual": "float64"})
    told = {"given": given} if name == "new" and (given := keys_given(composed)) else {}
    shown = days.end - 1 - int(days.state[-1] == quality.PARTIAL)
    change = {**{k: head[k] for k in ("name", "adapter", "currency", "timezone", "closed", "data", "sources")}, "first_day": days.date(0), "as_of": days.date(shown - days.first), "files": made, **told}
    step.commit(name, key, did, change)


def _config(composed: Composed) -> str:
    """The settings behind a twin, without where its files lay."""
    from omosim.config.resolved import to_yaml

    settled = {k: composed.options[k] for k in ("adapter", "name", "timezone", "currency")}
    if composed.options["margin"] is not None:
        settled["margin"] = composed.options["margin"]
    return to_yaml({"command": "twin", **settled, "settings": {**composed.settings.model_dump(mode="json"), "output": {"dir": None, "touches": False}}})


def _finding_columns(found: Sequence[Finding], version: int) -> dict[str, list[Any]]:
    order = {"refused": 0, "warning": 1, "info": 2}
    found = sorted(found, key=lambda f: order[f.severity])
    return {**{n: [getattr(f, n) for f in found] for n in ("code", "severity", "table", "place", "rows", "done")}, "version": [f.version or version for f in found]}


def _day_columns(days: Days, panel: Panel) -> dict[str, Any]:
    from omosim.twin.quality import STATES

    return {"date": panel.dates(), "state": [STATES[s] for s in days.state], "orders": panel.series["orders"]}


def _hour_columns(every: Tables, days: Days) -> dict[str, Any]:
    """Orders by hour of the week, Monday 00 first, over observed days."""
    local = every.orders.lines.drop_duplicates("order_id")["placed_local"].to_numpy(np.int64)
    at = local // 86_400 - days.first
    use = (at >= 0) & (at < days.state.size)
    use[use] = days.seen[at[use]]
    hour = (local[use] // 86_400 + 3) % 7 * 24 + local[use] % 86_400 // 3600
    return {"hour": np.arange(168), "orders": np.bincount(hour, minlength=168).astype(np.int64)}


def _outcomes(twin: Twin, panel: Panel) -> dict[str, list[Any]] | None:
    """The forecasts with what happened, as far as it was observed; None where there are none or nothing is new."""
    import pandas as pd

    from omosim.results.tables import plain_columns
    from omosim.twin.forecast import with_actuals

    table = twin.table("forecasts")
    if table is None:
        return None
    frame = pd.DataFrame(table)
    frame["actual"] = frame["actual"].astype(float)
    actual = plain_columns(with_actuals(frame, panel.first, panel.series, panel.hourly)[["actual"]])["actual"]
    return None if actual == table["actual"] else {**table, "actual": actual}


# ---- fit -----------------------------------------------------------------------------------------------------
def posterior(twin: Twin, every: Tables, version: int) -> tuple[dict[str, list[Any]] | None, list[RepeatFit], str]:
    """What the data say about the parameters, as a table of draws, and the fits of purchases behind it; or None and why not.

    This is the one place where a twin's parameters come from.
    """
    from omosim.schema.days import day_number
    from omosim.twin import closed_form
    from omosim.twin.errors import CalibrationError

    try:
        laws, orders, fits = closed_form.fitted(every, day_number(twin.head["as_of"]), closed_form.tried_of(twin.table("fits")))
    except CalibrationError as error:
        return None, [], str(error)
    return closed_form.rows(laws, orders, version), fits, ""


def _fit(step: Step) -> None:
    """Fit what the twin knows, as a step of its own."""
    from omosim.twin import closed_form, tables

    start = time.perf_counter()
    twin = step.twin
    version, key = len(twin.head["parameter_sets"]) + 1, str(twin.version)
    if twin.done("fit", key):
        return
    _say(f"fitting the laws of {sum(r['rows'] for r in twin.parts('orders')):,} order lines: some seconds for 20,000 customers")
    table, fits, why = posterior(twin, tables.tables_of(twin), version)
    if table is None:
        step.commit("fit", key, {"refused": why}, {})
        return  # said at the end
    file = step.table("posterior", table, types={"value": "float64", "se": "float64"} if "se" in table else {"value": "float64"})
    row = {"version": version, "file": file, "sha256": step.put[file], "as_of": twin.head["as_of"], "by": "closed forms"}
    step.commit("fit", key, {"draws": len(set(table["draw"]))}, {"parameter_sets": [*twin.head["parameter_sets"], row], "files": {"posterior": file, "fits": closed_form.put_fits(step, fits)}})
    _say(f"fitted {len(set(table['parameter']))} parameters", start)


def _simulated_key(twin: Twin, asked: dict[str, Any]) -> str:
    return f"{twin.version}-{asked['budget_min']:g}"


def _to_simulate(twin: Twin, asked: dict[str, Any]) -> bool:
    """Whether a fit by simulation is asked for that the twin does not have."""
    return asked["budget_min"] > 0 and not twin.done("calibrate", _simulated_key(twin, asked))


def _simulate(step: Step, asked: dict[str, Any]) -> None:
    """Fit by simulation, as a step of its own; one that was stopped goes on from its finished simulations."""
    from omosim.api.twin_fit import by_simulation, drop_simulations
    from omosim.twin import identify, tables
    from omosim.twin.errors import CalibrationError

    twin = step.twin
    if not _to_simulate(twin, asked):
        return
    start = time.perf_counter()
    version = len(twin.head["parameter_sets"]) + 1
    try:
        draws, identified, post = by_simulation(twin, tables.tables_of(twin), version, asked["budget_min"], asked["jobs"])
    except CalibrationError as error:
        step.commit("calibrate", _simulated_key(twin, asked), {"refused": str(error)}, {})
        return  # said at the end
    file = step.table("posterior", draws, types={"value": "float64"})
    put = {"posterior": file, "identifiability": step.table("identifiability", identified)}
    row = {"version": version, "file": file, "sha256": step.put[file], "as_of": twin.head["as_of"], "by": "simulation"}
    step.commit("calibrate", _simulated_key(twin, asked), {"draws": len(post.z), "runs": post.runs}, {"parameter_sets": [*twin.head["parameter_sets"], row], "files": put})
    drop_simulations(twin.path)
    _say(f"fitted {len(post.names)} parameters by {post.runs} simulations", start)
    print(identify.text(post))


# ---- telling -------------------------------------------------------------------------------------------------
def write_twin_report(twin: Twin) -> Path:
    """`report.html` of a twin's folder; returns where."""
    from omosim.api.twin_page import write_page

    return write_page(twin)
