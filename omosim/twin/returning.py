"""What comes back of orders placed before today: members begin with the customers of the past, not with the returns of their parcels.

An order goes back with the fitted share of its value after the fitted lag, a lognormal. Oracle: a simulated log, tests/twin/test_returning.py.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from omosim.twin.history import Floats
from omosim.twin.laws import BackLaw

#: days after which next to nothing comes back any more
MOST_DAYS = 180


def still_to_come(amount: Floats, age: Floats, law: BackLaw, days: int) -> Floats:
    """(days,) what is expected back on each day from today on.

    Parameters
    ----------
    amount : (n,) value or units of past orders, whatever has become of them; age : (n,) days since they were placed, 0 or more
    law : share of value that goes back, median and log sd of the lag in days
    """
    recent = age < MOST_DAYS
    amount, age = np.asarray(amount, float)[recent], np.asarray(age, float)[recent]
    with np.errstate(divide="ignore"):
        done = ndtr((np.log(age[:, None] + np.arange(days + 1)) - np.log(max(law.lag_median_days, 1e-3))) / max(law.lag_sd, 1e-3))
    return np.asarray(max(law.value_share, 0.0) * amount @ np.diff(done, axis=1))
