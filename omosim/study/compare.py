"""Paired comparison of strategies under common random numbers. `compare` is the main loop; start reading there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omosim.results import ResultFolder, code_version
from omosim.study import tabulate
from omosim.study.executor import Executor, make_executor
from omosim.study.outcome import Failure, Outcome
from omosim.study.runs import BadAnswer, RunAnswer, RunStore, parse_answer, run_id
from omosim.study.sequential import StoppingRule


@dataclass(frozen=True)
class Progress:
    """Told to the caller after each finished run."""

    done: int
    reused: int
    failed: int
    planned: int
    maximum: int
    pairs: int
    seconds: float
    rows: Sequence[Mapping[str, Any]] | None = None

    @property
    def seconds_left(self) -> float | None:
        """Estimate for the runs planned now, None before the first fresh run."""
        fresh = self.done + self.failed - self.reused
        return None if fresh <= 0 else self.seconds / fresh * (self.planned - self.done - self.failed)


@dataclass(frozen=True)
class FailedRun:
    """A run without an answer."""

    run_id: str
    strategy: str
    replication: int
    seed: int
    failure: Failure


@dataclass(frozen=True)
class CompareOutcome:
    """What a comparison found; the same stands in the folder's files."""

    folder: ResultFolder
    answer: str
    rows: list[dict[str, Any]]
    summary: dict[str, Any]
    failures: list[FailedRun]
    exit_code: int


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C; every finished run is kept, and the same command goes on from there."""

    exit_code = 130


class StudyStopped(Exception):
    """The study ended early without a result: bad input (2) or a broken law (4)."""

    def __init__(self, message: str, exit_code: int, failures: Sequence[FailedRun]) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.failures = list(failures)


@dataclass
class Book:
    """State of one comparison: what is asked, what is there."""

    arms: Mapping[str, str]
    baseline: str
    seed: int
    ids: dict[tuple[str, int], str] = field(default_factory=dict)
    answers: dict[str, RunAnswer] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    reused: int = 0

    def runs(self, upto: int) -> list[tuple[str, int, str]]:
        """(arm, replication, run id) of the first `upto` replications, all arms of one before the next."""
        return [(arm, r, self.ids[arm, r]) for r in range(upto) for arm in self.arms]

    def pairs(self, upto: int, arms: Sequence[str] = ()) -> int:
        """Replications among the first `upto` that all of `arms` (default: every arm) have finished."""
        return sum(all(self.ids[arm, r] in self.answers for arm in arms or self.arms) for r in range(upto))

    def comparable(self, upto: int) -> bool:
        """Whether the baseline and some other arm share a replication (or the baseline, alone, has a run)."""
        rest = [arm for arm in self.arms if arm != self.baseline] or [self.baseline]
        return any(self.pairs(upto, (arm, self.baseline)) for arm in rest)

    def failed(self, upto: int) -> list[FailedRun]:
        """Failed runs in the order of the plan."""
        return [
            FailedRun(run, arm, r, self.seed, self.failures[run])
            for arm, r, run in self.runs(upto)
            if run in self.failures
        ]


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
) -> CompareOutcome:
    """Compare every arm with the baseline on the same replications and write the tables into `folder`.

    arms: label -> JSON text of the resolved settings, without what does not decide numbers (it gives the run id).
    run_settings: label -> JSON text that the entry receives where it differs (engine, threads); default `arms`.
    entry: "module:function"; its task is the JSON of {run_id, arm, replication, seed, settings}, its answer the JSON of
    {run_id, kpis, laws, pnl}.
    replications: pairs at most; precision: see `sequential`; replications are numbered from 0.
    code: part of the run id, default the hash of the package's files. budget_s: longest time of one run.
    period: words for the answer ("over 28 days"). finished: gives the time stamp at the end.
    Raises StudyInterrupted on Ctrl-C (finished runs are kept), StudyStopped on bad input or a broken law.
    Oracles: tests/study/test_compare.py (known truth), test_coverage.py.
    """
    if baseline not in arms:
        raise ValueError(f"baseline '{baseline}' is not among the arms {list(arms)}")
    book = Book(arms, baseline, seed)
    code = code if code is not None else code_version()
    for r in range(replications):
        for arm, text in arms.items():
            book.ids[arm, r] = run_id(text, code=code, data_hash=data_hash, seed=seed, replication=r)
    store = RunStore(folder)
    rule = StoppingRule(precision, replications)
    workers = executor or make_executor(entry, jobs, threads=threads, budget_s=budget_s)
    settings = {**arms, **(run_settings or {})}
    tell = _Teller(progress, book, rule)
    try:
        while not rule.stopped:
            _submit(book, rule.target, store, workers, settings)
            _gather(book, rule.target, store, workers, tell)
            if not book.comparable(rule.target):
                break
            rule.look(tabulate.relative_widths(book, rule.target))
    except KeyboardInterrupt:
        raise StudyInterrupted(
            f"Interrupted: {len(book.answers)} finished runs are kept in {folder.path}. "
            "Run the same command again to go on."
        ) from None
    finally:
        workers.close()
    return _publish(book, rule, folder, scenario, period, finished, extra_summary or {})


def _submit(book: Book, target: int, store: RunStore, workers: Executor, settings: Mapping[str, str]) -> None:
    """Queue what is not there yet; arms with equal settings share their run."""
    asked = set()
    for arm, r, run in book.runs(target):
        if run in book.answers or run in book.failures or run in asked:
            continue
        old = store.load(run)
        if old is not None:
            book.answers[run] = old
            book.reused += 1
            continue
        asked.add(run)
        task = {"run_id": run, "arm": arm, "replication": r, "seed": book.seed, "settings": json.loads(settings[arm])}
        workers.submit(run, json.dumps(task, ensure_ascii=False))


def _gather(book: Book, target: int, store: RunStore, workers: Executor, tell: _Teller) -> None:
    """Take outcomes in any order until the batch is complete; each finished run is on the disk at once."""
    while workers.pending():
        for outcome in workers.collect():
            _take(book, store, outcome)
            _stop_if_hopeless(book, target)
            tell(target)
    store.settle()


def _take(book: Book, store: RunStore, outcome: Outcome) -> None:
    if outcome.failure is not None:
        book.failures[outcome.name] = outcome.failure
        return
    try:
        answer = parse_answer(outcome.value or "", outcome.name)
    except BadAnswer as error:
        book.failures[outcome.name] = Failure.of(error)
        return
    broken = {law: residual for law, residual in answer.laws.items() if residual}
    if broken:
        book.failures[outcome.name] = Failure("error", f"laws broken: {broken}", exit_code=4)
        return
    book.answers[outcome.name] = store.save(answer)


def _stop_if_hopeless(book: Book, target: int) -> None:
    """Bad input fails alike everywhere and a broken law publishes nothing, so neither is worth another run."""
    bad = [f for f in book.failed(target) if f.failure.exit_code in (2, 4)]
    if bad:
        first = bad[0]
        replay = f"strategy {first.strategy}, seed {first.seed}, replication {first.replication}"
        raise StudyStopped(f"{first.failure.message} ({replay})", first.failure.exit_code, bad)


def _publish(
    book: Book,
    rule: StoppingRule,
    folder: ResultFolder,
    scenario: str,
    period: str,
    finished: Callable[[], str | None],
    extra: Mapping[str, Any],
) -> CompareOutcome:
    """Write every table from the finished runs alone, in the plan's order, the summary last."""
    upto = rule.target
    failures = book.failed(upto)
    rows = tabulate.comparison_rows(book, upto)
    folder.write_table("runs", *tabulate.runs_table(book, upto, scenario))
    folder.write_table("pnl", *tabulate.pnl_table(book, upto))
    columns, units, meanings = tabulate.comparison_table(rows)
    folder.write_table("comparison", columns, units, meanings, types=tabulate.COMPARISON_TYPES)
    folder.write_json("laws.json", tabulate.law_residuals(book, upto))
    tabulate.write_failures(folder, failures)
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
        "comparison": rows,
        **dict(extra),
    }
    folder.finish(summary, finished=finished())
    return CompareOutcome(folder, text, rows, summary, failures, 3 if failures else 0)


