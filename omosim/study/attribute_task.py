"""What a worker does for `attribute`: one run; of the run as it is also the log, its paths and what each model credits.

All comes back as figures with names of their own, so that the study's store, journals and executors keep it like any run:
credit/LEVEL/MODEL/TOUCHPOINT, step/LEVEL/FROM/TO, flow/LEVEL/K/FROM/TO, length/LEVEL/N, journey/LEVEL/A>B>C. A level is an identity
loss, or `market`: the log as the market's own settings leave it.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence

import numpy as np

from omosim.engine.laws import LAWS
from omosim.journeys.log import Path, observed_columns, paths
from omosim.journeys.recognition import Recognition, recognise_to
from omosim.model.kpis import sold
from omosim.model.run import Run, run
from omosim.schema.settings import Settings
from omosim.study.attribution import MODELS, transitions

MARKET = "market"
#: KPIs of every run that the study reads
KEPT = ("net_revenue", "gross_profit", "operating_profit", "media_cost", "orders", "touchpoints_per_purchase")
#: columns of the flow of journeys: the first touch, then the last ones up to the purchase
LAST = 4
LONGEST, MOST_JOURNEYS = 60, 60


def level_name(loss: float) -> str:
    """Name of a level of identity loss in figures."""
    return f"{loss:g}"


def run_task(text: str) -> str:
    """Entry of a worker: a JSON task in, a JSON answer out.

    Parameters
    ----------
    text : {"run_id", "arm", "replication", "seed", "settings", "losses"}; losses: null where only KPIs are asked for
    """
    task = json.loads(text)
    losses = task["losses"]
    output = {"touches": losses is not None}
    settings = Settings.model_validate({**task["settings"], "output": output, "seed": task["seed"], "replication": task["replication"]})
    done = run(settings)
    figures = [{"kpi": k.kpi, "value": k.value, "unit": k.unit, "reason": k.reason} for k in done.kpis if k.kpi in KEPT]
    if losses is not None:
        unit = f"minor {settings.market.currency}"
        figures += [{"kpi": name, "value": value, "unit": unit if name.startswith(("credit/", "sold/")) else "1"} for name, value in logged(done, losses).items()]
    laws = {law: done.laws.get(law, 0) for law in LAWS}
    return json.dumps({"run_id": task["run_id"], "kpis": figures, "laws": laws}, allow_nan=False)


def in_window(done: Run) -> np.ndarray:
    """(m,) int64: keys of the orders that were placed in the measured window, sorted."""
    book = done.measured_book
    return np.intersect1d(done.order_keys, book["key"][sold(book)])


def window_paths(all_paths: Sequence[Path], counted: set[int], start: int) -> list[Path]:
    """Paths that end in the measured window: in an order of it, or in nothing with the last touch in it."""
    return [p for p in all_paths if (p.order_id in counted if p.bought else p.t[-1] >= start)]


def logged(done: Run, losses: Sequence[float]) -> dict[str, float | None]:
    """Figures of the log of a run at each level of identity loss, and as the market leaves it."""
    model = done.model
    touches, shoppers, world = model.journeys.touches, model.journeys.shoppers, model.world
    keys, inside = done.order_keys, in_window(done)
    counted = set(inside.tolist())
    lost = next((k.value for k in done.kpis if k.kpi == "identity_loss"), None)
    found: dict[str, Recognition] = {MARKET: Recognition(done.settings.market.identity, done.seen, lost)}
    for loss in losses:
        found[level_name(loss)] = recognise_to(loss, touches, shoppers, world, keys, inside)
    out: dict[str, float | None] = {}
    for name, view in found.items():
        read = window_paths(paths(observed_columns(view.seen, touches, world), done.worth), counted, model.window_start)
        out |= {f"loss/{name}": view.loss, f"consent/{name}": view.who.consent, f"login/{name}": view.who.login, f"cookie_days/{name}": view.who.cookie_days}
        out |= of_paths(read, name)
    return out


def of_paths(read: Sequence[Path], level: str) -> dict[str, float | None]:
    """Credits of every model, transitions, flows, lengths and the commonest journeys of some paths."""
    bought = [p for p in read if p.bought]
    out: dict[str, float | None] = {
        f"sold/{level}": float(sum(p.revenue for p in bought)),
        f"sold/{level}/without a touch": float(sum(p.revenue for p in bought if not p.touchpoint)),
        f"purchases/{level}": len(bought), f"purchases/{level}/without a touch": sum(not p.touchpoint for p in bought),
        f"paths/{level}": len(read),
    }  # fmt: skip
    for name, model in MODELS.items():
        out |= {f"credit/{level}/{name}/{point}": float(value) for point, value in sorted(model(read).items())}
    out |= {f"step/{level}/{here}/{there}": n for (here, there), n in sorted(transitions(read).items())}
    lengths = Counter(min(len(p.touchpoint), LONGEST) for p in bought)
    out |= {f"length/{level}/{n}": lengths[n] for n in sorted(lengths)}
    flows: Counter[str] = Counter()
    journeys: Counter[str] = Counter()
    for p in bought:
        steps = p.touchpoint[-LAST:]
        flows.update(f"{LAST - len(steps) + k}/{here}/{there}" for k, (here, there) in enumerate(itertools.pairwise(steps)))
        if p.touchpoint:
            journeys[">".join(dict.fromkeys(steps))] += 1
    out |= {f"flow/{level}/{name}": n for name, n in sorted(flows.items())}
    common = sorted(journeys.items(), key=lambda item: (-item[1], item[0]))[:MOST_JOURNEYS]
    return out | {f"journey/{level}/{name}": n for name, n in common}
