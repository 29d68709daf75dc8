"""From units of a price band to the retailer's own goods: each world deals its units out as the last weeks' order lines were.

Worlds hold goods as a few bands of price. The units that a world wants of a place and band are laid in one row over its days and
covered with order lines of that place and band, drawn from the last weeks. So they keep their sum and their days, and goods that
are bought by the dozen come by the dozen. Tests: tests/twin/test_goods.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omosim.twin.history import Floats, Ints
from omosim.twin.lately import WEEKS

#: order lines of an item in these weeks from which it has levels of its own (one a week), and the most items that have
LEAST_LINES, MOST_SKUS = 13, 2000
#: lines of other places that a place's own stand beside: assumed, so that a place with few lines is not taken at its word
NEIGHBOURS = 10
_OF_GOODS = (1 << 24) - 1  # draws that are of goods, not of a node and band
SKU, CATEGORY, BAND = "sku", "category", "price band"


@dataclass(frozen=True)
class Good:
    """What is ordered as one: an item, or all further goods of a category (of a price band, where the log names no category)."""

    by: str  # SKU, CATEGORY or BAND
    category: str | None
    sku: str | None
    items: tuple[str, ...]  # of the log that it holds; () where it names none


@dataclass(frozen=True)
class Past:
    """Order lines of the last weeks.

    place : (n,) of `places`, -1 without one; band : (n,) of the worlds' bands; good : (n,) of `goods`; units : (n,) 1 and more
    store_sale : (n,) sold in a store; scatter : sd of the log by which a good's part of a week's lines differs from week to week
    beyond chance (`scatter_of`)
    """

    places: tuple[str, ...]
    goods: tuple[Good, ...]
    place: Ints
    band: Ints
    good: Ints
    units: Ints
    store_sale: np.ndarray
    scatter: float = 0.0


def past_of(lines: pd.DataFrame, band: Ints, bands: Sequence[str], *, items: int = MOST_SKUS, week: Ints | None = None) -> Past:
    """The lines with the goods that they are of.

    Parameters
    ----------
    lines : sku, category, store_id, channel, units of the last weeks; band : (n,) of `bands`
    items : so many items have levels of their own at most, those with most lines, `LEAST_LINES` or more; 0: goods are categories
    week : (n,) of the lines, 0 to `WEEKS` - 1; None: parts of goods are taken to be the same in all weeks
    """
    names = np.asarray(bands, object)
    named = lines["sku"].notna().to_numpy()
    category = lines["category"].astype(object).where(lines["category"].notna(), None).to_numpy(object)
    every = lines["sku"].to_numpy(object)
    often = _often(lines["sku"])[:items]
    own = lines["sku"].isin(often).to_numpy()
    of_sku = {name: min(found.dropna().mode(), default=None) for name, found in pd.Series(category[own], dtype=object).groupby(every[own])}
    sku = np.where(own, every, np.array(None, object))
    has = np.array([c is not None for c in category], bool)
    by = np.where(own, SKU, np.where(has, CATEGORY, BAND))
    kind = np.where(has, category, names[band])
    kind[own] = [of_sku[s] for s in sku[own]]
    keys = pd.DataFrame({"by": by, "category": pd.Series(kind, dtype=object).fillna(""), "sku": pd.Series(sku, dtype=object).fillna("")})
    code = keys.groupby(["category", "by", "sku"], sort=True).ngroup().to_numpy(np.int64)
    first = np.unique(code, return_index=True)[1]
    held: dict[int, set[str]] = {int(c): set() for c in code[first]}
    for c, item in pd.DataFrame({"c": code[named], "s": every[named]}).drop_duplicates().itertuples(index=False):
        held[int(c)].add(str(item))
    goods = tuple(Good(str(by[i]), kind[i] or None, sku[i], tuple(sorted(held[int(code[i])]))) for i in first)
    places = tuple(sorted(set(lines["store_id"].dropna())))
    place = lines["store_id"].map({name: i for i, name in enumerate(places)}).fillna(-1).to_numpy(np.int64)
    in_store = (lines["channel"] == "store").to_numpy(bool)
    return Past(places, goods, np.asarray(place, np.int64), np.asarray(band, np.int64), np.asarray(code, np.int64), np.asarray(lines["units"], np.int64), in_store,
                0.0 if week is None else scatter_of(np.asarray(code, np.int64), week))  # fmt: skip


def _often(sku: pd.Series) -> list[str]:
    """Items with lines enough, the most sold first."""
    count = sku.dropna().value_counts()
    rows = sorted(((-int(n), str(name)) for name, n in count.items() if n >= LEAST_LINES))
    return [name for _, name in rows]


def scatter_of(good: Ints, week: Ints) -> float:
    """Sd of the log of goods' parts of a week's lines from week to week, beyond what chance gives; 0 where chance gives it all.

    good, week : (n,) of the lines

    Notes
    -----
    Pearson's chi-square of lines by good and week has the expectation df + tau² sum(E) where parts differ by exp(N(0, tau)) (tau small;
    sum(E) over the cells). Goods with `LEAST_LINES` lines or more. Oracle: tests/twin/test_goods.py.
    """
    if not good.size:
        return 0.0
    weeks = np.unique(week, return_inverse=True)[1]
    table = np.bincount(good * WEEKS + weeks, minlength=(int(good.max()) + 1) * WEEKS).reshape(-1, WEEKS)[:, : int(weeks.max()) + 1].astype(np.float64)
    mean = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    told = table.sum(axis=1) >= LEAST_LINES
    if told.sum() < 2 or table.shape[1] < 2:
        return 0.0
    part = 1.0 - table.sum(axis=1)[told] / table.sum()
    chance = float(part.sum()) * (table.shape[1] - 1)
    excess = float(((table - mean) ** 2 / mean)[told].sum()) - chance
    return float(np.sqrt(max(0.0, excess) / (mean[told].sum() * (1.0 - 1.0 / table.shape[1]))))


def dealt(units: Floats, good: Ints, size: Ints, count: int, rng: np.random.Generator, moved: Floats | None = None, sd: float = 0.0) -> Floats:
    """Units of each good on each day of one world.

    Parameters
    ----------
    units : (days,) wanted of all goods; good : (n,) of `count`, size : (n,) units of the lines from which goods are drawn
    moved : (n,) standard normals of the lines' goods, None: 0; sd : log by which one of them moves a good's part

    Returns
    -------
    (count, days), whose columns sum to `units`

    Notes
    -----
    Shares are in doubt as lines are few: weights of lines are Dirichlet(1, …, 1), the Bayesian bootstrap (Rubin 1981), so that a
    good's part of lines is Dirichlet with the numbers of lines. Parts are moved further by exp(sd z) and made to sum to one; with the
    normal of one good, drawn by its part, higher by sd, the mean of each part stays what it was (the density is then that of the
    sum). The row of lines is stationary (its first one drawn in
    proportion to its units, begun anywhere), so every unit is of a good with the good's part of units. Oracle: thinned Poisson
    demand is Poisson, tests/twin/test_goods.py.
    """
    days, ends = units.size, np.cumsum(units)
    total = float(ends[-1]) if days else 0.0
    if total <= 0 or not good.size:
        return np.zeros((count, days))
    cuts = np.sort(rng.random(good.size - 1))
    weight = np.diff(np.concatenate([[0.0], cuts, [1.0]]))
    if moved is not None and sd > 0:
        drawn = good[min(int(np.searchsorted(cuts, rng.random(), side="right")), good.size - 1)]
        weight = weight * np.exp(sd * moved + np.where(good == drawn, sd * sd, 0.0))
    upto_line = np.cumsum(weight)
    mass, mean = np.cumsum(weight * size), float((weight * size).sum() / weight.sum())
    first = min(int(np.searchsorted(mass, rng.random() * mass[-1], side="right")), good.size - 1)
    lines, reach = [np.array([first])], [float(int(rng.random() * size[first]) + 1)]
    sizes = [np.array(reach)]
    while reach[0] < total:
        more = np.searchsorted(upto_line, rng.random(int((total - reach[0]) / mean * 1.1) + 8) * upto_line[-1], side="right").clip(max=good.size - 1)
        lines.append(more)
        sizes.append(size[more].astype(np.float64))
        reach[0] += float(size[more].sum())
    which, upto = np.concatenate(lines), np.cumsum(np.concatenate(sizes))
    edges = np.union1d(upto[upto < total], ends)
    edges = edges[edges > 0]
    start = np.concatenate([[0.0], edges[:-1]])
    at = good[which[np.searchsorted(upto, start, side="right")]] * days + np.searchsorted(ends, start, side="right")
    return np.bincount(at, edges - start, minlength=count * days).reshape(count, days)


def by_goods(demand: Floats, nodes: Sequence[str], past: Past, members: Sequence[int], key: tuple[int, int]) -> dict[tuple[str, int], Floats]:
    """Units of each place and good on each day of every world.

    Parameters
    ----------
    demand : (worlds, nodes, bands, days) units wanted; nodes : the retailer's names of them, the market's where it has none
    members : (worlds,) numbers of the worlds: each has its own draws, whatever other worlds are there
    key : of the draws, 64 bits and 16

    Returns
    -------
    (place, good) -> (worlds, days); goods beyond those of `past` stand for the bands: one of which no line tells is not dealt out

    Notes
    -----
    A node takes the lines of its own name. One that is no place of the retailer takes those without a place; where every line
    names one, what such a node wants falls to the stores, as lines that were not sold in a store are spread over them.
    """
    worlds, _, bands, days = demand.shape
    out: dict[tuple[str, int], Floats] = {}
    named = {name: i for i, name in enumerate(past.places)}
    count = len(past.goods)
    moves = [_rng(key, member, _OF_GOODS).standard_normal(count) for member in members]
    for i, node in enumerate(nodes):
        for b in range(bands):
            mine = demand[:, i, b]
            if not mine.any():
                continue
            here = past.band == b
            own, shared = _lines_of(past, here, named.get(node, -1))
            if not own.any():
                out[node, count + b] = out.get((node, count + b), 0.0) + mine
                continue
            beside = np.flatnonzero(here) if len(named) > 1 and not shared else np.zeros(0, np.int64)
            local = np.flatnonzero(own)
            for w, member in enumerate(members):
                if not mine[w].any():
                    continue
                rng = _rng(key, member, i * bands + b)
                lines = np.concatenate([local, beside[rng.integers(0, beside.size, NEIGHBOURS)]]) if beside.size else local
                cell = past.place[lines] * count + past.good[lines] if shared else past.good[lines]
                table = dealt(mine[w], cell, past.units[lines], count * (len(named) if shared else 1), rng, moves[w][past.good[lines]], past.scatter)
                for found in np.flatnonzero(table.any(axis=1)):
                    place = past.places[int(found) // count] if shared else node
                    path = out.setdefault((place, int(found) % count), np.zeros((worlds, days)))
                    path[w] += table[found]
    return out


def _rng(key: tuple[int, int], member: int, what: int) -> np.random.Generator:
    """Draws of a world for a node and band, or `_OF_GOODS`."""
    return np.random.Generator(np.random.Philox(key=[key[0], key[1] << 48 | int(member) << 24 | what]))


def _lines_of(past: Past, here: np.ndarray, place: int) -> tuple[np.ndarray, bool]:
    """(n,) lines that tell a node's goods, and whether they are spread over the stores of the log."""
    if place >= 0:
        own = here & (past.place == place)
        return (own if own.any() else here), False
    if (past.place < 0).any():
        own = here & (past.place < 0)
        return (own if own.any() else here), False
    sent = here & ~past.store_sale
    return (sent if sent.any() else here), True
