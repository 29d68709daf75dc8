"""Philox4x32-10: keyed random draws that depend on who, when and what for, never on the order of calls.

Key = (seed, replication); counter = (entity, slot, purpose, item). A slot is a mission or a calendar slot, never
the tick. Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
Oracle: Random123's known-answer vectors, tests/kernels/test_philox.py.
"""

import numpy as np

from omosim.kernels.jit import JIT_OFF, kernel

# One source for both modes: 64-bit unsigned in compiled code, Python's integers (masked) without the JIT.
_word_type = int if JIT_OFF else np.uint64

_MASK32 = _word_type(0xFFFFFFFF)
_S32 = _word_type(32)
_S16 = _word_type(16)
_MUL0 = _word_type(0xD2511F53)
_MUL1 = _word_type(0xCD9E8D57)
_WEYL0 = _word_type(0x9E3779B9)
_WEYL1 = _word_type(0xBB67AE85)
_S5 = _word_type(5)
_S26 = _word_type(26)
_ONE = _word_type(1)
_TWO = _word_type(2)
_THREE = _word_type(3)
_LANE_BIT = _word_type(0x8000)  # four-lane draws have counters of their own, so a purpose may be used both ways
_2_53 = 2.0**-53
_2_33 = 2.0**-33


if JIT_OFF:

    def word(value):
        return int(value) & 0xFFFFFFFF

    def slot_high(slot):
        return (int(slot) >> 32) & 0xFFFF

    def _float(value):
        return float(value)
else:

    @kernel
    def word(value):
        """The low 32 bits of an integer of any type, as an unsigned word."""
        return np.uint64(value) & _MASK32

    @kernel
    def slot_high(slot):
        """Bits 32 to 47 of a slot."""
        return (np.uint64(np.int64(slot)) >> _S32) & np.uint64(0xFFFF)

    @kernel
    def _float(value):
        return np.float64(np.int64(value))


def make_key(seed, replication):
    """Key words of a run: the seed's low half; the replication, mixed with the seed's high half.

    Parameters
    ----------
    seed : int, 0 <= seed < 2**64
    replication : int, 0 <= replication < 2**32

    Returns
    -------
    (key0, key1) : two int below 2**32; seeds below 2**32 give key1 = replication

    Raises
    ------
    ValueError : a part outside its range
    """
    seed, replication = int(seed), int(replication)
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed {seed} is outside 0 .. 2**64 - 1")
    if not 0 <= replication < 2**32:
        raise ValueError(f"replication {replication} is outside 0 .. 2**32 - 1")
    return seed & 0xFFFFFFFF, replication ^ ((seed >> 32) * 0x9E3779B9 & 0xFFFFFFFF)


def _philox4(key0, key1, c0, c1, c2, c3):
    """One block of Philox4x32-10: four words below 2**32 (wider integers are cut to their low 32 bits)."""
    k0 = word(key0)
    k1 = word(key1)
    x0 = word(c0)
    x1 = word(c1)
    x2 = word(c2)
    x3 = word(c3)
    for _ in range(10):
        product0 = _MUL0 * x0
        product1 = _MUL1 * x2
        x0 = (product1 >> _S32) ^ x1 ^ k0
        x1 = product1 & _MASK32
        x2 = (product0 >> _S32) ^ x3 ^ k1
        x3 = product0 & _MASK32
        k0 = (k0 + _WEYL0) & _MASK32
        k1 = (k1 + _WEYL1) & _MASK32
    return x0, x1, x2, x3


philox4 = kernel(_philox4)
_philox4_inlined = kernel(inline="always")(_philox4)  # in the loops that fill arrays, so that they vectorise


@kernel
def block(key0, key1, entity, slot, purpose, item):
    """The four words of one keyed draw.

    Parameters
    ----------
    key0, key1 : key words from `make_key`
    entity : integer, 0 to 2**32 - 1, stable id of who draws
    slot : integer, 0 to 2**48 - 1, mission or calendar slot (not the tick)
    purpose : integer, 1 to 32767, from `purposes`
    item : integer, 0 to 2**32 - 1, stable id of what is drawn for

    Notes
    -----
    Counter words: entity; slot bits 0-31; purpose and slot bits 32-47; item.
    """
    return philox4(key0, key1, entity, slot, word(purpose) | (slot_high(slot) << _S16), item)


