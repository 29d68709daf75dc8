"""Writes the tables of docs/capabilities.md from the registry, the shipped files and the policy that each capability sets.

Usage: python experiments/capability_page.py [--check]

Between the marks of the page stand generated tables; the words around them are written by hand. With --check nothing is
written, and it ends with 1 if the page is not what would be written. What a capability acts on is not stated anywhere:
it is read off the numbers of the policy that differ with it and without it, by the table KINDS below.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from omosim.config.compose import compose
from omosim.config.network_rules import USES
from omosim.schema.settings import Settings
from omosim.schema.strategy import CapabilityLevel
from omosim.strategy import build_policy, capability, capability_names
from omosim.strategy.capability import Capability, Level

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "capabilities.md"
FILES = ROOT / "configs" / "strategy" / "capability"

#: what a number of the policy is; the six things that a capability may act on
KINDS: dict[str, tuple[str, ...]] = {
    "information": (
        "stock_shown", "publish_s", "known_stores", "accuracy_web", "accuracy_social", "accuracy_live", "record_quality", "shown_items", "broadcast_per_week",
        "broadcast_hour", "live_reach", "live_intensity", "live_sd", "live_answers", "answer_accuracy", "proof_minutes", "announce_days", "announce_on",
        "retarget_rate", "push_per_week", "push_open_rate", "contact_rho", "touch_on", "pickup_users", "fit_suggested",
        "campaign_rows", "own_near", "insert_open", "after_days", "after_open", "lapse_days", "lapse_open", "event_aware", "event_invited", "event_invites", "event_near", "events_per_month", "event_lead_days", "feedback", "feedback_half", "feedback_lag_days", "feedback_reviews", "advice_go_on", "advice_match", "offers.go_on_ppm", "offers.match_ppm", "unseen_avoided", "honest", "vip_invites",
    ),
    "time": (
        "offers.enabled", "offers.promise_s", "offers.place_ppm", "services.hold_s", "offers.needs_stock", "work_factor", "visit_factor", "search_factor", "fitting_ahead",
    ),
    "money": (
        "prices_equal", "coupon_rate", "coupon_discount", "coupon_everywhere", "points_rate", "points_everywhere", "live_discount", "live_limit_units",
        "commission_social", "commission_live", "offers.fee", "offers.discount_ppm", "services.insert",
        "vip_points", "own_back", "own_cost", "own_days", "own_discount", "own_rate", "campaign_cost", "event_cost", "invite_cost", "assistant_cost",
    ),
    "hassle": (
        "return_in_store", "endless_aisle", "switch_hassle_factor", "in_app_payment", "fitting_at_pickup", "offers.try_on", "switch_cost",
        "services.take_part", "services.alters", "services.late",
        "failures_avoided", "follow_up", "event_km", "invite_km",
    ),
    "identity": ("link_latency_s", "store_sensing"),
    "capacity": (
        "ship_from_store", "courier_radius_m", "courier_wave_capacity", "pickup_slots", "dark_stores", "pickup_points", "outsourced", "offers.full_off",
        "services.slotted",
        "advice_s", "fittings_per_day", "fitting_users", "fitting_no_show", "review_s",
    ),
}  # fmt: skip
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}
NOT_SHOWN = ("base_offers", "rebuild", "capital", "capital_per_day", "running_per_day")

#: C1-C37: what retailers speak of
SPOKEN_OF = (
    "stock visibility in all channels", "store locator", "pickup: reserve and collect, curbside, lockers", "pickup space with fitting, part of an order, alteration, exchange",
    "return in any store", "same-day delivery from stores", "buy in the store, shipped home", "one price everywhere", "coupons and points valid everywhere",
    "unified customer file", "personalised content", "real-time AI: chatbot, personal coupons, search", "live commerce", "broadcasts announced on every channel",
    "in-app payment", "social commerce", "AR, virtual fitting, digital showroom", "in-store sensing", "app finds the item in the store", "message automation, opt-out",
    "retargeting", "loyalty programme", "shared POS and shop platform", "demand forecasting", "order automation, delivery promise", "outsourced nodes", "staff training",
    "staff explanation", "booked fitting sessions", "pop-ups and events", "content and service ecosystem", "mobile and local versions", "customer feedback loop",
    "flash sale with site capacity", "A/B testing", "package inserts, triggered campaigns", "shipping from stores",
)  # fmt: skip

#: what goes with a key of the network that a capability needs (omosim.config.network_rules.USES)
WITH = {"operations.slot_minutes": "operations.slot_orders", "fitting.alterable": "fitting.alter_minutes"}

#: of C1-C37 what is no capability of its own: a setting, a dated change, a table
ELSEWHERE = {
    "C3": "lockers, points and slots: `network.points`, `network.operations`, none shipped",
    "C4": "what is altered, what is not wanted: `network.fitting`, none shipped",
    "C6": "dark stores: `network.dark_stores`, none shipped",
    "C15": "also level `in_app_payment` of live_commerce",
    "C20": "opting out: `market.messages`; saturation: touchpoint rows",
    "C24": "`network.stock.policy: forecast`: order-up-to levels follow each node's own demand",
    "C25": "also: promises in opening hours, late orders told to the shopper: `network`, docs/network.md",
    "C26": "`network.dark_stores`, `network.outsourced`, none shipped",
    "C27": "also `network.work`: service times and people; dated changes of `staff`",
    "C28": "also `network.work` and dated changes of `staff`; a touchpoint row `staff` with its accuracy",
    "C29": "also fitting rooms: `network.fitting`; dated changes of `rooms`",
    "C30": "also a dated change `store_open` of a further store, for some weeks; a touchpoint row",
    "C32": "`mobile_share` of segments by market, touchpoint rows by device",
    "C33": "also reviews that accumulate: `accumulates` of a touchpoint row",
    "C34": "`network.site` and dated changes of `site_capacity`, `price`, `need_rate`",
    "C35": "`ab` of any change that shoppers see: docs/interventions.md",
}


@cache
def nothing_on() -> Settings:
    """Settings in which every capability stands with its shipped levels, off."""
    settings = compose("run", ["strategy=store_only"]).settings
    rows = {one: shipped(one).model_copy(update={"enabled": False}) for one in capability_names()}
    return settings.model_copy(update={"strategy": settings.strategy.model_copy(update={"capabilities": rows})})


def policies(name: str) -> tuple[object, object]:
    """The policy with what a capability requires, without and with itself."""
    settings = nothing_on()
    needed = dict.fromkeys(capability(name).requires, True)
    return build_policy(settings, needed), build_policy(settings, {**needed, name: True})


def shipped(name: str) -> CapabilityLevel:
    """Levels and costs in the shipped file."""
    return CapabilityLevel(**yaml.safe_load((FILES / f"{name}.yaml").read_text(encoding="utf-8")))


def acts_on(name: str) -> list[str]:
    """Which of the six a capability acts on, in their order; '?' for a number of the policy that is in no kind."""
    without, with_it = policies(name)
    moved = set()
    for field, value in vars(with_it).items():
        before = getattr(without, field)
        if field in NOT_SHOWN or np.array_equal(value, before):
            continue
        if isinstance(value, np.ndarray) and value.dtype.names:
            moved |= {
                f"{field}.{column}" for column in value.dtype.names if not np.array_equal(value[column], before[column])
            }
        else:
            moved.add(field)
    found = {KIND_OF.get(field, f"? {field}") for field in moved}
    return [kind for kind in KINDS if kind in found] + sorted(kind for kind in found if kind not in KINDS)


def said(level: Level, row: CapabilityLevel) -> str:
    """A level with its shipped value, unit and range."""
    value = row.levels.get(level.name, level.default)
    return f"{level.name} {value:g} [{level.unit}] {level.low:g}–{level.high:g}"


def is_latency(level: Level) -> bool:
    """A level that says how long something takes or how fresh it is."""
    return level.unit in ("s", "h", "days", "min") and level.name != "hour"


def is_accuracy(level: Level) -> bool:
    """A level that says how right something is."""
    return any(word in level.name for word in ("accuracy", "quality", "error"))


def money(amount: int) -> str:
    """Won in millions."""
    return f"{amount / 1e6:g} m"


def table() -> str:
    """One row a capability."""
    lines = [
        "| Capability | C | What it does | Acts on | Latency, accuracy | Other levels | Requires | Capital · a day · a store and day · ramp-up · life | In |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in capability_names():
        kind, row = capability(name), shipped(name)
        own = [level for level in kind.levels if is_latency(level) or is_accuracy(level)]
        rest = [level for level in kind.levels if level not in own]
        does = " ".join((type(kind).__doc__ or kind.title).split("\n\n")[0].split())
        cost = f"{money(row.capital)} · {row.running_per_day:,} · {row.running_per_store_day:,} · {row.ramp_up_days} days · {row.life_years:g} years"
        cells = [
            f"`{name}`", ", ".join(kind.codes), does, ", ".join(acts_on(name)), "; ".join(said(level, row) for level in own),
            "; ".join(said(level, row) for level in rest), ", ".join([*kind.requires, *keys_needed(name)]), cost, module(kind),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cell or "–" for cell in cells) + " |")
    return "\n".join(lines)


def keys_needed(name: str) -> list[str]:
    """Keys of the network without which a capability is refused, one text; none for most."""
    keys = [".".join(key) for key in USES.get(name, ())]
    texts = [f"`network.{key}`" + (f" with `network.{WITH[key]}`" if key in WITH else "") for key in keys]
    return [" or ".join(texts) + " above 0"] if texts else []


def module(kind: Capability) -> str:
    """The file of a capability, below omosim/strategy/capabilities."""
    return f"{type(kind).__module__.rpartition('.')[2]}.py"


def codes() -> str:
    """Where each of C1-C37 stands."""
    lines = ["| C | What | Capabilities | Settings, changes |", "|---|---|---|---|"]
    for number, what in enumerate(SPOKEN_OF, 1):
        code = f"C{number}"
        having = [f"`{name}`" for name in capability_names() if code in capability(name).codes]
        lines.append(f"| {code} | {what} | {', '.join(having) or '–'} | {ELSEWHERE.get(code, '–')} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its generated parts written anew."""
    for mark, made in (("capabilities", table()), ("codes", codes())):
        begin, end = f"<!-- {mark}: made by experiments/capability_page.py -->", f"<!-- end of {mark} -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{made}\n{end}{tail}"
    return text


def main(words: list[str]) -> int:
    """Write the page, or say whether it is as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if "--check" in words:
        print("as it should be" if made == text else "not as it should be: run python experiments/capability_page.py")
        return int(made != text)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
