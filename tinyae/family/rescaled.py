"""On which scale a model gives samples back that begins with `Rescaling`, as one of pixels may.

Where no target is given it is what that layer makes of the samples; the samples themselves, where
the model ends in the `Rescaling` that undoes the first. Both are looked for through Flatten and
Reshape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..checks.overridden import is_compiled
from ..checks.reach import warn
from ..layers.layer import Layer
from ..layers.rescaling import Rescaling

SEEN = 10  # rows that tell whether targets are the samples
ROUNDED = 0.01  # by which a scale, as one writes it, may be off


def keeps_numbers(layer: Layer) -> bool:
    """Whether the layer's output is its input, in some shape."""
    return is_compiled(layer) and layer.kernels is not None and layer.kernels.copies


def first_rescaling(layers: Iterable[Layer]) -> Rescaling | None:
    """The layer, if the first of these that changes numbers is one."""
    found = next((layer for layer in layers if not keeps_numbers(layer)), None)
    return found if isinstance(found, Rescaling) else None


def rescaling_of(layers: Sequence[Layer]) -> Rescaling | None:
    """The first `Rescaling`, unless the last one undoes it: None where samples stay as they are."""
    first, last = first_rescaling(layers), first_rescaling(reversed(layers))
    if first is None or last is None or last is first:
        return first
    off = abs(last.scale * first.offset + last.offset)
    undone = abs(last.scale * first.scale - 1) <= ROUNDED and off <= ROUNDED * abs(last.scale)
    return None if undone else first


def check_scale(layers: Sequence[Layer], x: Any, y: Any, label: str, bounded: bool) -> None:
    """Say so where the targets are the samples, and the model's own would be on another scale.

    It is a warning, and a refusal where the loss is for numbers within bounds.
    """
    rescaling = rescaling_of(layers)
    if rescaling is None or y.shape != x.shape:
        return
    seen = np.asarray(x[:SEEN])
    if not np.array_equal(seen, np.asarray(y[:SEEN])) or np.array_equal(rescaling.of(seen), seen):
        return
    learn = ""
    if rescaling.scale:
        undoes = Rescaling(1 / rescaling.scale, -rescaling.offset / rescaling.scale)
        learn = f", or end the decoder in {undoes!r} to learn x as it is"
    message = (
        f"{label} is x itself, but {rescaling.label} is {rescaling!r}: where no y is given, fit, "
        f"evaluate and reconstruction_error take what it makes of x for the target; leave y "
        f"out{learn}"
    )
    if bounded:
        raise ValueError(message)
    warn(message)
