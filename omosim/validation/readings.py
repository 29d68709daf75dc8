"""From raw and causal estimates to a finding and one line of words. Pure functions; tests/validation/test_readings.py.

A reading after against before, with the practice (1 + raw) and without it (1 + anyway), and with against without it
afterwards (1 + causal) obey 1 + raw = (1 + anyway) (1 + causal) in each pair of runs whose past is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omosim.results.words import SHARES
from omosim.validation.claim import Row
from omosim.validation.effects import Estimate

CAUSED, PART, NOTHING, OPPOSITE, ALONE = "reached", "part", "next_to_nothing", "opposite", "effect"
CANNOT_TELL, LEVEL, SILENT = "cannot_tell", "level", "cannot_speak"
FINDINGS: dict[str, str] = {
    CAUSED: "caused as claimed", PART: "caused in part", NOTHING: "next to nothing is caused", OPPOSITE: "the other way",
    ALONE: "an effect, no number claimed", CANNOT_TELL: "cannot tell", LEVEL: "a level, no effect", SILENT: "the model cannot speak",
}  # fmt: skip
#: an effect within this part of what is claimed (or of the raw reading) is next to nothing
SMALL = 0.1
#: findings as the answer counts them
COUNTED = {
    CAUSED: "caused in full", PART: "in part", NOTHING: "next to not at all", OPPOSITE: "the other way", ALONE: "without a number to hold against", CANNOT_TELL: "cannot be told",
}  # fmt: skip
#: repetitions from which on the luckiest one is told
FIRMS = 10


def finding(row: Row, raw: Estimate, causal: Estimate) -> str:
    """What the paired runs say of a claim; see FINDINGS.

    Parameters
    ----------
    row : the claim; raw : as published; causal : with against without, effects with 0 for nothing
    """
    if row.silent:
        return SILENT
    if row.causal is None:
        return LEVEL
    value, low, high = causal.value, causal.ci_low, causal.ci_high
    if value is None or low is None or high is None:
        return CANNOT_TELL
    size = row.claimed if row.claimed is not None and row.form != "level" else raw.value
    if size:
        if max(abs(low), abs(high)) <= SMALL * abs(size):
            return NOTHING
        way = 1.0 if size > 0 else -1.0
        if way * value < 0 and low * high > 0:
            return OPPOSITE
    if low <= 0.0 <= high:
        return CANNOT_TELL
    if row.form == "level":
        return PART
    if size is None:
        return ALONE
    near = low if size < 0 else high
    return CAUSED if abs(near) >= abs(size) else PART


def reading(row: Row, unit: str, raw: Estimate, causal: Estimate, anyway: Estimate, best: float | None) -> str:
    """A claim in one line of words."""
    if row.silent:
        return f"The model cannot speak about this: {row.silent}"
    parts = [_raw(row, unit, raw)] if row.raw is not None else []
    if row.causal is not None:
        parts.append(_caused(row, unit, raw, causal, anyway))
    elif row.raw is not None:
        parts.append("That is a level: nothing is switched, so nothing is caused by it.")
    found = finding(row, raw, causal)
    if row.claimed is not None and found in (CAUSED, PART) and causal.value is not None and row.form != "level":
        share = _part(causal.value, row.claimed)
        parts.append(f"That is {'as much as' if share == 'all' else share + ' of'} the {words(row.claimed, unit)} claimed.")
    if row.form == "change" and row.raw is not None and best is not None and raw.replications >= FIRMS:
        parts.append(f"The luckiest of {raw.replications} such firms would report {words(best, unit)}.")
    if row.fitted:
        parts.append("A parameter was set with this figure in view: its size is no evidence.")
    return " ".join(part for part in parts if part)


def _raw(row: Row, unit: str, raw: Estimate) -> str:
    says = row.raw_says[:1].upper() + row.raw_says[1:]
    if raw.value is None:
        return f"{says}: undefined ({raw.reason})."
    if row.form == "level":
        claimed = "" if row.claimed is None else f", against {words(row.claimed, unit, signed=False)} claimed"
        return f"{says}: {words(raw.value, unit, signed=False)}{claimed}."
    return f"{says}: {words(raw.value, unit)}{'' if row.claimed is None else f' ({words(row.claimed, unit)} claimed)'}."


def _caused(row: Row, unit: str, raw: Estimate, causal: Estimate, anyway: Estimate) -> str:
    says, unit = row.causal_says, "points" if row.form == "level" and unit in SHARES else unit
    mine = " of it" if row.form == "level" else ""
    if causal.value is None or causal.ci_low is None or causal.ci_high is None:
        return f"What {says} causes cannot be told: {causal.reason or 'one pair of runs has no interval'}."
    span = f"({words(causal.ci_low, unit, tail=False)} to {words(causal.ci_high, unit, tail=False)})"
    if causal.ci_low <= 0.0 <= causal.ci_high and finding(row, raw, causal) == CANNOT_TELL:
        told = f"({words(causal.ci_low, unit, tail=False)} to {words(causal.ci_high, unit)})"
        text = f"Whether {says} causes any of it cannot be told {told}"
        return f"{text}; {words(anyway.value, unit)} comes without it." if anyway.value is not None else f"{text}."
    if finding(row, raw, causal) == NOTHING:
        text = f"Next to nothing is caused by {says}: {words(causal.value, unit)} {span}"
    else:
        text = f"{words(causal.value, unit)} {span}{mine} is caused by {says}"
    if anyway.value is not None:
        return f"{text}; {words(anyway.value, unit)} comes without it."
    if row.form == "gap" and raw.value:
        return f"{text}, {_part(causal.value, raw.value)} of the gap; the rest is who they are."
    return f"{text}."


def _part(value: float, whole: float) -> str:
    """A part of a whole in words."""
    share = value / whole
    if share >= 1.0:
        return "all"
    if share < 0:
        return "nothing"
    return "less than 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def words(value: float, unit: str, *, signed: bool = True, tail: bool = True) -> str:
    """A figure with its unit: +9 %, +.6 pp, 6.1."""
    sign = "+" if signed else ""
    if unit in SHARES or unit == "points":
        number = 100 * value
        text = f"{number:{sign}.0f}" if abs(number) >= 9.95 else f"{number:{sign}.1f}"
        text = text.replace("+0.0", "0.0").replace("-0.0", "0.0") if abs(number) < 0.05 else text
        return text + ((" pp" if unit == "points" else " %") if tail else "")
    return f"{value:{sign}.3g}"


def answer(rows: Sequence[Mapping[str, Any]]) -> str:
    """All claims in three sentences."""
    count = lambda *names: sum(row["finding"] in names for row in rows)
    speaks = len(rows) - count(SILENT)
    tested = [row for row in rows if row["simulated_causal"] is not None and row["finding"] not in (SILENT, LEVEL)]
    text = f"{len(rows)} claims; about {count(SILENT)} of them the model cannot speak, and says why."
    if tested:
        told = {name: sum(row["finding"] == name for row in tested) for name in COUNTED}
        text += f" Effects that can be run with and without: {len(tested)}; of these {', '.join(f'{n} {COUNTED[name]}' for name, n in told.items() if n)}."
        fitted = sum(row["fitted"] for row in tested if row["finding"] == CAUSED)
        text += f" {fitted} of those in full rests on a parameter that was set with the figure in view, and is no evidence." if fitted else ""
        caused = [row for row in tested if row["finding"] in (CAUSED, PART) and row["form"] != "level"]
        over = sorted(row["simulated_raw"] / row["simulated_causal"] for row in caused if row["simulated_raw"] is not None)
        if over:
            middle = over[len(over) // 2] if len(over) % 2 else (over[len(over) // 2 - 1] + over[len(over) // 2]) / 2
            text += f" Where something is caused, the raw reading is {middle:.2g} times it (median)."
    return text if speaks else text + " Nothing was run."
