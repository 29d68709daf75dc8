"""Profit and loss of the measured window, to the minor unit, each line with its own origin.

Money of orders comes from the network's double-entry ledger (orders placed in the window, followed to their
end); time-bound costs (people, rent, stock, media, capabilities) belong to the days of the window.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from omosim.model.customers import add_contacts, contact_cost
from omosim.model.kpis import CHANNELS, measured
from omosim.schema.campaigns import PERK
from omosim.schema.codes import Account, Count, Entry, NodeKind
from omosim.schema.columns import DAY, HOUR, ORDINAL_BITS
from omosim.schema.network import N_ROLES

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel
    from omosim.world.policy import Policy

YEAR_DAYS = 365
#: order ordinals that are exchanges, in their two lowest bits
EXCHANGE = 2

#: cost lines in the order of the statement; each is subtracted
COST_LINES = (
    "refunds",
    "goods",
    "resale_loss",
    "shrink",
    "parcels",
    "outsourced",
    "transfers",
    "inserts",
    "couriers",
    "return_handling",
    "labour",
    "rent",
    "holding",
    "media",
    "commission",
    "points",
    "contacts",
    "campaigns",
    "capability_running",
    "capability_capital",
)

#: those of them that make up the cost of fulfilment
FULFILMENT_LINES = ("parcels", "outsourced", "transfers", "inserts", "couriers", "return_handling")


def rounded(value: Fraction) -> int:
    """A money line, rounded half to even once."""
    return round(value)


class DayCosts:
    """Costs that pass with time, summed over the days of the window as exact fractions of a minor unit.

    Sums are kept as integers of 10**-6 minor units, so that a snapshot holds them exactly.
    """

    SCALE = 1_000_000

    def __init__(self, stations: int, days: int, audiences: int = 1) -> None:
        #: of orders placed on each day by each audience: commission of social and live, points given on line and in stores
        self.rates = np.zeros((days, audiences, 4))
        self.holding = np.zeros(1, np.int64)
        self.media = np.zeros(1, np.int64)
        self.campaigns = np.zeros(1, np.int64)
        self.rent = np.zeros(1, np.int64)
        self.running = np.zeros(1, np.int64)
        self.capital = np.zeros(1, np.int64)
        self.contacts = np.zeros(6, np.int64)  # see omosim.model.customers
        self.staff_from = np.zeros((2, stations), np.int64)  # paid, worked at the window's start
        self.staff_to = np.zeros((2, stations), np.int64)  # at its end

    def state(self) -> dict[str, np.ndarray]:
        """Arrays, by name."""
        return dict(vars(self))

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over arrays given by `state`."""
        for name, array in state.items():
            if name == "rates":  # the run may be longer or shorter than the one that gave it
                days = min(len(self.rates), len(array))
                self.rates[:days] = array[:days]
            else:
                setattr(self, name, array)

    def begin_day(self, model: RetailModel, day: int) -> None:
        """Note what platforms and members get of the orders of a measured day (0 the first), by the policy in force."""
        for audience, policy in enumerate(model.world.seen):
            points = policy.points_rate * identified_share(model, policy)
            in_stores = points if policy.points_everywhere else 0.0
            self.rates[day, audience] = policy.commission_social, policy.commission_live, points, in_stores
        self.add_media(model)
        add_contacts(model, self.contacts)

    def add_media(self, model: RetailModel) -> None:
        """Add the media of a day that begins, at the levels its contacts are bought at."""
        self.media += round(model.world.media_cost_per_day() * self.SCALE)

    def add_day(self, model: RetailModel) -> None:
        """Add one day of the window that is over: all but media."""
        world, settings, scale = model.world, model.settings, self.SCALE
        stock_value = int((world.stock.on_hand.astype(np.int64) * world.cost[None, :]).sum())
        self.holding += round(stock_value * Fraction(settings.network.stock.holding_per_year) / YEAR_DAYS * scale)
        self.rent += round(rent_of_a_day(model) * sample_share(model) * scale)
        day = model.clock.now // DAY - 1
        self.campaigns += round(model.journeys.campaigns.cost_of_day(day, int(model.journeys.counts[day, Count.WEB_SESSIONS])) * scale)
        self.running += int(world.policy.running_per_day) * scale
        self.capital += int(world.policy.capital_per_day) * scale


