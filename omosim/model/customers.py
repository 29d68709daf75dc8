"""What it costs to keep and to write to customers: messages, records in files, and those that are there twice."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from omosim.model.kpis import Kpi

if TYPE_CHECKING:
    from omosim.model.retail import RetailModel
    from omosim.schema.settings import Settings

SCALE = 1_000_000
YEAR_DAYS = 365
#: sums over the measured days: 10**-6 minor of messages (which stand in media), of duplicates, pushes and records; customers, records
MESSAGES, TWICE, PUSHES, RECORDS, CUSTOMERS, FILES = range(6)
#: those of them that are the line `contacts` of the statement
CHARGED = (TWICE, PUSHES, RECORDS)


def are_counted(settings: Settings) -> bool:
    """Whether a market gives contacts or records a cost of their own."""
    how = settings.market.messages
    return how.duplicates > 0 or how.push_cost > 0 or how.record_cost_per_year > 0


def add_contacts(model: RetailModel, sums: np.ndarray) -> None:
    """Add the contacts of a measured day that begins, by who is known then; changes `sums` (6,) int64."""
    settings, world = model.settings, model.world
    if not are_counted(settings):
        return
    how, files = settings.market.messages, model.journeys.files()
    known, twice = (int(n) for n in files[:, :2].sum(axis=0))
    messages = world.media_cost_per_day(messages=True)
    pushes = sum(
        (Fraction(policy.push_per_week) / 7 * (int(one) + Fraction(how.duplicates) * int(two)) for policy, (one, two) in zip(world.seen, files[:, 2:], strict=True)),
        Fraction(0),
    )
    parts = {
        MESSAGES: messages,
        TWICE: messages * Fraction(how.duplicates) * Fraction(twice, max(known, 1)),
        PUSHES: pushes * Fraction(how.push_cost),
        RECORDS: (known + twice) * Fraction(how.record_cost_per_year) / YEAR_DAYS,
    }
    for part, cost in parts.items():
        sums[part] += round(cost * SCALE)
    sums[CUSTOMERS] += known
    sums[FILES] += known + twice


def contact_cost(sums: np.ndarray) -> Fraction:
    """Minor units of the line `contacts`."""
    return Fraction(int(sums[list(CHARGED)].sum()), SCALE)


def contact_kpis(model: RetailModel) -> list[Kpi]:
    """Cost of a known customer a year, messages and records; records that he has. Only where a market prices them."""
    if not are_counted(model.settings):
        return []
    sums = model.costs.contacts
    known, unit = int(sums[CUSTOMERS]), f"minor {model.settings.market.currency} a year"
    if known == 0:
        return [Kpi("contact_cost", None, unit, "nobody is known"), Kpi("records_per_customer", None, "records", "nobody is known")]
    cost = contact_cost(sums) + Fraction(int(sums[MESSAGES]), SCALE)
    return [
        Kpi("contact_cost", float(cost * YEAR_DAYS / known), unit),
        Kpi("records_per_customer", int(sums[FILES]) / known, "records"),
    ]
