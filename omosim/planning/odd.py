"""Days that are not like the others: holidays that are named, and dates whose demand stands out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from omosim.ingest.errors import OrderFileError, Problem
from omosim.planning.history import PICKUP, WALK_IN, StoreHistory, weekday_of
from omosim.schema.columns import WEEKDAYS
from omosim.schema.days import date_text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_MOST_BYTES = 1 << 20
_FAR = 4.0  # robust standard deviations from which on a day is named
_LEAST = 4  # days of a weekday from which its usual demand is known
_SPIKE = 3.0  # times the usual demand from which on a day is a spike that no staff is planned for
_SHOWN = 8
_KINDS = {PICKUP: "pickups", WALK_IN: "orders in the store"}


@dataclass(frozen=True)
class OddDay:
    """A date whose demand stands out.

    Parameters
    ----------
    day : local day since 1970
    kind : PICKUP or WALK_IN
    count, usual : orders, and the median of the weekday at the growth of that day
    z : robust standard deviations
    edge : whether it is the first or last day of the file, which may hold a part of it only
    """

    day: int
    kind: int
    count: int
    usual: float
    z: float
    edge: bool = False

    @property
    def is_spike(self) -> bool:
        """Whether the demand is several times the usual."""
        return self.kind == PICKUP and self.z > 0 and self.count > _SPIKE * max(self.usual, 1.0)

    def words(self) -> str:
        """What the date had and the usual such day."""
        return f"{date_text(self.day)} ({WEEKDAYS[int(weekday_of(np.array(self.day)))]}) had {self.count:,} {_KINDS[self.kind]}, the usual such day {self.usual:,.0f} (robust z {self.z:+.1f})"


def read_holidays(asked: Sequence[str]) -> np.ndarray:
    """Days since 1970, ascending, of dates YYYY-MM-DD and of files with one such date at the beginning of a line.

    Raises
    ------
    OrderFileError : every entry that is no date, with its file and row
    """
    found: list[int] = []
    wrong: list[Problem] = []
    for entry in asked:
        if _DATE.match(entry.strip()) or not Path(entry).is_file():
            _take(entry, found, wrong, "holidays", None)
            continue
        try:
            if Path(entry).stat().st_size > _MOST_BYTES:
                raise OSError("more than 1 MB")
            text = Path(entry).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(Problem("unreadable", Path(entry).name, None, None, None, f"a text file of dates in UTF-8 ({error})"))
            continue
        for row, line in enumerate(text.splitlines(), start=1):
            first = re.split(r"[,;\t]", line)[0].strip().strip('"')
            if first and not first.startswith("#") and (row > 1 or any(c.isdigit() for c in first)):  # the first line may be a header
                _take(first, found, wrong, Path(entry).name, row)
    if wrong:
        counts: dict[str, int] = {}
        for problem in wrong:
            counts[problem.code] = counts.get(problem.code, 0) + 1
        raise OrderFileError(wrong[:20], counts)
    return np.unique(np.array(found, np.int64))


def _take(text: str, found: list[int], wrong: list[Problem], file: str, row: int | None) -> None:
    try:
        if not _DATE.match(text.strip()):
            raise ValueError
        found.append(date.fromisoformat(text.strip()).toordinal() - _EPOCH)
    except ValueError:
        wrong.append(Problem("bad_date", file, row, None, text, "a date YYYY-MM-DD" + ("" if row else ", or a file with one a line")))


def odd_days(history: StoreHistory) -> list[OddDay]:
    """Dates whose orders are far from the median of their weekday, the farthest first.

    Twice the root of a count has a variance of one where days differ by chance only; where they differ more, the scale
    is the median absolute deviation of all days from their weekday's median.
    """
    out: list[OddDay] = []
    for kind in (PICKUP, WALK_IN):
        rows: list[tuple[int, int, float, float]] = []
        for weekday in range(7):
            days = history.days_of(weekday)
            if len(days) < _LEAST:
                continue
            counts = np.bincount(np.searchsorted(days, history.of_days(days, kind)["day"].to_numpy()), minlength=len(days))
            level = history.raised_to(days, int(days[-1]))
            root = 2 * np.sqrt(counts * level + 0.375)
            usual = float(np.median(counts * level))
            rows += zip(days.tolist(), counts.tolist(), (usual / level).tolist(), (root - np.median(root)).tolist(), strict=True)
        if not rows:
            continue
        away = np.array([row[3] for row in rows])
        scale = max(1.0, 1.4826 * float(np.median(np.abs(away))))
        out += [OddDay(day, kind, count, usual, off / scale, day in (history.dates[0], history.dates[-1])) for day, count, usual, off in rows if abs(off) > _FAR * scale]
    return sorted(out, key=lambda odd: (-abs(odd.z), odd.day, odd.kind))


def odd_words(odd: Sequence[OddDay]) -> list[str]:
    """What to do about dates that stand out: each once, the farthest first."""
    if not odd:
        return []
    days = list(dict.fromkeys(o.day for o in odd))[:_SHOWN]
    lines = []
    for day in days:
        farthest = next(o for o in odd if o.day == day)
        looks = "the file seems to hold a part of the day only" if farthest.edge and farthest.z < 0 else "it looks like a holiday or a day of its own kind"
        lines.append(f"{farthest.words()}: {looks}")
    return [*lines, f"if such days are not what is planned for, leave them out: {cure(days)}"]


def cure(days: Sequence[int]) -> str:
    """The setting that leaves days out."""
    return f"holidays=[{','.join(date_text(day) for day in sorted(days))}]"
