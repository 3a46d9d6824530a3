"""The compiled loop: a model as a table of ops, run forward and backward over chunks of samples.

A model's layers are laid out as one record each (`ops.OP`). The loop here reads the table, takes
views of the flat buffers, and calls the layers' own kernels: the mathematics is written there only.
The types are the same for every model, so the loop compiles once per dtype.

The samples of a mini-batch are independent, so they are taken in chunks small enough for the cache:
forward, loss, backward, and the chunk's gradient is added to the rest. Threads run the same loop on
their share of each mini-batch, with a gradient vector each, and meet at a barrier; then each
updates its part of the parameters with the gradients summed in a fixed order.
"""

from typing import NamedTuple

import numpy as np

from .atomics import barrier, load, store
from .calls import NONE
from .dispatch import call_backward, call_forward
from .jit import inlined, kernel
from .layers.noise import NOT_TRAINING
from .losses import call_loss
from .ops import NOWHERE
from .optimizers import call_step
from .regularizers import call_penalty
from .views import copy, view

# Places in the `sync` array that the threads of one run and its caller share.
ARRIVALS, ABORT, STOP, CANCELLED, COMPLETED, SYNC_SIZE = range(6)

UPDATE_BLOCK = 1 << 14  # parameters


class Run(NamedTuple):
    """A stretch of mini-batches and all that training on them needs."""

    table: np.ndarray  # (ops,) of ops.OP
    capacity: int  # samples in a chunk
    values: np.ndarray  # (threads, ...) each thread's activations and their gradients
    loss: int  # address of the loss
    optimizer: int  # address of the optimizer, or NONE
    settings: np.ndarray  # the optimizer's numbers
    parameters: np.ndarray  # (p,)
    gradients: np.ndarray  # (threads, p)
    slots: np.ndarray  # (2, p) the optimizer's running means
    trained: np.ndarray  # (ranges, 2) where the parameters of layers that are not frozen lie
    x: np.ndarray  # flat rows of all the mini-batches
    target: np.ndarray  # the same for the targets
    bounds: np.ndarray  # (steps + 1,) the rows where the mini-batches begin and end
    first_step: int  # optimizer steps done before the first mini-batch, or NOT_TRAINING
    losses: np.ndarray  # (threads, steps, 2) sums of reconstruction and penalty
    sync: np.ndarray  # (SYNC_SIZE,)


@inlined
def total(sums, n):
    """The sum of the first n numbers, in their order."""
    result = 0.0
    for i in range(n):
        result += sums[i]
    return result


@inlined
def forward(table, parameters, inputs, first, n, values, step, position):
    """Run all ops on rows first to first + n of the inputs."""
    for i in range(table.size):
        op = table[i]
        W, b = view(parameters, op.W, (op.W_size,)), view(parameters, op.b, (op.b_size,))
        source, start = (inputs, first * op.inputs) if op.x == NOWHERE else (values, op.x)
        x, y = view(source, start, (n, op.inputs)), view(values, op.y, (n, op.outputs))
        scratch = view(values, op.scratch, (values.size - op.scratch,))
        call_forward(op.forward, (op, W, b, x, y, scratch, step, position))


@inlined
def backward(table, parameters, inputs, first, n, values, scale, gradient, step, position, sums):
    """Run all ops backward, from the gradient at the last op's dy; return the sum of penalties."""
    penalties = 0.0
    for i in range(table.size - 1, -1, -1):
        op = table[i]
        W = view(parameters, op.W, (op.W_size,))
        source, start = (inputs, first * op.inputs) if op.x == NOWHERE else (values, op.x)
        x, y = view(source, start, (n, op.inputs)), view(values, op.y, (n, op.outputs))
        dy = view(values, op.dy, (n, op.outputs))
        if op.penalty != NONE:
            from_logits = op.from_logits == 1
            call_penalty(op.penalty, (y, op.l1, op.l2, scale, from_logits, dy, sums))
            penalties += total(sums, n)
        dW = view(gradient, op.W, (op.W_size * op.trainable,))
        db = view(gradient, op.b, (op.b_size * op.trainable,))
        dx = view(values, max(op.dx, 0), (n * (op.dx != NOWHERE), op.inputs))
        scratch = view(values, op.scratch, (values.size - op.scratch,))
        call_backward(op.backward, (op, W, x, y, dy, dW, db, dx, scratch, step, position))
    return penalties


