"""The `omosim` command: finds the command, answers every error in words, and gives the exit code."""

from __future__ import annotations

import errno
import importlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import Sequence

from omosim import __version__
from omosim.cli.flags import Flags, split
from omosim.cli.table import COMMANDS, FLAGS, GLOBAL_FLAGS
from omosim.cli.texts import of_command, overview

OK, BUG, BAD_INPUT, SOME_FAILED, LAW_BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    # before numpy is loaded: the systems solved here are small, and a second thread of the library spends its time waiting
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _forgiving_streams()
    _stop_on_term()
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        kept = "goes on where it stopped" if words[:1] in (["compare"], ["sweep"], ["validate"], ["value"], ["flip"], ["attribute"], ["claims"], ["twin"]) else "starts it again"
        _say(f"\ninterrupted; nothing is half written. The same command {kept}:\n  " + _replay(words))
        return INTERRUPTED
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        _close_stdout()  # the reader of a pipe has gone; rich says so by leaving
        return OK
    except BrokenPipeError:
        _close_stdout()
        return OK
    except Exception as error:
        return explain_error(error, words)


def _dispatch(words: list[str]) -> int:
    if words[:1] == ["__complete"]:
        from omosim.cli.complete import complete

        return complete(words[1:])
    command, rest, flags = split(words)
    if flags.completion:
        from omosim.cli.complete import BASH

        print(BASH)
        return OK
    if flags.version:
        print(f"omosim {__version__}")
        return OK
    if command == "help":
        command, flags.help = (rest.pop(0) if rest else None), True
    if command is None:
        print(overview(flags.lang))
        return OK if flags.help or not (words and flags.wrong) else _wrong_flags(None, flags)
    if command not in COMMANDS:
        return _unknown(command)
    if flags.help:
        print(of_command(command, flags.lang))
        return OK
    if flags.wrong:
        return _wrong_flags(command, flags)
    module = importlib.import_module(f"omosim.cli.commands.{command.replace('-', '_')}")
    if flags.lang == "en":
        return int(module.run(rest, flags, ["omosim", *words]))
    from omosim.reports.language import using

    with using(flags.lang):
        return int(module.run(rest, flags, ["omosim", *words]))


def _unknown(command: str) -> int:
    from omosim.config.errors import nearest, show

    near = nearest(command, COMMANDS)
    hint = f" Did you mean '{near}'?" if near else ""
    if "=" in command:
        hint = " The command comes first: omosim run " + command
    _say(f"no command {show(command)}.{hint}\ncommands: {' '.join(COMMANDS)}")
    return BAD_INPUT


def _wrong_flags(command: str | None, flags: Flags) -> int:
    from omosim.config.errors import nearest, show

    known = [*GLOBAL_FLAGS, *FLAGS.get(command or "", ())]
    for word in flags.wrong:
        near = nearest(word.split()[0], known)
        if near == word:
            near = None
        hint = (
            f" Did you mean '{near}'?"
            if near
            else (" Settings are written key=value, without dashes." if "=" in word else "")
        )
        where = f" of {command}" if command else ""
        _say(f"no flag{where}: {show(word)}.{hint} Flags: {' '.join(known)}")
    return BAD_INPUT


def explain_error(error: Exception, words: Sequence[str]) -> int:
    """Say what went wrong, and give the exit code of it."""
    if "--trace" in words:
        import traceback

        traceback.print_exception(error)
    code = getattr(error, "exit_code", None)
    if isinstance(code, int) and code != LAW_BROKEN:
        _say(str(error))
        return code
    if code == LAW_BROKEN or hasattr(error, "residuals"):
        _say(f"{error}\nNothing was published. To replay:\n  {_replay(words)}")
        return LAW_BROKEN
    if isinstance(error, MemoryError):
        _say("not enough memory. Give fewer shoppers, or jobs=1.")
        return BAD_INPUT
    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT):
        _say(f"{error.strerror}. Make room on the disk; nothing is half written.")
        return BAD_INPUT
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"{error.filename}: {error.strerror or error}. Check the path, its rights and the space on the disk.")
        return BAD_INPUT
    _say(
        f"a bug in omosim, not in your input: {type(error).__name__}: {error}\n  at {_where(error)}\n"
        f"To replay, with the full trace:\n  {_replay(words)} --trace"
    )
    return BUG


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    place = "unknown place"
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith("omosim"):
            place = f"{name}:{trace.tb_lineno} in {trace.tb_frame.f_code.co_name}"
        trace = trace.tb_next
    return place


def _replay(words: Sequence[str]) -> str:
    return "omosim " + shlex.join(w for w in words if w != "--trace")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _stop_on_term() -> None:
    """What schedulers send to end a job is taken as Ctrl-C: finished runs are kept, nothing is half written."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _forgiving_streams() -> None:
    """A terminal that lacks a character (CP949, Latin-1) shows '?' and never stops a run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _close_stdout() -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


if __name__ == "__main__":
    sys.exit(main())
