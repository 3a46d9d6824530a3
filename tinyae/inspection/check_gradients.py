"""`check_gradients`: is the backward pass the derivative of the forward pass?

The loss is evaluated in float64 a little ahead of and behind the present point, along one number at
a time or, for large arrays, along random directions. Their difference must be what the gradient
says. Where they disagree there are three possible reasons:

- the step is too long, because the loss is strongly curved or a kink lies between its two ends:
  with a shorter step they agree;
- the point is on a kink, as with a ReLU whose input is exactly 0: the gradients at points right
  around it differ, and at points further off, away from the kink, everything agrees;
- the gradient is wrong: all else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..autoencoder import Autoencoder
from ..checks.arguments import between, shown
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from ..feeding.batches import Stretch
from ..network.chain import training_chain
from ..progress.live_line import LiveLine
from ..progress.progress_line import check_verbose
from ..training.compiled import CompiledTrainer
from ..training.eager import EagerTrainer
from .gradient_report import GradientReport, GradientRow

STEPS = (1e-5, 1e-6, 1e-7, 1e-8)  # relative to a number's size, or to 1 for smaller ones
NOISE = 1e-14  # rounding error of the loss, relative to the scale that `Subject.at` gives
LOSS_TOLERANCE = 1e-12  # between the eager and the compiled loss, relative to the same
MOST_NUMBERS = 3_000  # parameters and inputs to check one by one, and
MOST_OPERATIONS = 4e9  # what that may take: a few seconds
DIRECTIONS = 20
KINKS_ALLOWED = 0.05  # of an array's checks
BENT = 1e-3  # slopes ahead and behind further apart than this, relatively, may be a kink's
AROUND = 1e-10  # how far away points right around are, relative as the steps are
APART = 0.05  # slopes further apart than this part of the disagreement show a kink
ELSEWHERE = 1e-2  # how far away points off the kink are
TINY = float(np.finfo(np.float64).tiny)


@hinting
@quiet  # all of it: where the loss overflows it says so
def check_gradients(
    model: Autoencoder,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    tolerance: float = 1e-6,
    verbose: str | int = "auto",
) -> GradientReport:
    """Compare a model's gradients with finite differences of its loss, in float64.

    Every parameter and the input are checked, for the loss of one training step with all its
    penalties, noise and dropout; the eager backward pass, and the compiled one if every part of
    the model has kernels. Models with few numbers are checked one by one, others along 20 random
    directions in each array of more than 20 numbers. The model itself is not changed. What is
    checked are layers' kernels; tinyae's own tests hold float32 training by tiles against them.

    For a direction v the slope g·v must equal (L(θ + hv) − L(θ − hv)) / 2h.

    Parameters
    ----------
    model : Autoencoder
        Any; it is not changed.
    x : array-like, shape (n, *input_shape)
        A few samples.
    y : array-like, shape (n, *output_shape), optional
        The targets. Default: x.
    tolerance : float, default 1e-6
        The largest relative error to pass, beyond what rounding explains.
    verbose : "auto", 0, 1 or 2
        Nothing (0), a live line (1), which is gone at the end, a line per array (2); "auto": 1 on a
        terminal, else 0, since the report has all.

    Returns
    -------
    GradientReport
        Prints as a table. Kinks (of relu, leaky_relu, max, L1 and clipping) have no derivative
        to compare with: they are counted, and an array is "inconclusive" where more than 5% of
        its checks met one.

    Raises
    ------
    ValueError
        If an argument is not as described, or the loss is not finite.

    See Also
    --------
    trace : The numbers that are compared, layer by layer.
    Autoencoder.loss_and_gradient : The gradient itself.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4, "sigmoid")], loss="bce")
    >>> tae.check_gradients(ae, np.random.default_rng(0).random((5, 4))).passed
    True
    """
    if not isinstance(model, Autoencoder):
        raise ValueError(f"model must be an Autoencoder, but got {shown(model)}")
    tolerance = between("tolerance", tolerance)
    line = LiveLine(check_verbose(verbose), elsewhere=0)
    with line.noting_compilations():
        subject = Subject(model, x, y)
        try:
            return Check(subject, tolerance, line).report()
        finally:
            subject.close()
            line.clear()


class Part(NamedTuple):
    """An array that gradients are for, and where it lies in the vector of all of them."""

    name: str
    shape: tuple[int, ...]
    where: slice
    trainable: bool


class Move(NamedTuple):
    """A direction: along some of the numbers only, for most have nothing to do with a check."""

    where: slice  # of the vector of all numbers
    by: np.ndarray  # how far each of them goes


class Point(NamedTuple):
    """Where slopes are compared: all numbers, and what the model says there."""

    values: np.ndarray  # (p,) parameters, then the input
    losses: list[float]  # eager, compiled
    gradients: np.ndarray  # (1 or 2, p) the same
    scale: float  # what the loss's rounding error is relative to


class Subject:
    """A float64 copy of a model as a function of one vector: its parameters, then the input."""

    def __init__(self, model: Autoencoder, x: ArrayLike, y: ArrayLike | None):
        twin = model.copy("float64")
        # copies, also of each other: when the input moves, the target stays
        self.x, self.target = (
            np.array(a, np.float64, order="C") for a in twin.admit((x, y, "x"))[0][:2]
        )
        self.parameters, self.gradient = twin.parameters, twin.gradient
        self._at: np.ndarray | None = None  # the values where it stands
        self.parts = list(_parts(twin, self.x.shape))
        self.chain = chain = training_chain(twin.layers, twin.loss)
        self.eager = EagerTrainer(chain, self.parameters, self.gradient, twin.slots)
        self.compiled: CompiledTrainer | None = None
        self.operations = 0.0
        if chain.compiled:
            self.compiled = CompiledTrainer(
                chain, self.parameters, twin.slots, len(self.x), threads=1, input_gradient=True
            )
            self.operations = self.compiled.program.operations * len(self.x)

    def close(self) -> None:
        """End the compiled trainer's threads."""
        if self.compiled is not None:
            self.compiled.close()

    def loss(self, values: np.ndarray, move: Move, step: float) -> float:
        """The loss at `values`, from which the numbers of `move` have gone so many steps."""
        if self._at is not values:
            self._go_to(values)
        here = values[move.where]
        self._put(move.where, here + step * move.by)
        try:
            if self.compiled is None:
                return self._run_eager()[0]
            return self.compiled.loss_alone(self._stretch())
        finally:
            self._put(move.where, here)

    def at(self, values: np.ndarray) -> Point:
        """Loss and gradients at `values`.

        Rounding inside the model acts like a change of its weights, inputs and outputs in their
        last digits, and moves the loss by as much: the scale is |L| + Σ |g θ| + Σ |dy y|.
        """
        losses, gradients = self.losses_and_gradients(values)
        scale = abs(losses[0]) + _weighted(gradients[0], values) + self._output_scale()
        return Point(values, losses, gradients, scale)

    def losses_and_gradients(self, values: np.ndarray) -> tuple[list[float], np.ndarray]:
        """Those at `values`: eager, and compiled if the model can be."""
        self._go_to(values)
        loss, dx = self._run_eager()
        losses, found = [loss], [(self.gradient, dx.reshape(-1))]
        if self.compiled is not None:
            losses.append(float(self.compiled.run(self._stretch(), None)[:, :2].sum()))
            found.append((self.compiled.gradients[0], self.compiled.input_gradient(len(self.x))))
        gradients = np.empty((len(found), values.size))
        for out, both in zip(gradients, found, strict=True):
            np.concatenate(both, out=out)
        return losses, gradients

    def _go_to(self, values: np.ndarray) -> None:
        self._put(slice(0, values.size), values)
        self._at = values

    def _put(self, where: slice, values: np.ndarray) -> None:
        """Write numbers of the vector into the parameters, the input, or both."""
        split = self.parameters.size
        own = max(0, min(where.stop, split) - where.start)
        self.parameters[where.start : where.start + own] = values[:own]
        rest = slice(max(0, where.start - split), max(0, where.stop - split))
        self.x.reshape(-1)[rest] = values[own:]

    def _output_scale(self) -> float:
        y = self.x
        for layer in self.chain.layers:
            y, _ = layer.forward(y, training=True, step=0)
        _, dy = self.chain.loss.value_and_gradient(y, self.target)
        return _weighted(dy, y)

    def _run_eager(self) -> tuple[float, np.ndarray]:
        reconstruction, penalty, dx = self.eager.loss_and_gradient(self.x, self.target, True, 0)
        return reconstruction + penalty, dx

    def _stretch(self) -> Stretch:
        """All samples as one mini-batch, at the first step."""
        return Stretch(self.x, self.target, np.array([0, len(self.x)]), 0)


