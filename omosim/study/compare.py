"""Paired comparison of strategies under common random numbers. `compare` is the main loop; start reading there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from omosim.results import ResultFolder, code_version
from omosim.study import tabulate
from omosim.study.book import Book, FailedRun, gather, runs_kept, submit
from omosim.study.executor import Executor, make_executor
from omosim.study.failures import write_failures
from omosim.study.payback import payback_rows
from omosim.study.progress import Progress
from omosim.study.runs import RunStore
from omosim.study.sequential import StoppingRule

if TYPE_CHECKING:
    from omosim.strategy.investment import Investment


@dataclass(frozen=True)
class CompareOutcome:
    """What a comparison found; the same stands in the folder's files."""

    folder: ResultFolder
    answer: str
    rows: list[dict[str, Any]]
    summary: dict[str, Any]
    failures: list[FailedRun]
    exit_code: int


def compare(
    arms: Mapping[str, str],
    baseline: str,
    entry: str,
    *,
    replications: int,
    precision: float,
    seed: int,
    jobs: int,
    folder: ResultFolder,
    progress: Callable[[Progress], None] | None = None,
    run_settings: Mapping[str, str] | None = None,
    code: str | None = None,
    data_hash: str = "",
    scenario: str = "",
    period: str = "",
    threads: int = 1,
    budget_s: float | None = None,
    executor: Executor | None = None,
    finished: Callable[[], str | None] = lambda: None,
    extra_summary: Mapping[str, Any] | None = None,
    investments: Mapping[str, Investment] | None = None,
    days: int = 0,
) -> CompareOutcome:
    """Compare every arm with the baseline on the same replications and write the tables into `folder`.

    arms: label -> JSON text of the resolved settings, without what does not decide numbers (it gives the run id).
    run_settings: label -> JSON text that the entry receives where it differs (engine, threads); default `arms`.
    entry: "module:function"; its task is the JSON of {run_id, arm, replication, seed, settings}, its answer the JSON of
    {run_id, kpis, laws, pnl}.
    replications: pairs at most; precision: see `sequential`; replications are numbered from 0.
    code: part of the run id, default the hash of the package's files. budget_s: longest time of one run.
    period: words for the answer ("over 28 days"). finished: gives the time stamp at the end.
    investments: label -> what the arm takes beyond the baseline, for its payback; days: length of the measured window.
    Raises StudyInterrupted on Ctrl-C (finished runs are kept), StudyStopped on bad input or a broken law.
    Oracles: tests/study/test_compare.py (known truth), test_coverage.py.
    """
    if baseline not in arms:
        raise ValueError(f"baseline '{baseline}' is not among the arms {list(arms)}")
    book = Book(arms, baseline, seed)
    book.plan(replications, code=code if code is not None else code_version(), data_hash=data_hash)
    store = RunStore(folder)
    rule = StoppingRule(precision, replications)
    workers = executor or make_executor(entry, jobs, threads=threads, budget_s=budget_s)
    settings = {**arms, **(run_settings or {})}
    tell = Teller(progress, book, replications, lambda target: tabulate.comparison_rows(book, target))
    with runs_kept(book, folder, workers):
        while not rule.stopped:
            submit(book, rule.target, store, workers, settings)
            gather(book, rule.target, store, workers, tell)
            if not book.comparable(rule.target):
                break
            rule.look(tabulate.relative_widths(book, rule.target))
    back = partial(payback_rows, investments=investments or {}, days=days)
    return _publish(book, rule, folder, scenario, period, finished, extra_summary or {}, back)


def _publish(
    book: Book,
    rule: StoppingRule,
    folder: ResultFolder,
    scenario: str,
    period: str,
    finished: Callable[[], str | None],
    extra: Mapping[str, Any],
    back: Callable[..., list[dict[str, Any]]],
) -> CompareOutcome:
    """Write every table from the finished runs alone, in the plan's order, the summary last."""
    upto = rule.target
    failures = book.failed(upto)
    rows = tabulate.comparison_rows(book, upto)
    rows += back(rows, pnl=tabulate.pnl_differences(book, upto))
    folder.write_table("runs", *tabulate.runs_table(book, upto, scenario))
    folder.write_table("convergence", *tabulate.convergence_table(book, upto))
    folder.write_table("pnl", *tabulate.pnl_table(book, upto))
    columns, units, meanings = tabulate.comparison_table(rows)
    folder.write_table("comparison", columns, units, meanings, types=tabulate.COMPARISON_TYPES)
    laws = tabulate.law_proof(book, upto).write(folder)
    write_failures(folder, (f.row() for f in failures))
    text = tabulate.answer_text(book, upto, rows, period)
    summary: dict[str, Any] = {
        "answer": text,
        "baseline": book.baseline,
        "strategies": list(book.arms),
        "scenario": scenario,
        "period": period,
        "seed": book.seed,
        "replications": upto,
        "replications_max": rule.maximum,
        "pairs": book.pairs(upto),
        "precision": rule.precision,
        "precision_reached": rule.reached,
        "precise": rule.precise,
        "stopped": rule.why or "no run finished",
        "confidence": 1 - tabulate.ALPHA,
        "failed_runs": len(failures),
        "laws": laws,
        "comparison": rows,
        **dict(extra),
    }
    folder.finish(summary, finished=finished())
    return CompareOutcome(folder, text, rows, summary, failures, 3 if failures else 0)


class Teller:
    """Calls the caller's progress function.

    Parameters
    ----------
    report : what is called; None nobody
    book : whose runs are counted
    maximum : replications at most
    table : rows of the runs finished so far, made anew when another pair is complete; None without pairs and rows
    """

    def __init__(
        self, report: Callable[[Progress], None] | None, book: Book, maximum: int, table: Callable[[int], list[dict[str, Any]]] | None = None
    ) -> None:
        self.report, self.book, self.maximum, self.table = report, book, maximum, table
        self.began = time.monotonic()
        self.pairs = 0
        self.next_table = 0.0

    def __call__(self, target: int) -> None:
        if self.report is None:
            return
        book = self.book
        pairs = 0 if self.table is None else book.pairs(target)
        fresh, self.pairs = pairs > max(self.pairs, 1), pairs
        rows = self._rows(target) if fresh and time.monotonic() >= self.next_table else None
        runs = {run for _, _, run in book.runs(target)}
        self.report(
            Progress(
                done=len(runs & book.answers.keys()),
                reused=book.reused,
                failed=len(runs & book.failures.keys()),
                planned=len(runs),
                maximum=self.maximum,
                pairs=pairs,
                seconds=time.monotonic() - self.began,
                rows=rows,
            )
        )

    def _rows(self, target: int) -> list[dict[str, Any]] | None:
        """A table; the next one waits twenty times as long as this one took, so that tables stay a small cost."""
        began = time.monotonic()
        rows = None if self.table is None else self.table(target)
        self.next_table = time.monotonic() + 20 * (time.monotonic() - began)
        return rows
