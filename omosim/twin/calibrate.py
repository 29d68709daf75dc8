"""Calibration: an order log in; a market, its hold-out check and the account of every row out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omosim.ingest import OrderLog, ReadOptions, read_log
from omosim.results import ResultFolder, write_json, write_parquet, write_text
from omosim.results.tables import plain_columns
from omosim.results.words import MINOR
from omosim.schema.settings import Settings
from omosim.twin import assumed, bgcnbd, holdout, laws
from omosim.twin.closing import Round, close, figures, level_after
from omosim.twin.errors import CalibrationError
from omosim.twin.generator import FittedLaws, generate
from omosim.twin.history import History, Windows, history_of, history_of_run, split
from omosim.twin.market import Market, Scales, build, digits, to_yaml

Simulate = Callable[[Settings], pd.DataFrame]
#: repeat purchases below which rates cannot be told from chance
LEAST_REPEATS = 20
SEASON = (
    "One year cannot teach its own season: no uplift by time of year is in this market, and none was read from the "
    "weeks held out."
)


@dataclass(frozen=True)
class CalibrateOptions:
    """How to calibrate."""

    holdout_days: int | None = None  # None: by holdout_share
    holdout_share: float | None = None  # None: the last three months, or a quarter of a shorter log
    max_bad_rows: float = 0
    timezone: str | None = None
    currency: str = "KRW"
    name: str = ""  # of the market; empty: from the file's name
    seed: int = 7
    replications: int = 4  # simulated logs in the hold-out table
    rounds: int = 6  # of the closing step


@dataclass
class CalibrationResult:
    """Everything a calibration found; `save` writes it, `text` prints it."""

    log: OrderLog
    fits: list[bgcnbd.RepeatFit]
    bands: list[laws.PriceBand]
    laws: FittedLaws
    market: Market  # as it stands after the log
    past: Market  # of the log's own time, as simulated for the check
    source: str  # "model" or "fitted law": where the simulated figures come from
    table: pd.DataFrame
    weekly: pd.DataFrame
    hours: pd.DataFrame
    rounds: list[Round]
    summary: dict[str, Any] = field(default_factory=dict)

    def save(self, out: Path) -> None:
        """Every table and both market files into a folder; `summary.json` is left to the caller's last step."""
        head = [
            f"Market calibrated on {self.log.file} (sha256 {self.log.file_hash}), {self.summary['fit_part']}.",
            SEASON,
        ]
        use = f"As it stands after the log, for decisions: omosim compare market=market.yaml shoppers={self.market.shoppers}"
        write_text(out / "market.yaml", to_yaml(self.market, [*head, use]))
        write_text(out / "market_history.yaml", to_yaml(self.past, [*head, "Of the log's own time, for the hold-out check."]))
        for name, frame in (
            ("holdout", self.table), ("weekly", self.weekly), ("hour_of_week", self.hours), ("quality", self.log.quality),
            ("profile", self.hours.assign(hour=np.arange(168))[["hour", "actual", "simulated"]]),
        ):  # fmt: skip
            write_parquet(out / f"{name}.parquet", plain_columns(frame), types=_TYPES.get(name))

    def text(self) -> str:
        """Account of rows, fit, hold-out table and the season's warning, in plain lines."""
        return "\n\n".join([self._quality_text(), self._fit_text(), self._holdout_text(), self.season()])

    def season(self) -> str:
        """The warning about the season, with what the held-out weeks did beside the fit part's last level."""
        whole = self.weekly[self.weekly["days"] == 7]
        held, before = whole[whole["part"] == "holdout"]["actual"], whole[whole["part"] == "fit"]["actual"]
        if held.empty or before.empty:
            return SEASON
        level = float(before.tail(13).mean())
        low, high = (float(held.quantile(q)) / level - 1 for q in (0.1, 0.9))
        return f"{SEASON} Orders a week in them ran {low:+.0%} to {high:+.0%} (8 weeks of 10) against the 13 weeks before."

    def _quality_text(self) -> str:
        lines = [f"{self.log.file}: {self.log.rows:,} rows, each in one class"]
        q = self.log.quality
        for c, n, share, done in zip(q["class"], q["rows"], q["share"], q["done"], strict=True):
            lines.append(f"  {c:<20} {n:>10,} {share:>7.2%}  {done}")
        return "\n".join(lines + [f"  note: {n}" for n in self.log.notes])

    def _fit_text(self) -> str:
        best = self.laws.repeat
        lines = [f"Repeat purchases (BG/CNBD-k, {best.customers:,} customers, {self.summary['fit_part']})"]
        for f in self.fits:
            mark = "*" if f.k == best.k else " "
            lines.append(
                f" {mark} k {f.k}: r {f.r:.3f}, stage rate alpha {f.alpha:.3f} weeks, a {f.a:.3f}, b {f.b:.3f}, "
                f"log likelihood {f.log_likelihood:.1f}"
            )
        new = self.laws.acquisition
        lines.append(
            f"New customers {new.new_per_week:.1f} a week (se {new.new_per_week_se:.1f}) besides "
            f"{new.known_before:.0f} of old; first purchases move {new.trend_per_week:+.1%} a week"
        )
        stages = f"{self.laws.regularity:.2f} stages" if np.isfinite(self.laws.regularity) else "a clock"
        lines.append(
            f"Gaps between purchases are as regular as those of {stages}: "
            + ("few needs pass without a purchase" if self.laws.mostly_bought else "many needs may pass without a purchase")
        )
        return "\n".join(lines)

    def _holdout_text(self) -> str:
        lines = [
            f"Held out: {self.summary['holdout_part']}; simulated by the {self.source}",
            f"  {'measure':<26}{'simulated':>12}{'actual':>12}{'error':>9}{'copy':>9}{'law':>9}{'told':>9}  {'aim':<6}",
        ]
        for row in self.table.to_dict("records"):
            aim = "" if row["aim"] is None or not np.isfinite(row["aim"]) else f"{row['aim']:.0%}"
            told = _percent(row["told_error"]) if "told_error" in row else f"{'':9}"
            unit = self.log.currency if row["unit"] == "minor" else row["unit"]
            scale = 10 ** -MINOR.get(self.log.currency, 0) if row["unit"] == "minor" else 1.0
            verdict = "" if row["within"] is None else ("within" if row["within"] else "outside")
            lines.append(
                f"  {row['measure']:<26}{_plain(row['simulated'] * scale)}{_plain(row['actual'] * scale)}"
                f"{_percent(row['error'])}{_percent(row['copy_error'])}{_percent(row['law_error'])}{told}  {aim:<6}"
                f"{verdict or '':<9}{unit}"
            )
        lines.append("  copy: error that an exact copy of the past would make (the whole fit part; where a measure")
        lines.append("  depends on the length, its last days of the same length); law: error of logs drawn straight from")
        lines.append("  the fitted laws, without people's choices; told: error of the model when it is given the pace of")
        lines.append("  orders of the weeks held out, which tells a missed season from a missed law and is no check")
        return "\n".join(lines)


