"""Optimizer steps in the compiled loop."""

import math
import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numba import from_dtype, typeof, types

from ..blas.blas import BLAS_THREADS
from ..checks.floating_point import quiet
from ..checks.memory import room_for
from ..engine import gradients, inference, loop, tuning, updates
from ..engine.program import Program, thread_count
from ..feeding.batches import Stretch
from ..layers.record import for_kernels
from ..machine.aligned import aligned
from ..machine.calls import NONE, address_for
from ..machine.references import refer, reference_type
from ..maths import constraints
from ..maths.clipping import limit_of
from ..maths.loss import loss_address, weighing_address
from ..maths.optimizers import Optimizer, step_address
from ..maths.penalties import kernel_penalties, of_kernel
from ..network.chain import Chain, training_chain
from ..network.network import Network, Samples
from ..system.interruption import Interruption
from ..system.numba_parts import DISABLED
from ..tiled import by_units as units
from ..tiled import in_lanes as lanes
from ..tiled.by_rows import between
from ..tiled.choice import suits_lanes, suits_units
from .eager import EagerTrainer, columns, trained_arrays


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
    whole : bool
        Whether a step needs the whole gradient before it, as one that clips it does.
    """

    def __init__(
        self,
        chain: Chain,
        parameters: np.ndarray,
        slots: np.ndarray,
        batch_rows: int,
        threads: int | None,
        input_gradient: bool = False,
        whole: bool = False,
    ):
        assert chain.kernel_loss is not None
        self.program = Program(chain.layers, input_gradient)
        self.loss, self.parameters, self.slots = chain.kernel_loss, parameters, slots
        # A forward and a backward pass are about three times a forward pass
        operations = 3 * self.program.operations * batch_rows
        self.threads = max(
            1, min(thread_count(threads), batch_rows, int(operations // tuning.THREAD_OPERATIONS))
        )
        self._at_once = operations < tuning.THREAD_OPERATIONS
        share = -(-batch_rows // self.threads)
        self.capacity = self.program.capacity(share)
        self.constrained = constraints.places(chain.layers)
        bound = len(self.constrained.groups) > 0
        self.by_units = not (input_gradient or whole or bound) and suits_units(
            self.program, parameters.size, batch_rows
        )
        self.in_lanes = not (input_gradient or self.by_units) and suits_lanes(self.program, share)
        self.apart = (
            self.program.separable
            and not (whole or self.by_units or self.in_lanes)
            and self.capacity == share
            and parameters.size >= tuning.APART_PARAMETERS
        )
        if input_gradient or self.apart or self.by_units:
            self.capacity = batch_rows  # one chunk, so that no other overwrites it
        self.arrays, self._layers = trained_arrays(chain.layers), chain.layers
        self.columns = columns(chain.layers)
        self._add, self._update, self._between = gradients.add_gradients, updates.update, None
        if self.by_units:
            self._add, self._update = units.add_losses, units.step_units
            self.table, size = units.layout(self.program, batch_rows, self.threads)
            self._between = between if units.has_rows(self.table) else None
        elif self.in_lanes:
            self.capacity, self._add = share, lanes.add_gradients
            self.table, size = lanes.layout(self.program, share)
        else:
            if self.apart:
                self._update = updates.update_apart
            self.table, size = self.program.layout(self.capacity, keep=self.apart)
        self._parts: dict[tuple[bool, bool], dict[str, Any]] = {}  # addresses
        vectors = 1 if self.apart or self.by_units else self.threads
        what = f"what the layers give for {self.capacity} samples, with its gradients,"
        with room_for(what, (vectors, size), parameters.dtype):
            self.values = aligned(vectors, size, parameters.dtype)
        self.gradients = np.zeros((vectors, parameters.size), parameters.dtype)
        self._batch_rows, self._rooms = batch_rows, dict[str, np.ndarray]()
        self._pool = ThreadPoolExecutor(self.threads)
        self._process = os.getpid()

    def close(self) -> None:
        """End the worker threads."""
        self._pool.shutdown()

    def run(
        self,
        stretch: Stretch,
        optimizer: Optimizer | None,
        interruption: Interruption | None = None,
        meanwhile: Callable[[], Any] | None = None,
    ) -> np.ndarray:
        """Take a step for each mini-batch; without optimizer, leave the gradient in `gradients[0]`.

        Returns
        -------
        array, shape (steps, 2), or (steps, 3) where layers have figures
            Each mini-batch's reconstruction loss, penalty and figure; fewer rows than mini-batches
            if an interruption came, or if a loss is not finite: that step, the last row, is not
            taken.
        """
        run = self._run_of(stretch, optimizer)
        with BLAS_THREADS.hold(1):
            self._train(run, interruption or Interruption(), meanwhile)
        return _losses(run)[:, : self.columns]

    def compute(self, stretch: Stretch) -> np.ndarray:
        """The same without optimizer and, on one thread, without a look at Ctrl-C in between."""
        if self.threads > 1:
            return self.run(stretch, None)
        run = self._run_of(stretch, None)
        with np.errstate(all="ignore"):  # as in compiled code
            loop.train(refer(run), 0)
        return _losses(run)[:, : self.columns]

    def _run_of(self, stretch: Stretch, optimizer: Optimizer | None) -> loop.Run:
        steps, dtype = len(stretch.bounds) - 1, self.parameters.dtype
        numbers, limit, together = np.empty((1, 0)), 0.0, False
        if optimizer is not None:
            numbers = optimizer.numbers_by_step(stretch.optimizer_step, steps)
            limit, together = limit_of(optimizer)
        weights = np.empty((0, 0), dtype)
        if stretch.weight is not None:
            weights = stretch.weight.reshape(
                len(stretch.weight), math.prod(stretch.weight.shape[1:])
            )
        samples, positions = np.diff(stretch.bounds), np.zeros(steps, np.int64)
        if stretch.whole is not None:
            samples, positions, _ = stretch.whole
        run = loop.Run(
            add_gradients=NONE,
            update=NONE,
            between=NONE,
            constrain=NONE,
            regularize=NONE,
            table=self.table,
            capacity=self.capacity,
            apart=int(self.apart),
            values=self.values,
            loss=loss_address(self.loss.kernel, dtype),
            weighing=weighing_address(stretch.weight, dtype),
            loss_settings=self.loss.numbers_for(self.program.output_shape, dtype),
            optimizer=step_address(optimizer.kernel, dtype) if optimizer else NONE,
            settings=numbers,
            clip=limit,
            clip_together=int(together),
            arrays=self.arrays,
            squares=np.zeros((self.threads, len(self.arrays))),
            constrained=constraints.NOWHERE if optimizer is None else self.constrained,
            parameters=self.parameters,
            gradients=self.gradients,
            slots=self.slots,
            **self._samples_of(stretch),
            weights=weights,
            totals=stretch.totals,
            bounds=stretch.bounds,
            samples=samples,
            positions=positions,
            first_step=stretch.first_step,
            optimizer_step=stretch.optimizer_step,
            gains=self.program.gains(max(0, stretch.first_step), steps),
            losses=np.zeros((self.threads, steps, 3)),
            sums=np.empty(self.capacity * (3 + self.threads * max(2, weights.shape[1]))),
            sync=np.zeros(loop.SYNC_SIZE, np.int64),
        )
        if optimizer is None or not (self.apart or self.by_units):
            self.gradients[...] = 0
        return self._with_parts(run)

    def fetches(self, samples: Samples) -> bool:
        """Whether the threads fetch rows of these samples themselves, given which.

        One thread alone has them prepared by another.
        """
        given = samples.x, samples.target
        return (
            self.threads > 1
            and samples.weight is None
            and all(isinstance(each, np.ndarray) and each.flags.carray for each in given)
            and all(each.dtype == self.parameters.dtype for each in given)
        )

    def _samples_of(self, stretch: Stretch) -> dict[str, np.ndarray]:
        """What a run has of the samples: as they are given, or with room for one mini-batch."""
        x, target = (np.asarray(each).reshape(-1) for each in (stretch.x, stretch.target))
        if stretch.rows is None:
            none = np.empty(0, x.dtype)
            no_rows = np.empty(0, np.int64)
            return {"x": x, "target": target, "rows": no_rows, "all_x": none, "all_targets": none}
        both = {"x": self._room("x", self.program.inputs)}
        if stretch.target is stretch.x:
            both["target"], target = both["x"], target[:0]
        else:
            both["target"] = self._room("target", self.program.outputs)
        return {"rows": stretch.rows, "all_x": x, "all_targets": target, **both}

    def _room(self, name: str, size: int) -> np.ndarray:
        """For a mini-batch of rows of that size."""
        if name not in self._rooms:
            rows, dtype = self._batch_rows, self.parameters.dtype
            with room_for("the samples of a mini-batch", (rows, size), dtype):
                self._rooms[name] = aligned(1, rows * size, dtype)[0, : rows * size]
        return self._rooms[name]

    def _with_parts(self, run: loop.Run) -> loop.Run:
        """With the addresses of the parts of its steps."""
        clips, bound = run.clip > 0, len(run.constrained.groups) > 0
        known = self._parts.get((clips, bound))
        if known is None:
            part = reference_type(run), types.int64, types.int64
            update = updates.update_clipped if clips else self._update
            known = {
                "add_gradients": address_for(self._add, part),
                "update": address_for(update, part),
            }
            if self._between is not None:
                known["between"] = address_for(self._between, (*part, types.int64, types.int64))
            if (self.table.kernel_penalty != NONE).any():
                block = types.int64, types.int64, from_dtype(self.parameters.dtype)[::1]
                known["regularize"] = address_for(updates.regularize, (*part, *block))
            if bound:
                places = typeof(run.parameters), typeof(run.constrained), types.int64, types.int64
                known["constrain"] = address_for(constraints.unit_norm, places)
            self._parts[clips, bound] = known
        return run._replace(**known)

    def _train(
        self,
        run: loop.Run,
        interruption: Interruption,
        meanwhile: Callable[[], Any] | None,
    ) -> None:
        def stop() -> None:
            run.sync[loop.STOP] = 1

        interruption.stop = stop
        if interruption.pending:  # since the rows were gathered
            stop()
        # One small step is done sooner than it is handed to a worker
        if DISABLED or (self._at_once and meanwhile is None and len(run.samples) == 1):
            with np.errstate(all="ignore"):  # as in compiled code
                loop.train(refer(run), 0)
            return
        if self._process != os.getpid():  # a callback has forked: the threads are not in the child
            self._pool, self._process = ThreadPoolExecutor(self.threads), os.getpid()
        futures: list[Future] = []
        try:
            reference = refer(run)
            for thread in range(self.threads):
                futures.append(self._pool.submit(loop.train, reference, thread))
            if meanwhile is not None:
                interruption.passes = 1  # it may take its time
                meanwhile()
                interruption.passes = 0
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            if not all(future.done() for future in futures) or len(futures) < self.threads:
                stop()
                run.sync[loop.ABORT] = 1  # those at the barrier must not wait for one that failed
                wait(futures)
        for future in futures:
            future.result()

    @quiet
    def loss_alone(self, stretch: Stretch) -> float:
        """The loss of one mini-batch, as `run` finds it, without a backward pass."""
        rows, dtype = len(stretch.x), self.parameters.dtype
        sums, no_weights = np.empty(rows), np.empty((0, 0), dtype)
        numbers = self.loss.numbers_for(self.program.output_shape, dtype)
        loss = loss_address(self.loss.kernel, dtype), NONE, numbers
        with BLAS_THREADS.hold(1):
            penalties, _ = inference.evaluate(
                *(for_kernels(self.table), self.capacity, self.parameters),
                *(stretch.x.reshape(-1), stretch.target.reshape(-1), no_weights, rows),
                *(self.values[0], loss, stretch.first_step),
                *(self.program.gains(stretch.first_step, 1)[0], sums),
            )
        penalty = float(penalties) / rows + kernel_penalties(self._layers)
        return float(sums.sum()) / stretch.target.size + penalty

    def input_gradient(self, rows: int) -> np.ndarray:
        """After a run of one mini-batch in one chunk: the gradient for its input, flat."""
        start = self.table[0].dx
        return self.values[0, start : start + rows * self.program.inputs].copy()


def _losses(run: loop.Run) -> np.ndarray:
    losses, done = run.losses.sum(axis=0), run.sync[loop.COMPLETED]
    # the next has been begun if it was not told to stop
    failed = not run.sync[loop.CANCELLED] and not np.isfinite(losses[done : done + 1]).all()
    return losses[: done + failed]


class Itself:
    """Equal to what holds the very same: what a user's own `==` gives need not be a bool."""

    def __init__(self, held: object):
        self._held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and other._held is self._held


def parts_of(model: Network) -> list[object]:
    """What a trainer is made of: when this is another, another trainer is to be made."""
    layers = model.layers
    penalties = [layer.activity_regularizer for layer in layers]
    penalties += [of_kernel(layer) for layer in layers]
    numbers = [None if each is None else each.kernel_numbers().tolist() for each in penalties]
    axes = [getattr(constraints.of_kernel(layer), "axis", None) for layer in layers]
    others = Itself(model.loss), model.threads, limit_of(model.optimizer)
    return [[layer._version for layer in layers], numbers, axes, *others]


def make_trainer(
    model: Network, batch_rows: int, eager: bool = False, whole: bool = False
) -> CompiledTrainer | EagerTrainer:
    """The engine where every part of the model has kernels, else Python, layer by layer."""
    chain = training_chain(model.layers, model.loss)
    if chain.compiled and not eager:
        vectors = model.parameters, model.slots
        return CompiledTrainer(chain, *vectors, batch_rows, model.threads, whole=whole)
    return EagerTrainer(chain, model.parameters, model.gradient, model.slots)
