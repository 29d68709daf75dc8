"""Keyed draws: published vectors, bits without the JIT, laws of the uniforms, counters that never meet."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from omosim.kernels import philox
from omosim.kernels.jit import JIT_OFF, kernel
from omosim.kernels.purposes import DETECT, FIT, PURPOSES

ONES = 0xFFFFFFFF
N = 2_000 if JIT_OFF else 200_000

# Random123, tests/kat_vectors, philox4x32 10: key, counter, answer
KNOWN_ANSWERS = [
    ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES), (ONES,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0xA4093822, 0x299F31D0),
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


PINNED = (
    "NEED_RATE NEED_GAP NEED_FIRST HOME SEGMENT TASTE DROPOUT CONSENT VALUE FIT DETECT GO_ON CHOICE NEST OUTSIDE "
    "ITEM ITEM_SIGNAL CHECK_STOCK UNITS TRAVEL PICK_TIME COUNTER_TIME TRANSIT COLLECT NO_SHOW RETURN_LAG "
    "CHANGE_OF_MIND RETURN_CHANNEL RECORD_ERROR SHRINK SESSIONS BROADCAST TOUCH ACQUIRE MEDIA PATIENCE BASKET "
    "REFURBISH SYNTH COURIER EXTRA_PURCHASE"
)


@kernel
def draw_entities(key0, key1, first, slot, purpose, item, out):
    for i in range(out.size):
        out[i] = philox.uniform(key0, key1, first + i, slot, purpose, item)


@kernel
def draw_all_forms(key0, key1, out):
    for i in range(out.shape[0]):
        out[i, 0] = philox.uniform(key0, key1, i, 5, 13, 2)
        out[i, 1], out[i, 2] = philox.uniform2(key0, key1, i, 5, 13, 2)
        out[i, 3], out[i, 4], out[i, 5], out[i, 6] = philox.uniform4(key0, key1, i, 5, 13, 2)
        out[i, 7] = philox.uniform_lane(key0, key1, i, 5, 13, 2)


def draws(n=N, key=(7, 0), slot=3, purpose=FIT, item=0, first=0):
    out = np.empty(n)
    draw_entities(key[0], key[1], first, slot, int(purpose), item, out)
    return out


@pytest.mark.parametrize(("key", "counter", "answer"), KNOWN_ANSWERS)
def test_known_answers(key, counter, answer):
    assert tuple(int(w) for w in philox.philox4(*key, *counter)) == answer


def test_bits_do_not_depend_on_integer_type():
    wanted = philox.uniform(7, 1, 3_000_000_000, 2**40 + 5, 9, 4_000_000_000)
    for kind in (np.int64, np.uint64):
        assert philox.uniform(*(kind(x) for x in (7, 1, 3_000_000_000, 2**40 + 5, 9, 4_000_000_000))) == wanted
    assert philox.uniform(np.uint32(7), np.int32(1), np.uint32(3_000_000_000), 2**40 + 5, np.int16(9),
                          np.uint32(4_000_000_000)) == wanted


def test_uniform_stays_inside_the_open_interval():
    word = np.uint64 if not JIT_OFF else int
    assert philox.open53(word(0), word(0)) == 2.0**-53
    assert philox.open53(word(ONES), word(ONES)) == 1.0 - 2.0**-53
    assert philox.open32(word(0)) == 2.0**-33
    assert philox.open32(word(ONES)) == 1.0 - 2.0**-33


def test_forms_agree():
    out = np.empty((200, 8))
    draw_all_forms(7, 1, out)
    assert np.array_equal(out[:, 0], out[:, 1])
    w0, w1, w2, w3 = (int(w) for w in philox.block(7, 1, 17, 5, 13, 2))
    assert out[17, 0] == (((w0 >> 5) << 26 | w1 >> 6) | 1) / 2**53
    assert out[17, 2] == (((w2 >> 5) << 26 | w3 >> 6) | 1) / 2**53
    assert [x * 2**33 for x in out[17, 3:7]] == [2 * w + 1 for w in (w0, w1, w2, w3)]
    assert list(out[16:20, 7]) == list(philox.uniform_lanes(7, 1, 4, 5, 13, 2))


def test_counters_never_meet():
    """Every part of the counter, and both ways of use, changes the draw."""
    seen = [
        philox.uniform(*a)
        for a in [(7, 0, 1, 1, 1, 1), (8, 0, 1, 1, 1, 1), (7, 1, 1, 1, 1, 1), (7, 0, 2, 1, 1, 1), (7, 0, 1, 2, 1, 1),
                  (7, 0, 1, 1 + 2**32, 1, 1), (7, 0, 1, 1, 2, 1), (7, 0, 1, 1, 1, 2), (7, 0, 2**32 - 1, 1, 1, 1)]
    ]
    assert len(set(seen)) == len(seen)
    blocks = {tuple(map(int, philox.block(7, 0, i, 1, 1, 1))) for i in range(50)}
    lanes = {tuple(map(int, philox.lane_block(7, 0, i, 1, 1, 1))) for i in range(50)}
    assert len(blocks | lanes) == 100


def test_make_key():
    assert philox.make_key(7, 3) == (7, 3)
    assert philox.make_key(2**32, 0) != philox.make_key(0, 1)
    assert philox.make_key(2**64 - 1, 2**32 - 1)[0] == ONES
    for bad in [(-1, 0), (2**64, 0), (0, -1), (0, 2**32)]:
        with pytest.raises(ValueError, match="outside"):
            philox.make_key(*bad)


def test_uniform_law():
    u = draws()
    assert abs(u.mean() - 0.5) < 4 / np.sqrt(12 * N)
    assert abs(u.var() - 1 / 12) < 4 / np.sqrt(180 * N)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    for lag in (1, 2, 3, 4, 5, 16):
        assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 4 / np.sqrt(N)


def test_independence_over_purposes_items_slots_and_replications():
    base = draws()
    others = {
        "purpose": draws(purpose=DETECT),
        "item": draws(item=1),
        "slot": draws(slot=4),
        "replication": draws(key=(7, 1)),
        "seed": draws(key=(8, 0)),
    }
    for name, other in others.items():
        assert abs(np.corrcoef(base, other)[0, 1]) < 4 / np.sqrt(N), name
        cells = np.histogram2d(base, other, bins=8, range=[[0, 1], [0, 1]])[0].ravel()
        assert stats.chisquare(cells).pvalue > 1e-3, name


def test_lanes_law():
    out = np.empty((N // 4, 8))
    draw_all_forms(7, 0, out)
    assert stats.kstest(out[:, 7], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(out[:-1, 7], out[1:, 7])[0, 1]) < 4 / np.sqrt(N // 4)


def test_purposes_are_pinned():
    """Append only: these pairs never change."""
    names = PINNED.split()
    assert {name: PURPOSES[name] for name in names} == {name: i for i, name in enumerate(names, 1)}
    assert len(set(PURPOSES.values())) == len(PURPOSES) >= 50
    assert all(type(p) is int and 0 < p < 0x8000 for p in PURPOSES.values())


PRINT_BITS = """
import numpy as np
from omosim.kernels import choice, mathx, philox
from omosim.kernels.jit import JIT_OFF
out = []
for i in range(40):
    u, v = philox.uniform2(7, 1, i * 97, i, 13, 3)
    s = 0.3 + 4 * v
    values = [u, v, *philox.uniform4(7, 1, i, 2**33 + i, 13, 3), philox.uniform_lane(7, 1, i, i, 13, 3),
              mathx.exp64(40 * u - 20), mathx.log64(u), mathx.sin64(3.14 * u), mathx.norm_ppf64(u), mathx.log1p64(u),
              mathx.exp32(np.float32(9 * u)), mathx.log32(np.float32(u)), mathx.gamma_ppf(u, s),
              mathx.beta_ppf(u, s, 1.5), float(mathx.poisson_ppf(u, 30 * v)), choice.gumbel(u),
              choice.nest_term(u, v, 0.6, 1.0), mathx.log_gamma(s), mathx.gamma_pq(s, 5 * u)[0], mathx.pow64(s, u)]
    out.append(" ".join(float(x).hex() for x in values))
print(JIT_OFF, len(out))
print("\\n".join(out))
"""


def run_bits(**environment):
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0", **environment}
    run = subprocess.run([sys.executable, "-c", PRINT_BITS], env=env, capture_output=True, text=True, check=True)
    return run.stdout.split("\n", 1)


def test_same_bits_without_the_jit_and_on_a_generic_processor():
    head, compiled = run_bits()
    assert head == "False 40"
    head, plain = run_bits(NUMBA_DISABLE_JIT="1")
    assert head == "True 40"
    assert plain == compiled
    _, generic = run_bits(NUMBA_CPU_NAME="generic")
    assert generic == compiled