def _plain(value: float) -> str:
    """A figure in its column; a dash where it is undefined."""
    return f"{value:>12,.3f}" if np.isfinite(value) else f"{'–':>12}"


def _percent(value: float) -> str:
    """An error in its column; a dash where nothing is there to compare with."""
    return f"{value:>+9.1%}" if np.isfinite(value) else f"{'–':>9}"


_TYPES = {"holdout": {"aim": "float64", "within": "bool"}}


def last_months(log: OrderLog, share: float | None = None) -> int:
    """Days of the last three months, counted from the log's last day; a quarter of a log shorter than nine months.

    share: part of the log's days instead.
    """
    local = log.lines["placed_local"]
    first, last = (pd.Timestamp(int(s), unit="s").normalize() for s in (local.min(), local.max()))
    days = (last - first).days + 1
    if share is not None:
        return max(1, round(share * days))
    return (last - (last - pd.DateOffset(months=3))).days + 1 if days >= 270 else max(1, days // 4)


def fit_laws(log: OrderLog, history: History, windows: Windows, known: Sequence[bgcnbd.RepeatFit] = ()) -> tuple[FittedLaws, list[bgcnbd.RepeatFit]]:
    """Every law that closed forms and likelihoods give, on the fit part alone, rounded to four digits; and the fit of each k.

    known : fits of purchases made before, taken where they are of these (`bgcnbd.choose_k`)
    """
    fit = history.part(0, windows.cut)
    who, day = fit.purchase_days()
    if (known_ids := np.unique(who).size) < 100:
        cure = "More customers are needed: give a longer log, or shopper_id of more orders" if known_ids else "Repeat purchases need shopper_id"
        raise CalibrationError(f"{log.file}: {known_ids} known shoppers before {windows.date(windows.cut)}; needed: 100. {cure}")
    cohort = bgcnbd.cohort_from_days(who, day, windows.cut)
    if int(cohort.x.sum()) < LEAST_REPEATS:
        raise CalibrationError(
            f"{log.file}: {int(cohort.x.sum())} repeat purchases of {len(cohort):,} shoppers before {windows.date(windows.cut)}; "
            f"needed: {LEAST_REPEATS}. Give a log whose shopper_id stays the same from order to order"
        )
    if not (fit.value > 0).any():
        raise CalibrationError(f"{log.file}: every order before {windows.date(windows.cut)} is worth 0; give unit_price as it was paid")
    repeat, fits = bgcnbd.choose_k(cohort, known=known)
    repeat = _rounded(repeat)
    calendar = laws.fit_calendar(fit, windows)
    lag = log.cancelled["lag_s"].to_numpy()[history.back_t < windows.cut]
    acquisition = _acquisition(fit, repeat, calendar, windows)
    values = laws.fit_values(fit)
    values = laws.ValueLaw(digits(values.median, 6), digits(values.sd), digits(values.between))
    regularity = holdout.regularity(who, day)
    tail = min(91, windows.cut)
    level = float((day >= windows.cut - tail).sum()) / tail * 7
    return FittedLaws(
        windows, calendar, repeat, values, laws.fit_back(fit, lag), acquisition, level,
        fit.t.size / max(1, who.size), digits(float(fit.value.sum()) / windows.cut * 365),
        assumed.mostly_bought(repeat.k, regularity), digits(regularity),
    ), fits  # fmt: skip


def suited(fitted: FittedLaws, fits: list[bgcnbd.RepeatFit], history: History) -> FittedLaws:
    """The laws with the repeat fit and the acquisition that suit a market in which not every need becomes a purchase."""
    share = (assumed.REGULAR if fitted.mostly_bought else assumed.ANY)["purchase_share"]
    stages = assumed.need_stages(fitted.repeat.k, fitted.mostly_bought)
    repeat = _rounded(bgcnbd.thinned(fits, stages, share))
    fit = history.part(0, fitted.windows.cut)
    return replace(fitted, repeat=repeat, acquisition=_acquisition(fit, repeat, fitted.calendar, fitted.windows))


def _rounded(repeat: bgcnbd.RepeatFit) -> bgcnbd.RepeatFit:
    change: dict[str, Any] = {n: digits(getattr(repeat, n)) for n in ("r", "alpha", "a", "b")}
    return replace(repeat, **change, cohort="")


def _acquisition(fit: History, repeat: bgcnbd.RepeatFit, calendar: laws.Calendar, windows: Windows) -> laws.Acquisition:
    found = laws.fit_acquisition(fit, repeat, calendar, windows)
    return replace(found, **{n: digits(getattr(found, n)) for n in ("known_before", "new_per_week")})


def price_bands(log: OrderLog, windows: Windows, count: int) -> list[laws.PriceBand]:
    """The market's categories: `count` bands of the orders' mean unit price in the fit part."""
    orders = log.orders()
    day = orders["placed_local"].to_numpy() / 86_400 - windows.first_day
    part = orders[day < windows.cut]
    codes, _ = pd.factorize(part["shopper_id"], use_na_sentinel=True)
    sku = log.lines["sku"]
    items = int(sku.nunique()) if sku.notna().any() else 60
    return laws.fit_bands(codes, part["units"].to_numpy(np.int64), part["value"].to_numpy(np.int64), items, count)


def calibrate(
    orders: Path,
    adapter: str,
    out: ResultFolder | Path,
    options: CalibrateOptions | None = None,
    *,
    base: Settings | None = None,
    simulate: Simulate | None = None,
) -> CalibrationResult:
    """Calibrate a market on an order log, check it on the months held out, and write all files into `out`.

    orders: the log; adapter: its layout (`omosim.ingest.ADAPTERS`). base: settings whose strategy, touchpoints and
    engine the check uses. simulate: Settings -> one row per order with order_id, shopper_id, placed_at and returned_at
    (seconds from the run's first midnight, -1 or null none), revenue (minor), status, …; without it the simulated
    side comes straight from the fitted laws. Raises OrderFileError, CalibrationError (exit code 2).
    """
    options = options or CalibrateOptions()
    folder = out.path if isinstance(out, ResultFolder) else Path(out)
    read = ReadOptions(options.max_bad_rows, options.timezone, options.currency, (), folder / "rejects.csv")
    log = read_log(Path(orders), adapter, read)
    windows = split(log, options.holdout_days or last_months(log, options.holdout_share))
    history = history_of(log, windows)
    fitted, fits = fit_laws(log, history, windows)
    # each category has needs of its own, and several regular processes on top of one another are no longer regular
    bands = price_bands(log, windows, 1 if fitted.mostly_bought else 3)
    _, first = history.part(0, windows.cut).first_days()
    direct = [generate(fitted, first, options.seed + i) for i in range(max(10, options.replications))]

    maker = _Maker(suited(fitted, fits, history), fitted.repeat, bands, log, options, base)
    rounds: list[Round] = []
    told: list[History] = []
    scales = Scales(**(assumed.START_REGULAR if fitted.mostly_bought else assumed.START_ANY))
    source, simulated, scale = "fitted law", direct, fitted.orders_per_day
    if simulate is not None and base is not None:
        wanted = figures(history, windows, fitted.back.large)
        rounds = close(lambda s, i: maker.run(s, simulate, i, windows.cut), wanted, windows, fitted.back.large, scales,
                       options.rounds)  # fmt: skip
        scales, source = rounds[-1].scales, "model"
        scales = level_after(lambda s, i: maker.run(s, simulate, i, 91, True), fitted.level, 91, scales)
        simulated = [maker.run(scales, simulate, i, windows.end) for i in range(options.replications)]
        known = replace(maker.fitted, calendar=laws.with_season(fitted.calendar, history, windows))
        season = replace(maker, fitted=known)
        told = [season.run(scales, simulate, i, windows.end) for i in range(options.replications)]
    weekday = fitted.calendar.first_weekday
    table = holdout.table(history, simulated, windows, weekday, fitted.back.large, scale, direct, told)
    result = CalibrationResult(
        log, fits, bands, fitted, maker.market(scales, True), maker.market(scales, False), source, table,
        holdout.weekly(history, simulated, windows, scale), holdout.hour_of_week(history, simulated, windows, weekday),
        rounds,
    )  # fmt: skip
    result.summary = _summary(result, scales)
    result.save(folder)
    if not isinstance(out, ResultFolder):
        write_json(folder / "summary.json", {"schema_version": 1, "command": "calibrate", **result.summary})
    return result


@dataclass
class _Maker:
    """Markets and runs from scales."""

    fitted: FittedLaws
    likeliest: bgcnbd.RepeatFit
    bands: list[laws.PriceBand]
    log: OrderLog
    options: CalibrateOptions
    base: Settings | None

    def market(self, scales: Scales, forward: bool) -> Market:
        name = self.options.name or Path(self.log.file).stem.split(".")[0]
        enabled = frozenset(k for k, c in self.base.strategy.capabilities.items() if c.enabled) if self.base else frozenset()
        return build(
            self.fitted, self.likeliest, self.bands, scales, name=name, title=f"Calibrated on {self.log.file}",
            currency=self.log.currency, timezone=self.log.timezone, origin=f"{self.log.file} {self.log.file_hash}",
            touchpoints=self.base.touchpoints if self.base else None, present=enabled, forward=forward,
            row_currency=self.base.market.currency if self.base else "KRW",
        )  # fmt: skip

    def run(self, scales: Scales, simulate: Simulate, replication: int, days: int, forward: bool = False) -> History:
        """One simulated log, of the log's own time or after it; the same draws for the same replication."""
        assert self.base is not None
        market = self.market(scales, forward)
        settings = self.base.model_copy(
            update={
                **market.updates(), "shoppers": market.shoppers, "days": days, "burn_in_days": 0,
                "seed": self.options.seed, "replication": replication,
            }
        )  # fmt: skip
        return history_of_run(simulate(settings))


def _summary(result: CalibrationResult, scales: Scales) -> dict[str, Any]:
    w, fitted = result.laws.windows, result.laws
    checks = result.table[result.table["within"].notna()]
    return {
        "file": result.log.file,
        "file_hash": result.log.file_hash,
        "adapter": result.log.adapter,
        "rows": result.log.rows,
        "fit_part": f"{w.date(0)} to {w.date(w.cut - 1)}",
        "holdout_part": f"{w.date(w.cut)} to {w.date(w.end - 1)}",
        "currency": result.log.currency,
        "shoppers": result.market.shoppers,
        "stages": fitted.repeat.k,
        "regularity": fitted.regularity,
        "need_stages": result.market.market.demand.stages,
        "repeat": {f"k{f.k}": {n: digits(v) for n, v in asdict(f).items() if isinstance(v, float)} for f in result.fits},
        "acquisition": {k: digits(v) for k, v in asdict(fitted.acquisition).items()},
        "order_value": {k: digits(v) for k, v in asdict(fitted.values).items()},
        "cancelled": {k: digits(v) for k, v in asdict(fitted.back).items()},
        "orders_per_purchase_day": digits(fitted.orders_per_day),
        "simulated_by": result.source,
        "scales": {k: digits(v) for k, v in asdict(scales).items()},
        "rounds": [
            {"miss": digits(r.miss), **{k: digits(v) for k, v in asdict(r.scales).items()},
             "found": {k: digits(v) for k, v in r.found.items()}}
            for r in result.rounds
        ],
        "quality": dict(zip(result.log.quality["class"], result.log.quality["rows"].tolist(), strict=True)),
        "holdout": {r["measure"]: r["error"] for r in result.table.to_dict("records")},
        "aims_met": int(checks["within"].sum()),
        "aims": len(checks),
        "season": result.season(),
    }  # fmt: skip
