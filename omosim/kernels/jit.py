"""One decorator for every compiled function: compile options, cache folder, and the switch to plain Python."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from pathlib import Path

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

JIT_OFF = bool(numba.config.DISABLE_JIT)
prange = numba.prange

# numba's cache index knows the processor, the numba version and the file of the function itself; it does not
# know the files it calls into, nor these switches.
_CODEGEN_SWITCHES = ("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "DEBUGINFO_DEFAULT")


def kernels_digest(folder: Path | None = None) -> str:
    """Hash of every source file in the kernels folder and of the switches that change the machine code."""
    folder = Path(__file__).parent if folder is None else folder
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(b"\0" + path.read_bytes() + b"\0")
    for name in _CODEGEN_SWITCHES:
        digest.update(f"{name}={getattr(numba.config, name, None)};".encode())
    return digest.hexdigest()[:16]


def user_cache_root() -> Path | None:
    """The folder under which compiled kernels are kept: NUMBA_CACHE_DIR, or the user's own cache folder."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    try:
        if os.environ.get("XDG_CACHE_HOME"):
            base = Path(os.environ["XDG_CACHE_HOME"])
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "omosim" / "kernels" if base.is_absolute() else None


def private_folder(path: Path | None) -> Path | None:
    """Make `path` for this user alone; None where that cannot be, so that nothing foreign is ever loaded."""
    if path is None:
        return None
    probe = path / f".probe-{os.getpid()}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "geteuid"):
            status = path.stat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return None
    return path


_CACHE_DIR: Path | None = None
if not JIT_OFF:
    _root = user_cache_root()
    _CACHE_DIR = private_folder(_root / kernels_digest()) if _root is not None else None


def kernel(function=None, *, parallel=False, inline="never"):
    """Compile with the options every kernel shares; with NUMBA_DISABLE_JIT=1 return the plain function.

    Parameters
    ----------
    function : the function; leave out to give options, as in ``@kernel(parallel=True)``
    parallel : threads over `prange`; only where each iteration writes its own rows
    inline : "never" or "always" (at numba's level; LLVM inlines small functions in any case)

    Notes
    -----
    fastmath stays off and no multiply-add is fused, so results are equal on every processor. The cache is set
    for these functions only: numba's own setting is put back. Test: tests/kernels/test_jit.py.
    """

    def decorate(plain):
        if JIT_OFF:
            return plain
        options = {"cache": _CACHE_DIR is not None, "fastmath": False, "nogil": True, "error_model": "numpy",
                   "parallel": parallel, "inline": inline,
                   "forceinline": False}  # said, or numba hands down that of whichever caller is compiled first
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(_CACHE_DIR) if _CACHE_DIR is not None else before
        try:
            return _one_type_per_argument(numba.njit(**options)(plain))
        finally:
            numba.config.CACHE_DIR = before

    return decorate if function is None else decorate(function)


def uncounted(function=None, *, inline="never"):
    """A kernel without reference counts, for functions that allocate nothing: counting cost more than their work."""

    def decorate(plain):
        made = kernel(plain, inline=inline)
        if not JIT_OFF:
            made.targetoptions["_nrt"] = False
        return made

    return decorate if function is None else decorate(function)


def _one_type_per_argument(dispatcher):
    """Stop numba compiling a function anew for each constant it is called with (0.3 s for each purpose of a draw)."""
    resolve = dispatcher.get_call_template

    def get_call_template(args, kws):
        return resolve([types.unliteral(a) for a in args], {k: types.unliteral(a) for k, a in kws.items()})

    dispatcher.get_call_template = get_call_template
    return dispatcher


def _bitcast(source, target, llvm_target):
    @intrinsic
    def cast(typingctx, value):
        if value != source:
            return None

        def codegen(context, builder, signature, args):
            return builder.bitcast(args[0], llvm_target)

        return target(source), codegen

    return cast


def _struct_cast(source, target):
    pack, unpack = struct.Struct(source).pack, struct.Struct(target).unpack

    def cast(value):
        return unpack(pack(value))[0]

    return cast


if JIT_OFF:

    def apart():
        """Nothing: plain functions are never laid into their callers."""
else:

    @intrinsic
    def apart(typingctx):
        """Keep the function that calls this out of its callers: for rare work, whose copies would only cost compile time."""

        def codegen(context, builder, signature, args):
            builder.function.attributes.add("noinline")
            return context.get_dummy_value()

        return types.none(), codegen


if JIT_OFF:
    import numpy as _np

    _f32_bits, _bits_f32 = _struct_cast("<f", "<i"), _struct_cast("<i", "<f")
    bits_of_f64 = _struct_cast("<d", "<q")
    f64_of_bits = _struct_cast("<q", "<d")

    def bits_of_f32(value):
        return _np.int32(_f32_bits(value))

    def f32_of_bits(value):
        return _np.float32(_bits_f32(value))
else:
    bits_of_f64 = _bitcast(types.float64, types.int64, ir.IntType(64))
    f64_of_bits = _bitcast(types.int64, types.float64, ir.DoubleType())
    bits_of_f32 = _bitcast(types.float32, types.int32, ir.IntType(32))
    f32_of_bits = _bitcast(types.int32, types.float32, ir.FloatType())
