"""Figures of a twin with matplotlib, for notebooks: fans, scores, gains, widths of parameters, days. Every figure from tables alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from omosim.reports.plots import families, new_axes
from omosim.results.words import SHARES, counted, minor_units, number, safe_text, unit_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
BLUE, ORANGE, GREEN, GREY, BAND = "#2457a6", "#c45a00", "#00795c", "#8f98a3", "#c9d8ee"
_PER = {"day": "a day", "week": "a week", "hour": "an hour"}
#: colours of the twin and of what it is held against
_RIVALS = (("crps", "the twin", BLUE, "o"), ("crps_naive", "last week again", ORANGE, "s"), ("crps_ets", "exponential smoothing", GREEN, "^"))


def title_of(series: str) -> str:
    """A series in words: orders.web is orders, web."""
    head, _, tail = series.partition(".")
    words = head.replace("_", " ")
    return safe_text(words[:1].upper() + words[1:] + (f", {tail}" if tail else ""), 60)


def fan_axes(rows: pd.DataFrame, past: Sequence[tuple[date, float]], series: str, unit: str, step: str, ax: Axes | None = None) -> Axes:
    """What was seen, then what is foretold: the middle, half of the worlds, nine of ten; dots are what has come since.

    Parameters
    ----------
    rows : of forecasts.parquet, one origin, series and step; past : (day or first day of a week, value in the series' unit),
        NaN where not observed; unit : with the currency, as `minor GBP`
    step : day, week or hour
    ax : axes to draw on, default a new figure. Texts are set without mathtext.
    """
    ax = ax if ax is not None else new_axes((8.2, 3.8))
    scale = _divisor(unit)
    origin = min(date.fromisoformat(str(d)[:10]) for d in rows["date"])
    trades = (rows["q95"].to_numpy(float) > 0) | (rows["actual"].to_numpy(float) > 0)
    rows = rows[trades] if step == "day" and trades.any() else rows  # closed days are no news
    rows = rows.sort_values(["date", *(["hour"] if step == "hour" else [])])
    hours = rows["hour"].to_numpy(float) if step == "hour" else np.zeros(len(rows))
    at = _at(rows["date"]) + hours / 24
    of = lambda name: rows[name].to_numpy(float) / scale
    if past:
        ax.plot(_at(d for d, _ in past), [v / scale for _, v in past], color=BLUE, linewidth=1.4, marker="o" if step == "week" else None, markersize=3, label="seen before")
    ax.fill_between(at, of("q05"), of("q95"), color=BAND, linewidth=0, label="nine of ten")
    if "k225" in rows and "k725" in rows:
        ax.fill_between(at, (of("k225") + of("k275")) / 2, (of("k725") + of("k775")) / 2, color="#93b2dd", linewidth=0, label="one of two")
    ax.plot(at, of("q50"), color="#1b3f7a", linestyle="--", linewidth=1.4, marker="o" if step == "week" else None, markersize=3, label="foretold, the middle")
    came = of("actual")
    known = np.isfinite(came)
    if known.any():
        ax.plot(at[known], came[known], linestyle="none", marker="o", markersize=4, color=ORANGE, label="came", zorder=4)
    ax.axvline(float(_at([origin])[0]), color=GREY, linewidth=1)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(f"{_measure(series, unit)} {_PER[step]}", parse_math=False)
    held = f"; {int(((came >= of('q05')) & (came <= of('q95')))[known].sum())} of {int(known.sum())} that came lie in nine of ten" if known.any() else ""
    what = {"day": "by day", "week": "by week", "hour": "by hour"}[step]
    return _dated(ax, f"{title_of(series)} {what}, foretold from {_day(origin)}{held}")


def miss_axes(scores: pd.DataFrame, series: str, unit: str, ax: Axes | None = None) -> Axes:
    """How far whole weeks were missed (CRPS), week by week, of the twin and of simpler forecasts; ax as in `fan_axes`.

    scores : of scores.parquet, one series; a week that several forecasts foretold counts by the last of them
    """
    ax = ax if ax is not None else new_axes((8.2, 3.4))
    last = _weeks(scores)
    scale = _divisor(unit)
    for column, words, colour, mark in _RIVALS:
        values = last[column].to_numpy(float) / scale
        if np.isfinite(values).any():
            ax.plot(_at(last["week"]), values, color=colour, marker=mark, markersize=5, linewidth=1.4, label=f"{words}: {_short(float(np.nanmean(values)))} on average")
    ax.set_ylim(bottom=0)
    ax.set_ylabel(f"miss (CRPS) [{_measure(series, unit)} a week]", parse_math=False)
    return _dated(ax, f"{title_of(series)}: how far each week was missed; lower is better", ticks=last["week"].tolist())


def held_axes(scores: pd.DataFrame, series: str, unit: str, ax: Axes | None = None) -> Axes:
    """Weeks that came, beside the bands in which nine of ten should lie; arguments as in `miss_axes`."""
    ax = ax if ax is not None else new_axes((8.2, 3.4))
    last = _weeks(scores)
    scale = _divisor(unit)
    inside = last["covered"].astype(bool).to_numpy()
    at = _at(last["week"])
    low, high, came = (last[name].to_numpy(float) / scale for name in ("q05", "q95", "actual"))
    ax.vlines(at, low, high, color="#93b2dd", linewidth=9, label="foretold, nine of ten")
    for mine, colour, words in ((inside, GREEN, "came, inside"), (~inside, ORANGE, "came, outside")):
        if mine.any():
            ax.plot(at[mine], came[mine], linestyle="none", marker="o", markersize=6, color=colour, label=words)
    ax.set_ylim(bottom=0)
    ax.margins(x=0.08)
    ax.set_ylabel(f"{_measure(series, unit)} a week", parse_math=False)
    return _dated(ax, f"{title_of(series)}: {int(inside.sum())} of {len(last)} weeks came inside their band", ticks=last["week"].tolist())


def gain_axes(decision: Mapping[str, Any], worlds: Mapping[str, np.ndarray] | None = None, ax: Axes | None = None) -> Axes:
    """What each way earns over the present one: a dot a world, the band of nine worlds of ten, the expected gain.

    decision : `decision.json`; worlds : way -> (N,) operating profit of each world, minor; ax as in `fan_axes`
    """
    ways = [way for way in decision["ways"] if way["way"] != decision["present"]]
    ax = ax if ax is not None else new_axes((8.2, 1.5 + 0.55 * max(1, len(ways))))
    unit = str(decision["unit"])
    scale = _divisor(unit)
    for y, way in enumerate(reversed(ways)):
        colour = GREEN if way["low"] > 0 else ORANGE if way["high"] < 0 else "#5b6470"
        if worlds is not None and way["way"] in worlds:
            gains = np.sort((worlds[way["way"]] - worlds[decision["present"]]) / scale)
            ax.plot(gains, y - 0.22 + 0.06 * (np.arange(gains.size) % 3 - 1), linestyle="none", marker=".", markersize=4, color=GREY, alpha=0.7, label="a world" if y == 0 else None)
        ax.plot([way["low"] / scale, way["high"] / scale], [y, y], color=colour, linewidth=3, solid_capstyle="round", alpha=0.6, label="nine worlds of ten" if y == 0 else None)
        ax.plot([way["gain"] / scale], [y], marker="o", color=colour, linestyle="none", label="expected" if y == 0 else None)
        ax.annotate(number(way["gain"], unit, sign=True), (way["gain"] / scale, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8, color=colour, parse_math=False)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(range(len(ways)), labels=[safe_text(w["way"], 60) for w in reversed(ways)], parse_math=False)
    ax.set_ylim(-0.6, max(0.6, len(ways) - 0.4))
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter(lambda v, _: _short(v))
    ax.set_xlabel(f"operating profit above {safe_text(decision['present'], 40).replace('_', ' ')} [{unit_words(unit)}, {decision['days']} days]", parse_math=False)
    return _finished(ax, f"What each way earns from {_day(date.fromisoformat(str(decision['from'])))} on, in {decision['members']} plausible worlds")


def width_axes(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What the data told of each parameter: its band before the data (grey) and after them; ax as in `fan_axes`.

    rows : title, unit, prior_low, prior_high, low, median, high, verdict; each row is drawn on the scale of its own prior,
        logarithmic where all of it is above 0
    """
    ax = ax if ax is not None else new_axes((10, 1.2 + 0.38 * max(1, len(rows))))
    count = len(rows)
    colours = {"told": GREEN, "partly told": BLUE}
    for i, row in enumerate(rows.to_dict("records")):
        y = count - 1 - i
        ends = [float(row[k]) for k in ("prior_low", "prior_high")]
        within = lambda v, ends=ends: float(np.log(max(v, 1e-300) / ends[0]) / np.log(ends[1] / ends[0]) if ends[0] > 0 else (v - ends[0]) / (ends[1] - ends[0]))
        colour = colours.get(str(row["verdict"]), ORANGE)
        ax.plot([0, 1], [y, y], color="#dfe3e8", linewidth=9, solid_capstyle="butt")
        ax.plot([within(row["low"]), within(row["high"])], [y, y], color=colour, linewidth=3, solid_capstyle="round")
        ax.plot([within(row["median"])], [y], marker="o", color=colour)
        ax.annotate(f"{_figure(row['low'])} to {_figure(row['high'])} {safe_text(row['unit'], 16)}: {safe_text(row['verdict'], 20)}".replace(" :", ":"), (1.03, y), xycoords=("axes fraction", "data"), va="center", fontsize=8, parse_math=False)
    ax.set_yticks(range(count), labels=[safe_text(r, 60) for r in reversed(rows["title"].tolist())], parse_math=False)
    ax.set_xticks([0, 0.5, 1], labels=["lowest", "middle", "highest"])
    ax.set_xlabel("where 95 % lie, on the scale of what was thought possible before the data (grey)", parse_math=False)
    ax.set_ylim(-0.6, count - 0.4)
    return _finished(ax, f"What the data told of {count} parameters", legend=False)


def error_axes(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """How sure closed forms are: half of the band of nine tenths in per cent of the value, where there is a standard error; ax as in `fan_axes`.

    rows : title, value, half (of the band, in the value's unit), words (the value with its unit)
    """
    known = rows[np.isfinite(rows["half"].to_numpy(float)) & (rows["value"] != 0)]
    ax = ax if ax is not None else new_axes((8.2, 1.2 + 0.34 * max(1, len(known))))
    share = [100 * abs(float(h) / float(v)) for h, v in zip(known["half"], known["value"], strict=True)]
    for i, (row, half) in enumerate(zip(known.to_dict("records"), share, strict=True)):
        y = len(known) - 1 - i
        ax.barh(y, half, height=0.55, color=GREEN if half < 10 else BLUE if half < 50 else ORANGE)
        ax.annotate(f"{row['words']} ± {half:,.{0 if half >= 10 else 1}f} %", (half, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, parse_math=False)
    ax.set_xscale("log")
    ax.set_xlim(0.3, 20 * max([10.0, *share]))
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,g}")
    ax.set_yticks(range(len(known)), labels=[safe_text(t, 60) for t in reversed(known["title"].tolist())], parse_math=False)
    ax.set_ylim(-0.6, max(0.6, len(known) - 0.4))
    ax.set_xlabel("half of the band in which nine of ten lie [% of the value]", parse_math=False)
    return _finished(ax, f"How sure {len(known)} parameters are; {len(rows) - len(known)} more have no error of their own", legend=False)


def day_axes(days: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Orders of each day, and which days are not known; ax as in `fan_axes`.

    days : date, state (observed, closed, gap, partial), orders
    """
    ax = ax if ax is not None else new_axes((8.2, 3.2))
    at = _at(days["date"])
    state, orders = days["state"].to_numpy(str), days["orders"].to_numpy(float)
    seen = state == "observed"
    ax.bar(at[seen], orders[seen], width=0.9, color=BLUE, label="observed")
    for name, colour, words in (("gap", ORANGE, "no rows: not observed"), ("partial", "#e0b000", "part of a day")):
        for i, day in enumerate(at[state == name].tolist()):
            ax.axvspan(day - 0.5, day + 0.5, color=colour, alpha=0.45, linewidth=0, label=words if i == 0 else None)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("orders a day", parse_math=False)
    counts = {name: int((state == name).sum()) for name in ("observed", "closed", "gap", "partial")}
    told = {"observed": "observed", "closed": "closed", "gap": "not observed", "partial": "in part"}
    return _dated(ax, "Orders by day: " + ", ".join(f"{counted(n, 'day')} {told[name]}" for name, n in counts.items() if n))


# ---- parts -----------------------------------------------------------------------------------------------------
def _weeks(scores: pd.DataFrame) -> pd.DataFrame:
    """A row a week, by the last forecast before it, with the week's first day as `week`."""
    out = scores.copy()
    out["week"] = [date.fromisoformat(str(o)[:10]) + timedelta(days=7 * (int(h) - 1)) for o, h in zip(out["origin"], out["horizon"], strict=True)]
    return out.sort_values(["week", "origin"]).drop_duplicates("week", keep="last")


def _at(days: Iterable[Any]) -> Floats:
    """Days (dates or ISO texts) as matplotlib counts them."""
    from matplotlib.dates import date2num

    return np.array([float(date2num(np.datetime64(str(d)[:10], "s"))) for d in days])


def _measure(series: str, unit: str) -> str:
    """What an axis counts: GBP, or the unit, or the series where it has none."""
    return unit_words(unit) or title_of(series).lower()


def _divisor(unit: str) -> float:
    """From a figure to what the axis shows: shares in per cent, money in its major unit."""
    return 0.01 if unit in SHARES else minor_units(unit)


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _figure(value: float) -> str:
    """Three digits, and never an exponent of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _short(value: float) -> str:
    """A number of an axis: 1.2 million as 1.2M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:,.3g}{letter}"
    return f"{value:,.3g}"


def _dated(ax: Axes, title: str, ticks: Sequence[date] = ()) -> Axes:
    """An axis of dates, and money in short."""
    from matplotlib import dates

    if ticks and len(ticks) <= 8:
        ax.set_xticks(_at(ticks), labels=[f"{t.day} {t:%b}" for t in ticks])
        ax.set_xlabel(f"week from, {ticks[-1].year}", parse_math=False)
    else:
        where = dates.AutoDateLocator()
        ax.xaxis.set_major_locator(where)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(where))
    ax.yaxis.set_major_formatter(lambda v, _: _short(v))
    return _finished(ax, title)


def _finished(ax: Axes, title: str, legend: bool = True) -> Axes:
    """Title and legend without mathtext, in fonts that have Hangul; no frame."""
    ax.set_title(safe_text(title, 140), loc="left", fontsize=11, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    texts = [ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels(), *ax.texts]  # type: ignore[attr-defined]
    if legend and ax.get_legend_handles_labels()[1]:
        tall = max(0.4, ax.get_window_extent().height / ax.figure.dpi)  # inches of the axes, so that the legend clears the words below
        below = -(0.62 if ax.get_xlabel() else 0.42) / tall
        texts += ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, below), ncols=5).get_texts()
    for text in texts:
        text.set_parse_math(False)
        text.set_fontfamily(families())
    return ax
