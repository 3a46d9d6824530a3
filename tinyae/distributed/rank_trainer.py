"""A step that all ranks take: each computes the gradient of its rows, and the sum is everyone's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..blas.blas import BLAS_THREADS
from ..feeding.batches import Stretch, Whole
from ..layers.building import twin
from ..maths import constraints
from ..maths.clipping import clip
from ..maths.optimizers import Optimizer
from ..maths.penalties import kernel_penalty, of_kernel
from ..network.chain import training_chain
from ..network.network import Network
from ..ranks.together import Ranks
from ..system.interruption import Interruption
from ..training.compiled import CompiledTrainer
from ..training.eager import EagerTrainer, trained_arrays, trained_ranges

# What is sent before the gradient: its places, and room for it to begin at a cache line
RECONSTRUCTION, PENALTY, FIGURE, STOP, FAILED, HEAD = 0, 1, 2, 3, 4, 16


class RankTrainer:
    """What `CompiledTrainer` and `EagerTrainer` are for one process, with ``Allreduce`` in a step.

    Parameters
    ----------
    model : Network
        Its parameters and slots are changed in place.
    rows : int
        The most that this rank has of a mini-batch.
    eager : bool
        Whether to compute layer by layer in Python.
    ranks : Ranks
    threads : int
        Of this rank.
    """

    def __init__(self, model: Network, rows: int, eager: bool, ranks: Ranks, threads: int):
        self.ranks, self.model = ranks, model
        self._parameters, self._slots = model.parameters, model.slots
        chain = training_chain(model.layers, model.loss)
        # penalties on kernels are not a mini-batch's: all add them to the sum
        bare = [
            each if of_kernel(each) is None else twin(each, kernel_regularizer=None)
            for each in chain.layers
        ]
        chain = chain._replace(layers=bare)
        self._penalised = _penalised_kernels(model)
        self._ranges, self._arrays = trained_ranges(model.layers), trained_arrays(model.layers)
        self._constrained = constraints.places(model.layers)
        p, self.threads = model.parameters.size, 1
        self._local: CompiledTrainer | EagerTrainer
        if chain.compiled and not eager:
            vectors = self._parameters, self._slots
            self._local = CompiledTrainer(chain, *vectors, max(1, rows), threads, whole=True)
            sent = np.zeros(HEAD + self._local.gradients.size, model.dtype)
            self._local.gradients = sent[HEAD:].reshape(-1, p)  # where it is computed
            self._sent = sent[: HEAD + p]
        else:
            self._local = EagerTrainer(chain, self._parameters, model.gradient, self._slots)
            self._sent = np.zeros(HEAD + p, model.dtype)
        self._received = np.empty_like(self._sent)

    def close(self) -> None:
        """End the worker threads."""
        self._local.close()

    def compile(self, optimizer: Optimizer) -> None:
        """Have all compiled that a step needs."""
        if isinstance(self._local, CompiledTrainer):
            x, target = (
                np.empty((0, *(shape or ())), self.model.dtype)
                for shape in (self.model.input_shape, self.model.output_shape)
            )
            self._local.run(Stretch(x, target, np.zeros(1, np.int64), 0), None)
        self._step(
            optimizer, np.zeros(0, self.model.dtype), 1, optimizer.kernel_numbers(), [(0, 0)]
        )
        constraints.unit_norm(self._parameters, constraints.NOWHERE, 0, 0)

    def run(
        self,
        stretch: Stretch,
        optimizer: Optimizer,
        interruption: Interruption | None = None,
        meanwhile: Callable[[], Any] | None = None,
    ) -> np.ndarray:
        """As `CompiledTrainer.run`, but nothing is done meanwhile: Python is at work itself."""
        losses: list[np.ndarray] = []
        steps = len(stretch.bounds) - 1
        numbers = optimizer.numbers_by_step(stretch.optimizer_step, steps)
        self.ranks.agree()
        received, error = self._received, None
        with BLAS_THREADS.hold(1):
            for index in range(steps):
                error = self._compute(stretch, index)
                self.ranks.add(self._sent, received)
                if received[STOP] > 0:
                    break
                loss = received[: self._local.columns].astype(np.float64)
                loss[PENALTY] += self._penalise(received[HEAD:])
                losses.append(loss)
                if not np.isfinite(loss).all():  # this step is not taken
                    break
                clip(optimizer, received[HEAD:], self._arrays)
                step = stretch.optimizer_step + index + 1
                now = numbers[min(index, len(numbers) - 1)]
                self._step(optimizer, received[HEAD:], step, now, self._ranges)
                constraints.constrain(self._parameters, self._constrained)
        if received[FAILED] > 0:
            self.ranks.agree(error=error)
        return np.array(losses).reshape(-1, self._local.columns)

    def _compute(self, stretch: Stretch, index: int) -> BaseException | None:
        """Put this rank's part of a step's losses and gradient where they are sent from.

        What goes wrong is returned: the others wait for what is sent.
        """
        sent = self._sent
        sent[:HEAD] = 0
        try:
            low, high = stretch.bounds[index : index + 2]
            part = Stretch(
                *(stretch.x[low:high], stretch.target[low:high], np.array([0, high - low])),
                first_step=stretch.first_step + index,
                weight=None if stretch.weight is None else stretch.weight[low:high],
                whole=Whole(*(each[index : index + 1] for each in stretch.whole or ())),
            )
            if isinstance(self._local, CompiledTrainer):
                sent[: self._local.columns] = self._local.compute(part).sum(axis=0)
            else:
                self._compute_eagerly(part, self._local)
            sent[STOP] = bool(self.ranks.held.pending)
        except BaseException as error:
            sent[...] = 0
            sent[STOP] = sent[FAILED] = 1
            return error
        return None

    def _compute_eagerly(self, part: Stretch, local: EagerTrainer) -> None:
        samples, position, total = (each[0] for each in part.whole or ())
        share = len(part.x) / samples
        if not share:
            self._sent[HEAD:] = 0
            return
        losses, _ = local.step(
            *(part.x, part.target, True, part.first_step, part.weight),
            first=int(position),
            total=float(total) * share,
        )
        self._sent[:STOP] = share * np.array(losses)  # of which the last is 0 without a figure
        np.multiply(local.gradient, share, out=self._sent[HEAD:])

    def _penalise(self, gradient: np.ndarray) -> float:
        """Add the gradient of the penalties on kernels; their sum."""
        penalties = 0.0
        for layer, start in self._penalised:
            penalty, of_it = kernel_penalty(layer)
            gradient[start : start + of_it.size] += of_it.reshape(-1)
            penalties += penalty
        return penalties

    def _step(
        self,
        optimizer: Optimizer,
        gradient: np.ndarray,
        step: int,
        numbers: np.ndarray,
        ranges: Any,
    ) -> None:
        parameters, slots = self._parameters, self._slots
        for low, high in ranges:
            optimizer.kernel(
                *(parameters[low:high], gradient[low:high], *slots[:, low:high], step, numbers)
            )


def _penalised_kernels(model: Network) -> list[tuple[Any, int]]:
    """The layers whose kernels are penalised, and where these begin in the vector of parameters."""
    found, start = [], 0
    for layer in model.layers:
        for name, array in layer.weights.items():
            if name == "kernel" and layer.trainable and of_kernel(layer) is not None:
                found.append((layer, start))
            start += array.size
    return found
