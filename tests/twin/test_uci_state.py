"""UCI Online Retail opened where its fit part ends: who buys again and who is new, at the level of the last weeks, before anything is closed by simulation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omosim.twin import assumed
from omosim.twin.calibrate import fit_laws, last_months, price_bands, suited
from omosim.twin.dated import state_of
from omosim.twin.history import history_of, split
from omosim.twin.market import Scales, build
from omosim.twin.opening import settings_at
from omosim.twin.prospects import among, prospects
from omosim.twin.running import Start, stacked
from omosim.twin.shares import each_share, shares_by_kind
from omosim.twin.tables import Tables

WEEKS = 4


@pytest.mark.slow
def test_the_next_weeks_begin_where_the_last_weeks_ended(uci, settings_of):
    windows = split(uci, last_months(uci))
    fitted, fits = fit_laws(uci, history_of(uci, windows), windows)
    laws = suited(fitted, fits, history_of(uci, windows))
    base = settings_of("strategy=o2o", "days=60", "burn_in_days=0")
    present = frozenset(name for name, made in base.strategy.capabilities.items() if made.enabled)
    market = build(
        laws, fitted.repeat, price_bands(uci, windows, 1), Scales(**assumed.START_REGULAR), name="uci", title="", currency=uci.currency,
        timezone=uci.timezone, origin="", touchpoints=base.touchpoints, present=present, forward=True, row_currency=base.market.currency,
    )  # fmt: skip
    settings = base.model_copy(update={**market.updates(), "shoppers": market.shoppers})
    end = windows.first_day + windows.cut
    found = state_of(Tables(uci), settings, laws.repeat, end, 0.75)
    settings = settings_at(settings, found.opening.as_of)
    opening = found.opening.with_share(each_share(settings, found.opening, shares_by_kind(settings, found.opening)))
    assert len(opening) > 3_000 and opening.p_alive.mean() > 0.8 and opening.share.mean() == pytest.approx(0.75, abs=0.1)
    them = prospects(opening, settings, found.weeks)
    people = max(settings.shoppers, len(opening) + them.seats)
    settings = among(settings, people, len(opening), them)
    silent = replace(opening, silent=them.silent, slow=them.slow)
    starts = [Start(state, settings.model_copy(update={"replication": i})) for i, state in enumerate([opening, *[silent] * 4], 1)]
    made = [start.member() for start in starts]
    rows = stacked([member.advance(7 * WEEKS).series for member in made])
    series, others = {n: x[1:] for n, x in rows.items()}, {n: x[:1] for n, x in rows.items()}
    orders = uci.orders()
    orders = orders[orders["shopper_id"].notna()]
    day = orders["placed_local"].to_numpy() // 86_400 - end
    first = orders.groupby("shopper_id")["placed_local"].min().to_numpy() // 86_400 - end
    last = ((day < 0) & (day >= -56)).sum() / 8  # a week, in the eight before
    fresh = ((first < 0) & (first >= -56)).sum() / 8
    assert series["orders"].sum(axis=1).mean() / WEEKS == pytest.approx(last, rel=0.15)
    assert series["new_customers"].sum(axis=1).mean() / WEEKS == pytest.approx(fresh, rel=0.25)
    assert others["new_customers"].sum() / WEEKS > 3 * fresh  # people who do not know that they never bought
    assert max(max(member.model.audit.worst.values()) for member in made) == 0
