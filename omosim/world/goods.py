"""Items of a catalogue: list prices, costs, gaps between channels, popularity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omosim.kernels.purposes import SYNTH
from omosim.kernels.synthesis import fill_exp, fill_normal, fill_uniform, fill_zipf
from omosim.schema.codes import Entry
from omosim.schema.settings import CatalogueSettings

#: an item's entity is category * ITEM_STRIDE + its place, so a further item changes no other
ITEM_STRIDE = 1 << 20
#: entries with a price of their own: WEB, STORE, SOCIAL, LIVE
N_PRICED = 4
#: a gap between channels is cut at this share of the price
LARGEST_GAP = 0.3
ITEM_PRICE, ITEM_HAS_GAP, ITEM_GAP = 11, 12, 13


@dataclass(frozen=True)
class Goods:
    """Items, contiguous by category.

    Parameters
    ----------
    category : (K,) int8
    first : (C + 1,) int32; items of category c are first[c]:first[c + 1]
    list_price, cost : (K,) int64, minor units
    channel_price : (4, K) int64, minor units, by Entry, as they are where prices are not kept equal
    popularity_cdf : (K,) float64, cumulative within the category, its last item 1
    """

    category: np.ndarray
    first: np.ndarray
    list_price: np.ndarray
    cost: np.ndarray
    channel_price: np.ndarray
    popularity_cdf: np.ndarray


def round_price(price: np.ndarray) -> np.ndarray:
    """(K,) float64 -> (K,) int64: three leading digits, as on a price tag, at least 1."""
    whole = np.maximum(np.rint(price), 1.0).astype(np.int64)
    step = np.ones_like(whole)
    while np.any(more := whole >= step * 1000):
        step = np.where(more, step * 10, step)
    return np.maximum(np.rint(price / step).astype(np.int64) * step, 1)


def make_goods(catalogue: CatalogueSettings, key0: int, key1: int) -> Goods:
    """Draw the items of a catalogue; each by its category and place alone.

    Parameters
    ----------
    catalogue : categories and the gaps between channels
    key0, key1 : key words of the run
    """
    kinds = list(catalogue.categories.values())
    counts = [kind.skus for kind in kinds]
    first = np.zeros(len(kinds) + 1, np.int32)
    first[1:] = np.cumsum(counts)
    k = int(first[-1])
    category = np.repeat(np.arange(len(kinds), dtype=np.int8), counts)
    entity = np.concatenate([c * ITEM_STRIDE + np.arange(n) for c, n in enumerate(counts)]).astype(np.int64)
    median = np.array([kind.price for kind in kinds], np.float64)[category]
    spread = np.array([kind.price_spread for kind in kinds])[category]
    margin = np.array([kind.margin for kind in kinds])[category]
    z, factor = np.empty(k), np.empty(k)
    fill_normal(key0, key1, entity, SYNTH, ITEM_PRICE, z)
    fill_exp(spread * z, factor)
    list_price = round_price(median * factor)
    has, gap = np.empty(k), np.empty(k)
    fill_uniform(key0, key1, entity, SYNTH, ITEM_HAS_GAP, has)
    fill_normal(key0, key1, entity, SYNTH, ITEM_GAP, gap)
    gap = np.clip(catalogue.price_gap_sd * gap, -LARGEST_GAP, LARGEST_GAP)
    gap = np.where(has < catalogue.price_gap_share, gap, 0.0)
    channel = np.tile(list_price, (N_PRICED, 1))
    web = np.where(gap == 0.0, list_price, round_price(list_price * (1.0 + gap)))
    for entry in (Entry.WEB, Entry.SOCIAL, Entry.LIVE):
        channel[entry] = web
    cdf = np.empty(k)
    for c, kind in enumerate(kinds):
        fill_zipf(kind.skus, kind.popularity, cdf[first[c] : first[c + 1]])
    cost = np.rint(list_price * (1.0 - margin)).astype(np.int64)
    return Goods(category, first, list_price, cost, channel, cdf)


def item_shares(goods: Goods) -> np.ndarray:
    """(K,) float64: share of each item in the demand of its category."""
    before = np.zeros(goods.popularity_cdf.size)
    before[1:] = goods.popularity_cdf[:-1]
    before[goods.first[:-1]] = 0.0
    return goods.popularity_cdf - before
