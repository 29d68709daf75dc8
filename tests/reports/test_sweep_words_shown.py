"""What a sweep shows without a run: its period, its inputs, one point, axes in the market's money."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import omosim as om
from omosim.api import sweeps
from omosim.config.sweep import compose_sweep
from omosim.reports.accessors import SweepPlot
from omosim.reports.sweep_screen import futures_table
from omosim.study.verdicts import answer


def test_money_has_a_period_and_a_population(tmp_path: Path) -> None:
    plan = compose_sweep(["strategy=o2o,omo", "network.stores.count=5,10", "shoppers=300", "days=7"], tmp_path)
    assert sweeps.period_of(plan) == "over 7 days, 300 of the retailer's 500,000 shoppers"
    varied = compose_sweep(["strategy=o2o,omo", "shoppers=300,600", "days=7"], tmp_path)
    assert sweeps.period_of(varied) == "of each point's own shoppers"
    row = {"strategy": "omo", "points": 2, "share_best": 1.0, "share_best_low": None, **dict.fromkeys(("gain", "worst_decile", "regret", "regret_worst_decile", "largest_regret"), 5.0)}
    assert futures_table({"unit": "KRW", "futures": [row], "period": sweeps.period_of(plan)}).title == "Operating profit, KRW, over 7 days, 300 of the retailer's 500,000 shoppers"


def test_inputs_are_listed_and_varied_ones_say_so(tmp_path: Path) -> None:
    plan = compose_sweep(["strategy=o2o,omo", "network.stores.count=5,10", "market.choice.wait_per_day=interval(0.001,0.002)"], tmp_path)
    rows = {row["key"]: row for row in sweeps.inputs(plan)}
    assert rows["network.stores.count"]["source"] == "varied: 5, 10" and not rows["network.stores.count"]["assumed"]
    assert rows["market.choice.wait_per_day"]["source"] == "varied: 0.001 to 0.002"
    assert len(rows) > 100 and any(row["assumed"] for row in rows.values())


def test_one_point_has_no_share_and_no_worst_tenth() -> None:
    gain = {"mean": 364938.0, "ci_low": -100.0, "ci_high": 729976.0}
    row = {"strategy": "omo", "points": 1, "share_best": 1.0, "share_best_low": None, "gain": 364938.0, "worst_decile": 364938.0, "regret": 0.0, "regret_worst_decile": 0.0, "largest_regret": 0.0}
    cells = [next(iter(column.cells)) for column in futures_table({"unit": "KRW", "futures": [row]}).columns]
    assert cells == ["omo", "–", "+364,938", "–", "0", "–"]
    told = [{"strategy": "omo", "baseline": "o2o", "points": {"better": 0, "worse": 0, "cannot_tell": 1}, "gain": gain}]
    assert answer([row], told, "o2o", "minor KRW", "points") == "One point. One cannot tell omo from o2o (KRW -100 to KRW +729,976)."


def test_differences_are_in_the_markets_money() -> None:
    import pandas as pd
    from matplotlib import pyplot as plt

    frame = pd.DataFrame({"point": [0], "strategy": ["omo"], "baseline": ["o2o"], "diff": [1200.0], "ci_low": [200.0], "ci_high": [2200.0]})
    ax = SweepPlot(SimpleNamespace(to_frame=lambda: frame, summary={"unit": "GBP"})).differences()  # type: ignore[arg-type]
    assert ax.get_xlabel() == "omo less o2o: operating profit [GBP]"
    assert ax.get_xlim()[1] == pytest.approx(22, abs=8)  # pence are shown as pounds
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "head"),
    [
        ({"overrides": ["strategy=o2o,omnichannel", "shoppers=1,2"]}, ["strategy=o2o,omnichannel", "shoppers=1,2"]),
        ({"overrides": ["shoppers=1,2"]}, ["strategy=o2o,omo", "baseline=o2o", "shoppers=1,2"]),
        ({"strategies": ["o2o", "omo"], "overrides": ["baseline=omo"]}, ["strategy=o2o,omo", "baseline=omo"]),
    ],
)
def test_a_strategy_among_the_overrides_is_given_once(call: dict, head: list[str], monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[type-arg]
    asked: list[str] = []

    def prepare(plan: object) -> None:
        asked.extend(plan.words)  # type: ignore[attr-defined]
        raise InterruptedError

    monkeypatch.setattr(sweeps, "prepare", prepare)
    with pytest.raises(InterruptedError):
        om.sweep(**call)
    assert asked == head
    with pytest.raises(om.ConfigError, match="given twice") if hasattr(om, "ConfigError") else pytest.raises(Exception, match="given twice"):
        om.sweep(["o2o", "omo"], overrides=["strategy=o2o,omnichannel"])


def test_an_address_where_nobody_listens_is_refused_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from omosim.study import cluster

    monkeypatch.setattr(cluster, "_REFUSED_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(cluster.ClusterError, match="no Dask scheduler answers"):
        cluster.DaskExecutor("a:b", f"tcp://127.0.0.1:{port}")
    assert time.monotonic() - start < 5
