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

CAUSED, MORE, PART, NOTHING, OPPOSITE, ALONE = "reached", "part_or_more", "part", "next_to_nothing", "opposite", "effect"
CANNOT_TELL, LEVEL, SILENT = "cannot_tell", "level", "cannot_speak"
FINDINGS: dict[str, str] = {
    CAUSED: "caused as claimed", MORE: "caused in part or more, cannot tell how much", PART: "caused in part", NOTHING: "next to nothing is caused", OPPOSITE: "the other way",
    ALONE: "an effect, no number claimed", CANNOT_TELL: "cannot tell", LEVEL: "a level, no effect", SILENT: "the model cannot speak",
}  # fmt: skip
#: an effect within this part of what is claimed (or of the raw reading) is next to nothing
SMALL = 0.1
#: the same for a level, whose effect is in points of it: a tenth of a level near 90 % would be 9 points, which is much; a point of a share, a hundredth of other levels
SMALL_POINT = 0.01
#: findings as the answer counts them
COUNTED = {
    CAUSED: "caused in full", MORE: "in part or more", PART: "in part", NOTHING: "next to not at all", OPPOSITE: "the other way", ALONE: "without a number to hold against", CANNOT_TELL: "cannot be told",
}  # fmt: skip
#: repetitions from which on the luckiest one is told
FIRMS = 10


def finding(row: Row, raw: Estimate, causal: Estimate, unit: str = "share") -> str:
    """What the paired runs say of a claim; see FINDINGS.

    Parameters
    ----------
    row : the claim; raw : as published; causal : with against without, effects with 0 for nothing; unit : of the raw reading
    """
    if row.silent:
        return SILENT
    if row.causal is None:
        return LEVEL
    value, low, high = causal.value, causal.ci_low, causal.ci_high
    if value is None or low is None or high is None:
        return CANNOT_TELL
    level = row.form == "level"
    size = row.claimed if row.claimed is not None and not level else raw.value
    if size:
        small = SMALL * abs(size) if not level else SMALL_POINT * (1.0 if unit in SHARES else abs(size))
        if max(abs(low), abs(high)) <= small:
            return NOTHING
        if (value < 0) == (size > 0) and low * high > 0:
            return OPPOSITE
    if low <= 0.0 <= high:
        return CANNOT_TELL
    if level:
        return PART
    if row.claimed is None or not size:
        return ALONE
    least, most = sorted((abs(low), abs(high)))
    return CAUSED if least >= abs(size) else MORE if most >= abs(size) else PART


def reading(row: Row, unit: str, raw: Estimate, causal: Estimate, anyway: Estimate, best: float | None) -> str:
    """A claim in one line of words."""
    if row.silent:
        return f"The model cannot speak about this: {row.silent}"
    parts = [_raw(row, unit, raw)] if row.raw is not None else []
    if row.causal is not None:
        parts.append(_caused(row, unit, raw, causal, anyway))
    elif row.raw is not None:
        parts.append("That is a level: nothing is switched, so nothing is caused by it.")
    found = finding(row, raw, causal, unit)
    if row.claimed is not None and found in (CAUSED, MORE, PART) and causal.value is not None and row.form != "level":
        parts.append(_against(row.claimed, unit, causal, found))
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
    found = finding(row, raw, causal, unit)
    says, unit = row.causal_says, "points" if row.form == "level" and unit in SHARES else unit
    mine = " of it" if row.form == "level" else ""
    if causal.value is None or causal.ci_low is None or causal.ci_high is None:
        return f"What {says} causes cannot be told: {causal.reason or 'one pair of runs has no interval'}."
    span = f"({words(causal.ci_low, unit, tail=False)} to {words(causal.ci_high, unit, tail=False)})"
    if causal.ci_low <= 0.0 <= causal.ci_high and found == CANNOT_TELL:
        told = f"({words(causal.ci_low, unit, tail=False)} to {words(causal.ci_high, unit)})"
        text = f"Whether {says} causes any of it cannot be told {told}"
        return f"{text}; {words(anyway.value, unit)} comes without it." if anyway.value is not None else f"{text}."
    if found == NOTHING:
        text = f"Next to nothing is caused by {says}: {words(causal.value, unit)} {span}"
    else:
        text = f"{words(causal.value, unit)} {span}{mine} is caused by {says}"
    if anyway.value is not None:
        return f"{text}; {words(anyway.value, unit)} comes without it."
    if row.form == "gap" and raw.value:
        return f"{text}, {_part(causal.value, raw.value)} of the gap; the rest is who they are."
    return f"{text}."


def _against(claimed: float, unit: str, causal: Estimate, found: str) -> str:
    """What is caused beside what was claimed."""
    share = _part(causal.value or 0.0, claimed)
    text = f"That is {'as much as' if share == 'all' else share + ' of'} the {words(claimed, unit)} claimed"
    return f"{text}; whether it is a part or all of it cannot be told." if found == MORE else f"{text}."


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
    silent = count(SILENT)
    speaks = len(rows) - silent
    tested = [row for row in rows if row["simulated_causal"] is not None and row["finding"] not in (SILENT, LEVEL)]
    text = _speaks(len(rows), silent)
    if tested:
        told = {name: sum(row["finding"] == name for row in tested) for name in COUNTED}
        text += f" Effects that can be run with and without: {len(tested)}; of these {', '.join(f'{n} {COUNTED[name]}' for name, n in told.items() if n)}."
        fitted = sum(row["fitted"] for row in tested if row["finding"] == CAUSED)
        if fitted:
            rest = "rests on a parameter that was set with the figure in view, and is" if fitted == 1 else "rest on parameters that were set with the figures in view, and are"
            text += f" {fitted} of those in full {rest} no evidence."
        caused = [row for row in tested if row["finding"] in (CAUSED, MORE, PART, ALONE) and row["form"] != "level"]
        over = sorted(row["simulated_raw"] / row["simulated_causal"] for row in caused if row["simulated_raw"] is not None)
        if over:
            middle = over[len(over) // 2] if len(over) % 2 else (over[len(over) // 2 - 1] + over[len(over) // 2]) / 2
            half = "the median" if len(over) > 1 else "one claim"
            text += f" Of those {len(tested)}, {len(over)} {'have' if len(over) > 1 else 'has'} a raw reading and an effect that is told and not next to nothing: there the raw reading is {middle:.2g} times what is caused ({half})."
    return text if speaks else text + " Nothing was run."


def _speaks(claims: int, silent: int) -> str:
    """How many claims, and of how many the model says nothing."""
    if claims == 1:
        return "1 claim; about it the model cannot speak, and says why." if silent else "1 claim."
    head = f"{claims} claims"
    if not silent:
        return f"{head}."
    about = "all of them" if silent == claims else "one of them" if silent == 1 else f"{silent} of them"
    return f"{head}; about {about} the model cannot speak, and says why."
