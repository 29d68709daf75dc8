"""What a forecast must beat: a seasonal naive one with bands, and exponential smoothing chosen by AICc.

Both give paths, so that sums over weeks and quantiles come from them as from the twin's own members. Only the series up
to the origin is read.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omosim.twin.errors import CalibrationError

Floats = NDArray[np.float64]
#: a Holt-Winters path that leaves this many times the largest value seen is cut there
_MOST = 20.0


def seasonal_naive(series: Floats, horizon: int, season: int, normals: Floats) -> Floats:
    """Paths (N, horizon): the last season again, with errors as large as seasonal differences were.

    series : (T,) values up to the origin, NaN where none was seen (the last seen of that place in the season stands)
    season : steps after which the series repeats, 1 for none
    normals : (N, horizon) standard normals of the caller's keyed draws

    Errors add up over seasons (a seasonal random walk). Values stay at 0 or above where the series did.
    Raises ValueError for a series shorter than two seasons.
    """
    y = _filled(np.asarray(series, float), season)
    if y.size < season + 2:
        raise ValueError(f"{y.size} values; a seasonal naive forecast with season {season} needs {season + 2}")
    change = y[season:] - y[:-season]
    sd = float(np.sqrt((change**2).mean()))
    paths = np.empty((normals.shape[0], horizon))
    for h in range(horizon):
        before = paths[:, h - season] if h >= season else y[y.size - season + h]
        paths[:, h] = before + sd * normals[:, h]
    return np.maximum(paths, 0.0) if (y >= 0).all() else paths


def _filled(y: Floats, season: int) -> Floats:
    """Missing values take that of a season before; a missing beginning is cut off."""
    seen = np.flatnonzero(np.isfinite(y))
    if seen.size == 0:
        return y[:0]
    y = y[seen[0] :].copy()
    for i in np.flatnonzero(~np.isfinite(y)):
        y[i] = y[i - season] if i >= season and np.isfinite(y[i - season]) else y[i - 1]
    return y


@dataclass(frozen=True)
class Smoothing:
    """The form that AICc chose, e.g. `ETS(M,Ad,N)`, and its paths (N, horizon)."""

    form: str
    aicc: float
    paths: Floats


def ets(series: Floats, horizon: int, season: int, normals: Floats) -> Smoothing:
    """Exponential smoothing of the least AICc among errors A, M, trends N, A, Ad and seasons N, A, M; paths by simulation.

    Parameters as `seasonal_naive`. Multiplicative forms are tried where all values are above 0; a season where two whole
    ones and four values more are there. Raises CalibrationError where statsmodels is not installed.
    """
    try:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    except ImportError as missing:
        raise CalibrationError(
            "exponential smoothing, to compare with, needs statsmodels, which is not installed: pip install 'omosim[analysis]'"
        ) from missing
    y = _filled(np.asarray(series, float), season)
    if y.size < 8:
        raise ValueError(f"{y.size} values; exponential smoothing needs 8")
    positive = bool((y > 0).all())
    scale = float(np.abs(y).mean()) or 1.0
    seasons: list[str | None] = [None]
    if season > 1 and y.size >= 2 * season + 4:
        seasons += ["add", *(["mul"] if positive else [])]
    best: tuple[float, str, Any] | None = None
    for error in ("add", "mul") if positive else ("add",):
        for trend, damped in ((None, False), ("add", False), ("add", True)):
            for form in seasons:
                if error == "add" and form == "mul":  # unstable (Hyndman et al. 2008), left out by its authors too
                    continue
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    try:
                        model = ETSModel(y / scale, error=error, trend=trend, damped_trend=damped, seasonal=form,
                                         seasonal_periods=season if form else None)  # fmt: skip
                        fit = model.fit(disp=False, maxiter=300)
                        aicc = float(fit.aicc)
                    except (ValueError, np.linalg.LinAlgError, FloatingPointError):
                        continue
                name = f"ETS({error[0].upper()},{'N' if trend is None else 'Ad' if damped else 'A'},{'N' if form is None else form[0].upper()})"
                if np.isfinite(aicc) and (best is None or aicc < best[0]):
                    best = (aicc, name, fit)
    if best is None:
        raise ValueError("no form of exponential smoothing could be fitted to the series")
    aicc, name, fit = best
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        free = max(1, y.size - len(fit.params))
        errors = np.sqrt(float((np.asarray(fit.resid) ** 2).sum()) / free) * normals.T
        paths = np.asarray(fit.simulate(horizon, anchor="end", repetitions=normals.shape[0], random_errors=errors), float)
    paths = paths.reshape(horizon, normals.shape[0]).T * scale
    most = _MOST * float(np.abs(y).max())
    paths = np.clip(np.where(np.isfinite(paths), paths, most), -most, most)
    return Smoothing(name, aicc, np.maximum(paths, 0.0) if (y >= 0).all() else paths)
