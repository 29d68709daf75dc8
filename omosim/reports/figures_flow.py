"""How purchases came about: alluvial pictures of orders from how they began to how they ended, and of the last touches before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omosim.reports.language import say
from omosim.reports.svg import INK, PAPER, SERIES, SOFT, Canvas, escaped, fit, lines_of
from omosim.results import ResultFolder
from omosim.results.tables import read_arrow

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 7  # streams of a stage with a name of their own
OTHER = "all others"


@dataclass(frozen=True)
class Flows:
    """Orders by their way through the stages.

    stages : what each place of a way stands for
    ways : way (a name a stage) -> orders
    """

    title: str
    stages: tuple[str, ...]
    ways: dict[tuple[str, ...], int]


def journey_flows(folder: ResultFolder, title: str = "How purchases came about") -> Flows | None:
    """Orders that were bought, from orders.parquet and, where it is there, touches.parquet; None without any.

    The stages are the first touch (the plan of the journey where touches were not written), the channel that was paid in,
    and how the goods were handed over. Only counts leave this function: no shopper, no order.
    """
    if not folder.has_table("orders"):
        return None
    wanted = ["order_id", "plan", "channel", "fulfilment", "units_out"]
    orders = read_arrow(folder.path / "orders.parquet", wanted)
    if set(wanted) != set(orders.schema.names):
        return None
    import pyarrow.compute as pc

    sold = orders.filter(pc.greater(pc.field("units_out"), 0))
    began, stage = "plan", "How the journey began"
    if folder.has_table("touches"):
        sold, began, stage = _first_touch(folder, sold), "touchpoint", "First touch"
    counted = sold.group_by([began, "channel", "fulfilment"]).aggregate([([], "count_all")]).to_pylist()
    ways: dict[tuple[str, ...], int] = {
        (_words(r[began], "no touch"), _words(r["channel"]), _words(r["fulfilment"])): int(r["count_all"]) for r in counted
    }
    return Flows(title, (stage, "Paid in", "Handed over"), ways) if ways else None


def _first_touch(folder: ResultFolder, sold: pa.Table) -> pa.Table:
    """The orders with the touchpoint of their mission's first touch."""
    touches = read_arrow(folder.path / "touches.parquet", ["mission", "touchpoint"])
    first = touches.group_by("mission", use_threads=False).aggregate([("touchpoint", "first")]).rename_columns(["mission", "touchpoint"])
    return sold.join(first, keys="order_id", right_keys="mission", join_type="left outer")


def _words(value: object, nothing: str = "not told") -> str:
    return str(value).replace("_", " ") if value not in (None, "") else nothing


@dataclass(frozen=True)
class Streams:
    """What an alluvial picture draws.

    stages : words of each stage; order : its names, left to right; sizes : name -> how many stand there
    links : from each stage to the next, (from, to, whose colour) -> how many
    colours : key of a link -> colour; boxes : name -> colour of its box, a stage each; unit : what is counted
    """

    title: str
    note: str
    stages: Sequence[str]
    order: Sequence[Sequence[str]]
    sizes: Sequence[Mapping[str, float]]
    links: Sequence[Mapping[tuple[str, str, str], float]]
    colours: Mapping[str, str]
    boxes: Sequence[Mapping[str, str]]
    unit: str


def alluvial(flows: Flows) -> str:
    """Streams of orders between stages; the smallest of a stage are one stream "all others", and each keeps the colour of its beginning."""
    total = sum(flows.ways.values())
    kept = [_largest(flows.ways, place) for place in range(len(flows.stages))]
    ways: Counter[tuple[str, ...]] = Counter()
    for way, n in flows.ways.items():
        ways[tuple(name if name in kept[i] else OTHER for i, name in enumerate(way))] += n
    sizes: list[Counter[str]] = [Counter() for _ in flows.stages]
    links: list[Counter[tuple[str, str, str]]] = [Counter() for _ in flows.stages[1:]]
    for way, n in ways.items():
        for i, name in enumerate(way):
            sizes[i][name] += n
        for i in range(len(links)):
            links[i][way[i], way[i + 1], way[0]] += n
    colours = _colours(kept[0])
    boxes = [colours, *({} for _ in flows.stages[1:])]
    return drawn(Streams(flows.title, f"{total:,} orders; wider is more of them", flows.stages, kept, sizes, links, colours, boxes, "orders"))


def between(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str], stages: Sequence[str], title: str, most: int = 6) -> str:
    """Streams between neighbouring touches before purchases; touchpoints beyond the `most` commonest are one, each has its own colour.

    rows : place, from, to, count; a journey may begin at a later place, so a place holds what comes or what goes, whichever is more
    """
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["from"]] += row["count"]
        sums[row["to"]] += row["count"]
    if not sums:
        return ""
    first = [name for name, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0]))]
    shown = first if len(first) <= most else first[:most]
    word = lambda name: titles.get(name, name) if name in shown else OTHER
    links: list[Counter[tuple[str, str, str]]] = [Counter() for _ in stages[1:]]
    for row in rows:
        links[row["place"]][word(row["from"]), word(row["to"]), word(row["from"])] += row["count"]
    sizes: list[dict[str, float]] = []
    for place in range(len(stages)):
        leaves, comes = Counter[str](), Counter[str]()
        for (a, _, _), n in links[place].items() if place < len(links) else ():
            leaves[a] += n
        for (_, b, _), n in links[place - 1].items() if place else ():
            comes[b] += n
        sizes.append({name: max(leaves[name], comes[name]) for name in {**leaves, **comes}})
    names = [*(word(name) for name in shown), *([OTHER] if len(first) > most else [])]
    order = [[name for name in names if size.get(name, 0) > 0] for size in sizes]
    colours = _colours(names)
    total = max(sum(size.values()) for size in sizes)
    return drawn(Streams(title, f"{total:,.0f} purchases a run; wider is more of them", stages, order, sizes, links, colours, [colours] * len(stages), "purchases"))


