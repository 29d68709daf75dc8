"""Whether a calibration's bands hold the truth: retailers unlike the model, and retailers drawn from the model itself.

Usage: python experiments/twin_recovery.py unlike|own|table [first=0] [last=20] [runs=60] [jobs=2] [days=112] [dir=outputs/twin_recovery]

`unlike`: retailers of experiments/unlike_retailers.py, which knows nothing of the model. Truth is what can be measured:
patterns of a log, averaged over 30 further logs of the same retailer. The whole way is gone: order file, closed forms,
simulation. `own`: parameters are drawn from the prior, one log is simulated with them, and the draws must cover the parameters
themselves; laws and prior are those of one reference log, so that all share the simulations, one wave over the prior. `table`
reads what stands in the folder and prints coverage with Wilson's interval. Each retailer's file is written when it is
done, and finished simulations are kept: the same words go on where they stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omosim.api.commands import simulated_orders
from omosim.config.compose import compose
from omosim.ingest import ReadOptions, read_log
from omosim.results import write_json
from omosim.schema.settings import Settings
from omosim.twin import identify
from omosim.twin.history import split
from omosim.twin.parameters import Fit, Prior, prepare, settings_of
from omosim.twin.posterior import Plan, Posterior, RunMany, calibrate
from omosim.twin.summaries import Orders, Patterns, orders_of_log, orders_of_run

sys.path.insert(0, str(Path(__file__).parent))
import unlike_retailers

#: patterns in which an unlike retailer's truth is told, and their names in the table
MEASURED = {
    "purchase_days.4": "purchase days a week, last quarter", "top_tenth": "spread: share of the busiest tenth",
    "repeat_share": "customers who come again", "gap.q50": "median gap", "seen_again": "leaving: early customers seen late",
    "first_buyers.late": "new customers a week, second half", "value.median": "order value, median",
    "value.upper": "order value, spread", "returned": "share of value returned", "share.store": "orders in stores over web",
}  # fmt: skip
TRUTHS = 30  # logs over which a truth is averaged


def orders_of(frame: pd.DataFrame, patterns: Patterns) -> Orders:
    """A log of an unlike retailer, past order file and reader."""
    codes = pd.Categorical(frame["channel"], categories=list(patterns.channels)).codes.astype(np.int64)
    back = ((frame["returned_s"] >= 0) & (frame["returned_s"] < patterns.days * 86_400)).to_numpy(np.float64)
    return Orders(
        frame["shopper_id"].to_numpy(np.int64), frame["placed_s"].to_numpy() / 86_400, frame["value"].to_numpy(np.int64), codes,
        np.full(len(frame), -1), back,
    )  # fmt: skip


def read(frame: pd.DataFrame, place: Path, base: Settings, days: int, name: str) -> tuple[Fit, Orders]:
    """Order file, reader, closed forms: as a user's log would go."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unlike_retailers.write_csv(frame, str(place))
    log = read_log(place, "own", ReadOptions(0, "Etc/UTC", "GBP", (), place.with_suffix(".rejects.csv")))
    windows = split(log, 0)
    fit = prepare(log, base, windows=windows, name=name)
    return fit, orders_of_log(log, windows, fit.patterns)


def unlike(number: int, run_many: RunMany, base: Settings, folder: Path, runs: int, days: int) -> dict[str, Any]:
    """One retailer unlike the model: truth and draws of what can be measured."""
    one = unlike_retailers.draw(number, days)
    fit, orders = read(unlike_retailers.log_of(one, 1000 * number), folder / f"unlike-{number}.csv", base, days, f"unlike{number}")
    said = foretold(fit, orders)
    post = calibrate(fit, orders, run_many, folder / "simulations", Plan(runs=runs, waves=((1.0, 1.0),), checks=0))
    truth = np.mean(
        [fit.patterns.vector(orders_of(unlike_retailers.log_of(one, 1000 * number + 1 + i), fit.patterns)) for i in range(TRUTHS)], axis=0
    )
    expected = post.expected(np.random.default_rng([number, 3]))
    names = list(fit.patterns.names())
    rows = [_row(MEASURED[n], truth[names.index(n)], expected[:, names.index(n)]) for n in MEASURED if n in names]
    return _result(post, rows, said)


def own_log(number: int, run_many: RunMany, base: Settings, folder: Path, days: int) -> tuple[Fit, Prior, dict[str, float], Orders]:
    """The reference's closed forms and prior; parameters drawn from it and a log simulated with them."""
    reference, _ = read(unlike_retailers.log_of(unlike_retailers.draw(REFERENCE, days), 0), folder / "reference.csv", base, days, "reference")
    prior = Prior.of(reference)
    z = np.clip(np.random.default_rng([number, 4]).standard_normal(len(prior.names)), -REACH, REACH)
    theta = prior.theta(z)[0]
    frame = next(iter(run_many([settings_of(reference, theta, replication=1000 + number, scale=1.0)])))
    return reference, prior, theta, orders_of_run(frame, reference.patterns)


def own(number: int, run_many: RunMany, base: Settings, folder: Path, runs: int, days: int) -> dict[str, Any]:
    """One retailer of the model: parameters drawn, one log simulated with them, draws of the parameters."""
    reference, prior, theta, orders = own_log(number, run_many, base, folder, days)
    said = foretold(reference, orders)
    post = calibrate(reference, orders, run_many, folder / "simulations", Plan(runs=runs, waves=((1.0, 1.0),), checks=0))
    at = prior.z(np.array([[theta[n] for n in prior.names]]))[0]
    rows = [_row(p.title, float(at[i]), post.z[:, i]) for i, p in enumerate(prior.parameters)]
    return _result(post, rows, said)


