"""On which scale a model gives samples back that begins with `Rescaling`, as one of pixels may.

Where no target is given it is what that layer makes of the samples; the samples themselves, where
the model ends in the `Rescaling` that undoes the first. Both are looked for through Flatten,
Reshape and noise, which does nothing outside training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..checks.floating_point import quiet
from ..checks.overridden import is_compiled
from ..checks.reach import warn
from ..layers.layer import Layer
from ..layers.noise import Dropout, GaussianNoise
from ..layers.rescaling import Rescaling
from .corruption import Masking, SaltAndPepper

SEEN = 10  # rows that tell whether targets are the samples
ROUNDED = 0.01  # by which a scale, as one writes it, may be off
NOISE = (Dropout, GaussianNoise, Masking, SaltAndPepper)
APART = 4.0  # scales that differ by so large a factor are not taken for each other


def keeps_numbers(layer: Layer) -> bool:
    """Whether the layer's output is its input, in some shape."""
    return is_compiled(layer) and layer.kernels is not None and layer.kernels.copies


def first_rescaling(layers: Iterable[Layer]) -> Rescaling | None:
    """The layer, if the first of these that changes numbers is one."""
    found = next((e for e in layers if not (keeps_numbers(e) or type(e) in NOISE)), None)
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
    """Say so where the targets are on the scale of the samples, and the model's own on another.

    It is a warning, and a refusal where they are the samples and the loss for numbers within bounds
    (else the bounds are looked at next).
    """
    rescaling = rescaling_of(layers)
    if rescaling is None or y.shape != x.shape:
        return
    seen = np.asarray(x[:SEEN])
    made, wanted = rescaling.of(seen), np.asarray(y[:SEEN])
    same = np.array_equal(seen, wanted)
    if np.array_equal(made, seen) or not (same or (not bounded and _as_large(wanted, seen, made))):
        return
    learn = ""
    if rescaling.scale:
        undoes = Rescaling(1 / rescaling.scale, (0 - rescaling.offset) / rescaling.scale)
        learn = f", or end the decoder in {undoes!r} to learn {'x' if same else label} as it is"
    message = (
        f"{label} is x itself, but {rescaling.label} is {rescaling!r}: where no y is given, fit, "
        f"evaluate and reconstruction_error take what it makes of x for the target; leave y "
        f"out{learn}"
        if same
        else f"{label} is on the scale of x, but {rescaling.label} is {rescaling!r}, and outputs "
        f"on the scale that it makes: give {label} as model.rescaled({label}){learn}"
    )
    if bounded:
        raise ValueError(message)
    warn(message)


@quiet
def _as_large(wanted: np.ndarray, seen: np.ndarray, made: np.ndarray) -> bool:
    """Whether targets are of the size of what comes, and not of what is made of it."""
    size, before, after = (np.abs(a, dtype=np.float64).mean() for a in (wanted, seen, made))
    low, high = sorted((float(before), float(after)))
    if not (0 < size < np.inf and 0 < low * APART < high):
        return False
    return bool(abs(np.log(size / before)) < abs(np.log(size / after)))
