"""Bodies of the commands: settings in, result folder and exit code out. What is printed stands here too."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, provenance, write_text

if TYPE_CHECKING:
    import pandas as pd

    from omosim.config.compose import Composed
    from omosim.schema.settings import Settings
    from omosim.study.compare import CompareOutcome
    from omosim.twin.calibrate import CalibrationResult


def stamp() -> str:
    """Present time for provenance; nothing in a model reads it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Opened:
    """A result folder that has begun, and the hash of its configuration."""

    folder: ResultFolder
    config_hash: str


def begin(command: str, composed: Composed, argv: Sequence[str]) -> Opened:
    """Create or take up the folder of a command; write provenance, configuration and assumptions."""
    from omosim.config.assumptions import assumptions

    settings = composed.settings
    hashed = composed.hash
    folder = ResultFolder.create(command, hashed, now=datetime.now(), output_dir=settings.output.dir)
    origin = provenance(command, argv=list(argv), seed=settings.seed, config_hash=hashed, data_hashes=data_hashes(settings), started=stamp())
    folder.begin({**origin, "overrides": list(composed.overrides)}, composed.yaml)
    folder.write_json("assumptions.json", assumptions(composed))
    return Opened(folder, hashed)


def data_hashes(settings: Settings) -> dict[str, str]:
    """File name -> hash of the files that were read into the settings."""
    roster = settings.network.stores.roster
    return {} if roster is None or isinstance(roster, str) else {roster.file: roster.sha256}


def period(settings: Settings) -> str:
    """How long and how much of the retailer a run is, in words."""
    basis = max(settings.market.cost_basis_shoppers, settings.shoppers)
    return f"over {settings.days} days, {settings.shoppers:,} of the retailer's {basis:,} shoppers"


# ---- run ----------------------------------------------------------------------------------------------------
def run_command(composed: Composed, argv: Sequence[str]) -> int:
    """One run: kpis, daily, orders, laws, summary, report."""
    from omosim.model.experiments import COLUMNS
    from omosim.model.run import run
    from omosim.reports.terminal import say_run
    from omosim.reports.write import write_report
    from omosim.study.warm_up import burn_in_words

    opened = begin("run", composed, argv)
    folder = opened.folder
    done = run(composed.settings)
    figures = done.kpis
    folder.write_table(
        "kpis",
        {
            "kpi": [k.kpi for k in figures],
            "value": [k.value if k.value is None else float(k.value) for k in figures],
            "unit": [k.unit for k in figures],
            "reason": [k.reason for k in figures],
        },
        types={"value": "float64"},
    )
    folder.write_table("daily", done.daily())
    folder.write_table("orders", done.orders())
    of_categories = done.categories()
    folder.write_table("categories", of_categories, types={n: "float64" for n in of_categories if n.endswith(("_share", "_rate"))})
    folder.write_table("satisfaction", done.satisfaction())
    folder.write_table("funnel", done.funnel())
    folder.write_table("cohorts", done.cohorts())
    if done.experiments:
        columns = {name: [row[name] for row in done.experiments] for name in COLUMNS}
        numbers = ("value", "ci_low", "ci_high", "diff", "diff_low", "diff_high")
        folder.write_table("ab", columns, types=dict.fromkeys(numbers, "float64"))
    if len((shows := done.shows())["show"]):
        folder.write_table("shows", shows, types={"return_rate": "float64", "intensity": "float64"})
    if composed.settings.output.touches:
        folder.write_table("touches", done.model.journeys.touch_columns())
        folder.write_table("observed", done.observed(), types={"linked_at": "int64"})
    folder.write_json("laws.json", done.laws)
    folder.write_json("pnl.json", done.pnl)
    summary = {
        "strategy": composed.settings.strategy.name,
        "scenario": composed.settings.scenario.name,
        "market": composed.settings.market.name,
        "days": composed.settings.days,
        "shoppers": composed.settings.shoppers,
        "period": period(composed.settings),
        "burn_in": burn_in_words(done.daily()["net_revenue"].tolist(), composed.settings.burn_in_days),
        "unresolved": done.model.fulfilment.pending(),
        "seed": composed.settings.seed,
        "kpis": {k.kpi: k.value for k in figures},
        "undefined": {k.kpi: k.reason for k in figures if k.value is None},
        **({"ab": done.experiments} if done.experiments else {}),
    }
    folder.finish(summary, finished=stamp())
    report = write_report(folder)
    say_run(figures, report, summary)
    return 0


