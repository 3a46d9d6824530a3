"""The record that describes one layer to its kernels and to the engine.

Records are rows of a model's table. Each begins with the same fields, in which the program says
where the layer's arrays and kernels lie, and ends in room for fields of its own, which the layer's
class names. Fields are read by name, `op.stride_h`, in Numba and in plain Python alike.
"""

import functools

import numpy as np

from ..maths.penalties import SETTINGS
from ..system.numba_parts import DISABLED

NOWHERE = -1

_COMMON = (
    # Addresses in this process: of its kernels, and of its penalty's if it has one
    *("forward", "backward", "part", "penalty", "kernel_penalty", "layer_penalty"),
    *("inputs", "outputs"),  # numbers in one sample of x and of y
    # Offsets of x, y, dx, dy and scratch in the values buffer, each with room for a chunk; x is
    # NOWHERE for the model's input, dx where it is not wanted
    *("x", "y", "dx", "dy", "scratch"),
    *("w", "w_size"),  # offset in the parameter vector, and how many it has there
    "borrowed",  # how many of these, the first, are not the layer's own to step
    *("kernel", "kernel_size"),  # the same of the kernel alone, if it is penalised
    # Where weights' gradients are computed apart: the rows of the matrix, as many as its inputs or
    # not, its columns, and how many rows are best taken together
    *("w_rows", "w_columns", "w_together"),
    "product",  # address of the product by tiles, if the model trains by them and this is a Dense
    "trainable",
    "key",  # decides the layer's random numbers, with the step and the position
)
_SETTINGS = ("penalty_settings", "kernel_penalty_settings")
OWN = 24  # numbers of its own that a layer may have


def _record(own: dict[str, object]) -> np.dtype:
    begin = len(_COMMON) + SETTINGS * len(_SETTINGS)
    numbers = range(len(_COMMON), begin, SETTINGS)
    places = [*range(len(_COMMON)), *numbers, *range(begin, begin + len(own))]
    formats = [np.int64] * len(_COMMON) + [(np.float64, (SETTINGS,))] * len(_SETTINGS)
    layout = {
        "names": [*_COMMON, *_SETTINGS, *own],
        "formats": [*formats, *own.values()],
        "offsets": [8 * place for place in places],
        "itemsize": 8 * (begin + OWN),
    }
    return np.dtype(layout, align=True)  # type: ignore[call-overload]


OP = _record({"own": (np.int64, (OWN,))})


@functools.cache
def record_type(fields: tuple[tuple[str, type], ...]) -> np.dtype:
    """The type of a record with these fields of its own, each an int or a float."""
    if len(fields) > OWN:
        raise ValueError(f"a layer may have {OWN} fields of its own, but got {len(fields)}")
    for name, kind in fields:
        if name in (*_COMMON, *_SETTINGS, "own") or kind not in (int, float):
            raise ValueError(
                f"a field must be int or float and not of a common field's name, but got "
                f"{name!r}: {kind!r}"
            )
    return _record({name: np.int64 if kind is int else np.float64 for name, kind in fields})


def new_table(rows: int, dtype: np.dtype = OP) -> np.recarray:
    """A table of blank records."""
    return np.zeros(rows, dtype).view(np.recarray)


def as_type(record: np.record, dtype: np.dtype) -> np.record:
    """The same record with other fields of its own."""
    return record.view(np.dtype((np.record, dtype)))  # type: ignore[return-value]


def for_kernels(table: np.recarray) -> np.ndarray:
    """The table as Numba knows its type soonest; in plain Python records need their own array."""
    return table if DISABLED else table.view(np.ndarray)
