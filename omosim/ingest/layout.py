"""Columns of the order file: what each holds, what it may be called, what is allowed in it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Literal

from omosim.ingest.errors import file_error, plain_text
from omosim.ingest.text import RawTable, fold

Kind = Literal["id", "text", "count", "price", "time", "choice", "place", "whole", "discount", "moment", "currency"]

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
    weaker: tuple[str, ...] = ()  # names that count when none of the others stands in the file; the first one wins
    unit: str = ""
    says: str = ""  # what it holds, in a sentence of the data dictionary

    def names(self) -> tuple[str, ...]:
        """All names, the best first."""
        return (self.name, *self.aliases, *self.weaker)


#: Names as exports of Korean and English shops have them; blanks, hyphens, case and a unit in brackets do not matter.
ORDER_COLUMNS = (
    ColumnRule("order_id", "id", True, aliases=("order_no", "order_number", "주문번호", "주문id", "주문no", "주문코드", "오더번호"),
               weaker=("거래번호", "영수증번호", "전표번호")),
    ColumnRule("line_no", "count", aliases=("line", "line_number", "행번호", "라인번호", "주문상세번호", "주문상세순번", "주문순번",
                                            "상세순번", "품목순번")),
    ColumnRule("placed_at", "time", True,
               aliases=("ordered_at", "order_time", "주문일시", "주문시각", "주문시간", "구매일시", "주문날짜"),
               weaker=("주문일자", "주문일", "결제일시", "결제시각", "결제일", "거래일시", "판매일시", "판매일자")),
    ColumnRule("shopper_id", "id", aliases=("customer_id", "고객번호", "고객id", "고객코드", "고객아이디"),
               weaker=("회원번호", "회원id", "회원코드", "회원아이디", "멤버십번호", "구매자id", "주문자id")),
    ColumnRule("channel", "choice", choices=CHANNELS,
               aliases=("채널", "주문채널", "판매채널", "구매채널", "채널구분"), weaker=("주문경로", "판매경로", "주문매체")),
    ColumnRule("store_id", "place", aliases=("매장코드", "매장번호", "매장id", "점포코드", "점포번호", "지점코드"),
               weaker=("수령매장", "픽업매장", "매장", "매장명", "점포", "점포명", "지점", "지점명")),
    ColumnRule("sku", "id", aliases=("item", "product_id", "상품코드", "sku코드", "품목코드", "상품id"),
               weaker=("단품코드", "상품번호", "제품코드", "제품번호", "품번", "품목번호", "바코드", "옵션코드")),
    ColumnRule("category", "text", aliases=("카테고리", "상품분류", "상품카테고리", "카테고리명"),
               weaker=("대분류", "분류", "분류명", "품목군", "중분류", "소분류")),
    ColumnRule("units", "count", True, aliases=("quantity", "qty", "수량", "주문수량", "구매수량", "판매수량", "상품수량", "개수")),
    ColumnRule("unit_price", "price", True, aliases=("price", "단가", "판매단가", "상품단가", "주문단가", "개당가격"),
               weaker=("판매가", "판매가격", "상품가격", "할인가", "가격")),
    ColumnRule("fulfilment", "choice", choices=FLOWS,
               aliases=("fulfillment", "수령방법", "수령방식", "수령유형", "수령구분", "이행방법"),
               weaker=("배송방법", "배송방식", "배송유형", "배송구분", "배송종류")),
    ColumnRule("promised_at", "time",
               aliases=("약속일시", "약속시각", "약속시간", "수령예정일시", "수령예정시각", "수령예정시간", "픽업예정일시", "픽업예정시각",
                        "픽업예정시간", "픽업약속시각"),
               weaker=("도착예정일시", "배송예정일시", "수령예정일", "픽업예정일", "도착예정일", "배송예정일")),
    ColumnRule("ready_at", "time",
               aliases=("준비완료일시", "준비완료시각", "준비완료시간", "준비완료", "준비일시", "준비시각", "픽업준비완료일시",
                        "픽업준비완료시각", "픽업준비일시", "상품준비완료일시"), weaker=("포장완료일시", "포장완료시각")),
    ColumnRule("collected_at", "time",
               aliases=("handed_over_at", "수령일시", "수령시각", "수령시간", "수령완료일시", "수령완료시각", "픽업일시", "픽업시각",
                        "픽업시간", "픽업완료일시", "픽업완료시각", "배송완료일시", "배송완료시각", "인도일시"),
               weaker=("수령완료", "픽업완료", "수령일", "픽업일", "배송완료일")),
    ColumnRule("returned_at", "time", aliases=("반품일시", "반품시각", "반품시간", "반품완료일시", "반품완료시각", "반품일", "반품일자"),
               weaker=("반품완료일", "반품접수일시", "환불일시", "환불완료일시")),
    ColumnRule("status", "choice", choices=STATUSES,
               aliases=("상태", "주문상태", "주문처리상태", "주문진행상태", "처리상태", "진행상태"), weaker=("배송상태", "수령상태")),
    ColumnRule("currency", "currency", aliases=("currency_code", "통화", "통화코드", "결제통화")),
)  # fmt: skip
_WORDS = {
    "web": "온라인 웹 online 앱 app 온라인몰 자사몰 인터넷 모바일 mobile pc",
    "store": "오프라인 매장 offline 오프라인매장 점포 pos 매장구매 현장구매 현장수령",
    "social": "소셜 sns 인스타그램 instagram",
    "live": "라이브 라이브커머스 라이브방송",
    "ship": "택배 배송 택배배송 일반배송 자택배송 delivery",
    "pickup": "픽업 매장픽업 스토어픽업 매장수령 방문수령 직접수령 bopis",
    "same_day": "당일배송 오늘드림 오늘배송 퀵 퀵배송",
    "curbside": "드라이브스루 드라이브픽업 차량픽업",
    "locker": "락커 픽업락커 무인함 보관함 무인보관함 사물함",
    "placed": "주문완료 결제완료 주문접수",
    "backordered": "입고대기 품절대기",
    "to_pick": "상품준비중 준비중 배송준비중",
    "packed": "포장완료 출고완료 배송중 shipped",
    "staged": "준비완료 픽업대기 픽업준비완료",
    "delivered": "배송완료",
    "collected": "수령완료 픽업완료",
    "bought": "매장구매완료",
    "completed": "완료 구매확정 거래완료 complete",
    "cancelled": "취소 주문취소 취소완료 결제취소 품절취소 canceled",
    "expired": "미수령 미수령취소 기간만료",
    "refused": "수취거부 수령거부",
    "return_open": "반품접수 반품요청 반품중",
    "returned": "반품 반품완료 환불 환불완료",
}
#: Korean and English words for channels, services and states that mean one of the allowed ones.
CHOICE_WORDS = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
CURRENCY_WORDS = {"원": "KRW", "원화": "KRW", "won": "KRW", "₩": "KRW", "€": "EUR", "£": "GBP"}
TOTAL_WORDS = frozenset({"total", "totals", "grand total", "subtotal", "sum", "합계", "총계", "소계", "계", "총합계"})


_NAMED = 20  # columns that are not read and are named


@dataclass(frozen=True)
class Layout:
    """A file's own columns by the names of the contract."""

    columns: dict[str, str]  # contract name -> key in the raw table
    titles: dict[str, str]  # contract name -> name as it stands in the file
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def known_names(rules: tuple[ColumnRule, ...] = ORDER_COLUMNS) -> frozenset[str]:
    """Folded names and aliases of all columns."""
    return frozenset(fold(n) for rule in rules for n in rule.names())


