"""`omosim init DIR`: a folder of commented files for an own retailer."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.words import one_folder


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Write the files; returns the exit code."""
    from omosim.config.init import init

    market = next((w.removeprefix("from=") for w in words if w.startswith("from=")), "seoul_beauty")
    folder = one_folder("init", [w for w in words if not w.startswith("from=")])
    written = init(folder, market)
    for path in written:
        print(path.as_posix())
    print(
        f"next: read {written[-1].as_posix()}, change market.yaml, then\n  omosim compare market={written[0].as_posix()}"
    )
    return 0
