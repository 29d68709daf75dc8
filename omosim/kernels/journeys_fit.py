"""What fits whom: people who are hard to fit, and what a shopper knows from goods in the hand."""

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.mathx import exp64
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import FIT_PERSON

_PERIOD = 28 * 86_400
_LAST = 254  # periods that a byte holds: 19 years


@kernel
def own_misfit(levels, q, shopper):
    """Misfit probability of a shopper: uniform on q(1 - spread) to q(1 + spread), of mean q, one draw a person for all goods."""
    spread = levels["fit_spread"]
    if spread <= 0.0:
        return q
    u = uniform(levels["key0"], levels["key1"], shopper, 0, FIT_PERSON, 0)
    return min(q * (1.0 + spread * (2.0 * u - 1.0)), 1.0)


@kernel
def known_accuracy(levels, known, row, t):
    """Share of misfits that own experience reveals at second t: it fades with the time since goods were last in the hand.

    `known` is (n x C,) u1: 28-day period of the run, counted from 1, of that last time, 0 never; `row` is shopper x C + category.
    """
    if levels["acc_known"] <= 0.0:
        return 0.0
    period = int(known[row])
    if period == 0:
        return 0.0
    return levels["acc_known"] * exp64(-max(t - (period - 1) * _PERIOD, 0) / levels["known_s"])


@kernel
def learn_fit(levels, known, row, t):
    """Goods of a category in the hand at second t; changes `known`."""
    if levels["acc_known"] > 0.0:
        known[row] = max(int(known[row]), min(t // _PERIOD, _LAST) + 1)


@kernel
def together(a, b):
    """Accuracy of two independent sources."""
    return 1.0 - (1.0 - a) * (1.0 - b) if b > 0.0 else a
