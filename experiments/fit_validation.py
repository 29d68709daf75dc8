"""Which parameter moves which published figure, and the parameters at which the fitted figures hold.

Usage: python experiments/fit_validation.py sensitivities|fit [patterns=…] [replications=2] [jobs=2] [shoppers=…] [dir=outputs/fit] [rounds=3]
    [only=NAME,…]

`sensitivities` changes one parameter of the apparel market after the other by its step and prints, for every judged figure, how far it
moves, in units of the half-width of the interval of that change: what is below 1 cannot be seen. Every point has the same seeds, so
that the change is paired and its interval far narrower than the figure's own. `fit` takes Gauss-Newton steps on the figures marked
`fitted` that lie outside their bands, damped, inside the ranges, in units of the figures' own intervals; predicted figures are printed
and never enter. Each point has a folder of its own, named by its words; finished
runs are kept, and the same words go on where they stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np

from omosim.config.compose import compose
from omosim.results import ResultFolder, provenance
from omosim.study.stats import paired
from omosim.validation.plan import plan
from omosim.validation.validate import validate

LEVELS = Path(__file__).parent / "data" / "apparel_levels.yaml"
PATTERNS = f"[V1,V4,V7,V8,V11,V12,V14,'{LEVELS}']"
GOODS = ("tops", "bottoms", "dresses", "outerwear", "knitwear")


@dataclass(frozen=True)
class Free:
    """A parameter that may move: the settings to which the same is added, a step, and the range of what is added."""

    name: str
    paths: tuple[str, ...]
    step: float
    low: float
    high: float


def goods(key: str) -> tuple[str, ...]:
    """A setting of each category."""
    return tuple(f"catalogue.categories.{name}.{key}" for name in GOODS)


FREE = (
    Free("value_mean", goods("value_mean"), 0.05, -0.6, 0.4),
    Free("value_sd", goods("value_sd"), 0.05, -0.2, 0.4),
    Free("misfit", goods("misfit"), 0.03, -0.02, 0.03),
    Free("change_of_mind", goods("change_of_mind"), 0.01, -0.03, 0.05),
    Free("taste_store", ("market.choice.taste_store",), 0.05, -0.4, 0.4),
    Free("theta", ("market.choice.theta_upper", "market.choice.theta_lower"), 0.01, -0.02, 0.05),
    Free("wait_per_day", ("market.choice.wait_per_day",), 0.0004, -0.0017, 0.0004),
    Free("store_rho", ("market.awareness.store_rho",), 0.025, -0.07, 0.4),
    Free("consider_aware", ("market.goodwill.consider_aware",), -0.5, -2.0, 1.0),
    Free("known", ("market.fit.known",), -0.1, -0.2, 0.0),
    Free("touch_spread", ("market.fit.touch_spread",), -0.4, -1.0, 0.0),
    Free("touch_taste", ("market.fit.touch_taste",), -0.25, -0.5, 0.2),
    Free("keep", ("market.fit.keep",), -0.3, -1.0, 0.0),
)


@dataclass(frozen=True)
class Figure:
    """A judged figure at one point; effects: its value in each replication."""

    value: float
    half: float
    band: tuple[float | None, float | None]
    fitted: bool
    effects: list[float | None]


Figures = dict[str, Figure]


def moved_words(added: Mapping[str, float], free: Sequence[Free]) -> list[str]:
    """Words that set what was moved, from the values as shipped."""
    shipped = compose("run", ["market=apparel"]).settings.model_dump(mode="json")
    words = []
    for one in free:
        for path in one.paths if added[one.name] else ():
            words.append(f"{path}={reduce(getitem, path.split('.'), shipped) + added[one.name]:.9g}")
    return words


def measure(words: Sequence[str], added: Mapping[str, float], free: Sequence[Free], folder: Path) -> Figures:
    """Judged figures where so much is added to each parameter; runs that stand in the point's folder are not repeated."""
    asked = plan([*words, *moved_words(added, free)])
    place = ResultFolder.create("validate", asked.hash, now=datetime.now(), output_dir=str(folder / asked.hash))
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    place.begin(
        provenance("validate", argv=list(words), seed=asked.seed, config_hash=asked.hash, started=started), asked.yaml
    )
    found: Figures = {}
    outcome = validate(asked, place)
    for row in outcome.rows:
        if row["simulated"] is not None and row["ci_low"] is not None:
            half = 0.5 * (row["ci_high"] - row["ci_low"])
            found[f"{row['pattern']}: {row['outcome']}"] = Figure(
                row["simulated"], half, (row["band_low"], row["band_high"]), row["fitted"], outcome.effects[row["pattern"], row["outcome"]]
            )
    return found


def jacobian(base: Figures, moved: Mapping[str, Figures], names: Sequence[str], free: Sequence[Free]) -> np.ndarray:
    """(figures, parameters) change of each figure by a step of each parameter, in half-widths of the figure's interval."""
    return np.array(
        [
            [(moved[one.name][name].value - base[name].value) / max(base[name].half, 1e-9) for one in free]
            for name in names
        ]
    )


