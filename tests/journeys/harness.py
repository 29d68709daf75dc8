"""A network that serves at once and always has stock: the shopper side alone, with its levels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from omosim.journeys import Journeys
from omosim.schema.codes import Entry, Flow, Outcome
from omosim.schema.columns import DAY, DEMAND, HOUR, OUTCOME
from omosim.schema.settings import Settings
from omosim.world.policy import Policy
from omosim.world.state import World
from omosim.world.synthesis import synthesise


def online_policy(**change: object) -> Policy:
    """Web shop beside stores, stock shown, three stores known; offers switched by row with `on`."""
    policy = Policy()
    policy.known_stores, policy.prices_equal, policy.accuracy_web = 3, 1, 0.5125
    policy.offers["enabled"][0] = 1
    policy.offers["promise_s"][0] = 3 * DAY
    for name, value in change.items():
        if name == "on":
            policy.offers["enabled"] = 0
            policy.offers["enabled"][list(value)] = 1  # type: ignore[call-overload]
        else:
            assert hasattr(policy, name)
            setattr(policy, name, value)
    return policy


def small_world(settings: Settings, policy: Policy) -> World:
    """World of the settings with every item on every shelf."""
    world = synthesise(settings, settings.seed, settings.replication)
    world.policy = policy
    world.stock.published[...] = 1000
    world.stock.record[...] = 1000
    return world


@dataclass
class Result:
    """What one run of the harness gave."""

    rows: np.ndarray
    outcomes: np.ndarray
    journeys: Journeys
    bought: np.ndarray = field(default_factory=lambda: np.zeros(0, np.bool_))

    def share(self, what: np.ndarray, of: np.ndarray) -> float:
        """Share of rows `of` that are also `what`."""
        return float((what & of).sum() / max(of.sum(), 1))

    @property
    def levels(self) -> dict[str, float]:
        """Returns, conversions and units."""
        rows, bought = self.rows, self.bought
        visit = rows["flow"] == Flow.VISIT
        back = bought & ((rows["mind"] == 1) | ((rows["misfit"] == 1) & ~visit))
        missions = int(self.journeys.counts[:, 1].sum())
        considered = missions - int(self.journeys.counts[:, 12].sum())
        return {
            "missions": missions,
            "purchase_share": float(bought.sum() / missions),
            "web_per_mission": float((bought & ~visit).sum() / considered),
            "visits_per_mission": float(visit.sum() / considered),
            "store_conversion": self.share(bought, visit),
            "return_online": self.share(back, bought & ~visit),
            "return_store": self.share(back, bought & visit),
            "units": int(rows["units"][bought].sum()),
        }


def serve(rows: np.ndarray, world: World) -> tuple[np.ndarray, np.ndarray]:
    """(which rows ended in a purchase, OUTCOME rows) when every shelf is full and doors open by the clock."""
    visit = rows["flow"] == Flow.VISIT
    second = rows["t"] % DAY
    nodes = np.maximum(rows["node"], 0)
    shut = visit & ((second < world.nodes["opens_s"][nodes]) | (second >= world.nodes["closes_s"][nodes]))
    fits = (rows["misfit"] == 0) | ((rows["go_on"] == 1) & (rows["alt_misfit"] == 0) & (rows["alt_sku"] >= 0))
    bought = ~visit | (fits & ~shut & (rows["intent"] != 2))
    told = np.zeros(len(rows), OUTCOME)
    for name in ("t", "key", "shopper", "sku", "node", "channel"):
        told[name] = rows[name]
    told["value"] = rows["unit_price"] * rows["units"] + rows["fee"]
    told["code"] = np.where(visit, np.where(shut, Outcome.CLOSED, np.where(bought, Outcome.BOUGHT, Outcome.REFUSED)), Outcome.DELIVERED)
    told["value"][~bought] = 0
    return bought, told


def play(settings: Settings, policy: Policy, days: int, cut_s: int = HOUR, world: World | None = None, learn: bool = True) -> Result:
    """Run the shopper side for some days; outcomes reach shoppers at the next full hour."""
    world = world or small_world(settings, policy)
    journeys = Journeys(world, settings, world.key0, world.key1)
    parts, told, bought = [np.zeros(0, DEMAND)], [np.zeros(0, OUTCOME)], [np.zeros(0, np.bool_)]
    for day in range(days):
        journeys.begin_day(day)
        for start in range(day * DAY, (day + 1) * DAY, cut_s):
            if start % HOUR == 0:
                due = np.concatenate(told)
                ready = due["t"] < start
                if learn:
                    now = due[ready]
                    journeys.apply(now[np.lexsort((now["code"], now["key"], now["t"]))], start)
                told = [due[~ready]]
            rows = journeys.advance(min(start + cut_s, (day + 1) * DAY))
            if len(rows):
                done, out = serve(rows, world)
                parts.append(rows.copy())
                bought.append(done)
                told.append(out)
    return Result(np.concatenate(parts), np.concatenate(told), journeys, np.concatenate(bought))


ONLINE = (Entry.WEB, Entry.SOCIAL, Entry.LIVE)
