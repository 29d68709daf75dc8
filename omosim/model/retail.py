"""RetailModel: the whole model. Start reading here; the main loop is `step`.

Shoppers decide, the network serves, coarse events (SimPy) change the stage between windows, and Mesa agents
are the few who manage. `step()` advances one day.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from omosim.engine.clock import Clock
from omosim.engine.errors import CausalityError, SnapshotError
from omosim.engine.laws import Audit, together
from omosim.engine.snapshot import Snapshot, flatten, unflatten
from omosim.fulfilment import Replenishment, new_engine
from omosim.journeys import Journeys
from omosim.journeys import Shopper as ShopperView
from omosim.kernels.philox import make_key
from omosim.model.agents import ManagerMemory, Rival, StoreManager, TouchpointManager
from omosim.model.drift import check_moves, fixed_hash, move
from omosim.model.laws import daily_residuals, model_residuals
from omosim.model.places import Places
from omosim.model.pnl import DayCosts, staff_seconds
from omosim.model.processes import Processes
from omosim.model.watch import Watch
from omosim.schema.codes import Count
from omosim.schema.columns import DAY
from omosim.schema.network import N_ROLES
from omosim.schema.settings import Settings
from omosim.strategy import build_policy, check_dated
from omosim.world.calendar import last_day
from omosim.world.interventions import Interventions, whole_run
from omosim.world.start import Start, lay_stock
from omosim.world.synthesis import synthesise


class RetailModel(mesa.Model):
    """One retailer, one market, one strategy, one replication.

    Parameters
    ----------
    settings : validated settings; everything that decides the numbers
    opening : known customers, stock and orders at second 0; without it the run draws its own
    origin : replication whose places, goods and people it has; without it those of its own
    bare : a snapshot is loaded next: shoppers are not drawn

    Raises
    ------
    LawBroken : a law's residual is not zero; the run publishes nothing
    ValueError : the opening is of another market, or a log of touches is asked of people of another origin
    """

    def __init__(self, settings: Settings, opening: Start | None = None, origin: int | None = None, bare: bool = False) -> None:
        super().__init__(rng=0)  # Mesa's random source is not used in the model
        settings = whole_run(settings)
        self.settings = settings
        self.key0, self.key1 = make_key(settings.seed, settings.replication)
        self.window_start = settings.burn_in_days * DAY
        self.window_end = self.window_start + settings.days * DAY
        self.last_day = last_day(settings)

        self.origin = opening.origin if opening is not None else settings.replication if origin is None else origin
        if settings.output.touches and self.origin != settings.replication:
            raise ValueError("a log of touches is told apart by the run's own people: set output.touches=false, or origin to the replication")
        self.world = synthesise(settings, *make_key(settings.seed, self.origin))
        check_dated(settings)
        if opening is not None:
            opening.check(self.world, settings.shoppers)
            lay_stock(self.world, opening)
        self.world.policy = build_policy(settings)
        self.journeys = Journeys(self.world, settings, self.key0, self.key1, bare)
        self.journeys.stop_at(self.window_end)
        self.fulfilment = new_engine(settings, self.world)
        self.replenishment = Replenishment(settings, self.world, self.fulfilment)
        self.interventions = Interventions(settings, self.world)
        self.memory = ManagerMemory(len(self.world.nodes), len(self.world.sku_category), len(self.world.touch_cost))
        self.costs = DayCosts(N_ROLES * len(self.world.nodes) + 1, settings.days, self.world.audiences.count)
        self.watch = Watch(settings, self.world.node_names, self.world.trading)
        self.places = Places(settings, self.world.nodes)
        self.clock = Clock()
        self.audit = Audit()
        self.demand_rows = 0
        self._later: list[tuple[int, int, int]] = []  # t, flow, channel of rows still on their way to the network

        for node in range(len(self.world.nodes)):
            StoreManager(self, node)
        for row in range(len(self.world.touch_cost)):
            TouchpointManager(self, row)
        Rival(self)
        self.processes = Processes(self)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "orders": lambda m: int(m.journeys.counts[m.day - 1, Count.ORDERS_WEB : Count.ORDERS_LIVE + 1].sum()),
                "web_sessions": lambda m: int(m.journeys.counts[m.day - 1, Count.WEB_SESSIONS]),
                "pending": lambda m: m.fulfilment.pending(),
                "units_on_hand": lambda m: int(m.world.stock.on_hand.sum()),
            }
        )
        self._replaying = False
        if opening is not None:
            rows = self.journeys.begin_with(opening)
            self.demand_rows += len(rows)
            self.fulfilment.submit(rows)

    # ---- the main loop ------------------------------------------------------------------------------------
    @property
    def day(self) -> int:
        """Days completed."""
        return self.clock.now // DAY

    def step(self) -> None:
        """Advance one day."""
        if self._replaying:
            return
        end = (self.day + 1) * DAY
        if self.clock.now == self.window_start:
            self.costs.staff_from = staff_seconds(self, self.clock.now)
        while self.clock.now < end:
            self.clock.run_due()
            self.watch.look_at_feed(self)
            self.places.look(self)
            horizon = self.clock.horizon(end)
            self.window(horizon)
            self.clock.move_to(horizon)
        self.places.look(self)  # the run may end here
        if self.window_start < end <= self.window_end:
            self.costs.add_day(self)
            self.costs.staff_to = staff_seconds(self, end)
        self.watch.day_over(end // DAY - 1, self.world.trading, bool(self.world.policy.dark_stores))
        if self.settings.engine.audit:
            self.audit.judge(together(self.fulfilment.residuals(end, audit=False), daily_residuals(self, end)), end)
        self.on_the_way()
        self.datacollector.collect(self)
        if self.finished:
            self.running = False

    def window(self, until: int) -> None:
        """Shoppers decide, then the network acts, for every moment before `until`."""
        rows = self.journeys.advance(until)
        if len(rows):
            if rows["t"].min() < self.clock.now:
                raise CausalityError(f"a demand row for second {rows['t'].min()} in the window that began at {self.clock.now}")
            self.demand_rows += len(rows)
            self._later += [tuple(row) for row in rows[rows["t"] >= until][["t", "flow", "channel"]].tolist()]
            self.fulfilment.submit(rows)
        self.fulfilment.advance(until)

    def on_the_way(self) -> np.ndarray:
        """(n, 3) int64: t, flow, channel of rows sent to the network that have not reached it yet."""
        self._later = [row for row in self._later if row[0] >= self.clock.now]
        return np.array(self._later, np.int64).reshape(-1, 3)

    @property
    def finished(self) -> bool:
        """The window is over and every order has come to its end, or the drain is."""
        past = self.clock.now >= self.window_end
        return past and (self.day >= self.last_day or self.fulfilment.pending() == 0)

    def run(self) -> RetailModel:
        """Step to the end and judge every law in full."""
        while self.running:
            self.step()
        self.audit.judge(self.residuals(), self.clock.now)
        return self

    def residuals(self) -> dict[str, int]:
        """Every law's residual, computed over all books."""
        now = self.clock.now
        return together(self.fulfilment.residuals(now), daily_residuals(self, now), model_residuals(self))

    def shopper(self, index: int) -> ShopperView:
        """A readable view of one shopper."""
        return self.journeys.shopper(index)

    # ---- snapshot, restore, branch --------------------------------------------------------------------------
    def settings_hash(self) -> str:
        """What must agree between a snapshot and the model that takes it over: all but strategy and length."""
        return fixed_hash(self.settings)

    def snapshot(self) -> Snapshot:
        """State at the end of the present day, as copies."""
        parts = {
            "clock": self.clock.state(),
            "world": self.world.state(),
            "journeys": self.journeys.state(),
            "fulfilment": self.fulfilment.state(),
            "replenishment": self.replenishment.state(),
            "interventions": self.interventions.state(),
            "memory": self.memory.state(),
            "costs": self.costs.state(),
            "watch": self.watch.state(),
            "places": self.places.state(),
            "collected": {k: np.array(v, np.int64) for k, v in self.datacollector.model_vars.items()},
            "model": {"demand_rows": np.array([self.demand_rows], np.int64), "later": self.on_the_way()},
        }
        head: dict[str, str | int] = {"settings": self.settings_hash(), "second": self.clock.now}
        if self.origin != self.settings.replication:
            head["origin"] = self.origin
        return Snapshot({**head, "audiences": self.world.audiences.signature}, flatten(parts))

    @classmethod
    def restore(cls, settings: Settings, snapshot: Snapshot, before: Settings | None = None) -> RetailModel:
        """A model that goes on from a snapshot; with other levels in `settings.strategy` it is a branch.

        Parameters
        ----------
        before : settings with which it was taken, where others hold from now on: those of `omosim.model.drift.MOVES` alone

        Raises
        ------
        SnapshotError : the snapshot belongs to other settings, or something moved that must not
        """
        origin = snapshot.head.get("origin", None if before is None else before.replication)
        model = cls(settings, origin=None if origin is None else int(origin), bare=True)
        taken = model.settings_hash() if before is None else fixed_hash(whole_run(before))
        if before is not None:
            check_moves(before, settings)
        if snapshot.head["settings"] != taken:
            raise SnapshotError(
                f"the snapshot was taken with other settings ({snapshot.head['settings']}, here {taken}); "
                "only the strategy, the scenario and the number of days may differ"
            )
        if snapshot.head.get("audiences", "") not in ("", model.world.audiences.signature):
            raise SnapshotError(
                "the snapshot tells other audiences apart than the scenario; keep the changes that segments, zones or ab narrow, "
                "and end them by to_day"
            )
        parts = unflatten(snapshot.arrays)
        model._replaying = True
        for _ in range(int(snapshot.head["second"]) // DAY):
            model.step()  # Mesa counts its days; the model itself stands still
        model._replaying = False
        for part in ("clock", "world", "journeys", "fulfilment", "replenishment", "interventions", "memory", "costs", "watch", "places"):
            getattr(model, part).load(parts[part])
        model.demand_rows = int(parts["model"]["demand_rows"][0])
        model._later = [tuple(row) for row in parts["model"]["later"].tolist()]
        for name, values in parts.get("collected", {}).items():
            model.datacollector.model_vars[name] = values.tolist()
        model.journeys.stop_at(model.window_end)
        model.processes.after_restore()
        if before is not None:
            move(model, whole_run(before))
        return model

    def branch(self, **changes: Any) -> RetailModel:
        """A second future from this moment; `changes` replace fields of the settings."""
        return RetailModel.restore(self.settings.model_copy(update=changes), self.snapshot())