class _Teller:
    """Calls the caller's progress function; a new table when another pair is complete."""

    def __init__(self, report: Callable[[Progress], None] | None, book: Book, rule: StoppingRule) -> None:
        self.report, self.book, self.rule = report, book, rule
        self.began = time.monotonic()
        self.pairs = 0
        self.next_table = 0.0

    def __call__(self, target: int) -> None:
        if self.report is None:
            return
        book = self.book
        pairs = book.pairs(target)
        fresh, self.pairs = pairs > max(self.pairs, 1), pairs
        rows = self._rows(target) if fresh and time.monotonic() >= self.next_table else None
        runs = {run for _, _, run in book.runs(target)}
        self.report(
            Progress(
                done=len(runs & book.answers.keys()),
                reused=book.reused,
                failed=len(runs & book.failures.keys()),
                planned=len(runs),
                maximum=self.rule.maximum,
                pairs=pairs,
                seconds=time.monotonic() - self.began,
                rows=rows,
            )
        )

    def _rows(self, target: int) -> list[dict[str, Any]]:
        """A table; the next one waits twenty times as long as this one took, so that tables stay a small cost."""
        began = time.monotonic()
        rows = tabulate.comparison_rows(self.book, target)
        self.next_table = time.monotonic() + 20 * (time.monotonic() - began)
        return rows
