"""Kernels called by address: compiled apart from what calls them, and only where they are used.

Numba copies what a function calls into it and optimises the copy again, at every level; and a loop
that may call any of twenty kernels would need them all. So what a model may or may not have - an
op's kernels, an activation, the loss, a penalty, the optimizer - is compiled on its own when a
model has it, and its caller gets the address of the machine code as a number.

With the JIT disabled the number counts the functions that were asked for.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import from_dtype, types

from ..system.numba_parts import (
    DISABLED,
    NumbaError,
    Signature,
    TypingError,
    cgutils,
    compiled_address,
)
from . import symbols
from .jit import machine_code

NONE = 0  # the address of no kernel

_functions: list[Callable] = [lambda *_: None]  # with the JIT disabled, by address


@functools.cache
def address_for(kernel: Any, arguments: tuple[types.Type, ...]) -> int:
    """The address of a kernel for arguments of these types; compiles it, or loads it from disk."""
    if DISABLED:
        _functions.append(kernel)
        return _functions.index(kernel)  # its own, whatever other threads append
    return compiled_address(kernel, arguments)


def _write_call(typing_context, address, arguments):
    return types.void(address, arguments), _generate_call


def _generate_call(context, builder, signature, arguments):
    address, values = arguments
    kinds = tuple(signature.args[1])
    function = context.call_conv.get_function_type(types.none, kinds).as_pointer()
    pointer = builder.inttoptr(address, function)
    symbols.call(context, builder, pointer, kinds, cgutils.unpack_tuple(builder, values))
    return context.get_dummy_value()


@machine_code(_write_call)
def call_at(address, arguments):
    """For kernels: call what is there, compiled for arguments of just these types."""
    _functions[address](*arguments)


def by_address(parameters: str, signature: Callable[..., Signature]) -> tuple[Callable, Callable]:
    """What it takes to call kernels of one signature by address.

    Parameters
    ----------
    parameters : str
        Their names, such as "x, y": what a kernel with others is told.
    signature : callable ``(real, *more) -> numba signature``
        The kernels' types, with `real` for the model's dtype. What `more` changes must not matter
        to the caller, as which fields a record has: it calls without.

    Returns
    -------
    address : callable ``(kernel, dtype, *more) -> int``
        Compiles the kernel, or loads it from disk. A ValueError names one that does not fit.
    call : callable ``(address, arguments)``
        For kernels: calls what is there with a tuple of arguments, the first array of type `real`.
    """

    @functools.cache
    def address(kernel: Any, dtype: np.dtype, *more: Any) -> int:
        check_parameters(kernel, parameters)
        try:
            return address_for(kernel, signature(from_dtype(dtype), *more).args)
        except NumbaError as error:
            name = kernel.py_func.__qualname__
            raise ValueError(f"{name}({parameters}) cannot be compiled: {error}") from error

    def write_call(typing_context, address, arguments):
        arrays = (each for each in arguments if isinstance(each, types.Array))
        wanted = signature(next(arrays).dtype)
        pairs = zip(arguments, wanted.args, strict=True)
        if any(typing_context.can_convert(given, taken) is None for given, taken in pairs):
            raise TypingError(f"a kernel of type {wanted} was called with {arguments}")
        return types.void(address, types.Tuple(wanted.args)), _generate_call

    @machine_code(write_call)
    def call(address, arguments):
        _functions[address](*arguments)

    return address, call


def check_parameters(kernel: Any, parameters: str) -> None:
    """Refuse what is no kernel with parameters of these names, or of as many others."""
    function = getattr(kernel, "py_func", kernel)
    name = getattr(function, "__qualname__", repr(function))
    if not callable(kernel) or not (DISABLED or hasattr(kernel, "py_func")):
        raise ValueError(f"{name} must be a kernel: decorate the function with tinyae.kernel")
    given, expected = list(inspect.signature(function).parameters), parameters.split(", ")
    exchanged = given != expected and sorted(given) == sorted(expected)
    if len(given) != len(expected) or exchanged:
        raise ValueError(
            f"the kernel {name} must take ({parameters}), but it takes ({', '.join(given)})"
        )