def rent_of_a_day(model: RetailModel) -> int:
    """Rent of the nodes that trade today or are closed for some days only, at the retailer's full size, minor units.

    A landlord is paid while a store is closed for a while; a lease ends with a store that closes for good, and has not
    begun for one that is yet to open.
    """
    net, kind = model.settings.network, model.world.nodes["kind"]
    held = model.world.trading | model.interventions.closed_for_now()
    rates = ((NodeKind.STORE, net.stores.rent_per_day), (NodeKind.DARK, net.dark_stores.rent_per_day),
             (NodeKind.POINT, net.points.rent_per_day), (NodeKind.LOCKER, net.points.rent_per_day))  # fmt: skip
    return sum(int((held & (kind == one)).sum()) * rate for one, rate in rates)


def sample_share(model: RetailModel) -> Fraction:
    """Part of the retailer that is simulated: rents and idle staff are charged by it."""
    basis = model.settings.market.cost_basis_shoppers
    return min(Fraction(1), Fraction(model.settings.shoppers, basis))


def centre_staff(model: RetailModel) -> int:
    """People on duty in the centre for the simulated part of the retailer, rounded, at least one where any are planned."""
    planned = model.settings.network.work.centre_pickers
    return max(min(planned, 1), round(planned * sample_share(model)))


def staff_seconds(model: RetailModel, now: int) -> np.ndarray:
    """(2, stations) int64 seconds up to now: paid by schedule and overtime; work contents of services begun; of people."""
    books = model.fulfilment.books()
    s = books.stations
    dt = now - s["last"]
    overtime = s["overtime"] + (s["extra"] + np.maximum(s["busy"] - s["extra"] - s["cap"], 0)) * dt
    paid = s["scheduled"] + s["cap"] * (now - s["shift_from"]) + overtime
    return np.stack([paid, s["worked"]]) * books.people


def own_stations(model: RetailModel, stores_only: bool = False) -> np.ndarray:
    """(N_ROLES N + 1,) bool: stations of the retailer's own people, or of its stores alone."""
    kind = model.world.nodes["kind"]
    own = kind == NodeKind.STORE if stores_only else kind != NodeKind.OUTSOURCED
    return np.append(np.repeat(own, N_ROLES), False)


def labour_cost(model: RetailModel) -> Fraction:
    """Paid seconds at the wage.

    Work is paid in full, waiting for work by the simulated share of the retailer's staff: as if stores hired for the
    work, which with all shoppers their roster does. Of the centre, whose people are rounded up to one, that is the
    planned number times the simulated share. People of outsourced nodes are paid by the order fee.
    """
    paid, worked = ((model.costs.staff_to - model.costs.staff_from) * own_stations(model)).astype(object)
    share = sample_share(model)
    planned, on_duty = model.settings.network.work.centre_pickers * share, centre_staff(model)
    centre = max(paid[:N_ROLES].sum() * planned / max(on_duty, 1), Fraction(worked[:N_ROLES].sum()))
    seconds = centre + worked[N_ROLES:].sum() + max(paid[N_ROLES:].sum() - worked[N_ROLES:].sum(), 0) * share
    return seconds * Fraction(model.settings.network.work.wage_per_hour) / HOUR


def profit_and_loss(model: RetailModel) -> dict[str, int]:
    """Lines of the statement in minor units: revenue by channel, fees, costs, and the totals.

    Returns
    -------
    line -> minor units; `operating_profit` = revenues + fees - cost lines; `discounts` is no cost line: revenue is after them
    """
    money = model.fulfilment.books().ledger[1]
    day, scale = model.costs, DayCosts.SCALE
    lines = {f"revenue_{name}": -int(money[Account.REVENUE_WEB + code]) for code, name in enumerate(CHANNELS)}
    lines["fees"] = -int(money[Account.FEES])
    sales = sum(lines.values())
    kept = sales - int(money[Account.REFUNDS])
    shares = shares_of_orders(model)
    lines |= {
        "refunds": int(money[Account.REFUNDS]),
        "goods": int(money[Account.GOODS]),
        "resale_loss": int(money[Account.RESALE_LOSS]),
        "shrink": int(money[Account.WRITE_OFF]),
        "parcels": int(money[Account.PARCELS]),
        "outsourced": int(money[Account.OUTSOURCED]),
        "transfers": int(money[Account.TRANSFERS]),
        "inserts": int(money[Account.INSERTS]),
        "couriers": int(money[Account.COURIERS]),
        "return_handling": int(money[Account.RETURN_HANDLING]),
        "labour": rounded(labour_cost(model)),
        "rent": rounded(Fraction(int(day.rent[0]), scale)),
        "holding": rounded(Fraction(int(day.holding[0]), scale)),
        "media": rounded(Fraction(int(day.media[0]), scale)),
        "commission": rounded(shares[0] + shares[1]),
        "points": rounded(shares[2] + shares[3] + further_points(model)),
        "contacts": rounded(contact_cost(day.contacts)),
        "campaigns": rounded(Fraction(int(day.campaigns[0]), scale)),
        "capability_running": rounded(Fraction(int(day.running[0]), scale)),
        "capability_capital": rounded(Fraction(int(day.capital[0]), scale)),
    }
    lines["net_revenue"] = kept
    lines["gross_profit"] = kept - lines["goods"] - lines["resale_loss"]
    lines["fulfilment_cost"] = sum(lines[name] for name in FULFILMENT_LINES)
    lines["labour_cost"] = lines["labour"]
    lines["capability_cost"] = lines["capability_running"] + lines["capability_capital"]
    lines["media_cost"] = lines["media"]
    lines["other_cost"] = sum(lines[name] for name in ("rent", "holding", "shrink", "commission", "points", "contacts", "campaigns"))
    lines["discounts"] = discounts(model)
    lines["operating_profit"] = sales - sum(lines[name] for name in COST_LINES)
    return lines


