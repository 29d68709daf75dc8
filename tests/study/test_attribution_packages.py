"""Markov and Shapley beside public packages.

Markov runs against `do-attribution` (NumPy and pandas alone; in the `test` extra), whose strategy `redirect_to_null` is the removal
effect of Anderl et al. (2016). Its Shapley values are of another game (a set is worth the paths that show exactly it), so
Shapley is held against figures that `shapley-attribution` 2.1.0 printed for its own example,
make_attribution_problem(n_channels=8, n_journeys=40, random_state=42) and SimplifiedShapleyAttribution(normalize=False): that
package needs scikit-learn, which is too heavy for a test.
"""

from __future__ import annotations

import random

import pytest

from omosim.journeys.log import Path
from omosim.study.attribution import markov, shapley

JOURNEYS = (
    "24 70517074 326612 33 55416 41370 2261 7575 3224624 420173 50 4774375 52771 726355 07 7656271 3045277 7327153 456 3612051 "
    "765066 75755027 7230 0264 006 3016322 3267610 461654 1450 024325 51725 35242200 5663031 55 200364 52246 57766 246676 115 340"
).split()  # fmt: skip
BOUGHT = [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]
PRINTED_SHAPLEY = {"0": 1.3833333333333333, "1": 0.8166666666666667, "2": 0.9833333333333334, "3": 1.1833333333333333, "4": 1.8833333333333333, "5": 1.5166666666666666, "6": 0.25, "7": 0.9833333333333333}  # fmt: skip
#: what do-attribution 0.0.2 printed for the same journeys, so that the figures stand where it is not installed
PRINTED_MARKOV = {"0": 0.15671744351148434, "1": 0.07322604845913658, "2": 0.12223656152281348, "3": 0.13323144702858702, "4": 0.10915609719432254, "5": 0.15702731787062305, "6": 0.10584944946734345, "7": 0.14255563494568962}  # fmt: skip


def paths(journeys: list[str], bought: list[int]) -> list[Path]:
    return [Path(1, 5 if b else -1, b, tuple(range(len(j))), tuple(j), ("web",) * len(j)) for j, b in zip(journeys, bought, strict=True)]


def test_figures_that_the_packages_printed() -> None:
    example = paths(JOURNEYS, BOUGHT)
    assert shapley(example) == pytest.approx(PRINTED_SHAPLEY)
    credit = markov(example)
    assert {n: v / sum(BOUGHT) for n, v in credit.items() if n in PRINTED_MARKOV} == pytest.approx(PRINTED_MARKOV)
    assert sum(credit.values()) == pytest.approx(sum(BOUGHT))


@pytest.mark.filterwarnings("ignore")
def test_markov_is_that_of_a_public_package() -> None:
    package = pytest.importorskip("do_attribution")
    for seed in range(5):
        draw = random.Random(seed)
        journeys = ["".join(draw.choices("ABCDEF", weights=[6, 3, 2, 2, 1, 1], k=draw.randint(1, 9))) for _ in range(300)]
        bought = [int(draw.random() < 0.1 + 0.2 * ("C" in j)) for j in journeys]
        theirs = package.MarkovAttribution(removal_strategy="redirect_to_null").fit([" > ".join(j) for j in journeys], bought)["attribution"]
        ours = markov(paths(journeys, bought))
        assert {n: ours[n] / sum(bought) for n in theirs} == pytest.approx(theirs, abs=1e-9)
