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
    more, drawn = _tornado_sheets(folder.summary())
    return {"over_all_points": sheet, **more}, {**drawn, "over_all_points": [
        NativeChart("Share of points at which a strategy is best", "share", "bar", "strategy", ("best_at",)),
        NativeChart("Gain over the baseline, and in the worst tenth of points", unit, "bar", "strategy", ("gain", "worst_decile")),
    ]}  # fmt: skip


def _tornado_sheets(summary: dict[str, Any]) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    """A sheet a strategy: how far its gain moves from the mean at both ends of each input."""
    unit = str(summary.get("unit", ""))
    scale = minor_units(f"minor {unit}".strip())
    sheets: dict[str, Columns] = {}
    charts: dict[str, list[NativeChart]] = {}
    for i, s in enumerate((s for s in summary.get("studied", []) if s["tornado"] and s["gain"]), start=1):
        mean, rows, name = s["gain"]["mean"], s["tornado"][:12], f"tornado_{i}"
        sheets[name] = {"input": [r["input"] for r in rows], **{f"{end}_end": [(r[end] - mean) / scale for r in rows] for end in ("low", "high")}, **{f"{end}_at": [str(r[f"{end}_at"]) for r in rows] for end in ("low", "high")}}
        charts[name] = [NativeChart(f"{s['strategy']} less {s['baseline']}: change from the mean of {mean / scale:,.0f} at the low and the high end of each input", unit, "bar", "input", ("low_end", "high_end"))]
    return sheets, charts


def _value(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    summary = folder.summary()
    rows, scale = summary["values"], minor_units(f"minor {summary['unit']}".strip())
    if not rows:
        return {}, {}
    ends = {"a_year": "per_year", "low": "per_year_low", "high": "per_year_high"}
    sheet: Columns = {"capability": [r["capability"] for r in rows], **{n: [None if r[k] is None else r[k] / scale for r in rows] for n, k in ends.items()}, "verdict": [r["verdict"] for r in rows]}
    chart = NativeChart(f"From {summary['from']} to {summary['to']}: value of each capability a year, 95 % interval", summary["unit"], "bar", "capability", ("a_year",), "low", "high")
    return {"by_capability": sheet}, {"by_capability": [chart]}


def _flip(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    """Who pays over how much of the map; of one key the differences over it, too."""
    summary = folder.summary()
    names = summary["strategies"]
    sheets: dict[str, Columns] = {"who_pays": {"strategy": [*names, "cannot tell"], "share": [summary["shares"][n] for n in (*names, "cannot_tell")]}}
    charts = {"who_pays": [NativeChart("Share of the range where a strategy pays", "share", "bar", "strategy", ("share",))]}
    if len(summary["ranges"]) == 1 and folder.has_table("differences"):
        key, scale = summary["ranges"][0]["key"], minor_units(f"minor {summary['unit']}".strip()) * summary["days"] / 365
        table, at = folder.read_table("differences"), folder.read_table("map")[key]
        names = list(dict.fromkeys(table["strategy"]))
        found = {(n, at[p]): d / scale for n, p, d in zip(table["strategy"], table["point"], table["diff"], strict=True) if d is not None}
        values = sorted({value for _, value in found})
        sheets["by_value"] = {key: values, **{n: [found.get((n, v)) for v in values] for n in names}}
        charts["by_value"] = [NativeChart(f"Operating profit above {summary['baseline']} over {key}", f"{summary['unit']} a year", "scatter", key, tuple(names))]
    return sheets, charts


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


def _attribute(folder: ResultFolder) -> tuple[dict[str, Columns], dict[str, list[NativeChart]]]:
    from omosim.reports.attribute_screen import MODEL_WORDS, level_words, records

    rows, errors = (records(folder.read_table(name)) for name in ("attribution", "errors"))
    whole = (folder.summary()["net_revenue"] or 0.0) / 100
    now = [row for row in rows if row["level"] == "market" and row["counted"] and row["true_increment"] is not None]
    models = list(dict.fromkeys(row["model"] for row in errors))
    sheets: dict[str, Columns] = {}
    charts: dict[str, list[NativeChart]] = {}
    if now and whole:
        share = lambda v: None if v is None else v / whole
        by = {(row["touchpoint"], row["model"]): row for row in now}
        names = list(dict.fromkeys(row["touchpoint"] for row in now))
        ends = {"true_effect": "true_increment", "true_low": "true_increment_low", "true_high": "true_increment_high"}
        sheet: Columns = {"touchpoint": [by[n, models[0]]["title"] for n in names]} | {word: [share(by[n, models[0]][column]) for n in names] for word, column in ends.items()}
        sheets["credit_and_truth"] = sheet | {m: [share(by[n, m]["credit"]) for n in names] for m in models}
        charts["credit_and_truth"] = [NativeChart("True effect with its 95 % interval, and credit, log as it is", "% of net revenue", "bar", "touchpoint", ("true_effect", *models), "true_low", "true_high")]
    if any(row["share_error"] is not None for row in errors):
        levels = sorted({row["level"]: row for row in errors}.values(), key=lambda row: (row["identity_loss"] is None, row["identity_loss"] or 0.0))
        at = {(row["level"], row["model"]): row["share_error"] for row in errors}
        wrong: Columns = {"identity_lost": [level_words(row) for row in levels]}
        wrong |= {MODEL_WORDS.get(m, m): [None if (v := at[row["level"], m]) is None else 100 * v for row in levels] for m in models}
        sheets["wrong_place"] = wrong
        charts["wrong_place"] = [NativeChart("Credit in the wrong place, by identity lost", "% of the credit", "line", "identity_lost", tuple(list(wrong)[1:]))]
    return sheets, charts


_CHARTS = {
    "compare": _compare, "run": _run, "sweep": _sweep, "validate": _validate, "bopis": _bopis, "calibrate": _calibrate,
    "value": _value, "flip": _flip, "attribute": _attribute,
}  # fmt: skip


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


def lacking(folder: ResultFolder, formats: Sequence[str]) -> str:
    """Which of the formats have no picture or chart of this folder, in one line; empty when all have."""
    pictures = [kind for kind in ("png", "svg") if kind in formats]
    none = [f"{' and '.join(pictures)} write no file"] if pictures and not drawings(folder) else []
    none += ["report.xlsx has tables and no chart"] if "xlsx" in formats and not any(_charts(folder)[1].values()) else []
    return f"A {folder.command} folder has no picture for these formats: {'; '.join(none)}." if none else ""