@kernel
def open53(high, low):
    """A float64 in (0, 1) from two words: an odd multiple of 2**-53, so neither 0 nor 1, and 1 - u is exact."""
    whole = ((high >> _S5) << _S26) | (low >> (_S5 + _ONE))
    return (_float(whole | _ONE)) * _2_53


@kernel
def open32(value):
    """A float64 in (0, 1) from one word: an odd multiple of 2**-33."""
    return _float((value << _ONE) | _ONE) * _2_33


@kernel
def uniform(key0, key1, entity, slot, purpose, item):
    """One keyed uniform in (0, 1), float64; arguments as for `block`."""
    w0, w1, _, _ = block(key0, key1, entity, slot, purpose, item)
    return open53(w0, w1)


@kernel
def uniform2(key0, key1, entity, slot, purpose, item):
    """Two keyed uniforms in (0, 1) from one block; the first equals `uniform`."""
    w0, w1, w2, w3 = block(key0, key1, entity, slot, purpose, item)
    return open53(w0, w1), open53(w2, w3)


@kernel
def uniform4(key0, key1, entity, slot, purpose, item):
    """Four keyed uniforms in (0, 1) of 32 bits each from one block."""
    w0, w1, w2, w3 = block(key0, key1, entity, slot, purpose, item)
    return open32(w0), open32(w1), open32(w2), open32(w3)


@kernel
def lane_block(key0, key1, group, slot, purpose, item):
    """Four words, one for each of entities 4 * group to 4 * group + 3; apart from every `block`."""
    mixed = word(purpose) | _LANE_BIT | (slot_high(slot) << _S16)
    return philox4(key0, key1, group, slot, mixed, item)


@kernel
def uniform_lanes(key0, key1, group, slot, purpose, item):
    """Four keyed 32-bit uniforms, one for each of entities 4 * group to 4 * group + 3."""
    w0, w1, w2, w3 = lane_block(key0, key1, group, slot, purpose, item)
    return open32(w0), open32(w1), open32(w2), open32(w3)


@kernel
def uniform_lane(key0, key1, entity, slot, purpose, item):
    """The 32-bit uniform that `uniform_lanes` gives this entity: for looking at one."""
    who = word(entity)
    w0, w1, w2, w3 = lane_block(key0, key1, who >> _TWO, slot, purpose, item)
    lane = who & _THREE
    if lane == _ONE:
        w0 = w1
    elif lane == _TWO:
        w0 = w2
    elif lane == _THREE:
        w0 = w3
    return open32(w0)


@kernel
def fill_lanes(key0, key1, first_group, slot, purpose, item, w0, w1, w2, w3):
    """`lane_block` of consecutive groups: w0[g] to w3[g] are for entities 4 * (first_group + g) and the next three.

    Parameters
    ----------
    w0, w1, w2, w3 : (groups,) uint32, filled
    """
    mixed = word(purpose) | _LANE_BIT | (slot_high(slot) << _S16)
    for g in range(w0.size):
        a, b, c, d = _philox4_inlined(key0, key1, first_group + g, slot, mixed, item)
        w0[g] = a
        w1[g] = b
        w2[g] = c
        w3[g] = d


@kernel
def fill_blocks(key0, key1, entity, slot, purpose, item, w0, w1, w2, w3):
    """`block` of each entity in an array.

    Parameters
    ----------
    entity : (n,) integers
    w0, w1, w2, w3 : (n,) uint32, filled
    """
    mixed = word(purpose) | (slot_high(slot) << _S16)
    for i in range(entity.size):
        a, b, c, d = _philox4_inlined(key0, key1, entity[i], slot, mixed, item)
        w0[i] = a
        w1[i] = b
        w2[i] = c
        w3[i] = d
