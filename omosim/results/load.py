"""Results as objects: `load(path)` reads a folder and gives the kind of result that its command made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omosim.results.folder import ResultFolder

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """A finished study on the disk."""

    main_table = ""

    def __init__(self, folder: ResultFolder) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """The result folder."""
        return self.folder.path

    @property
    def summary(self) -> dict[str, Any]:
        """`summary.json`."""
        return self.folder.summary()

    @property
    def provenance(self) -> dict[str, Any]:
        """`provenance.json`."""
        return self.folder.provenance()

    def tables(self) -> list[str]:
        """Names of the Parquet tables in the folder."""
        return sorted(p.stem for p in self.path.glob("*.parquet"))

    def frame(self, name: str) -> pd.DataFrame:
        """One table as a pandas frame."""
        return self.folder.read_frame(name)

    def to_frame(self) -> pd.DataFrame:
        """The command's main table as a pandas frame."""
        return self.frame(self.main_table or self.tables()[0])

    def laws(self) -> dict[str, int]:
        """law -> residual, all 0 in a published result; empty where they were not recorded."""
        if not (self.path / "laws.json").is_file():
            return {}
        return {str(k): int(v) for k, v in self.folder.read_json("laws.json").items()}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


class CompareResult(Result):
    """Paired differences of strategies against a baseline."""

    main_table = "comparison"

    @property
    def answer(self) -> str:
        """The comparison in one or two sentences."""
        return str(self.summary["answer"])

    def runs(self) -> pd.DataFrame:
        """Every KPI of every replication: run_id, strategy, scenario, replication, kpi, value, unit."""
        return self.frame("runs")

    def kpis(self) -> pd.DataFrame:
        """Mean KPI by strategy: one row a KPI, one column a strategy, the baseline first."""
        frame = self.to_frame()
        wide = frame.pivot(index="kpi", columns="strategy", values="mean")
        base = frame.drop_duplicates("kpi").set_index("kpi")["baseline_mean"]
        wide.insert(0, str(self.summary["baseline"]), base)
        return wide.loc[list(dict.fromkeys(frame["kpi"]))]

    def table(self) -> pd.DataFrame:
        """Differences with interval and verdict, one row a KPI and strategy."""
        columns = ["kpi", "unit", "strategy", "baseline_mean", "diff", "ci_low", "ci_high", "prob_better", "verdict"]
        return self.to_frame()[columns]


class RunResult(Result):
    """One run of one strategy."""

    main_table = "kpis"

    @property
    def answer(self) -> str:
        """What was run."""
        summary = self.summary
        return f"{summary['strategy']} in {summary['market']} {summary['period']}"

    def explain(self, order: int) -> str:
        """One order's story, in lines. Raises KeyError when there is no such order."""
        from datetime import date, timedelta

        from omosim.results.story import story

        frame = self.orders()
        found = frame[frame["order_id"] == order]
        if found.empty:
            raise KeyError(f"no order {order}; order_id of orders() names them")
        start = date.fromisoformat(self.start_date)
        return story({str(k): v for k, v in found.iloc[0].items()}, lambda day: start + timedelta(day))

    @property
    def start_date(self) -> str:
        """Date of the run's first day, burn-in included, as config.yaml states it."""
        import yaml

        return str(yaml.safe_load((self.path / "config.yaml").read_text(encoding="utf-8"))["market"]["start_date"])

    def kpis(self) -> pd.DataFrame:
        """kpi, value, unit."""
        return self.frame("kpis")

    def table(self) -> pd.DataFrame:
        """The same as `kpis()`."""
        return self.kpis()

    def orders(self) -> pd.DataFrame:
        """One row an order, keyed by its mission."""
        return self.frame("orders")

    def daily(self) -> pd.DataFrame:
        """One row a day and series."""
        return self.frame("daily")


