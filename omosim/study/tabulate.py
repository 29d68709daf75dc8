"""From finished runs to tables: one row a KPI and strategy, in the plan's order whatever finished first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omosim.results import nine_digits
from omosim.study.answer import PLACES, answer, carrying, staff_loads
from omosim.study.directions import direction
from omosim.study.parts import Proof
from omosim.study.payback import capital_words
from omosim.study.stats import BETTER, Paired, paired, prob_better, verdicts

if TYPE_CHECKING:
    from omosim.study.book import Book

ALPHA = 0.05
PROFIT, REVENUE = "operating_profit", "net_revenue"

Table = tuple[dict[str, list[Any]], dict[str, str], dict[str, str]]

COMPARISON_TYPES = {
    **dict.fromkeys(("mean", "baseline_mean", "diff", "ci_low", "ci_high"), "float64"),
    "prob_better": "float64",
    "variance_reduction": "float64",
    "replications": "int64",
}
_MEANINGS = {
    "mean": "mean of the strategy over the pairs",
    "baseline_mean": "mean of the baseline over the same pairs",
    "diff": "mean - baseline_mean",
    "ci_low": "lower end of the paired 95 % interval of diff, Bonferroni over strategies",
    "ci_high": "upper end of the same",
    "prob_better": "probability that the strategy is better in the KPI's direction",
    "verdict": "better | worse: Holm over strategies rejects and the interval leaves out 0; else cannot_tell",
    "replications": "pairs used",
    "variance_reduction": "(var strategy + var baseline) / var diff: pairs that independent seeds would need, per pair",
    "reason": "why something is null",
}


def others(book: Book) -> list[str]:
    """Arms that are compared with the baseline."""
    return [arm for arm in book.arms if arm != book.baseline]


def values(book: Book, arm: str, kpi: str, upto: int) -> list[float | None]:
    """One value a replication, None where undefined or not run."""
    out: list[float | None] = []
    for r in range(upto):
        answer_ = book.answers.get(book.ids[arm, r])
        out.append(answer_.value(kpi) if answer_ else None)
    return out


def kpi_units(book: Book, upto: int) -> dict[str, str]:
    """KPI -> unit, in the order in which the runs report them."""
    units: dict[str, str] = {}
    for _, _, run in book.runs(upto):
        if run in book.answers:
            for item in book.answers[run].kpis:
                units.setdefault(item.kpi, item.unit)
    return units


def _pair(book: Book, arm: str, against: str, kpi: str, upto: int) -> Paired:
    alpha = ALPHA / max(len(others(book)), 1)
    return paired(values(book, arm, kpi, upto), values(book, against, kpi, upto), alpha=alpha)


def relative_widths(book: Book, upto: int) -> list[float | None]:
    """Half-width of each arm's paired profit interval over the baseline's net revenue; arms without runs left out."""
    revenue = [v for v in values(book, book.baseline, REVENUE, upto) if v is not None]
    base = abs(sum(revenue)) / len(revenue) if revenue else 0.0
    out: list[float | None] = []
    for arm in others(book):
        if book.pairs(upto, (arm, book.baseline)) == 0:
            continue
        half = _pair(book, arm, book.baseline, PROFIT, upto).half_width
        out.append(None if half is None or base == 0 else nine_digits(half / base))
    return out


def comparison_rows(book: Book, upto: int) -> list[dict[str, Any]]:
    """The rows of comparison.parquet over the first `upto` replications."""
    rows = []
    for kpi, unit in kpi_units(book, upto).items():
        results = [_pair(book, arm, book.baseline, kpi, upto) for arm in others(book)]
        way = direction(kpi)
        for arm, result, verdict in zip(others(book), results, verdicts(results, way, alpha=ALPHA), strict=True):
            rows.append(
                {
                    "kpi": kpi,
                    "unit": unit,
                    "strategy": arm,
                    "baseline": book.baseline,
                    "mean": result.mean,
                    "baseline_mean": result.baseline_mean,
                    "diff": result.diff,
                    "ci_low": result.ci_low,
                    "ci_high": result.ci_high,
                    "prob_better": prob_better(result, way),
                    "verdict": verdict,
                    "replications": result.pairs,
                    "variance_reduction": result.variance_reduction,
                    "reason": result.reason,
                }
            )
    return rows


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Columns, units and meanings of comparison.parquet."""
    names = (
        "kpi",
        "unit",
        "strategy",
        "baseline",
        "mean",
        "baseline_mean",
        "diff",
        "ci_low",
        "ci_high",
        "prob_better",
        "verdict",
        "replications",
        "variance_reduction",
        "reason",
    )
    columns = {name: [row[name] for row in rows] for name in names}
    units = dict.fromkeys(("mean", "baseline_mean", "diff", "ci_low", "ci_high"), "see unit")
    return columns, {**units, "prob_better": "probability"}, _MEANINGS


