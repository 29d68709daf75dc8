"""Draws that are spread evenly over members, so that few of them already have the mean and the spread of many.

Latin hypercubes (McKay, Beckman & Conover 1979) by scipy.stats.qmc. Test: tests/twin/test_draws.py.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from omosim.twin.history import Floats


def uniforms(rng: np.random.Generator, members: int, columns: int) -> Floats:
    """(members, columns) in (0, 1): in each column one draw in every one of as many equal parts as there are members."""
    from scipy.stats import qmc

    own = np.random.default_rng(int(rng.integers(2**63)))  # a generator that was made of a key cannot be split, as scipy asks
    return np.asarray(np.clip(qmc.LatinHypercube(d=columns, rng=own).random(members), 1e-9, 1 - 1e-9))


def normals(rng: np.random.Generator, members: int, columns: int) -> Floats:
    """The same as standard normal draws."""
    return np.asarray(ndtri(uniforms(rng, members, columns)))
