"""What a notebook uses: simulate, compare, calibrate, load. Heavy parts load when they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.api.twin_book import Twin

if TYPE_CHECKING:
    from omosim.api.attribution import AttributeStudy
    from omosim.api.sweeps import Prepared
    from omosim.api.views import RunView
    from omosim.config.sweep import SweepPlan
    from omosim.results import CompareResult, Result, SweepResult
    from omosim.results.load import AttributeResult, ClaimsResult, FlipResult, ValidateResult, ValueResult
    from omosim.validation.claims import ClaimsPlan
    from omosim.validation.plan import Plan

__all__ = ["Twin", "attribute", "bopis", "calibrate", "claims", "compare", "flip", "load", "simulate", "sweep", "validate", "value"]


def words(settings: Mapping[str, Any]) -> list[str]:
    """Keyword arguments as overrides; `output_dir=...` is `output.dir=...`."""
    out = []
    for key, value in settings.items():
        name = key.replace("__", ".") if "__" in key else {"output_dir": "output.dir"}.get(key, key)
        text = str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
        out.append(f"{name}={text}")
    return out


def simulate(strategy: str = "omo", *, overrides: Iterable[str] = (), **settings: Any) -> RunView:
    """Run one strategy once, in this process, and return its figures; nothing is written.

    Parameters
    ----------
    strategy : name of a shipped strategy, or a file
    overrides : further `key=value` words, as on the command line
    settings : common settings by name: shoppers, days, seed, market, scenario, …; `a__b=1` is `a.b=1`

    Returns
    -------
    RunView: kpis(), orders(), journeys(), daily(), pnl(), laws(), explain(order=…)

    Raises
    ------
    ConfigError : every problem of the settings at once
    """
    from omosim.api.views import RunView
    from omosim.config.compose import compose
    from omosim.model.run import run

    composed = compose("run", [f"strategy={strategy}", *words(settings), *_names(overrides, "overrides")])
    return RunView(run(composed.settings))


def _names(given: Iterable[str], what: str) -> list[str]:
    """The words of an argument. Raises ConfigError when it is one word, which would be read letter by letter, or none."""
    from omosim.config.errors import refuse, show

    if isinstance(given, str) or not isinstance(given, Iterable):
        raise refuse("is not a list", key=what, value=show(given), cure=f"Write {what}=[…]")
    words = [str(word) for word in given]
    if what == "strategies" and not words:
        raise refuse("is empty", key=what, cure="Name two strategies at least, as ['o2o', 'omo']")
    return words


def compare(
    strategies: Iterable[str] = ("o2o", "omnichannel", "omo"),
    baseline: str | None = None,
    *,
    overrides: Iterable[str] = (),
    **settings: Any,
) -> CompareResult:
    """Compare strategies in paired replications; the result folder is kept.

    Parameters
    ----------
    strategies : arms; the first is the baseline unless `baseline` names another
    overrides, settings : as in `simulate`; also replications, precision, jobs

    Returns
    -------
    CompareResult: table(), to_frame(), runs(), plot.forest(), report(path)
    """
    from omosim.api.commands import compare_run
    from omosim.config.compose import compose

    arms = _names(strategies, "strategies")
    overrides = _names(overrides, "overrides")
    asked = [f"strategies=[{','.join(arms)}]", f"baseline={baseline or arms[0]}", *words(settings), *overrides]
    outcome = compare_run(compose("compare", asked), ["omosim", "compare", *asked])
    return load(outcome.folder.path)


def sweep(strategies: Iterable[str] | None = None, baseline: str | None = None, *, overrides: Iterable[str] = (), **settings: Any) -> SweepResult:
    """Run strategies at every point of a design over settings; the result folder is kept, and the same call goes on after a stop.

    Parameters
    ----------
    strategies : arms, default o2o and omo or those of a `strategy=` among the overrides; the first is the baseline unless
        `baseline` names another
    overrides : words as on the command line; those with several values (`a=1,2`) or a range (`a=interval(1,2)`) are varied
    settings : as in `simulate`, a list for several values; also design, points, replications, jobs, executor, scheduler

    Returns
    -------
    SweepResult: futures(), sensitivity(), boxes(), to_frame(), runs(), design(), plot.tornado(), report(path)

    Raises
    ------
    ConfigError : every problem of the settings at once; DesignError : the design does not fit what is varied
    """
    from omosim.api.sweeps import prepare, sweep_run
    from omosim.config.sweep import compose_sweep

    more = _names(overrides, "overrides")
    has = {word.partition("=")[0] for word in more}
    arms = [] if strategies is None and "strategy" in has else _names(("o2o", "omo") if strategies is None else strategies, "strategies")
    held = baseline or (arms[0] if arms and "baseline" not in has else "")
    head = [*([f"strategy={','.join(arms)}"] if arms else []), *([f"baseline={held}"] if held else [])]
    given = {name: ",".join(str(v) for v in value) if isinstance(value, (list, tuple, range)) else value for name, value in settings.items()}
    asked = [*head, *words(given), *more]
    result: SweepResult = load(sweep_run(prepare(compose_sweep(asked)), ["omosim", "sweep", *asked]).folder.path)
    return result


def calibrate(orders: str | Path, adapter: str = "own", *, output_dir: str | Path, **options: Any) -> Result:
    """Fit a market to an order log and write it as a market file; see `omosim calibrate --help`.

    Raises
    ------
    OrderFileError : the file cannot be read as an order log; every problem with its row and column
    """
    from omosim.api.commands import calibrate_run
    from omosim.config.compose import compose

    asked = [f"orders={orders}", f"adapter={adapter}", f"output.dir={output_dir}", *words(options)]
    folder, _ = calibrate_run(compose("calibrate", asked), ["omosim", "calibrate", *asked])
    return load(folder)


def bopis(orders: str | Path | None = None, store: str | None = None, day: str = "all", **options: Any) -> Result:
    """Plan pickup capacity of a store from its order file; the result folder is kept. See `omosim bopis --help`.

    Raises
    ------
    InputError : the file is refused, or cannot carry a plan; every problem with its row and column
    """
    from omosim.api.pickup import bopis_run
    from omosim.config.compose import compose

    given = {"orders": orders, "store": store, "day": day, **options}
    asked = words({k: v for k, v in given.items() if v is not None})
    return load(bopis_run(compose("bopis", asked), ["omosim", "bopis", *asked]).path)


def validate(patterns: str | Iterable[str] = "all", *, overrides: Iterable[str] = (), **settings: Any) -> ValidateResult:
    """Run published experiments again and judge them; the result folder is kept.

    Parameters
    ----------
    patterns : names of shipped experiments, files of own ones, or "all"
    overrides, settings : as in `simulate`; also replications, jobs

    Returns
    -------
    ValidateResult: table(), to_frame(), reported(), answer, report(path)

    Raises
    ------
    ConfigError : every problem of the files and settings at once
    """
    from omosim.api.validation import validate_plan, validate_run

    named = [patterns] if isinstance(patterns, str) else [str(name) for name in patterns]
    asked = [f"patterns={','.join(named)}", *words(settings), *_names(overrides, "overrides")]
    result: ValidateResult = load(validate_run(validate_plan(asked), ["omosim", "validate", *asked]).folder.path)
    return result


def value(source: str = "o2o", target: str = "omo", capabilities: Iterable[str] = (), *, overrides: Iterable[str] = (), **settings: Any) -> ValueResult:
    """What each capability is worth on the way from one strategy to another; the result folder is kept.

    Parameters
    ----------
    source, target : strategies, by name or file
    capabilities : players; empty: each that differs
    overrides, settings : as in `simulate`; also replications, orders, jobs

    Returns
    -------
    ValueResult: table(), to_frame(), synergy(), ladder(), coalitions(), answer, plot.waterfall(), report(path)
    """
    from omosim.api.valuation import prepare_value, value_run
    from omosim.config.value import compose_value

    named = _names(capabilities, "capabilities")
    asked = [f"from={source}", f"to={target}", *([f"capabilities=[{','.join(named)}]"] if named else []), *words(settings), *_names(overrides, "overrides")]
    result: ValueResult = load(value_run(prepare_value(compose_value(asked)), ["omosim", "value", *asked]).folder.path)
    return result


def flip(strategies: Iterable[str] = ("o2o", "omo"), ranges: Mapping[str, tuple[float, float]] | None = None, *, overrides: Iterable[str] = (), **settings: Any) -> FlipResult:
    """Where which strategy pays over one or two ranges; the result folder is kept.

    Parameters
    ----------
    strategies : arms; the first is the baseline
    ranges : key -> (low, high), as {"network.stores.count": (5, 40)}; one key, or two for a map
    overrides, settings : as in `simulate`; also resolution, runs, start, replications, most, jobs

    Returns
    -------
    FlipResult: table(), to_frame(), boundary(), answer, plot.map(), report(path)
    """
    from omosim.api.flips import flip_run
    from omosim.config.flip import compose_flip

    spans = [f"{key}=interval({low},{high})" for key, (low, high) in (ranges or {}).items()]
    asked = [f"strategies=[{','.join(_names(strategies, 'strategies'))}]", *spans, *words(settings), *_names(overrides, "overrides")]
    result: FlipResult = load(flip_run(compose_flip(asked), ["omosim", "flip", *asked]).folder.path)
    return result


def attribute(strategy: str = "omnichannel", *, overrides: Iterable[str] = (), **settings: Any) -> AttributeResult:
    """Hold models of attribution against the true effect of each touchpoint; the result folder is kept.

    Parameters
    ----------
    strategy : name of a shipped strategy, or a file
    overrides, settings : as in `simulate`; also identity_loss, shift, off, replications, jobs

    Returns
    -------
    AttributeResult: table(), to_frame(), errors(), shifts(), transitions(), paths(), answer, plot.credits(), plot.errors(), report(path)

    Raises
    ------
    ConfigError : every problem of the settings at once
    """
    from omosim.api.attribution import attribute_run, prepare
    from omosim.config.compose import compose

    asked = [f"strategy={strategy}", *words(settings), *_names(overrides, "overrides")]
    result: AttributeResult = load(attribute_run(prepare(compose("attribute", asked)), ["omosim", "attribute", *asked]).folder.path)
    return result


def claims(names: str | Iterable[str] = "all", *, overrides: Iterable[str] = (), **settings: Any) -> ClaimsResult:
    """Read published claims as their publishers did and as paired runs do; the result folder is kept.

    Parameters
    ----------
    names : names of shipped claims, files of own ones, or "all"
    overrides, settings : as in `simulate`; also replications, jobs

    Returns
    -------
    ClaimsResult: table(), to_frame(), readings(), answer, plot.claims(), report(path)

    Raises
    ------
    ConfigError : every problem of the files and settings at once
    """
    from omosim.api.claim_check import claims_plan, claims_run

    named = [names] if isinstance(names, str) else [str(name) for name in names]
    asked = [f"claims={','.join(named)}", *words(settings), *_names(overrides, "overrides")]
    result: ClaimsResult = load(claims_run(claims_plan(asked), ["omosim", "claims", *asked]).folder.path)
    return result


def load(path: str | Path) -> Any:
    """A finished result from its folder (or `outputs/<command>/latest`), with its figures attached; a twin's folder as a Twin."""
    from omosim.reports.accessors import attach
    from omosim.results import load as read

    if (Path(path).expanduser() / "twin.json").is_file():
        return Twin(path)
    attach()
    return read(path)


