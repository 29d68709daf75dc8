"""Own elementary functions: plain multiplies, adds and divides, so every processor gives the same bits.

Nothing that decides may use libm's or NumPy's transcendental functions: they differ with the processor. Square roots
are the hardware's (exact by IEEE 754). Errors in ulp below are the largest found by tests/kernels/test_mathx.py.
"""

import math

import numpy as np

from omosim.kernels.jit import bits_of_f32, bits_of_f64, f32_of_bits, f64_of_bits, kernel

PI = 3.141592653589793
INF = float("inf")
NAN = float("nan")

_LN2_HI = 6.93147180369123816490e-01
_LN2_LO = 1.90821492927058770002e-10
_INV_LN2 = 1.44269504088896338700
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
_ROUND_BITS = 0x4338000000000000
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD


@kernel
def exp64(x):
    """e to the x, float64, below 1 ulp. Reduction and coefficients: Sun's fdlibm e_exp.c."""
    if x > 709.782712893384:
        return INF
    if x < -745.1332191019412:
        return 0.0
    if x != x:
        return x
    t = x * _INV_LN2 + _ROUND
    k = bits_of_f64(t) - _ROUND_BITS
    n = t - _ROUND
    hi = x - n * _LN2_HI
    lo = n * _LN2_LO
    r = hi - lo
    z = r * r
    c = r - z * (
        1.66666666666666019037e-01
        + z * (-2.77777777770155933842e-03 + z * (6.61375632143793436117e-05
               + z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08)))
    )
    y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi)
    half = k >> 1  # two exact factors, so that results below 2**-1022 round once
    return y * f64_of_bits((half + 1023) << 52) * f64_of_bits((k - half + 1023) << 52)


@kernel
def log64(x):
    """Natural logarithm, float64, below 1 ulp; -inf at 0, nan below. Coefficients: Sun's fdlibm e_log.c."""
    if not x > 0.0:
        return -INF if x == 0.0 else NAN
    if x == INF:
        return INF
    shift = 0
    if x < 2.2250738585072014e-308:
        x = x * 18014398509481984.0
        shift = -54
    bits = bits_of_f64(x)
    k = (bits - _SQRT_HALF_BITS) >> 52
    f = f64_of_bits(bits - (k << 52)) - 1.0
    n = float(k + shift)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01))
    )
    half = 0.5 * f * f
    return n * _LN2_HI - ((half - (s * (half + odd + even) + n * _LN2_LO)) - f)


@kernel
def log1p64(x):
    """log(1 + x), float64, below 3 ulp for x > -1 (Kahan's correction of the rounded sum)."""
    u = 1.0 + x
    if u == 1.0:
        return x
    if u == INF:
        return INF
    return log64(u) * (x / (u - 1.0))


@kernel
def pow64(x, y):
    """x to the y for x > 0 (0 at x = 0), as exp(y log x); relative error about 2**-53 (1 + |y log x|)."""
    if x == 0.0:
        return 0.0
    return exp64(y * log64(x))


@kernel
def _sin_core(x):
    z = x * x
    return x + x * z * (
        -1.66666666666666324348e-01
        + z * (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04
               + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))))
    )


@kernel
def _cos_core(x):
    z = x * x
    tail = z * z * (
        4.16666666666666019037e-02
        + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05
               + z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 - z * 1.13596475577881948265e-11))))
    )
    half = 0.5 * z
    w = 1.0 - half
    return w + (((1.0 - w) - half) + tail)


@kernel
def sin64(x):
    """Sine on [0, pi], float64, below 1.5 ulp also next to pi. Coefficients: Sun's fdlibm k_sin.c, k_cos.c."""
    if x > 1.5707963267948966:
        x = (PI - x) + 1.2246467991473532e-16
    if x < 0.7853981633974483:
        return _sin_core(x)
    return _cos_core((1.5707963267948966 - x) + 6.123233995736766e-17)


@kernel
def norm_ppf64(u):
    """Standard normal quantile of u in (0, 1), float64.

    Notes
    -----
    Wichura (1988), algorithm AS 241 (PPND16), with own logarithm: relative error below 2e-15. Oracle:
    scipy.special.ndtri in tests/kernels/test_mathx.py.
    """
    q = u - 0.5
    if q <= 0.425 and q >= -0.425:
        r = 0.180625 - q * q
        num = (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
                   + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r
                + 1.3314166789178437745e2) * r + 3.3871328727963666080e0)
        den = (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
                   + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r
                + 4.2313330701600911252e1) * r + 1.0)
        return q * num / den
    tail = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log64(tail))
    if r <= 5.0:
        r = r - 1.6
        num = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
                   + 1.27045825245236838258e0) * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r
                + 4.63033784615654529590e0) * r + 1.42343711074968357734e0)
        den = (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
                   + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r
                + 2.05319162663775882187e0) * r + 1.0)
    else:
        r = r - 5.0
        num = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
                   + 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0) * r
                + 5.46378491116411436990e0) * r + 6.65790464350110377720e0)
        den = (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
                   + 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
                + 5.99832206555887937690e-1) * r + 1.0)
    return -num / den if q < 0.0 else num / den


