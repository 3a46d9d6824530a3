"""The compiled loop: a model as a table of ops, run forward and backward over chunks of samples.

A model's layers are laid out as one record each (`OP`). The loop here reads the table, takes views
of the flat buffers, and calls the layers' own kernels: the mathematics is written there only. The
types are the same for every model, so the loop compiles once per dtype.

The samples of a mini-batch are independent, so they are taken in chunks small enough for the cache:
forward, loss, backward, and the chunk's gradient is added to the rest. Threads run the same loop on
their share of each mini-batch, with a gradient vector each, and meet at a barrier; then each
updates its part of the parameters with the gradients summed in a fixed order.
"""

from typing import NamedTuple

import numpy as np

from .activations import activation_backward, activation_forward
from .atomics import barrier, load, store
from .jit import kernel
from .layers.base import ACTIVATION, DENSE, RESHAPE
from .layers.dense import dense_backward, dense_forward
from .losses import loss_rows
from .optimizers import optimizer_step
from .regularizers import penalty

# One op. x, y, dx and dy are offsets in the values buffer, each with room for a chunk's samples; W
# and b are offsets in the parameter vector.
OP = np.dtype(
    [
        ("kind", np.int64),
        ("activation", np.int64),
        ("inputs", np.int64),  # numbers in one input sample
        ("outputs", np.int64),
        ("x", np.int64),  # NOWHERE: the model's input
        ("y", np.int64),
        ("dx", np.int64),  # NOWHERE: not wanted
        ("dy", np.int64),
        ("W", np.int64),
        ("W_size", np.int64),
        ("b", np.int64),
        ("b_size", np.int64),
        ("trainable", np.int64),
        ("l1", np.float64),
        ("l2", np.float64),
        ("from_logits", np.int64),  # y holds z where the layer's output is sigmoid(z)
    ],
    align=True,
)
NOWHERE = -1

# Places in the `sync` array that the threads of one run and its caller share.
ARRIVALS, ABORT, STOP, CANCELLED, COMPLETED, SYNC_SIZE = range(6)


class Run(NamedTuple):
    """A stretch of mini-batches and all that training on them needs."""

    table: np.ndarray  # (ops,) of OP
    capacity: int  # samples in a chunk
    values: np.ndarray  # (threads, ...) each thread's activations and their gradients
    loss: int  # kind of the loss
    optimizer: int  # kind of the optimizer
    settings: np.ndarray  # the optimizer's numbers
    parameters: np.ndarray  # (p,)
    gradients: np.ndarray  # (threads, p)
    slots: np.ndarray  # (2, p) the optimizer's running means
    trained: np.ndarray  # (ranges, 2) where the parameters of layers that are not frozen lie
    x: np.ndarray  # flat rows of all the mini-batches
    target: np.ndarray  # the same for the targets
    bounds: np.ndarray  # (steps + 1,) the rows where the mini-batches begin and end
    first_step: int  # optimizer steps done before, for the first mini-batch
    losses: np.ndarray  # (threads, steps, 2) sums of reconstruction and penalty
    sync: np.ndarray  # (SYNC_SIZE,)


@kernel
def block(buffer, offset, rows, width):
    """A (rows, width) view into a flat buffer."""
    return buffer[offset : offset + rows * width].reshape(rows, width)


@kernel
def op_forward(op, parameters, x, y):
    """Run one op on x (n, inputs) into y (n, outputs)."""
    W = parameters[op.W : op.W + op.W_size]
    b = parameters[op.b : op.b + op.b_size]
    if op.kind == DENSE:
        dense_forward(x, W.reshape(op.inputs, op.outputs), b, op.activation, y)
    elif op.kind == ACTIVATION:
        y[:] = x
        activation_forward(b, op.activation, y)
    elif op.kind == RESHAPE and op.x != op.y:  # elsewhere y is x's own memory
        y[:] = x


@kernel
def op_backward(op, parameters, x, y, dy, gradient, dx):
    """The gradient of one op: adds into the gradient vector, writes dx (n, inputs) unless empty."""
    W = parameters[op.W : op.W + op.W_size]
    wanted = op.trainable
    dW = gradient[op.W : op.W + op.W_size * wanted]
    db = gradient[op.b : op.b + op.b_size * wanted]
    if op.kind == DENSE:
        shape = (op.inputs, op.outputs)
        dW = dW.reshape(op.inputs * wanted, op.outputs)
        dense_backward(x, W.reshape(shape), y, op.activation, dy, dW, db, dx)
    elif op.kind == ACTIVATION:
        activation_backward(y, op.activation, dy, db)
        if dx.size:
            dx[:] = dy
    elif op.kind == RESHAPE and op.dx != op.dy and dx.size:
        dx[:] = dy


