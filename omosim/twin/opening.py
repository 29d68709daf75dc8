"""Where a twin stands on a date: who its customers are, what they are likely to do next, what lies where, what is under way.

What data cannot show of a customer (need rate, chance of leaving, whether he has left already) is drawn from the closed-form
posterior of BG/CNBD-k given his history, each member its own draw. With B the Beta function, x repeat purchases, the last at t_x
weeks, observed until T:

    has left      ~ B(a + 1, b + x - 1) G(r + kx) / (alpha + t_x)^(r + kx)                                  (x > 0)
    alive, j of k ~ B(a, b + x) G(r + kx + j) (T - t_x)^j / (j! (alpha + T)^(r + kx + j))        stages passed since

and given which: the stage rate is Gamma of that shape and rate, the chance of leaving Beta(a + 1, b + x - 1) or Beta(a, b + x).
Fader, Hardie & Lee (2005) for k = 1; Reutterer, Platzer & Schröder (2021). Test: tests/twin/test_opening.py.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln, logsumexp

from omosim.kernels.jit import kernel
from omosim.kernels.journeys_needs import erlang
from omosim.kernels.mathx import beta_ppf, exp64, gamma_ppf, log64, log_gamma
from omosim.kernels.philox import make_key, uniform, uniform4
from omosim.kernels.purposes import OPENING
from omosim.kernels.synthesis import fill_normal
from omosim.schema.settings import Settings
from omosim.twin.bgcnbd import RepeatFit
from omosim.twin.history import Floats, Ints
from omosim.world.start import UNDER_WAY, Start

_WHICH, _RATE, _LEAVE, _PHASE = 0, 1, 2, 64  # items of the draws; each category's phase has two from _PHASE on
_GOODWILL = 3
MOST_STAGES = 4
#: arrays of an opening, in the order of its fields
_ARRAYS = ("x", "t_x", "t_end", "habit", "spend", "since", "share")
#: share of price, assumed: a surprise of a tenth of the price moves goodwill by .03 (goodwill.learning .3)
GOODWILL_SD = 0.03
#: purchases per need below which a customer's needs are not made more frequent: he would be asked for ever
LEAST_SHARE = 0.02


@kernel
def _draw(key0: Any, key1: Any, law: Any, x: Any, t_x: Any, t_end: Any, pending: Any, share: Any, since: Any, parts: Any,
          stages: Any, rate: Any, leave: Any, alive: Any, units: Any) -> None:  # fmt: skip
    """Fill what is hidden of each known customer, and the stages until his next needs.

    law : k, r, alpha, a, b, pace: the present gap has run at it; since : (n, C) weeks since the last purchase, NaN never; parts : (C,) shares of needs
    rate, leave : (n,) float64, alive : (n,) uint8, units : (n, C) float64; filled
    """
    k = int(law[0])
    r, alpha, a, b = law[1], law[2], law[3], law[4]
    weight = np.zeros(MOST_STAGES + 1)
    for i in range(x.size):
        kx = k * x[i]
        wait = max(t_end[i] - t_x[i], 0.0)
        top = -1e300
        for c in range(k + 1):  # 0 has left, 1 + j alive with j stages passed
            if c == 0:
                w = -1e300
                if x[i] > 0 and pending[i] == 0:
                    w = log_gamma(a + 1.0) + log_gamma(b + x[i] - 1.0) - log_gamma(a + b + x[i]) + log_gamma(r + kx) - (r + kx) * log64(alpha + t_x[i])
            else:
                j = c - 1
                w = log_gamma(r + kx + j) - (r + kx + j) * log64(alpha + t_end[i]) - log_gamma(j + 1.0)
                w += log_gamma(a) + log_gamma(b + x[i]) - log_gamma(a + b + x[i])
                if j > 0:
                    w = w + j * log64(wait) if wait > 0.0 else -1e300
            weight[c] = w
            top = max(top, w)
        total = 0.0
        for c in range(k + 1):
            weight[c] = exp64(weight[c] - top) if weight[c] - top > -600.0 else 0.0
            total += weight[c]
        u = uniform(key0, key1, i, 0, OPENING, _WHICH) * total
        which = 0
        while which < k and u >= weight[which]:
            u -= weight[which]
            which += 1
        left = 1 if which == 0 else 0
        shape = r + kx + (0 if left == 1 else which - 1)
        stage_rate = gamma_ppf(uniform(key0, key1, i, 0, OPENING, _RATE), shape) / (alpha + (t_x[i] if left == 1 else t_end[i]))
        kept = x[i] - left - (1 if pending[i] == 1 and x[i] > 0 else 0)
        leave[i] = beta_ppf(uniform(key0, key1, i, 0, OPENING, _LEAVE), a + left, b + kept)
        alive[i] = 1 - left
        rate[i] = stage_rate / k / share[i]
        for c in range(parts.size):
            u0, u1, u2, u3 = uniform4(key0, key1, i, 0, OPENING, _PHASE + 2 * c)
            passed = 0
            if stages > 1:
                v = uniform(key0, key1, i, 0, OPENING, _PHASE + 2 * c + 1)
                passed = _passed(v, since[i, c], stages * rate[i] * parts[c] * law[5], stages, share[i])
            units[i, c] = erlang(u0, u1, u2, u3, stages - passed)


@kernel
def _passed(u: Any, since: Any, stage_rate: Any, stages: Any, share: Any) -> Any:
    """Stages of the present gap that have passed, by one uniform; of a process long under way where nothing was bought.

    Since the last purchase N ~ Poisson stages came, and each whole gap among them ended in a need that was not bought.
    """
    if not since >= 0.0:
        return int(u * stages)
    mean = stage_rate * since
    last = int(mean + 8.0 * np.sqrt(mean) + 20.0)
    total = 0.0
    for turn in range(2):  # first the sum, then where u falls
        log_w = -mean
        at = 0.0
        for n in range(last):
            if n > 0:
                log_w += (log64(mean) if mean > 0.0 else -1e300) - log64(float(n))
                if n % stages == 0:
                    log_w += log64(max(1.0 - share, 1e-300))
            if log_w > -600.0:
                at += exp64(log_w)
            if turn == 1 and at > u * total:
                return n % stages
        if turn == 0:
            total = at
    return 0


def _weights(law: RepeatFit, x: Ints, t_x: Floats, t_end: Floats) -> tuple[Floats, Floats]:
    """Log weights, (n,) of having left and (k, n) of being alive with j stages passed, up to one constant a customer."""
    kx, n = law.k * x, np.maximum(x, 1)
    gone = betaln(law.a + 1, law.b + n - 1) + gammaln(law.r + kx) - (law.r + kx) * np.log(law.alpha + t_x)
    with np.errstate(divide="ignore"):
        log_wait = np.log(np.maximum(t_end - t_x, 0.0))
    alive = np.stack([
        betaln(law.a, law.b + x) + gammaln(law.r + kx + j) - (law.r + kx + j) * np.log(law.alpha + t_end) - gammaln(j + 1)
        + (j * log_wait if j else 0.0)
        for j in range(law.k)
    ])  # fmt: skip
    return np.where(x > 0, gone, -np.inf), alive


def p_alive(law: RepeatFit, x: Ints, t_x: Floats, t_end: Floats) -> Floats:
    """(n,) probability of not having left, given the history; weeks."""
    gone, alive = _weights(law, x, t_x, t_end)
    still = logsumexp(alive, axis=0)
    return np.exp(still - np.logaddexp(still, gone))


@dataclass(frozen=True)
class Opening:
    """State of a retailer at the first second of a date, as data show it.

    Parameters
    ----------
    as_of : the date; a run that begins with it has it as `market.start_date`
    law : BG/CNBD-k of purchases, weeks
    x, t_x, t_end : (n,) repeat purchases, weeks from the first purchase to the last and to `as_of`
    habit : (n, 4) share of purchases by Entry
    spend : (n,) minor, paid so far
    since : (n, C) weeks since the last purchase in each category of the market, NaN none
    share : (n,) purchases per need of a customer who has not left; `shares.shares_by_kind` measures it
    stock : (N, C) units on hand by node and category, NaN where nobody counted; None nowhere
    orders : UNDER_WAY rows, orders that have not come to their end
    origin : replication whose places, goods and people all members share
    goodwill_sd : share of price; goodwill is hidden, and drawn round neutral
    silent : people without a seat who know the retailer and have not bought; None: they are as the market has them
    slow : (K,) factors on their need rates beside anybody's, in even parts of them, from those who have known it longest
    pace : factor on all purchase rates from today on, that of the settings included: what data said since the law was fitted
    goodwill : (n,) share of price that is carried on, NaN drawn; None all are drawn
    """

    as_of: date
    law: RepeatFit
    x: Ints
    t_x: Floats
    t_end: Floats
    habit: Floats
    spend: Ints
    since: Floats
    share: Floats
    stock: Floats | None = None
    orders: np.ndarray = field(default_factory=lambda: np.zeros(0, UNDER_WAY))
    origin: int = 0
    goodwill_sd: float = GOODWILL_SD
    silent: float | None = None
    slow: Floats | None = None
    pace: float = 1.0
    goodwill: Floats | None = None

    def __len__(self) -> int:
        return int(self.x.size)

    @property
    def p_alive(self) -> Floats:
        """(n,) probability that a customer has not left."""
        return p_alive(self.law, self.x, self.t_x, self.t_end)

    def start(self, settings: Settings) -> Start:
        """What the member with these settings begins with: its own draw of what is hidden, the same bits every time.

        Raises ValueError where the settings begin on another date.
        """
        if settings.market.start_date != self.as_of.isoformat() or settings.burn_in_days:
            raise ValueError(
                f"the state is of {self.as_of}; the run begins on {settings.market.start_date} with {settings.burn_in_days} days of burn-in: "
                f"set market.start_date to {self.as_of} and burn_in_days to 0"
            )
        n, law, demand = len(self), self.law, settings.market.demand
        parts = np.array([kind.need_share for kind in settings.catalogue.categories.values()])
        pending = np.zeros(n, np.uint8)
        pending[self.orders["shopper"]] = 1
        rate, leave, alive = np.zeros(n), np.zeros(n), np.zeros(n, np.uint8)
        units = np.zeros((n, parts.size))
        _draw(
            *make_key(settings.seed, settings.replication), np.array([law.k, law.r, law.alpha, law.a, law.b, self.pace]), self.x, self.t_x, self.t_end,
            pending, np.maximum(self.share, LEAST_SHARE), np.ascontiguousarray(self.since, np.float64), parts, demand.stages, rate, leave, alive, units,
        )  # fmt: skip
        # an order under way is counted, and its coin thrown, when it arrives
        done = np.maximum(self.x + 1 - np.bincount(self.orders["shopper"], minlength=n), 0)
        liked = np.zeros(n)
        fill_normal(*make_key(settings.seed, settings.replication), np.arange(n), OPENING, _GOODWILL, liked)
        liked = self.goodwill_sd * liked
        if self.goodwill is not None:
            liked = np.where(np.isnan(self.goodwill), liked, self.goodwill)
        return Start(
            self.origin, rate * self.pace, leave, alive == 1, done, units, self.habit, self.spend, liked, self.stock, self.orders,
            None if self.silent is None else min(self.silent / max(settings.shoppers - n, 1), 1.0), self.slow,
        )  # fmt: skip

    def with_share(self, share: Floats | float) -> Opening:
        """The same with other purchases per need."""
        return replace(self, share=np.broadcast_to(np.asarray(share, np.float64), self.x.shape).copy())

    def save(self, path: Path) -> None:
        """Write all but what is a member's own (pace, prospects, goodwill) as one file of arrays."""
        law = json.dumps({"as_of": self.as_of.isoformat(), "law": asdict(self.law), "origin": self.origin, "goodwill_sd": self.goodwill_sd})
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS} | {"orders": self.orders, "head": np.frombuffer(law.encode(), np.uint8)}
        if self.stock is not None:
            arrays["stock"] = self.stock
        with open(path, "wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def read(cls, path: Path) -> Opening:
        """What `save` wrote."""
        with np.load(path, allow_pickle=False) as held:
            head = json.loads(held["head"].tobytes().decode())
            law = RepeatFit(**{**head["law"], "se": tuple(head["law"]["se"])})
            arrays: dict[str, Any] = {name: held[name] for name in (*_ARRAYS, "orders", "stock") if name in held.files}
            return cls(date.fromisoformat(head["as_of"]), law, **arrays, origin=head["origin"], goodwill_sd=head["goodwill_sd"])


def settings_at(settings: Settings, as_of: date) -> Settings:
    """The same market from a date on: what a run that begins with that day's state has."""
    market = settings.market.model_copy(update={"start_date": as_of.isoformat()})
    return settings.model_copy(update={"market": market, "burn_in_days": 0})


def opening_of(shopper: Any, day: Floats, entry: Ints, category: Ints, value: Ints, as_of: date, end_day: float, law: RepeatFit,
               kinds: int, share: float, **more: Any) -> tuple[Opening, Any]:  # fmt: skip
    """State of the customers of a log, and whose seat is whose: the shoppers' names in the order of seats, who came first before who came later.

    So a customer keeps his seat, and with it home and tastes, when others come.

    Parameters
    ----------
    shopper : (m,) names, one an order; day : (m,) local days from any first day; purchases of one day count once
    entry, category : (m,) Entry and the market's category, -1 unknown; value : (m,) minor
    end_day : `as_of` in the same count of days; orders from then on are left out
    kinds : categories of the market
    share : purchases per need, the same for all until it is measured
    more : stock, orders, origin of `Opening`
    """
    kept = (day < end_day) & ~pd.isna(shopper)
    code, names = pd.factorize(np.asarray(shopper)[kept], sort=True)
    came = np.full(len(names), np.inf)
    np.minimum.at(came, code, np.asarray(day)[kept])
    order = np.argsort(came, kind="stable")
    seat = np.empty_like(order)
    seat[order] = np.arange(order.size)
    code, names = seat[code], names[order]
    day, entry, category, value = day[kept], np.asarray(entry)[kept], np.asarray(category)[kept], np.asarray(value)[kept]
    n = len(names)
    days = pd.DataFrame({"who": code, "day": np.floor(day)}).drop_duplicates()
    by = days.groupby("who")["day"].agg(["min", "max", "size"]).reindex(range(n))
    first, last, count = by["min"].to_numpy(np.float64), by["max"].to_numpy(np.float64), by["size"].to_numpy(np.int64)
    used = np.zeros((n, 4))
    np.add.at(used, (code[entry >= 0], entry[entry >= 0]), 1.0)
    since = np.full((n, kinds), np.inf)
    known = category >= 0
    np.minimum.at(since, (code[known], category[known]), (end_day - day[known]) / 7)
    opening = Opening(
        as_of, law, count - 1, (last - first) / 7, (end_day - first) / 7, used / np.maximum(used.sum(axis=1, keepdims=True), 1.0),
        np.bincount(code, value, n).astype(np.int64), np.where(np.isinf(since), np.nan, since), np.full(n, share), **more,
    )  # fmt: skip
    return opening, names


def reconcile(counts: pd.DataFrame, flows: pd.DataFrame, end_day: float, nodes: list[str], kinds: list[str]
              ) -> tuple[Floats, pd.DataFrame]:  # fmt: skip
    """Units on hand at `end_day`: the last count of each node and category and what moved since.

    Parameters
    ----------
    counts : node, category, day, units
    flows : node, category, day, units: received and brought back above 0, sold and sent below 0
    nodes, kinds : names of the network's nodes and the market's categories

    Returns
    -------
    (N, C) units, NaN not counted, at least 0; and a row a cell: node, category, counted_day, counted, moved, stock, missing
    (how much less the last count was than the count before and what moved between say), note
    """
    out, rows = np.full((len(nodes), len(kinds)), np.nan), []
    counts, flows = (f[f["day"] < end_day].sort_values("day", kind="stable") for f in (counts, flows))
    moves = dict(list(flows.groupby(["node", "category"])))
    for (node, kind), cell in counts.groupby(["node", "category"]):
        days, units = cell["day"].to_numpy(np.float64), cell["units"].to_numpy(np.float64)
        flow = moves.get((node, kind))
        when = flow["day"].to_numpy(np.float64) if flow is not None else np.zeros(0)
        size = flow["units"].to_numpy(np.float64) if flow is not None else np.zeros(0)
        since = float(size[when >= days[-1]].sum())
        between = float(size[(when >= days[-2]) & (when < days[-1])].sum()) if days.size > 1 else 0.0
        missing = units[-2] + between - units[-1] if days.size > 1 else 0.0
        stock, note = units[-1] + since, ""
        if stock < 0:
            note = f"counted {units[-1]:g} and {-since:g} left since: 0 is taken"
        if node in nodes and kind in kinds:
            out[nodes.index(node), kinds.index(kind)] = max(stock, 0.0)
        else:
            note = f"no such {'node' if node not in nodes else 'category'} in the market: left out"
        rows.append((node, kind, days[-1], units[-1], since, max(stock, 0.0), missing, note))
    names = ["node", "category", "counted_day", "counted", "moved", "stock", "missing", "note"]
    return out, pd.DataFrame(rows, columns=names)
