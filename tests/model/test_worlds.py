"""Minimally different worlds: what must not change, does not."""

import numpy as np
import pytest

from omosim.model.run import deciding, run
from omosim.schema.strategy import CapabilityLevel
from omosim.strategy import capability as capability_of
from omosim.strategy import capability_names


def test_renamed_and_permuted_strategies_give_the_same_bits(settings_of):
    names = ["o2o", "omnichannel", "omo"]
    plain = {n: settings_of(f"strategy={n}") for n in names}
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        disguised = plain[name].model_copy(update={"strategy": plain[name].strategy.model_copy(update={"name": other, "title": "x"})})
        a, b = run(plain[name]), run(disguised)
        assert np.array_equal(a.book, b.book) and a.kpis == b.kpis and a.pnl == b.pnl
        assert deciding(plain[name]) == deciding(disguised)


@pytest.mark.parametrize("capability", capability_names())
def test_off_equals_absent(capability, settings_of):
    base = settings_of("strategy=convergent", "shoppers=400", "days=3")
    rows = {name: CapabilityLevel() for name in [capability, *capability_of(capability).requires]} | base.strategy.capabilities
    lost = {capability}
    while more := {n for n in rows if n not in lost and set(capability_of(n).requires) & lost}:
        lost |= more
    rows = {name: row for name, row in rows.items() if name == capability or name not in lost}
    off = {**rows, capability: rows[capability].model_copy(update={"enabled": False})}
    absent = {k: v for k, v in rows.items() if k != capability}
    a, b = (run(base.model_copy(update={"strategy": base.strategy.model_copy(update={"capabilities": c})})) for c in (off, absent))
    assert np.array_equal(a.book, b.book) and a.kpis == b.kpis


def test_a_further_shopper_moves_nobody_elses_needs(settings_of):
    from omosim.model.retail import RetailModel

    few, many = RetailModel(settings_of("shoppers=2000")), RetailModel(settings_of("shoppers=2001"))
    mine = few.journeys.state()["shoppers"]
    assert np.array_equal(mine, many.journeys.state()["shoppers"][: len(mine)])
    few.run(), many.run()
    for name in ("number", "next_s"):  # contention for stock may move purchases, never needs
        assert np.array_equal(few.journeys.needs[name], many.journeys.needs[name][: len(few.journeys.needs)])
    key = few.fulfilment.book()["key"]
    same = np.isin(key, many.fulfilment.book()["key"]).mean()
    assert same > 0.97, "an order key is who, which need and how often, whoever else is there"


def test_every_run_ends_with_all_laws_at_zero(run_of):
    done = run_of("strategy=omnichannel")
    assert set(done.laws) == {f"L{i}" for i in range(1, 13)}
    assert not any(done.laws.values())
    assert min(done.model.audit.checks.values()) >= 1
    assert done.model.fulfilment.pending() == 0


def test_step_is_one_day_and_mesa_collects(settings_of):
    from omosim.model.retail import RetailModel

    model = RetailModel(settings_of())
    model.step()
    model.step()
    assert model.time == 2 and model.day == 2
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 2 and frame["web_sessions"].sum() > 0
    assert {type(a).__name__ for a in model.agents} == {"StoreManager", "TouchpointManager", "Rival"}
    assert model.shopper(3).zone >= 0
