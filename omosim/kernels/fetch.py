"""Ask memory for a row ahead of its use."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from omosim.kernels.jit import JIT_OFF

if JIT_OFF:

    def fetch(table, row):
        """Ask for `table[row]`; changes nothing."""
else:

    @intrinsic
    def fetch(typingctx, table, row):
        """Ask for row `row` of a C-contiguous table (flat number if it has more dimensions); changes nothing."""
        if not isinstance(row, types.Integer):
            return None
        size = table.dtype.size if isinstance(table.dtype, types.Record) else table.dtype.bitwidth // 8

        def codegen(context, builder, signature, args):
            wide, byte, word = ir.IntType(64), ir.IntType(8).as_pointer(), ir.IntType(32)
            data = builder.bitcast(make_array(signature.args[0])(context, builder, args[0]).data, byte)
            start = builder.mul(context.cast(builder, args[1], signature.args[1], types.int64), wide(size))
            prefetch = builder.module.declare_intrinsic(
                "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            )
            for offset in sorted({*range(0, size, 64), size - 1}):
                where = builder.gep(data, [builder.add(start, wide(offset))])
                builder.call(prefetch, [where, word(1), word(3), word(1)])
            return context.get_dummy_value()

        return types.none(table, row), codegen
