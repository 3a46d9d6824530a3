"""What each kind of layer computes, as a line of text: for `tinyae.trace`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..layers.convolution import Conv2D, Conv2DTranspose
from ..layers.dense import Dense
from ..layers.layer import Layer
from ..layers.noise import Dropout, GaussianNoise
from ..layers.pooling import AveragePooling2D, MaxPooling2D, UpSampling2D
from ..layers.reshaping import Activation, Flatten, Reshape

# dy f'(z), the slope written with the output y; a condition counts as 1 or 0, as in NumPy
SLOPES = {
    "linear": "dy",
    "relu": "dy (y > 0)",
    "leaky_relu": "dy (1 if y > 0 else 0.2)",
    "elu": "dy (1 + min(y, 0))",
    "tanh": "dy (1 − y²)",
    "sigmoid": "dy y (1 − y)",
}


class Formula(NamedTuple):
    """One layer's mathematics."""

    forward: str
    backward: str


def formula(layer: Layer) -> Formula:
    """What the layer does to x and to the gradient dy; its own name for a layer of your own."""
    write = _BY_TYPE.get(type(layer))
    if write is None:
        name = type(layer).__name__
        return Formula(f"y = {name}.forward(x)", f"dx = {name}.backward(dy)")
    return write(layer)


def _dense(layer: Any) -> Formula:
    return _with_weights(layer, "x W", "dW = xᵀ dz", "dx = dz Wᵀ")


def _convolution(layer: Any) -> Formula:
    kind = "convT" if isinstance(layer, Conv2DTranspose) else "conv"
    window = f"{_by(layer.kernel_size)}, {layer.padding}"
    if layer.strides != (1, 1):
        window += f", stride {_by(layer.strides)}"
    back = "conv(dz, W)" if kind == "convT" else "convT(dz, W)"
    return _with_weights(layer, f"{kind}(x, W: {window})", "dW = Σ x dz", f"dx = {back}")


def _with_weights(layer: Any, product: str, dW: str, dx: str) -> Formula:
    bias = " + b" if layer.use_bias else ""
    parts = [f"dz = {SLOPES[layer.activation]}", dW, dx]
    if layer.use_bias:
        parts.insert(2, "db = Σ dz")
    inside = f"{product}{bias}"
    linear = layer.activation == "linear"
    return Formula(
        f"y = {inside}" if linear else f"y = {layer.activation}({inside})", "; ".join(parts)
    )


def _activation(layer: Any) -> Formula:
    f = "x" if layer.activation == "linear" else f"{layer.activation}(x)"
    return Formula(f"y = {f}", f"dx = {SLOPES[layer.activation]}")


def _max_pooling(layer: Any) -> Formula:
    return Formula(
        f"y = max of x over windows {_by(layer.pool_size)}, stride {_by(layer.strides)}",
        "dx = dy at each window's first maximum, else 0",
    )


def _average_pooling(layer: Any) -> Formula:
    return Formula(
        f"y = mean of x over windows {_by(layer.pool_size)}, stride {_by(layer.strides)}",
        "dx = dy / size, for each pixel of the window",
    )


def _by(pair: tuple[int, int]) -> str:
    return f"{pair[0]}×{pair[1]}"


_RESHAPE = Formula("y = x in another shape", "dx = dy in the shape of x")
_BY_TYPE: dict[type, Callable[[Any], Formula]] = {
    Activation: _activation,
    AveragePooling2D: _average_pooling,
    Conv2D: _convolution,
    Conv2DTranspose: _convolution,
    Dense: _dense,
    Dropout: lambda layer: Formula(
        f"y = x / {1 - layer.rate:g}, or 0 with probability {layer.rate:g}",
        f"dx = dy / {1 - layer.rate:g} where x was kept, else 0",
    ),
    Flatten: lambda layer: _RESHAPE,
    GaussianNoise: lambda layer: Formula(f"y = x + {layer.stddev:g} · N(0, 1)", "dx = dy"),
    MaxPooling2D: _max_pooling,
    Reshape: lambda layer: _RESHAPE,
    UpSampling2D: lambda layer: Formula(
        f"y = each pixel of x repeated {_by(layer.size)}", "dx = Σ dy over each pixel's copies"
    ),
}
