"""What `omosim twin new` and `update` say at their end: what was read and found, where the report is, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omosim.twin.folder import Twin

#: what a finding counts where that is not rows
_COUNTED = {
    **dict.fromkeys(("gap", "too_many_gaps", "channel_begins", "channel_ends", "channel_gap"), "day"), **dict.fromkeys(("partial_last_day", "closed_with_orders"), "order"), "stock_unreconciled": "count",
}  # fmt: skip


def unchanged(twin: Twin, why: str) -> int:
    """Say that nothing was to be done; returns the exit code."""
    from omosim.api.twin_page import write_page
    from omosim.results.words import command_word

    write_page(twin)  # a kill after the last step leaves the page of the step before
    print(f"{twin.path}: {why}; nothing changed. Data until {twin.head['as_of']}.    next: omosim twin update {command_word('dir', twin.path)} orders=FILE")
    return 0


def told(twin: Twin) -> int:
    """Say what the last ingest read and found, and renew the page; returns the exit code."""
    from omosim.api.twin_log import log_of, words_of
    from omosim.api.twin_page import write_page
    from omosim.results.words import command_word, counted, safe_text
    from omosim.twin.folder import INGESTS
    from omosim.twin.standing import OF_ROWS

    head = twin.head
    last = max(i for i, row in enumerate(head["updates"]) if row["step"] in INGESTS)
    step = head["updates"][last]
    for kind, n in step["did"].items():
        aside = f", {n['aside']:,} left aside" if n.get("aside") else ""
        print(f"{kind}: {n['new']:,} new, {n['known']:,} known, {n['changed']:,} changed{aside}")
    for source in head["sources"]:
        if source["version"] == step["version"] and source["kind"] in step["did"] and source["notes"]:
            print(safe_text(f"{source['file']}: {'; '.join(source['notes'])}", 400))
    for row in head["updates"][last + 1 :]:
        if "refused" in row["did"]:
            print(f"not fitted{' by simulation' if row['step'] == 'calibrate' else ''}: {row['did']['refused']}")
    found: dict[str, list[Any]] = twin.table("quality") or {"code": [], "severity": []}
    # days told as closed bring no file: the step's version is that of the file before
    fresh = [found["version"][i] >= step["version"] and (code not in OF_ROWS or found["table"][i] in step["did"]) if "version" in found else True for i, code in enumerate(found["code"])]
    for severity in ("refused", "warning"):
        for i, s in enumerate(found["severity"]):
            if s == severity and fresh[i]:
                print(safe_text(f"{'accepted' if s == 'refused' else s} {found['code'][i]}: {found['place'][i]}: {counted(found['rows'][i], _COUNTED.get(found['code'][i], 'row'))}, {found['done'][i]}", 400))
    quiet = sum(s == "info" for s in found["severity"])
    stand = sum(s == "warning" and not new for s, new in zip(found["severity"], fresh, strict=True))
    more = ", ".join(words for n, words in ((stand, f"{counted(stand, 'warning')} of earlier files"), (quiet, counted(quiet, "further note"))) if n)
    for line in words_of(log_of(twin)):
        print(line)
    report = write_page(twin)
    print(f"Twin: {twin.path}, data {head['first_day']} to {head['as_of']}{f'; {more} in the report' if more else ''}")
    print(f"Report: {report}    next: omosim twin update {command_word('dir', twin.path)} orders=FILE")
    return 0
