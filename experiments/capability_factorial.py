"""What each capability earns alone, together with others, and on the ladder of strategies: paired runs of a factorial.

Usage: python experiments/capability_factorial.py [market …] [--fraction 1|2|4] [--replications R] [--shoppers N] [--days D]
                                                  [--seed S] [--jobs J] [--output DIR]

Base: o2o without the capabilities below. Each is on or off; one that requires another brings it (personalisation its
customer file), so a factor stands for itself and what only it needs. Three kinds of arms share their replications:

* the base, each capability alone, each pair, and all together: single effects and synergies, the joint effect less the
  sum of the single ones;
* a two-level factorial, whole or a regular half or quarter: main effects, each the mean over the settings of the others;
* the six named strategies, each against store_only and against the rung below: the ladder.

Profit is in per cent of the base's net revenue, with 95 % intervals of the paired differences; verdicts of synergies are
Holm's over all pairs. Each finished run is a file at once; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any

from omosim.config.compose import compose
from omosim.model.run import deciding
from omosim.results import ResultFolder, code_version, nine_digits
from omosim.schema.settings import Settings
from omosim.strategy.investment import Investment, investment
from omosim.study.book import Book, gather, runs_kept, submit
from omosim.study.executor import make_executor
from omosim.study.payback import Payback, payback
from omosim.study.runs import RunStore
from omosim.study.stats import Paired, holm, paired

#: factor -> the capabilities that it switches
FACTORS: dict[str, tuple[str, ...]] = {
    "stock_feed": ("stock_feed",),
    "bopis": ("bopis",),
    "return_anywhere": ("return_anywhere",),
    "same_day": ("same_day",),
    "personalisation": ("personalisation", "customer_file"),
    "ar_fit": ("ar_fit",),
    "live_commerce": ("live_commerce",),
}
LADDER = ("store_only", "multichannel", "o2o", "omnichannel", "omo", "convergent")
BASE, ALL = "base", "all"
#: generators of the regular fractions: the last factors as products of the first (Box & Hunter 1961); resolution VII and IV
GENERATORS: dict[int, tuple[tuple[int, ...], ...]] = {1: (), 2: ((0, 1, 2, 3, 4, 5),), 4: ((0, 1, 2, 3), (0, 1, 3, 4))}
YEAR_DAYS = 365


def name_of(on: Iterable[str]) -> str:
    """Label of an arm: its factors in the order above."""
    wanted = set(on)
    names = [f for f in FACTORS if f in wanted]
    return BASE if not names else ALL if len(names) == len(FACTORS) else "+".join(names)


def factorial(fraction: int) -> list[dict[str, int]]:
    """Settings of the factors, -1 or 1, of a whole factorial or a regular fraction of it."""
    names, made = list(FACTORS), []
    free = len(names) - len(GENERATORS[fraction])
    for signs in product((-1, 1), repeat=free):
        row = list(signs)
        for parents in GENERATORS[fraction]:
            sign = 1
            for parent in parents:
                sign *= signs[parent]
            row.append(sign)
        made.append(dict(zip(names, row, strict=True)))
    return made


def arms_of(market: str, shoppers: int, days: int, fraction: int) -> dict[str, Settings]:
    """Every arm by its label: singles, pairs, all, the factorial, the ladder."""
    world = [f"market={market}", f"shoppers={shoppers}", f"days={days}"]
    switched = [f"strategy.capabilities.{name}=true" for members in FACTORS.values() for name in members]
    full = compose("run", ["strategy=o2o", *world, *switched]).settings
    sets: list[tuple[str, ...]] = [(), *((f,) for f in FACTORS), *combinations(FACTORS, 2), tuple(FACTORS)]
    sets += [tuple(f for f, sign in row.items() if sign > 0) for row in factorial(fraction)]
    arms = {name_of(on): with_factors(full, on) for on in sets}
    return arms | {name: compose("run", [f"strategy={name}", *world]).settings for name in LADDER}


def with_factors(full: Settings, on: Iterable[str]) -> Settings:
    """The settings with these factors on and the others off."""
    working = {name for factor in on for name in FACTORS[factor]}
    factors = {name for members in FACTORS.values() for name in members}
    rows = {
        name: row.model_copy(update={"enabled": row.enabled and (name not in factors or name in working)})
        for name, row in full.strategy.capabilities.items()
    }
    return full.model_copy(update={"strategy": full.strategy.model_copy(update={"capabilities": rows})})


@dataclass
class Results:
    """Profit and lines of every arm, by replication."""

    book: Book
    arms: dict[str, Settings]
    replications: int

    def profit(self, arm: str) -> list[float]:
        """Operating profit, minor units, one value a replication."""
        return self._kpi(arm, "operating_profit")

    def _kpi(self, arm: str, kpi: str) -> list[float]:
        values = (self.book.answers[self.book.ids[arm, r]].value(kpi) for r in range(self.replications))
        return [0.0 if value is None else float(value) for value in values]

    def line(self, arm: str, against: str, line: str) -> float:
        """Mean difference of a profit line."""
        lines = [
            [self.book.answers[self.book.ids[a, r]].pnl[line] for a in (arm, against)] for r in range(self.replications)
        ]
        return sum(one - other for one, other in lines) / len(lines)

    @property
    def revenue(self) -> float:
        """Mean net revenue of the base, minor units."""
        return sum(self._kpi(BASE, "net_revenue")) / self.replications

    def contrast(self, weights: dict[str, float]) -> Paired:
        """A weighted sum of profits against 0, within replications."""
        columns = [[weight * value for value in self.profit(arm)] for arm, weight in weights.items()]
        sums = [sum(row) for row in zip(*columns, strict=True)]
        return paired(sums, [0.0] * len(sums))

    def payback(self, arm: str, against: str, gap: Paired, days: int) -> tuple[Investment, Payback]:
        """What an arm takes beyond another, and when it is back."""
        taken = investment(self.arms[arm], self.arms[against])
        year = YEAR_DAYS / days
        write_off, running = (-self.line(arm, against, f"capability_{name}") * year for name in ("capital", "running"))
        ends = [None if end is None else end * year + write_off for end in (gap.ci_low, gap.ci_high)]
        return taken, payback(taken, running, ((gap.diff or 0.0) * year + write_off, ends[0], ends[1]))


def run_arms(arms: dict[str, Settings], args: argparse.Namespace, folder: ResultFolder) -> Results:
    """Run what is not there yet, in worker processes; each finished run is a file at once."""
    book = Book({name: deciding(s) for name, s in arms.items()}, BASE, args.seed)
    book.plan(args.replications, code=code_version())
    full = {name: s.model_dump_json(exclude={"output"}) for name, s in arms.items()}
    store, workers = RunStore(folder), make_executor("omosim.model.run:run_task", args.jobs)
    total = len({run for _, _, run in book.runs(args.replications)})

    def tell(_: int) -> None:
        print(f"\r{len(book.answers)} of {total} runs", end="", file=sys.stderr, flush=True)

    with runs_kept(book, folder, workers):
        submit(book, args.replications, store, workers, full)
        gather(book, args.replications, store, workers, tell)
    print(file=sys.stderr)
    if book.failures:
        raise SystemExit(f"{len(book.failures)} runs failed: {next(iter(book.failures.values())).message}")
    found = Results(book, arms, args.replications)
    if found.revenue <= 0:
        raise SystemExit("the base sold nothing: ask for more shoppers or days")
    return found


def effect(kind: str, name: str, gap: Paired, revenue: float, **more: Any) -> dict[str, Any]:
    """A row of effects.parquet: profit in per cent of the base's revenue, with its interval."""
    share = {
        key: None if (value := getattr(gap, key)) is None else nine_digits(100 * value / revenue)
        for key in ("diff", "ci_low", "ci_high")
    }
    blank = {
        "capital": None,
        "running_per_year": None,
        "ramp_up_days": None,
        "payback_years": None,
        "payback": "",
        "verdict": "",
    }
    return {"kind": kind, "name": name, **share, "p_value": gap.p_value, **blank, **more}


