"""Body of `omosim value`: coalitions of capabilities in, their values in money, synergies, the first thing to do, a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from omosim.api.batch import Batch, Ended, Rounds, workers_of
from omosim.api.commands import data_hashes, period, stamp
from omosim.api.warming import cold, warm
from omosim.api.watching import watched
from omosim.results import ResultFolder, provenance
from omosim.study import value as worths
from omosim.study.book import StudyStopped
from omosim.study.coalitions import Game, State, game
from omosim.study.shapley import EXACT_MOST
from omosim.study.value_tables import KPIS, Account, coalition_rows, value_rows, written

if TYPE_CHECKING:
    from omosim.config.value import ValuePlan
    from omosim.schema.settings import Settings
    from omosim.study.progress import Progress

ENTRY = "omosim.model.run:run_task"
RESIDUAL = 0.5  # minor units: more than this is a broken law


class NotWhole(StudyStopped):
    """No replication has the run of every coalition."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 3, [])


class DoesNotAddUp(Exception):
    """The values do not add up to the difference of the strategies."""

    exit_code = 4


@dataclass
class ValueStudy:
    """A game whose coalitions have valid settings: what runs first, and what is known of each coalition.

    states : coalition -> its number in the tables; orders : sampled ones, empty when every order is counted
    """

    plan: ValuePlan
    game: Game
    orders: list[tuple[int, ...]]
    states: dict[State, int] = field(default_factory=dict)
    settings: dict[int, Settings] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)

    def number(self, mask: int) -> int:
        """Number of a coalition's state; those that come to the same share it."""
        if mask not in self.masks:
            state = self.game.state(mask)
            if state not in self.states:
                made = self.plan.settings(state)
                self.states[state] = len(self.states)
                self.settings[self.states[state]] = made
            self.masks[mask] = self.states[state]
        return self.masks[mask]

    @property
    def most_runs(self) -> int:
        """Runs at most: those of the first round, and what pairs and ladder may add."""
        more = 0
        if self.orders:
            pairs, count = worths.PAIRED_PLAYERS * (worths.PAIRED_PLAYERS - 1) // 2, self.game.count
            more = 2 * pairs + worths.PAIRED_PLAYERS + count * (count - 1) // 2
        return (len(self.states) + more) * int(self.plan.options.replications)


def prepare_value(plan: ValuePlan) -> ValueStudy:
    """Find the players and check the settings of every coalition of the first round.

    Raises
    ------
    ConfigError : a coalition whose capabilities do not fit together
    """
    from omosim.config.value import enabled_rows
    from omosim.strategy import capability, capability_names

    kinds = {name: capability(name) for name in capability_names()}
    made = game(enabled_rows(plan.source), enabled_rows(plan.target), plan.named, {n: k.requires for n, k in kinds.items()}, {n: k.excludes for n, k in kinds.items()})
    pairs = max(2, plan.options.orders // 2)
    study = ValueStudy(plan, made, worths.orders_of(made, pairs, plan.options.orders_seed))
    for mask in worths.masks_of(made, study.orders):
        study.number(mask)
    return study


def value_run(study: ValueStudy, argv: Sequence[str], progress: Callable[[Progress], None] = lambda _: None) -> Ended:
    """Run every coalition that is needed, value the players, write tables, summary and report.

    Raises
    ------
    StudyInterrupted : on Ctrl-C; finished runs are kept
    NotWhole : no replication has the run of every coalition
    DoesNotAddUp : the values do not add up
    """
    from omosim.config.assumptions import assumptions
    from omosim.reports.write import write_report

    plan = study.plan
    if cold():
        warm()
    folder = ResultFolder.create("value", plan.hash, now=datetime.now(), output_dir=plan.source.output.dir)
    origin = provenance("value", argv=list(argv), seed=plan.source.seed, config_hash=plan.hash, data_hashes=data_hashes(plan.source), started=stamp())
    folder.begin({**origin, "overrides": plan.words}, plan.yaml)
    if plan.base is not None:
        folder.write_json("assumptions.json", assumptions(plan.base))
    rounds = Rounds(folder, Batch(), lambda: workers_of(plan.options, ENTRY, plan.source.engine.threads), plan.options.jobs, progress)
    try:
        summary = _study(study, rounds)
    finally:
        rounds.close()
    folder.finish(summary, finished=stamp())
    write_report(folder)
    return Ended(folder, summary, rounds)


@dataclass
class _Asked:
    """Worths by coalition; what is missing is run."""

    study: ValueStudy
    rounds: Rounds
    planned: set[int] = field(default_factory=set)
    figures: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)

    def want(self, masks: Sequence[int]) -> None:
        """Have the runs of coalitions; a round only where some are missing."""
        options, seed = self.study.plan.options, self.study.plan.source.seed
        new = [n for n in dict.fromkeys(self.study.number(mask) for mask in masks) if n not in self.planned]
        if not new:
            return
        first = self.study.plan.source.replication
        for number in new:
            self.rounds.batch.add(number, f"c{number:04d}", self.study.settings[number], seed, range(first, first + options.replications))
        self.planned.update(new)
        self.rounds.run()
        self._read()

    def _read(self) -> None:
        first, count = self.study.plan.source.replication, self.study.plan.options.replications
        for kpi, found in self.rounds.values(KPIS).items():
            table = {n: np.full(count, np.nan) for n in self.planned}
            for (point, _, _, replication), value in found.items():
                if point in table and value is not None:
                    table[point][replication - first] = value
            self.figures[kpi] = table

    def whole(self) -> np.ndarray:
        """(replications,) whether every coalition so far has its run."""
        return ~np.any([np.isnan(v) for v in self.figures["operating_profit"].values()], axis=0)

    def worth(self, *signs: tuple[str, float]) -> worths.Worth:
        """Worth of a coalition: a signed sum of KPIs over the whole replications."""
        keep = self.whole()
        if not keep.any():
            why = next(iter(self.rounds.failures.values()), None)
            said = f": {why.message[:300]}" if why else ""
            raise NotWhole(f"no replication has the run of every coalition{said}. {self.rounds.folder.path}/failures.jsonl lists them; the same command tries them again.")
        return lambda mask: sum((sign * self.figures[kpi][self.study.number(mask)][keep] for kpi, sign in signs), np.zeros(int(keep.sum())))


