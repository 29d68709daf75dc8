"""How contacts reach people: attention, messages and opting out of them, word of mouth. Everything is off unless a market switches it on."""

from __future__ import annotations

from omosim.schema.fields import Frozen, par


class Attention(Frozen):
    """What a person takes in; all touchpoints share it."""

    contacts_per_week: float = par("contacts a week", "contacts with us that a person takes in, over all touchpoints; those above it thin out all of them alike; 0 without limit", 0, 1000, default=0.0)


class Messages(Frozen):
    """Messages (rows that leave a login and open no entry or serve after-sales, and the contacts of `push`), and opting out of them."""

    tolerated_per_week: float = par("contacts a week", "messages that nobody minds", 0, 1000, default=2.0)
    opt_out_per_contact: float = par("1/contact", "hazard of opting out, per message above those; 0 nobody opts out", 0, 10, default=0.0)
    retargeting_share: float = par("share", "retargeting that comes as a message, and not to those who opted out", 0, 1, default=0.5)
    duplicates: float = par("share", "of customers who are in two files that are not linked (login, card), messages that both send", 0, 1, default=0.0)
    push_cost: float = par("minor", "cost of one contact of the capability push", 0, 1e6, default=0.0)
    record_cost_per_year: float = par("minor a year", "cost of keeping one record of a customer in a file", 0, 1e6, default=0.0)
    coupon_share: float = par("share", "coupons that come as a message, and not to those who opted out", 0, 1, default=0.5)
    saturation: float = par("messages a week", "s: a message of a campaign is opened exp(-n/s) times as often after n others of the week; 0 all alike; assumed", 0, 1000, default=3.0)


class WordOfMouth(Frozen):
    """A small world of neighbours who hear of experiences."""

    tell: float = par("share", "chance that a neighbour hears of an experience that is worth telling; 0 nobody tells", 0, 1, default=0.0)
    neighbours: int = par("people", "neighbours to whom one tells", 1, 32, default=6)
    rewired: float = par("share", "neighbours who are met anywhere in place of next door", 0, 1, default=0.1)
    worth_telling: float = par("share of price", "least surprise, pleasant or not, that is told", 0, 5, default=0.05)
    weight: float = par("1", "weight of the teller's surprise in the goodwill of who hears of it", 0, 1, default=0.05)
