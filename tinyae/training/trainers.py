"""Two ways to take optimizer steps: the compiled engine, or the layers' own methods in Python.

Both take a `Stretch` of mini-batches and give each one's losses; `fit` does not know which it has.
"""

import copy
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..engine import loop as engine
from ..engine.program import Program, thread_count
from ..layers.layer import Layer, is_compiled
from ..layers.reshaping import Reshape
from ..machine.calls import NONE
from ..machine.interruption import Interruption
from ..machine.jit import DISABLED
from ..machine.threads import BLAS_THREADS
from ..maths import penalties as regularizers
from ..maths.losses import BCE, BCEFromLogits, KernelLoss, Loss, loss_address
from ..maths.optimizers import SGD, Adam, step_address

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder

THREAD_OPERATIONS = 1e6  # of a step, for each thread: below, meeting costs more than it brings
APART_PARAMETERS = 1 << 18  # below, vectors of gradients stay in the cache


class Stretch(NamedTuple):
    """Consecutive mini-batches, in arrays that tinyae owns."""

    x: np.ndarray  # (rows, *input_shape)
    target: np.ndarray  # (rows, *output_shape)
    bounds: np.ndarray  # (steps + 1,) rows where the mini-batches begin and end
    first_step: int  # optimizer steps done before


class Chain(NamedTuple):
    """A model's layers as training runs them: a sigmoid before BCE is left to the loss."""

    layers: list[Layer]
    loss: Loss
    first_logits: int | None  # from this layer on, outputs are z where the model's are sigmoid(z)

    @property
    def kernel_loss(self) -> KernelLoss | None:
        """The loss, if it has kernels: a subclass with its own value_and_gradient means that."""
        own = type(self.loss).value_and_gradient is not KernelLoss.value_and_gradient
        return self.loss if isinstance(self.loss, KernelLoss) and not own else None

    @property
    def compiled(self) -> bool:
        """Whether every part has kernels."""
        return self.kernel_loss is not None and all(map(is_compiled, self.layers))

    def has_logits(self, position: int) -> bool:
        """Whether that layer's output is z where the model's is sigmoid(z)."""
        return self.first_logits is not None and position >= self.first_logits


def training_chain(layers: Sequence[Layer], loss: Loss) -> Chain:
    """The layers and loss as they train, with a final sigmoid and BCE fused.

    The sigmoid is looked for through Flatten and Reshape. Its layer is replaced by a linear twin
    that shares the weights.
    """
    chain = list(layers)
    position = len(chain) - 1
    while position > 0 and isinstance(chain[position], Reshape) and is_compiled(chain[position]):
        position -= 1
    last = chain[position]
    if type(loss) is BCE and is_compiled(last) and getattr(last, "activation", "") == "sigmoid":
        twin = copy.copy(last)
        twin.activation = "linear"  # type: ignore[attr-defined]
        chain[position] = twin
        return Chain(chain, BCEFromLogits(), position)
    return Chain(chain, loss, None)


def trained_ranges(layers: Sequence[Layer]) -> np.ndarray:
    """Where in the flat vector the parameters of layers that are not frozen lie, (ranges, 2)."""
    ranges: list[list[int]] = []
    start = 0
    for layer in layers:
        stop = start + layer.parameter_count
        if layer.trainable and stop > start:
            if ranges and ranges[-1][1] == start:
                ranges[-1][1] = stop
            else:
                ranges.append([start, stop])
        start = stop
    return np.array(ranges, np.int64).reshape(-1, 2)


