"""Results in a notebook: answer and table as escaped HTML, frames, figures that return axes and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import omosim as om
from omosim.reports.notebook import SHOWN, frame_html, interval_axes, line_axes
from omosim.results import ResultFolder

HOSTILE = "<script>alert(1)</script> $\\frac{1}{2}$ \u202e한글"
SMALL = {"shoppers": 200, "days": 3, "burn_in_days": 1, "seed": 5}


@pytest.fixture(autouse=True)
def untouched():
    """No figure changes global style or stays open."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before and plt.get_fignums() == []


@pytest.fixture(scope="module")
def run():
    return om.simulate("o2o", **SMALL)


def folder_of(place: Path, command: str, summary: dict, **tables: dict) -> ResultFolder:
    made = ResultFolder.create(command, "0123456789abcdef", now=None, output_dir=str(place))
    made.begin({"schema_version": 1, "command": command, "argv": [command], "seed": 1}, "command: x\n")
    for name, columns in tables.items():
        made.write_table(name, columns)
    made.finish(summary)
    return made


def test_html_is_escaped_and_cut() -> None:
    text = frame_html(HOSTILE, pd.DataFrame({HOSTILE: [HOSTILE] * (SHOWN + 2), "value": [1.0, float("nan")] * (SHOWN // 2 + 1)}))
    assert "<script>" not in text and "\u202e" not in text and "\\u202e" in text and "한글" in text and "and 2 more rows" in text
    assert text.startswith("<p><strong>&lt;script&gt;")


def test_figures_take_hostile_names_and_axes_of_ones_own() -> None:
    ax = interval_axes([HOSTILE, "b"], [1.0, None], [0.5, None], [2.0, None], HOSTILE, [3.0, None])
    ax.figure.canvas.draw()
    assert isinstance(ax, Axes) and ax.get_yticklabels()[-1].get_text().startswith("<script>")
    mine = mpl.figure.Figure().subplots()
    assert line_axes([1, 2], {HOSTILE: [1, 2], "b": [2, 3]}, "x", "y", mine) is mine
    mine.figure.canvas.draw()


def test_a_run_shows_its_answer_its_figures_and_an_order(run) -> None:
    html = run._repr_html_()
    assert html.startswith("<p><strong>o2o in seoul_beauty, 200 shoppers over 3 days: net revenue KRW ") and "residual 0" in html
    assert list(run.to_frame().columns) == ["kpi", "value", "unit"] and {"kpi", "value"} == set(run.table().columns)
    assert isinstance(run.plot.daily(), Axes)
    with pytest.raises(KeyError, match="no column 'nothing'"):
        run.plot.daily("nothing")
    order = int(run.orders()["order_id"].iloc[0])
    assert run.explain(order=order).startswith(f"order {order}: ") and "paid " in run.explain(order=order)
    assert len(run.journeys()) >= 4


def test_claims_and_sweeps_and_validations_from_their_folders(tmp_path: Path) -> None:
    claim = {"claim": HOSTILE, "form": "change", "simulated_raw": 0.3, "simulated_causal": 0.1, "ci_low": 0.05, "ci_high": 0.15}
    table = {k: [v] for k, v in {**claim, "source": "s", "claimed": 0.4, "finding": "part", "reading": "r"}.items()}
    claims = om.load(folder_of(tmp_path / "c", "claims", {"answer": "1 claim", "claims": [claim]}, claims=table).path)
    assert claims.readings() == {HOSTILE: "r"} and "<script>" not in claims._repr_html_() and isinstance(claims.plot.claims(), Axes)
    diffs = {"point": [0, 1], "strategy": ["omo", "omo"], "baseline": ["o2o", "o2o"], "diff": [1.0, -1.0], "ci_low": [0.5, None], "ci_high": [1.5, None]}
    futures = [{"strategy": "omo", "points": 2, "share_best": 0.5}]
    sweep = om.load(folder_of(tmp_path / "s", "sweep", {"answer": "Over 2 points omo is best at 50 % of them.", "futures": futures, "unit": "GBP"}, design={"point": [0, 1], "k": [1.0, 2.0]}, differences=diffs, futures={k: [v] for k, v in futures[0].items()}).path)
    assert sweep.answer == "Over 2 points omo is best at 50 % of them." and len(sweep.to_frame()) == 2 and isinstance(sweep.plot.differences(), Axes)
    assert "omo is best" in sweep._repr_html_()
    ax = sweep.plot.differences()
    assert ax.get_xlabel().endswith("[GBP]") and {float(x) for line in ax.lines for x in line.get_xdata()} >= {0.01, -0.01}
    with pytest.raises(KeyError, match="'nobody' is not compared"):
        sweep.plot.differences("nobody")
    row = {"pattern": "V1", "outcome": "sales", "published": "", "unit": "share", "band_low": 0.0, "band_high": 1.0, "simulated": 0.1, "ci_low": 0.0, "ci_high": 0.2, "fitted": False, "verdict": "holds"}
    found = om.load(folder_of(tmp_path / "v", "validate", {"answer": "1 holds", "validation": [row]}, validation={k: [v] for k, v in row.items()}).path)
    assert "1 holds" in found._repr_html_() and isinstance(found.plot.effects(), Axes)


@pytest.mark.parametrize("changes", [0, 1])
def test_the_table_of_a_map_is_its_points_where_the_winner_changes_nowhere(tmp_path: Path, changes: int) -> None:
    boundary = {"key": ["k"] * changes, "value": [17.0] * changes}
    points = {"point": [0, 1], "k": [5.0, 40.0], "verdict": ["cannot_tell", "cannot_tell"]}
    found = om.load(folder_of(tmp_path, "flip", {"answer": "one cannot tell"}, boundary=boundary, map=points).path)
    assert list(found.table().columns) == (["key", "value"] if changes else ["point", "k", "verdict"]) and len(found.table()) == (1 if changes else 2)
    assert len(found.boundary()) == changes and ("cannot_tell" in found._repr_html_()) == (not changes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"overrides": ["strategy=o2o,omo"]}, ["strategy=o2o,omo"]), ({}, ["strategy=o2o,omo", "baseline=o2o"]), ({"strategies": ["omo", "o2o"]}, ["strategy=omo,o2o", "baseline=omo"]),
        ({"overrides": ["strategy=o2o,omo"], "baseline": "omo"}, ["baseline=omo", "strategy=o2o,omo"]),
        ({"strategies": ["omo"], "overrides": ["strategy=o2o"]}, ["strategy=omo", "baseline=omo", "strategy=o2o"]),
    ],
)  # fmt: skip
def test_strategies_of_a_sweep_may_be_a_word(given: dict, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked(Exception):
        pass

    def asked(got: list[str]) -> None:
        raise Asked(*got)

    monkeypatch.setattr("omosim.config.sweep.compose_sweep", asked)
    with pytest.raises(Asked) as caught:
        om.sweep(**given)
    assert list(caught.value.args) == words


def test_a_capability_may_be_registered_after_others_were_used(run) -> None:
    from omosim.config import levels
    from omosim.strategy import registry
    from omosim.strategy.capability import Capability

    assert "tea_house" not in levels.names()

    class TeaHouse(Capability):
        name = "tea_house"
        title = "A tea house"

    try:
        registry.register(TeaHouse)
        assert "tea_house" in levels.names()
    finally:
        registry._CAPABILITIES.pop("tea_house", None)


@pytest.mark.parametrize("name", om.__all__)
def test_every_name_of_the_notebook_has_words(name: str) -> None:
    assert name == "__version__" or getattr(om, name).__doc__


def test_a_run_from_its_folder_tells_the_same_story(run, tmp_path: Path, monkeypatch) -> None:
    from omosim.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(["run", "strategy=o2o", *(f"{k}={v}" for k, v in SMALL.items()), "output.dir=r"]) == 0
    loaded = om.load("r")
    order = int(run.orders()["order_id"].iloc[0])
    assert loaded.explain(order=order) == run.explain(order=order) and isinstance(loaded.plot.daily(), Axes)
    assert "o2o in seoul_beauty" in loaded._repr_html_()
    with pytest.raises(KeyError, match="no order 1"):
        loaded.explain(order=1)
