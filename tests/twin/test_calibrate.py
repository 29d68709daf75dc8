"""Calibration from end to end: a market of known truth, and UCI Online Retail."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from omosim.config.compose import compose
from omosim.results import read_frame
from omosim.schema.settings import Settings
from omosim.twin.calibrate import CalibrateOptions, CalibrationResult, calibrate
from omosim.twin.errors import CalibrationError

ROOT = Path(__file__).resolve().parents[2]
DAY0 = 1_704_067_200  # 2024-01-01, a Monday


@pytest.fixture(scope="module")
def base() -> Settings:
    return compose("run", ["strategy=multichannel"], ROOT).settings


def write_log(orders: pd.DataFrame, path: Path) -> Path:
    when = pd.to_datetime(orders["placed_at"] + DAY0, unit="s")
    back = pd.to_datetime(orders["returned_at"] + DAY0, unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    pd.DataFrame(
        {
            "order_id": orders["order_id"], "placed_at": when.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "shopper_id": orders["shopper_id"], "units": orders["units"],
            "unit_price": (orders["revenue"] / orders["units"]).map("{:.6f}".format),
            "returned_at": back.where(orders["returned_at"] >= 0, ""),
        }
    ).to_csv(path, index=False)  # fmt: skip
    return path


@pytest.fixture(scope="module")
def truth_settings(base: Settings) -> Settings:
    """The truth: 35 % of needs bought; the settings of the market that the log comes from."""
    market = base.market.model_copy(
        update={
            "demand": base.market.demand.model_copy(
                update={"purchase_r": 0.8, "purchase_alpha_weeks": 7.0, "stages": 2, "purchase_share": 0.35,
                        "dropout_a": 0.3, "dropout_b": 4.0}),
            "awareness": base.market.awareness.model_copy(update={"initial": 0.4, "acquisition_per_week": 0.006}),
        }
    )  # fmt: skip
    return base.model_copy(update={"market": market, "shoppers": 4_000, "days": 364, "seed": 99})


@pytest.fixture(scope="module")
def log_file(toy: ModuleType, truth_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(toy.simulate(truth_settings), tmp_path_factory.mktemp("toy") / "orders.csv")


@pytest.fixture(scope="module")
def closed(toy: ModuleType, base: Settings, log_file: Path) -> CalibrationResult:
    options = CalibrateOptions(rounds=4, replications=2, timezone="Etc/UTC")
    return calibrate(log_file, "own", log_file.parent / "out", options, base=base, simulate=toy.simulate)


def test_the_closing_step_finds_the_share_of_needs_that_are_bought(closed: CalibrationResult) -> None:
    assert closed.source == "model" and len(closed.rounds) == 4
    last, first = closed.rounds[-1], closed.rounds[0]
    assert last.miss < 0.12 and last.objective < 0.2 * first.objective
    assert closed.past.market.demand.purchase_share == pytest.approx(0.35, rel=0.3)
    assert closed.summary["scales"]["purchase_share"] == pytest.approx(last.scales.purchase_share, rel=1e-3)


def test_a_market_without_season_is_foretold_within_the_aims(closed: CalibrationResult) -> None:
    frame = closed.table.set_index("measure")
    aimed = frame[frame["within"].notna()].drop(index="hour_of_week_variation")
    assert frame.loc["hour_of_week_variation", "error"] < 0.14, "all 168 hours alike: sampling error alone"
    assert aimed["within"].all(), aimed[["simulated", "actual", "error"]]
    assert abs(frame.loc["orders_a_week", "error"]) < 0.15
    assert abs(frame.loc["new_customers_a_week", "error"]) < 0.3
    assert abs(frame.loc["cancel_share", "error"]) < 0.35


def test_the_log_alone_gives_the_hold_out_by_its_laws(tmp_path: Path, log_file: Path) -> None:
    path = log_file
    result = calibrate(path, "own", tmp_path / "out", CalibrateOptions(timezone="Etc/UTC"))
    assert result.source == "fitted law" and not result.rounds
    names = {p.name for p in (tmp_path / "out").iterdir()}
    tables = {f"{n}.parquet" for n in ("holdout", "weekly", "hour_of_week", "profile", "quality")}
    assert tables | {"market.yaml", "market_history.yaml", "summary.json"} <= names
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "season" in summary["season"] and summary["aims"] == 7
    frame = read_frame(tmp_path / "out" / "holdout.parquet")
    assert " ".join(frame.columns[:8]) == "measure simulated actual error copy_error unit aim within"
    again = calibrate(path, "own", tmp_path / "again", CalibrateOptions(timezone="Etc/UTC"))
    assert again.text() == result.text()
    for name in sorted(names):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_the_market_file_composes_to_the_settings_it_was_written_from(closed: CalibrationResult, tmp_path: Path) -> None:
    closed.save(tmp_path)
    composed = compose("compare", [f"market={tmp_path / 'market.yaml'}", "strategies=[o2o,omo]", "baseline=o2o"], ROOT)
    settings = composed.settings
    assert settings.market == closed.market.market
    assert settings.catalogue == closed.market.catalogue
    assert settings.network == closed.market.network
    assert settings.touchpoints == closed.market.touchpoints
    for line in (tmp_path / "market.yaml").read_text().splitlines():
        value = line.partition(": ")[2]
        if value and value[0] in "0123456789-[" and not line.startswith("#"):
            assert "# [" in line and ("fitted on" in line or "assumed" in line), line


def test_too_short_a_log_is_refused(tmp_path: Path) -> None:
    rows = ["order_id,placed_at,shopper_id,units,unit_price"]
    rows += [f"o{i},2025-01-{1 + i % 28:02d}T10:00:00Z,s{i % 9},1,100" for i in range(100)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(CalibrationError, match="8 weeks"):
        calibrate(path, "own", tmp_path / "out")


def test_uci_is_foretold_within_the_aims_by_its_laws(data_dir: Path, tmp_path: Path) -> None:
    result = calibrate(data_dir / "uci_online_retail.parquet", "uci_online_retail", tmp_path)
    assert result.summary["fit_part"] == "2010-12-01 to 2011-09-08"
    assert result.summary["holdout_part"] == "2011-09-09 to 2011-12-09"
    frame = result.table.set_index("measure")
    assert frame.loc[frame["within"].notna(), "within"].all()
    assert -0.11 < frame.loc["order_value_p90", "copy_error"] < -0.08
    assert frame.loc["new_customers_a_week", "simulated"] > 20
    assert frame.loc["orders_a_week", "error"] < 0, "no autumn uplift is invented"
    assert result.market.market.currency == "GBP" and result.summary["stages"] == 2
    demand = result.market.market.demand
    assert result.laws.mostly_bought and result.laws.regularity == pytest.approx(2.1, abs=0.2)
    assert demand.stages == 3 and demand.purchase_share == 0.75 and demand.dropout_a == pytest.approx(0.0915, rel=0.05)
    assert len(result.market.catalogue.categories) == 1, "several regular needs on top of one another are not regular"
    assert result.log.quality["rows"].sum() == 541_909
    weeks = result.weekly[result.weekly["part"] == "fit"]
    assert np.corrcoef(weeks["actual"], weeks["simulated"])[0, 1] > 0.9


def simulated_orders(settings: Settings) -> pd.DataFrame:
    from omosim.model.run import run

    return pd.DataFrame(run(settings).orders())


@pytest.mark.slow
def test_the_model_foretells_a_summer_of_uci_within_the_aims(data_dir: Path, tmp_path: Path, base: Settings) -> None:
    """Fitted to June 8, the weeks to September 8: no season in between, so every aim must be met by the model itself."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    log = pq.read_table(data_dir / "uci_online_retail.parquet")
    early = pc.less(log["InvoiceDate"], pa.scalar(pd.Timestamp("2011-09-09").to_pydatetime(), pa.timestamp("us")))
    pq.write_table(log.filter(early), tmp_path / "summer.parquet")
    options = CalibrateOptions(holdout_days=92, replications=2)
    result = calibrate(
        tmp_path / "summer.parquet", "uci_online_retail", tmp_path / "out", options, base=base, simulate=simulated_orders
    )
    frame = result.table.set_index("measure")
    assert result.source == "model" and result.rounds[-1].miss < 0.12
    hours = frame.loc["hour_of_week_variation"]
    assert hours["error"] < hours["copy_error"] + 0.03, "the profile itself moved in the summer"
    aimed = frame[frame["within"].notna()].drop(index="hour_of_week_variation")
    assert aimed["within"].all(), aimed[["simulated", "actual", "error"]]
    assert abs(frame.loc["orders_a_week", "error"]) < 0.2
    assert abs(frame.loc["new_customers_a_week", "error"]) < 0.35


