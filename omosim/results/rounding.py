"""Nine significant digits: the one rounding of every float that is written.

The last digits of a float sum or of a quantile depend on the CPU's instructions; nine digits do not, and are more
than any figure here deserves. Whole numbers below 2**53 (money, counts) are exact and stay as they are: a small
difference of two large ones must not drown in rounding. Only exact steps are used: a table of powers of ten, one
product or quotient, and round half to even.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LOW = -300
_POWERS = [float(f"1e{k}") for k in range(_LOW, 309)]
_WHOLE = 2.0**53
_EXACT = 22  # 10**22 is the largest power of ten that a float holds exactly


def nine_digits(value: float) -> float:
    """Round to nine significant digits; whole numbers, NaN and infinities pass through."""
    size = abs(value)
    if not 0.0 < size < float("inf") or (size < _WHOLE and size == int(size)):
        return value
    digits = 8 - (bisect_right(_POWERS, size) - 1 + _LOW)
    if 0 <= digits <= _EXACT:
        return round(value * _POWERS[digits - _LOW]) / _POWERS[digits - _LOW]
    if -_EXACT <= digits < 0:
        return round(value / _POWERS[-digits - _LOW]) * _POWERS[-digits - _LOW]
    return float(f"{value:.8e}")


def nine_digits_array(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The same bits as `nine_digits` on every element of an array of any shape; a new float64 array."""
    out = np.array(values, dtype=np.float64)
    flat = out.reshape(-1)
    size = np.abs(flat)
    live = np.isfinite(flat) & ~((size < _WHOLE) & (size == np.floor(size)))
    powers = np.asarray(_POWERS)
    digits = 8 - (np.searchsorted(powers, size, side="right") - 1 + _LOW)
    up = live & (digits >= 0) & (digits <= _EXACT)
    down = live & (digits < 0) & (digits >= -_EXACT)
    factor = powers[digits[up] - _LOW]
    flat[up] = np.rint(flat[up] * factor) / factor
    factor = powers[-digits[down] - _LOW]
    flat[down] = np.rint(flat[down] / factor) * factor
    for i in np.flatnonzero(live & ~up & ~down):
        flat[i] = float(f"{flat[i]:.8e}")
    return flat.reshape(out.shape)
