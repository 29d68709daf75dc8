"""Do the bands hold the truth: a quick market many times, and one retailer unlike the model through the whole model."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from omosim.twin import identify
from omosim.twin.parameters import Prior, settings_of
from omosim.twin.posterior import Plan, calibrate, many
from omosim.twin.summaries import orders_of_run

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def module_at(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def test_the_unlike_retailers_know_nothing_of_the_model_and_differ_as_they_say() -> None:
    path = EXPERIMENTS / "unlike_retailers.py"
    names = [n.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import) for n in node.names]
    names += [str(node.module) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert not [n for n in names if n.startswith("omosim")]
    retailers = module_at(path)
    one = retailers.draw(3)
    log = retailers.log_of(one, 1)
    assert retailers.log_of(one, 1).equals(log) and not retailers.log_of(one, 2).equals(log)
    day = log["placed_s"] // 86_400
    assert day.min() >= 0 and day.max() < one.days and (log["value"] % 100 == 99).all(), "prices end in nines"
    quiet = retailers.log_of(replace(one, several=0.0, told=0.0), 1)
    assert len(log) > len(quiet), "some occasions bring several orders, and customers bring others"
    a, b, _ = one.gifts
    once = log.groupby("shopper_id")["placed_s"].agg(["size", "min"])
    strangers = once[(once["size"] == 1) & (once["min"] >= a * 86_400) & (once["min"] < b * 86_400)]
    assert len(strangers) > 0.5 * one.strangers * (b - a) / 7


@pytest.mark.slow
def test_bands_of_a_quick_market_hold_the_truth(tmp_path: Path) -> None:
    """Eight retailers of the prior, ten parameters each: 95 % bands hold 90 % of them at least (binomial: 72 to 80)."""
    from omosim.config.compose import compose

    quick = module_at(Path(__file__).with_name("quick_market.py"))
    fit = quick.fit_of(compose("run", ["strategy=multichannel"]).settings, days=91)
    prior = Prior.of(fit)
    held, few, verdicts, foretold = [], [], [], []
    for i in range(8):
        z = np.clip(0.8 * np.random.default_rng([i, 5]).standard_normal(len(prior.names)), -1.6, 1.6)
        orders = orders_of_run(quick.simulate(settings_of(fit, prior.theta(z)[0], replication=500 + i)), fit.patterns)
        foretold.append(identify.before(fit, orders=orders).set_index("parameter").loc[list(prior.names), ["expected", "expected_shrinkage"]])
        post = calibrate(fit, orders, many(quick.simulate), tmp_path, Plan(runs=128, waves=((0.75, 1.0), (0.25, 1.5)), checks=0))
        low, high = np.quantile(post.z, (0.025, 0.975), axis=0)
        held.append((low <= z) & (z <= high))
        least = calibrate(fit, orders, many(quick.simulate), tmp_path, Plan(runs=48, waves=((1.0, 1.0),), checks=0))  # of those just run
        low, high = np.quantile(least.z, (0.025, 0.975), axis=0)
        few.append((low <= z) & (z <= high))
        verdicts.append(identify.after(post).set_index("parameter")[["verdict", "shrinkage"]])
    assert np.sum(few) >= 71, "few simulations make bands wide, not wrong"
    assert 71 <= np.sum(held) <= 80, dict(zip(prior.names, np.sum(held, axis=0), strict=True))
    for name in ("order_value", "known_people"):
        assert sum(v.loc[name, "verdict"] == "told" for v in verdicts) >= 5, "bands are not bought by width"
    pairs = [(f.loc[n, "expected"], v.loc[n, "verdict"]) for f, v in zip(foretold, verdicts, strict=True) for n in prior.names]
    assert not {("told", "keeps its prior"), ("keeps its prior", "told")} & set(pairs), pairs
    widths = np.array([[1 - f.loc[n, "expected_shrinkage"], 1 - v.loc[n, "shrinkage"]] for f, v in zip(foretold, verdicts, strict=True) for n in prior.names])
    assert np.corrcoef(widths.T)[0, 1] > 0.5, "what was said before the fit goes with what its draws show"


@pytest.mark.slow
def test_a_retailer_unlike_the_model_is_measured_through_the_whole_model(tmp_path: Path) -> None:
    """Order file, reader, closed forms, 40 simulations of the model: what can be measured lies in the bands."""
    from omosim.api.commands import simulated_orders
    from omosim.config.compose import compose

    recovery = module_at(EXPERIMENTS / "twin_recovery.py")
    base = compose("run", ["strategy=multichannel"]).settings
    found = recovery.unlike(2, many(simulated_orders), base, tmp_path, 40, 70)
    assert len(found["rows"]) >= 9 and sum(r["covered"] for r in found["rows"]) >= len(found["rows"]) - 2, found["rows"]
    assert found["identified"]["return_share"] != "keeps its prior" and "taste_social" in found["expected_untold"]
    assert not [n for n, said in found["before"].items() if said == "told" and found["identified"].get(n) == "keeps its prior"]
