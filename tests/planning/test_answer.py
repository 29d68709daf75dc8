"""What the answer says first, and that it says no more than the what-ifs bear out."""

from types import SimpleNamespace as Of

import pytest

from omosim.planning import outputs
from omosim.planning.intervals import Estimate
from omosim.planning.promises import Promises


def day(ready=0.96, soon=0.92, low=0.88, more=(0.91, 0.99), left=0.0, shelf=True, weekday=5, name="one more person at the counter all day"):
    e = lambda low: Estimate(low + 0.02, low, 1.0)
    change = Of(name=name, hours=8.0, ready_on_time=e(more[1]), soon=e(more[0]))
    return Of(
        weekday=weekday, ready_on_time=Estimate(ready, 0.955, 1.0), soon=Estimate(soon, low, 1.0), left=Estimate(left, left, left), what_if=[change],
        result=Of(ready_on_time=ready, soon_share=soon), shelf=Of(kept=shelf), promise_s=900, promises=Promises(600, (), 34.0, 15.3, 1.1),
    )  # fmt: skip


def plan(*days):
    return Of(days=days, options=Of(targets=Of(ready_on_time=0.95, soon=0.9)))


def test_one_person_more_makes_it_sure_where_the_what_if_says_so():
    said = outputs._unsure(day(), plan())
    assert said == " The interval of the wait reaches below the target: one more person at the counter all day would make it sure."


@pytest.mark.parametrize("change", [{"more": (0.89, 0.99)}, {"more": (0.93, 0.94)}, {"name": "30 % more orders and customers"}])
def test_else_more_days_are_asked_for(change):
    said = outputs._unsure(day(**change), plan())
    assert "would make it sure" not in said and said.endswith("no single person more makes it sure; more such days in the file would narrow it.")


def test_nothing_is_said_of_an_interval_above_the_target_or_a_target_missed():
    assert outputs._unsure(day(low=0.9), plan()) == outputs._unsure(day(soon=0.89), plan()) == ""


def test_who_leaves_the_queue_is_said_from_one_of_a_hundred():
    assert outputs._leave(day(left=0.0099)) == "" and outputs._leave(day(left=0.051)) == " 5.1 % of the customers leave the queue before they are served."


def test_what_is_not_kept_comes_first_by_target_and_day():
    assert outputs.verdict_words(plan(day(), day(weekday=6))) == ""
    said = outputs.verdict_words(plan(day(shelf=False), day(weekday=6, shelf=False), day(weekday=0, ready=0.9, soon=0.8), day(weekday=1)))
    assert said == "TARGETS NOT KEPT: the shelf on Saturday, Sunday; the promise and the wait on Monday. "


def test_the_opening_is_named_where_it_decides():
    said = outputs.opening_words(day())
    assert "34 orders wait there, all due 0.25 h later, which is work for 15.3 people at once" in said
    calm = day()
    calm.promises = Promises(600, (), 3.0, 1.5, 1.1)
    assert outputs.opening_words(calm) == ""
