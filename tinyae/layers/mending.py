"""What makes a decoder end in another size: a hint for whom its own is refused."""

from collections.abc import Sequence
from typing import Any

from .layer import Layer, Shape


def mending(layers: Sequence[Layer], wanted: Shape) -> str:
    """Which settings or layers mend the size of what the layers give; "" if none does."""
    found = layers[-1].output_shape
    if len(found) != len(wanted) or found[-1] != wanted[-1] or len(found) not in (2, 3):
        return ""
    ways = [_output_padding(layers, wanted[:-1])]
    if len(found) == 3:
        ways.append(_borders(found[:2], wanted[:2]))
    ways = [way for way in ways if way]
    return f"; {' or '.join(ways)} mends it" if ways else ""


def _output_padding(layers: Sequence[Layer], wanted: Shape) -> str:
    """That of the last transposed convolution, if those behind it keep sizes."""
    for position in range(len(layers) - 1, -1, -1):
        layer: Any = layers[position]
        if hasattr(layer, "output_padding_for"):
            extra = layer.output_padding_for(wanted)
            return "" if extra is None else f"output_padding={extra} in {layer.label}"
        if layer.input_shape[:-1] != layer.output_shape[:-1]:
            return ""
    return ""


def _borders(found: Shape, wanted: Shape) -> str:
    """The layers at the end that cut off what is too much, and add what is missing."""
    more = [max(0, a - b) for a, b in zip(found, wanted, strict=True)]
    less = [max(0, b - a) for a, b in zip(found, wanted, strict=True)]
    layers = [
        f"{name}({tuple((size // 2, size - size // 2) for size in sizes)})"
        for name, sizes in (("Cropping2D", more), ("ZeroPadding2D", less))
        if any(sizes)
    ]
    return f"{' and '.join(layers)} at the end"