@pytest.mark.slow
def test_the_model_foretells_uci_but_for_its_autumn(data_dir: Path, tmp_path: Path, base: Settings) -> None:
    """The last three months: order values, hours and repeat share hold; autumn's shorter gaps are not invented."""
    result = calibrate(
        data_dir / "uci_online_retail.parquet", "uci_online_retail", tmp_path, CalibrateOptions(replications=2),
        base=base, simulate=simulated_orders,
    )  # fmt: skip
    frame = result.table.set_index("measure")
    for name in ("order_value_median", "order_value_p90", "hour_of_week_variation", "repeat_share_since_start", "gap_mean"):
        assert frame.loc[name, "within"], frame.loc[name]
    assert abs(frame.loc["repeat_share", "error"]) < 0.2, "autumn brings customers back; a copy of the past misses by .11"
    assert frame.loc["gap_median", "error"] > 0 and frame.loc["orders_a_week", "error"] < 0
    told = frame[frame["within"].notna()]
    assert (told["told_error"].abs() <= told["aim"]).all(), "given the pace of autumn, every aim is met"
    assert frame.loc["gap_regularity", "simulated"] == pytest.approx(frame.loc["gap_regularity", "actual"], rel=0.2)
    assert frame.loc["new_customers_a_week", "simulated"] > 20
    weeks = result.weekly[result.weekly["part"] == "fit"]
    assert np.corrcoef(weeks["actual"], weeks["simulated"])[0, 1] > 0.95