def _weighted(gradient: np.ndarray, values: np.ndarray) -> float:
    """Σ |gradient × value|, where the gradient is finite."""
    return float(np.abs(np.nan_to_num(gradient, posinf=0, neginf=0) * values).sum())


def _parts(model: Autoencoder, x_shape: tuple[int, ...]) -> Iterator[Part]:
    """The model's arrays, in the order of its vector, then the input."""
    start = 0
    for side, sequential in (("encoder", model.encoder), ("decoder", model.decoder)):
        for position, layer in enumerate(sequential.layers):
            for name, weight in layer.weights.items():
                where = slice(start, start + weight.size)
                yield Part(f"{side}[{position}].{name}", weight.shape, where, layer.trainable)
                start += weight.size
    yield Part("input", x_shape, slice(start, start + math.prod(x_shape)), True)


class Comparison(NamedTuple):
    """A slope by differences against the gradients'."""

    errors: np.ndarray  # (1 or 2,) relative, with the step that fits best: eager, compiled
    distance: float  # absolute, the larger one, with the shortest step tried
    jump: float  # between the slopes ahead and behind, with that step
    bent: bool  # whether that is much for slopes like these


def _slopes(gradients: np.ndarray, move: Move) -> np.ndarray:
    """The slopes along a direction, whatever there is elsewhere."""
    return gradients[:, move.where] @ move.by