def singles(found: Results, days: int) -> list[dict[str, Any]]:
    """Each capability alone on the base, with what it costs and when that is back; the last row is all of them."""
    rows = []
    for arm in (*FACTORS, ALL):
        gap = found.contrast({arm: 1.0, BASE: -1.0})
        rows.append(effect("single", arm, gap, found.revenue, **costs(found, arm, BASE, gap, days)))
    return rows


def costs(found: Results, arm: str, against: str, gap: Paired, days: int) -> dict[str, Any]:
    """Capital, running cost, ramp-up and payback of one arm against another, whole retailer, minor units."""
    taken, back = found.payback(arm, against, gap, days)
    settings = found.arms[arm]
    whole = max(1.0, settings.market.cost_basis_shoppers / settings.shoppers)
    running = -found.line(arm, against, "capability_running") * YEAR_DAYS / days
    return {
        "capital": round(taken.capital * whole), "running_per_year": round(running * whole), "ramp_up_days": taken.ramp_up_days,
        "payback_years": None if back.years is None else nine_digits(back.years), "payback": back.words, "verdict": back.verdict,
    }  # fmt: skip


def main_effects(found: Results, fraction: int) -> list[dict[str, Any]]:
    """Each capability, on less off, averaged over the settings of the others in the factorial."""
    design = factorial(fraction)
    rows = []
    for factor in FACTORS:
        weights: dict[str, float] = {}
        for row in design:
            arm = name_of(f for f, sign in row.items() if sign > 0)
            weights[arm] = weights.get(arm, 0.0) + row[factor] * 2 / len(design)
        rows.append(effect("main", factor, found.contrast(weights), found.revenue))
    return rows


