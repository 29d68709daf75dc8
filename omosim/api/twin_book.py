"""`om.Twin`: a twin's folder in a notebook. Each action is that of the command, with its words; what it made comes back as an object."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from omosim.api.twin_shown import TwinDays, TwinParameters, TwinQuality
    from omosim.api.twin_views import TwinDecision, TwinForecast, TwinScores
    from omosim.config.errors import Problem
    from omosim.twin.folder import Twin as Folder

_WIDE = 110  # letters of a line of progress
TABLES = ("orders", "stock", "traffic", "sessions", "prices", "deliveries")


class Twin:
    """The digital twin in a folder: `om.Twin.new(dir, orders=…)` makes one, `om.Twin(dir)` opens it.

    `new`, `update`, `forecast`, `decide`, `score` and `report` do what `omosim twin` does with the same keys and write the same
    files; errors are raised with the words that the command prints. All else reads the folder as it stands and writes nothing.

    Raises
    ------
    NotAResult : no twin there; NewerSchema : one of a later omosim
    """

    def __init__(self, dir: str | os.PathLike[str]) -> None:
        self.path = Path(dir).expanduser()
        #: what the last action of this object printed
        self.said = ""
        self._read()

    @classmethod
    def new(cls, dir: str | os.PathLike[str], *, orders: Any, overrides: Iterable[str] = (), **settings: Any) -> Twin:
        """Read a retailer's files, judge them, fit what closed forms give; the same call again changes nothing.

        Parameters
        ----------
        dir : folder of the twin, empty or not there yet
        orders : order file, or a DataFrame with its columns (in the layout that `adapter` names)
        overrides : further `key=value` words, as on the command line
        settings : stock, traffic, sessions, prices, deliveries (files or DataFrames); adapter, timezone, currency, as_of, closed,
            market, strategy, budget_min, … as `omosim twin new` has them; what stores cost (margin=.35,
            network__work__wage_per_hour=15_000, …; docs/twin.md); `a__b=1` is `a.b=1`. A DataFrame is written to a
            temporary file as it stands and read as strictly as any file

        Raises
        ------
        ConfigError : every problem of the words; InputError : every problem of the files, with row and column;
        FolderInUse : the folder holds something else
        """
        from omosim.api import _names

        twin = cls.__new__(cls)
        twin.path, twin.said = Path(dir).expanduser(), ""
        overrides = _names(overrides, "overrides")
        if not isinstance(orders, (str, os.PathLike)) and "name" not in settings and not any(word.startswith("name=") for word in overrides):
            settings["name"] = twin.path.resolve().name[:80]  # a frame has none
        twin._do("new", {"orders": orders, **settings}, overrides)
        return twin

    # ---- actions ---------------------------------------------------------------------------------------------
    def update(self, *, overrides: Iterable[str] = (), **given: Any) -> Twin:
        """Take in newer files or DataFrames; kept forecasts meet what came. `budget_min=25` fits by simulation. Returns the twin.

        Parameters
        ----------
        given : orders, stock, traffic, sessions, prices, deliveries; as_of, closed, budget_min, … as `omosim twin update` has them

        Raises
        ------
        ConfigError, InputError, FolderInUse : as `new`
        """
        self._do("update", given, overrides)
        return self

    def forecast(self, *, overrides: Iterable[str] = (), **given: Any) -> TwinForecast:
        """Run whole models ahead from the twin's day and keep what they say; the same day again replaces its forecast.

        Parameters
        ----------
        given : members (worlds), horizon (days), … as `omosim twin forecast` has them

        Raises
        ------
        ConfigError : the words; CalibrationError : the orders cannot carry members
        """
        from omosim.api.twin_views import TwinForecast

        self._do("forecast", given, overrides)
        return TwinForecast(self._read(), said=self.said)

    def decide(self, ways: str | Iterable[str] = (), *, overrides: Iterable[str] = (), **given: Any) -> TwinDecision:
        """Weigh ways of trading in the same worlds from today on.

        Parameters
        ----------
        ways : a strategy (omo), a capability to switch on or off (same_day, -bopis), staff*1.5; joined by +
        given : members (worlds), horizon (days), jobs, service, review_days, … as `omosim twin decide` has them; took=WAY alone
            notes which way of the last decision was taken, and weighs nothing

        Raises
        ------
        ConfigError : the words, and every way that cannot be; CalibrationError : the orders cannot carry members
        """
        from omosim.api.twin_views import TwinDecision

        self._do("decide", {**({"ways": ways if isinstance(ways, str) else list(ways)} if ways else {}), **given}, overrides)
        return TwinDecision(self._read(), said=self.said)

    def score(self, *, overrides: Iterable[str] = (), **given: Any) -> TwinScores:
        """Hold every kept forecast against what came, beside simpler ones, and look whether the twin has drifted.

        Raises
        ------
        ConfigError : the twin has no forecast yet
        """
        from omosim.api.twin_views import TwinScores

        self._do("score", given, overrides)
        return TwinScores(self._read(), said=self.said)

    def report(self, *, lang: str = "en") -> Path:
        """Write `report.html` in the folder; returns where. lang: en or ko."""
        from omosim.reports.language import using

        with using(lang):
            self._do("report", {}, ())
        return self.path / "report.html"

    def _do(self, action: str, given: dict[str, Any], overrides: Iterable[str]) -> None:
        """An action of the command, with the words that these arguments are; None is not given."""
        from omosim.api import _names, words
        from omosim.api.twin import ACTIONS
        from omosim.api.twin_frames import given_file
        from omosim.config.compose import compose
        from omosim.config.errors import ConfigError, refuse, show

        if "dir" in given:
            raise refuse("is that of this twin", key="dir", value=show(str(given["dir"])), cure="Leave it out, or open the other one: om.Twin(dir)")
        with tempfile.TemporaryDirectory(prefix="omosim-frames-") as room:
            settings: dict[str, Any] = {"dir": self.path}
            for key, value in given.items():
                if value is not None:
                    settings[key] = given_file(value, key, Path(room)) if key in TABLES else _listed(value)
            asked = [*words(settings), *_names(overrides, "overrides")]
            try:
                composed = compose("twin", asked)
            except ConfigError as error:
                raise ConfigError([_of_action(problem, action) for problem in error.problems]) from None
            with _heard() as heard:
                ACTIONS[action](composed, ["omosim", "twin", action, *asked])
        self.said = heard.getvalue()

    # ---- what stands in the folder -----------------------------------------------------------------------------
    def _read(self) -> Folder:
        from omosim.twin import folder

        return folder.read(self.path)

    @property
    def head(self) -> dict[str, Any]:
        """`twin.json`."""
        return self._read().head

    @property
    def as_of(self) -> date:
        """The last day that the twin knows."""
        return date.fromisoformat(self.head["as_of"])

    @property
    def parameters(self) -> TwinParameters:
        """The posterior: table(), before(), draws(), plot()."""
        from omosim.api.twin_shown import TwinParameters

        return TwinParameters(self._read())

    @property
    def quality(self) -> TwinQuality:
        """What is odd about the data: table(), account()."""
        from omosim.api.twin_shown import TwinQuality

        return TwinQuality(self._read())

    @property
    def days(self) -> TwinDays:
        """The calendar of the data: to_frame(), plot()."""
        from omosim.api.twin_shown import TwinDays

        return TwinDays(self._read())

    @property
    def last_forecast(self) -> TwinForecast | None:
        """The newest forecast that the folder keeps, with what has come since; None before the first."""
        return self.forecast_of() if self.head["forecasts"] else None

    def forecast_of(self, origin: str | date = "") -> TwinForecast:
        """The kept forecast of a day, by default the newest. Raises KeyError where there is none of that day."""
        from omosim.api.twin_views import TwinForecast

        folder = self._read()
        if not folder.head["forecasts"]:
            raise KeyError("no forecast is kept yet; make one with forecast()")
        return TwinForecast(folder, str(origin))

    @property
    def last_decision(self) -> TwinDecision | None:
        """The last decision; None before the first."""
        from omosim.api.twin_views import TwinDecision

        folder = self._read()
        return None if folder.file("decision") is None else TwinDecision(folder)

    @property
    def last_scores(self) -> TwinScores | None:
        """The scores as they were written last; None before the first."""
        from omosim.api.twin_views import TwinScores

        folder = self._read()
        return None if folder.file("scores") is None else TwinScores(folder)

    def to_frame(self) -> pd.DataFrame:
        """What was seen: a row a day, a column a series in its own unit (money: minor), NaN where not observed."""
        from omosim.api.twin_views import panel_of

        return panel_of(self._read())

    def updates(self) -> pd.DataFrame:
        """The journal: every step that was done, the newest last."""
        import pandas as pd

        return pd.DataFrame([{"step": row["step"], "data": row["version"], "what": _what(row["step"], row["did"])} for row in self.head["updates"]], columns=["step", "data", "what"])

    def decision_log(self) -> pd.DataFrame:
        """What came of every decision: a row a decision, way and series of which a day has been seen; money in the currency. `decide(took=WAY)` notes what was done."""
        import pandas as pd

        from omosim.api.twin_log import COLUMNS, log_of

        return pd.DataFrame(log_of(self._read()), columns=list(COLUMNS))

    def columns(self) -> pd.DataFrame:
        """The data dictionary: a row a column of every table in the folder, with type, unit and what it holds."""
        import pandas as pd
        import pyarrow.parquet as pq

        from omosim.schema.twin_tables import TWIN_TABLES, entry

        folder, rows = self._read(), []
        for name in TWIN_TABLES:
            if (file := folder.file(name)) is not None:
                rows += [{"table": name, "column": f.name, "type": str(f.type), **dict(zip(("unit", "holds"), entry(name, f.name) or ("", ""), strict=True))} for f in pq.read_schema(file)]
        return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "holds"])

    def moved(self) -> pd.DataFrame:
        """What newer data moved in the members: a row a week and parameter with its mean before and after, and the middle nine tenths after."""
        import pandas as pd

        from omosim.api.twin_views import divisor
        from omosim.results.words import unit_words
        from omosim.twin.follow import Column

        head, rows = self.head, []
        for did in (row["did"] for row in head["updates"]):
            for name, figures in did.get("moved", {}).items():
                told = Column(name).parameter
                unit = f"minor {head['currency']}" if told.unit == "minor" else told.unit
                shown = {k: v / divisor(unit) for k, v in zip(("before", "after", "low", "high"), figures, strict=True)}
                rows.append({"until": did["day"], "parameter": name, "title": f"level of {name.partition('.')[2]}" if name.startswith("level.") else told.title, **shown, "unit": unit_words(unit)})
        return pd.DataFrame(rows, columns=["until", "parameter", "title", "before", "after", "low", "high", "unit"])

    @property
    def answer(self) -> str:
        """What the twin stands on, in a few sentences."""
        head = self.head
        kept = len(head["forecasts"])
        told = [f"{head['name']}: data from {head['first_day']} to {head['as_of']}."]
        told.append(f"{kept} forecast{'s' if kept != 1 else ''} kept." if kept else "No forecast yet.")
        if (decision := self.last_decision) is not None:
            told.append(f"Last decision: {decision.answer}")
        return " ".join(told)

    def _repr_html_(self) -> str:
        from omosim.reports.notebook import frame_html

        steps = self.updates()
        run = (steps["step"] != steps["step"].shift()).cumsum()
        last = steps.groupby(run).last()
        last["step"] += [f" ({n} times)" if n > 1 else "" for n in run.value_counts(sort=False)]
        return frame_html(self.answer, last.tail(12))

    def __repr__(self) -> str:
        head = self.head
        return f"<Twin {self.path}: {head['name']}, {head['first_day']} to {head['as_of']}>"


def _what(step: str, did: dict[str, Any]) -> str:
    """What a step did, in words."""
    if "refused" in did:
        return f"not fitted: {did['refused']}"
    if step in ("new", "update"):
        return "; ".join(f"{k}: {v['new']:,} new, {v['known']:,} known, {v['changed']:,} changed" for k, v in did.items() if isinstance(v, dict) and "new" in v)
    words = {"fit": "parameters by closed forms", "calibrate": f"{did.get('draws')} draws of parameters from {did.get('runs')} simulations", "forecast": f"{did.get('series')} series foretold",
             "score": f"{did.get('weeks')} weeks of forecasts scored", "decide": f"best: {str(did.get('best')).replace('_', ' ')}", "assimilate": f"members brought to {did.get('day')}: {did.get('words')}",
             "took": f"taken: {str(did.get('took')).replace('_', ' ')}"}  # fmt: skip
    return words.get(step) or ", ".join(f"{k} {v}" for k, v in did.items())


def _of_action(problem: Problem, action: str) -> Problem:
    """A problem of the words, as an action has it: of a key that none knows it says which the action takes; `new` takes settings too."""
    from omosim.api.twin import WORDS
    from omosim.config.errors import nearest

    if action == "new" or not problem.message.startswith("unknown key"):
        return problem
    takes = WORDS[action]
    near = nearest(problem.key, takes)
    return replace(problem, message=f"is not taken by {action}", allowed=", ".join(takes) or "nothing", near=near, cure="" if near else "Leave it out")


def _listed(value: Any) -> Any:
    """A list or tuple as the command line has it, [a,b]; the first moment of a day (a pandas Timestamp, a datetime) as the day."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"[{','.join(str(_listed(one)) for one in value)}]"
    return value.date() if isinstance(value, datetime) and value == value and value.time() == time() else value


class OneLine(io.TextIOBase):
    """Lines of progress in a notebook, each in place of the one before."""

    def __init__(self, out: Any) -> None:
        self.out, self.rest, self.wide = out, "", 0

    def write(self, text: str) -> int:
        """Take some text; whole lines are shown."""
        *lines, self.rest = (self.rest + text).split("\n")
        for whole in lines:
            line = whole if len(whole) <= _WIDE else whole[: _WIDE - 1] + "…"  # a line that wraps could not be written over
            if line.strip():
                self.out.write("\r" + line.ljust(self.wide))
                self.wide = max(self.wide, len(line))
        self.out.flush()
        return len(text)

    def end(self) -> None:
        """Leave the last line where it stands."""
        if self.wide:
            self.out.write("\n")


@contextmanager
def _heard() -> Iterator[io.StringIO]:
    """Keep what a command prints; its progress goes on as it comes, in a notebook as one plain line and not as errors."""
    heard = io.StringIO()
    if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
        with redirect_stdout(heard):
            yield heard
        return
    line = OneLine(sys.stdout)
    try:
        with redirect_stderr(line), redirect_stdout(heard):
            yield heard
    finally:
        line.end()