def _study(study: ValueStudy, rounds: Rounds) -> dict[str, Any]:
    """The rounds, then everything from their figures."""
    made, asked = study.game, _Asked(study, rounds)
    asked.want(worths.masks_of(made, study.orders))
    profit = asked.worth(("operating_profit", 1.0))
    found = worths.values(made, profit, study.orders)
    pairs = worths.pairs_of(made, found)
    if study.orders:
        asked.want(worths.pair_masks(made, pairs))
    ladder = worths.Ladder(made)
    while not ladder.ended:
        asked.want([ladder.mask, *ladder.candidates()])
        ladder.climb(asked.worth(("operating_profit", 1.0)))
    rounds.finish()
    profit = asked.worth(("operating_profit", 1.0))
    found = worths.values(made, profit, study.orders)
    if found.residual > RESIDUAL:
        raise DoesNotAddUp(f"values of capabilities leave {found.residual:g} minor units of the difference of the strategies")
    gross = worths.values(made, asked.worth(("operating_profit", 1.0), ("capability_cost", 1.0)), study.orders)
    account = Account(made, found, gross, _costs(study, study.orders), float(asked.figures["net_revenue"][study.number(0)][asked.whole()].mean()), study.plan.source.days, _waits(study))
    rows = value_rows(account)
    synergy = worths.synergies(made, profit, pairs, bool(study.orders))
    coalitions = coalition_rows(made, {n: mask for mask, n in sorted(study.masks.items(), reverse=True) if n in asked.planned}, profit, asked.worth(("capability_cost", 1.0)))
    written(rounds.folder, rows, synergy, ladder.rows, coalitions)
    return _summary(study, asked, account, rows, synergy, ladder)


def _costs(study: ValueStudy, orders: Sequence[Sequence[int]]) -> tuple[worths.Values, worths.Values]:
    """Values of write-off over the days and of capital, from the settings of the coalitions."""
    from omosim.strategy.build import build_policy
    from omosim.strategy.investment import investment

    base = study.settings[study.number(0)]
    taken: dict[int, tuple[float, float]] = {}

    def of(mask: int) -> tuple[float, float]:
        number = study.number(mask)
        if number not in taken:
            settings = study.settings[number]
            taken[number] = float(build_policy(settings).capital_per_day * settings.days), float(investment(settings, base).capital)
        return taken[number]

    return tuple(worths.values(study.game, lambda mask, k=k: np.array([of(mask)[k]]), orders) for k in (0, 1))  # type: ignore[return-value,misc]


def _waits(study: ValueStudy) -> tuple[int, ...]:
    """Ramp-up of each player, days: the longest of its members that are new or cost more capital than before."""
    old, new = (s.strategy.capabilities for s in (study.plan.source, study.plan.target))
    out = []
    for player in study.game.players:
        taken = [new[n] for n in player.members if n in study.game.target and (n not in study.game.source or new[n].capital > old[n].capital)]
        out.append(max((row.ramp_up_days for row in taken), default=0))
    return tuple(out)


def _summary(study: ValueStudy, asked: _Asked, account: Account, rows: list[dict[str, Any]], synergy: list[dict[str, Any]], ladder: worths.Ladder) -> dict[str, Any]:
    from omosim.study.value_words import answer

    plan = study.plan
    settings = plan.source
    total = account.total_row()
    summary: dict[str, Any] = {
        "from": plan.labels[0], "to": plan.labels[1], "players": study.game.count, "exact": not study.orders, "orders": len(study.orders), "exact_most": EXACT_MOST,
        "replications": int(asked.whole().sum()), "planned_replications": plan.options.replications, "coalitions": len(asked.planned), "runs": len(asked.rounds.batch.runs),
        "failed_runs": len(asked.rounds.failures), "laws": asked.rounds.laws(), "seed": settings.seed, "days": settings.days, "period": period(settings), "market": settings.market.title or settings.market.name,
        "scenario": settings.scenario.name, "unit": settings.market.currency, "shoppers": settings.shoppers, "shoppers_of_retailer": settings.market.cost_basis_shoppers,
        "residual": round(account.profit.residual, 3), "total": total, "source_revenue": account.revenue, "values": rows, "synergy": synergy, "ladder": ladder.rows,
    }  # fmt: skip
    return {"answer": answer(summary), **summary}


def value_command(study: ValueStudy, argv: Sequence[str]) -> int:
    """`omosim value`: progress with ETA, the values, the answer, where the report is."""
    from omosim.reports.value_screen import ValueScreen

    return watched(ValueScreen(study.game.count, len(study.states) * study.plan.options.replications), lambda tell: value_run(study, argv, tell), lambda screen, done: screen.result(done.summary, done.folder.path / "report.html"))
