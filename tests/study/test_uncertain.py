"""What a sweep says over uncertain inputs, on models whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.study.designs import Factor, design_points, shares
from omosim.study.first_look import Input, ends, fit
from omosim.study.futures import futures
from omosim.study.uncertain import FIT, NOISE, REST, Sample, drawn, planned, short_names, study
from omosim.study.verdicts import answer, box_words, first_thing, needed_words

MONEY = "minor KRW"


def sample(gain, design: str = "lhs", count: int = 256, noise: float = 0.0, reps: int = 2, keys: tuple[str, ...] = ("market.choice.wait_per_day", "network.stores.count", "fee_minor")) -> Sample:
    """omo beats o2o by gain(x) at each point, x: (points, inputs) in [0, 1]; both share a large noise of the world."""
    u = shares(len(keys), design, count, 1)
    points = np.array(design_points([Factor(k, (), 0, 1) for k in keys], design, count, 1))
    draw = np.random.default_rng(5)
    world = draw.normal(1e6, 2e5, (len(u), reps))
    values = np.stack([world, world + gain(points)[:, None] + draw.normal(0, noise, world.shape)])
    return Sample(design, {k: points[:, i].tolist() for i, k in enumerate(keys)}, u if design in ("morris", "saltelli") else None, values, ["o2o", "omo"], "o2o")


def linear(x: np.ndarray) -> np.ndarray:
    return 1000 * (x[:, 0] - 0.5) + 400 * x[:, 1] - 200


def test_a_linear_truth_is_read_off() -> None:
    (row,) = study(sample(linear))
    assert row["method"] == FIT
    effects = {r["input"]: r["effect"] for r in row["sensitivity"]}
    assert effects["market.choice.wait_per_day"] == pytest.approx(1 / 1.16, abs=0.02)  # variances 1 and .16
    assert effects["network.stores.count"] == pytest.approx(0.16 / 1.16, abs=0.02)
    assert effects["fee_minor"] == pytest.approx(0, abs=1e-6) and effects[REST] == pytest.approx(0, abs=1e-6)
    assert effects[NOISE] == pytest.approx(0, abs=1e-6)
    bars = {bar["input"]: bar for bar in row["tornado"]}
    assert next(iter(bars)) == "market.choice.wait_per_day"
    assert bars["market.choice.wait_per_day"]["low"] == pytest.approx(-400, abs=15) and bars["market.choice.wait_per_day"]["high"] == pytest.approx(400, abs=15)
    assert bars["market.choice.wait_per_day"]["flips_at"] == pytest.approx(0.5, abs=0.01)
    assert "market.choice.wait_per_day" in (said := first_thing(row)) and "first look" in said and "ahead above about 0.5" in said


def test_noise_is_told_apart_and_nothing_stands_out_of_it() -> None:
    (row,) = study(sample(lambda x: np.zeros(len(x)), noise=500.0, reps=4, count=64))
    effects = {r["input"]: r["effect"] for r in row["sensitivity"]}
    assert effects[NOISE] > 0.6
    assert "No input stands out" in first_thing(row) or sum(r["p_value"] < 0.05 for r in row["sensitivity"][:3]) == 1


@pytest.mark.parametrize(("design", "count"), [("morris", 20), ("saltelli", 256)])
def test_sensitivity_designs_are_used_where_they_were_made(design: str, count: int) -> None:
    pytest.importorskip("SALib")
    given = sample(linear, design, count)
    (row,) = study(given)
    effects = {r["input"]: r["effect"] for r in row["sensitivity"]}
    assert row["method"] == design and next(iter(effects)) == "market.choice.wait_per_day"
    if design == "morris":
        assert effects["market.choice.wait_per_day"] == pytest.approx(1000) and effects["fee_minor"] == pytest.approx(0, abs=1e-6)
    else:
        assert effects["market.choice.wait_per_day"] == pytest.approx(1 / 1.16, abs=0.03)
    assert first_thing(row).startswith("The first thing to find out is market.choice.wait_per_day")
    given.values[1, 3] = np.nan
    (holed,) = study(given)
    assert holed["method"] == FIT and "must be whole" in holed["notes"][0]


def test_a_planted_box_in_words() -> None:
    def loses(x: np.ndarray) -> np.ndarray:
        return np.where((x[:, 0] > 0.6) & (x[:, 1] < 0.4), -300.0, 500.0)

    (row,) = study(sample(loses, count=512))
    said = box_words(row, "futures")
    assert (said.startswith("omo loses against o2o mostly where wait_per_day above 0.6") and "stores.count below 0.39" in said) or "stores.count below 0.4" in said
    assert row["box"]["coverage"] > 0.9 and row["box"]["density"] > 0.9 and {limit["input"] for limit in row["box"]["limits"]} == {"wait_per_day", "stores.count"}
    assert box_words({**row, "points": {"better": 1, "worse": 0, "cannot_tell": 5}}, "futures").startswith("By means that one cannot tell from chance at most futures: omo loses")
    (rarely,) = study(sample(lambda x: -loses(x), count=512))
    assert rarely["box"]["of"] == "wins" and "wins against o2o mostly where" in box_words(rarely, "futures")
    (never,) = study(sample(lambda x: np.full(len(x), 9.0)))
    assert never["box"] is None and box_words(never, "futures") == ""


def verdict(given: Sample) -> str:
    rows = futures(given.values, given.strategies, given.baseline, drawn(given.design, given.values.shape[1], len(given.columns)))
    return answer(rows, study(given), given.baseline, MONEY, "futures")


def test_the_answer_says_the_choice_the_share_and_the_gain() -> None:
    said = verdict(sample(lambda x: 1000 * x[:, 0] - 100, count=200))
    assert said.startswith("omo is best at 180 of 200 futures (") and "least regret" in said and "omo earns KRW 400 more than o2o on average" in said
    worse = verdict(sample(lambda x: -np.full(len(x), 7.0), count=100))
    assert worse.startswith("o2o is best at 100 of 100 futures") and "omo earns KRW 7 less than o2o" in worse
    even = verdict(sample(lambda x: 1000 * (x[:, 0] - 0.5), count=64))
    assert even.startswith("One cannot tell which strategy is best")


def test_regret_and_its_worst_tenth() -> None:
    given = sample(lambda x: np.where(np.arange(len(x)) < 10, -1000.0, 100.0), count=100)
    o2o, omo = futures(given.values, ["o2o", "omo"], "o2o", 100)
    assert omo["share_best"] == 0.9 and omo["regret"] == pytest.approx(100) and omo["regret_worst_decile"] == pytest.approx(1000) == omo["largest_regret"]
    assert o2o["regret"] == pytest.approx(90) and omo["worst_decile"] == pytest.approx(-1000)
    chosen = futures(given.values, ["o2o", "omo"], "o2o")[1]
    assert chosen["share_best_low"] == chosen["share_best_high"] == 0.9  # no noise, and no draw of points
    assert futures(given.values[:, :, :1], ["o2o", "omo"], "o2o", 100)[1]["share_best_low"] is None


def test_the_planner_asks_for_what_the_noise_needs() -> None:
    given = sample(lambda x: np.full(len(x), 100.0), noise=300.0, reps=5, count=200)
    found = planned(given.gains("omo"))
    assert found is not None and 5 <= found["pairs"] <= 120 and found["points"] > 100
    (row,) = study(given)
    said = needed_words(row, 1, "outputs/sweep/x", MONEY)
    assert f"about {found['pairs']} pairs a point" in said and f"omosim sweep extend outputs/sweep/x replications=+{found['pairs'] - 5}" in said
    once = study(sample(linear, reps=1))[0]
    assert "how much" in needed_words(once, 1, "x", MONEY) and once["points"] == {"better": 0, "worse": 0, "cannot_tell": 256}
    sure = study(sample(lambda x: np.full(len(x), 100.0), reps=3))[0]
    assert needed_words(sure, 1, "x", MONEY) == "" and sure["points"]["better"] == 256


def test_levels_and_a_grid() -> None:
    fee, market = [0, 500, 1000] * 4, ["a"] * 6 + ["b"] * 6
    y = np.array(fee) * -1.0 + np.where(np.array(market) == "b", 300, 0)
    found = fit([Input("fee", tuple(fee)), Input("market", tuple(market))], y)
    assert found is not None and found.told == pytest.approx(1)
    bars = {bar["input"]: bar for bar in ends([Input("fee", tuple(fee)), Input("market", tuple(market))], y, found)}
    assert (bars["market"]["low_at"], bars["market"]["high_at"]) == ("a", "b") and bars["market"]["high"] - bars["market"]["low"] == pytest.approx(300)
    assert bars["fee"]["high"] - bars["fee"]["low"] == pytest.approx(-1000) and bars["fee"]["low_at"] == "0"
    assert fit([Input("fee", (1, 2, 3))], np.array([1.0, 2.0, 3.0])) is None


def test_a_missing_run_and_a_single_strategy_cost_nothing_else() -> None:
    given = sample(linear)
    given.values[:, :5] = np.nan
    (row,) = study(given)
    assert sum(row["points"].values()) == 251 and row["tornado"]
    given.values[:] = np.nan
    (none,) = study(given)
    assert none["points"] == {} and answer([], [none], "o2o", MONEY, "futures") == "No point has a run of every strategy."


def test_names_are_as_short_as_they_can_be() -> None:
    assert short_names(["market.choice.wait_per_day", "network.stores.count", "network.staff.count", "fee"]) == ["wait_per_day", "stores.count", "staff.count", "fee"]
    assert short_names(["a.x.count", "b.x.count"]) == ["a.x.count", "b.x.count"]