class BopisResult(Result):
    """A pickup plan of one store."""

    main_table = "staff"

    @property
    def answer(self) -> str:
        """The plan in a few sentences."""
        return str(self.summary["answer"])

    @property
    def plan(self) -> dict[str, Any]:
        """`plan.json`: the busiest planned weekday's figures, every weekday under `days`."""
        return dict(self.folder.read_json("plan.json"))

    def table(self) -> pd.DataFrame:
        """One row a weekday: paid hours, shares of orders that are ready and of waits within the limit, with intervals."""
        import pandas as pd

        rows = []
        for name, day in self.plan["days"].items():
            row: dict[str, Any] = {"weekday": name, "paid_hours": day["cost"]["paid_hours"], "targets_kept": day["targets_kept"]}
            for key in ("ready_on_time", "wait_within_limit"):
                row |= {key: day[key]["value"], f"{key}_low": day[key]["ci_low"], f"{key}_high": day[key]["ci_high"]}
            rows.append(row)
        return pd.DataFrame(rows)

    def staff(self) -> pd.DataFrame:
        """People on duty and the work that comes: one row a weekday and quarter hour."""
        return self.frame("staff")

    def what_if(self) -> pd.DataFrame:
        """Changes with intervals: one row a weekday, change and measure."""
        return self.frame("what_if")

    def capacity(self) -> pd.DataFrame:
        """store, weekday, from, to, interval_min, max_orders."""
        import pandas as pd

        return pd.read_csv(self.path / "capacity_plan.csv")

    def rota(self) -> pd.DataFrame:
        """One row a person and day."""
        import pandas as pd

        return pd.read_csv(self.path / "rota.csv", encoding="utf-8-sig")


class ValidateResult(Result):
    """Published experiments, run again and judged."""

    main_table = "validation"

    @property
    def answer(self) -> str:
        """How many published figures hold."""
        return str(self.summary["answer"])

    def table(self) -> pd.DataFrame:
        """One row a judged figure: pattern, outcome, published, simulated with its interval, fitted, verdict."""
        columns = ["pattern", "outcome", "published", "unit", "band_low", "band_high", "simulated", "ci_low", "ci_high", "fitted", "verdict"]
        return self.to_frame()[columns]

    def reported(self) -> pd.DataFrame:
        """Figures that are shown and not judged."""
        return self.frame("reported")


