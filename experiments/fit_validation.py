"""Which parameter moves which published pattern, and the parameters at which the fitted ones hold.

Usage: python experiments/fit_validation.py sensitivities|fit [patterns=V1,V12,LV] [replications=2] [jobs=2] [dir=outputs/fit] [rounds=3] [only=NAME,…]

`sensitivities` changes one parameter after the other by its step and prints, for every judged figure of the patterns, how far
it moves, in units of the half-width of its interval at the start: what is below 1 cannot be seen. `fit` takes Gauss-Newton
steps on the figures marked `fitted` that lie outside their bands, damped, inside the ranges; predicted figures are printed and
never enter. Every point has the same seeds, so differences are those of the parameters. Each point has a folder of its own
named by its values; finished runs are kept and the same words go on where they stopped.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from omosim.results import ResultFolder, provenance
from omosim.validation.plan import plan
from omosim.validation.validate import validate


@dataclass(frozen=True)
class Free:
    """A parameter that may move: words with {} where its value goes, at first a factor of 1 or the value itself."""

    name: str
    words: tuple[str, ...]
    start: float
    step: float
    low: float
    high: float


GOODS = ("tops", "bottoms", "dresses", "outerwear", "knitwear")


def goods(key: str) -> tuple[str, ...]:
    """A word a category."""
    return tuple(f"catalogue.categories.{name}.{key}={{}}" for name in GOODS)


FREE = (
    Free("value_mean", goods("value_mean"), -0.38, 0.05, -1.5, 0.2),
    Free("value_sd", goods("value_sd"), 0.5, 0.05, 0.2, 1.0),
    Free("misfit", goods("misfit"), 0.29, 0.03, 0.27, 0.35),
    Free("change_of_mind", goods("change_of_mind"), 0.065, 0.01, 0.03, 0.12),
    Free("taste_store", ("market.choice.taste_store={}",), 0.15, 0.05, -0.3, 0.5),
    Free("taste_sd", ("market.choice.taste_sd={}",), 0.58, 0.1, 0.2, 1.0),
    Free("theta", ("market.choice.theta_upper={}", "market.choice.theta_lower={}"), 0.033, 0.01, 0.01, 0.08),
    Free("wait_per_day", ("market.choice.wait_per_day={}",), 0.0024, 0.0006, 0.0007, 0.0028),
    Free("store_rho", ("market.awareness.store_rho={}",), 0.1, 0.03, 0.0, 0.5),
    Free("return_post", ("market.choice.return_post={}",), 0.16, 0.03, 0.15, 0.17),
    Free("known", ("market.fit.known={}",), 0.4, 0.1, 0.0, 0.6),
    Free("touch_spread", ("market.fit.touch_spread={}",), 1.0, -0.4, 0.0, 1.0),
    Free("keep", ("market.fit.keep={}",), 1.0, -0.3, 0.0, 1.0),
)


@dataclass(frozen=True)
class Figure:
    """A judged figure at one point."""

    value: float
    half: float
    band: tuple[float | None, float | None]
    fitted: bool
    verdict: str


Figures = dict[str, Figure]


def measure(words: Sequence[str], values: Mapping[str, float], free: Sequence[Free], folder: Path) -> Figures:
    """Judged figures where the parameters have these values; runs that stand in the folder are not repeated.

    Parameters
    ----------
    words : words of `omosim validate`; values : by name of a parameter; folder : under which the point's folder is made
    """
    moved = [text.format(f"{values[one.name]:.9g}") for one in free for text in one.words]
    key = hashlib.sha256("|".join([*words, *moved]).encode()).hexdigest()[:12]
    asked = plan([*words, *moved])
    place = ResultFolder.create("validate", asked.hash, now=datetime.now(), output_dir=str(folder / key))
    place.begin(
        provenance("validate", argv=list(words), seed=asked.seed, config_hash=asked.hash, started=None), asked.yaml
    )
    found: Figures = {}
    for row in validate(asked, place).rows:
        if row["simulated"] is not None and row["ci_low"] is not None:
            band = row["band_low"], row["band_high"]
            half = 0.5 * (row["ci_high"] - row["ci_low"])
            found[f"{row['pattern']}: {row['outcome']}"] = Figure(
                row["simulated"], half, band, row["fitted"], row["verdict"]
            )
    return found


def jacobian(base: Figures, moved: Mapping[str, Figures], names: Sequence[str], free: Sequence[Free]) -> np.ndarray:
    """(figures, parameters) change of each figure by one step of each parameter, in half-widths of the figure's interval."""
    return np.array(
        [
            [(moved[one.name][name].value - base[name].value) / max(base[name].half, 1e-9) for one in free]
            for name in names
        ]
    )


