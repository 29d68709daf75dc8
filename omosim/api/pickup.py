"""Body of `omosim bopis`: an order file in, a plan folder out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.api.warming import cold, warm

if TYPE_CHECKING:
    from omosim.config.compose import Composed
    from omosim.ingest import OrderLog
    from omosim.planning.plan import PlanOptions, StorePlan
    from omosim.planning.roster import Roster
    from omosim.results import ResultFolder
    from omosim.schema.settings import NetworkSettings

#: keys of network.operations that the plan uses, where they are set or the file asks for them
USED = ("pooled_staff", "batch_orders", "walk_s", "curbside_bays")
SAMPLE = Path("experiments") / "data" / "pickup_sample.csv.gz"


def sample_file() -> Path:
    """The shipped order file of known truth."""
    from omosim.config.library import package_root

    return package_root().base / SAMPLE


def check_shifts(asked: dict[str, Any]) -> None:
    """Refuse shift rules that quarter and half hours cannot express. Raises ConfigError with every fault."""
    from omosim.config.errors import ConfigError, Problem

    wrong = [
        Problem("no whole number of half hours", key=key, value=str(asked[key]), cure="Write 4 or 4.5")
        for key in ("shift_min_h", "shift_max_h") if (2 * asked[key]) % 1
    ]  # fmt: skip
    for key in ("break_minutes", "slot_minutes"):
        if asked[key] % 15:
            wrong.append(Problem("no whole number of quarter hours", key=key, value=str(asked[key]), cure="Write 15, 30 or 45"))
    if asked["shift_min_h"] > asked["shift_max_h"]:
        wrong.append(Problem("longer than shift_max_h", key="shift_min_h", value=str(asked["shift_min_h"]), cure=f"Give {asked['shift_max_h']} or less"))
    breaks = asked["shift_max_h"] // 4 * asked["break_minutes"] / 60
    if asked["day"] == "all" and asked["shift_max_h"] - breaks > asked["max_hours_week"]:
        wrong.append(Problem("less than the longest shift pays", key="max_hours_week", value=str(asked["max_hours_week"]), cure=f"Give {asked['shift_max_h'] - breaks} or more, or lower shift_max_h"))
    if wrong:
        raise ConfigError(wrong)


def sample_truth() -> dict[str, Any]:
    """What the sample was made from."""
    return dict(json.loads(sample_file().with_name("pickup_sample.truth.json").read_text(encoding="utf-8")))


def sample_work() -> dict[str, float]:
    """Work contents of the sample's truth: a planner knows those of the own store."""
    truth = sample_truth()["truth"]
    return {
        "pick_base_s": truth["pick_base_s"], "pick_unit_s": truth["pick_unit_s"], "counter_s": truth["counter_pickup_s"],
        "checkout_s": truth["counter_walkin_s"], "shape": truth["counter_shape"], "patience_minutes": truth["patience_s"] / 60,
    }  # fmt: skip


def sample_roster() -> Roster:
    """Who was on duty while the sample's orders were served."""
    from omosim.planning.roster import by_hour

    whole = sample_truth()
    return by_hour(whole["roster"]["pickers"], whole["roster"]["counter"], whole["truth"]["opens_h"])


