"""The kernel decorator: Python loops as machine code.

With ``NUMBA_DISABLE_JIT=1`` every kernel is the plain Python function that you read: a debugger
steps through all of it.
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba

from ..system.numba_parts import (
    DISABLED,
    OPTIONS,
    for_compiled_code,
    for_users,
    intrinsic,
    keep_compiled,
    overload,
)
from .cache import KernelCache

F = TypeVar("F", bound=Callable)


def kernel(function: F, **options: Any) -> F:
    """Compile `function` with Numba on its first call; keep the result on disk where possible.

    It may be called from Python and from other kernels.
    """
    if DISABLED:
        return function
    dispatcher = numba.njit(**(OPTIONS | options))(function)
    # RuntimeError: there is no source file. OSError: sources beside it may not be read
    with contextlib.suppress(RuntimeError, OSError):
        keep_compiled(dispatcher, KernelCache(function))
    if function.__module__.partition(".")[0] != __name__.partition(".")[0]:
        for_users(dispatcher)
    return dispatcher


def called(function: F) -> F:
    """A kernel that only compiled code calls: it compiles faster without a wrapper for Python."""
    dispatcher = kernel(function, no_cpython_wrapper=True)
    if not DISABLED:
        for_compiled_code(dispatcher)
    return dispatcher


def inlined(function: F) -> F:
    """Make `function` part of each kernel that calls it.

    A function that is compiled both on its own and as part of its callers exists in copies, which
    differ in the order of their sums; which one runs depends on what was compiled in this process.
    """
    return kernel(function, inline="always")


# For what is compiled from something else than the Python function that says what it does. Without
# the JIT that function is what runs.


def machine_code(write: Callable) -> Callable[[Callable], Callable]:
    """Compile by `write`, which takes a typing context and the arguments' types, and gives a
    signature and a function that writes the instructions: see `numba.extending.intrinsic`.
    """
    return lambda function: function if DISABLED else intrinsic(write)


def by_type(select: Callable) -> Callable[[Callable], Callable]:
    """Compile what `select` gives for the arguments' types: see `numba.extending.overload`."""

    def decorate(function: Callable) -> Callable:
        if not DISABLED:
            overload(function)(select)
        return function

    return decorate
