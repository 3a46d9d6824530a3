"""Kernels called by a name that LLVM resolves: compiled once, whoever calls them.

Numba copies what a function calls into it and optimises the copy again, at every level. A long loop
gains nothing by that, so its callers are given a symbol in its place, which stands for where its
machine code is in this process. Code from the cache has such symbols, too: what they stand for is
kept beside it, and loaded, or compiled, before it.
"""

import inspect
from typing import Any, NamedTuple

from llvmlite import binding, ir
from numba import types

from ..system.numba_parts import (
    cgutils,
    compiled_address,
    functions_in,
    intrinsic,
    passing_globals,
)

PREFIX = "tinyae: "
# Numba's own cache, which would load code without what it needs, keeps none that has such globals.
MARK = "numba.dynamic.globals.tinyae"


class Need(NamedTuple):
    """A kernel for arguments of these types."""

    name: str  # in every process: with its module's
    arguments: tuple[types.Type, ...]

    @property
    def symbol(self) -> str:
        return f"{PREFIX}{self.name}{self.arguments}"


# For the whole process, as LLVM's symbols are
_kernels: dict[str, Any] = {}
_resolved: dict[str, Need] = {}


def resolve(need: Need) -> str:
    """Have the kernel in memory; returns the symbol that compiled code knows it by."""
    if need.symbol not in _resolved:
        address = compiled_address(_kernels[need.name], need.arguments)
        binding.add_symbol(need.symbol, address)
        _resolved[need.symbol] = need
    return need.symbol


def needs_of(compiled: Any) -> list[Need]:
    """The kernels that compiled code calls by symbols."""
    return [_resolved[name] for name in functions_in(compiled) if name.startswith(PREFIX)]


def can_be_kept(compiled: Any) -> bool:
    """Whether there is nothing for which Numba keeps no code, but for the mark."""
    return not compiled.lifted and set(passing_globals(compiled)) <= {MARK}


def by_symbol(kernel: Any) -> Any:
    """What calls of a kernel that returns nothing compile to."""
    function = kernel.py_func
    name = f"{function.__module__}.{function.__qualname__}"
    _kernels[name] = kernel

    def write_call(typing_context, *arguments):
        wanted = tuple(map(types.unliteral, arguments))
        symbol = resolve(Need(name, wanted))

        def generate(context, builder, signature, values):
            call(context, builder, declare(context, builder, symbol, wanted), wanted, values)
            return context.get_dummy_value()

        return types.void(*wanted), generate

    # Numba asks it how to bind what a call gives; by *arguments alone it would make one tuple
    given = inspect.signature(function).parameters.values()
    context = inspect.Parameter("typing_context", inspect.Parameter.POSITIONAL_ONLY)
    write_call.__signature__ = inspect.Signature([context, *given])  # type: ignore[attr-defined]
    write_call.__name__ = function.__name__
    result = intrinsic(write_call)
    result.kernel = kernel
    return result


def declare(context: Any, builder: Any, symbol: str, arguments: tuple) -> Any:
    """The function that a symbol stands for, in the code that is being written."""
    module = builder.module
    if MARK not in module.globals:
        mark = ir.GlobalVariable(module, ir.IntType(8), MARK)
        mark.initializer, mark.linkage = ir.Constant(mark.value_type, 0), "weak_odr"
    function = context.call_conv.get_function_type(types.none, arguments)
    return cgutils.get_or_insert_function(module, function, symbol)


def call(context: Any, builder: Any, function: Any, arguments: tuple, values: Any) -> None:
    """Call a kernel that returns nothing; what it raises is raised on."""
    convention = context.call_conv
    status, _ = convention.call_function(builder, function, types.none, arguments, values)
    with cgutils.if_unlikely(builder, status.is_error):
        convention.return_status_propagate(builder, status)
