"""Stock of every SKU at every node, its journal, and goods under way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from omosim.kernels.stock_cells import publish_record
from omosim.schema.codes import N_MOVES, Move
from omosim.schema.network import CELL, ENDLESS, TRANSIT


@dataclass
class Stock:
    """Units per node and SKU; fields of one cell stand together in memory.

    Parameters
    ----------
    cells : (N, K) CELL, units; the properties below are writable views of its fields
    journal : (N, K, N_MOVES) int64, units moved since the opening; `moves` is its (N_MOVES, N, K) view
    published : (N, K) int32, the stock feed as last published
    published_at : second of that publication
    transit : TRANSIT rows under way, in the order in which they were sent
    promised : (N, K) int32, units of orders that take theirs only when they are picked
    """

    cells: np.ndarray
    journal: np.ndarray
    published: np.ndarray
    published_at: int
    transit: np.ndarray
    promised: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int32))

    def __post_init__(self) -> None:
        if self.promised.shape != self.cells.shape:
            self.promised = np.zeros(self.cells.shape, np.int32)

    @classmethod
    def opening(cls, units: np.ndarray, error: np.ndarray | None = None) -> Stock:
        """Stock at the start: `units` (N, K) available, `record` wrong by `error` (N, K), at least 0."""
        units = np.asarray(units, np.int32)
        cells = np.zeros(units.shape, CELL)
        cells["on_hand"] = cells["available"] = units
        journal = np.zeros((*units.shape, N_MOVES), np.int64)
        journal[:, :, Move.OPENING] = units
        stock = cls(cells, journal, cells["record"].copy(), 0, np.zeros(0, TRANSIT))
        stock.believe(0 if error is None else error)
        return stock

    def _field(self, name: str) -> np.ndarray:
        return self.cells[name]

    on_hand = property(lambda self: self._field("on_hand"))
    available = property(lambda self: self._field("available"))
    reserved = property(lambda self: self._field("reserved"))
    staged = property(lambda self: self._field("staged"))
    record = property(lambda self: self._field("record"))
    claimed = property(lambda self: self._field("claimed"))
    on_order = property(lambda self: self._field("on_order"))
    backordered = property(lambda self: self._field("backordered"))

    @property
    def moves(self) -> np.ndarray:
        """Journal as (N_MOVES, N, K) int64, units; a view."""
        return np.moveaxis(self.journal, 2, 0)

    def clear(self, *masks: np.ndarray) -> None:
        """Nodes in all of the masks (N,) hold nothing, before anything has moved."""
        rows = np.logical_and.reduce(masks)
        self.cells[rows], self.journal[rows] = np.zeros(1, self.cells.dtype), 0

    def believe(self, error: np.ndarray | int) -> None:
        """Write the record anew before anything has moved: wrong by `error` (N, K), at least 0; and publish it."""
        self.record[...] = np.maximum(self.available + error, 0)
        self.journal[:, :, Move.MISRECORDED] = self.record - self.available
        self.publish(0)

    def publish(self, now: int, keep: np.ndarray | None = None, shut: np.ndarray | None = None) -> int:
        """Publish what orders may take of every cell; returns how many cells changed.

        Parameters
        ----------
        now : second
        keep : (N,) units of each item less than the record
        shut : (N,) 0 or 1, nodes of which orders may take nothing
        """
        self.published_at = now
        kept = np.zeros(len(self.cells), np.int32) if keep is None else np.array(keep, np.int32)
        if shut is not None:
            kept[shut != 0] = ENDLESS  # a shut node keeps whatever it has
        return int(publish_record(self.cells, self.promised, kept, self.published))

    def copy(self) -> Stock:
        """An independent copy."""
        return Stock(
            self.cells.copy(), self.journal.copy(), self.published.copy(), self.published_at, self.transit.copy(),
            self.promised.copy(),
        )

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays."""
        return {
            "cells": self.cells.copy(),
            "journal": self.journal.copy(),
            "published": self.published.copy(),
            "published_at": np.array([self.published_at], np.int64),
            "transit": self.transit.copy(),
            "promised": self.promised.copy(),
        }

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over `state` in place, so that views of the arrays stay valid."""
        self.cells[...] = state["cells"]
        self.journal[...] = state["journal"]
        self.published[...] = state["published"]
        self.published_at = int(state["published_at"][0])
        self.transit = state["transit"].copy()
        self.promised[...] = state["promised"]
