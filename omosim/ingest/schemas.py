"""Tables that a twin takes beside the orders, as data: what each column holds, its unit, and what it may be called."""

from __future__ import annotations

from dataclasses import dataclass

from omosim.ingest.layout import CHANNELS, ORDER_COLUMNS, ColumnRule


@dataclass(frozen=True)
class TableRule:
    """One kind of table.

    key : columns that together stand once in a file; either : at least one of these has a value in each row
    """

    kind: str
    says: str
    columns: tuple[ColumnRule, ...]
    key: tuple[str, ...]
    either: tuple[str, ...] = ()
    tells: str = ""  # what a twin learns from it


def _c(name: str, kind: str, unit: str, says: str, required: bool = False, also: str = "", choices: tuple[str, ...] = ()) -> ColumnRule:
    return ColumnRule(name, kind, required, choices, tuple(also.split()), (), unit, says)  # type: ignore[arg-type]


_AT = "time 일시 시각 날짜 일자"
_STORE = "store node location 매장코드 매장번호 매장id 매장 매장명 점포코드 점포 점포명 지점코드 지점 지점명 창고 창고코드"
_SKU = "item product_id 상품코드 sku코드 품목코드 상품id 품번 바코드"
_CATEGORY = "product_category 카테고리 상품분류 분류 대분류 품목군"

FURTHER: dict[str, TableRule] = {
    t.kind: t
    for t in (
        TableRule(
            "stock", "Counts of stock on hand: a row for each place and item that was counted.",
            (
                _c("at", "moment", "day or time", "when it was counted; a day stands for its beginning", True, f"date counted_at 재고일자 기준일 기준일자 실사일 {_AT}"),
                _c("store_id", "place", "name", "store or warehouse, as the orders name it", True, _STORE),
                _c("sku", "id", "name", "item; one of sku and category must be there", also=_SKU),
                _c("category", "text", "name", "category, where no items are counted", also=_CATEGORY),
                _c("on_hand", "whole", "units", "units that were there; below 0 is taken as 0 and said", True, "stock quantity qty units 재고 재고수량 현재고 수량 가용재고"),
            ),
            ("at", "store_id", "sku", "category"), ("sku", "category"), "stock at the start, shrinkage, stock-outs",
        ),
        TableRule(
            "traffic", "Visitors of stores by hour or by day, as door counters tell them.",
            (
                _c("at", "moment", "day or hour", "beginning of the hour, or the day", True, f"from date 방문일시 방문일자 {_AT}"),
                _c("store_id", "place", "name", "store, as the orders name it", True, _STORE),
                _c("visitors", "whole", "people", "who came in", True, "visits traffic footfall count 방문객 방문객수 방문자수 입점객수 입장객수 내점객수"),
                _c("hour", "whole", "hour", "0 to 23, where the time holds the day alone", also="시간대"),
            ),
            ("at", "store_id"), (), "visits of stores, and so conversion there",
        ),
        TableRule(
            "sessions", "Sessions of the web shop and app by hour or by day.",
            (
                _c("at", "moment", "day or hour", "beginning of the hour, or the day", True, f"date {_AT}"),
                _c("sessions", "whole", "sessions", "visits of the site", True, "visits 세션 세션수 방문수 유입수"),
                _c("channel", "choice", "name", "channel whose site it is; none: web", also="채널", choices=CHANNELS),
                _c("device", "text", "name", "mobile, desktop, app …, where they are counted apart", also="기기 디바이스"),
                _c("hour", "whole", "hour", "0 to 23, where the time holds the day alone", also="시간대"),
            ),
            ("at", "channel", "device"), (), "visits of the web shop, and so conversion there",
        ),
        TableRule(
            "prices", "Prices and promotions: from when to when an item or category had a price or a discount.",
            (
                _c("from", "moment", "day", "first day", True, "start start_date valid_from 시작일 시작일자 적용시작일 적용일"),
                _c("to", "moment", "day", "last day; none: until now", also="until end end_date valid_to 종료일 종료일자 적용종료일"),
                _c("sku", "id", "name", "item; one of sku and category must be there", also=_SKU),
                _c("category", "text", "name", "category", also=_CATEGORY),
                _c("price", "price", "currency", "price of a unit; one of price and discount must be there", also="unit_price 단가 판매가 판매가격 가격"),
                _c("discount", "discount", "share", "part that is taken off, 0.2 or 20%", also="discount_rate 할인율 할인"),
                _c("channel", "choice", "name", "channel in which it holds; none: all", also="채널 판매채널", choices=CHANNELS),
                _c("currency", "currency", "name", "of the price; refused where it is another than the declared one", also="currency_code 통화 통화코드"),
            ),
            ("from", "to", "sku", "category", "channel"), ("sku", "category"), "what people pay, own-price response",
        ),
        TableRule(
            "deliveries", "Goods that came: to a store or warehouse from a supplier, or an order to its customer.",
            (
                _c("received_at", "moment", "day or time", "when they came", True, f"delivered_at at date 입고일 입고일자 입고일시 도착일시 배송완료일시 {_AT}"),
                _c("store_id", "place", "name", "place that took them in; none where order_id is there", also=_STORE),
                _c("order_id", "id", "name", "customer's order; none: a supplier's delivery", also="order_no 주문번호"),
                _c("sku", "id", "name", "item; a supplier's delivery names it or its category", also=_SKU),
                _c("category", "text", "name", "category", also=_CATEGORY),
                _c("units", "count", "units", "how many; may lack where order_id is there", also="quantity qty 수량 입고수량 배송수량"),
                _c("supplier", "text", "name", "who sent them", also="공급사 거래처 납품처"),
            ),
            ("received_at", "store_id", "order_id", "sku", "category"), ("order_id", "store_id"), "lead times, and with counts the flow of stock",
        ),
    )
}  # fmt: skip