class CompiledTrainer:
    """Runs stretches in the engine, in worker threads while the caller waits for Ctrl-C.

    Parameters
    ----------
    chain : Chain
        All parts with kernels.
    parameters, slots : array
        The model's vector (p,) and the optimizer's (2, p); changed in place.
    batch_rows : int
        The largest mini-batch.
    threads : int or None
    input_gradient : bool
        Whether to go on to the gradient for the model's input.
    """

    def __init__(
        self,
        chain: Chain,
        parameters: np.ndarray,
        slots: np.ndarray,
        batch_rows: int,
        threads: int | None,
        input_gradient: bool = False,
    ):
        assert isinstance(chain.loss, KernelLoss)
        self.program = Program(chain.layers, chain.first_logits, input_gradient)
        self.loss, self.parameters, self.slots = chain.loss, parameters, slots
        # A forward and a backward pass are about three times a forward pass
        operations = 3 * self.program.operations * batch_rows
        self.threads = max(
            1, min(thread_count(threads), batch_rows, int(operations // THREAD_OPERATIONS))
        )
        share = -(-batch_rows // self.threads)
        self.capacity = self.program.capacity(share)
        self.apart = (
            self.program.separable
            and self.capacity == share
            and parameters.size >= APART_PARAMETERS
        )
        if input_gradient or self.apart:  # one chunk, so that no other overwrites it
            self.capacity = batch_rows
        self.table, size = self.program.layout(self.capacity, keep=self.apart)
        vectors = 1 if self.apart else self.threads
        self.values = np.empty((vectors, size), parameters.dtype)
        self.gradients = np.zeros((vectors, parameters.size), parameters.dtype)
        self._pool = None if DISABLED else ThreadPoolExecutor(self.threads)

    def close(self) -> None:
        """End the worker threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def run(
        self,
        stretch: Stretch,
        optimizer: Adam | SGD | None,
        interruption: Interruption | None = None,
    ) -> np.ndarray:
        """Take a step for each mini-batch; without optimizer, leave the gradient in `gradients[0]`.

        Returns
        -------
        array, shape (steps, 2)
            Each mini-batch's reconstruction loss and penalty; fewer rows than mini-batches if an
            interruption came.
        """
        steps, dtype = len(stretch.bounds) - 1, self.parameters.dtype
        run = engine.Run(
            table=self.table,
            capacity=self.capacity,
            values=self.values,
            loss=loss_address(self.loss.kernel, dtype),
            optimizer=step_address(optimizer.kernel, dtype) if optimizer else NONE,
            settings=optimizer.settings() if optimizer else np.empty(0),
            parameters=self.parameters,
            gradients=self.gradients,
            slots=self.slots,
            x=stretch.x.reshape(-1),
            target=stretch.target.reshape(-1),
            bounds=stretch.bounds,
            first_step=stretch.first_step,
            losses=np.zeros((self.threads, steps, 2)),
            sync=np.zeros(engine.SYNC_SIZE, np.int64),
        )
        if optimizer is None or not self.apart:
            self.gradients[...] = 0
        with BLAS_THREADS.hold(1):
            self._train(run, interruption or Interruption())
        return run.losses.sum(axis=0)[: run.sync[engine.COMPLETED]]

    def _train(self, run: engine.Run, interruption: Interruption) -> None:
        def stop() -> None:
            run.sync[engine.STOP] = 1

        train = engine.train_apart if self.apart else engine.train
        interruption.stop = stop
        if interruption.pending:  # since the rows were gathered
            stop()
        if self._pool is None:
            with np.errstate(all="ignore"):  # as in compiled code
                train(run, 0)
            return
        futures: list[Future] = []
        try:
            for thread in range(self.threads):
                futures.append(self._pool.submit(train, run, thread))
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            if not all(future.done() for future in futures) or len(futures) < self.threads:
                stop()
                run.sync[engine.ABORT] = 1  # those at the barrier must not wait for one that failed
                wait(futures)
        for future in futures:
            future.result()

    def input_gradient(self, rows: int) -> np.ndarray:
        """After a run of one mini-batch in one chunk: the gradient for its input, flat."""
        start = self.table[0].dx
        return self.values[0, start : start + rows * self.program.inputs].copy()


class EagerTrainer:
    """Runs stretches layer by layer in Python: for parts without kernels, and to look inside.

    Parameters
    ----------
    chain : Chain
    parameters, gradient, slots : array
        The model's vectors (p,), (p,) and (2, p); changed in place.
    """

    def __init__(
        self, chain: Chain, parameters: np.ndarray, gradient: np.ndarray, slots: np.ndarray
    ):
        self.chain, self.parameters, self.gradient, self.slots = chain, parameters, gradient, slots
        self.trained = trained_ranges(chain.layers)

    def close(self) -> None:
        """Nothing to end."""

    def run(
        self, stretch: Stretch, optimizer: Adam | SGD, interruption: Interruption | None = None
    ) -> np.ndarray:
        """As `CompiledTrainer.run`."""
        interruption = interruption or Interruption()
        losses: list[tuple[float, float]] = []
        for start, stop in zip(stretch.bounds[:-1], stretch.bounds[1:], strict=True):
            if interruption.pending:
                break
            step = stretch.first_step + len(losses)
            # a layer may write over its input, which must not change the target
            x, target = stretch.x[start:stop].copy(), stretch.target[start:stop]
            reconstruction, penalty, _ = self.loss_and_gradient(x, target, True, step)
            for low, high in self.trained:
                optimizer.kernel(
                    *(self.parameters[low:high], self.gradient[low:high]),
                    *(*self.slots[:, low:high], step + 1, optimizer.settings()),
                )
            losses.append((reconstruction, penalty))
        return np.array(losses).reshape(-1, 2)

    def loss_and_gradient(
        self, x: np.ndarray, target: np.ndarray, training: bool, step: int
    ) -> tuple[float, float, np.ndarray]:
        """One pass forward and back: reconstruction, penalty, and the gradient for x.

        The gradient for the parameters is left in the model's vector.
        """
        layers, loss = self.chain.layers, self.chain.loss
        self.gradient[...] = 0
        outputs, caches = [], []
        for layer in layers:
            x, cache = layer.forward(x, training=training, step=step)
            outputs.append(x)
            caches.append(cache)
        reconstruction, d = loss.value_and_gradient(x, target)
        if np.shape(d) != x.shape:
            raise ValueError(
                f"{type(loss).__name__}.value_and_gradient must give a gradient of the output's "
                f"shape, {x.shape}, but gave {np.shape(d)}"
            )
        penalty = 0.0
        for position in range(len(layers) - 1, -1, -1):
            layer = layers[position]
            if layer.activity_regularizer is not None:
                from_logits = self.chain.has_logits(position)
                value, d = add_penalty(
                    layer.activity_regularizer, outputs[position], from_logits, d
                )
                penalty += value
            d = layer.backward(d, caches[position])
            if not layer.trainable:
                layer.clear_gradients()
        return float(reconstruction), penalty, d


def make_trainer(model: "Autoencoder", batch_rows: int) -> CompiledTrainer | EagerTrainer:
    """The engine where every part of the model has kernels, else Python."""
    chain = training_chain(model.layers, model.loss)
    if chain.compiled:
        return CompiledTrainer(chain, model.parameters, model.slots, batch_rows, model.threads)
    return EagerTrainer(chain, model.parameters, model.gradient, model.slots)


def add_penalty(
    regularizer: regularizers.L1L2, a: np.ndarray, from_logits: bool, da: np.ndarray
) -> tuple[float, np.ndarray]:
    """A layer's activity penalty per sample, and da with its gradient added."""
    n, sums = len(a), np.empty(len(a))
    a = np.ascontiguousarray(a)
    da = np.array(da, a.dtype, order="C")
    regularizers.penalty(
        *(a.reshape(n, -1), regularizer.l1, regularizer.l2, 1.0 / n, from_logits),
        *(da.reshape(n, -1), sums),
    )
    return float(sums.sum()) / n, da
