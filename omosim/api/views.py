"""Results as a notebook shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omosim.results.story import story

if TYPE_CHECKING:
    import pandas as pd

    from omosim.journeys.log import Path
    from omosim.model.run import Run
    from omosim.reports.accessors import RunPlot


class RunView:
    """A run's figures as frames.

    Parameters
    ----------
    run : the finished run
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def kpis(self) -> pd.DataFrame:
        """kpi, value, unit; `undefined()` says why a value is missing."""
        import pandas as pd

        return pd.DataFrame([{"kpi": k.kpi, "value": k.value, "unit": k.unit} for k in self.run.kpis])

    def undefined(self) -> dict[str, str]:
        """KPI -> why it has no value in this run."""
        return {k.kpi: k.reason for k in self.run.kpis if k.value is None}

    def __repr__(self) -> str:
        s = self.run.settings
        return f"<run of {s.strategy.name} in {s.market.name}: {s.shoppers:,} shoppers, {s.days} days, seed {s.seed}>"

    def orders(self) -> pd.DataFrame:
        """One row an order or visit; times in seconds from the first midnight, NaN for never, as `load` gives them."""
        import pyarrow as pa

        return pa.table(self.run.orders()).to_pandas()

    def daily(self) -> pd.DataFrame:
        """One row a day; day 0 is the first measured day."""
        import pandas as pd

        return pd.DataFrame(self.run.daily())

    def categories(self) -> pd.DataFrame:
        """One row a category: orders, revenue, shares of channels, webrooming and showrooming, returns."""
        import pandas as pd

        return pd.DataFrame(self.run.categories())

    def ab(self) -> pd.DataFrame:
        """Randomised experiments: each group's figures with intervals, and the difference from its control."""
        import pandas as pd

        from omosim.model.experiments import COLUMNS

        return pd.DataFrame(self.run.experiments, columns=list(COLUMNS))

    def shows(self) -> pd.DataFrame:
        """Live shows: viewers, questions, orders, units and what came back within 30 days."""
        import pandas as pd

        return pd.DataFrame(self.run.shows())

    def satisfaction(self) -> pd.DataFrame:
        """Realised less expected by day and stage of the journey; the last day is the drain."""
        import pandas as pd

        return pd.DataFrame(self.run.satisfaction())

    def funnel(self) -> pd.DataFrame:
        """Missions that enter and leave each stage, by channel and segment."""
        import pandas as pd

        return pd.DataFrame(self.run.funnel())

    def cohorts(self) -> pd.DataFrame:
        """Customers by when they were won: orders, who bought again, and what each is worth."""
        import pandas as pd

        return pd.DataFrame(self.run.cohorts())

    def journeys(self) -> pd.DataFrame:
        """Daily counters of needs, missions, sessions, choices and touches."""
        import pandas as pd

        from omosim.schema.codes import Count

        counts = self.run.model.journeys.counts[:, list(Count)]
        frame = pd.DataFrame(counts, columns=[c.name.lower() for c in Count])
        frame.insert(0, "day", range(-self.run.settings.burn_in_days, len(frame) - self.run.settings.burn_in_days))
        return frame

    def touches(self) -> pd.DataFrame:
        """The true log: one row a touch of a mission, in time.

        Raises
        ------
        ValueError : the run kept no log
        """
        import pandas as pd

        self._need_touches()
        return pd.DataFrame(self.run.model.journeys.touch_columns())

    def observed(self) -> pd.DataFrame:
        """What the firm sees of it, by profile; order_id and linked_to are -1 where there is none. Raises as `touches`."""
        import pyarrow as pa

        self._need_touches()
        return pa.table(self.run.observed()).to_pandas()

    def paths(self, as_of: int | None = None) -> list[Path]:
        """Paths of persons as the firm resolves its profiles by what it knows at second `as_of`, all of it by default. Raises as `touches`."""
        from omosim.journeys.log import observed_columns, paths

        self._need_touches()
        model = self.run.model
        return paths(observed_columns(self.run.seen, model.journeys.touches, model.world), self._worth(), as_of)

    def true_paths(self) -> list[Path]:
        """Paths of shoppers as they were, from the true log. Raises as `touches`."""
        from omosim.journeys.log import paths, true_columns

        self._need_touches()
        model = self.run.model
        return paths(true_columns(model.journeys.touches, model.world, self.run.order_keys), self._worth())

    def _worth(self) -> dict[str, Any]:
        """order_id and net revenue, minor units, of every order of the run; what follows from one need counts to its first order."""
        import numpy as np

        from omosim.schema.columns import ORDINAL_BITS

        book, keys = self.run.book, self.run.order_keys
        at = np.searchsorted(keys >> ORDINAL_BITS, book["key"] >> ORDINAL_BITS)
        mine = np.append(keys, -1)[at] >> ORDINAL_BITS == book["key"] >> ORDINAL_BITS
        revenue = np.zeros(len(keys), np.int64)
        np.add.at(revenue, at[mine], (book["revenue"] + book["fee"] - book["refund"])[mine])
        return {"order_id": keys, "revenue": revenue}

    def _need_touches(self) -> None:
        if not self.run.settings.output.touches:
            raise ValueError("this run kept no log of touches: ask for one with output__touches=True (output.touches=true)")

    def pnl(self) -> pd.Series:
        """Lines of the profit and loss, minor units."""
        import pandas as pd

        return pd.Series(self.run.pnl, name="minor")

    def laws(self) -> dict[str, int]:
        """Law -> residual; all 0."""
        return self.run.laws

    def shopper(self, index: int) -> Any:
        """A readable view of one shopper."""
        return self.run.model.shopper(index)

    def explain(self, order: int) -> str:
        """One order's story, in lines.

        Raises
        ------
        KeyError : no such order
        """
        frame = self.orders()
        found = frame[frame["order_id"] == order]
        if found.empty:
            raise KeyError(f"no order {order}; order_id of orders() names them")
        return story({str(k): v for k, v in found.iloc[0].items()}, self.run.model.world.calendar.date_of)

    def to_frame(self) -> pd.DataFrame:
        """The same as `kpis()`."""
        return self.kpis()

    def table(self) -> pd.DataFrame:
        """KPIs that are defined, in words: kpi, value with its unit."""
        import pandas as pd

        from omosim.results.words import number

        return pd.DataFrame([{"kpi": k.kpi, "value": number(k.value, k.unit)} for k in self.run.kpis if k.value is not None])

    @property
    def answer(self) -> str:
        """What was run, its revenue and profit, and whether its books close, in a sentence."""
        from omosim.results.words import number

        s, found = self.run.settings, {k.kpi: k for k in self.run.kpis}
        told = ", ".join(f"{k.replace('_', ' ')} {number(found[k].value, found[k].unit)}" for k in ("net_revenue", "operating_profit") if k in found)
        laws = "every law at residual 0" if not any(self.run.laws.values()) else "a law is broken"
        return f"{s.strategy.name} in {s.market.name}, {s.shoppers:,} shoppers over {s.days} days: {told}; {laws}."

    @property
    def plot(self) -> RunPlot:
        """Figures: plot.daily(column, …)."""
        from omosim.reports.accessors import RunPlot

        return RunPlot(self)

    def _repr_html_(self) -> str:
        from omosim.reports.notebook import frame_html

        return frame_html(self.answer, self.table())
