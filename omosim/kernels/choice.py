"""Explicit random utilities: plain and nested logit with one keyed draw per alternative and two per nest.

Drawing by stable id keeps a shopper's errors when alternatives come and go: adding one never moves anyone between
two others. Nests: Cardell (1997). Oracle: closed-form shares in tests/kernels/test_choice.py.
"""

from omosim.kernels.jit import kernel
from omosim.kernels.mathx import PI, log64, sin64


@kernel
def gumbel(u):
    """Standard Gumbel (maximum) variate from a uniform in (0, 1)."""
    return -log64(-log64(u))


@kernel
def nest_term(u1, u2, theta_lower, theta_upper):
    """What a nest adds to each of its alternatives: theta_lower * log S.

    Parameters
    ----------
    u1, u2 : uniforms in (0, 1), keyed by the nest's stable id
    theta_lower : scale inside the nest, > 0, utility units
    theta_upper : scale between nests, >= theta_lower

    Returns
    -------
    float64, utility units; 0 where the scales are equal (plain logit)

    Notes
    -----
    Cardell (1997): with l = theta_lower / theta_upper, U = pi u1, E = -log u2,
    S = [sin lU / (sin U)^(1/l)] [sin((1 - l)U) / E]^((1 - l)/l), so that Gumbel + log S is Gumbel of scale 1/l.
    """
    if theta_lower >= theta_upper:
        return 0.0
    ratio = theta_lower / theta_upper
    angle = PI * u1
    spread = log64(sin64((1.0 - ratio) * angle)) - log64(-log64(u2))
    log_s = log64(sin64(ratio * angle)) + ((1.0 - ratio) * spread - log64(sin64(angle))) / ratio
    return theta_lower * log_s


@kernel
def outside_error(u, theta_upper):
    """Error of the outside option: a Gumbel of the upper scale."""
    return theta_upper * gumbel(u)