def plan_options(asked: dict[str, Any], network: NetworkSettings, seed: int) -> PlanOptions:
    """What the planner asks for, from the command's options."""
    from omosim.planning.plan import PlanOptions
    from omosim.planning.shifts import ShiftRules
    from omosim.planning.staffing import Targets
    from omosim.planning.week import WeekRules

    pooled, least = network.operations.pooled_staff, (asked["least_pickers"], asked["least_counter"])
    return PlanOptions(
        promise_h=asked["promise_h"],
        targets=Targets(asked["target"], asked["wait_share"], (max(least), 0) if pooled else least, pooled),
        wait_s=round(60 * asked["wait_min"]),
        rules=ShiftRules(round(4 * asked["shift_min_h"]), round(4 * asked["shift_max_h"]), round(asked["break_minutes"] / 15)),
        slot_minutes=asked["slot_minutes"], bins=asked["bins"], overflow=asked["bins_overflow"],
        week=WeekRules(int(4 * asked["max_hours_week"]), asked["days_off"], -int(-4 * asked["rest_hours"] // 1)), seed=seed,
    )  # fmt: skip


def past_network(network: NetworkSettings, asked: dict[str, Any]) -> NetworkSettings:
    """The network as it was while the file's orders were served: its people worked as the file's store did, not as planned."""
    how = {"pooled_staff": asked["past_pooled_staff"], "batch_orders": asked["past_batch_orders"]}
    return network.model_copy(update={"operations": network.operations.model_copy(update=how)})


def unused_words(network: NetworkSettings) -> list[str]:
    """Which settings of `network.operations` the plan does not use."""
    plain = type(network.operations)()
    unused = [key for key in type(plain).model_fields if key not in USED and getattr(network.operations, key) != getattr(plain, key)]
    return [f"not used by the plan: network.operations.{', '.join(unused)} (docs/bopis.md)"] if unused else []


def write_tables(folder: ResultFolder, plan: StorePlan, asked: dict[str, Any], wage: int) -> None:
    """The plan's files, without summary and report."""
    from omosim.planning import outputs
    from omosim.planning.week_outputs import rota_columns, week_columns
    from omosim.reports.export import csv_text, write_csv, write_xlsx

    folder.write_json("plan.json", outputs.plan_json(plan, wage, asked["currency"]))
    folder.write_table("staff", outputs.staff_columns(plan))
    folder.write_table("what_if", outputs.what_if_columns(plan), types={"person_hours": "float64"})
    rota, capacity = rota_columns(plan), outputs.capacity_columns(plan, asked["slot_minutes"])
    folder.write_text("capacity_plan.csv", csv_text(capacity))
    write_csv(folder.path / "rota.csv", rota)
    week = {} if plan.week is None else {"week": week_columns(plan)}
    write_xlsx(folder.path / "rota.xlsx", {**week, "rota": rota, "capacity": capacity})
    laws: dict[str, int] = {}
    for day in plan.days:
        for law, residual in day.result.laws.items():
            laws[law] = max(laws.get(law, 0), abs(residual))
    folder.write_json("laws.json", laws)


def all_notes(plan: StorePlan, log: OrderLog, network: NetworkSettings, sample: bool) -> tuple[list[str], int]:
    """What a reader should know, the gravest first; and how many bad rows were left out."""
    from omosim.planning import outputs

    notes = [*outputs.problem_lines(plan), *unused_words(network)]
    if sample:
        notes.insert(0, "a sample of known truth (experiments/pickup_sample.py), planned with its own work contents; give orders=FILE for your store")
    left_out = int(log.quality.loc[log.quality["class"] == "bad_row", "rows"].sum())
    if left_out:
        notes.insert(0, f"{left_out:,} bad rows of {log.rows:,} were left out as asked (max_bad_rows); they stand in rejects.csv")
    return [*notes, *log.notes], left_out


def bopis_run(composed: Composed, argv: Sequence[str], say: Any = lambda _: None) -> ResultFolder:
    """Read, plan, write; the finished folder.

    Raises
    ------
    InputError : the order file is refused, or cannot carry a plan; every fault with its place
    """
    from omosim.api.commands import begin, stamp
    from omosim.ingest import ReadOptions, read_orders
    from omosim.planning import outputs
    from omosim.planning.errors import PlanError
    from omosim.planning.history import store_history
    from omosim.planning.odd import read_holidays
    from omosim.planning.plan import plan_store
    from omosim.planning.roster import read_roster
    from omosim.reports.write import write_report
    from omosim.results import file_hash
    from omosim.schema.columns import WEEKDAYS
    from omosim.world.calendar import clock_seconds

    asked, network = composed.options, composed.settings.network
    sample = not asked["orders"]
    path = sample_file() if sample else Path(asked["orders"])
    network = network.model_copy(update={"work": network.work.model_copy(update=sample_work())}) if sample else network
    check_shifts(asked)
    holidays = read_holidays(asked["holidays"])
    if cold():
        warm()
    folder = begin("bopis", composed, argv).folder
    reading = ReadOptions(timezone=asked["timezone"], currency=asked["currency"], max_bad_rows=asked["max_bad_rows"], rejects=folder.path / "rejects.csv")
    log = read_orders(path, reading)
    history = store_history(log, asked["store"], clock_seconds(network.stores.opens), clock_seconds(network.stores.closes), holidays)
    options = plan_options(asked, network, composed.settings.seed)
    weekdays = list(range(7)) if asked["day"] == "all" else [WEEKDAYS.index(asked["day"])]
    roster = read_roster(Path(asked["roster"]), history.store) if asked["roster"] else sample_roster() if sample else None
    try:
        plan = plan_store(history, weekdays, options, network, roster, say, past_network(network, asked))
    except PlanError as error:
        raise PlanError("\n".join([*outputs.what_was_read(history, path.name, log.rows), str(error)])) from None
    wage = network.work.wage_per_hour
    write_tables(folder, plan, asked, wage)
    notes, left_out = all_notes(plan, log, network, sample)
    summary = {
        "answer": outputs.answer(plan, wage, asked["currency"]), "title": f"Pickup plan of {history.store}", "file": "shipped sample of known truth" if sample else path.name,
        "rows": log.rows, "bad_rows": left_out, "notes": notes, "store": history.store, "seed": options.seed,
    }  # fmt: skip
    folder.finish(summary, finished=stamp(), extra={"data_hashes": {p.name: file_hash(p) for p in (path, *map(Path, [*asked["holidays"], *filter(None, [asked["roster"]])])) if p.is_file()}})
    write_report(folder)
    return folder


def bopis_command(composed: Composed, argv: Sequence[str]) -> int:
    """`omosim bopis`: what was read, the check, the plan, where its files are."""
    if cold():
        sys.stderr.write("compiling kernels for the first time: up to 45 s, once (`omosim doctor --warm` does it ahead)\n")
    folder = bopis_run(composed, argv, lambda text: sys.stderr.write(text + "\n"))
    from omosim.reports.terminal import say_plan

    say_plan(folder.read_json("plan.json"), folder.summary(), folder.path)
    return 0
