"""What fits whom: people who must touch goods, what a shopper knows from visits, and what is kept although it does not please."""

from omosim.kernels.jit import uncounted as kernel
from omosim.kernels.mathx import exp64
from omosim.kernels.philox import uniform2
from omosim.kernels.purposes import NEED_FOR_TOUCH, TASTE

_PERIOD = 28 * 86_400
_LAST = 254  # periods that a byte holds: 19 years


@kernel
def unseen_by(levels, shopper):
    """Factor on the misfits that information without touch leaves hidden: uniform on 1 - spread to 1 + spread, one draw a person.

    In a share of people it has the rank of their taste for stores, who go there to touch; so the rank correlation is that share.
    """
    spread = levels["touch_spread"]
    if spread <= 0.0:
        return 1.0
    u, u_same = uniform2(levels["key0"], levels["key1"], shopper, 0, NEED_FOR_TOUCH, 0)
    if u_same < levels["touch_taste"]:
        _, u = uniform2(levels["key0"], levels["key1"], shopper, 0, TASTE, 0)  # as in `synthesise`
    return 1.0 + spread * (2.0 * u - 1.0)


@kernel
def own_accuracy(accuracy, unseen):
    """Accuracy of a source for one person: it leaves `unseen` times the usual part hidden."""
    return max(1.0 - (1.0 - accuracy) * unseen, 0.0) if unseen != 1.0 else accuracy


@kernel
def known_share(levels, known, row, t):
    """Share of misfits that a shopper avoids at second t by what visits to stores taught; it fades with the time since the last one.

    Who knows the own size and the make orders what fits: no misfit, and no bad sign that ends the search.

    `known` is (n x C,) u1: 28-day period of the run, counted from 1, of the last visit for a category, 0 never; `row` is
    shopper x C + category.
    """
    if levels["known"] <= 0.0:
        return 0.0
    period = int(known[row])
    if period == 0:
        return 0.0
    return levels["known"] * exp64(-max(t - (period - 1) * _PERIOD, 0) / levels["known_s"])


@kernel
def learn_fit(levels, known, row, t):
    """A visit for a category at second t; changes `known`."""
    if levels["known"] > 0.0:
        known[row] = max(int(known[row]), min(t // _PERIOD, _LAST) + 1)


@kernel
def return_cost(keep, paid, hassle):
    """Expected loss by goods that do not please, minor: the hassle of sending them back, or less by keeping them.

    They are worth up to `keep` (uniform from 0) to who keeps them, and go back where that is less than `paid - hassle`.
    """
    least = max(paid - hassle, 0.0)  # worth from which on they are kept
    if keep <= least:
        return hassle
    most = min(keep, paid)
    return ((paid - least) * least + 0.5 * ((paid - least) ** 2 - (paid - most) ** 2)) / keep