def _log_of(path: Path, shoppers: list[str], price: int) -> Path:
    rows = ["order_id,placed_at,shopper_id,units,unit_price"]
    days = pd.date_range("2024-01-01", periods=300, freq="D").strftime("%Y-%m-%dT10:00:00Z")
    rows += [f"o{i},{days[i % 300]},{name},1,{price}" for i, name in enumerate(shoppers)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_logs_that_cannot_teach_are_refused_in_words(tmp_path: Path) -> None:
    once = _log_of(tmp_path / "once.csv", [f"s{i}" for i in range(1500)], 900)
    with pytest.raises(CalibrationError, match=r"0 repeat purchases of .* shopper_id stays the same"):
        calibrate(once, "own", tmp_path / "a")
    few = _log_of(tmp_path / "few.csv", [f"s{i % 24}" for i in range(1500)], 900)
    with pytest.raises(CalibrationError, match=r"24 known shoppers before .*; needed: 100. More customers are needed"):
        calibrate(few, "own", tmp_path / "c")
    free = _log_of(tmp_path / "free.csv", [f"s{i % 200}" for i in range(1500)], 0)
    with pytest.raises(CalibrationError, match="worth 0"):
        calibrate(free, "own", tmp_path / "b")


def test_customers_all_alike_still_give_a_market(tmp_path: Path, base: Settings) -> None:
    alike = _log_of(tmp_path / "alike.csv", [f"s{(i * 7) % 150}" for i in range(1500)], 900)
    result = calibrate(alike, "own", tmp_path / "c", base=base)
    assert result.market.market.demand.purchase_r <= 50.0
    assert "nan" not in result.text()