def convergence_table(book: Book, upto: int) -> Table:
    """Columns of convergence.parquet: the paired difference in profit after 2, 3, … replications, for each strategy."""
    rows = []
    for n in range(2, upto + 1):
        for arm in others(book):
            if book.pairs(n, (arm, book.baseline)) > 1:
                result = _pair(book, arm, book.baseline, PROFIT, n)
                rows.append((arm, n, result.pairs, result.diff, result.ci_low, result.ci_high))
    names = ("strategy", "replications", "pairs", "diff", "ci_low", "ci_high")
    unit = kpi_units(book, upto).get(PROFIT, "")
    return _columns(names, rows, floats=names[3:]), dict.fromkeys(names[3:], unit), {"diff": "mean paired difference of operating_profit after so many replications"}


def runs_table(book: Book, upto: int, scenario: str) -> Table:
    """Columns of runs.parquet: one row a run and KPI."""
    rows = [
        (run, arm, scenario, r, k.kpi, k.value, k.unit, k.reason)
        for arm, r, run in _by_arm(book, upto)
        for k in book.answers[run].kpis
    ]
    names = ("run_id", "strategy", "scenario", "replication", "kpi", "value", "unit", "reason")
    return _columns(names, rows, floats=("value",)), {"value": "see unit"}, {"reason": "why a value is null"}


def pnl_table(book: Book, upto: int) -> Table:
    """Columns of pnl.parquet: profit lines of each run in minor units."""
    rows = [
        (run, arm, r, line, amount)
        for arm, r, run in _by_arm(book, upto)
        for line, amount in book.answers[run].pnl.items()
    ]
    names = ("run_id", "strategy", "replication", "line", "amount")
    return _columns(names, rows), {"amount": "minor"}, {"amount": "positive raises profit"}


def pnl_differences(book: Book, upto: int) -> dict[str, dict[str, float]]:
    """arm -> profit line -> mean difference from the baseline over the replications that both have."""
    out: dict[str, dict[str, float]] = {}
    for arm in others(book):
        both = [(book.answers.get(book.ids[arm, r]), book.answers.get(book.ids[book.baseline, r])) for r in range(upto)]
        pairs = [(a.pnl, b.pnl) for a, b in both if a is not None and b is not None]
        lines = dict.fromkeys(line for pair in pairs for side in pair for line in side)
        out[arm] = {line: sum(a.get(line, 0) - b.get(line, 0) for a, b in pairs) / len(pairs) for line in lines}
    return out


def _by_arm(book: Book, upto: int) -> Iterable[tuple[str, int, str]]:
    order = {arm: i for i, arm in enumerate(book.arms)}
    done = [item for item in book.runs(upto) if item[2] in book.answers]
    return sorted(done, key=lambda item: (order[item[0]], item[1]))


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]], floats: Sequence[str] = ()) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    for name in floats:
        columns[name] = [None if v is None else float(v) for v in columns[name]]
    return columns


def law_proof(book: Book, upto: int) -> Proof:
    """What the runs say of the laws; arms that share a run count it once."""
    out = Proof(broken=len({failed.run_id for failed in book.failed(upto) if failed.failure.exit_code == 4}))
    for run in dict.fromkeys(run for _, _, run in book.runs(upto)):
        if run in book.answers:
            out.add(book.answers[run].laws, 1)
    return out


def answer_text(book: Book, upto: int, rows: Sequence[Mapping[str, Any]], period: str) -> str:
    """The answer, with the best two arms held against each other; first what stores lack, if they cannot carry an arm."""
    profit = [row for row in rows if row["kpi"] == PROFIT]
    ranked = sorted((row for row in profit if row["verdict"] == BETTER), key=lambda row: -row["diff"])
    runner_up = None
    if len(ranked) > 1:
        best, second = ranked[0]["strategy"], ranked[1]["strategy"]
        runner_up = (best, second, _pair(book, best, second, PROFIT, upto))
    money = answer(profit, book.baseline, runner_up=runner_up, period=period)
    stores = carrying(staff_loads(rows, book.baseline), _place_loads(book, upto))
    capital = capital_words(rows)
    return " ".join(filter(None, (stores.text, money, capital) if stores.short else (money, capital, stores.text)))


def _place_loads(book: Book, upto: int) -> dict[str, dict[str, float]]:
    """KPI -> arm -> mean load of each kind of place, over the runs in which it has a limit."""
    out: dict[str, dict[str, float]] = {}
    for kind in PLACES:
        for arm in book.arms:
            known = [v for v in values(book, arm, f"{kind}_load", upto) if v is not None]
            if known:
                out.setdefault(f"{kind}_load", {})[arm] = sum(known) / len(known)
    return out
