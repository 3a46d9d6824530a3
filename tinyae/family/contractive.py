"""The contractive autoencoder's penalty: how far a small step of the input moves the code.

With J = ∂code/∂x, the matrix of derivatives at a sample, the penalty is λ ‖J‖²_F, the sum of their
squares. In training the encoder's layers carry the derivative beside their outputs, as
`family.derivatives` says; this layer, behind them, takes its squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..checks.arguments import not_negative
from ..layers.building import twin
from ..layers.dense import Dense
from ..layers.kernels import Kernels
from ..layers.layer import Layer, Shape
from ..layers.reshaping import Flatten, Reshape, reshape, reshape_back
from ..layers.weights import Weights
from ..machine.jit import called
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from .derivatives import BENDS, AlongDirection, Direction, EveryDirection
from .penalised import PenalisedLayer


class Contractive(Layer):
    """A penalty on an encoder of `Dense` layers: λ times the mean over samples of ‖∂code/∂x‖²_F.

    The last layer of the encoder, where it leaves the code as it is. It makes the code insensitive
    to most small changes of the input; what the reconstruction needs remains. Behind one layer the
    penalty is exact. Behind more it is λ |J v|² with random signs v, new for each sample and step,
    whose mean is λ ‖J‖²_F; `evaluate` has one v for each sample, always the same. Either way a step
    runs compiled, and of several layers takes about twice as many products in the encoder.

    Parameters
    ----------
    strength : float
        The λ. The reconstruction is a mean over the elements of an output: where it is a sum
        elsewhere, λ is that of there divided by their number.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the code. The layers before it cannot have one.

    See Also
    --------
    GaussianNoise : Another way to a code that small changes leave alone.

    Notes
    -----
    Refused where the encoder has other layers than `Dense`, `Flatten` and `Reshape`, or an
    activation whose second derivative is not known: softmax, or one of your own. That of relu is 0.

    A decoder that is free can undo what a linear encoder shrinks, so that the penalty does nothing
    but make codes small: give the encoder an activation that saturates, or tie the decoder, by
    `Tied`.

    References
    ----------
    Rifai et al., Contractive auto-encoders: explicit invariance during feature extraction, 2011.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> encoder = [tae.Dense(3, "sigmoid"), tae.Contractive(0.1)]
    >>> ae = tae.Autoencoder(encoder, [tae.Dense(8)], input_shape=(8,))
    >>> sorted(ae.evaluate(np.ones((5, 8))))
    ['loss', 'penalty', 'reconstruction']
    """

    kernels = Kernels(reshape, reshape_back, copies=True)
    checks: ClassVar = {"strength": not_negative}
    changeable: ClassVar = Layer.changeable | {"strength"}

    def __init__(self, strength: float, *, activity_regularizer: Penalty | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.strength = strength

    def formula(self) -> Formula:
        return Formula(
            f"y = x; {self.strength:g} ‖∂y/∂input‖² joins the loss",
            "dx = dy; that penalty has a gradient for the weights before, too",
        )

    def steps(self):
        return []  # it does nothing outside training


@called
def take_code(op, w, x, y, scratch, step, first):
    """The code, from code and derivative."""
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = x[i, j]


@called
def take_code_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        size, zero = dy.shape[1], dy.dtype.type(0)
        for i in range(dy.shape[0]):
            for j in range(size):
                dx[i, j] = dy[i, j]
                dx[i, size + j] = zero


@called
def squares(op, w, x, y, dw, dx, gain, scale, sums):
    """Each sample's Σ u² times gain."""
    size, n = y.shape[1], x.shape[0]
    factor = x.dtype.type(2 * gain * scale)
    for i in range(n):
        total = 0.0
        for j in range(size, 2 * size):
            total += x[i, j] * x[i, j]
            if dx.size:
                dx[i, j] += factor * x[i, j]
        sums[i], sums[n + i] = gain * total, 0.0


class Contraction(PenalisedLayer):
    """The penalty in training, between layers that carry the derivative and `Contractive`."""

    kernels = Kernels(take_code, take_code_back)
    penalty_kernel = squares
    strength: float

    def penalty_gain(self, step: int, outputs: int) -> float:
        return self.strength


def refuse_unknown(encoder: Sequence[Layer], decoder: Sequence[Layer] = ()) -> None:
    """Refuse a `Contractive` layer whose penalty is not known for what stands before it."""
    *before, last = encoder
    if any(isinstance(each, Contractive) for each in (*before, *decoder)):
        raise ValueError("Contractive must be the last layer of the encoder, and the only one")
    if not isinstance(last, Contractive):
        return
    for place, layer in enumerate(before):
        if type(layer) not in (Dense, Flatten, Reshape):
            raise ValueError(
                "Contractive needs an encoder of Dense layers, with Flatten and Reshape at most, "
                f"but its layer {place} is {layer!r}"
            )
        if getattr(layer, "activation", "linear") not in BENDS:
            raise ValueError(
                f"Contractive needs Dense layers with one of {', '.join(BENDS)}, but layer {place} "
                f"of the encoder is {layer!r}"
            )
        if layer.activity_regularizer is not None:
            raise ValueError(
                f"Contractive needs layers without activity_regularizer before it, but layer "
                f"{place} of the encoder has one; a penalty on the code may be Contractive's own"
            )


def with_directions(layers: Sequence[Layer]) -> list[Layer]:
    """The layers as they train: those before a `Contractive` layer carry the derivative."""
    at = next((at for at, each in enumerate(layers) if isinstance(each, Contractive)), None)
    if at is None:
        return list(layers)
    refuse_unknown(layers[: at + 1])
    last, behind = layers[at], layers[at:]
    places = [place for place, each in enumerate(layers[:at]) if isinstance(each, Dense)]
    end = _beside(last, Contraction, (2, *last.input_shape), last.input_shape)
    if len(places) == 1:
        (first,) = places
        only = layers[first]
        every = twin(only, EveryDirection, output_shape=(2, *only.output_shape))
        return [*layers[:first], every, *map(_paired, layers[first + 1 : at]), end, *behind]
    shape = layers[0].input_shape
    begin = _beside(last, Direction, shape, (2, *shape))
    return [begin, *map(_paired, layers[:at]), end, *behind]


def _beside(layer: Layer, kind: type[Layer], input_shape: Shape, output_shape: Shape) -> Layer:
    """A layer of that kind with the settings of another, and without weights."""
    vectors = {"_parameters": layer.parameters[:0], "_gradient": layer.gradient[:0]}
    return twin(
        layer,
        kind,
        input_shape=input_shape,
        output_shape=output_shape,
        label=f"encoder's {kind.__name__}",
        activity_regularizer=None,
        weights=Weights(),
        gradients=Weights(),
        **vectors,
    )


def _paired(layer: Layer) -> Layer:
    """Its twin for two rows of each sample."""
    return twin(
        layer,
        AlongDirection if isinstance(layer, Dense) else None,
        input_shape=(2, *layer.input_shape),
        output_shape=(2, *layer.output_shape),
    )
