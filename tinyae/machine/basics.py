"""For kernels: Python's min and max of two whole numbers, and NumPy's empty, in a form that
compiles in a fraction of the time. Numba would compile each anew for each number of arguments.
"""

import numpy as np
from numba import types

from ..system.numba_parts import populate_array
from .jit import machine_code

ALIGNMENT = 64  # a line of the cache, and the widest vector


def _write_choice(sign):
    def generate(context, builder, signature, arguments):
        return builder.select(builder.icmp_signed(sign, *arguments), *arguments)

    return lambda typing_context, a, b: (types.intp(types.intp, types.intp), generate)


@machine_code(_write_choice("<"))
def smaller(a, b):
    """The smaller of two whole numbers."""
    return min(a, b)


@machine_code(_write_choice(">"))
def larger(a, b):
    """The larger of two whole numbers."""
    return max(a, b)


def _write_empty(typing_context, size, like):
    return types.Array(like.dtype, 1, "C")(types.intp, like), _generate_empty


def _generate_empty(context, builder, signature, arguments):
    size, _ = arguments
    array = context.make_array(signature.return_type)(context, builder)
    itemsize = context.get_constant(types.intp, signature.return_type.dtype.bitwidth // 8)
    alignment = context.get_constant(types.uint32, ALIGNMENT)
    owner = context.nrt.meminfo_alloc_aligned(builder, builder.mul(size, itemsize), alignment)
    data = builder.bitcast(context.nrt.meminfo_data(builder, owner), array.data.type)
    populate_array(array, data, [size], [itemsize], itemsize, meminfo=owner)
    return array._getvalue()


@machine_code(_write_empty)
def empty(size, like):
    """A new array of so many numbers of the type of another's; what they are is left open."""
    return np.empty(size, like.dtype)
