"""How purchases came about: an alluvial picture of orders from how they began to how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def alluvial(flows: Flows) -> str:
    """Streams between columns, as high as the orders they carry; the smallest of a stage are one stream "all others".

    Reads down the page at any width: stages are rows, streams run from one to the next, wider is more.
    """
    total = sum(flows.ways.values())
    canvas = Canvas(flows.title, f"{total:,} orders; wider is more of them")
    canvas.heading()
    if not total:
        return canvas.done("no order")
    kept = [_largest(flows.ways, place) for place in range(len(flows.stages))]
    ways: Counter[tuple[str, ...]] = Counter()
    for way, n in flows.ways.items():
        ways[tuple(name if name in kept[i] else OTHER for i, name in enumerate(way))] += n
    places = [_places(ways, i, kept[i], total) for i in range(len(flows.stages))]
    colour = {name: SERIES[i % len(SERIES)] if name != OTHER else "#8f98a3" for i, name in enumerate(kept[0])}
    gap, said = 92, []
    for i, stage in enumerate(flows.stages):
        canvas.y += 16
        canvas.text(0, stage, size=12, colour=SOFT)
        canvas.y += 4
        top = canvas.y
        for name, (left, wide) in places[i].items():
            n = round(wide * total / _room(places[i]))
            fill = colour.get(name, "#3c4550") if i == 0 else "#3c4550"
            canvas.box(left, wide, top, 20, fill, hint=f"{name}: {n:,} orders, {100 * n / total:.1f} %")
            if wide > 3:
                inner = fit(say(name), max(2, int(wide / 2.1)))
                canvas.raw(f'<text x="{left + 0.6:g}%" y="{top + 14:g}" font-size="11.5" fill="{PAPER}">{escaped(inner)}</text>')
        said.append(f"{say(stage)}: " + ", ".join(f"{say(name)} {100 * _count(ways, i, name) / total:.0f} %" for name in places[i]))
        canvas.y = top + 20
        if i + 1 < len(flows.stages):
            canvas.raw(_streams(ways, i, places, colour, total, canvas.y, gap))
            canvas.y += gap
    canvas.y += 8
    for i, stage in enumerate(flows.stages):
        for line in _listed(stage, [(name, _count(ways, i, name) / total) for name in places[i]]):
            canvas.y += 16
            canvas.text(0, line, size=12, colour=INK)
    return canvas.done("; ".join(said))


def _listed(stage: str, shares: Sequence[tuple[str, float]]) -> list[str]:
    """The stage's shares as lines of text, for streams too narrow for their name."""
    return lines_of(f"{say(stage)}: " + ", ".join(f"{fit(say(name), 24)} {100 * share:.1f} %" for name, share in shares), 54)


def _count(ways: Counter[tuple[str, ...]], place: int, name: str) -> int:
    return sum(n for way, n in ways.items() if way[place] == name)


def _largest(ways: dict[tuple[str, ...], int], place: int) -> list[str]:
    """Names of a stage, the most orders first; from the eighth on they are one."""
    sums: Counter[str] = Counter()
    for way, n in ways.items():
        sums[way[place]] += n
    names = [name for name, _ in sorted(sums.items(), key=lambda item: (-item[1], item[0]))]
    return names if len(names) <= MOST + 1 else [*names[:MOST], OTHER]


def _room(places: dict[str, tuple[float, float]]) -> float:
    return sum(wide for _, wide in places.values())


def _places(ways: Counter[tuple[str, ...]], place: int, names: Sequence[str], total: int) -> dict[str, tuple[float, float]]:
    """Left end and width of each name in per cent, with 1 % between neighbours."""
    room = 100.0 - (len(names) - 1)
    out, at = {}, 0.0
    for name in names:
        wide = room * _count(ways, place, name) / total
        out[name] = (at, wide)
        at += wide + 1.0
    return out


def _streams(
    ways: Counter[tuple[str, ...]], i: int, places: Sequence[dict[str, tuple[float, float]]], colour: dict[str, str], total: int, top: float, gap: float
) -> str:  # fmt: skip
    """Bands from stage i to the next, coloured by where they began, each from the next free place of both its ends."""
    upper, lower = places[i], places[i + 1]
    from_at = {name: left for name, (left, _) in upper.items()}
    to_at = {name: left for name, (left, _) in lower.items()}
    order = {name: k for k, name in enumerate(places[0])}
    merged: Counter[tuple[str, str, str]] = Counter()
    for way, n in ways.items():
        merged[way[i], way[i + 1], way[0]] += n
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
    drawn = []
    for (a, b, c), (u0, u1, l0, l1) in paths.items():
        d = f"M{u0:.2f} 0C{u0:.2f} 50 {l0:.2f} 50 {l0:.2f} 100H{l1:.2f}C{l1:.2f} 50 {u1:.2f} 50 {u1:.2f} 0Z"
        drawn.append(f'<path d="{d}" fill="{colour[c]}" opacity=".45"><title>{escaped(f"{a} → {b}: {merged[a, b, c]:,} orders")}</title></path>')
    return f'<svg x="0" y="{top:g}" width="100%" height="{gap:g}" viewBox="0 0 100 100" preserveAspectRatio="none">{"".join(drawn)}</svg>'
