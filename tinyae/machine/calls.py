"""Kernels called by address: compiled apart from what calls them, and only where they are used.

Numba copies what a function calls into it and optimises the copy again, at every level; and a loop
that may call any of twenty kernels would need them all. So what a model may or may not have - an
op's kernels, an activation, the loss, a penalty, the optimizer - is compiled on its own when a
model has it, and its caller gets the address of the machine code as a number.

With the JIT disabled the number counts the functions that were asked for.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import from_dtype, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from .jit import DISABLED

NONE = 0  # the address of no kernel

_functions: list[Callable] = [lambda *_: None]  # with the JIT disabled, by address


def by_address(signature: Callable[[types.Type], Signature]) -> tuple[Callable, Callable]:
    """What it takes to call kernels of one signature by address.

    Parameters
    ----------
    signature : callable ``(real) -> numba signature``
        The kernels' types, with `real` for the model's dtype.

    Returns
    -------
    address : callable ``(kernel, dtype) -> int``
        Compiles the kernel, or loads it from disk.
    call : callable ``(address, arguments)``
        For kernels: calls what is there with a tuple of arguments, the first array of type `real`.
    """

    @functools.cache
    def address(kernel: Any, dtype: np.dtype) -> int:
        if DISABLED:
            _functions.append(kernel)
            return _functions.index(kernel)  # its own, whatever other threads append
        arguments = signature(from_dtype(dtype)).args
        kernel.compile(arguments)  # once, whichever thread comes first
        compiled = kernel.overloads[arguments]
        return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)

    def call(address, arguments):
        _functions[address](*arguments)

    @intrinsic
    def compiled_call(typing_context, address, arguments):
        arrays = (each for each in arguments if isinstance(each, types.Array))
        wanted = signature(next(arrays).dtype)
        pairs = zip(arguments, wanted.args, strict=True)
        if any(typing_context.can_convert(given, taken) is None for given, taken in pairs):
            raise TypingError(f"a kernel of type {wanted} was called with {arguments}")
        return types.void(address, types.Tuple(wanted.args)), _generate_call

    return address, call if DISABLED else compiled_call


def _generate_call(context, builder, signature, arguments):
    address, values = arguments
    kernel = types.void(*signature.args[1])
    convention = context.call_conv
    function = convention.get_function_type(kernel.return_type, kernel.args).as_pointer()
    status, _ = convention.call_function(
        *(builder, builder.inttoptr(address, function), kernel.return_type, kernel.args),
        cgutils.unpack_tuple(builder, values),
    )
    with cgutils.if_unlikely(builder, status.is_error):
        convention.return_status_propagate(builder, status)
    return context.get_dummy_value()
