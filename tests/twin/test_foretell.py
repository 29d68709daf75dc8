"""What is said before a calibration: limits that algebra gives, and what more orders and further columns change."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from omosim.schema.settings import Settings
from omosim.twin import identify
from omosim.twin.foretell import Foretold, foretell
from omosim.twin.parameters import settings_of
from omosim.twin.summaries import orders_of_run


def said_of(quick: ModuleType, base: Settings, people: float = 1.0, days: int = 91, known: bool = True) -> Foretold:
    fit = quick.fit_of(base, days=days, known=known)
    new = fit.laws.acquisition
    fit = replace(fit, laws=replace(fit.laws, acquisition=replace(new, known_before=people * new.known_before, new_per_week=people * new.new_per_week)))
    return foretell(fit, orders_of_run(quick.simulate(settings_of(fit, {}, replication=90)), fit.patterns))


def test_people_and_pace_of_strangers_are_told_as_a_product_alone(quick: ModuleType, base: Settings) -> None:
    """Two priors alike and their sum well known: near 1/sqrt(2) of each prior's width is left, the sum's is not."""
    found = said_of(quick, base, known=False)
    i, j = found.names.index("need_rate"), found.names.index("known_people")
    a, b, rho = found.sd[i], found.sd[j], found.together[i, j]
    assert 0.5 < a < np.sqrt(0.5) and 0.5 < b < np.sqrt(0.5) and rho < -0.85
    assert np.sqrt((a * a + b * b + 2 * rho * a * b) / 2) < 0.25


def test_more_customers_tell_more_and_few_tell_little(quick: ModuleType, base: Settings) -> None:
    few, many = (dict(zip(f.names, f.sd, strict=True)) for f in (said_of(quick, base, 0.15), said_of(quick, base, 5.0)))
    assert all(many[n] <= few[n] + 0.02 for n in few) and all(0 < v <= 1 for v in few.values())
    assert few["return_share"] > 1.3 * many["return_share"] and many["order_value"] < 0.5
    assert few["leaving"] > 1.2 * many["leaving"]


def test_the_words_name_each_parameter_once_and_what_would_tell_it(quick: ModuleType, base: Settings) -> None:
    fit = quick.fit_of(base, ("web",), 63)
    orders = orders_of_run(quick.simulate(settings_of(fit, {}, replication=91)), fit.patterns)
    said = identify.before(fit, ("orders",), orders)
    text = identify.foretold_text(said)
    assert all(text.count(t) == 1 for t in said["title"][said["told_by"] != ""]) and "prices.price" in text and "orders.channel" in text
    assert said.set_index("parameter").loc["taste_store", ["expected", "expected_shrinkage"]].tolist() == ["keeps its prior", 0.0]
    assert set(said["expected"]) <= {"told", "partly told", "keeps its prior"}
    assert identify.before(fit)["expected_shrinkage"].isna().sum() == (said["told_by"] != "").sum(), "without orders no width is known"
