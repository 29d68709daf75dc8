"""A result in other formats: `omosim report DIR format=html,xlsx,csv,png,svg`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omosim.reports.drawings import drawings, svg_of
from omosim.reports.export import NativeChart, safe_cell, write_xlsx
from omosim.reports.labels import title
from omosim.reports.svg import standalone
from omosim.results import ResultFolder, write_bytes, write_text
from omosim.results.words import minor_units, unit_words

FORMATS = ("html", "xlsx", "csv", "png", "svg")
SHEET_ROWS = 100_000  # a longer table is named in the first sheet and left to csv and Parquet
Columns = dict[str, list[Any]]


def write_csvs(folder: ResultFolder) -> list[Path]:
    """Every table as `csv/NAME.csv`, a part at a time; no cell is ever a formula."""
    return [write_bytes(_made(folder, "csv") / f"{path.stem}.csv", _csv(path)) for path in _tables(folder)]


def write_figures(folder: ResultFolder, kind: str) -> list[Path]:
    """The figures as `figures/NAME.svg` (as the page draws them) or `.png` (matplotlib, 160 dots an inch)."""
    out = []
    for name, drawing in drawings(folder).items():
        target = _made(folder, "figures") / f"{name}.{kind}"
        out.append(write_text(target, standalone(svg_of(drawing))) if kind == "svg" else write_bytes(target, _png(drawing)))
    return out


def write_book(folder: ResultFolder) -> Path:
    """`report.xlsx`: the answer and origin, then the tables, with charts that the spreadsheet draws itself."""
    sheets, left = {}, []
    for path in _tables(folder):
        rows = _rows(path)
        if rows > SHEET_ROWS:
            left.append((path.stem, f"{rows:,} rows: in {path.name}, or format=csv"))
        else:
            sheets[path.stem] = folder.read_table(path.stem)
    first = _first(folder, left)
    shown, charts = _charts(folder)
    return write_xlsx(folder.path / "report.xlsx", {"answer": first, **shown, **sheets}, charts)


def _made(folder: ResultFolder, name: str) -> Path:
    place = folder.path / name
    place.mkdir(exist_ok=True)
    return place


def _tables(folder: ResultFolder) -> list[Path]:
    return sorted(folder.path.glob("*.parquet"))


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(path).metadata.num_rows)


def _csv(path: Path) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for part in _parts(path):
        writer.writerows(part)
    return out.getvalue().encode("utf-8-sig", errors="backslashreplace")


def _parts(path: Path) -> Iterator[list[list[Any]]]:
    """The head, then some thousand rows at a time."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    yield [[safe_cell(name) for name in file.schema_arrow.names]]
    for batch in file.iter_batches(batch_size=1 << 15):
        columns = [column.to_pylist() for column in batch.columns]
        yield [["" if v is None else safe_cell(v) for v in row] for row in zip(*columns, strict=True)]


def _png(drawing: Any) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from omosim.reports.plots import draw, figure_height

    with mpl.rc_context():
        picture = Figure(figsize=(7.6, figure_height(drawing)), layout="constrained")
        FigureCanvasAgg(picture)
        draw(drawing, picture.add_subplot())
        out = io.BytesIO()
        picture.savefig(out, format="png", dpi=160, metadata={"Software": None})
    return out.getvalue()


def _first(folder: ResultFolder, left: Sequence[tuple[str, str]]) -> Columns:
    summary, origin = folder.summary(), folder.provenance()
    rows = [("answer", str(summary.get("answer", ""))), ("command", folder.command), ("command line", " ".join(map(str, origin.get("argv", []))))]
    rows += [(name, str(origin.get(name, ""))) for name in ("seed", "config_hash", "code_version", "finished")]
    rows += [("assumed", "values without a published source: report.html and assumptions.json list them"), *left]
    return {"what": [a for a, _ in rows], "is": [b for _, b in rows]}