@kernel
def exponential(u):
    """Unit exponential from a uniform in (0, 1)."""
    return -log64(u)


@kernel
def log_gamma(x):
    """log Gamma(x) for x > 0, absolute error below 2e-14 (1 + |result|): Stirling's series after a shift to 12."""
    shift = 1.0
    while x < 12.0:
        shift *= x
        x += 1.0
    z = 1.0 / x
    w = z * z
    series = z * (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (
        691 / 360360 - w * (1 / 156)))))))
    return (x - 0.5) * log64(x) - x + 0.9189385332046727418 + series - log64(shift)


@kernel
def gamma_pq(shape, x):
    """Regularised incomplete gamma integrals, lower and upper, float64.

    Parameters
    ----------
    shape : 0 < shape <= 1e6
    x : x >= 0

    Notes
    -----
    Power series below shape + 1, Lentz's continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31). Oracle:
    scipy.special.gammainc.
    """
    if x <= 0.0:
        return 0.0, 1.0
    front = exp64(shape * log64(x) - x - log_gamma(shape))
    if x < shape + 1.0:
        term = 1.0 / shape
        total = term
        a = shape
        for _ in range(20000):
            a += 1.0
            term *= x / a
            total += term
            if term < total * 1e-17:
                break
        p = front * total
        return p, 1.0 - p
    tiny = 1e-300
    b = x + 1.0 - shape
    c = 1.0 / tiny
    d = 1.0 / b
    h = d
    for i in range(1, 20000):
        an = -i * (i - shape)
        b += 2.0
        d = an * d + b
        if abs(d) < tiny:
            d = tiny
        c = b + an / c
        if abs(c) < tiny:
            c = tiny
        d = 1.0 / d
        change = d * c
        h *= change
        if abs(change - 1.0) < 1e-16:
            break
    q = front * h
    return 1.0 - q, q


@kernel
def _next_positive(x, step, lo, hi):
    """x * exp(-step), or a point inside the bracket (lo, hi) where that leaves it."""
    step = min(max(step, -20.0), 20.0)
    new = x * exp64(-step)
    if new > lo and new < hi:
        return new
    if lo > 0.0 and hi < INF:
        return math.sqrt(lo) * math.sqrt(hi)
    return 4.0 * lo if lo > 0.0 else 0.25 * hi


@kernel
def gamma_ppf(u, shape):
    """Gamma quantile (scale 1) of u in (0, 1), relative error below 1e-10; 0 where it is below 1e-300.

    Notes
    -----
    Halley's steps in log x, kept in a bracket; the smaller tail is the one matched. Inversion, so that one keyed draw
    gives one variate. Oracle: scipy.special.gammaincinv for shapes 0.05 to 5000.
    """
    log_g = log_gamma(shape)
    small = (log64(u) + log64(shape) + log_g) / shape  # log x where x is far below the shape
    if small < -690.0:
        return 0.0
    x = exp64(min(small, 690.0))
    if x > 0.1 * shape:
        c = 1.0 / (9.0 * shape)
        t = 1.0 - c + norm_ppf64(u) * math.sqrt(c)  # Wilson and Hilferty
        if t > 0.2:
            x = shape * t * t * t
        elif x > shape:
            x = shape
    lo, hi = 0.0, INF
    for _ in range(100):
        p, q = gamma_pq(shape, x)
        gap = p - u if u < 0.5 else (1.0 - u) - q
        if gap == 0.0:
            return x
        if gap < 0.0:
            lo = x
        else:
            hi = x
        density = exp64(shape * log64(x) - x - log_g)
        step = gap / max(density, 1e-300)
        step /= 1.0 - 0.5 * min(1.0, max(-1.0, step * (shape - x)))
        if abs(step) < 1e-6:
            return x * exp64(-step)
        x = _next_positive(x, step, lo, hi)
    return x


@kernel
def _beta_fraction(a, b, x):
    """Lentz's continued fraction of the incomplete beta integral (Abramowitz and Stegun 26.5.8)."""
    tiny = 1e-300
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    if abs(d) < tiny:
        d = tiny
    d = 1.0 / d
    h = d
    for i in range(1, 10000):
        m = float(i)
        for odd in range(2):
            if odd == 0:
                step = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
            else:
                step = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
            d = 1.0 + step * d
            if abs(d) < tiny:
                d = tiny
            c = 1.0 + step / c
            if abs(c) < tiny:
                c = tiny
            d = 1.0 / d
            change = d * c
            h *= change
        if abs(change - 1.0) < 1e-16:
            break
    return h


