"""`trace`: one training step seen from inside, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..autoencoder import Autoencoder
from ..checks.arguments import shown
from ..checks.floating_point import converted, quiet
from ..checks.hints import hinting
from ..checks.overridden import describes
from ..checks.tables import WIDTH, cut, percent, table
from ..layers.layer import Layer
from ..maths import constraints
from ..maths.formula import Formula
from ..maths.penalties import of_kernel
from ..network.chain import Chain, training_chain
from ..training.eager import EagerTrainer, StandIn

VANISHING = 1e-3  # a gradient's norm, against that at the output
EXPLODING = 1e3  # a gradient's norm against that at the output, or values' against the input's


class TraceRow(NamedTuple):
    """One layer in one step. Norms are of the whole mini-batch: √Σ value²."""

    name: str  # such as "encoder[0] Dense"
    shape: tuple[int, ...]  # of one output
    least: float  # of the output y
    most: float
    zeros: float  # the share of y that is exactly 0
    norm: float  # of y
    gradient_norm: float  # of dy, with the gradient of the layer's own penalty
    input_gradient_norm: float  # of dx: what it hands back to the layer before
    weight_gradient_norm: float | None  # of all its weights together, if it has any
    formula: Formula
    marks: tuple[str, ...]  # of "vanishing", "exploding", "dead", "frozen"


@dataclass(frozen=True, repr=False)
class Trace:
    """The result of `trace`; prints as a table.

    Attributes
    ----------
    rows : tuple of TraceRow
        The layers, the encoder's first.
    input_norm : float
        Of x, the whole mini-batch.
    loss, reconstruction, penalty : float
        The loss is the sum of the other two.
    loss_formula : Formula
    """

    rows: tuple[TraceRow, ...]
    input_norm: float
    reconstruction: float
    penalty: float
    loss_formula: Formula

    @property
    def loss(self) -> float:
        return self.reconstruction + self.penalty

    @property
    def marked(self) -> dict[str, tuple[str, ...]]:
        """The layers with a mark, by name."""
        return {row.name: row.marks for row in self.rows if row.marks}

    def __str__(self) -> str:
        titles = ["layer", "output", "least", "most", "zeros", "|y|", "|dy|", "|dx|", "|dW|"]
        head, *body = table([titles, *(_cells(row) for row in self.rows)], gap=" ")
        lines = [head]
        for text, row in zip(body, self.rows, strict=True):
            marks = f"  << {', '.join(row.marks)}" if row.marks else ""
            room = WIDTH - 4 - len(marks)
            lines += [text, f"    {cut(row.formula.forward, room).rstrip()}{marks}"]
            lines.append(f"    {cut(row.formula.backward, WIDTH - 4).rstrip()}")
        parts = f" = {self.reconstruction:.6g} + penalty {self.penalty:.6g}" * bool(self.penalty)
        lines.append(f"loss {self.loss:.6g}{parts}")
        return "\n".join([*lines, *(f"    {text}" for text in self.loss_formula)])

    __repr__ = __str__


def _cells(row: TraceRow) -> list[str]:
    figures = (row.least, row.most)
    norms = (row.norm, row.gradient_norm, row.input_gradient_norm, row.weight_gradient_norm)
    return [
        row.name,
        "×".join(map(str, row.shape)),
        *(_trim(f"{value:.2g}") for value in figures),
        percent(row.zeros),
        *("-" if norm is None else _short(norm) for norm in norms),
    ]


def _short(value: float) -> str:
    return _trim(f"{value:.1e}")


def _trim(figure: str) -> str:
    """1.2e-3, where Python would write 1.2e-03."""
    return figure.replace("e-0", "e-").replace("e+0", "e")


@hinting
@quiet  # all of it: what overflows is marked
def trace(model: Autoencoder, x: ArrayLike, y: ArrayLike | None = None) -> Trace:
    """Take one training step on a mini-batch without its end, and report what each layer did.

    Forward, loss and backward run layer by layer in Python, with noise and dropout as at the next
    step, on a copy: the model is not changed. Where the loss is BCE behind a sigmoid, the sigmoid
    is part of the loss, as in training, and the last layer's values are the logits z.

    Parameters
    ----------
    model : Autoencoder
        Any; it is not changed.
    x : array-like, shape (n, *input_shape)
        One mini-batch.
    y : array-like, shape (n, *output_shape), optional
        The targets. Default: x.

    Returns
    -------
    Trace
        Prints as a table of 80 columns: for each layer its output's shape, range, share of zeros
        and norm |y|; the norms of the gradient dy that reached it, of dx that it handed back, and
        of its weights' gradient dW; its formulas; and marks:

        - dead: its output is zero everywhere and its input was not, or a gradient reached it and
          none came out;
        - vanishing: less than 1e-3 of the gradient at the model's output (by norm) reached it;
        - exploding: more than 1e3 times that gradient reached it, or |y| is more than 1e3 times
          that of the input (or of an input of ones, if larger), or something is not finite;
        - frozen: not ``trainable``.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    check_gradients : Whether the gradients are right.
    plot.backprop : The same, drawn.
    plot.gradient_norms : Several of them, drawn.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4)])
    >>> report = tae.trace(ae, np.ones((5, 4)))
    >>> report.rows[0].formula.forward
    'y = tanh(x W + b)'
    """
    if not isinstance(model, Autoencoder):
        raise ValueError(f"model must be an Autoencoder, but got {shown(model)}")
    twin = model.copy()
    (admitted,) = twin.admit((x, y, "x"))
    rows, targets = (converted(part, model.dtype) for part in admitted[:2])
    chain = training_chain(twin.layers, twin.loss)
    # what a penalty on derivatives puts between the model's layers has the weights of none of them
    own = {id(layer.weights): layer.output_shape for layer in twin.layers}
    recorders = [Recorder(layer, own.get(id(layer.weights))) for layer in chain.layers]
    watched: Any = chain._replace(layers=recorders)  # type: ignore[arg-type]
    trainer = EagerTrainer(watched, twin.parameters, twin.gradient, twin.slots)
    reconstruction, penalty, _ = trainer.loss_and_gradient(rows, targets, True, twin.progress.step)
    input_norm = norm(rows)
    scale = Scale(max(input_norm, math.sqrt(rows.size)), recorders[-1].gradient_norm)
    return Trace(
        rows=tuple(
            recorder.row(scale, chain.first_logits is not None and i >= chain.first_logits)
            for i, recorder in enumerate(recorders)
            if recorder.shape is not None
        ),
        input_norm=input_norm,
        reconstruction=reconstruction,
        penalty=penalty,
        loss_formula=_loss_formula(chain),
    )


class Scale(NamedTuple):
    """What a layer's norms are compared with."""

    values: float  # of the input, or of one of ones if that is larger
    gradients: float  # at the output


