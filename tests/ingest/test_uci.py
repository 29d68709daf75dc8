"""UCI Online Retail: every row accounted for, and the published fits met."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omosim.ingest import OrderLog, ReadOptions, read_log
from omosim.ingest.errors import OrderFileError
from omosim.ingest.uci import CLASSES, classify
from omosim.twin.bgcnbd import choose_k, cohort_from_days

DAY0 = int(pd.Timestamp("2010-12-01").timestamp())
CUT = int(pd.Timestamp("2011-09-09").timestamp())


def test_every_row_stands_in_one_class(uci: OrderLog) -> None:
    account = dict(zip(uci.quality["class"], uci.quality["rows"], strict=True))
    assert uci.rows == 541_909 == sum(account.values())
    assert account["bad_row"] == 0
    assert account["duplicate"] == 5_268 and account["bad_debt"] == 3
    assert account["sale"] + account["sale_anonymous"] == len(uci.lines)
    assert account["cancelled"] + account["cancelled_unmatched"] == len(uci.cancelled)
    assert uci.lines["shopper_id"].isna().sum() == account["sale_anonymous"]
    assert (uci.lines["value"] >= 0).all() and (uci.lines["units"] > 0).all()


def test_levels_agree_with_the_derived_targets(uci: OrderLog, data_dir: Path) -> None:
    target = json.loads((data_dir / "derived_targets.json").read_text())["uci_online_retail"]
    orders = uci.orders()
    known = orders[orders["shopper_id"].notna()]
    per_customer = known.groupby("shopper_id").size()
    assert len(per_customer) == pytest.approx(target["customers"], rel=0.005)
    assert (per_customer > 1).mean() == pytest.approx(target["repeat_share_1y"], abs=0.005)
    assert per_customer.mean() == pytest.approx(target["orders_per_customer"], rel=0.01)
    assert known["value"].median() / 100 == pytest.approx(target["order_value_gbp"]["p50"], rel=0.02)
    hour = known["placed_local"] % 86400 // 3600
    assert hour.between(10, 15).mean() == pytest.approx(target["hour_share_10_15"], abs=0.03)


def test_cancelled_lines_follow_their_sales(uci: OrderLog) -> None:
    matched = uci.cancelled[uci.cancelled["lag_s"] >= 0]
    assert (matched["lag_s"] >= 0).all() and matched["order_id"].notna().all()
    assert set(matched["order_id"]) <= set(uci.lines["order_id"])
    assert (uci.cancelled["value"] > 0).all()


def test_repeat_fit_meets_the_published_parameters(uci: OrderLog) -> None:
    orders = uci.orders()
    part = orders[orders["shopper_id"].notna() & (orders["placed_local"] < CUT)]
    day = (part["placed_local"].to_numpy() - DAY0) / 86400
    cohort = cohort_from_days(pd.factorize(part["shopper_id"])[0], day, (CUT - DAY0) / 86400)
    best, fits = choose_k(cohort)
    assert best.k == 2
    for name, published in (("r", 0.739), ("alpha", 3.943), ("a", 0.092), ("b", 1.110)):
        se = dict(zip(["r", "alpha", "a", "b"], best.se, strict=True))[name]
        assert abs(np.log(getattr(best, name) / published)) < min(2 * se, 0.1), (name, getattr(best, name))
    assert fits[1].log_likelihood - fits[0].log_likelihood > 100


def test_rules_of_the_classes_on_made_up_rows() -> None:
    frame = pd.DataFrame(
        [
            ("1", "85123A", "7", 2, 1.0),
            ("1", "85123A", None, 2, 1.0),
            ("C2", "85123A", "7", -2, 1.0),
            ("3", "POST", "7", 1, 18.0),
            ("A4", "B", None, 1, -11062.06),
            ("5", "85123A", None, -9, 0.0),
            ("6", "85123A", None, 9, 0.0),
            ("1", "85123A", "7", 2, 1.0),
            ("7", "DCGSSGIRL", "7", 1, 3.29),
        ],
        columns=["InvoiceNo", "StockCode", "CustomerID", "units", "price"],
    ).assign(Description=None, utc=0)
    names = [CLASSES[c].name for c in classify(frame, np.zeros(len(frame), bool))]
    expected = "sale sale_anonymous cancelled service bad_debt stock_adjustment unpriced duplicate sale"
    assert " ".join(names) == expected


def test_a_csv_of_the_layout_is_read_and_its_faults_named(tmp_path: Path) -> None:
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    good = "536365,85123A,HOLDER,6,2010-12-01 08:26,2.55,17850,United Kingdom\n"
    path = tmp_path / "uci.csv"
    path.write_text(head + good + "C536366,85123A,HOLDER,-6,2010-12-02 08:26,2.55,17850,United Kingdom\n")
    log = read_log(path, "uci_online_retail")
    assert log.lines["value"].tolist() == [1530] and log.cancelled["lag_s"].tolist() == [86400]
    path.write_text(head + good + "536366,85123A,HOLDER,x,12/1/2010 8:26,2.55,17850,United Kingdom\n")
    with pytest.raises(OrderFileError) as caught:
        read_log(path, "uci_online_retail", ReadOptions())
    assert caught.value.counts == {"not_a_number": 1, "time_format": 1}


def test_a_date_of_another_time_does_not_stretch_the_log(tmp_path: Path) -> None:
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    days = np.datetime_as_string(np.datetime64("2010-12-01") + np.arange(200))
    rows = [f"{536365 + i},85123A,HOLDER,6,{day} 08:26,2.55,17850,United Kingdom\n" for i, day in enumerate(days)]
    rows[50] = rows[50].replace("2011-01-20", "2051-01-20")
    path = tmp_path / "uci.csv"
    path.write_text(head + "".join(rows))
    with pytest.raises(OrderFileError) as caught:
        read_log(path, "uci_online_retail")
    assert caught.value.counts == {"time_apart": 1} and caught.value.problems[0].row == 52
    log = read_log(path, "uci_online_retail", ReadOptions(max_bad_rows=1))
    assert len(log.lines) == 199 and log.lines["placed_local"].max() < int(pd.Timestamp("2012-01-01").timestamp())