@kernel
def forward(table, parameters, inputs, first, n, values):
    """Run all ops on rows first to first + n of the inputs."""
    for i in range(table.size):
        op = table[i]
        if op.x == NOWHERE:
            x = block(inputs, first * op.inputs, n, op.inputs)
        else:
            x = block(values, op.x, n, op.inputs)
        op_forward(op, parameters, x, block(values, op.y, n, op.outputs))


@kernel
def op_penalty(op, n, values, scale, with_gradient):
    """The activity penalty of one op's output, its gradient added to dy on request."""
    y = block(values, op.y, n, op.outputs)
    dy = block(values, op.dy, n * with_gradient, op.outputs)
    return penalty(y, op.l1, op.l2, scale, op.from_logits == 1, dy)


@kernel
def backward(table, parameters, inputs, first, n, values, scale, gradient):
    """Run all ops backward, from the gradient at the last op's dy; return the sum of penalties."""
    penalties = 0.0
    for i in range(table.size - 1, -1, -1):
        op = table[i]
        if op.x == NOWHERE:
            x = block(inputs, first * op.inputs, n, op.inputs)
        else:
            x = block(values, op.x, n, op.inputs)
        y = block(values, op.y, n, op.outputs)
        dy = block(values, op.dy, n, op.outputs)
        dx = block(values, max(op.dx, 0), n if op.dx != NOWHERE else 0, op.inputs)
        if op.l1 > 0 or op.l2 > 0:
            penalties += op_penalty(op, n, values, scale, 1)
        op_backward(op, parameters, x, y, dy, gradient, dx)
    return penalties


@kernel
def add_gradients(run, thread, index):
    """Add the gradient of this thread's share of one mini-batch; False if told to stop."""
    threads, values = run.values.shape[0], run.values[thread]
    last = run.table[run.table.size - 1]
    size, capacity = last.outputs, run.capacity
    start, stop = run.bounds[index], run.bounds[index + 1]
    samples = stop - start
    row = start + samples * thread // threads
    end = start + samples * (thread + 1) // threads
    sums = np.empty(capacity)
    reconstruction, penalties = 0.0, 0.0
    while row < end:
        if load(run.sync, STOP) != 0:
            return False
        n = min(capacity, end - row)
        forward(run.table, run.parameters, run.x, row, n, values)
        y = block(values, last.y, n, size)
        dy = block(values, last.dy, n, size)
        target = block(run.target, row * size, n, size)
        loss_rows(run.loss, y, target, 1.0 / (samples * size), dy, sums)
        reconstruction += sums[:n].sum()
        penalties += backward(
            *(run.table, run.parameters, run.x, row, n, values),
            *(1.0 / samples, run.gradients[thread]),
        )
        row += n
    run.losses[thread, index, 0] = reconstruction / (samples * size)
    run.losses[thread, index, 1] = penalties / samples
    return True


@kernel
def update(run, thread, step):
    """Sum the threads' gradients and step the optimizer, for this thread's part of the vector."""
    threads = run.gradients.shape[0]
    for r in range(run.trained.shape[0]):
        low, high = run.trained[r, 0], run.trained[r, 1]
        start = low + (high - low) * thread // threads
        stop = low + (high - low) * (thread + 1) // threads
        total = run.gradients[0, start:stop]
        for other in range(1, threads):
            share = run.gradients[other, start:stop]
            for i in range(total.size):
                total[i] += share[i]
                share[i] = 0
        optimizer_step(
            *(run.optimizer, run.settings, run.parameters[start:stop], total),
            *(run.slots[0, start:stop], run.slots[1, start:stop], step),
        )


@kernel
def train(run, thread):
    """Take an optimizer step for each mini-batch of the run; every thread calls this.

    With no optimizer (`NONE_KIND`) the summed gradient stays in `run.gradients[0]`. A stop drops
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
        forward(table, parameters, x, first, n, values)
        y = last.y
        output[first * last.outputs : (first + n) * last.outputs] = values[y : y + n * last.outputs]


@kernel
def evaluate(table, capacity, parameters, x, target, rows, values, loss, sums):
    """Each sample's summed loss into sums (rows,); returns the penalty's sum over all samples."""
    last = table[table.size - 1]
    size, penalties = last.outputs, 0.0
    for first in range(0, rows, capacity):
        n = min(capacity, rows - first)
        forward(table, parameters, x, first, n, values)
        y = block(values, last.y, n, size)
        dy = block(values, last.dy, n, size)
        expected = block(target, first * size, n, size)
        loss_rows(loss, y, expected, 1.0, dy, sums[first : first + n])
        for i in range(table.size):
            op = table[i]
            if op.l1 > 0 or op.l2 > 0:
                penalties += op_penalty(op, n, values, 1.0, 0)
    return penalties