def _colours(names: Sequence[str]) -> dict[str, str]:
    return {name: SERIES[i % len(SERIES)] if name != OTHER else "#8f98a3" for i, name in enumerate(names)}


def drawn(streams: Streams) -> str:
    """The picture. Reads down the page at any width: stages are rows, streams run from one to the next, wider is more."""
    total = max((sum(size.values()) for size in streams.sizes), default=0)
    canvas = Canvas(streams.title, streams.note)
    canvas.heading()
    if not total:
        return canvas.done("no order")
    places = [_places(size, names, total) for size, names in zip(streams.sizes, streams.order, strict=True)]
    gap, said = 92, []
    for i, stage in enumerate(streams.stages):
        canvas.y += 16
        canvas.text(0, stage, size=12, colour=SOFT)
        canvas.y += 4
        top = canvas.y
        for name, (left, wide) in places[i].items():
            n = streams.sizes[i][name]
            canvas.box(left, wide, top, 20, streams.boxes[i].get(name, "#3c4550"), hint=f"{name}: {n:,.0f} {streams.unit}, {100 * n / total:.1f} %")
            if wide > 3:
                inner = fit(say(name), max(2, int(wide / 2.1)))
                if inner.strip("…"):
                    canvas.raw(f'<text x="{left + 0.6:g}%" y="{top + 14:g}" font-size="11.5" fill="{PAPER}">{escaped(inner)}</text>')
        said.append(f"{say(stage)}: " + ", ".join(f"{say(name)} {100 * streams.sizes[i][name] / total:.0f} %" for name in places[i]))
        canvas.y = top + 20
        if i + 1 < len(streams.stages):
            canvas.raw(_streams(streams, i, places, total, canvas.y, gap))
            canvas.y += gap
    canvas.y += 8
    for i, stage in enumerate(streams.stages):
        for line in _listed(stage, [(name, streams.sizes[i][name] / total) for name in places[i]]):
            canvas.y += 16
            canvas.text(0, line, size=12, colour=INK)
    return canvas.done("; ".join(said))


def _listed(stage: str, shares: Sequence[tuple[str, float]]) -> list[str]:
    """The stage's shares as lines of text, for streams too narrow for their name."""
    return lines_of(f"{say(stage)}: " + ", ".join(f"{fit(say(name), 24)} {100 * share:.1f} %" for name, share in shares), 54)


def _largest(ways: dict[tuple[str, ...], int], place: int) -> list[str]:
    """Names of a stage, the most orders first; from the eighth on they are one."""
    sums: Counter[str] = Counter()
    for way, n in ways.items():
        sums[way[place]] += n
    names = [name for name, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0]))]
    return names if len(names) <= MOST + 1 else [*names[:MOST], OTHER]


def _room(places: Mapping[str, Any]) -> float:
    """Per cent of the width that the boxes of a full stage share: 1 % stands between neighbours."""
    return 100.0 - (len(places) - 1)


def _places(sizes: Mapping[str, float], names: Sequence[str], total: float) -> dict[str, tuple[float, float]]:
    """Left end and width of each name in per cent."""
    out, at = {}, 0.0
    for name in names:
        wide = (100.0 - (len(names) - 1)) * sizes[name] / total
        out[name] = (at, wide)
        at += wide + 1.0
    return out


def _streams(streams: Streams, i: int, places: Sequence[dict[str, tuple[float, float]]], total: float, top: float, gap: float) -> str:
    """Bands from stage i to the next, each from the next free place of both its ends."""
    upper, lower, merged = places[i], places[i + 1], streams.links[i]
    from_at = {name: left for name, (left, _) in upper.items()}
    to_at = {name: left for name, (left, _) in lower.items()}
    order = {name: k for k, name in enumerate(streams.colours)}
    rank = [{name: k for k, name in enumerate(p)} for p in (upper, lower)]
    paths: dict[tuple[str, str, str], list[float]] = {key: [0.0] * 4 for key in merged}
    for a, b, c in sorted(merged, key=lambda k: (rank[0][k[0]], rank[1][k[1]], order[k[2]])):
        wide = _room(upper) * merged[a, b, c] / total
        paths[a, b, c][0:2] = [from_at[a], from_at[a] + wide]
        from_at[a] += wide
    for a, b, c in sorted(merged, key=lambda k: (rank[1][k[1]], rank[0][k[0]], order[k[2]])):
        wide = _room(lower) * merged[a, b, c] / total
        paths[a, b, c][2:4] = [to_at[b], to_at[b] + wide]
        to_at[b] += wide
    bands = []
    for (a, b, c), (u0, u1, l0, l1) in paths.items():
        d = f"M{u0:.2f} 0C{u0:.2f} 50 {l0:.2f} 50 {l0:.2f} 100H{l1:.2f}C{l1:.2f} 50 {u1:.2f} 50 {u1:.2f} 0Z"
        bands.append(f'<path d="{d}" fill="{streams.colours[c]}" opacity=".45"><title>{escaped(f"{a} → {b}: {merged[a, b, c]:,.0f} {streams.unit}")}</title></path>')
    return f'<svg x="0" y="{top:g}" width="100%" height="{gap:g}" viewBox="0 0 100 100" preserveAspectRatio="none">{"".join(bands)}</svg>'
