"""Built layers as the engine's table, and inference with it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..blas.blas import BLAS_THREADS
from ..checks.arguments import positive
from ..checks.arrays import gather, row_chunks, row_slices
from ..checks.attributes import is_ours
from ..checks.floating_point import beyond, finite, quiet
from ..checks.overridden import describes, is_compiled, owner
from ..family.active_units import op_at
from ..family.penalised import PenalisedLayer
from ..family.tied import Tied, complete
from ..layers.building import scratch_size
from ..layers.kernels import NOT_TRAINING, Kernels
from ..layers.layer import Layer
from ..layers.record import NOWHERE, as_type, for_kernels, new_table
from ..maths.loss import Loss, loss_address, weighing_address
from ..maths.penalties import SETTINGS, Penalty, of_kernel, penalty_address
from ..system import threads as cores
from ..system.numba_parts import DISABLED
from . import inference, tuning


def thread_count(threads: int | None) -> int:
    """How many threads to use: as asked, or as many as this process may run on; 1 without JIT."""
    if DISABLED:
        return 1
    if threads is not None:
        return threads
    return cores.available()


class Program:
    """A chain of built layers laid out for the engine.

    Parameters
    ----------
    layers : sequence of Layer
        All with kernels, of one dtype, bound to one vector in this order.
    input_gradient : bool
        Whether the backward pass goes on to the model's input.
    """

    def __init__(self, layers: Sequence[Layer], input_gradient: bool = False):
        self.version = sum(layer._version for layer in layers)
        self.dtype = layers[0].dtype
        self.output_shape = layers[-1].output_shape
        rows = records(layers)
        self.table = new_table(len(rows))
        self.kernels: list[Kernels] = []
        self._input_gradient = input_gradient
        self.penalised: list[tuple[int, PenalisedLayer]] = []  # by rows, those with a penalty
        self._scratch = 0  # the largest need of any layer
        self.operations = 0.0  # multiplications and additions to run one sample forward
        starts = np.cumsum([0, *(layer.parameter_count for layer in layers)])
        for row, (position, record, kernels) in enumerate(rows):
            layer = layers[position]
            self.kernels.append(kernels)
            self.table[row] = record[0]
            op = self.table[row]
            op.w, op.trainable = starts[position], layer.trainable
            if isinstance(layer, Tied):
                layer.place(op, layers, starts)
            _add_penalty(op, "penalty", layer.activity_regularizer, self.dtype)
            if of_kernel(layer) is not None:
                start, stop = layer.weights.place("kernel")
                op.kernel, op.kernel_size = op.w + start, stop - start
            _add_penalty(op, "kernel_penalty", of_kernel(layer), self.dtype)
            if isinstance(layer, PenalisedLayer):
                op.layer_penalty = layer.penalty_address()
                self.penalised.append((row, layer))
            fields = as_type(op, kernels.record)
            self._scratch = max(self._scratch, scratch_size(layer, fields))
            self.operations += positive(f"{layer.label}: operations", layer.operations())
        # Whether the gradient of all weights can be computed apart from the backward pass
        # (and by threads in one buffer, where they would share the scratch)
        pairs = zip(self.kernels, self.table, strict=True)
        separable = all(kernels.part is not None or op.w_size == 0 for kernels, op in pairs)
        self.separable = separable and not self._scratch
        self.inputs, self.outputs = int(self.table.inputs[0]), int(self.table.outputs[-1])
        self._sample_bytes = (self._lay_out(1)[1] - self._scratch) * self.dtype.itemsize
        self._last_layout: tuple[int, np.ndarray, int, int] = (0, self.table, 0, 0)

    def layout(self, capacity: int, keep: bool = False) -> tuple[np.recarray, int]:
        """The table for training on `capacity` samples at a time, and the size of its buffers.

        With `keep`, the backward pass leaves every dy, for gradients that are computed apart.
        """
        table, size = self._lay_out(capacity, keep)
        for op, kernels in zip(table, self.kernels, strict=True):
            op.forward = kernels.forward_address(self.dtype)
            op.backward = kernels.backward_address(self.dtype)
            if keep:
                op.part = kernels.part_address(self.dtype)
        return table, size

    def _inference_layout(self, rows: int) -> tuple[np.ndarray, int, int]:
        """The same for kernels that only read the table, which is kept for the next call; and how
        many samples to take at a time: dense layers more, whose weights may outweigh them.
        """
        known, table, capacity, size = self._last_layout
        if known != rows:
            chunks = tuning.DENSE_CHUNK if self.separable else 1
            capacity = self.capacity(rows, chunks * tuning.CHUNK_BYTES)
            laid_out, size = self._lay_out(capacity)
            for op, kernels in zip(laid_out, self.kernels, strict=True):
                op.forward = kernels.forward_address(self.dtype)
            table = for_kernels(laid_out)
            self._last_layout = (rows, table, capacity, size)
        return table, capacity, size

    def _lay_out(self, capacity: int, keep: bool = False) -> tuple[np.recarray, int]:
        def room(numbers: int) -> int:
            return -(-numbers * capacity // tuning.ALIGNMENT) * tuning.ALIGNMENT

        table = self.table.copy()
        end, x = 0, NOWHERE
        for op, kernels in zip(table, self.kernels, strict=True):
            op.x = x
            if kernels.copies and x != NOWHERE:
                op.y = x  # the same memory
            else:
                op.y = end
                end += room(op.outputs)
            x = op.y
        # Gradients live in two buffers in turn, or each in its own to be kept: dx is written while
        # dy is still read.
        buffer, widths = 0, [0] * (len(table) + 1 if keep else 2)
        for position in range(len(table) - 1, -1, -1):
            op = table[position]
            op.dy, widths[buffer] = buffer, max(widths[buffer], op.outputs)
            if position == 0 and not self._input_gradient:
                op.dx = NOWHERE
                continue
            if not self.kernels[position].copies:
                buffer = (buffer + 1) % len(widths)
            op.dx, widths[buffer] = buffer, max(widths[buffer], op.inputs)
        places = end + np.cumsum([0, *map(room, widths)])
        table.dy = places[table.dy]
        table.dx = np.where(table.dx == NOWHERE, NOWHERE, places[table.dx])
        table.scratch = end = places[-1]
        return table, end + self._scratch

    def capacity(self, rows: int, room: int | None = None) -> int:
        """How many samples to take at a time, so that their numbers have so many bytes at most."""
        room = tuning.CHUNK_BYTES if room is None else room
        return max(1, min(rows, room // self._sample_bytes))

    def gains(self, first: int, steps: int) -> np.ndarray:
        """Those of layers' penalties, (steps, ops) from a step on; (1, ops) if there are none."""
        found = np.ones((steps if self.penalised else 1, len(self.table)))
        for row, layer in self.penalised:
            found[:, row] = [
                layer.penalty_gain(step, self.outputs) for step in range(first, first + steps)
            ]
        return found

    # Inference

    def predict(
        self, x: np.ndarray, parameters: np.ndarray, threads: int | None = None
    ) -> np.ndarray:
        """The output for admitted samples x."""
        output, overflowed = np.empty((len(x), *self.output_shape), self.dtype), []

        def run(rows: slice) -> None:
            n = rows.stop - rows.start
            table, capacity, size = self._inference_layout(n)
            room, out = np.empty(size, self.dtype), output[rows].reshape(-1)
            flat = self._flat(x, rows)
            if not inference.predict(table, capacity, parameters, flat, n, room, out):
                overflowed.append(rows)

        self._share(run, len(x), threads)
        if overflowed:
            raise beyond("an output", self.dtype)
        return output

    @quiet
    def evaluate(
        self,
        x: np.ndarray,
        target: np.ndarray,
        parameters: np.ndarray,
        loss: Loss,
        threads: int | None = None,
        weight: np.ndarray | None = None,
        step: int = 0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each sample's summed loss (n,), weighted if asked for; and the sums (2,) of all penalties
        and of layers' figures. Penalties are as strong as in that step of training.
        """
        sums, settings = np.empty(len(x)), loss.numbers_for(self.output_shape, self.dtype)
        addresses = loss_address(loss.kernel, self.dtype), weighing_address(weight, self.dtype)
        measured = *addresses, settings
        penalties, nothing = np.zeros((len(x), 2)), np.empty((0, 0), self.dtype)
        gains = self.gains(step, 1)[0]

        def run(rows: slice) -> None:
            n = rows.stop - rows.start
            table, capacity, size = self._inference_layout(n)
            inputs = self._flat(x, rows)
            expected = inputs if target is x else self._flat(target, rows)
            weights = nothing if weight is None else self._flat(weight, rows).reshape(n, -1)
            penalties[rows.start] = inference.evaluate(
                *(table, capacity, parameters, inputs, expected, weights, n),
                *(np.empty(size, self.dtype), measured, NOT_TRAINING, gains, sums[rows]),
            )

        self._share(run, len(x), threads)
        return sums, penalties.sum(axis=0)

    def _flat(self, x: np.ndarray, rows: slice) -> np.ndarray:
        """The rows as a flat array that the engine may read: of its dtype, contiguous, aligned."""
        part = x[rows]
        if part.dtype == self.dtype and part.flags.carray:  # which kernels are compiled for
            return part.reshape(-1)
        out = np.empty((rows.stop - rows.start, *x.shape[1:]), self.dtype)
        gather(x, rows, out)
        return out.reshape(-1)

    def _share(self, run: Callable[[slice], None], n: int, threads: int | None) -> None:
        """Call `run` on stretches of the n rows, on several threads where it is worth it."""
        if n == 1:  # is done before BLAS's threads are set
            run(slice(0, 1))
            return
        worthwhile = max(1, int(n * self.operations / tuning.POOL_OPERATIONS))
        workers = min(thread_count(threads), worthwhile, n)
        numbers = self.inputs + self.outputs
        most = min(tuning.CALL_OPERATIONS / self.operations, tuning.CALL_NUMBERS / numbers)
        step = max(1, min(int(most), -(-n // workers)))
        if workers == 1:
            for rows in row_slices(n, step):
                with BLAS_THREADS.hold(1):
                    run(rows)
            return
        with BLAS_THREADS.hold(1):
            pool = ThreadPoolExecutor(workers)
            try:
                list(pool.map(run, row_slices(n, step)))
            finally:  # after Ctrl-C the stretches not begun are dropped
                pool.shutdown(cancel_futures=True)


def _add_penalty(op: np.record, name: str, penalty: Penalty | None, dtype: np.dtype) -> None:
    if penalty is not None:
        settings = penalty.kernel_numbers()
        op[name] = penalty_address(penalty.kernel, dtype)
        if settings.size > SETTINGS:
            raise ValueError(f"{penalty!r} has {settings.size} numbers; {SETTINGS} is the most")
        op[f"{name}_settings"][: settings.size] = settings


def program_for(layers: Sequence[Layer], known: Program | None) -> Program | None:
    """The known program, or a new one if anything has been assigned to a layer since.

    None if a layer has no kernels.
    """
    version = 0
    for layer in layers:
        version += layer._version
    if known is not None and known.version == version:
        return known
    return Program(layers) if all(map(is_compiled, layers)) and complete(layers) else None


def run(
    layers: Sequence[Layer],
    known: Program | None,
    x: np.ndarray,
    parameters: np.ndarray,
    threads: int | None,
) -> tuple[np.ndarray, Program | None]:
    """The output for admitted samples x, and the program that gave it, for the next call."""
    program = program_for(layers, known)
    if program is None:
        return eager_predict(layers, x, layers[0].dtype), None
    return program.predict(x, parameters, threads), program


def records(layers: Sequence[Layer]) -> list[tuple[int, np.recarray, Kernels]]:
    """The ops that run the layers: the position of the one it is for, its record and kernels.

    A layer that does what the one before does, too, has the only op of both.
    """
    found: list[tuple[int, np.recarray, Kernels]] = []
    for position, layer in enumerate(layers):
        kernels, active = layer.kernels, op_at(layers, position)
        both = _record_of_both(layers[position - 1], layer) if position else None
        assert kernels is not None
        if both is not None or (active is not None and active[0] < position):
            del found[-1]
        found.append(active or (position, layer.record() if both is None else both, kernels))
    return found


def _record_of_both(before: Layer, layer: Layer) -> np.recarray | None:
    # what subclasses change is not known to the method that they inherit; and a layer of one's own
    # may do more in training than its steps say
    knows = owner(layer, "record_behind") is owner(layer, "kernels") and is_ours(type(before))
    if not knows or before.activity_regularizer is not None or not describes(before, "steps"):
        return None
    steps = before.steps()
    return layer.record_behind(steps[0], before.input_shape) if len(steps) == 1 else None


def eager_predict(layers: Sequence[Layer], x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The output for admitted samples x, by the layers' own `forward`."""
    output = np.empty((len(x), *layers[-1].output_shape), dtype)
    for rows in row_chunks(len(x), x[:1].nbytes):
        y = x[rows]
        for layer in layers:
            y, _ = layer.forward(y)
        output[rows] = finite(y, "an output")
    return output