def shares_of_orders(model: RetailModel) -> list[Fraction]:
    """What social platforms, live platforms, members on line and in stores get of the measured orders, each at the rate of its day."""
    rows = measured(model.fulfilment.book(), model.window_start, model.window_end)
    audiences = model.world.audiences.count
    day = (rows["placed_at"] - model.window_start) // DAY * audiences + model.journeys.shoppers["audience"][rows["shopper"]]
    amounts = [np.where(rows["channel"] == code, rows["revenue"], 0) for code in (Entry.SOCIAL, Entry.LIVE)]
    kept = rows["revenue"] + rows["fee"] - rows["refund"]
    amounts += [np.where(rows["channel"] != Entry.STORE, kept, 0), np.where(rows["channel"] == Entry.STORE, kept, 0)]
    out = []
    for rates, amount in zip(model.costs.rates.reshape(-1, 4).T.tolist(), amounts, strict=True):
        by_day = np.zeros(len(rates), np.int64)
        np.add.at(by_day, day, amount)
        out.append(sum((Fraction(rate) * part for rate, part in zip(rates, by_day.tolist(), strict=True)), Fraction(0)))
    return out


def identified_share(model: RetailModel, policy: Policy) -> float:
    """Share of purchases whose buyer can be given points: login, or a loyalty card too where points count everywhere."""
    identity = model.settings.market.identity
    if not policy.points_everywhere:
        return identity.login
    return 1.0 - (1.0 - identity.loyalty) * (1.0 - identity.login)


def perks_of(model: RetailModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) PERK of each order row's mission, and whether it has one."""
    perks = model.journeys.campaigns.perks[: model.journeys.campaigns.perked[0]]
    if not perks.size:
        return np.zeros(len(rows), PERK), np.zeros(len(rows), np.bool_)
    perks = perks[np.argsort(perks["key"])]
    mission = rows["key"] >> ORDINAL_BITS << ORDINAL_BITS
    at = np.minimum(np.searchsorted(perks["key"], mission), perks.size - 1)
    return perks[at], perks["key"][at] == mission


def discounts(model: RetailModel) -> int:
    """Money off by coupons on what was handed over of the measured orders, exchanges apart."""
    rows = measured(model.fulfilment.book(), model.window_start, model.window_end)
    perks, has = perks_of(model, rows)
    ordinal = rows["key"] & ((1 << ORDINAL_BITS) - 1)
    off = np.where(ordinal & 1, perks["alt_off"], perks["off"]) * rows["units_out"]
    return int(off[has & (ordinal & 3 != EXCHANGE)].sum())


def further_points(model: RetailModel) -> Fraction:
    """Points of VIPs above those of every member, on what they kept of the measured orders."""
    rows = measured(model.fulfilment.book(), model.window_start, model.window_end)
    perks, has = perks_of(model, rows)
    out = Fraction(0)
    for rate in np.unique(perks["points"][has]).tolist():
        mine = rows[has & (perks["points"] == rate)]
        out += Fraction(rate) * int((mine["revenue"] + mine["fee"] - mine["refund"]).sum())
    return out