class Recorder(StandIn):
    """Stands in a layer's place and notes what goes through, of an output of the `shape`."""

    def __init__(self, layer: Any, shape: tuple[int, ...] | None):
        super().__init__(layer)
        self.shape = shape

    def forward(self, x: np.ndarray, **options: Any) -> tuple[np.ndarray, Any]:
        self.reached = bool(x.any())
        whole, cache = self.layer.forward(x, **options)
        y = whole if whole.shape[1:] == self.shape else whole[:, 0]  # without its derivative
        self.norm = norm(y)
        self.least, self.most, self.zeros = float(y.min()), float(y.max()), float((y == 0).mean())
        return whole, cache

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        self.gradient_norm = norm(dy)
        dx = self.layer.backward(dy, cache)
        self.input_gradient_norm = norm(dx)
        return dx

    def row(self, scale: Scale, logits: bool) -> TraceRow:
        """What was noted; and the weights' gradients, which are whole once the step is over."""
        gradients = [gradient.reshape(-1) for gradient in self.layer.gradients.values()]
        own = describes(self.layer, "formula")
        text = self.layer.formula() if own else Layer.formula(self.layer)
        if not isinstance(text, Formula):
            raise ValueError(f"{self.layer.label}.formula must return a Formula, but gave {text!r}")
        if logits:
            backward = text.backward.replace("dz = dy; ", "").replace("dy", "dz")
            text = Formula(text.forward.replace("y =", "z ="), backward)
        if self.layer.activity_regularizer is not None:
            penalty = f"; its {self.layer.activity_regularizer!r} penalty adds to the loss"
            text = Formula(text.forward + penalty, text.backward)
        if of_kernel(self.layer) is not None and self.layer.trainable:
            penalty = f"; the {of_kernel(self.layer)!r} penalty on W adds to the loss"
            text = Formula(text.forward + penalty, text.backward)
        if constraints.of_kernel(self.layer) is not None and self.layer.trainable:
            held = f"; each step ends with {constraints.of_kernel(self.layer)!r} on W"
            text = Formula(text.forward + held, text.backward)
        assert self.shape is not None
        return TraceRow(
            name=self.layer.label,
            shape=self.shape,
            least=self.least,
            most=self.most,
            zeros=self.zeros,
            norm=self.norm,
            gradient_norm=self.gradient_norm,
            input_gradient_norm=self.input_gradient_norm,
            weight_gradient_norm=norm(np.concatenate(gradients)) if gradients else None,
            formula=text,
            marks=tuple(self._marks(scale)),
        )

    def _marks(self, scale: Scale) -> list[str]:
        gradient, marks = self.gradient_norm, []
        finite = all(map(math.isfinite, (self.norm, gradient, self.input_gradient_norm)))
        silent = gradient > 0 and self.input_gradient_norm == 0
        if (self.reached and self.zeros == 1) or silent:
            marks.append("dead")
        if gradient < VANISHING * scale.gradients:
            marks.append("vanishing")
        grows = gradient > EXPLODING * scale.gradients or self.norm > EXPLODING * scale.values
        if not finite or grows:
            marks.append("exploding")
        if not self.layer.trainable:
            marks.append("frozen")
        return marks


@quiet
def norm(values: np.ndarray) -> float:
    """√Σ value², in float64: squares of small gradients would be lost in float32."""
    flat = values.reshape(-1).astype(np.float64)
    largest = float(np.abs(flat).max(initial=0))  # whose square may overflow or be lost
    if not 0 < largest < math.inf:
        return largest
    return largest * float(np.linalg.norm(flat / largest))


def _loss_formula(chain: Chain) -> Formula:
    if chain.kernel_loss is not None:
        return chain.kernel_loss.formula
    name = f"{type(getattr(chain.loss, 'loss', chain.loss)).__name__}.value_and_gradient(y, t)"
    return Formula(f"{name}[0], t the target", f"dy = {name}[1]")
