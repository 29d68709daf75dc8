"""Even draws: one in each equal part, each column by itself, and a mean that hardly differs between draws."""

from __future__ import annotations

import numpy as np
import pytest

from omosim.twin.draws import normals, uniforms


def test_each_part_has_one_and_columns_are_their_own() -> None:
    u = uniforms(np.random.default_rng(1), 40, 3)
    assert np.array_equal(np.sort((u * 40).astype(int), axis=0), np.tile(np.arange(40)[:, None], (1, 3)))
    many = uniforms(np.random.default_rng(2), 4000, 2)
    assert abs(np.corrcoef(many.T)[0, 1]) < 0.05
    assert np.array_equal(u, uniforms(np.random.default_rng(1), 40, 3)) and ((u > 0) & (u < 1)).all()


def test_thirty_normals_have_the_mean_and_spread_of_many() -> None:
    sets = [normals(np.random.default_rng(i), 30, 1)[:, 0] for i in range(300)]
    assert np.std([z.mean() for z in sets]) < 0.03 < 0.15 < 1 / np.sqrt(30)  # independent draws have 1 / sqrt(30)
    assert np.mean([z.var() for z in sets]) == pytest.approx(1.0, abs=0.02)
