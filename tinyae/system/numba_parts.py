"""The parts of Numba that it does not promise to keep: all those that are used, here only."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from numbers import Real

import numba
import numpy as np

from ..checks import forks

try:
    from llvmlite.binding.ffi import lib as llvm
    from numba.core import cgutils
    from numba.core.caching import (
        CompileResultCacheImpl,
        FunctionCache,
        IndexDataCacheFile,
        _CacheLocator,
    )
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.datamodel.models import OpaqueModel
    from numba.core.errors import NumbaError, TypingError
    from numba.core.event import Listener, install_listener
    from numba.core.imputils import impl_ret_borrowed
    from numba.core.registry import CPUDispatcher, cpu_target
    from numba.core.typing.templates import AttributeTemplate, Signature, infer_getattr
    from numba.extending import (
        NativeValue,
        get_cython_function_address,
        intrinsic,
        lower_getattr_generic,
        overload,
        register_model,
        unbox,
    )
    from numba.np.arrayobj import populate_array

    # In this order a thread that compiles takes them
    for lock in (global_compiler_lock, llvm._lock._lock):
        forks.wait_for(lock)
except (ImportError, AttributeError) as error:
    raise ImportError(
        f"Numba {numba.__version__} lacks a part that tinyae uses ({error}); 0.61 to 0.68 have all"
    ) from error

__all__ = [
    "DISABLED",
    "OPTIONS",
    "AttributeTemplate",
    "CompileResultCacheImpl",
    "FunctionCache",
    "IndexDataCacheFile",
    "NativeValue",
    "NumbaError",
    "OpaqueModel",
    "Signature",
    "TypingError",
    "_CacheLocator",
    "cgutils",
    "compiled_address",
    "for_any_number",
    "for_compiled_code",
    "for_users",
    "functions_in",
    "get_cython_function_address",
    "impl_ret_borrowed",
    "infer_getattr",
    "intrinsic",
    "keep_compiled",
    "lower_getattr_generic",
    "on_compilation",
    "overload",
    "passing_globals",
    "populate_array",
    "processor_has",
    "register_model",
    "unbox",
]

# With NUMBA_DISABLE_JIT=1 every kernel is the plain Python function that you read.
DISABLED = bool(numba.config.DISABLE_JIT)


def processor_has(feature: str) -> bool:
    """Whether code is compiled for a processor with this feature, by LLVM's name."""
    features = cpu_target.target_context.codegen().magic_tuple()[2]
    return f"+{feature}" in features.split(",")


# The numpy error model lets loops with a division vectorise (no check for zero). Of fast-math
# everything but "no NaNs, no infinities": training must notice when it diverges.
OPTIONS = {
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
    "nogil": True,
    "no_cfunc_wrapper": True,  # which C code would call
    "_nrt": True,  # references to arrays are counted, also if the caller's are not
}


def for_any_number(dispatcher):
    """Make constants in calls numbers like others."""
    dispatcher.__class__ = Kernel


def keep_compiled(dispatcher, cache: FunctionCache) -> None:
    """Look in the cache for what would be compiled, and put there what was."""
    dispatcher._cache = cache


class Starts(Listener):
    """Calls a function whenever something that Numba tells of begins."""

    def __init__(self, call: Callable[[], None]):
        self.call = call

    def on_start(self, event):
        self.call()

    def on_end(self, event):
        pass


def on_compilation(call: Callable[[], None]) -> AbstractContextManager:
    """Inside the `with` block, call this when a kernel begins to compile, in whatever thread."""
    return install_listener("numba:compile", Starts(call))


class Kernel(CPUDispatcher):
    """A function that is compiled once for all numbers of a type.

    Numba would compile another for each number that stands in a call.
    """

    def get_call_template(self, args, kws):
        named = {name: numba.types.unliteral(each) for name, each in kws.items()}
        return super().get_call_template(tuple(map(numba.types.unliteral, args)), named)


class CompiledOnly(Kernel):
    """A function that only compiled code may call: without the wrapper that Python would need."""

    def __call__(self, *arguments, **options):
        raise TypeError(f"{self.py_func.__qualname__} can be called in kernels only")


class UsersKernel(Kernel):
    """A kernel that says by name what it cannot be called with."""

    def __call__(self, *arguments, **options):
        try:
            return super().__call__(*arguments, **options)
        except (NotImplementedError, NumbaError) as error:
            if all(map(_ordinary, arguments)):
                raise  # what is wrong is in the kernel, and Numba says where
            given = (f"{getattr(each, 'dtype', '')} {type(each).__name__}" for each in arguments)
            raise TypeError(
                f"{self.py_func.__qualname__} must be called with arrays of float32 or float64 and "
                f"numbers that it is written for, but got ({', '.join(map(str.strip, given))})"
            ) from error


def _ordinary(argument: object) -> bool:
    """Whether it is a number, or an array of numbers that compiled code has."""
    dtype = getattr(argument, "dtype", np.dtype(float))
    known = dtype.kind in "biu" or dtype in (np.float32, np.float64)
    return isinstance(argument, np.ndarray | Real) and known and dtype.isnative


def functions_in(compiled) -> list[str]:
    """The names of the functions that compiled code has or calls."""
    return [function.name for function in compiled.library._final_module.functions]


def passing_globals(compiled) -> list[str]:
    """The names of what compiled code has of this process alone, for which Numba keeps none."""
    return compiled.library._dynamic_globals


def for_users(dispatcher):
    """Make errors of calls from Python those of tinyae."""
    dispatcher.__class__ = UsersKernel


def for_compiled_code(dispatcher):
    """Make an error of a call from Python, which would crash."""
    dispatcher.__class__ = CompiledOnly


def compiled_address(dispatcher, arguments: tuple) -> int:
    """Where the machine code of a kernel for arguments of these types is; compiles it if need be.

    Raises
    ------
    NumbaError
        If it cannot be compiled for them, or returns something, for which no caller has room.
    """
    dispatcher.compile(arguments)  # once, whichever thread comes first
    compiled = dispatcher.overloads[arguments]
    if compiled.signature.return_type != numba.types.none:
        raise TypingError(f"it must return nothing, but returns {compiled.signature.return_type}")
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