REFERENCE = 5
REACH = 2.5  # standard deviations of the prior that the first wave covers


def _row(name: str, truth: float, draws: np.ndarray) -> dict[str, Any]:
    low, mid, high = np.quantile(draws, (0.025, 0.5, 0.975))
    return {"name": name, "truth": truth, "low": low, "median": mid, "high": high, "covered": bool(low <= truth <= high),
            "rank": float((draws < truth).mean()), "sd": float(draws.std())}  # fmt: skip


def _result(post: Posterior, rows: list[dict[str, Any]], said: dict[str, Any]) -> dict[str, Any]:
    after = identify.after(post)
    return {
        "sd": dict(zip(post.names, map(float, post.z.std(axis=0)), strict=True)),
        "tied": dict(zip(after["parameter"], after["tied_to"], strict=True)),
        "rows": rows, "runs": post.runs, "seconds": round(post.seconds, 1), "customers": int(np.exp(post.observed[4:7]).sum()),
        "identified": dict(zip(after["parameter"], after["verdict"], strict=True)),
        "scale": post.scale, "warnings": post.warnings, **said,
    }  # fmt: skip


def foretold(fit: Fit, orders: Orders) -> dict[str, Any]:
    """What is said before anything is simulated: parameter -> verdict, and -> expected sd over the prior's."""
    said = identify.before(fit, orders=orders)
    known = said[said["told_by"] != ""]
    return {
        "before": dict(zip(said["parameter"], said["expected"], strict=True)),
        "foretold": dict(zip(known["parameter"], 1 - known["expected_shrinkage"], strict=True)),
        "expected_untold": list(said["parameter"][said["told_by"] == ""]),
    }


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z2 = 1.96**2
    mid, half = (hits + z2 / 2) / (n + z2), 1.96 * np.sqrt(hits * (n - hits) / n + z2 / 4) / (n + z2)
    return mid - half, mid + half


def show(folder: Path) -> None:
    """Coverage of what stands in the folder."""
    for kind in ("unlike", "own"):
        done = [json.loads(p.read_text()) for p in sorted(folder.glob(f"{kind}-*.json"))]
        if not done:
            continue
        rows = pd.DataFrame([{**r, "retailer": i} for i, d in enumerate(done) for r in d["rows"]])
        low, high = wilson(int(rows["covered"].sum()), len(rows))
        print(f"\n{kind}: {len(done)} retailers, {sum(d['runs'] for d in done)} simulations, {sum(d['seconds'] for d in done) / 60:.0f} minutes; "
              f"{rows['covered'].sum()} of {len(rows)} covered, {rows['covered'].mean():.1%} ({low:.1%} to {high:.1%})\n")  # fmt: skip
        print("| What | Covered | Half-width of the band | Mean rank of the truth |\n| --- | --- | --- | --- |")
        for name, part in rows.groupby("name", sort=False):
            half = ((part["high"] - part["low"]) / 2).median()
            print(f"| {name} | {part['covered'].sum()} of {len(part)} | {half:.3f} | {part['rank'].mean():.2f} |")
        told(done)


def told(done: list[dict[str, Any]]) -> None:
    """What was said before the fit against what its draws show: counts of verdicts, and middling widths."""
    rows = pd.DataFrame([
        {"parameter": n, "before": d["before"][n], "after": d["identified"][n], "foretold": d["foretold"][n], "sd": d["sd"][n]}
        for d in done for n in d["sd"]
    ])  # fmt: skip
    print("\n| Parameter | Foretold width | Width of the draws | Said before | Found after |\n| --- | --- | --- | --- | --- |")
    for name, part in rows.groupby("parameter", sort=False):
        words = [", ".join(f"{k} {n}" for k, n in part[c].value_counts().items()) for c in ("before", "after")]
        print(f"| {name} | {part['foretold'].median():.2f} | {part['sd'].median():.2f} | {words[0]} | {words[1]} |")
    print("\n" + pd.crosstab(rows["before"], rows["after"]).to_string())


def main(argv: Sequence[str]) -> int:
    """Parses the words and runs one of the modes."""
    mode = argv[0] if argv else ""
    given = dict(word.split("=", 1) for word in argv[1:])
    if mode not in ("unlike", "own", "table"):
        print(__doc__)
        return 2
    folder = Path(given.get("dir", "outputs/twin_recovery"))
    if mode != "table":
        body: Callable[..., dict[str, Any]] = unlike if mode == "unlike" else own
        base = compose("run", ["strategy=multichannel"]).settings
        with multiprocessing.get_context("spawn").Pool(int(given.get("jobs", "2"))) as pool:
            def run_many(settings: list[Settings]) -> Iterable[pd.DataFrame]:
                return pool.imap(simulated_orders, settings)

            for number in range(int(given.get("first", "0")), int(given.get("last", "20"))):
                place, began = folder / f"{mode}-{number:02d}.json", time.perf_counter()
                if not place.is_file():
                    write_json(place, body(number, run_many, base, folder, int(given.get("runs", "60")), int(given.get("days", "112"))))
                    found = json.loads(place.read_text())
                    print(f"{mode} {number}: {sum(r['covered'] for r in found['rows'])} of {len(found['rows'])} covered, "
                          f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
    show(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
