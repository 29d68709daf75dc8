"""Thin column maps on small samples written in each layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from omosim.ingest import read_log
from omosim.ingest.adapters import detect
from omosim.ingest.errors import InputError, OrderFileError


def test_cdnow_rows_are_orders_of_a_day(tmp_path: Path) -> None:
    path = tmp_path / "CDNOW_master.txt"
    path.write_text(" 00001 19970101  1   11.77\n 00002 19970112  5   77.00\n 00002 19970112  1   12.00\n")
    log = read_log(path, "auto")
    assert log.adapter == "cdnow"
    orders = log.orders()
    assert orders["value"].tolist() == [1177, 7700, 1200] and log.currency == "USD"
    assert orders["shopper_id"].tolist() == ["00001", "00002", "00002"]
    path.write_text(" 00001 19970101  1   11.77\n 00002 19970231  5   77.00\n")
    with pytest.raises(OrderFileError) as caught:
        read_log(path, "cdnow")
    assert caught.value.problems[0].row == 2 and caught.value.problems[0].code == "time_no_such_day"


def test_tafeng_rows_are_lines_of_a_visit(tmp_path: Path) -> None:
    path = tmp_path / "ta_feng.csv"
    path.write_text(
        "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE\n"
        "11/1/2000,01104905,45-49,115,110411,4710199010372,2,24,30\n"
        "11/1/2000,01104905,45-49,115,110411,4710199010372,2,24,30\n"
        "11/13/2000,00418683,45-49,115,120107,4710857472535,3,48,100\n"
    )
    orders = read_log(path, "auto").orders()
    assert orders["units"].tolist() == [4, 3] and orders["value"].tolist() == [6000, 10000]
    assert orders["shopper_id"].tolist() == ["01104905", "00418683"]


def test_olist_joins_items_with_orders(tmp_path: Path) -> None:
    (tmp_path / "olist_orders_dataset.csv").write_text(
        "order_id,customer_id,order_status,order_purchase_timestamp\n"
        "a1,c1,delivered,2017-10-02 10:56:33\nb2,c2,canceled,2018-07-24 20:41:37\n"
    )
    items = tmp_path / "olist_order_items_dataset.csv"
    items.write_text(
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
        "a1,1,p1,s1,2017-10-06 11:07:15,29.99,8.72\na1,2,p1,s1,2017-10-06 11:07:15,29.99,8.72\n"
        "b2,1,p2,s1,2018-07-30 03:24:27,118.70,22.76\n"
    )
    log = read_log(items, "auto")
    assert log.orders()["value"].tolist() == [5998, 11870]
    assert log.cancelled["value"].tolist() == [11870]
    items.with_name("olist_orders_dataset.csv").unlink()
    with pytest.raises(OrderFileError, match="missing_file"):
        read_log(items, "olist")


def test_the_layout_shows_in_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
    assert detect(path) == "uci_online_retail"
    path.write_text("order_id,placed_at,units,unit_price\n")
    assert detect(path) == detect(tmp_path / "absent.csv") == "own"


def test_an_unknown_layout_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nearest: 'tafeng'"):
        read_log(tmp_path / "x.csv", "ta_feng")