# ---- compare ------------------------------------------------------------------------------------------------
def compare_run(composed: Composed, argv: Sequence[str], progress: Any = None) -> CompareOutcome:
    """The comparison itself: workers, tables, summary, report; what to print is the caller's."""
    from omosim.model.run import deciding
    from omosim.reports.write import write_report
    from omosim.strategy.investment import investment
    from omosim.study.compare import compare

    options = composed.compare
    assert options is not None
    if cold():
        warm()  # once here, not once in each worker
    opened = begin("compare", composed, argv)
    first = composed.settings
    arms = {name: deciding(s) for name, s in composed.arms.items()}
    full = {name: s.model_dump_json(exclude={"output"}) for name, s in composed.arms.items()}
    outcome = compare(
        arms,
        options.baseline,
        "omosim.model.run:run_task",
        replications=options.replications,
        precision=options.precision,
        seed=first.seed,
        jobs=options.jobs,
        folder=opened.folder,
        progress=progress,
        run_settings=full,
        scenario=first.scenario.name,
        period=period(first),
        threads=first.engine.threads,
        finished=stamp,
        investments={name: investment(s, composed.arms[options.baseline]) for name, s in composed.arms.items()},
        days=first.days,
        extra_summary={
            "market": first.market.title or first.market.name,
            "shoppers": first.shoppers,
            "shoppers_of_retailer": first.market.cost_basis_shoppers,
            "days": first.days,
            "titles": {name: s.strategy.title for name, s in composed.arms.items()},
        },
    )
    write_report(opened.folder)
    return outcome


def compare_command(composed: Composed, argv: Sequence[str]) -> int:
    """`omosim compare`: progress with ETA, the table, the answer, where the report is."""
    from omosim.reports.terminal import CompareScreen

    assert composed.compare is not None
    return watched(CompareScreen(composed.compare.baseline, list(composed.arms), composed.compare.replications), lambda tell: compare_run(composed, argv, tell), lambda screen, done: screen.result(done.rows, done.summary, done.folder.path / "report.html"))


# ---- calibrate ----------------------------------------------------------------------------------------------
def calibrate_run(composed: Composed, argv: Sequence[str]) -> tuple[Path, CalibrationResult]:
    """Fit a market to an order log and hold it against the weeks held out; the result folder is written."""
    from omosim.results import file_hash
    from omosim.twin.calibrate import CalibrateOptions, calibrate

    asked = composed.options
    options = CalibrateOptions(
        holdout_days=asked["holdout_days"],
        max_bad_rows=asked["max_bad_rows"],
        timezone=asked["timezone"],
        currency=asked["currency"],
        name=asked["name"],
        seed=composed.settings.seed,
        replications=asked["replications"],
        rounds=asked["rounds"],
    )
    orders = Path(asked["orders"])
    opened = begin("calibrate", composed, argv)
    result = calibrate(
        orders, asked["adapter"], opened.folder, options, base=composed.settings, simulate=simulated_orders
    )
    from omosim.config.assumptions import assumptions
    from omosim.config.compose import compose

    fitted = compose("run", [f"market={opened.folder.path / 'market.yaml'}"])
    opened.folder.write_json("assumptions.json", assumptions(fitted))
    data = {**data_hashes(composed.settings), orders.name: file_hash(orders)}
    opened.folder.finish(result.summary, finished=stamp(), extra={"data_hashes": data})
    return opened.folder.path, result


def simulated_orders(settings: Settings) -> pd.DataFrame:
    """Orders of one run as a frame, as a shop's log would hold them: visits without a purchase leave no row."""
    import pandas as pd

    from omosim.model.kpis import sold
    from omosim.model.run import order_columns, run

    done = run(settings)
    book = done.book[sold(done.book)]
    return pd.DataFrame(order_columns(book, done.model.world.node_names, done.model.world.category_names))