class SweepResult(Result):
    """Many runs over a design; every strategy held against the baseline."""

    main_table = "differences"

    @property
    def answer(self) -> str:
        """Which strategy to take over these points, and how sure."""
        return str(self.summary.get("answer", ""))

    def runs(self) -> pd.DataFrame:
        """Every KPI of every run: run_id, point, strategy, scenario, seed, replication, kpi, value, unit, reason."""
        import pandas as pd

        from omosim.results.tables import read_frame

        return pd.concat([read_frame(p) for p in sorted((self.path / "runs").glob("part-*.parquet"))], ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """Paired differences in operating profit, a row a point and strategy, beside the point's values; the runs of one strategy alone."""
        if "differences" not in self.tables():
            return self.runs()
        return self.frame("differences").merge(self.design(), on="point", how="left")

    def design(self) -> pd.DataFrame:
        """A row a point, a column a varied setting."""
        return self.frame("design")

    def futures(self) -> pd.DataFrame:
        """A row a strategy: share of points at which it is best, gain over the baseline, regret, each with its worst tenth."""
        return self._table("futures")

    def table(self) -> pd.DataFrame:
        """The same as `futures()`; of one strategy alone the design."""
        return self.futures() if "futures" in self.tables() else self.design()

    def sensitivity(self) -> pd.DataFrame:
        """A row a strategy and input: its effect on the difference from the baseline, and the noise of replications."""
        return self._table("sensitivity")

    def tornado(self) -> pd.DataFrame:
        """A row a strategy and input: the difference at its low and at its high end."""
        return self._table("tornado")

    def boxes(self) -> pd.DataFrame:
        """A row a limit of the box where a strategy loses (or wins, where that is rarer); empty without one."""
        return self._table("boxes")

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return self.frame(name) if name in self.tables() else pd.DataFrame()


class ValueResult(Result):
    """Values of capabilities between two strategies."""

    main_table = "values"

    @property
    def answer(self) -> str:
        """The difference, who carries it, and the first thing to do."""
        return str(self.summary["answer"])

    def table(self) -> pd.DataFrame:
        """One row a capability: its value a year with interval, effect before its costs, capital, payback, verdict."""
        columns = ["capability", "change", "per_year", "per_year_low", "per_year_high", "of_revenue", "gross_effect", "running_cost", "capital", "payback_years", "verdict"]
        return self.to_frame()[columns]

    def synergy(self) -> pd.DataFrame:
        """One row a pair: how much more the two are worth together."""
        return self.frame("synergy")

    def ladder(self) -> pd.DataFrame:
        """One row a step: what to do first, then, given that, what next."""
        return self.frame("ladder")

    def coalitions(self) -> pd.DataFrame:
        """One row a coalition that was run."""
        return self.frame("coalitions")


class FlipResult(Result):
    """A break-even map of strategies over one or two keys."""

    main_table = "map"

    @property
    def answer(self) -> str:
        """Who pays where."""
        return str(self.summary["answer"])

    def table(self) -> pd.DataFrame:
        """One row a change of winner: key, at which value of the other key, who pays below and above, value with interval.

        Where the winner changes nowhere, or one cannot tell where: one row a point that was run, with who pays there, the
        best, the second, the margin over the days with its interval, in minor units, and the repetitions.
        """
        found = self.boundary()
        return found if len(found) else self.to_frame()

    def boundary(self) -> pd.DataFrame:
        """Break-even values with their intervals."""
        return self.frame("boundary")


class AttributeResult(Result):
    """Credits of attribution models beside the true effect of each touchpoint."""

    main_table = "attribution"

    @property
    def answer(self) -> str:
        """What last touch says and what is true, which model is nearest, what its shift of the budget earns."""
        return str(self.summary["answer"])

    def table(self) -> pd.DataFrame:
        """Error of each model at each identity loss: share of the credit in the wrong place with its interval, rank correlation."""
        columns = ["model", "identity_loss", "share_error", "share_error_low", "share_error_high", "rank_correlation", "nearest", "told_from_nearest", "reason"]
        return self.errors().filter(columns)

    def errors(self) -> pd.DataFrame:
        """One row a model and identity loss."""
        return self.frame("errors")

    def shifts(self) -> pd.DataFrame:
        """What each model would move of the media budget, what it promises, and what it earns in paired runs."""
        return self.frame("shifts")

    def transitions(self) -> pd.DataFrame:
        """How often one touchpoint follows another in the log."""
        return self.frame("transitions")

    def paths(self) -> pd.DataFrame:
        """Purchases by the number of touches before them in the log."""
        return self.frame("paths")


class ClaimsResult(Result):
    """Published claims: as they were read, and what is caused."""

    main_table = "claims"

    @property
    def answer(self) -> str:
        """How many claims are caused in full, in part, or cannot be spoken about."""
        return str(self.summary["answer"])

    def table(self) -> pd.DataFrame:
        """One row a claim: claimed, raw reading, causal part with its interval, and the words."""
        columns = ["claim", "source", "claimed", "simulated_raw", "simulated_causal", "ci_low", "ci_high", "finding", "reading"]
        return self.to_frame()[columns]

    def readings(self) -> dict[str, str]:
        """Claim -> its line of words."""
        frame = self.to_frame()
        return dict(zip(frame["claim"], frame["reading"], strict=True))


_KINDS: dict[str, type[Result]] = {
    "compare": CompareResult, "run": RunResult, "bopis": BopisResult, "validate": ValidateResult, "claims": ClaimsResult,
    "sweep": SweepResult, "value": ValueResult, "flip": FlipResult, "attribute": AttributeResult,
}  # fmt: skip


def load(path: str | os.PathLike[str]) -> Result:
    """The result in a folder (or behind `outputs/<command>/latest`).

    Raises NotAResult, Unfinished or NewerSchema, each with what to do.
    """
    folder = ResultFolder.open_existing(path)
    return _KINDS.get(folder.command, Result)(folder)
