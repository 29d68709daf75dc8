"""What a twin knows, as a notebook shows it: parameters, quality of the data, days. Nothing here writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omosim.api.twin_views import View, divisor
from omosim.results.words import unit_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: parameters of closed forms in words (docs/calibration.md)
HOLDS = {
    "repeat.r": "likeness of customers' rates (gamma shape)", "repeat.alpha": "scale of customers' rates (gamma)",
    "repeat.a": "chance of leaving (beta a)", "repeat.b": "chance of leaving (beta b)", "repeat.stages": "regularity of gaps, in the fit",
    "order_value.median": "median order", "order_value.sd_log": "spread of order values (log)", "order_value.between": "spread that lies between customers",
    "returned.value_share": "value that goes back", "returned.events_per_order": "returns for an order", "returned.lag_median": "median time to a return",
    "acquisition.new_per_week": "new customers a week", "acquisition.known_before": "customers before the log", "acquisition.trend": "trend of new customers",
    "orders_per_week": "purchase days of known customers a week, last 13 weeks", "gap_regularity": "regularity of gaps, as measured",
}  # fmt: skip


class TwinParameters(View):
    """Parameters that the twin's members take, how sure they are, and what the data told of them."""

    @property
    def simulated(self) -> bool:
        """Whether the newest parameters are draws of a fit by simulation (`budget_min`), and not closed forms alone."""
        return len(set((self._folder.table("posterior") or {"draw": []})["draw"])) > 1

    @property
    def answer(self) -> str:
        """How many parameters are told, or where they come from."""
        draws = self.draws()
        if draws.empty:
            return "No parameters: the orders could not carry a fit."
        if not self.simulated:
            return f"{draws['parameter'].nunique()} parameters by closed forms: one value each with its standard error. A set of plausible ones: update(budget_min=25)."
        rows = self.table()
        counts = [f"{n} {verdict}" for verdict in ("told", "partly told", "keeps its prior") if (n := int((rows["verdict"] == verdict).sum()))]
        return f"{draws['draw'].nunique()} plausible sets of {draws['parameter'].nunique()} parameters: {', '.join(counts)}."

    def draws(self) -> pd.DataFrame:
        """Rows of `posterior.parquet`: version, draw, parameter, value, unit."""
        import pandas as pd

        return pd.DataFrame(self._folder.table("posterior") or {"version": [], "draw": [], "parameter": [], "value": [], "unit": []})

    def to_frame(self) -> pd.DataFrame:
        """The same as `draws()`."""
        return self.draws()

    def table(self) -> pd.DataFrame:
        """A row a parameter.

        After a fit by simulation: prior and posterior ends of 95 %, how much narrower (1 less the draws' sd over the prior's),
        verdict, what would help; also what no order log tells. Of closed forms: value, nine-tenths band, unit.
        """
        import pandas as pd

        if self.simulated and (found := self._folder.table("identifiability")):
            rows = pd.DataFrame(found).rename(columns={"shrinkage": "narrower"})
            rows["verdict"] = rows["verdict"].where(rows["verdict"].notna(), rows["expected"])
            units = [self._unit(unit) for unit in rows["unit"]]
            for name in ("prior_low", "prior_high", "low", "median", "high"):
                rows[name] = rows[name].astype(float) / [divisor(unit) for unit in units]
            rows["unit"] = [unit_words(unit) for unit in units]
            return rows[["parameter", "title", "unit", "prior_low", "prior_high", "low", "median", "high", "narrower", "verdict", "tied_to", "would_help"]]
        out = []
        for row in self.draws().to_dict("records"):
            unit = self._unit(row["unit"])
            value, half = float(row["value"]) / divisor(unit), 1.645 * float(row.get("se") or np.nan) / divisor(unit)
            out.append({"parameter": row["parameter"], "title": HOLDS.get(row["parameter"], row["parameter"]), "value": value, "low": value - half, "high": value + half, "unit": unit_words(unit)})
        return pd.DataFrame(out, columns=["parameter", "title", "value", "low", "high", "unit"])

    def before(self) -> pd.DataFrame:
        """What data of this kind can tell at all, said before any fit by simulation: prior ends, told_by, expected, would_help.

        Makes the closed forms again, some seconds for 20,000 customers where the folder does not keep their fits.

        Raises
        ------
        CalibrationError : the orders cannot carry a fit
        """
        from omosim.api.twin_state import fit_of
        from omosim.twin import identify, tables

        every = tables.tables_of(self._folder)
        return identify.before(fit_of(self._folder, every), ("orders", *every.further))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Prior and posterior widths after a fit by simulation; of closed forms the standard errors."""
        from omosim.reports.twin_plots import error_axes, width_axes

        rows = self.table()
        if self.simulated:
            return width_axes(rows[rows["low"].notna()], ax)
        rows = rows.dropna(subset=["value"])
        words = [f"{v:,.3g} {u}".rstrip() for v, u in zip(rows["value"], rows["unit"], strict=True)]
        return error_axes(rows.assign(half=rows["high"] - rows["value"], words=words), ax)


class TwinQuality(View):
    """What is odd about the data, and what was done about it."""

    @property
    def answer(self) -> str:
        """How many days are observed, and how many findings there are."""
        folder, found = self._folder, self.to_frame()
        days = TwinDays(folder)
        count = lambda severity, word: f"{n} {word}{'s' if n != 1 else ''}" if (n := int((found["severity"] == severity).sum())) else ""
        told = [w for w in (count("refused", "accepted finding"), count("warning", "warning"), count("info", "note")) if w]
        return f"{days.answer} {', '.join(told) or 'Nothing odd was found'}."

    def to_frame(self) -> pd.DataFrame:
        """Rows of `quality.parquet`: code, severity, table, place, rows, done, version (of the ingest that found it)."""
        import pandas as pd

        return pd.DataFrame(self._folder.table("quality") or {n: [] for n in ("code", "severity", "table", "place", "rows", "done", "version")})

    def table(self) -> pd.DataFrame:
        """The same as `to_frame()`."""
        return self.to_frame()

    def account(self) -> pd.DataFrame:
        """Every file that was read: how many of its rows fell into each class, and what was done with them."""
        import pandas as pd

        rows = [{"file": s["file"], "table": s["kind"], "class": c["class"], "rows": c["rows"], "meaning": c["meaning"], "done": c["done"]} for s in self._folder.head["sources"] for c in s["classes"] if c["rows"]]
        return pd.DataFrame(rows, columns=["file", "table", "class", "rows", "meaning", "done"])


class TwinDays(View):
    """The calendar of the twin: which days are observed, closed, missing, or there in part."""

    @property
    def answer(self) -> str:
        """How many days of which kind."""
        from omosim.results.words import counted

        state = self.to_frame()["state"]
        words = {"observed": "observed", "closed": "closed", "gap": "without rows (not observed)", "partial": "there in part"}
        head = self._folder.head
        return f"{head['first_day']} to {head['as_of']}: " + ", ".join(f"{counted(n, 'day')} {words[name]}" for name in words if (n := int((state == name).sum()))) + "."

    def to_frame(self) -> pd.DataFrame:
        """date, state (observed, closed, gap, partial), orders; NaN where not observed."""
        import pandas as pd

        table = self._folder.table("days") or {"date": [], "state": [], "orders": []}
        return pd.DataFrame(table).astype({"orders": float})

    def table(self) -> pd.DataFrame:
        """Stretches of days that are not observed or there in part."""
        import pandas as pd

        days = self.to_frame()
        run = (days["state"] != days["state"].shift()).cumsum()
        rows = [{"from": g["date"].iloc[0], "to": g["date"].iloc[-1], "days": len(g), "state": g["state"].iloc[0]} for _, g in days.groupby(run) if g["state"].iloc[0] in ("gap", "partial")]
        return pd.DataFrame(rows, columns=["from", "to", "days", "state"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Orders of each day, and which days are not known."""
        from omosim.reports.twin_plots import day_axes

        return day_axes(self.to_frame(), ax)
