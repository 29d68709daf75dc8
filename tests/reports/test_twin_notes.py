"""Notes of a twin's decision in Korean: none is left half in English, in any form that the code makes."""

from __future__ import annotations

import re
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from omosim.api.twin_decide import _mix, _told_by
from omosim.api.twin_ways import people_words
from omosim.planning import staffing
from omosim.planning.errors import PlanError
from omosim.planning.plan import enough
from omosim.planning.promises import MOST
from omosim.reports.language import say, using
from omosim.schema.columns import WEEKDAYS

#: what stays as it is: keys, names, columns
STAY = re.compile(r"staff\*1\.5|S 1, \(Mitte\)|price_\w+|[a-z_]+(?:\.[a-z_]+)+|\b(?:promise_h|wait_min|wait_share|promised_at|placed_at|shift_min_h|break_minutes|horizon)\b|closes|took=|omosim twin \w+|budget_min=|strategy=\w+|lead_days")
PROMISES = ("1.5 h (median of promised_at less placed_at in opening hours)", "2 h (assumed: two hours, as the file has no promised_at)", "3 h (median of promised_at less placed_at in opening hours)")
HOURS = ("network.stores.opens and closes", "network.stores.opens and closes, as given", "network.stores.opens and closes (too few visits in the file to read them)")


def parts(pickups: float, sales: float, since: int | None) -> list[str]:
    """What is said of parts that the worlds have otherwise."""
    answers = [{"ways": {"omo": {"series": {"orders": [100.0] * 7, "pickups": [3.0] * 7, "orders.store": [40.0] * 7}}}}]
    seen = {"orders": np.full(91, 100.0), "pickups": np.full(91, pickups), "orders.store": np.full(91, sales)}
    return _mix(answers, "omo", seen, since)[1]


def refused(have: int, left_out: int, shut: bool) -> str:
    """Why a weekday has no plan."""
    days = np.arange(have)
    history = SimpleNamespace(store="S 1", shut={0} if shut else set(), days_of=lambda w: days, left_out=4 + 7 * np.arange(left_out))
    with pytest.raises(PlanError) as found:
        enough(history, 0)  # type: ignore[arg-type]
    return str(found.value)


def notes() -> list[str]:
    out = [line for since in (None, 14, 21) for line in parts(23.0, 70.0, since)]
    assert len(out) == 6 and "last 14 days" in out[2] and "last 13 weeks" in out[0]
    whys = [staffing._unreachable(pool, pooled) for pool, pooled in ((0, True), (staffing.PICKERS, False), (1 - staffing.PICKERS, False))]
    whys = [f"{why}. {more}" for why in whys for more in (
        f"it would take more than {MOST} people at once",
        "With any number of people 81.2 % of pickups are ready within 2 h: 12.5 % take longer to pick all by themselves (the mean is 31.5 min); the shortest promise kept for 95 % is promise_h=3.25",
        "With any number of people 81.2 % of pickups are ready within 2 h: 12.5 % take longer to pick all by themselves (the mean is 31.5 min); no promise could be kept for so many. "
        "with any number of people 71.0 % of customers wait no longer than 5 min; cars wait for one of 2 bays (network.operations.curbside_bays), 4 would do",
        "with any number of people 71.0 % of customers wait no longer than 5 min",
    )]  # fmt: skip
    whys += [refused(have, left, shut) for have, left, shut in ((0, 0, False), (2, 0, False), (3, 0, False), (0, 2, False), (2, 2, False), (3, 1, False), (9, 0, True))]
    out += [f"{store}: {day}: {why}" for why in whys for store, day in (("HD", WEEKDAYS[0]), ("S 1, (Mitte)", WEEKDAYS[6]))]
    for n in (1, 2, 3):
        for promise in combinations(PROMISES, n):
            for hours in combinations(HOURS, n):
                for work in ("given", "assumed", "assumed, but for pick_base_s, counter_s"):
                    out.append(f"stores: ready by {', '.join(promise)} for 95 % of pickups, no wait beyond 5 min for 90 % at the counter; opening hours from {'; '.join(hours)}; work times of picking and serving are {work}")
    for rows in ([("pickers", 1, 2), ("counter", 1, 2)], [("counter", 2, 3), ("counter", 3, 5)], [("dark store pickers", 1, 2)], [("pickers", n, n + 1) for n in range(1, 12)]):
        out.append(people_words("staff*1.5", [{"role": role, "before": was, "after": now} for role, was, now in rows]))
    out.append(people_words("staff*1.5", [{"role": role, "before": 1, "after": 2, "asked": 1.5} for role in ("pickers", "counter", "dark store pickers")]))
    out += [_told_by(*case) for case in (((0.2, 0.05), False), ((0.2, 0.05), True), ((0.2, 0.0), False), ((0.0, 0.1), False))]
    out += ["no capacity plan and no staffing: no store is open on any of these 7 days", "no reorder levels: nothing is sold on any of these days"]
    out += [f"no level up to which to order: the horizon is shorter than lead time and review (days from order to shelf: {at}); give a longer horizon or lead_days" for at in ("DC 7", "DC 7, S 1, (Mitte) 2.5")]
    out.append("the best way, chances to be best, regrets and the worth of knowing leave out staff*1.5: they are over the ways that are told and the present way")
    out.append("units of the worlds are counted as the orders of the last 13 weeks hold them: price_under_14000 times 0.81, price_14000_to_17000 times 1.37, price_from_17000 times 0.60")
    return out


@pytest.mark.parametrize("lead", ["", "note: "])
def test_no_note_is_left_half_in_english(lead: str) -> None:
    with using("ko"):
        said = [say(lead + note) for note in notes()]
    half = [text for text in said if re.search(r"\b[a-z]{2,}\b", re.sub(r"pick_base_s|counter_s", "", STAY.sub("", text)))]
    assert half == []
    assert all(re.search("[가-힣]", text) for text in said) and all(text.startswith("참고: " if lead else text[0]) for text in said)


def test_figures_of_notes_are_the_same_in_both_languages() -> None:
    figures = [re.compile(r"\d[\d,.]*\d|\d").findall(note) for note in notes()]
    with using("ko"):
        korean = [re.compile(r"\d[\d,.]*\d|\d").findall(say(note)) for note in notes()]
    assert [sorted(f) for f in figures] == [sorted(f) for f in korean]
