"""What each primitive step is in C: a call of a function in ``functions.c``."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..maths.activations import ActivationFunction
from ..primitives import steps
from .shapes import Placed, Shape


class Call(NamedTuple):
    """``function(x, *arguments, y)``; arrays among the arguments are constants of the file."""

    function: str
    arguments: Sequence[Any]
    in_place: bool = False  # whether y may be x


def size(at: Placed) -> int:
    """How many numbers a sample has before the step."""
    return math.prod(at.before)


def rows(at: Placed) -> int:
    """How many vectors lie along the last axis."""
    return math.prod(at.before[:-1])


def window(at: Placed, weight: np.ndarray) -> list[Any]:
    """What both convolutions are told."""
    return [*at.before, weight, *at.weight.shape[:2], at.after[2], *at.step.strides]


def apply(activation: ActivationFunction, shape: Shape) -> Call:
    """An activation, which is told of rows where it needs them."""
    count = [math.prod(shape[:-1]), shape[-1]] if activation.rows else [math.prod(shape)]
    return Call(f"apply_{activation.name}", count, True)


# One for each primitive step
WRITERS: dict[type, Callable[[Placed], Call | None]] = {
    steps.Product: lambda at: Call("product", [rows(at), at.before[-1], at.weight, at.after[-1]]),
    steps.Bias: lambda at: Call(
        "add_bias", [rows(at), at.before[-1], np.broadcast_to(at.weight, at.before[-1:])], True
    ),
    steps.Scale: lambda at: Call("scale", [size(at), np.broadcast_to(at.weight, at.before)], True),
    steps.Rescale: lambda at: Call(
        "rescale", [size(at), float(at.step.scale), float(at.step.offset)], True
    ),
    steps.Apply: lambda at: apply(at.step.activation, at.before),
    steps.Head: lambda at: Call("head", [rows(at), at.before[-1], at.step.size]),
    steps.Largest: lambda at: Call("largest", [rows(at), at.before[-1], at.step.k]),
    steps.Reshape: lambda at: None,  # the numbers stay where they are
    steps.Pad: lambda at: Call(
        "pad", [*at.before, *at.step.rows, *at.step.columns, float(at.step.value)]
    ),
    steps.Crop: lambda at: Call("crop", [*at.before[1:], *at.step.rows, *at.step.columns]),
    steps.WindowProduct: lambda at: Call("window_product", window(at, at.weight)),
    steps.WindowProductTransposed: lambda at: Call(
        "window_product_transposed", window(at, at.weight.transpose(0, 3, 1, 2))
    ),
    steps.MaxPool: lambda at: Call("max_pool", [*at.before, *at.step.size, *at.step.strides]),
    steps.AveragePool: lambda at: Call(
        "average_pool",
        [*at.before, *at.step.size, *at.step.strides, *at.step.rows, *at.step.columns],
    ),
    steps.Repeat: lambda at: Call("repeat", [*at.before, *at.step]),
}


def read_functions() -> tuple[str, dict[str, str]]:
    """What ``functions.c`` begins with, and each of its functions by its name."""
    text = Path(__file__).with_name("functions.c").read_text("utf-8")
    comment, *texts = text.rstrip().split("\n\n")
    return comment, {re.findall(r"^static void (\w+)", text, re.M)[0]: text for text in texts}
