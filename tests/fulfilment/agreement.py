"""What it means that two engines agree."""

from __future__ import annotations

import numpy as np


def table_differences(a: np.ndarray, b: np.ndarray) -> list[str]:
    """Where two tables differ, in words; empty when they are equal."""
    if a.shape != b.shape:
        return [f"shape {a.shape} against {b.shape}"]
    if np.array_equal(a, b):
        return []
    if a.dtype.names is None:
        where = np.argwhere(a != b)[0]
        return [f"at {tuple(where)}: {a[tuple(where)]} against {b[tuple(where)]}"]
    out = []
    for name in a.dtype.names:
        where = np.flatnonzero((a[name] != b[name]).ravel())
        if len(where):
            i = where[0]
            out.append(f"{name}[{i}]: {a[name].ravel()[i]} against {b[name].ravel()[i]} ({len(where)} rows)")
    return out


def differences(one, other, told_one: np.ndarray, told_other: np.ndarray) -> dict[str, list[str]]:
    """Every table in which two engines differ, after the same run."""
    pairs = {
        "book": (one.book(), other.book()),
        "outcomes": (told_one, told_other),
        "holds": (one.holds(), other.holds()),
        "cells": (one.net.stock.cells, other.net.stock.cells),
        "promised": (one.net.stock.promised, other.net.stock.promised),
        "journal": (one.net.stock.journal, other.net.stock.journal),
        "nodes": (one.net.nodes, other.net.nodes),
        "pending": (np.array(one.pending()), np.array(other.pending())),
    }
    mine, theirs = one.books(), other.books()
    for name in mine.__dataclass_fields__:
        pairs[name] = (np.asarray(getattr(mine, name)), np.asarray(getattr(theirs, name)))
    found = {name: table_differences(a, b) for name, (a, b) in pairs.items()}
    return {name: words for name, words in found.items() if words}
