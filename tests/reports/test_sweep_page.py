"""A sweep in a notebook and on its page: tables, figures, words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import omosim as om


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    place = tmp_path_factory.mktemp("sweep") / "a"
    return om.sweep(["o2o", "omo"], shoppers=60, days=2, burn_in_days=0, jobs=1, points=20, overrides=["market.choice.wait_per_day=interval(0.0007,0.0028)"], network__stores__count=[5, 10], output_dir=place)


def test_tables_of_a_sweep(swept) -> None:  # type: ignore[no-untyped-def]
    assert list(swept.futures()["strategy"]) == ["o2o", "omo"] and swept.table().equals(swept.futures())
    frame = swept.to_frame()
    assert len(frame) == 20 and {"diff", "market.choice.wait_per_day", "network.stores.count"} <= set(frame)
    assert set(swept.sensitivity()["input"]) >= {"market.choice.wait_per_day", "network.stores.count", "noise of replications"}
    assert set(swept.tornado()["input"]) == {"market.choice.wait_per_day", "network.stores.count"}
    assert isinstance(swept.boxes(), pd.DataFrame)
    assert len(swept.runs()["run_id"].unique()) == 40 and "20 futures" in swept.answer
    assert type(om.load(swept.path)) is type(swept)


def test_the_tornado_is_axes_of_its_own_style(swept) -> None:  # type: ignore[no-untyped-def]
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    before = dict(mpl.rcParams)
    ax = swept.plot.tornado()
    assert {t.get_text() for t in ax.get_yticklabels()} == {"market.choice.wait_per_day", "network.stores.count"}
    assert "omo less o2o" in ax.get_xlabel() and dict(mpl.rcParams) == before
    same = plt.figure().subplots()
    assert swept.plot.tornado("omo", ax=same) is same
    plt.close("all")
    with pytest.raises(KeyError, match="no tornado of o2o"):
        swept.plot.tornado("o2o")


def test_the_notebook_view_and_the_page_say_the_answer_first(swept) -> None:  # type: ignore[no-untyped-def]
    html, page = swept._repr_html_(), Path(swept.report()).read_text(encoding="utf-8")
    assert html.startswith("<p>") and swept.answer[:30] in html
    assert page.index(swept.answer[:30]) < page.index("What is varied") and "depends on</h2>" in page and "<svg" in page
    assert "<script" not in page and "Sensitivity of what" in page
