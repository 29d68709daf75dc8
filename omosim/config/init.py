"""`omosim init DIR`: the files of an own retailer, from shipped values, each with its unit, range and source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omosim.config.assumptions import source_of, span
from omosim.config.compose import Composed, compose
from omosim.config.errors import refuse, show
from omosim.config.layers import Layers
from omosim.config.levels import describe
from omosim.config.schema_tree import lookup
from omosim.config.strict import type_scalar

FILES = ("market.yaml", "scenario.yaml", "strategy.yaml", "README.txt")
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_/ -]*[A-Za-z0-9_]\Z|[A-Za-z_]\Z")
_YAML_WORDS = {"yes", "no", "on", "off", "y", "n", "true", "false", "null", "none"}

SCENARIO = """\
# The world outside the retailer, and dated changes. Use: omosim compare market=market.yaml scenario=scenario.yaml
# what shoppers see: price, discount, fee, free_from, promise, return_hassle, accuracy, assortment, capability, level,
#   media, reach, reach_growth; the outside: need_rate, rival_price, rival_store_km, rival_store, lead_time, supply;
#   the network: stock, store_open, staff, courier_capacity, bins, bays, rooms, slots, keep, batch, site_capacity;
#   for a whole run: misfit, goods_cost, delivery_cost. `omosim list quantities` says units, ranges and narrowing
# give either set: NEW VALUE or times: FACTOR; narrow it by stores: [S01], zones: [0], categories: [NAME],
#   channels: [web, store, social, live], segments: [NAME], touchpoints: [NAME], items: [0, 1]
# an experiment inside one run, for what shoppers see: ab: {{name: WORD, share: 0.5}}; results by group are in ab.parquet
name: {name}
title: "The rival sells 5 % cheaper from the second week"
interventions:
  - what: rival_price
    times: 0.95  # [1] factor on the rival's price; assumed
    from_day: 7  # [day] 0 is the first measured day
    to_day: null  # [day] first day on which it no longer holds; null: to the end
"""

README = """\
The files of your own retailer for omosim.

market.yaml    people, place, goods (catalogue) and stores (network). Start with: timezone, currency, start_date,
               cost_basis_shoppers, segments, catalogue.categories, network.stores.
scenario.yaml  what happens around you.
strategy.yaml  what you would do: capabilities with their levels and costs.

Behind every number stands its [unit], its meaning and its source; "assumed" means that nobody measured it: change
these first. Amounts are in the minor unit of the currency (won, pence, cents); shares run from 0 to 1.
A wrong value is refused with its file and line before anything runs.

Next, from the folder above this one:
  omosim run market={folder}/market.yaml strategy={folder}/strategy.yaml shoppers=2000 days=14
  omosim compare market={folder}/market.yaml
  omosim compare market={folder}/market.yaml scenario={folder}/scenario.yaml strategies=[o2o,{folder}/strategy.yaml]
  omosim explain network.stores.pickers market={folder}/market.yaml
  omosim calibrate orders=ORDERS.csv market={folder}/market.yaml
"""


def init(folder: str | Path, market: str = "seoul_beauty", strategy: str = "omo") -> list[Path]:
    """Write the files; the paths written. Raises ConfigError when one of them exists already."""
    target = Path(folder)
    taken = [name for name in FILES if (target / name).exists()]
    if target.exists() and not target.is_dir():
        raise refuse("is a file", value=show(str(folder)), cure="Give the name of a new folder")
    if taken:
        cure = "Give another folder, or move these away; nothing is overwritten"
        raise refuse(f"already there: {', '.join(taken)}", value=show(str(folder)), cure=cure)
    composed = compose("run", [f"market={market}", f"strategy={strategy}"])
    name = _name(target.resolve().name)
    texts = {
        "market.yaml": market_text(composed, name),
        "scenario.yaml": SCENARIO.format(name=f"{name}_scenario"),
        "strategy.yaml": strategy_text(composed, f"{name}_strategy"),
        "README.txt": README.format(folder=target.as_posix().rstrip("/")),
    }
    target.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        with open(target / file, "x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    return [target / file for file in texts]


def _name(text: str) -> str:
    clean = re.sub(r"[^\w-]", "_", text).strip("_")
    return clean[:60] or "mystore"


def market_text(composed: Composed, name: str) -> str:
    """market.yaml with its catalogue and network in one file."""
    layers = next(iter(composed.layers.values()))
    data = composed.settings.model_dump(mode="json")
    lines = [
        f"# Market of {name}, from the shipped market '{data['market']['name']}'.",
        "# Behind each value: [unit] meaning (range); source. Change what is 'assumed' first.",
    ]
    data["market"]["name"] = name
    data["market"]["title"] = f"Own retailer, from: {data['market']['title'] or data['market']['name']}"[:200]
    lines += emit(data["market"], ("market",), layers, 0)
    lines += [
        "",
        "# ---- goods: one entry for each kind of goods with one fit risk; need_share sums to 1",
        "catalogue:",
    ]
    lines += emit(data["catalogue"], ("catalogue",), layers, 1)
    lines += ["", "# ---- the centre, the stores and their people, stock, delivery, returns, pickup", "network:"]
    lines += emit(data["network"], ("network",), layers, 1)
    lines += ["", "touchpoints: default  # a name, or keys as in the shipped touchpoints"]
    return "\n".join(lines) + "\n"


def strategy_text(composed: Composed, name: str) -> str:
    """strategy.yaml with every capability written out."""
    layers = next(iter(composed.layers.values()))
    data = composed.settings.model_dump(mode="json")["strategy"]
    lines = [
        f"# A strategy of your own, from the shipped '{data['name']}'. Switch a capability off by enabled: false.",
        "# Costs are those of the whole retailer (market: cost_basis_shoppers).",
    ]
    data["name"] = name
    data["title"] = f"Own strategy, from: {data['title']}"[:200]
    return "\n".join(lines + emit(data, ("strategy",), layers, 0)) + "\n"


def emit(data: dict[str, Any], at: tuple[str, ...], layers: Layers, depth: int) -> list[str]:
    """A mapping as commented YAML lines."""
    return [line for key, value in data.items() for line in _item(str(key), value, (*at, str(key)), layers, depth)]


def _item(key: str, value: Any, at: tuple[str, ...], layers: Layers, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict) and value:
        found = lookup(at)
        if depth == 0 and found is not None and found.meaning:
            yield f"{indent}# {found.meaning}"
        yield f"{indent}{scalar(key)}:"
        yield from emit(value, at, layers, depth + 1)
    else:
        yield f"{indent}{scalar(key)}: {flow(value)}{comment(at, layers)}"


def comment(at: tuple[str, ...], layers: Layers) -> str:
    """`  # [unit] meaning (range); source` of a value."""
    found = describe(at)
    unit, source = source_of(layers.comment(at))
    unit = unit or (found.unit if found and found.kind in ("int", "float") else "")
    meaning = found.meaning if found is not None else ""
    where = f" ({span(found)})" if span(found) else ""
    words = "; ".join(w for w in (meaning + where if meaning else "", source) if w)
    text = (f"[{unit}] " if unit else "") + words
    return f"  # {text}" if text else ""


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    return scalar(value)


def scalar(value: Any) -> str:
    """A plain value, in quotes where YAML could read it as something else."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if _SAFE.match(text) and type_scalar(text) == text and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
