"""A comparison's figure returns axes, touches no global style and leaves no figure open."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import omosim as om


def test_a_forest_leaves_nothing_behind(compared) -> None:
    before = dict(mpl.rcParams)
    result = om.load(compared.path)
    assert isinstance(result.plot.forest(), Axes) and result.answer.split(";")[0].split("(")[0] in result._repr_html_()
    assert dict(mpl.rcParams) == before and plt.get_fignums() == []
