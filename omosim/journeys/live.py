"""A live show from the side of the people: viewers are listed, the host answers, decisions are put in their place."""

from __future__ import annotations

import numpy as np

from omosim.kernels.journeys_live import ASK, answer_questions, begin_show, show_missions
from omosim.kernels.journeys_types import SHOW, Scene
from omosim.kernels.mathx import norm_ppf64
from omosim.kernels.philox import uniform
from omosim.kernels.purposes import SHOW as SHOW_DRAW
from omosim.schema.columns import DAY, HOUR
from omosim.schema.settings import Settings
from omosim.schema.shopper import MISSION
from omosim.world.policy import is_show_day

#: room for missions and questions to begin with
_ROOM = 1024
_ALONE = np.zeros((0, 3))


def no_shows(days: int) -> np.ndarray:
    """Empty SHOW rows, as many as a run of so many days can have: two on a day on which their hour moves."""
    return np.zeros(2 * days + 2, SHOW)


def other_shows(settings: Settings, scene: Scene, begins: int) -> np.ndarray:
    """(R, 3) shows of other sellers that begin at `begins`: seller, share of viewers reached, pull relative to ours.

    The pull is 1 + sd x a standard normal of seller and day, 0 at least; a seller's days have a phase of their own.
    """
    levels, day, found = scene.levels[0], begins // DAY, []
    for row, seller in enumerate(settings.scenario.sellers.values()):
        phase = uniform(levels["key0"], levels["key1"], row, 0, SHOW_DRAW, 3)
        if (begins - HOUR) % DAY == seller.hour * HOUR and is_show_day((begins - HOUR) // DAY, seller.per_week, phase):
            z = float(norm_ppf64(uniform(levels["key0"], levels["key1"], row, day, SHOW_DRAW, 2)))
            found.append((row, seller.reach * seller.category_share, max(0.0, 1.0 + seller.intensity_sd * z)))
    return np.array(found, np.float64).reshape(-1, 3)


def air(
    scene: Scene, shoppers: np.ndarray, needs: np.ndarray, show: int, begins: int, others: np.ndarray = _ALONE
) -> np.ndarray:
    """The MISSION rows that a show opens; its row in `scene.shows` is begun.

    Parameters
    ----------
    show : running number; begins : second of the full hour at which it begins
    others : shows of other sellers in that hour, as `other_shows` gives them
    """
    row, levels = scene.shows[show], scene.levels[0]
    day = begins // DAY
    begin_show(levels, row, day, begins)
    missions, asks = np.zeros(_ROOM, MISSION), np.zeros(_ROOM, ASK)
    while True:
        n, q = show_missions(scene, shoppers, needs, show, begins, others, missions, asks, row)
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