def _charts(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    """Sheets made for charts, and the charts of all sheets."""
    return _CHARTS.get(folder.command, lambda _: ({}, {}))(folder)


def _compare(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    rows = [row for row in folder.summary().get("comparison", []) if row["kpi"] == "operating_profit" and row["diff"] is not None]
    if not rows:
        return {}, {}
    scale, unit = minor_units(rows[0]["unit"]), unit_words(rows[0]["unit"])
    names = ("strategy", "verdict")
    sheet: Columns = {n: [row[n] for row in rows] for n in names} | {n: [None if row[n] is None else row[n] / scale for row in rows] for n in ("diff", "ci_low", "ci_high")}
    chart = NativeChart(f"{title('operating_profit')}: difference from {rows[0]['baseline']}, 95 % interval", unit, "bar", "strategy", ("diff",), "ci_low", "ci_high")
    return {"profit": sheet}, {"profit": [chart]}


def _run(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    if not folder.has_table("daily"):
        return {}, {}
    table = folder.read_table("daily")
    key = "date" if "date" in table else "day"
    kept = [name for name in ("orders_web", "orders_store", "orders_live", "orders_social", "orders") if name in table and any(table[name])]
    start = next((i for i, d in enumerate(table.get("day", [])) if not isinstance(d, int) or d >= 0), 0)
    if not kept:
        return {}, {}
    return {}, {"daily": [NativeChart("Orders a day", "orders", "line", key, tuple(kept), rows=(start, len(table[key]) - start))]}


def _sweep(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    rows = folder.summary().get("futures", [])
    scale = minor_units(f"minor {folder.summary().get('unit', '')}".strip())
    unit = str(folder.summary().get("unit", ""))
    if not rows:
        return {}, {}
    sheet: Columns = {"strategy": [row["strategy"] for row in rows], "best_at": [row["share_best"] for row in rows]}
    if rows[0].get("points") == 1:  # no share, and no worst tenth
        sheet = {"strategy": sheet["strategy"], "gain": [row["gain"] / scale for row in rows]}
        return {"one_point": sheet}, {"one_point": [NativeChart("Gain over the baseline", unit, "bar", "strategy", ("gain",))]}
    sheet |= {n: [None if row[n] is None else row[n] / scale for row in rows] for n in ("gain", "worst_decile", "regret")}
    return {"over_all_points": sheet}, {"over_all_points": [
        NativeChart("Share of points at which a strategy is best", "share", "bar", "strategy", ("best_at",)),
        NativeChart("Gain over the baseline, and in the worst tenth of points", unit, "bar", "strategy", ("gain", "worst_decile")),
    ]}  # fmt: skip


def _validate(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    rows = [row for row in folder.summary().get("validation", []) if row["simulated"] is not None]
    units = list(dict.fromkeys(row["unit"] for row in rows))
    sheet: Columns = {"figure": [], **{n: [] for n in ("unit", "simulated", "ci_low", "ci_high", "band_low", "band_high", "verdict")}}
    charts = []
    for unit in units:  # figures of one unit share an axis
        mine = [row for row in rows if row["unit"] == unit]
        first = len(sheet["figure"])
        sheet["figure"] += [f"{row['pattern']} {row['outcome']}" for row in mine]
        for name in list(sheet)[1:]:
            sheet[name] += [row[name] for row in mine]
        words = unit_words(unit) if unit not in ("share", "rate", "probability") else "share"
        charts.append(NativeChart(f"Simulated, with its 95 % interval ({words or 'ratio'})", words, "bar", "figure", ("simulated",), "ci_low", "ci_high", (first, len(mine))))
    return ({"figures": sheet}, {"figures": charts}) if rows else ({}, {})


def _bopis(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    plan = folder.read_json("plan.json")
    pools = [p for p in ("pickers", "counter", "staff") if p in next(iter(plan["days"].values()))["staff_by_interval"][0]]
    sheets: dict[str, Columns] = {}
    charts: dict[str, list[NativeChart]] = {}
    for name, day in plan["days"].items():
        rows = day["staff_by_interval"]
        sheets[f"people_{name}"] = {"from": [row["from"] for row in rows], **{p: [row[p] for row in rows] for p in pools}}
        charts[f"people_{name}"] = [NativeChart(f"People planned, {name}", "people", "column", "from", tuple(pools))]
    return sheets, charts


def _calibrate(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    if not folder.has_table("weekly"):
        return {}, {}
    return {}, {"weekly": [NativeChart("Weekly orders", "orders a week", "line", "week", ("actual", "simulated"))]}


_CHARTS = {"compare": _compare, "run": _run, "sweep": _sweep, "validate": _validate, "bopis": _bopis, "calibrate": _calibrate}


def write_formats(folder: ResultFolder, formats: Sequence[str]) -> list[Path]:
    """The files of all formats but html; figures and tables of the whole result."""
    out: list[Path] = []
    for kind in formats:
        if kind == "xlsx":
            out.append(write_book(folder))
        elif kind == "csv":
            out += write_csvs(folder)
        elif kind in ("png", "svg"):
            out += write_figures(folder, kind)
    return out


