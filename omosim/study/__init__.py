"""Studies over many runs: paired comparison, stopping, executors. Opaque to what a run is: an entry by name does it."""

from omosim.study.book import Book, FailedRun, StudyInterrupted, StudyStopped
from omosim.study.compare import CompareOutcome, compare
from omosim.study.executor import Executor, InlineExecutor, PoolExecutor, make_executor
from omosim.study.outcome import Failure, Outcome
from omosim.study.progress import Progress
from omosim.study.runs import Kpi, RunAnswer, RunStore, run_id
from omosim.study.stats import Paired, holm, paired

__all__ = [
    "Book",
    "CompareOutcome",
    "Executor",
    "FailedRun",
    "Failure",
    "InlineExecutor",
    "Kpi",
    "Outcome",
    "Paired",
    "PoolExecutor",
    "Progress",
    "RunAnswer",
    "RunStore",
    "StudyInterrupted",
    "StudyStopped",
    "compare",
    "holm",
    "make_executor",
    "paired",
    "run_id",
]