def seen(base: Figures, moved: Mapping[str, Figures], names: Sequence[str], free: Sequence[Free]) -> np.ndarray:
    """(figures, parameters) the same changes in half-widths of the interval of the paired change; nan where there is none."""
    out = np.full((len(names), len(free)), np.nan)
    for i, name in enumerate(names):
        for j, one in enumerate(free):
            change = paired(moved[one.name][name].effects, base[name].effects)
            if change.diff is not None and change.ci_low is not None and change.ci_high is not None:
                half = 0.5 * (change.ci_high - change.ci_low)
                out[i, j] = change.diff / half if half > 0 else 0.0
    return out


def miss(figure: Figure) -> float:
    """How far a figure lies outside its band, or within a tenth of its width from an end; 0 where it holds well."""
    low, high = figure.band
    room = 0.1 * (high - low) if low is not None and high is not None else 0.0
    if low is not None and figure.value < low + room:
        return low + room - figure.value
    if high is not None and figure.value > high - room:
        return high - room - figure.value
    return 0.0


def step_of(base: Figures, table: np.ndarray, names: Sequence[str], damp: float = 1.0) -> np.ndarray:
    """(parameters,) damped Gauss-Newton step in units of the steps: least squares of what fitted figures miss, and of the step."""
    rows = [k for k, name in enumerate(names) if base[name].fitted]
    want = np.array([miss(base[names[k]]) / max(base[names[k]].half, 1e-9) for k in rows])
    size = table.shape[1]
    found, *_ = np.linalg.lstsq(
        np.vstack([table[rows], damp * np.eye(size)]), np.concatenate([want, np.zeros(size)]), rcond=None
    )
    return found


def show_table(base: Figures, table: np.ndarray, clear: np.ndarray, names: Sequence[str], titles: Sequence[str]) -> None:
    """What can be seen (`clear`) as a Markdown table; singular values and condition number of `table`."""
    print("| Figure | Now | " + " | ".join(titles) + " |")
    print("| --- | --- |" + " --- |" * len(titles))
    for name, row in zip(names, clear, strict=True):
        mark = " (fitted)" if base[name].fitted else ""
        print(
            f"| {name}{mark} | {base[name].value:.3g} | "
            + " | ".join(f"{x:+.1f}" if abs(x) >= 1 else "." for x in row)
            + " |"
        )
    rows = [k for k, name in enumerate(names) if base[name].fitted]
    for title, part in (("fitted figures", table[rows]), ("all figures", table)):
        values = np.linalg.svd(part, compute_uv=False) if len(part) else np.ones(1)
        told = ", ".join(f"{x:.1f}" for x in values)
        print(f"\nSingular values, {title}: {told}; condition {values[0] / max(values[-1], 1e-12):.0f}")


def main(argv: Sequence[str]) -> int:
    """Parses the words and runs one of the two modes."""
    mode = argv[0] if argv else ""
    given = dict(word.split("=", 1) for word in argv[1:])
    if mode not in ("sensitivities", "fit"):
        print(__doc__)
        return 2
    folder, rounds = Path(given.pop("dir", "outputs/fit")).absolute(), int(given.pop("rounds", "3"))
    only = given.pop("only", "")
    words = [f"{k}={v}" for k, v in {"patterns": PATTERNS, "replications": "2", "jobs": "2", **given}.items()]
    free = [one for one in FREE if not only or one.name in only.split(",")]
    now = {one.name: 0.0 for one in free}
    for turn in range(rounds if mode == "fit" else 1):
        base = measure(words, now, free, folder)
        steps = [one.step if one.low <= now[one.name] + one.step <= one.high else -one.step for one in free]
        moved: dict[str, Figures] = {}
        for one, step in zip(free, steps, strict=True):
            moved[one.name] = measure(words, {**now, one.name: now[one.name] + step}, free, folder)
            print(f"{one.name} {step:+g}: measured", file=sys.stderr, flush=True)
        names = [name for name in base if all(name in figures for figures in moved.values())]
        table = jacobian(base, moved, names, free)
        print(f"\nRound {turn}, added: " + ", ".join(f"{name} {value:.4g}" for name, value in now.items()))
        show_table(base, table, seen(base, moved, names, free), names, [f"{one.name} {step:+g}" for one, step in zip(free, steps, strict=True)])
        if mode == "sensitivities" or all(miss(base[name]) == 0 for name in names if base[name].fitted):
            break
        found = step_of(base, table, names)
        for one, step, much in zip(free, steps, found.tolist(), strict=True):
            now[one.name] = min(max(now[one.name] + step * much, one.low), one.high)
        print("next: " + ", ".join(f"{name} {value:+.4g}" for name, value in now.items()), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