class Check:
    """Compares a subject's gradients with its differences, array by array."""

    def __init__(self, subject: Subject, tolerance: float, line: LiveLine):
        self.subject, self.tolerance, self.line = subject, tolerance, line
        self.rng = np.random.default_rng(0)
        self.here = subject.at(np.concatenate([subject.parameters, subject.x.reshape(-1)]))
        if not math.isfinite(self.here.losses[0]):
            raise ValueError(
                f"gradients are checked where the loss is finite, but it is {self.here.losses[0]:g}"
            )
        self.units = np.maximum(1, np.abs(self.here.values))
        numbers = self.here.values.size
        operations = 6 * numbers * subject.operations  # two runs, each thrice a forward pass
        self.elementwise = numbers <= MOST_NUMBERS and operations <= MOST_OPERATIONS
        self.total, self.done = sum(map(self._checks, subject.parts)), 0

    def report(self) -> GradientReport:
        """Check everything."""
        rows = []
        for part in self.subject.parts:
            rows.append(self._row(part))
            if self.line.plain:
                print(f"{part.name}: {rows[-1].verdict}", file=self.line.stream)
        if self.subject.compiled is not None:
            rows.append(self._loss_row())
        return GradientReport(tuple(rows))

    def _checks(self, part: Part) -> int:
        """How many checks an array gets: one for each number, or for each random direction."""
        if not part.trainable:
            return 0
        size = part.where.stop - part.where.start
        return size if self.elementwise else min(size, DIRECTIONS)

    def _show(self, part: Part) -> None:
        """One more check is done."""
        self.done += 1
        share = self.done / self.total
        self.line.show(share, lambda: f"checking gradients {share:4.0%}  {part.name}")

    def _loss_row(self) -> GradientRow:
        eager, compiled = self.here.losses
        error = 0.0 if eager == compiled else abs(eager - compiled) / self.here.scale
        verdict = "passed" if error <= LOSS_TOLERANCE else "failed"
        return GradientRow("loss", (), 1, 0.0, error, 0, verdict)

    def _row(self, part: Part) -> GradientRow:
        if not part.trainable:
            return GradientRow(part.name, part.shape, 0, math.nan, math.nan, 0, "frozen")
        checks, worst, kinks = self._checks(part), np.zeros(len(self.here.gradients)), 0
        for move in self._moves(part.where, checks):
            found = self._compare(self.here, move)
            if self._is_kink(found, move):
                kinks += 1
            else:
                worst = np.maximum(worst, found.errors)
            self._show(part)
        verdict = "inconclusive" if kinks > KINKS_ALLOWED * checks else "passed"
        if worst.max() > self.tolerance:
            verdict = "failed"
        eager, compiled = [*worst.tolist(), math.nan][:2]
        return GradientRow(part.name, part.shape, checks, eager, compiled, kinks, verdict)

    def _moves(self, where: slice, checks: int) -> Iterator[Move]:
        """Directions: along each number there, or random ones along all of them."""
        if checks < where.stop - where.start:
            yield from (Move(where, self._random_move(where)) for _ in range(checks))
            return
        for index in range(where.start, where.stop):
            only = slice(index, index + 1)
            yield Move(only, self.units[only])

    def _random_move(self, where: slice) -> np.ndarray:
        """All numbers by about a unit; not by equal ones, which would keep equal numbers equal."""
        units = self.units[where]
        return units * self.rng.normal(size=units.size)

    def _compare(self, point: Point, move: Move) -> Comparison:
        """Differences along a direction, with shorter and shorter steps until they agree."""
        expected, loss = _slopes(point.gradients, move), point.losses[-1]
        errors, distances = np.full((2, len(expected)), np.inf)
        limits, jump, bent = errors.copy(), 0.0, False
        for step in STEPS:
            ahead = (self.subject.loss(point.values, move, step) - loss) / step
            behind = (loss - self.subject.loss(point.values, move, -step)) / step
            slope, jump = (ahead + behind) / 2, abs(ahead - behind)
            if not math.isfinite(slope):
                continue
            # The jump is curvature × step: the gradient's own rounding error grows with it
            noise = NOISE * (point.scale + jump) / step
            least = max(abs(slope), noise / self.tolerance, TINY)
            bent = jump > BENT * max(least, abs(ahead))
            distances = np.abs(slope - expected)
            counted = (distances <= limits) & np.isfinite(distances)
            relative = distances[counted] / np.maximum(np.abs(expected[counted]), least)
            errors[counted] = np.minimum(errors[counted], relative)
            if errors.max() <= self.tolerance:
                break
            # A shorter step has more noise to hide in, so it must really bring them closer
            limits = np.minimum(limits, distances / 2)
        return Comparison(errors, float(distances.max()), jump, bent)

    def _is_kink(self, found: Comparison, move: Move) -> bool:
        """Whether the point is on a kink, so that what was found says nothing of the gradient.

        Slopes ahead and behind that stay apart show a kink. But of several at once, in all the
        units that follow, the jumps can cancel; in the gradients of points around they do not.
        """
        agrees = found.errors.max() <= self.tolerance
        if (agrees and not found.bent) or not math.isfinite(found.distance):
            return False
        spread = np.ptp([_slopes(each, move) for each in self._around], axis=0).max()
        if agrees:  # perhaps by symmetry, as in the middle of |a|
            return bool(spread > APART * found.jump)
        if not max(spread, found.jump) > APART * found.distance:
            return False
        near = [self._compare(point, move) for point in self._elsewhere]
        return sum(other.errors.max() <= self.tolerance for other in near) > len(near) / 2

    @cached_property
    def _around(self) -> list[np.ndarray]:
        """The gradients at points opposite each other, too close for a smooth one to change."""
        moves = [AROUND * self._random_move(slice(None)) for _ in range(4)]
        points = [self.here.values + sign * move for move in moves for sign in (1, -1)]
        return [self.subject.losses_and_gradients(point)[1] for point in points]

    @cached_property
    def _elsewhere(self) -> list[Point]:
        """Points far enough away to be off every kink that goes through this one."""
        moves = [ELSEWHERE * self._random_move(slice(None)) for _ in range(3)]
        return [self.subject.at(self.here.values + move) for move in moves]
