"""The shopper side of a run: needs of the day, decisions of a window, what experience does to people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from omosim.journeys.levels import build_scene, refresh
from omosim.journeys.shopper import Shopper
from omosim.journeys.synthesis import make_shoppers
from omosim.kernels.journeys_needs import count_due, list_needs, plan_first_needs
from omosim.schema.codes import N_COUNTS, Count
from omosim.schema.columns import DAY, DEMAND
from omosim.schema.settings import Settings
from omosim.schema.shopper import MISSION, NEED
from omosim.world.state import World


class Journeys:
    """Shoppers of a run.

    Parameters
    ----------
    world : the world, with the policy in force
    settings : validated settings
    key0, key1 : key words of the run

    Notes
    -----
    `counts` is (days, N_COUNTS) int64; `missions` are those of the present day, in order.
    """

    def __init__(self, world: World, settings: Settings, key0: int, key1: int) -> None:
        self.world, self.settings, self.key0, self.key1 = world, settings, key0, key1
        categories = len(world.category_names)
        self.days = world.calendar.days
        self.awareness = np.full((world.zone_weight.size, len(world.segment_names)), settings.market.awareness.initial)
        self.scene = build_scene(settings, world, self.awareness)
        self.shoppers = make_shoppers(world, settings, self.scene, settings.shoppers)
        self.needs = np.zeros(settings.shoppers * categories, NEED)
        self.head = np.full(self.days, -1, np.int32)
        self.counts = np.zeros((self.days, N_COUNTS), np.int64)
        self.missions = np.zeros(0, MISSION)
        self.position = np.zeros(1, np.int64)  # missions of the day already decided
        self.day = np.full(1, -1, np.int64)
        self._share = np.ascontiguousarray(world.need_share)
        plan_first_needs(key0, key1, self.shoppers, self.needs, self.head, self.scene.op_time, self._share, self._stages)

    @property
    def _stages(self) -> int:
        return self.settings.market.demand.stages

    # ---- needs ----------------------------------------------------------------------------------------------
    def stop_at(self, second: int) -> None:
        """Open no mission at or after `second`."""
        self.scene.levels["stop_at"] = second

    def begin_day(self, day: int) -> None:
        """List the needs of a day and the touch missions waiting for it."""
        self.scene = refresh(self.settings, self.world, self.scene)
        self.day[0], self.position[0] = day, 0
        order, rows = self._list(day)
        self.missions = rows[np.argsort(order)]

    def _list(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Needs of a day with the integers that sort them; the calendar moves on."""
        if day >= self.days:
            return np.zeros(0, np.int64), np.zeros(0, MISSION)
        due = count_due(self.needs, self.head, day)
        stop = int(self.scene.levels["stop_at"][0])
        rooms = due + due // 4 + 64
        orders, parts = [], []
        while True:
            order, rows = np.zeros(rooms, np.int64), np.zeros(rooms, MISSION)
            n, met = list_needs(
                self.key0, self.key1, self.shoppers, self.needs, self.head, self.scene.op_time, self._share,
                self._stages, day, stop, order, rows,
            )  # fmt: skip
            self.counts[day, Count.NEEDS] += met
            filled = n if n >= 0 else -n - 1
            orders.append(order[:filled])
            parts.append(rows[:filled])
            if n >= 0:
                return np.concatenate(orders), np.concatenate(parts)

    # ---- looking ----------------------------------------------------------------------------------------------
    def shopper(self, index: int) -> Shopper:
        """A readable view of one shopper."""
        return Shopper(self.shoppers, self.needs.reshape(self.settings.shoppers, -1), index, self.world.segment_names)
