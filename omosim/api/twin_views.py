"""What a twin foretold, how that turned out and what it advises, as a notebook shows it. Nothing here writes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.results.words import SHARES, figure, interval, minor_units, number, unit_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from omosim.twin.folder import Twin as Folder

TEXTS = ("origin", "date", "series", "unit", "step", "ets_form")
FIRST = ("orders", "revenue")  # what a reader wants to see first

def panel_of(folder: Folder) -> pd.DataFrame:
    """What was seen, a row a day, a column a series in its own unit; NaN where not observed."""
    import pandas as pd

    table = folder.table("panel") or {"date": [], "series": [], "value": []}
    long = pd.DataFrame({"date": pd.to_datetime(pd.Series(table["date"], dtype=object)), "series": table["series"], "value": pd.Series(table["value"], dtype=float)})
    wide = long.pivot(index="date", columns="series", values="value")
    wide.columns.name = None
    return wide[list(dict.fromkeys(table["series"]))]


def _frame(table: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A table of forecasts or scores: numbers are floats, empty ones NaN."""
    import pandas as pd

    out = pd.DataFrame(table)
    for name in out.columns:
        if name not in (*TEXTS, "covered"):
            out[name] = out[name].astype(float)
    for name in ("horizon", "hour"):
        if name in out and out[name].notna().all():
            out[name] = out[name].astype(int)
    return out


def divisor(unit: str) -> float:
    """What a figure is divided by to be in the unit that is shown: money in its major one, shares in per cent."""
    return 0.01 if unit in SHARES else minor_units(unit)


def rough(value: float, unit: str) -> str:
    """A figure of a sentence with the digits that a band leaves it, without its unit: 3,641; 52.1."""
    shown = value / divisor(unit)
    return f"{shown:,.0f}" if abs(shown) >= 100 or float(shown).is_integer() else f"{shown:,.3g}"


