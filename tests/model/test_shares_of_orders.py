"""What platforms and members get of an order goes by the policy of its day, not by that of the last one."""

import pytest

from omosim.config.compose import compose
from omosim.model.run import run
from omosim.schema.scenario import Intervention

WORDS = ["strategy=omo", "shoppers=800", "days=6", "burn_in_days=2", "seed=3"]


@pytest.fixture(scope="module")
def runs():
    """P&L without a change, and with marketplace and loyalty off on the last day alone."""
    settings = compose("run", WORDS).settings
    rows = [Intervention(what="capability", capability=name, set=0, from_day=5) for name in ("marketplace_social", "loyalty")]
    changed = settings.model_copy(update={"scenario": settings.scenario.model_copy(update={"interventions": rows})})
    return run(settings).pnl, run(changed)


@pytest.mark.parametrize("line", ["commission", "points"])
def test_a_change_on_the_last_day_does_not_reach_back(runs, line):
    always, changed = runs
    assert always[line] > 0
    assert 0.5 * always[line] < changed.pnl[line] < always[line]
    assert set(changed.laws.values()) == {0}
