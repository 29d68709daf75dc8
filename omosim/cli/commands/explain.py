"""`omosim explain KEY`: meaning, unit, range, value and source of a setting."""

from __future__ import annotations

from omosim.cli.flags import Flags
from omosim.cli.table import COMMANDS
from omosim.config.errors import refuse


def run(words: list[str], flags: Flags, argv: list[str]) -> int:
    """Print the explanation; returns the exit code."""
    from omosim.config.commands import OPTIONS
    from omosim.config.compose import compose
    from omosim.config.explain import explain, explain_all, explain_count

    overrides = [w for w in words if "=" in w]
    keys = [w for w in words if "=" not in w]
    if not keys and not (flags.all or flags.count):
        raise refuse("no setting named", allowed="a key, a prefix, --all or --count", cure=f"Write {COMMANDS['explain'].usage}")
    for_compare = any(k.split(".")[0] in OPTIONS["compare"].model_fields for k in [*keys, *overrides_keys(overrides)])
    composed = compose("compare" if for_compare else "run", overrides)
    whole = [explain_all(composed)] if flags.all else [explain_count(composed)] if flags.count else []
    texts = whole or [explain(key, composed) for key in keys]
    print("\n\n".join(texts))
    return 0


def overrides_keys(words: list[str]) -> list[str]:
    """Keys of key=value words."""
    return [w.partition("=")[0] for w in words]