def first_first(series: pd.Series) -> pd.Series:
    """Sort key of series: orders and revenue, then the others by name."""
    return series.map(lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


class View:
    """A part of a twin as a notebook shows it; `said` is what the command printed, empty for what was read from the folder."""

    def __init__(self, folder: Folder, said: str = "") -> None:
        self._path, self._currency, self.said = folder.path, str(folder.head["currency"]), said

    @property
    def _folder(self) -> Folder:
        """The folder as it stands now: files of an earlier step are gone."""
        from omosim.twin import folder

        return folder.read(self._path)

    @property
    def notes(self) -> list[str]:
        """What the command wants the reader to know beside the figures."""
        return [line.removeprefix("note: ") for line in self.said.splitlines() if line.startswith("note: ")]

    @property
    def answer(self) -> str:
        """The part in a sentence or two."""
        raise NotImplementedError

    def table(self) -> pd.DataFrame:
        """What a notebook shows: money in its major unit."""
        raise NotImplementedError

    def _unit(self, unit: object) -> str:
        """The unit with the currency of the twin, where it is money."""
        return f"minor {self._currency}" if str(unit) == "minor" else str(unit)

    def _shown(self) -> pd.DataFrame:
        """The part of `table()` that a notebook shows."""
        return self.table()

    def _repr_html_(self) -> str:
        from omosim.reports.notebook import frame_html, notes_html

        shown = self._shown()
        return frame_html(self.answer, shown if len(shown) else shown[[]]) + notes_html(self.notes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path}: {self.answer}>"


# ---- forecast --------------------------------------------------------------------------------------------------
class TwinForecast(View):
    """What the twin foretold on one day: bands by day, week and, of pickups, hour; and what has come since."""

    def __init__(self, folder: Folder, origin: str = "", said: str = "") -> None:
        super().__init__(folder, said)
        every = _frame(folder.table("forecasts") or {})
        origins = sorted(set(every["origin"])) if len(every) else []
        self.origin = date.fromisoformat(origin or origins[-1])
        if self.origin.isoformat() not in origins:
            raise KeyError(f"no forecast of {self.origin}; there are {', '.join(origins)}")
        self._made = every[every["origin"] == self.origin.isoformat()].sort_values("series", key=first_first, kind="stable").reset_index(drop=True)

    @property
    def _rows(self) -> pd.DataFrame:
        """What was foretold, with what the twin has seen of it by now."""
        from omosim.twin.forecast import with_actuals

        panel = panel_of(self._folder)
        return with_actuals(self._made, panel.index[0].date(), {str(name): panel[name].to_numpy(float) for name in panel})

    @property
    def series(self) -> list[str]:
        """Names of what was foretold."""
        return list(dict.fromkeys(self._made["series"]))

    @property
    def days(self) -> int:
        """Days foretold."""
        return int(self._made.loc[self._made["step"] != "week", "date"].nunique())

    @property
    def answer(self) -> str:
        """The first week (or day) of orders and revenue with its band."""
        step = "week" if (self._made["step"] == "week").any() else "day"
        rows = self._made[(self._made["step"] == step) & self._made["series"].isin(FIRST)].drop_duplicates("series")
        told = []
        for r in rows.to_dict("records"):
            unit = self._unit(r["unit"])
            words = unit_words(unit)
            told.append(f"{rough(r['q50'], unit)} {words if words in ('', r['series']) else f'{words} of ' + r['series']} ({rough(r['q05'], unit)} to {rough(r['q95'], unit)} in nine worlds of ten)")
        first = f"The first {step}: {', '.join(told)}." if told else ""
        return f"{self.days} days foretold from {self.origin}, {len(self.series)} series ({', '.join(self.series)}). {first}".rstrip()

    def table(self) -> pd.DataFrame:
        """A row a series and week (a day, where less than a week was foretold): middle, band of nine tenths, what came."""
        import pandas as pd

        rows = self._rows
        step = "week" if (rows["step"] == "week").any() else "day"
        out = []
        for r in rows[rows["step"] == step].to_dict("records"):
            scale = divisor(self._unit(r["unit"]))
            out.append({f"{step} from" if step == "week" else step: r["date"], "series": r["series"], "unit": unit_words(self._unit(r["unit"])), **{k: r[k] / scale for k in ("q05", "q50", "q95", "actual")}})
        return pd.DataFrame(out)

    def _shown(self) -> pd.DataFrame:
        table = self.table()
        first = table[table["series"].isin(FIRST)]
        return first if len(first) else table

    def to_frame(self) -> pd.DataFrame:
        """Rows of `forecasts.parquet` of this day, in their own units (money: minor), with what came by now."""
        return self._rows

    def plot(self, series: str = "orders", *, step: str = "", weeks: int = 10, ax: Axes | None = None) -> Axes:
        """A fan: what was seen before, then the middle, half of the worlds and nine of ten; dots are what has come since.

        Parameters
        ----------
        series : one of `series`
        step : day, week or hour; empty: day, or the hour of what is foretold by hours alone
        weeks : how many before the forecast are shown

        Raises
        ------
        KeyError : no such series, or none of that step
        """
        from omosim.config.errors import nearest
        from omosim.reports.twin_plots import fan_axes

        mine = self._rows[self._rows["series"] == series]
        if mine.empty:
            near = nearest(series, self.series)
            raise KeyError(f"no series '{series}' in this forecast; there are {', '.join(self.series)}" + (f". Did you mean '{near}'?" if near else ""))
        steps = list(dict.fromkeys(mine["step"]))
        chosen = step or ("day" if "day" in steps else steps[0])
        if chosen not in steps:
            raise KeyError(f"'{series}' is not foretold by {chosen}; there are {', '.join(steps)}")
        rows = mine[mine["step"] == chosen]
        return fan_axes(rows, self._past(series, chosen, weeks), series, self._unit(rows["unit"].iloc[0]), chosen, ax)

    def _past(self, series: str, step: str, weeks: int) -> list[tuple[date, float]]:
        """Days, or whole weeks that end where the forecast begins, of what was seen before it."""
        folder = self._folder
        panel = panel_of(folder)
        if step == "hour" or series not in panel:
            return []
        days = [self.origin - timedelta(days=d) for d in range(7 * weeks, 0, -1)]
        column = dict(zip(panel.index.date, panel[series].to_numpy(float).tolist(), strict=True))  # type: ignore[attr-defined]
        values = [column.get(d, np.nan) for d in days]
        if step == "day":
            table = folder.table("days") or {"date": [], "state": []}
            shut = {day for day, state in zip(table["date"], table["state"], strict=True) if state == "closed"}
            return [(day, value) for day, value in zip(days, values, strict=True) if day.isoformat() not in shut]
        return [(days[i], float(np.sum(values[i : i + 7]))) for i in range(0, len(days), 7)]


# ---- scores ----------------------------------------------------------------------------------------------------
class TwinScores(View):
    """Kept forecasts held against what came, beside simpler ones, and the drift alarm."""

    def __init__(self, folder: Folder, said: str = "") -> None:
        super().__init__(folder, said)
        table, kept = folder.table("scores"), folder.table("forecasts")
        self._rows = None if table is None else _frame(table)
        self._kept = None if kept is None else _frame(kept)

    @cached_property
    def alarm(self) -> str:
        """What the drift alarm says, in words."""
        from omosim.api.twin_page import closed_days
        from omosim.twin.record import fair, watch

        return "" if self._kept is None else watch(fair(self._kept, closed_days(self._folder)), list(FIRST)).words

    @property
    def answer(self) -> str:
        """How far weeks were missed, beside the simpler forecasts, how often bands held, and the alarm."""
        if self._rows is None:
            return "No whole week of a forecast has been seen yet; bring newer data with update()."
        rows = self.table()
        told = []
        for r in rows[rows["series"].isin(FIRST)].to_dict("records"):
            beside = ", ".join(f"{words} {rough(r[k], '')}" for words, k in (("last week again", "crps_naive"), ("exponential smoothing", "crps_ets")) if r[k] == r[k])
            told.append(f"{r['series']}: {r['weeks']} weeks missed by {rough(r['crps'], '')} {r['unit']} on average (CRPS{'; ' + beside if beside else ''}), {r['held']} in their 90 % bands.")
        return " ".join([*told, self.alarm[:1].upper() + self.alarm[1:] + "."])

    def table(self) -> pd.DataFrame:
        """A row a series: weeks, CRPS of the twin and of simpler forecasts, weeks inside their 90 % bands with the interval of that share, bias."""
        import pandas as pd

        from omosim.twin.record import summary

        columns = ["series", "unit", "weeks", "crps", "crps_naive", "crps_ets", "held", "coverage_low", "coverage_high", "bias"]
        if self._rows is None:
            return pd.DataFrame(columns=columns)
        units = dict(zip(self._rows["series"], self._rows["unit"], strict=True))
        out = []
        for r in summary(self._rows).to_dict("records"):
            unit = self._unit(units[r["series"]])
            money = {k: r[k] / divisor(unit) for k in ("crps", "crps_naive", "crps_ets")}
            held = f"{round(r['coverage'] * r['weeks'])} of {r['weeks']}"
            out.append({"series": r["series"], "unit": unit_words(unit), "weeks": r["weeks"], **money, "held": held, "coverage_low": r["coverage_low"], "coverage_high": r["coverage_high"], "bias": r["bias"]})
        return pd.DataFrame(out, columns=columns).sort_values("series", key=first_first, kind="stable").reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Rows of `scores.parquet`: a forecast, series and week each, in their own units (money: minor); empty before any."""
        import pandas as pd

        from omosim.twin.record import SCORES

        return pd.DataFrame(columns=list(SCORES)) if self._rows is None else self._rows.copy()

    def plot(self, series: str = "orders", *, what: str = "miss", ax: Axes | None = None) -> Axes:
        """The history of the scores, week by week.

        Parameters
        ----------
        what : miss: how far the twin and simpler forecasts missed (CRPS); bands: each week's band and what came

        Raises
        ------
        KeyError : no week of that series has been scored; ValueError : another `what`
        """
        from omosim.reports.twin_plots import held_axes, miss_axes

        if what not in ("miss", "bands"):
            raise ValueError(f"what='{what}'; allowed: miss, bands")
        rows = self.to_frame()
        mine = rows[rows["series"] == series]
        if mine.empty:
            raise KeyError(f"no week of '{series}' has been scored; there are {', '.join(dict.fromkeys(rows['series'])) or 'none yet: bring newer data with update()'}")
        return (miss_axes if what == "miss" else held_axes)(mine, series, self._unit(mine["unit"].iloc[0]), ax)


# ---- decision --------------------------------------------------------------------------------------------------
class TwinDecision(View):
    """Ways of trading weighed in the same plausible worlds."""

    def __init__(self, folder: Folder, said: str = "") -> None:
        from omosim.twin.folder import checked

        super().__init__(folder, said)
        file = folder.file("decision")
        assert file is not None, "made only where there is a decision"
        #: `decision.json`
        self.content: dict[str, Any] = json.loads(checked(file).read_text(encoding="utf-8"))
        self._worlds = folder.table("worlds")
        self._csv = {p.stem: p.read_text(encoding="utf-8-sig") for name in ("reorder_levels", "capacity_plan", "staffing") if (p := folder.path / f"{name}.csv").is_file()}

    @property
    def answer(self) -> str:
        """What to do, by how much, and how sure."""
        return str(self.content["answer"])

    @property
    def notes(self) -> list[str]:
        """On what the decision rests, and what is assumed."""
        return [str(note) for note in self.content.get("notes", [])]

    def table(self) -> pd.DataFrame:
        """A row a way in words: what it earns, its gain over the present one with the band of nine worlds of ten, how often it is better; "–" for what was not compared."""
        import pandas as pd

        from omosim.reports.twin_sections import best_of, of_worlds, states_of

        unit, out, states = str(self.content["unit"]), [], states_of(self.content)
        worlds = int(self.content["members"]) - len(self.content.get("failed") or ())
        judged = [name for name, state in states.items() if state in ("present", "compared")]
        first, regret, _ = best_of(self._worlds, judged) if self._worlds else ({}, {}, 0.0)
        for way in self.content["ways"]:
            name, told = way["way"], states[way["way"]] == "compared"
            beside = {"same": "the same as it is", "not told": "not told"}.get(states[name], "–")
            among = name in judged and len(judged) > 1
            out.append({
                "way": name, "operating profit": number(way["mean"], unit), "expected gain": figure(way["gain"], unit, sign=True) if told else beside,
                "nine worlds of ten": interval(way["low"], way["high"], unit) if told else "–", "error of the gain": figure(way["gain_error"], unit) if told else "–",
                "earns more": of_worlds(way["prob_better"], worlds) if told else "–", "is best": of_worlds(first.get(name, way["prob_best"]), worlds) if among else "–",
                "regret": figure(regret.get(name, way["regret"]), unit) if among else "–",
            })  # fmt: skip
        return pd.DataFrame(out)

    def to_frame(self) -> pd.DataFrame:
        """A row a way: mean, gain, gain_error, low, high, prob_better, prob_best, regret (these two NaN where the way is not told); money in minor units."""
        import pandas as pd

        return pd.DataFrame([{k: v for k, v in way.items() if not isinstance(v, (dict, list))} for way in self.content["ways"]]).assign(unit=self.content["unit"])

    def statement(self) -> pd.DataFrame:
        """The mean statement: a row a line, a column a way, in the major unit."""
        import pandas as pd

        scale = minor_units(str(self.content["unit"]))
        return pd.DataFrame({way["way"]: way["lines"] for way in self.content["ways"]}) / scale

    def worlds(self) -> pd.DataFrame:
        """Operating profit of every world under every way: a row a world, a column a way, minor units."""
        import pandas as pd

        assert self._worlds is not None, "every decision has its worlds"
        return pd.DataFrame(self._worlds).pivot(index="world", columns="way", values="value")[[way["way"] for way in self.content["ways"]]]

    def reorder_levels(self) -> pd.DataFrame:
        """`reorder_levels.csv`: levels of stock by place and good under the way that was chosen, what is on hand and what to order now; empty where there are none."""
        return self._table("reorder_levels")

    def capacity_plan(self) -> pd.DataFrame:
        """`capacity_plan.csv`: most pickups a slot of each store; empty where none are foretold."""
        return self._table("capacity_plan")

    def staffing(self) -> pd.DataFrame:
        """`staffing.csv`: people on duty by store, weekday and interval; empty where there are none."""
        return self._table("staffing")

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.read_csv(io.StringIO(self._csv[name])) if name in self._csv else pd.DataFrame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """What each way earns over the present one: a dot a world, the band of nine worlds of ten, the expected gain."""
        from omosim.reports.twin_plots import gain_axes

        worlds = self.worlds()
        return gain_axes(self.content, {str(way): worlds[way].to_numpy(float) for way in worlds}, ax)