@kernel
def beta_ppf(u, a, b):
    """Beta quantile of u in (0, 1), relative error below 1e-10; 0 where it is below 1e-300.

    Notes
    -----
    Halley's steps in the log odds, kept in a bracket. Oracle: scipy.special.betaincinv for a, b in 0.1 to 500.
    """
    log_b = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
    small = (log64(u) + log64(a) + log_b) / a  # log x, and log(1 - x), close to the ends
    large = (log64(1.0 - u) + log64(b) + log_b) / b
    if small < -690.0:
        return 0.0
    if large < -690.0:
        return 1.0
    if small < -3.0:
        odds = exp64(small)
    elif large < -3.0:
        odds = exp64(-large)
    else:
        odds = a / b
    lo, hi = 0.0, INF
    for _ in range(100):
        x = odds / (1.0 + odds)
        y = 1.0 / (1.0 + odds)
        density = exp64(a * log64(x) + b * log64(y) - log_b)
        if x < (a + 1.0) / (a + b + 2.0):
            p = density * _beta_fraction(a, b, x) / a
            q = 1.0 - p
        else:
            q = density * _beta_fraction(b, a, y) / b
            p = 1.0 - q
        gap = p - u if u < 0.5 else (1.0 - u) - q
        if gap == 0.0:
            break
        if gap < 0.0:
            lo = odds
        else:
            hi = odds
        step = gap / max(density, 1e-300)
        step /= 1.0 - 0.5 * min(1.0, max(-1.0, step * (a * y - b * x)))
        if abs(step) < 1e-6:
            odds *= exp64(-step)
            break
        odds = _next_positive(odds, step, lo, hi)
    return odds / (1.0 + odds)


@kernel
def poisson_ppf(u, mu):
    """Smallest count whose Poisson(mu) distribution reaches u, int64; 0 <= mu <= 1e6.

    Notes
    -----
    Summed from 0 for mu up to 64; above, from the Cornish-Fisher point with the incomplete gamma integral. Oracle:
    scipy.stats.poisson.ppf.
    """
    if not mu > 0.0:
        return 0
    if mu <= 64.0:
        n = 0
        mass = exp64(-mu)
        reached = mass
        while reached < u and n < 400:
            n += 1
            mass *= mu / n
            reached += mass
        return n
    z = norm_ppf64(u)
    n = max(0, math.floor(mu + z * math.sqrt(mu) + (z * z - 1.0) / 6.0))
    while n > 0 and _poisson_reaches(n - 1, mu, u):
        n -= 1
    while not _poisson_reaches(n, mu, u):
        n += 1
    return n


@kernel
def _poisson_reaches(n, mu, u):
    above, upto = gamma_pq(n + 1.0, mu)
    return upto >= u if u < 0.5 else above <= 1.0 - u


_F_LN2_HI = np.float32(0.693359375)
_F_LN2_LO = np.float32(-2.12194440e-4)
_F_INV_LN2 = np.float32(1.44269504088896341)
_F_ROUND = np.float32(12582912.0)
_F_ROUND_BITS = 0x4B400000
_F_HALF = np.float32(0.5)
_F_ONE = np.float32(1.0)
_F_MAX = np.float32(88.0)
_F_MIN = np.float32(-87.0)
_E5 = np.float32(1.9875691500e-4)
_E4 = np.float32(1.3981999507e-3)
_E3 = np.float32(8.3334519073e-3)
_E2 = np.float32(4.1665795894e-2)
_E1 = np.float32(1.6666665459e-1)
_E0 = np.float32(5.0000001201e-1)
_L8 = np.float32(7.0376836292e-2)
_L7 = np.float32(-1.1514610310e-1)
_L6 = np.float32(1.1676998740e-1)
_L5 = np.float32(-1.2420140846e-1)
_L4 = np.float32(1.4249322787e-1)
_L3 = np.float32(-1.6668057665e-1)
_L2 = np.float32(2.0000714765e-1)
_L1 = np.float32(-2.4999993993e-1)
_L0 = np.float32(3.3333331174e-1)
_F_SQRT_HALF_BITS = 0x3F3504F3


@kernel
def exp32(x):
    """e to the x, float32 in and out, below 1 ulp; x is clamped to -87 .. 88. Coefficients: Cephes expf."""
    x = min(max(x, _F_MIN), _F_MAX)
    t = x * _F_INV_LN2 + _F_ROUND
    k = bits_of_f32(t) - _F_ROUND_BITS
    n = t - _F_ROUND
    r = (x - n * _F_LN2_HI) - n * _F_LN2_LO
    z = r * r
    p = (_E0 + _E1 * r) + z * ((_E2 + _E3 * r) + z * (_E4 + _E5 * r))
    y = (p * z + r) + _F_ONE
    return y * f32_of_bits(np.int32((k + 127) << 23))


@kernel
def log32(x):
    """Natural logarithm, float32 in and out, below 1 ulp, for normal x > 0. Coefficients: Cephes logf."""
    bits = bits_of_f32(x)
    k = np.int32(np.int32(bits - _F_SQRT_HALF_BITS) >> 23)
    f = f32_of_bits(np.int32(bits - (k << 23))) - _F_ONE
    n = np.float32(k)
    z = f * f
    low = (_L0 + _L1 * f) + z * (_L2 + _L3 * f)
    high = (_L4 + _L5 * f) + z * ((_L6 + _L7 * f) + z * _L8)
    p = low + (z * z) * high
    y = (p * f) * z + n * _F_LN2_LO
    y = y - _F_HALF * z
    return (f + y) + n * _F_LN2_HI
