"""A live show from the side of the people: viewers are listed, the host answers, decisions are put in their place."""

from __future__ import annotations

import numpy as np

from omosim.kernels.journeys_live import ASK, answer_questions, begin_show, show_missions
from omosim.kernels.journeys_types import SHOW, Scene
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import SHOW as SHOW_DRAW
from omosim.schema.columns import DAY
from omosim.schema.shopper import MISSION

#: room for missions and questions to begin with
_ROOM = 1024


def no_shows(days: int) -> np.ndarray:
    """Empty SHOW rows, one for each show that a run of so many days can have."""
    return np.zeros(days + 2, SHOW)


def air(scene: Scene, shoppers: np.ndarray, needs: np.ndarray, show: int, begins: int) -> np.ndarray:
    """The MISSION rows that a show opens; its row in `scene.shows` is begun.

    Parameters
    ----------
    show : running number; begins : second of the full hour at which it begins
    """
    row, levels = scene.shows[show], scene.levels[0]
    day = begins // DAY
    begin_show(levels, row, day, begins)
    missions, asks = np.zeros(_ROOM, MISSION), np.zeros(_ROOM, ASK)
    while True:
        n, q = show_missions(scene, shoppers, needs, show, begins, missions, asks, row)
        if n <= missions.size and q <= asks.size:
            break
        missions, asks = np.zeros(max(n, _ROOM), MISSION), np.zeros(max(q, _ROOM), ASK)
    missions, asks = missions[:n], asks[:q]
    if q:
        every = float(levels["answer_s"])
        # the first answer falls at a random point of its period: a host who answers less than one simulated viewer
        # a show answers some of them over many shows
        free = begins + every * uniform(levels["key0"], levels["key1"], 0, day, SHOW_DRAW, 1)
        row["answered"] = answer_questions(asks[np.lexsort((asks["shopper"], asks["t"]))], free, every, missions)
    return missions
