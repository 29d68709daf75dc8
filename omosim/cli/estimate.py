"""Says before a study starts how many runs it is, how long, and how much memory and disk; refuses what cannot fit."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omosim.api.attribution import AttributeStudy
    from omosim.api.sweep import Prepared
    from omosim.config.compose import Composed
    from omosim.schema.settings import Settings
    from omosim.validation.plan import Plan

# Measured on two cores; they are for an announcement, no result depends on them.
SECONDS_START = 2.5
SECONDS_PER_SHOPPER_DAY = 4.0e-7
SECONDS_PER_RUN = 0.3
BYTES_PER_SHOPPER = 800
BYTES_PER_CELL = 250
BYTES_BASE = 330_000_000
BYTES_PER_ORDER = 25
BYTES_PER_SWEPT_RUN = 2_500
BYTES_PER_LOGGED_DAY = 400
SECONDS_PER_READ = 6e-6
DRAIN_DAYS = 30


def memory_bytes() -> int | None:
    """Memory of the machine, or of the container it is in; None where that is not told."""
    found: list[int] = []
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    with suppress(ValueError, OSError, AttributeError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def estimate(composed: Composed) -> dict[str, float]:
    """runs, seconds, memory_bytes and disk_bytes of a command."""
    runs, jobs = 1, 1
    if composed.compare is not None:
        runs = len(composed.arms) * composed.compare.replications
        jobs = min(composed.compare.jobs, runs)
    s = composed.settings
    one, room = of_one_run(s)
    weekly = s.market.demand.purchase_r / s.market.demand.purchase_alpha_weeks
    orders = s.shoppers * (s.days + s.burn_in_days) / 7 * weekly
    cores = max(1, min(jobs, os.cpu_count() or 1))
    memory = jobs * room
    disk = orders * BYTES_PER_ORDER + 1e6 if composed.command == "run" else 2e6
    return {"runs": runs, "seconds": SECONDS_START + runs * one / cores, "memory_bytes": memory, "disk_bytes": disk}


def of_one_run(s: Settings) -> tuple[float, float]:
    """Seconds and bytes of memory of one run."""
    days = s.days + s.burn_in_days + DRAIN_DAYS
    skus = sum(c.skus for c in s.catalogue.categories.values())
    cells = (s.network.stores.count + 1) * skus
    seconds = SECONDS_PER_RUN + SECONDS_PER_SHOPPER_DAY * s.shoppers * days
    return seconds, BYTES_BASE + s.shoppers * BYTES_PER_SHOPPER + cells * BYTES_PER_CELL


def announce_validation(plan: Plan) -> None:
    """Print on one line how many runs a validation is, how long, and how much memory it takes."""
    arms = plan.distinct()
    runs, jobs = len(arms) * plan.options["replications"], plan.options["jobs"]
    cores = max(1, min(jobs, os.cpu_count() or 1))
    parts = [of_one_run(s) for s in arms]
    seconds = SECONDS_START + sum(one for one, _ in parts) * plan.options["replications"] / cores
    room = min(jobs, runs) * max(memory for _, memory in parts)
    for note in plan.notes:
        sys.stderr.write(f"note: {note}\n")
    _refuse_memory(room, max(s.shoppers for s in arms))
    sys.stderr.write(f"{len(plan.planned)} experiments, {runs} runs, about {span(seconds)}, {size(room)} memory\n")
    _say_cold()


def announce_sweep(ready: Prepared) -> None:
    """Print on one line how many runs a sweep is, how long, and how much memory and disk it takes."""
    plan, options = ready.plan, ready.plan.options
    for note in plan.notes:
        sys.stderr.write(f"note: {note}\n")
    arms = [base.settings for base in plan.bases.values()]
    jobs = min(options.jobs, max(len(ready.runs), 1))
    each = [of_one_run(s) for s in arms]
    cores = max(1, min(jobs, os.cpu_count() or 1))
    seconds = SECONDS_START + len(ready.runs) * (sum(one for one, _ in each) / len(each)) / cores
    room = jobs * max(memory for _, memory in each)
    if not options.scheduler:
        _refuse_memory(room, max(s.shoppers for s in arms))
    what = f"{len(ready.points):,} points ({ready.designed}) x {len(plan.strategies)} strategies x {len(plan.seeds)} seeds x {options.replications} replications"
    sys.stderr.write(f"{what} = {len(ready.runs):,} runs, about {span(seconds)}, {size(room)} memory, {size(len(ready.runs) * BYTES_PER_SWEPT_RUN + 1e6)} disk\n")
    if ready.refused:
        sys.stderr.write(f"note: {len(ready.refused):,} runs have settings that do not fit together; they stand in failures.jsonl\n")
    _say_cold()


def announce_attribution(study: AttributeStudy) -> None:
    """Print on one line how many runs an attribution study is at most, how long, and how much memory and disk it takes."""
    settings, options = study.settings, study.options
    for note in study.composed.notes:
        sys.stderr.write(f"note: {note}\n")
    one, room = of_one_run(settings)
    first, later = len(study.runs), study.most_shifts * options.replications
    reading = options.replications * settings.shoppers * (settings.days + settings.burn_in_days) * SECONDS_PER_READ * (1 + len(options.identity_loss))
    cores = max(1, min(options.jobs, os.cpu_count() or 1))
    seconds = SECONDS_START + ((first + later) * one + reading) / cores
    room = options.jobs * (room + settings.shoppers * (settings.days + settings.burn_in_days) * BYTES_PER_LOGGED_DAY)
    if not options.scheduler:
        _refuse_memory(room, settings.shoppers)
    what = f"{len(study.off)} touchpoints off in turn x {options.replications} replications = {first:,} runs, then up to {later:,} with budgets moved"
    sys.stderr.write(f"{what}; about {span(seconds)}, {size(room)} memory, {size((first + later) * BYTES_PER_SWEPT_RUN + 2e6)} disk\n")
    _say_cold()


def _refuse_memory(needed: float, shoppers: int) -> None:
    have = memory_bytes()
    if have is not None and needed > have:
        from omosim.config.errors import refuse

        raise refuse(
            f"needs about {size(needed)} of memory, this machine has {size(have)}",
            key="shoppers",
            value=str(shoppers),
            cure="Give fewer shoppers, fewer stores or SKUs, or jobs=1",
        )


def _say_cold() -> None:
    from omosim.api.warming import cold

    if cold():
        sys.stderr.write(
            "compiling kernels for the first time: up to 45 s, once (`omosim doctor --warm` does it ahead)\n"
        )
    sys.stderr.flush()


def announce(composed: Composed) -> None:
    """Print the estimate on one line. Raises ConfigError when the memory is not there."""
    guess = estimate(composed)
    for note in composed.notes:
        sys.stderr.write(f"note: {note}\n")
    _refuse_memory(guess["memory_bytes"], composed.settings.shoppers)
    if composed.command in ("calibrate", "bopis"):
        return
    count = int(guess["runs"])
    what = "1 run" if count == 1 else f"up to {count} runs"
    room = f"{size(guess['memory_bytes'])} memory, {size(guess['disk_bytes'])} disk"
    sys.stderr.write(f"{what}, about {span(guess['seconds'])}, {room}\n")
    _say_cold()


def size(count: float) -> str:
    """Bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def span(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