def warm() -> float:
    """Compile every kernel once, into the user's cache; returns seconds taken."""
    from omosim.api.warming import warm as compile_all

    return compile_all()


def run_command(composed: Any, argv: list[str]) -> int:
    """Body of `omosim run`; returns the exit code."""
    from omosim.api import commands

    return commands.run_command(composed, argv)


def compare_command(composed: Any, argv: list[str]) -> int:
    """Body of `omosim compare`; returns the exit code."""
    from omosim.api import commands

    return commands.compare_command(composed, argv)


def calibrate_command(composed: Any, argv: list[str]) -> int:
    """Body of `omosim calibrate`; returns the exit code."""
    from omosim.api import commands

    return commands.calibrate_command(composed, argv)


def bopis_command(composed: Any, argv: list[str]) -> int:
    """Body of `omosim bopis`; returns the exit code."""
    from omosim.api import pickup

    return pickup.bopis_command(composed, argv)


def validate_plan(words: list[str]) -> Plan:
    """What `omosim validate` with these words runs. Raises ConfigError with every problem."""
    from omosim.api import validation

    return validation.validate_plan(words)


def validate_command(plan: Plan, argv: list[str]) -> int:
    """Body of `omosim validate`; returns the exit code."""
    from omosim.api import validation

    return validation.validate_command(plan, argv)