def calibrate_command(composed: Composed, argv: Sequence[str]) -> int:
    """`omosim calibrate`: the account of rows, the fit, the hold-out table, where the market file is."""
    from omosim.reports.write import write_report
    from omosim.results import load

    folder, result = calibrate_run(composed, argv)
    print(result.text())
    report = write_report(load(folder).folder)
    print(f"\nMarket: {folder / 'market.yaml'}    next: omosim compare market={folder / 'market.yaml'} shoppers={result.summary['shoppers']}\nReport: {report}")
    return 0


# ---- report, rerun ------------------------------------------------------------------------------------------
def report_command(path: str, formats: str = "html") -> int:
    """Rebuild the report from the files of a folder.

    formats : words of `html`, `xlsx`, `csv`, `png`, `svg` with commas between them, in brackets or not. Raises ConfigError
        for another word before anything is written.
    """
    from omosim.config.errors import nearest, refuse, show
    from omosim.reports.bundle import FORMATS, lacking, write_formats
    from omosim.reports.write import write_report

    asked = [word.strip() for word in formats.strip("[]").split(",")]
    for word in asked:
        if word not in FORMATS:
            near = nearest(word, FORMATS)
            hint = f"Did you mean '{near}'? " if near else ""
            raise refuse("is not allowed", key="format", value=show(word), cure=f"{hint}Allowed: {', '.join(FORMATS)}")
    if (Path(path) / "twin.json").is_file():
        from omosim.api.twin import write_twin_report
        from omosim.twin import folder as twins

        print(write_twin_report(twins.read(path)))
        return 0
    folder = ResultFolder.open_existing(path)
    if "html" in asked:
        print(write_report(folder))
    for place in write_formats(folder, asked):
        print(place)
    if missing := lacking(folder, asked):
        print(missing, file=sys.stderr)
    return 0


def _again(command: str, config: Path, place: str, argv: Sequence[str]) -> int:
    """Run what a `config.yaml` states into another folder; returns the exit code."""
    from omosim.api.attribution import attribute_command, prepare
    from omosim.api.pickup import bopis_command
    from omosim.api.validation import validate_command
    from omosim.config.reread import reread
    from omosim.validation import plan

    if command == "claims":
        from omosim.api.claim_check import claims_command
        from omosim.validation import claims

        return claims_command(claims.reread(config, output_dir=place), argv)
    if command == "validate":
        return validate_command(plan.reread(config, output_dir=place), argv)
    if command == "sweep":
        from omosim.api.sweeps import again

        return again(config.parent, place, argv)
    if command == "flip":
        from omosim.api.flips import flip_command
        from omosim.config.flip import reread_flip

        return flip_command(reread_flip(config, output_dir=place), argv)
    if command == "value":
        from omosim.api.valuation import prepare_value, value_command
        from omosim.config.value import reread_value

        return value_command(prepare_value(reread_value(config, output_dir=place)), argv)
    composed = reread(config, output_dir=place)
    if command == "attribute":
        return attribute_command(prepare(composed), argv)
    body = {"run": run_command, "compare": compare_command, "calibrate": calibrate_command, "bopis": bopis_command}[command]
    return body(composed, argv)


#: tables that are no Parquet
TABLES = ("capacity_plan.csv", "market.yaml", "plan.json", "rota.csv")


def rerun_command(path: str) -> int:
    """Run a result's command again into a folder beside it and say whether every table has the same bytes."""
    old = ResultFolder.open_existing(path)
    origin = old.provenance()
    command = str(origin["command"])
    place = old.path.with_name(old.path.name + ".rerun")
    code = _again(command, old.path / "config.yaml", str(place), origin.get("argv", []))
    if code not in (0, 3):
        return code
    names = sorted(p.relative_to(old.path).as_posix() for p in old.path.rglob("*") if p.suffix == ".parquet" or p.name in TABLES)
    different = [n for n in names if not (place / n).is_file() or (old.path / n).read_bytes() != (place / n).read_bytes()]
    write_text(place / "rerun.json", json.dumps({"of": old.path.name, "tables": names, "different": different}) + "\n")
    if different:
        print(f"differs from {old.path}: {', '.join(different)} (code {origin.get('code_version')})", file=sys.stderr)
        return 1
    print(f"{len(names)} tables have the same bytes as in {old.path}")
    return 0
