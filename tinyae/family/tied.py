"""Tied weights: a decoder's layer that uses the kernel of an encoder's, transposed.

With W the kernel of the layer that it is tied to, which is there once, in that layer's place:

    y = f(x Wᵀ + b)         dz = dy f'(z);  dW += dzᵀ x;  db += Σ dz;  dx = dz W

and for a convolution its transpose. To W's gradient both layers add.

For the engine w reaches from the source's kernel, with which it begins, to the layer's own bias,
with which it ends; what lies in between belongs to others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import flag, shown
from ..checks.arrays import shape_text
from ..layers.convolution import Conv2D, conv_backward, conv_forward
from ..layers.dense import Dense
from ..layers.kernels import NOT_TRAINING, Kernels, run_backward, run_forward
from ..layers.layer import Cache, Layer, Shape
from ..layers.passes import checked_backward, checked_forward
from ..layers.record import for_kernels
from ..layers.transposed_convolution import Conv2DTranspose
from ..machine.jit import called, inlined
from ..machine.products import add_product, product, product_transposed
from ..machine.views import view
from ..maths import activations
from ..maths.activations import (
    ActivationFunction,
    activation_backward,
    activation_forward,
    add_rows,
)
from ..maths.formula import Formula, matrix_formula
from ..maths.penalties import Penalty

OWN = {"kernel_size_in_w": int, "biases": int, "kernel_trained": int, "bias_trained": int}


@inlined
def borrowed_and_bias(op, w, kernel, bias):
    """W and b, or dW and db, as flat arrays, each if it is wanted."""
    wanted = w.size > 0
    b = op.biases * bias * wanted
    return view(w, 0, (op.kernel_size_in_w * kernel * wanted,)), view(w, w.size - b, (b,))


@called
def dense(op, w, x, y, scratch, step, first):
    W, b = borrowed_and_bias(op, w, 1, 1)
    product_transposed(x, view(W, 0, (op.outputs, op.inputs)), y)
    activation_forward(b, op.activation, y)


@called
def dense_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = borrowed_and_bias(op, w, 1, 1)
    dW, db = borrowed_and_bias(op, dw, op.kernel_trained, op.bias_trained)
    activation_backward(y, op.slope, dy)
    add_product(dy, x, view(dW, 0, (op.outputs * (dW.size > 0), op.inputs)))
    add_rows(dy, db)
    if dx.size:
        product(dy, view(W, 0, (op.outputs, op.inputs)), dx)


@called
def conv(op, w, x, y, scratch, step, first):
    W, b = borrowed_and_bias(op, w, 1, 1)
    conv_forward(op, x, W, b, y, scratch)


@called
def conv_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = borrowed_and_bias(op, w, 1, 1)
    dW, db = borrowed_and_bias(op, dw, op.kernel_trained, op.bias_trained)
    conv_backward(op, x, W, y, dy, dW, db, dx, scratch)


DENSE = Kernels(dense, dense_back, {**OWN, **activations.FIELDS})
assert Conv2D.kernels is not None
# Its own fields first: Numba warns of a record that only adds to another kernel's
CONVOLUTION = Kernels(conv, conv_back, {**OWN, **Conv2D.kernels.fields})


class Tied(Layer):
    """A decoder's layer with the kernel of an encoder's, transposed: y = f(x Wᵀ + b).

    The kernel is there once, and learns from both places; the source's `trainable` and
    `kernel_regularizer` are its own. Of its own the layer has a bias. A decoder that is copied or
    saved without the encoder gets a plain layer with the transposed kernel instead. Behind a `TopK`
    it computes with all units, not with the active ones only as a `Dense` there.

    Parameters
    ----------
    layer : Dense, Conv2D or int
        The source, or its place in the model's `layers`. Before it in the same model; its output's
        shape is this layer's input. Behind a `Conv2D` it is the transposed convolution whose output
        has the shape of the source's input.
    activation : str, ActivationFunction or None
        The function f, as for `Dense`.
    use_bias : bool, default True
        Whether there is a b, of zeros at first.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    See Also
    --------
    Dense : A layer with a kernel of its own.

    Examples
    --------
    >>> import tinyae as tae
    >>> first = tae.Dense(3, "tanh")
    >>> ae = tae.Autoencoder([first], [tae.Tied(first)], input_shape=(8,))
    >>> [layer.parameter_count for layer in ae.layers]
    [27, 8]
    """

    checks: ClassVar = {
        "layer": lambda name, layer: check_source(name, layer),
        "activation": activations.check,
        "use_bias": flag,
    }

    def __init__(
        self,
        layer: Dense | Conv2D | int,
        activation: str | ActivationFunction | None = None,
        use_bias: bool = True,
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.layer: Any = layer
        self.activation, self.use_bias = activations.check("activation", activation), use_bias

    def build(self, input_shape: Shape) -> Shape:
        source = self.layer
        if isinstance(source, int) or not source.built:
            raise ValueError(
                f"{self.label} is tied to {source!r}, which must be built before it: an encoder's "
                "layer of the same model"
            )
        if source.output_shape != input_shape:
            raise self.shape_error(input_shape, shape_text(source.output_shape))
        if self.use_bias:
            self.add_weight("bias", source.input_shape[-1:], "zeros")
        return source.input_shape

    # The plain layer that it is like

    def plain(self) -> Dense | Conv2DTranspose:
        """That layer, not built."""
        source = self.layer
        found: Any
        if isinstance(source, Dense):
            found = Dense(source.input_shape[-1], self.activation, use_bias=self.use_bias)
        else:
            shape = source.kernel_size, source.strides, source.padding, self.activation
            found = Conv2DTranspose(source.input_shape[-1], *shape, use_bias=self.use_bias)
            vars(found).update(input_shape=source.output_shape)
            extra = found.output_padding_for(source.input_shape[:2])
            del vars(found)["input_shape"]
            found.output_padding = extra
        label = self.label.replace("Tied", type(found).__name__)
        vars(found).update(dtype=self.dtype, label=label)
        return found

    def _declared(self) -> Any:
        """The same with its shapes."""
        found = self.plain()
        found.prepare(self.input_shape, self.dtype, None)
        return found

    def untied(self) -> Any:
        """The same with the weights, transposed; its own."""
        found = self.plain()
        found.build(self.input_shape)
        found.weights["kernel"][...] = self.step_weight("kernel")
        if self.use_bias:
            found.weights["bias"][...] = self.weights["bias"]
        found.activity_regularizer, found.trainable = self.activity_regularizer, self.trainable
        return found

    @property
    def step_weights(self) -> list[str]:
        """The weights that its steps name."""
        return ["kernel", *self.weights]

    def step_weight(self, name: str) -> np.ndarray:
        """The weight `name` as the plain layer has it."""
        if name != "kernel":
            return self.weights[name]
        kernel = self.layer.weights["kernel"]
        return kernel.T if isinstance(self.layer, Dense) else kernel

    def scratch_size(self, op: np.record) -> int:
        return self._declared().scratch_size(op)

    def operations(self) -> int:
        return self._declared().operations()

    def steps(self):
        return self._declared().steps()

    def formula(self) -> Formula:
        if isinstance(self.layer, Dense):
            own = "x Wᵀ", "dW = dzᵀ x", "dx = dz W"
            found = matrix_formula(*own, self.activation, self.use_bias)
        else:
            found = self._declared().formula()
        return Formula(f"{found.forward}, W of {self.layer.label}", found.backward)

    def record_fields(self):
        return {
            **self._declared().record_fields(),
            **activations.addresses(self.activation, self.dtype),
            "kernel_size_in_w": self.layer.weights["kernel"].size,
            "biases": self.parameter_count,
            "kernel_trained": self.layer.trainable,
            "bias_trained": self.trainable,
        }

    def place(self, op: Any, layers: Sequence[Layer], starts: np.ndarray) -> None:
        """Let the record `op` say where its weights lie, from the `starts` of those of `layers`."""
        at, own = _index(layers, self.layer), _index(layers, self)
        begin = int(starts[at]) + self.layer.weights.place("kernel")[0]
        op.w, op.w_size = begin, int(starts[own]) + self.parameter_count - begin
        op.borrowed = int(op.w_size) - self.parameter_count * self.trainable
        op.trainable = self.trainable or self.layer.trainable

    # Alone, with both weights put together

    @checked_forward
    def forward(
        self, x: np.ndarray, training: bool = False, step: int = 0, first: int = 0
    ) -> tuple[np.ndarray, Any]:
        y = np.empty((len(x), *self.output_shape), self.dtype)
        table = self._table("forward")
        with np.errstate(all="ignore"):  # as in compiled code
            run_forward(
                *(for_kernels(table), self._together(), _rows(x), _rows(y)),
                *(self._scratch(table), NOT_TRAINING, 0),
            )
        return y, Cache(x, y, NOT_TRAINING, 0)

    @checked_backward
    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        x, y, _, _ = self._own_cache(cache, len(dy))
        table, w, dx = self._table("backward"), self._together(), np.empty_like(x)
        dw = np.zeros_like(w)
        with np.errstate(all="ignore"):
            run_backward(
                *(for_kernels(table), w, _rows(x), _rows(y), _rows(dy), dw, _rows(dx)),
                *(self._scratch(table), NOT_TRAINING, 0),
            )
        kernel = self.layer.gradients["kernel"]
        kernel[...] += dw[: kernel.size].reshape(kernel.shape)
        self.gradient[...] += dw[kernel.size :]
        return dx

    def _together(self) -> np.ndarray:
        return np.concatenate([self.layer.weights["kernel"].reshape(-1), self.parameters])


# Which kernels depends on the source. Behind the class, whose own must be the same for all.
Tied.kernels = property(  # type: ignore[assignment]
    lambda self: CONVOLUTION if isinstance(self.layer, Conv2D) else DENSE
)


def check_source(name: str, layer: Any) -> Any:
    """What can be tied to."""
    whole = isinstance(layer, int) and not isinstance(layer, bool) and layer >= 0
    if whole or type(layer) in (Dense, Conv2D):
        return layer
    raise ValueError(f"{name} must be a Dense or a Conv2D, or its place, but got {shown(layer)}")


def _index(layers: Sequence[Layer], layer: Layer) -> int:
    """Its place among them, or that of a twin with its weights."""
    same = (at for at, each in enumerate(layers) if each.weights is layer.weights)
    return next(same, len(layers))


def complete(layers: Sequence[Layer]) -> bool:
    """Whether all that the layers are tied to is among them, so that one vector has it."""
    return all(_index(layers, each.layer) < at for at, each in _tied(layers))


def settle(layers: Sequence[Layer]) -> None:
    """Find what layers are tied to by their place; refuse what is not before them."""
    for at, each in _tied(layers):
        source = each.layer
        if isinstance(source, int) and source < at and type(layers[source]) in (Dense, Conv2D):
            vars(each)["layer"] = layers[source]
        elif isinstance(source, int) or _index(layers, source) >= at:
            known = [str(place) for place in range(at) if type(layers[place]) in (Dense, Conv2D)]
            raise ValueError(
                "a layer must be behind the one it is tied to, a Dense or a Conv2D of the same "
                f"model, given itself or by its place (here {' or '.join(known) or 'none'}), but "
                f"layer {at} is {each!r}; its units are those that the other takes"
            )


def untied(layers: Sequence[Layer]) -> list[Layer]:
    """The layers, with plain ones where one is tied to another that is not among them."""
    found = list(layers)
    for at, each in _tied(layers):
        if each.built and _index(layers, each.layer) > at:
            found[at] = each.untied()
    return found


def place_among(layers: Sequence[Layer], layer: Layer) -> int | None:
    """Where what the layer is tied to stands among the layers, if it is tied."""
    if not isinstance(layer, Tied):
        return None
    return layer.layer if isinstance(layer.layer, int) else _index(layers, layer.layer)


def _tied(layers: Sequence[Layer]) -> list[tuple[int, Tied]]:
    return [(at, each) for at, each in enumerate(layers) if isinstance(each, Tied)]


def _rows(batch: np.ndarray) -> np.ndarray:
    return batch.reshape(len(batch), math.prod(batch.shape[1:]))