def synergies(found: Results) -> list[dict[str, Any]]:
    """Joint effect less the sum of the single ones, for each pair and for all together."""
    gaps = {}
    for a, b in combinations(FACTORS, 2):
        gaps[f"{a} x {b}"] = found.contrast({name_of((a, b)): 1.0, a: -1.0, b: -1.0, BASE: 1.0})
    sure = holm([gap.p_value for gap in gaps.values()])
    rows = [
        effect(
            "synergy",
            name,
            gap,
            found.revenue,
            verdict="cannot_tell" if not yes else "helps" if (gap.diff or 0) > 0 else "hinders",
        )
        for (name, gap), yes in zip(gaps.items(), sure, strict=True)
    ]
    whole = found.contrast({ALL: 1.0, **dict.fromkeys(FACTORS, -1.0), BASE: len(FACTORS) - 1.0})
    return [*rows, effect("synergy", ALL, whole, found.revenue)]


def ladder(found: Results, days: int) -> list[dict[str, Any]]:
    """Each strategy against store_only, and against the rung below it."""
    rows = []
    for below, rung in pairwise(LADDER):
        for kind, other in (("ladder", LADDER[0]), ("step", below)):
            gap = found.contrast({rung: 1.0, other: -1.0})
            rows.append(
                effect(kind, f"{rung} against {other}", gap, found.revenue, **costs(found, rung, other, gap, days))
            )
    return rows