def nearest(word: str, allowed: list[str]) -> str | None:
    """The allowed word that looks most like it, if any does."""
    plain = {a.casefold(): a for a in reversed(allowed)}
    found = difflib.get_close_matches(word.casefold(), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def match_columns(raw: RawTable, file: str, rules: tuple[ColumnRule, ...] = ORDER_COLUMNS, what: str = "the order file") -> Layout:
    """Find the contract's columns whatever their order and language; OrderFileError when that is not certain.

    what: whose names they are, in words.
    """
    by_fold = {fold(n): (rule, max(0, i - len(rule.aliases))) for rule in rules for i, n in enumerate(rule.names())}
    columns: dict[str, str] = {}
    titles: dict[str, str] = {}
    rank: dict[str, int] = {}
    unknown: list[str] = []
    folded: dict[str, str] = {}
    for key, title in zip(raw.columns, raw.names, strict=True):
        name = fold(title)
        if name and name in folded:
            raise file_error("duplicate_column", file, "each column once", row=1, column=title, value=folded[name])
        folded[name] = title
        if name not in by_fold:
            unknown.append(title)
            continue
        rule, here = by_fold[name]
        if rule.name in columns:
            if here == rank[rule.name] == 0:
                first = titles[rule.name]
                raise file_error("duplicate_column", file, "each column once", row=1, column=title, value=first)
            if here > rank[rule.name]:
                unknown.append(title)
                continue
            unknown.append(titles[rule.name])
        columns[rule.name], titles[rule.name], rank[rule.name] = key, title, here
    _refuse_gaps(columns, unknown, file, rules, what)
    names = ", ".join(f"'{plain_text(u)}'" for u in unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else "")
    notes = () if not unknown else (f"column {names} is not read",) if len(unknown) == 1 else (f"columns {names} are not read",)
    return Layout(columns, titles, tuple(unknown), notes)


def _refuse_gaps(columns: dict[str, str], unknown: list[str], file: str, rules: tuple[ColumnRule, ...], what: str) -> None:
    missing = [r for r in rules if r.required and r.name not in columns]
    names = [n for r in missing for n in r.names()] or [r.name for r in rules if r.name not in columns]
    known = known_names(rules)
    for title in unknown:
        if fold(title) in known:
            continue  # a weaker name beside a better one
        guess = nearest(fold(title), names)
        if guess and difflib.SequenceMatcher(None, fold(title), guess).ratio() >= (0.6 if missing else 0.84):
            raise file_error("unknown_column", file, f"the names of {what}", row=1, column=title, nearest=guess)
    if missing:
        required = ", ".join(r.name for r in rules if r.required)
        raise file_error("missing_column", file, f"a header with {required}", row=1, column=missing[0].name,
                         value=", ".join(u for u in unknown)[:100] or None)  # fmt: skip
