"""Own elementary functions and quantiles against extended precision and SciPy, with the error each docstring states."""

import math

import numpy as np
import pytest
from scipy import special, stats

from omosim.kernels import mathx
from omosim.kernels.jit import JIT_OFF, kernel

N = 1_000 if JIT_OFF else 200_000
M = 100 if JIT_OFF else 20_000
LONG = np.longdouble
RNG = np.random.default_rng(1)

needs_extended = pytest.mark.skipif(np.finfo(LONG).nmant < 63, reason="no extended precision to compare with")


@kernel
def each(function, x, out):
    for i in range(x.size):
        out[i] = function(x[i])


@kernel
def each_pair(function, x, y, out):
    for i in range(x.size):
        out[i] = function(x[i], y[i])


@kernel
def each_three(function, x, y, z, out):
    for i in range(x.size):
        out[i] = function(x[i], y[i], z[i])


def values(function, x):
    out = np.empty_like(x)
    each(function, x, out)
    return out


def ulps(got, want):
    unit = np.spacing(np.abs(want.astype(got.dtype))).astype(LONG)
    return float((np.abs(got.astype(LONG) - want) / unit).max())


def log_spread(low, high, n=N):
    return np.exp(RNG.uniform(np.log(low), np.log(high), n))


def tails(n=M):
    """Uniforms with a quarter deep in the lower and some deep in the upper tail."""
    u = RNG.uniform(0, 1, n)
    u[: n // 4] = log_spread(2.0**-53, 0.3, n // 4)
    u[-n // 8 :] = 1 - log_spread(2.0**-53, 0.3, u[-n // 8 :].size)
    return np.clip(u, 2.0**-53, 1 - 2.0**-53)


@needs_extended
@pytest.mark.parametrize(
    ("function", "reference", "x", "limit"),
    [
        (mathx.exp64, np.exp, RNG.uniform(-708, 709.7, N), 1),
        (mathx.exp64, np.exp, RNG.uniform(-1, 1, N), 1),
        (mathx.exp64, np.exp, RNG.uniform(-745, -708, N), 1),
        (mathx.log64, np.log, log_spread(1e-307, 1e307), 1),
        (mathx.log64, np.log, RNG.uniform(2.0**-53, 1, N), 1),
        (mathx.log64, np.log, RNG.uniform(0.99, 1.01, N), 1),
        (mathx.log64, np.log, log_spread(1e-322, 1e-308), 1),
        (mathx.log1p64, np.log1p, RNG.uniform(-0.999, 3, N), 3),
        (mathx.log1p64, np.log1p, log_spread(1e-20, 1), 3),
        (mathx.sin64, np.sin, RNG.uniform(0, math.pi, N), 1.5),
        (mathx.sin64, np.sin, math.pi - log_spread(1e-15, 1), 1.5),
        (mathx.sin64, np.sin, log_spread(1e-300, 1), 1.5),
        (mathx.exp32, np.exp, RNG.uniform(-87, 88, N).astype(np.float32), 1),
        (mathx.log32, np.log, log_spread(1e-37, 1e38).astype(np.float32), 1),
        (mathx.log32, np.log, RNG.uniform(2.0**-24, 1, N).astype(np.float32), 1),
        (mathx.log32, np.log, RNG.uniform(0.9, 1.1, N).astype(np.float32), 1),
    ],
)
def test_elementary_functions_in_ulps(function, reference, x, limit):
    assert ulps(values(function, x), reference(x.astype(LONG))) < limit


def test_ends():
    assert mathx.exp64(0.0) == 1.0 and mathx.exp64(-746.0) == 0.0 and mathx.exp64(710.0) == mathx.INF
    assert mathx.exp64(-mathx.INF) == 0.0 and mathx.exp64(mathx.INF) == mathx.INF
    assert mathx.log64(1.0) == 0.0 and mathx.log64(0.0) == -mathx.INF and mathx.log64(mathx.INF) == mathx.INF
    assert math.isnan(mathx.log64(-1.0)) and math.isnan(mathx.log64(mathx.NAN)) and math.isnan(mathx.exp64(mathx.NAN))
    assert mathx.log1p64(0.0) == 0.0 and mathx.log1p64(-1.0) == -mathx.INF
    assert mathx.sin64(0.0) == 0.0 and 0.0 < mathx.sin64(math.pi) < 1.3e-16
    assert mathx.exp32(np.float32(0)) == 1.0 and mathx.log32(np.float32(1)) == 0.0
    assert mathx.exp32(np.float32(-1e9)) > 0 and np.isfinite(mathx.exp32(np.float32(1e9)))
    assert mathx.pow64(0.0, 2.0) == 0.0 and mathx.pow64(2.0, 10.0) == pytest.approx(1024, rel=1e-14)


def test_normal_quantile():
    u = np.concatenate([RNG.uniform(0, 1, N), log_spread(1e-300, 1, N)])
    u = u[(u > 0) & (u < 1) & (u != 0.5)]
    want = special.ndtri(u)
    assert np.max(np.abs(values(mathx.norm_ppf64, u) - want) / np.abs(want)) < 2e-15
    assert mathx.norm_ppf64(0.5) == 0.0 and mathx.norm_ppf64(0.25) == -mathx.norm_ppf64(0.75)


def test_log_gamma_and_incomplete_gamma():
    x = log_spread(1e-4, 1e5, M)
    want = special.gammaln(x)
    assert np.max(np.abs(values(mathx.log_gamma, x) - want) / (1 + np.abs(want))) < 2e-14
    shape, point, out = log_spread(0.05, 500, M), log_spread(0.01, 600, M), np.empty(M)
    out[:] = [mathx.gamma_pq(s, x)[0] for s, x in zip(shape, point, strict=True)]
    assert np.max(np.abs(out - special.gammainc(shape, point))) < 1e-12


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.4), (0.4, 3), (3, 50), (50, 5000)])
def test_gamma_quantile(low, high):
    shape, u, out = log_spread(low, high, M), tails(), np.empty(M)
    each_pair(mathx.gamma_ppf, u, shape, out)
    want = special.gammaincinv(shape, u)
    seen = want > 1e-290
    assert seen.mean() > 0.8
    # SciPy's own upper tail is the weaker one: there the probability is compared instead
    upper = u > 0.9
    assert np.max(np.abs(out - want)[seen & ~upper] / want[seen & ~upper]) < 1e-10
    assert np.max(np.abs(special.gammaincc(shape, out) / (1 - u) - 1)[upper]) < 1e-9


