"""The kernel decorator: Python loops as machine code.

With ``NUMBA_DISABLE_JIT=1`` every kernel is the plain Python function that you read: a debugger
steps through all of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba

from ..system.numba_parts import (
    DISABLED,
    OPTIONS,
    for_any_number,
    for_compiled_code,
    for_users,
    intrinsic,
    keep_compiled,
    overload,
)
from .cache import KernelCache
from .symbols import by_symbol

Function = TypeVar("Function", bound=Callable)


def kernel(function: Function, **options: Any) -> Function:
    """Compile `function` with Numba on its first call; keep the result on disk where possible.

    It may be called from Python and from other kernels.

    Parameters
    ----------
    function : callable
        Of numbers and arrays, in the part of Python and NumPy that Numba compiles.
    **options
        For ``numba.njit``, in place of those of tinyae.

    Returns
    -------
    callable
        The compiled function, or `function` itself where ``NUMBA_DISABLE_JIT`` is set.

    See Also
    --------
    Kernels : What kernels a layer needs.
    ActivationFunction : What kernels an activation needs.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> @tae.kernel
    ... def total(x):
    ...     result = 0.0
    ...     for each in x:
    ...         result += each
    ...     return result
    >>> total(np.array([1.0, 2.5]))
    3.5
    """
    if DISABLED:
        return function
    dispatcher = numba.njit(**(OPTIONS | options))(function)
    for_any_number(dispatcher)
    # RuntimeError: there is no source file. OSError: sources beside it may not be read
    with contextlib.suppress(RuntimeError, OSError):
        keep_compiled(dispatcher, KernelCache(function))
    if function.__module__.partition(".")[0] != __name__.partition(".")[0]:
        for_users(dispatcher)
    return dispatcher


def uncounted(function: Function) -> Function:
    """A kernel of tinyae's own that makes no arrays but views, and gives none back.

    References to arrays need not be counted, which may take a fifth of the time of a short loop.
    """
    return kernel(function, _nrt=False)


def called(function: Function) -> Function:
    """The same where only compiled code calls: it compiles faster without a wrapper for Python."""
    return _for_compiled_code(function, _nrt=False)


def allocating(function: Function) -> Function:
    """Another that only compiled code calls, which makes arrays, or gives back a view."""
    return _for_compiled_code(function)


def shared(function: Function) -> Function:
    """Another that only compiled code calls and that returns nothing: all its callers share its
    code, where they would have copies of others'.
    """
    return function if DISABLED else by_symbol(called(function))


def _for_compiled_code(function: Function, **options: bool) -> Function:
    dispatcher = kernel(function, no_cpython_wrapper=True, **options)
    if not DISABLED:
        for_compiled_code(dispatcher)
    return dispatcher


def inlined(function: Function) -> Function:
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
