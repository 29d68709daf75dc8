"""What a notebook uses: simulate, compare, calibrate, load. Heavy parts load when they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.api.attribution import AttributeStudy
    from omosim.api.sweep import Prepared
    from omosim.api.views import RunView
    from omosim.config.sweep import SweepPlan
    from omosim.results import CompareResult, Result
    from omosim.results.load import AttributeResult, ValidateResult
    from omosim.validation.plan import Plan

__all__ = ["attribute", "bopis", "calibrate", "compare", "load", "simulate", "validate"]


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


def load(path: str | Path) -> Any:
    """A finished result from its folder (or `outputs/<command>/latest`), with its figures attached."""
    from omosim.reports.accessors import attach
    from omosim.results import load as read

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


def report_command(path: str) -> int:
    """Body of `omosim report`; returns the exit code."""
    from omosim.api import commands

    return commands.report_command(path)


def rerun_command(path: str) -> int:
    """Body of `omosim rerun`; returns the exit code."""
    from omosim.api import commands

    return commands.rerun_command(path)


def attribute_prepare(composed: Any) -> AttributeStudy:
    """See omosim.api.attribution.prepare."""
    from omosim.api.attribution import prepare

    return prepare(composed)


def attribute_command(study: AttributeStudy, argv: list[str]) -> int:
    """See omosim.api.attribution.attribute_command."""
    from omosim.api.attribution import attribute_command as body

    return body(study, argv)


def sweep_prepare(plan: SweepPlan) -> Prepared:
    """See omosim.api.sweep.prepare; says on standard error how far the checks are when there are many points."""
    from omosim.api import sweep

    return sweep.prepare(plan, sweep.say_checked)


def sweep_command(ready: Prepared, argv: list[str]) -> int:
    """See omosim.api.sweep.sweep_command."""
    from omosim.api import sweep

    return sweep.sweep_command(ready, argv)


def sweep_status(folder: str) -> int:
    """See omosim.api.sweep.status_command."""
    from omosim.api import sweep

    return sweep.status_command(folder)


def sweep_extended(folder: str, words: list[str]) -> list[str]:
    """See omosim.api.sweep.extended_words."""
    from omosim.api import sweep

    return sweep.extended_words(folder, words)