def test_gamma_variates_have_their_law():
    u, out = RNG.uniform(0, 1, M), np.empty(M)
    each_pair(mathx.gamma_ppf, u, np.full(M, 0.8), out)
    assert stats.kstest(out, stats.gamma(0.8).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("low", "high"), [(0.1, 1), (0.5, 5), (5, 500)])
def test_beta_quantile(low, high):
    a, b, u, out = log_spread(low, high, M), log_spread(low, high, M), tails(), np.empty(M)
    each_three(mathx.beta_ppf, u, a, b, out)
    want = special.betaincinv(a, b, u)
    seen = want > 1e-290
    assert np.max(np.abs(out - want)[seen] / want[seen]) < 1e-10


@pytest.mark.parametrize(("low", "high"), [(0.0, 3), (3, 70), (60, 5000)])
def test_poisson_quantile(low, high):
    mu, u, out = RNG.uniform(low, high, M), RNG.uniform(0, 1, M), np.empty(M)
    each_pair(mathx.poisson_ppf, u, mu, out)
    assert np.array_equal(out, stats.poisson.ppf(u, mu))
    assert mathx.poisson_ppf(0.999, 0.0) == 0


def test_exponential():
    u, out = tails(), np.empty(M)
    each(mathx.exponential, u, out)
    assert np.allclose(out, -np.log(u), rtol=1e-14, atol=0)