# ---- what is shown --------------------------------------------------------------------------------------------
def printed(rows: Sequence[dict[str, Any]], title: str, currency: str) -> str:
    """A table for the terminal."""
    lines = [
        f"\n{title}",
        "| | profit, % of the base's revenue | 95 % interval | capital | running a year | ramp-up, days | payback or verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ends = "–" if row["ci_low"] is None else f"{row['ci_low']:+.2f} to {row['ci_high']:+.2f}"
        money = [
            "" if row[key] is None else f"{currency} {row[key] / 1e6:,.0f} m" for key in ("capital", "running_per_year")
        ]
        wait = "" if row["ramp_up_days"] is None else str(row["ramp_up_days"])
        lines.append(
            f"| {row['name']} | {row['diff']:+.2f} | {ends} | {money[0]} | {money[1]} | {wait} | {row['payback'] or row['verdict'].replace('_', ' ')} |"
        )
    return "\n".join(lines)


def heat_map(rows: Sequence[dict[str, Any]], market: str, path: Path) -> None:
    """Single effects on the diagonal, synergies beside it; pale where chance leaves the sign open."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names = list(FACTORS)
    values = {(row["kind"], row["name"]): row for row in rows}
    figure, ax = plt.subplots(figsize=(8.2, 7), layout="constrained")
    top = max(abs(row["diff"]) for row in rows if row["kind"] in ("single", "synergy") and row["name"] != ALL) or 1.0
    shades = plt.get_cmap("RdYlGn")
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            if j > i:
                continue
            row = values["single", a] if i == j else values["synergy", f"{b} x {a}"]
            clear = row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)
            colour = shades(0.5 + 0.45 * row["diff"] / top)
            ax.add_patch(
                plt.Rectangle(
                    (j - 0.5, i - 0.5),
                    1,
                    1,
                    facecolor=colour,
                    alpha=0.9 if clear else 0.3,
                    edgecolor="black" if i == j else "white",
                    linewidth=1.5,
                )
            )
            ax.text(
                j,
                i,
                f"{row['diff']:+.2f}",
                ha="center",
                va="center",
                fontsize=10,
                fontweight="bold" if clear else "normal",
            )
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
    ax.set_yticks(range(len(names)), names)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_title(
        f"{market}: operating profit, % of the base's revenue.\nDiagonal: alone; below it: joint less the sum of both; pale: the 95 % interval holds 0",
        fontsize=10,
        loc="left",
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)


def ladder_bars(rows: Sequence[dict[str, Any]], market: str, path: Path) -> None:
    """Profit of each strategy against store_only, with its interval and payback."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rungs = [row for row in rows if row["kind"] == "ladder"]
    figure, ax = plt.subplots(figsize=(8.2, 4.2), layout="constrained")
    for i, row in enumerate(rungs):
        clear = row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)
        colour = "#5b6470" if not clear else "#14713f" if row["diff"] > 0 else "#a8231c"
        ax.barh(i, row["diff"], color=colour, height=0.55)
        if row["ci_low"] is not None:
            ax.plot([row["ci_low"], row["ci_high"]], [i, i], color="black", linewidth=1.5)
        end = max(row["diff"], row["ci_high"] or row["diff"], 0.0)
        ax.annotate(
            f"{row['diff']:+.1f} %, back {row['payback']}"
            if row["payback_years"]
            else f"{row['diff']:+.1f} %, {row['payback']}",
            (end, i),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.axvline(0, color="#8f98a3", linewidth=1)
    ax.set_yticks(range(len(rungs)), [row["name"].split(" ")[0] for row in rungs])
    ax.invert_yaxis()
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.55 * (high - low))
    ax.set_xlabel("operating profit against store_only, % of the base's revenue")
    ax.set_title(
        f"{market}: the ladder of strategies, and when the capital beyond store_only is back", fontsize=10, loc="left"
    )
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def study(market: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """One market: run, work out, write, print."""
    arms = arms_of(market, args.shoppers, args.days, args.fraction)
    folder = ResultFolder(Path(args.output) / market, "capability_factorial")
    asked = [
        market,
        f"shoppers={args.shoppers}",
        f"days={args.days}",
        f"replications={args.replications}",
        f"fraction={args.fraction}",
    ]
    folder.begin(
        {
            "schema_version": 1,
            "command": "capability_factorial",
            "argv": asked,
            "seed": args.seed,
            "code_version": code_version(),
        }
    )
    found = run_arms(arms, args, folder)
    rows = [
        *singles(found, args.days),
        *main_effects(found, args.fraction),
        *synergies(found),
        *ladder(found, args.days),
    ]
    folder.write_table(
        "effects",
        {name: [row[name] for row in rows] for name in rows[0]},
        types={"payback_years": "float64", "p_value": "float64"},
    )
    text = [
        ",".join(rows[0]),
        *(
            ",".join("" if v is None else f'"{v}"' if isinstance(v, str) else f"{v:.9g}" for v in row.values())
            for row in rows
        ),
    ]
    folder.write_text("effects.csv", "\n".join(text) + "\n")
    heat_map(rows, market, folder.path / "synergies.png")
    ladder_bars(rows, market, folder.path / "ladder.png")
    folder.write_json(
        "summary.json", {"market": market, "arms": len(arms), "replications": args.replications, "effects": rows}
    )
    currency = arms[BASE].market.currency
    print(
        f"\n# {market}: {len(arms)} arms, {args.replications} pairs, {args.shoppers} shoppers, {args.days} days, seed {args.seed}, fraction 1/{args.fraction}"
    )
    for kind, title in (
        ("single", "Alone on the base, and all together"), ("main", "Main effects, mean over the settings of the others"),
        ("synergy", "Synergies: joint effect less the sum of the single ones"), ("ladder", "Ladder, against store_only"), ("step", "Ladder, against the rung below"),
    ):  # fmt: skip
        print(printed([row for row in rows if row["kind"] == kind], title, currency))
    print(f"\n{folder.path}: effects.parquet, effects.csv, synergies.png, ladder.png")
    return rows


def main() -> int:
    """Run all markets asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("markets", nargs="*", default=["seoul_beauty", "apparel"])
    parser.add_argument("--fraction", type=int, choices=sorted(GENERATORS), default=1)
    parser.add_argument("--replications", type=int, default=6)
    parser.add_argument("--shoppers", type=int, default=4000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--seed", type=int, default=3001)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--output", default="outputs/capability_factorial")
    args = parser.parse_args()
    for market in args.markets:
        study(market, args)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
