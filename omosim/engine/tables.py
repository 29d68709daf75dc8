"""Growable tables of structured rows; all that must survive a yield stands in one."""

from __future__ import annotations

import numpy as np


class Table:
    """Rows of one dtype, appended at the end, with amortised growth.

    Parameters
    ----------
    dtype : structured dtype of a row
    capacity : rows reserved at first
    """

    def __init__(self, dtype: np.dtype, capacity: int = 64) -> None:
        self._rows = np.zeros(max(capacity, 1), dtype)
        self.size = 0

    @property
    def rows(self) -> np.ndarray:
        """View of the rows in use; valid until the next append."""
        return self._rows[: self.size]

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end; may move the storage."""
        need = self.size + len(rows)
        if need > len(self._rows):
            grown = np.zeros(max(need, 2 * len(self._rows)), self._rows.dtype)
            grown[: self.size] = self._rows[: self.size]
            self._rows = grown
        self._rows[self.size : need] = rows
        self.size = need

    def drain(self) -> np.ndarray:
        """All rows, copied out; the table is empty afterwards."""
        out = self.rows.copy()
        self.size = 0
        return out

    def replace(self, rows: np.ndarray) -> None:
        """Hold exactly these rows (restore)."""
        self.size = 0
        self.append(rows)
