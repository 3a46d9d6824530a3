"""The record that describes one layer to its kernels and to the engine.

Records are rows of a model's table. A layer fills in its own fields (`Layer.op`), the program adds
where its arrays and its kernels lie. Fields are read by name, `op.stride_h`, in Numba and in plain
Python alike.
"""

import numpy as np

from ..machine.jit import DISABLED

KINDS = (
    "dense",
    "activation",
    "reshape",
    "convolution",
    "max_pooling",
    "average_pooling",
    "upsampling",
    "dropout",
    "gaussian_noise",
)
(
    DENSE,
    ACTIVATION,
    RESHAPE,
    CONVOLUTION,
    MAX_POOLING,
    AVERAGE_POOLING,
    UPSAMPLING,
    DROPOUT,
    GAUSSIAN_NOISE,
) = range(len(KINDS))

NOWHERE = -1

_INTEGERS = (
    "kind",
    # Addresses in this process: of its kernels, its activation's, and the penalty's if it has one
    *("forward", "backward", "part", "activation", "slope", "penalty"),
    *("inputs", "outputs"),  # numbers in one sample of x and of y
    # Images: x is (height, width, channels), y is (out_height, out_width, filters)
    *("height", "width", "channels", "out_height", "out_width", "filters"),
    *("kernel_height", "kernel_width", "stride_h", "stride_w", "pad_top", "pad_left"),
    *("scatter", "flipped"),  # which form of the convolution
    *("spread_h", "spread_w"),  # by how much an upsampling before it widens the window, plus 1
    "key",  # decides the layer's random numbers, with the step and the position
    # Offsets of x, y, dx, dy and scratch in the values buffer, each with room for a chunk; x is
    # NOWHERE for the model's input, dx where it is not wanted
    *("x", "y", "dx", "dy", "scratch"),
    *("W", "W_size", "b", "b_size"),  # offsets in the parameter vector
    "trainable",
    "from_logits",  # y holds z where the layer's output is sigmoid(z)
)
_REALS = ("rate", "l1", "l2")  # of dropout, or the noise's stddev; of the activity penalty

OP = np.dtype(
    [(name, np.int64) for name in _INTEGERS] + [(name, np.float64) for name in _REALS], align=True
)


def new_table(rows: int) -> np.recarray:
    """A table of blank records."""
    return np.zeros(rows, OP).view(np.recarray)


def for_kernels(table: np.recarray) -> np.ndarray:
    """The table as Numba knows its type soonest; in plain Python records need their own array."""
    return table if DISABLED else table.view(np.ndarray)
