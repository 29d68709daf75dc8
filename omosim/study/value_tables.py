"""Tables of a valuation: a row a capability, a pair, a step of the ladder, a coalition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from omosim.results import ResultFolder, nine_digits
from omosim.strategy.investment import Investment
from omosim.study.coalitions import Game
from omosim.study.payback import YEAR_DAYS, payback
from omosim.study.value import Estimate, Values, Worth, estimate, verdicts

KPIS = ("operating_profit", "capability_cost", "net_revenue")
Row = dict[str, Any]
_TEXTS = ("capability", "change", "verdict", "payback_words", "a", "b", "kind", "runner_up", "players")


@dataclass(frozen=True)
class Account:
    """Values of every worth of a valuation; minor units over `days`.

    profit, gross : of operating profit, and of it before costs of capabilities; costs : of write-off, of capital
    revenue : mean net revenue of the source; waits : days until each player works
    """

    game: Game
    profit: Values
    gross: Values
    costs: tuple[Values, Values]
    revenue: float
    days: int
    waits: tuple[int, ...]

    @property
    def year(self) -> float:
        """Years' worth of the days."""
        return YEAR_DAYS / self.days

    def row(self, name: str, change: str, of: Estimate, gross: Estimate, write_off: float, capital: float, wait: int = 0) -> Row:
        """Figures of one player, or of all together."""
        year, running = self.year, gross.mean - of.mean - write_off
        life = capital / (write_off * year) if write_off > 0 and capital > 0 else 0.0
        low, high = (None if end is None else (end + write_off) * year for end in (of.low, of.high))
        back = payback(Investment(round(capital), wait, life), running * year, ((of.mean + write_off) * year, low, high))
        times = lambda value, by: None if value is None else nine_digits(value * by)
        share = 1 / self.revenue if self.revenue else 0.0
        return {
            "capability": name, "change": change, "shapley": of.mean, "ci_low": of.low, "ci_high": of.high, "sampling_half": of.sampling, "prob_positive": of.prob_positive,
            "per_year": times(of.mean, year), "per_year_low": times(of.low, year), "per_year_high": times(of.high, year), "of_revenue": times(of.mean, share),
            "of_revenue_low": times(of.low, share), "of_revenue_high": times(of.high, share), "gross_effect": gross.mean, "gross_low": gross.low, "gross_high": gross.high,
            "running_cost": running, "write_off": write_off, "capital": capital, "payback_years": back.years, "payback_low": back.low, "payback_high": back.high, "payback_words": back.words,
        }  # fmt: skip

    def total_row(self) -> Row:
        """All together: the difference of the two strategies."""
        return self.row("", "", self.profit.total, self.gross.total, self.costs[0].total.mean, self.costs[1].total.mean, max(self.waits, default=0))


def value_rows(account: Account) -> list[Row]:
    """A row a player, the largest value first, with Holm's verdict."""
    rows = []
    for i, word in enumerate(verdicts(account.profit.each)):
        row = account.row(account.game.players[i].name, account.game.change(i), account.profit.each[i], account.gross.each[i], account.costs[0].each[i].mean, account.costs[1].each[i].mean, account.waits[i])
        rows.append({**row, "verdict": word, "members": list(account.game.players[i].members)})
    return sorted(rows, key=lambda row: -row["shapley"])


def coalition_rows(game: Game, masks: Mapping[int, int], profit: Worth, cost: Worth) -> list[Row]:
    """A row a coalition that was run: who has been taken over, its worth, and its difference from the source."""
    rows = []
    base = profit(0)
    for number, mask in sorted(masks.items()):
        state = game.state(mask)
        of = estimate(profit(mask) - base)
        rows.append({
            "coalition": number, "players": " + ".join(p.name for i, p in enumerate(game.players) if mask >> i & 1), "count": mask.bit_count(), "capabilities": len(state),
            "operating_profit": float(np.mean(profit(mask))), "diff": of.mean, "ci_low": of.low, "ci_high": of.high, "capability_cost": float(np.mean(cost(mask))), "replications": len(base),
        })  # fmt: skip
    return rows


def written(folder: ResultFolder, rows: list[Row], synergy: list[Row], ladder: list[Row], coalitions: list[Row]) -> None:
    """values, synergy, ladder and coalitions as Parquet; money in minor units over the days, where the name says no year."""
    plain = [{k: v for k, v in row.items() if k != "members"} for row in rows]
    whole = {"step": "int64", "coalition": "int64", "count": "int64", "capabilities": "int64", "replications": "int64", "needs": "bool"}
    for name, table in (("values", plain), ("synergy", synergy), ("ladder", ladder), ("coalitions", coalitions)):
        if table:
            types = {key: whole.get(key, "string" if key in _TEXTS else "float64") for key in table[0]}
            folder.write_table(name, {key: [row[key] for row in table] for key in table[0]}, types=types)