@inlined
def add_gradients(run, thread, index):
    """Add the gradient of this thread's share of one mini-batch; False if told to stop."""
    threads, width = run.values.shape
    values = view(run.values, thread * width, (width,))
    gradient = view(run.gradients, thread * run.parameters.size, (run.parameters.size,))
    last = run.table[run.table.size - 1]
    size, capacity = last.outputs, run.capacity
    start, stop = run.bounds[index], run.bounds[index + 1]
    samples = stop - start
    row = start + samples * thread // threads
    end = start + samples * (thread + 1) // threads
    step = run.first_step + index
    sums = np.empty(capacity)
    reconstruction, penalties = 0.0, 0.0
    while row < end:
        if load(run.sync, STOP) != 0:
            return False
        n = min(capacity, end - row)
        position = row - start
        forward(run.table, run.parameters, run.x, row, n, values, step, position)
        y = view(values, last.y, (n, size))
        dy = view(values, last.dy, (n, size))
        target = view(run.target, row * size, (n, size))
        call_loss(run.loss, (y, target, 1.0 / (samples * size), dy, sums))
        reconstruction += total(sums, n)
        scale = 1.0 / samples
        table, parameters, x = run.table, run.parameters, run.x
        penalties += backward(
            table, parameters, x, row, n, values, scale, gradient, step, position, sums
        )
        row += n
    run.losses[thread, index, 0] = reconstruction / (samples * size)
    run.losses[thread, index, 1] = penalties / samples
    return True


@inlined
def update(run, thread, step):
    """Sum the threads' gradients and step the optimizer, for this thread's part of the vector.

    A block at a time, so that the sum is still in the cache when the optimizer reads it.
    """
    threads, p = run.gradients.shape
    for r in range(run.trained.shape[0]):
        low, high = run.trained[r, 0], run.trained[r, 1]
        end = low + (high - low) * (thread + 1) // threads
        for start in range(low + (high - low) * thread // threads, end, UPDATE_BLOCK):
            part = (min(UPDATE_BLOCK, end - start),)
            g = view(run.gradients, start, part)
            for other in range(1, threads):
                share = view(run.gradients, other * p + start, part)
                for i in range(g.size):
                    g[i] += share[i]
                    share[i] = 0
            if run.optimizer != NONE:
                theta = view(run.parameters, start, part)
                slot_0, slot_1 = view(run.slots, start, part), view(run.slots, p + start, part)
                call_step(run.optimizer, (theta, g, slot_0, slot_1, step, run.settings))


@kernel
def train(run, thread):
    """Take an optimizer step for each mini-batch of the run; every thread calls this.

    With no optimizer the summed gradient stays in `run.gradients[0]`. A stop drops
    the unfinished mini-batch: `sync[COMPLETED]` says how many were finished.
    """
    threads = run.gradients.shape[0]
    for index in range(run.bounds.size - 1):
        if not add_gradients(run, thread, index):
            store(run.sync, CANCELLED, 1)
        barrier(run.sync, ARRIVALS, ABORT, threads)
        if load(run.sync, CANCELLED) != 0 or load(run.sync, ABORT) != 0:
            return
        update(run, thread, run.first_step + index + 1)
        barrier(run.sync, ARRIVALS, ABORT, threads)
        if thread == 0:
            store(run.sync, COMPLETED, index + 1)


@kernel
def predict(table, capacity, parameters, x, rows, values, output):
    """The last op's output for `rows` flat rows of x."""
    last = table[table.size - 1]
    for first in range(0, rows, capacity):
        n = min(capacity, rows - first)
        forward(table, parameters, x, first, n, values, NOT_TRAINING, 0)
        y = view(values, last.y, (n, last.outputs))
        copy(y, view(output, first * last.outputs, (n, last.outputs)))


@kernel
def evaluate(table, capacity, parameters, x, target, rows, values, loss, sums):
    """Each sample's summed loss into sums (rows,); returns the penalty's sum over all samples."""
    last = table[table.size - 1]
    size, penalties = last.outputs, 0.0
    room = np.empty(capacity)
    for first in range(0, rows, capacity):
        n = min(capacity, rows - first)
        forward(table, parameters, x, first, n, values, NOT_TRAINING, 0)
        y = view(values, last.y, (n, size))
        dy = view(values, last.dy, (n, size))
        expected = view(target, first * size, (n, size))
        call_loss(loss, (y, expected, 1.0, dy, sums[first : first + n]))
        for i in range(table.size):
            op = table[i]
            if op.penalty != NONE:
                y, no_gradient = view(values, op.y, (n, op.outputs)), view(values, 0, (0, 0))
                from_logits = op.from_logits == 1
                call_penalty(op.penalty, (y, op.l1, op.l2, 1.0, from_logits, no_gradient, room))
                penalties += total(room, n)
    return penalties