def claims_plan(words: list[str]) -> ClaimsPlan:
    """What `omosim claims` with these words runs. Raises ConfigError with every problem."""
    from omosim.api.claim_check import claims_plan as plan_of

    return plan_of(words)


def claims_command(plan: ClaimsPlan, argv: list[str]) -> int:
    """Body of `omosim claims`; returns the exit code."""
    from omosim.api.claim_check import claims_command as command

    return command(plan, argv)


def report_command(path: str, formats: str = "html") -> int:
    """Body of `omosim report`; returns the exit code."""
    from omosim.api import commands

    return commands.report_command(path, formats)


def rerun_command(path: str, run: str = "") -> int:
    """Body of `omosim rerun`, of the whole folder or of one run in it; returns the exit code."""
    from omosim.api import commands, rerun

    return rerun.rerun_one(path, run) if run else commands.rerun_command(path)


def attribute_prepare(composed: Any) -> AttributeStudy:
    """See omosim.api.attribution.prepare."""
    from omosim.api.attribution import prepare

    return prepare(composed)


def attribute_command(study: AttributeStudy, argv: list[str]) -> int:
    """See omosim.api.attribution.attribute_command."""
    from omosim.api.attribution import attribute_command as body

    return body(study, argv)


def sweep_prepare(plan: SweepPlan) -> Prepared:
    """See omosim.api.sweeps.prepare; says on standard error how far the checks are when there are many points."""
    from omosim.api import sweeps

    return sweeps.prepare(plan, sweeps.say_checked)


def sweep_command(ready: Prepared, argv: list[str]) -> int:
    """See omosim.api.sweeps.sweep_command."""
    from omosim.api import sweeps

    return sweeps.sweep_command(ready, argv)


def sweep_status(folder: str) -> int:
    """See omosim.api.sweeps.status_command."""
    from omosim.api import sweeps

    return sweeps.status_command(folder)


def sweep_extended(folder: str, words: list[str]) -> list[str]:
    """See omosim.api.sweeps.extended_words."""
    from omosim.api import sweeps

    return sweeps.extended_words(folder, words)
