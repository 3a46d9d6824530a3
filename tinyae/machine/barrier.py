"""Atomic access and a barrier for threads that run the same compiled loop.

Plain reads of memory that another thread writes may be moved out of a loop by the compiler; these
may not. With the JIT disabled there is one thread, and they are plain reads and writes.
"""

import ctypes
import os

import llvmlite.binding
from llvmlite import ir
from numba import types

from ..system.numba_parts import cgutils
from .jit import machine_code, shared

SPINS = 200_000  # looks at the counter, some 500 µs, before a waiting thread sleeps
MICROSECONDS = 20  # of sleep, before it looks again


def _element(context, builder, array_type, array, index):
    made = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, array_type, made, [index])


def _write_load(typing_context, array, index):
    def generate(context, builder, signature, arguments):
        pointer = _element(context, builder, array, arguments[0], arguments[1])
        return builder.load_atomic(pointer, "seq_cst", 8, typ=ir.IntType(64))

    return types.int64(array, types.intp), generate


@machine_code(_write_load)
def load(array, index):
    """array[index], read afresh from memory."""
    return array[index]


def _write_store(typing_context, array, index, value):
    def generate(context, builder, signature, arguments):
        pointer = _element(context, builder, array, arguments[0], arguments[1])
        builder.store_atomic(arguments[2], pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@machine_code(_write_store)
def store(array, index, value):
    """array[index] = value, visible to the other threads with all that was written before."""
    array[index] = value


def _write_fetch_add(typing_context, array, index, value):
    def generate(context, builder, signature, arguments):
        pointer = _element(context, builder, array, arguments[0], arguments[1])
        return builder.atomic_rmw("add", pointer, arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


@machine_code(_write_fetch_add)
def fetch_add(array, index, value):
    """Add to array[index] and return what was there before."""
    before = array[index]
    array[index] = before + value
    return before


def _sleep_address() -> int:
    """The operating system's call that sleeps for so many microseconds; on Windows, that offers the
    core to another thread.
    """
    try:
        if os.name == "nt":
            function = ctypes.WinDLL("kernel32").SwitchToThread  # type: ignore[attr-defined]
        else:
            function = ctypes.CDLL(None).usleep
    except (OSError, AttributeError):
        function = ctypes.pythonapi.Py_IsInitialized  # any harmless call: the wait then just spins
    return ctypes.cast(function, ctypes.c_void_p).value or 0


llvmlite.binding.add_symbol("tinyae_sleep", _sleep_address())
_sleep = types.ExternalFunction("tinyae_sleep", types.int32(types.uint32))


@shared
def barrier(sync, counter, abort, threads):
    """Wait until all threads have come here, or until sync[abort] is set.

    sync[counter] counts arrivals and never goes back, so the barrier needs no reset: the wait is
    for the next multiple of the number of threads.

    One that waits for long sleeps: it has used none of its share of the processor when the others
    come, so that programs beside it make way at once. Had it only offered its core, they would
    keep it for their whole time slice, at every barrier.
    """
    if threads == 1:
        return
    arrived = fetch_add(sync, counter, 1) + 1
    target = (arrived + threads - 1) // threads * threads
    spins = 0
    while load(sync, counter) < target and load(sync, abort) == 0:
        spins += 1
        if spins > SPINS:
            _sleep(types.uint32(MICROSECONDS))
