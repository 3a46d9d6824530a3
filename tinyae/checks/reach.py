"""Warns where outputs can never be their targets, such as a sigmoid of data beyond [0, 1]."""

import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

import numpy as np

from .arrays import ROUNDING, row_chunks
from .attributes import is_ours

# What the activations can give; linear ones and those that are not listed give any number
REACH = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "elu": (-1.0, np.inf),
    "selu": (-1.7581, np.inf),
    "softplus": (0.0, np.inf),
    "softmax": (0.0, 1.0),
}
ANY = (-np.inf, np.inf)


def warn_if_out_of_reach(layers: Sequence[Any], loss: object, target: np.ndarray) -> None:
    """Warn, once, if the activation of the output does not fit the loss or the admitted targets.

    Nothing is known of parts that are not tinyae's, and nothing said.

    Parameters
    ----------
    layers : sequence of Layer
        The last of them that has an activation decides where outputs lie: those behind it change
        shapes, or pass on some of the numbers.
    loss : object
        With ``bounds`` of what it is defined for, if there are any.
    target : array
    """
    places = [place for place, layer in enumerate(layers) if "activation" in vars(layer)]
    end = layers[places[-1] :] if places else []
    if (
        not end
        or not isinstance(end[0].activation, str)
        or not all(map(is_ours, map(type, [loss, *end])))
    ):
        return
    layer, activation = end[0], end[0].activation
    low, high = REACH.get(activation, ANY)
    given = f"{layer.label} is {activation}"
    for each in end:  # a `Rescaling` behind it has other outputs
        if hasattr(each, "scale") and each.scale:
            low, high = sorted(each.scale * limit + each.offset for limit in (low, high))
            given = f"{each.label} rescales what is {activation}"
    bounds = getattr(loss, "bounds", None)
    if hasattr(loss, "columns") and activation != "linear":
        warn(
            f"{type(loss).__name__} is for a linear last layer, since what reconstruct gives has "
            f"its own activation for each column, but {layer.label} is {activation}"
        )
        return
    if bounds is not None:
        if not bounds[0] <= low <= high <= bounds[1]:
            warn(
                f"{type(loss).__name__} is for outputs in [{bounds[0]:g}, {bounds[1]:g}], but "
                f"{given}: what leaves them is clipped and has no gradient; end in the activation "
                f'"{getattr(loss, "activation", None)}", or give the model the '
                'loss "mse"'
            )
        return
    outside = _outside(target, low, high)
    if outside is not None:
        warn(
            f"{given}, so outputs lie in [{low:g}, {high:g}], but targets "
            f"such as {outside} do not: scale the data, or give the layer another activation, such "
            'as "linear"'
        )


def _outside(target: np.ndarray, low: float, high: float) -> Any:
    """A value that leaves the range, and not by rounding only; None where there is none."""
    if (low, high) == ANY:
        return None
    slack = ROUNDING * float(np.finfo(target.dtype).eps) if target.dtype.kind == "f" else 0
    for rows in row_chunks(len(target), target[:1].nbytes):
        least, most = target[rows].min(), target[rows].max()
        if least < low - slack:
            return least
        if most > high + slack:
            return most
    return None


def warn(message: str) -> None:
    """Warn of the line that called the package."""
    inside, depth = (__name__.partition(".")[0], "numpy"), 1  # whose errstate runs a function
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in inside:
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, UserWarning, stacklevel=depth)