#: unit and meaning of the order file's columns
ORDERS = {
    "order_id": ("name", "one for all lines of an order, and the same in a later export"),
    "line_no": ("number", "line of the order; without it no two equal rows"),
    "placed_at": ("time", "when it was placed, with offset or in the declared timezone"),
    "shopper_id": ("name", "customer; none: anonymous. It must stay the same from order to order"),
    "channel": ("name", "where it was placed; none: web"),
    "store_id": ("name", "store of the sale or pickup"),
    "sku": ("name", "item"),
    "category": ("name", "category of the item"),
    "units": ("units", "how many"),
    "unit_price": ("currency", "what a unit was paid"),
    "fulfilment": ("name", "how it was handed over"),
    "promised_at": ("time", "until when it was promised"),
    "ready_at": ("time", "when it lay ready"),
    "collected_at": ("time", "when it was handed over or delivered"),
    "returned_at": ("time", "when it came back"),
    "status": ("name", "state at the time of the export"),
    "currency": ("name", "of the price; refused where it is another than the declared one"),
}
_TYPES = {
    "id": "text", "text": "text", "place": "text", "choice": "one of the names", "count": "whole number from 1", "whole": "whole number",
    "price": "number from 0", "discount": "share", "time": "ISO 8601 time", "moment": "ISO 8601 day or time",
    "currency": "currency code",
}  # fmt: skip


def dictionary() -> str:
    """The data dictionary as Markdown tables, orders first: what docs/twin_data.md holds between its marks."""
    out: list[str] = []
    for kind, says, rules in [("orders", "Order lines: a row for each item of an order.", ORDER_COLUMNS), *((t.kind, t.says, t.columns) for t in FURTHER.values())]:
        out += [f"### {kind}", "", says, "", "| Column | Type | Unit | Needed | Holds | Also called |", "|---|---|---|---|---|---|"]
        for rule in rules:
            unit, holds = ORDERS[rule.name] if kind == "orders" else (rule.unit, rule.says)
            if rule.choices and rule.name != "status":
                holds += ": " + ", ".join(rule.choices)
            also = " ".join(rule.names()[1:])
            out.append(f"| `{rule.name}` | {_TYPES[rule.kind]} | {unit} | {'yes' if rule.required else ''} | {holds} | {also} |")
        out.append("")
    return "\n".join(out)
