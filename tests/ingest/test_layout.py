"""Names of columns: every one is found, none means two things, a better one wins over a weaker one."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest

from omosim.ingest.errors import OrderFileError
from omosim.ingest.layout import CHANNELS, CHOICE_WORDS, FLOWS, ORDER_COLUMNS, STATUSES, Layout, match_columns, nearest
from omosim.ingest.text import RawTable, fold

NEEDED = ("order_id", "placed_at", "units", "unit_price")


def layout(*titles: str) -> Layout:
    cell = pa.array(["x"])
    return match_columns(RawTable(list(titles), {f"c{i}": cell for i in range(len(titles))}, np.array([2])), "orders.csv")


def test_no_name_means_two_columns() -> None:
    names = [fold(n) for rule in ORDER_COLUMNS for n in rule.names()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", ORDER_COLUMNS, ids=lambda rule: rule.name)
def test_every_name_is_found_however_it_is_written(rule) -> None:
    others = [n for n in NEEDED if n != rule.name]
    for name in rule.names():
        decomposed = unicodedata.normalize("NFD", name)
        for title in (name, name.upper(), f" {name} ", decomposed, name.replace("_", " "), f"{name}(원)"):
            assert layout(title, *others).titles[rule.name] == title
    assert any("가" <= c <= "힣" for n in rule.names() for c in n), "each column has a Korean name"


def test_a_weaker_name_counts_only_without_a_better_one() -> None:
    both = layout("order_id", "결제일시", "주문일시", "units", "unit_price", "매장명", "매장")
    assert both.titles["placed_at"] == "주문일시" and both.titles["store_id"] == "매장"
    assert set(both.ignored) == {"결제일시", "매장명"}
    assert layout("order_id", "결제일시", "units", "unit_price").titles["placed_at"] == "결제일시"
    with pytest.raises(OrderFileError, match="duplicate_column"):
        layout("order_id", "주문일시", "주문시각", "units", "unit_price")


def test_words_mean_allowed_ones() -> None:
    assert set(CHOICE_WORDS.values()) <= {*CHANNELS, *FLOWS, *STATUSES}


def test_nearest_keeps_the_case_of_what_is_allowed() -> None:
    assert nearest("SO1", ["S01", "S02"]) == "S01" and nearest("zzz", ["S01"]) is None