def miss(figure: Figure) -> float:
    """How far a figure lies outside its band, less a tenth of the band inside; 0 where it holds well."""
    low, high = figure.band
    room = 0.1 * (high - low) if low is not None and high is not None else 0.0
    if low is not None and figure.value < low + room:
        return low + room - figure.value
    if high is not None and figure.value > high - room:
        return high - room - figure.value
    return 0.0


def step_of(
    base: Figures, table: np.ndarray, names: Sequence[str], free: Sequence[Free], damp: float = 1.0
) -> dict[str, float]:
    """Damped Gauss-Newton step, in the parameters' own units: least squares of what the fitted figures miss, and of the step itself."""
    rows = [k for k, name in enumerate(names) if base[name].fitted]
    want = np.array([miss(base[names[k]]) / max(base[names[k]].half, 1e-9) for k in rows])
    matrix = np.vstack([table[rows], damp * np.eye(len(free))])
    found, *_ = np.linalg.lstsq(matrix, np.concatenate([want, np.zeros(len(free))]), rcond=None)
    return {one.name: float(found[k] * one.step) for k, one in enumerate(free)}


def show_table(base: Figures, table: np.ndarray, names: Sequence[str], free: Sequence[Free]) -> None:
    """The sensitivities as a Markdown table, and the condition number of the fitted rows."""
    print("| Figure | Now | " + " | ".join(f"{one.name} {one.step:+g}" for one in free) + " |")
    print("| --- | --- |" + " --- |" * len(free))
    for name, row in zip(names, table, strict=True):
        mark = " (fitted)" if base[name].fitted else ""
        print(
            f"| {name}{mark} | {base[name].value:.4g} | "
            + " | ".join(f"{x:+.1f}" if abs(x) >= 1 else "." for x in row)
            + " |"
        )
    rows = [k for k, name in enumerate(names) if base[name].fitted]
    for title, part in (("fitted figures", table[rows]), ("all figures", table)):
        if len(part):
            values = np.linalg.svd(part, compute_uv=False)
            print(
                f"\nSingular values, {title}: "
                + ", ".join(f"{x:.2f}" for x in values)
                + f"; condition {values[0] / max(values[-1], 1e-12):.1f}"
            )


def main(argv: Sequence[str]) -> int:
    """Parses the words and runs one of the two modes."""
    mode = argv[0] if argv else ""
    given = dict(word.split("=", 1) for word in argv[1:])
    if mode not in ("sensitivities", "fit"):
        print(__doc__)
        return 2
    folder, rounds, only = (
        Path(given.pop("dir", "outputs/fit")).absolute(),
        int(given.pop("rounds", "3")),
        given.pop("only", ""),
    )
    words = [
        f"{key}={value}" for key, value in {"patterns": "V1,V12,LV", "replications": "2", "jobs": "2", **given}.items()
    ]
    free = [one for one in FREE if not only or one.name in only.split(",")]
    now = {one.name: one.start for one in free}
    for round_ in range(rounds if mode == "fit" else 1):
        base = measure(words, now, free, folder)
        moved: dict[str, Figures] = {}
        for one in free:
            at = now[one.name] + one.step
            ahead = at if one.low <= at <= one.high else now[one.name] - one.step
            moved[one.name] = measure(words, {**now, one.name: ahead}, free, folder)
            print(f"{one.name} {ahead:.4g}: measured", file=sys.stderr, flush=True)
        names = [name for name in base if all(name in figures for figures in moved.values())]
        table = jacobian(base, moved, names, free)
        for k, one in enumerate(free):
            if not one.low <= now[one.name] + one.step <= one.high:
                table[:, k] *= -1.0
        print(f"\nRound {round_}: " + ", ".join(f"{name} {value:.4g}" for name, value in now.items()))
        show_table(base, table, names, free)
        if mode == "fit":
            if all(miss(base[name]) == 0 for name in names if base[name].fitted):
                break
            change = step_of(base, table, names, free)
            now = {one.name: min(max(now[one.name] + change[one.name], one.low), one.high) for one in free}
            print("next: " + ", ".join(f"{name} {value:.4g}" for name, value in now.items()), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
