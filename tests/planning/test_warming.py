"""What `omosim doctor --warm` compiles is what a run with closings and a pickup plan call."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.api.warming import network, stations
from omosim.kernels import fulfilment_run, fulfilment_shut, fulfilment_station, station
from omosim.kernels.jit import JIT_OFF
from omosim.planning.simulate import simulate
from tests.planning.make import days, history
from tests.planning.test_station import some_staff


@pytest.mark.skipif(JIT_OFF, reason="nothing is compiled")
def test_no_kernel_is_left_for_the_first_plan(settings_of):
    network()
    stations()
    mine = (station.pick_days, station.counter_days, fulfilment_shut.shut, fulfilment_shut.reopen, fulfilment_run.advance, fulfilment_station.set_staff)
    assert all(len(kernel.signatures) >= 1 for kernel in mine)
    before = [list(kernel.signatures) for kernel in mine]
    made = history(pickups=20, walk_ins=20)
    shop, rows, draws = days(made, settings_of().network, groups=1)
    staff = some_staff(np.random.default_rng(1))
    assert not simulate(shop, rows, draws, staff, audit=False).laws and simulate(shop, rows, draws, staff).laws
    assert [list(kernel.signatures) for kernel in mine] == before
