"""Columns of the order file: what each holds, what it may be called, what is allowed in it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Literal

from omosim.ingest.errors import file_error
from omosim.ingest.text import RawTable, fold

Kind = Literal["id", "text", "count", "price", "time", "choice", "place"]

CHANNELS = ("web", "store", "social", "live")
FLOWS = ("ship", "pickup", "store", "same_day", "curbside", "locker")
STATUSES = (
    "placed", "open", "backordered", "to_pick", "packed", "staged", "at_counter", "delivered", "collected", "bought",
    "completed", "cancelled", "expired", "refused", "return_open", "returned", "left",
)  # fmt: skip


@dataclass(frozen=True)
class ColumnRule:
    """One column of the order file."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


ORDER_COLUMNS = (
    ColumnRule("order_id", "id", True, aliases=("order_no", "order_number", "주문번호", "주문_번호", "주문id")),
    ColumnRule("line_no", "count", aliases=("line", "line_number", "행번호", "주문상세번호")),
    ColumnRule("placed_at", "time", True, aliases=("ordered_at", "order_time", "주문일시", "주문시각", "결제일시")),
    ColumnRule("shopper_id", "id", aliases=("customer_id", "회원번호", "고객번호", "고객id", "회원id")),
    ColumnRule("channel", "choice", choices=CHANNELS, aliases=("채널", "주문채널", "판매채널")),
    ColumnRule("store_id", "place", aliases=("매장코드", "매장", "점포코드", "매장번호")),
    ColumnRule("sku", "id", aliases=("item", "product_id", "상품코드", "상품번호", "품번", "단품코드")),
    ColumnRule("category", "text", aliases=("카테고리", "상품분류", "분류", "대분류")),
    ColumnRule("units", "count", True, aliases=("quantity", "qty", "수량", "주문수량")),
    ColumnRule("unit_price", "price", True, aliases=("price", "단가", "판매단가", "판매가", "상품단가")),
    ColumnRule("fulfilment", "choice", choices=FLOWS, aliases=("fulfillment", "수령방법", "배송방법", "배송유형")),
    ColumnRule("promised_at", "time", aliases=("약속일시", "수령예정일시", "픽업예정일시")),
    ColumnRule("ready_at", "time", aliases=("준비완료일시", "준비일시")),
    ColumnRule("collected_at", "time", aliases=("handed_over_at", "수령일시", "픽업일시", "배송완료일시")),
    ColumnRule("returned_at", "time", aliases=("반품일시", "반품일")),
    ColumnRule("status", "choice", choices=STATUSES, aliases=("상태", "주문상태")),
)
#: Korean and English words for channels, services and states that mean one of the allowed ones.
CHOICE_WORDS = {
    "온라인": "web", "웹": "web", "online": "web", "앱": "web", "app": "web", "오프라인": "store", "매장": "store",
    "offline": "store", "소셜": "social", "라이브": "live", "택배": "ship", "배송": "ship", "픽업": "pickup",
    "매장픽업": "pickup", "bopis": "pickup", "당일배송": "same_day", "오늘드림": "same_day", "완료": "completed",
    "구매확정": "completed", "취소": "cancelled", "canceled": "cancelled", "반품": "returned", "배송완료": "delivered",
    "complete": "completed", "shipped": "packed",
}  # fmt: skip
TOTAL_WORDS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "합계", "총계", "소계", "계", "총합계"})


@dataclass(frozen=True)
class Layout:
    """A file's own columns by the names of the contract."""

    columns: dict[str, str]  # contract name -> key in the raw table
    titles: dict[str, str]  # contract name -> name as it stands in the file
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def known_names(rules: tuple[ColumnRule, ...] = ORDER_COLUMNS) -> frozenset[str]:
    """Folded names and aliases of all columns."""
    return frozenset(fold(n) for rule in rules for n in (rule.name, *rule.aliases))


def nearest(word: str, allowed: list[str]) -> str | None:
    """The allowed word that looks most like it, if any does."""
    found = difflib.get_close_matches(word.casefold(), allowed, n=1, cutoff=0.6)
    return found[0] if found else None


def match_columns(raw: RawTable, file: str, rules: tuple[ColumnRule, ...] = ORDER_COLUMNS) -> Layout:
    """Find the contract's columns whatever their order and language; OrderFileError when that is not certain."""
    by_fold = {fold(n): rule for rule in rules for n in (rule.name, *rule.aliases)}
    columns: dict[str, str] = {}
    titles: dict[str, str] = {}
    unknown: list[str] = []
    folded: set[str] = set()
    for key, title in zip(raw.columns, raw.names, strict=True):
        name = fold(title)
        rule = by_fold.get(name)
        if name and (name in folded or (rule is not None and rule.name in columns)):
            first = titles[rule.name] if rule is not None and rule.name in titles else title
            raise file_error("duplicate_column", file, "each column once", row=1, column=title, value=first)
        folded.add(name)
        if rule is None:
            unknown.append(title)
            continue
        columns[rule.name], titles[rule.name] = key, title
    _refuse_gaps(columns, unknown, file, rules)
    notes = tuple(f"column '{u}' is not read" for u in unknown)
    return Layout(columns, titles, tuple(unknown), notes)


def _refuse_gaps(columns: dict[str, str], unknown: list[str], file: str, rules: tuple[ColumnRule, ...]) -> None:
    missing = [r.name for r in rules if r.required and r.name not in columns]
    optional = [r.name for r in rules if r.name not in columns]
    for title in unknown:
        guess = nearest(fold(title), missing or optional)
        if guess and difflib.SequenceMatcher(None, fold(title), guess).ratio() >= (0.6 if missing else 0.84):
            raise file_error("unknown_column", file, "the names of the order file", row=1, column=title, nearest=guess)
    if missing:
        required = ", ".join(r.name for r in rules if r.required)
        raise file_error("missing_column", file, f"a header with {required}", row=1, column=missing[0],
                         value=", ".join(u for u in unknown)[:100] or None)  # fmt: skip
