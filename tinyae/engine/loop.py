"""The compiled loop: a model as a table of ops, run forward and backward over chunks of samples.

A model's layers are laid out as one record each (`layers.record`). The loop here reads the table,
takes views of the flat buffers, and calls the layers' own kernels: the mathematics is written there
only. The types are the same for every model, so the loop compiles once per dtype.

The samples of a mini-batch are independent, so they are taken in chunks small enough for the cache:
forward, loss, backward, and the chunk's gradient is added to the rest. Threads run the same loop on
their share of each mini-batch, with a gradient vector each, and meet at a barrier; then each
updates its part of the parameters with the gradients summed in a fixed order.

For large dense models, where a whole mini-batch is small enough, the weights' gradients are
computed apart instead, after the barrier: by each thread for its part of the parameters, from all
samples, a block at a time that it steps at once. Then no vector of gradients goes through the
memory, which there takes longer than computing them.
"""

from typing import NamedTuple

import numpy as np

from ..family.penalised import layer_penalty
from ..layers.kernels import call_backward, call_forward, call_part
from ..layers.record import NOWHERE
from ..machine.barrier import barrier, load, store
from ..machine.calls import NONE
from ..machine.jit import called, inlined, kernel
from ..machine.views import clear, view
from ..maths.clipping import factor, square_sum
from ..maths.constraints import Places, unit_norm
from ..maths.loss import weighted_loss
from ..maths.optimizers import call_step
from ..maths.penalties import SETTINGS, call_penalty
from .tuning import UPDATE_BLOCK

# Places in the `sync` array that the threads of one run and its caller share.
ARRIVALS, ABORT, STOP, CANCELLED, COMPLETED, SYNC_SIZE = range(6)


class Run(NamedTuple):
    """A stretch of mini-batches and all that training on them needs."""

    table: np.ndarray  # (ops,) of records
    capacity: int  # samples in a chunk
    values: np.ndarray  # (threads, ...) activations and their gradients; apart: (1, ...)
    loss: int  # address of the loss
    loss_settings: np.ndarray  # its numbers
    optimizer: int  # address of the optimizer, or NONE
    settings: np.ndarray  # (steps, ...) the optimizer's numbers, or (1, ...) for all steps
    clip: float  # how long a gradient may be, or 0
    clip_together: int  # 1 if that is for the gradients of all weights
    arrays: np.ndarray  # (arrays, 2) where the weights that are clipped begin and end
    squares: np.ndarray  # (threads, arrays) the threads' part of their gradients' squared lengths
    constrained: Places  # the groups of parameters that are to have length 1
    parameters: np.ndarray  # (p,)
    gradients: np.ndarray  # (threads, p); apart: (1, p)
    slots: np.ndarray  # (2, p) the optimizer's running means
    x: np.ndarray  # flat rows of all the mini-batches
    target: np.ndarray  # the same for the targets
    weights: np.ndarray  # (rows, 1) or (rows, outputs) weights of the loss, or (0, 0)
    totals: np.ndarray  # (steps,) elements that the loss of each is the mean of, or their weight
    bounds: np.ndarray  # (steps + 1,) the rows where the mini-batches begin and end
    samples: np.ndarray  # (steps,) how many the mini-batches have, of which these may be a part
    positions: np.ndarray  # (steps,) where the first row stands in its mini-batch
    first_step: int  # mini-batches trained on before the first, or NOT_TRAINING
    optimizer_step: int  # steps that the optimizer has taken before
    gains: np.ndarray  # (steps, ops) of the penalties of layers, or (1, ops) for all steps
    losses: np.ndarray  # (threads, steps, 3) sums of reconstruction, penalty and layers' figures
    sums: np.ndarray  # (3 n,) samples' losses, ... where they are added up in the samples' order
    sync: np.ndarray  # (SYNC_SIZE,)


@inlined
def total(sums, n):
    """The sum of the first n numbers, in their order."""
    result = 0.0
    for i in range(n):
        result += sums[i]
    return result


@inlined
def widest(table):
    """The most numbers of one row of weights, or of rows that are taken together."""
    most = 0
    for i in range(table.size):
        most = max(most, table[i].w_columns * max(1, table[i].w_together))
    return most


@inlined
def share(size, part, parts):
    """The first and last (exclusive) of one of so many nearly equal parts."""
    return size * part // parts, size * (part + 1) // parts


@inlined
def forward(table, parameters, inputs, first, n, values, lane, step, position):
    """Run all ops on rows first to first + n of the inputs, with rows of the values from lane."""
    for i in range(table.size):
        op = table[i]
        w = view(parameters, op.w, (op.w_size,))
        source, row = (inputs, first) if op.x == NOWHERE else (values, lane)
        x = view(source, max(op.x, 0) + row * op.inputs, (n, op.inputs))
        y = view(values, op.y + lane * op.outputs, (n, op.outputs))
        scratch = view(values, op.scratch, (values.size - op.scratch,))
        call_forward(op.forward, (op, w, x, y, scratch, step, position))


@inlined
def backward(
    table, parameters, inputs, first, n, values, lane, scale, gradient, step, position, gain, sums
):
    """Run all ops backward, from the gradient at the last op's dy.

    An empty `gradient` is not wanted. Returns the sums of penalties and of figures.
    """
    penalties, figures = 0.0, 0.0
    for i in range(table.size - 1, -1, -1):
        op = table[i]
        w = view(parameters, op.w, (op.w_size,))
        source, row = (inputs, first) if op.x == NOWHERE else (values, lane)
        x = view(source, max(op.x, 0) + row * op.inputs, (n, op.inputs))
        y = view(values, op.y + lane * op.outputs, (n, op.outputs))
        dy = view(values, op.dy + lane * op.outputs, (n, op.outputs))
        if op.penalty != NONE:
            settings = view(op.penalty_settings, 0, (SETTINGS,))
            call_penalty(op.penalty, (y, settings, scale, dy, sums))
            penalties += total(sums, n)
        wanted = op.trainable * (gradient.size > 0)
        dw = view(gradient, op.w, (op.w_size * wanted,))
        dx = view(values, max(op.dx, 0) + lane * op.inputs, (n * (op.dx != NOWHERE), op.inputs))
        scratch = view(values, op.scratch, (values.size - op.scratch,))
        call_backward(op.backward, (op, w, x, y, dy, dw, dx, scratch, step, position))
        if op.layer_penalty != NONE:
            more = layer_penalty(op, w, x, y, dw, dx, gain[i], scale, sums)
            penalties += more[0]
            figures += more[1]
    return penalties, figures


@inlined
def add_gradients(run, thread, index, values, whole, gradient):
    """Add the gradient of this thread's share of one mini-batch; False if told to stop.

    The values are this thread's own, or, if `whole` is 1, with places for all of the mini-batch.
    """
    last = run.table[run.table.size - 1]
    size, capacity = last.outputs, run.capacity
    start, stop = run.bounds[index], run.bounds[index + 1]
    samples = run.samples[index]
    low, high = share(stop - start, thread, run.losses.shape[0])
    row, end = start + low, start + high
    step = run.first_step + index
    whole_weight, per_row = run.totals[index], run.weights.shape[1]
    inverse = 1.0 / whole_weight if whole_weight > 0 else 0.0
    sums = np.empty(capacity * max(2, per_row))
    gain = run.gains[min(index, run.gains.shape[0] - 1)]
    reconstruction, penalties, figures = 0.0, 0.0, 0.0
    while row < end:
        if load(run.sync, STOP) != 0:
            return False
        n = min(capacity, end - row)
        lane = whole * (row - start)
        position = run.positions[index] + row - start
        forward(run.table, run.parameters, run.x, row, n, values, lane, step, position)
        y = view(values, last.y + lane * size, (n, size))
        dy = view(values, last.dy + lane * size, (n, size))
        target = view(run.target, row * size, (n, size))
        w = view(run.weights, row * per_row, (n * (per_row > 0), per_row))
        weighted_loss(run.loss, y, target, w, run.loss_settings, inverse, dy, sums)
        reconstruction += total(sums, n)
        scale = 1.0 / samples
        table, parameters, x = run.table, run.parameters, run.x
        more = backward(
            table, parameters, x, row, n, values, lane, scale, gradient, step, position, gain, sums
        )
        penalties += more[0]
        figures += more[1]
        row += n
    run.losses[thread, index, 0] = reconstruction / whole_weight if whole_weight > 0 else 0.0
    run.losses[thread, index, 1] = penalties / samples
    run.losses[thread, index, 2] = figures / samples
    return True


@inlined
def optimize(run, start, g, index):
    """Step the optimizer for the parameters from `start` on, of which g is the gradient."""
    if run.optimizer != NONE:
        part, p = (g.size,), run.parameters.size
        theta = view(run.parameters, start, part)
        slot_0, slot_1 = view(run.slots, start, part), view(run.slots, p + start, part)
        steps, numbers = run.settings.shape
        settings = view(run.settings, min(index, steps - 1) * numbers, (numbers,))
        step = run.optimizer_step + index + 1
        call_step(run.optimizer, (theta, g, slot_0, slot_1, step, settings))


@called  # apart from its callers: a model without such penalties pays nothing
def regularize(op, parameters, start, g):
    """The penalty on what of the op's kernel lies in a block from `start` on; its gradient to g."""
    low, high = max(start, op.kernel), min(start + g.size, op.kernel + op.kernel_size)
    if low >= high:
        return 0.0
    settings, value = view(op.kernel_penalty_settings, 0, (SETTINGS,)), np.empty(1)
    row = (1, high - low)
    numbers, gradient = view(parameters, low, row), view(g, low - start, row)
    call_penalty(op.kernel_penalty, (numbers, settings, 1.0, gradient, value))
    return value[0]


@inlined
def update(run, thread, index, take):
    """Sum the threads' gradients, for this thread's part of each op; and take the step, if `take`.

    A block at a time, so that the sum is still in the cache when the optimizer reads it.
    """
    threads, p = run.gradients.shape
    penalties = 0.0
    for i in range(run.table.size):
        op = run.table[i]
        low, high = share((op.w_size - op.borrowed) * op.trainable, thread, threads)
        own = op.w + op.borrowed
        for start in range(own + low, own + high, UPDATE_BLOCK):
            part = (min(UPDATE_BLOCK, own + high - start),)
            g = view(run.gradients, start, part)
            for other in range(1, threads):
                added = view(run.gradients, other * p + start, part)
                for k in range(g.size):
                    g[k] += added[k]
                    added[k] = 0
            if op.kernel_penalty != NONE:
                penalties += regularize(op, run.parameters, start, g)
            if take:
                optimize(run, start, g, index)
    run.losses[thread, index, 1] += penalties


@inlined
def update_clipped(run, thread, index):
    """The same, with the summed gradients made shorter where they are too long."""
    update(run, thread, index, False)
    threads = run.gradients.shape[0]
    barrier(run.sync, ARRIVALS, ABORT, threads)  # all of the gradient is there
    for i in range(run.arrays.shape[0]):
        low, high = share(run.arrays[i, 1] - run.arrays[i, 0], thread, threads)
        g = view(run.gradients, run.arrays[i, 0] + low, (high - low,))
        run.squares[thread, i] = square_sum(g)
    barrier(run.sync, ARRIVALS, ABORT, threads)
    for i in range(run.arrays.shape[0]):
        squares = 0.0
        for other in range(run.arrays.shape[0]):
            if other == i or run.clip_together == 1:
                squares += total(run.squares[:, other], threads)
        scale = run.parameters.dtype.type(factor(run.clip, squares))
        low, high = share(run.arrays[i, 1] - run.arrays[i, 0], thread, threads)
        g = view(run.gradients, run.arrays[i, 0] + low, (high - low,))
        for k in range(g.size):
            g[k] *= scale
        optimize(run, run.arrays[i, 0] + low, g, index)


@inlined
def update_apart(run, thread, index, values, room):
    """Compute the gradients of this thread's part of each op's weights, and step the optimizer.

    `room`, all zero, is for the gradient of a block. Without optimizer the gradient is added to the
    vector instead.
    """
    threads, penalties = run.losses.shape[0], 0.0
    start, samples = run.bounds[index], run.bounds[index + 1] - run.bounds[index]
    collect, vector = run.optimizer == NONE, view(run.gradients, 0, (run.parameters.size,))
    target, nothing = vector if collect else room, view(room, 0, (0,))
    for i in range(run.table.size):
        op = run.table[i]
        if op.part == NONE or op.trainable == 0:
            continue
        source, row = (run.x, start) if op.x == NOWHERE else (values, 0)
        x = view(source, max(op.x, 0) + row * op.inputs, (samples, op.inputs))
        dz = view(values, op.dy, (samples, op.outputs))
        low, high = share(op.w_rows, thread, threads)
        block = max(1, op.w_together, UPDATE_BLOCK // op.w_columns)
        for first in range(low, high, block):
            size, place = min(block, high - first) * op.w_columns, op.w + first * op.w_columns
            dW = view(target, place if collect else 0, (size,))
            call_part(op.part, (op, x, dz, first, dW, nothing))
            if op.kernel_penalty != NONE:
                penalties += regularize(op, run.parameters, place, dW)
            optimize(run, place, dW, index)
        if i % threads == thread:
            b = op.w + op.w_rows * op.w_columns
            db = view(target, b if collect else 0, (op.w + op.w_size - b,))
            call_part(op.part, (op, x, dz, 0, nothing, db))
            optimize(run, b, db, index)
    run.losses[thread, index, 1] += penalties


@inlined
def all_added(run, added, index):
    """Wait for the others; False if one was told to stop or failed, or the loss is not finite."""
    if not added:
        store(run.sync, CANCELLED, 1)
    barrier(run.sync, ARRIVALS, ABORT, run.losses.shape[0])
    loss = 0.0
    for thread in range(run.losses.shape[0]):
        loss += run.losses[thread, index, 0] + run.losses[thread, index, 1]
    return load(run.sync, CANCELLED) == 0 and load(run.sync, ABORT) == 0 and loss - loss == 0


@inlined
def finish(run, thread, index):
    """Wait until all have updated their parameters, constrain them, and count the step."""
    threads, groups = run.losses.shape[0], run.constrained.groups.shape[0]
    barrier(run.sync, ARRIVALS, ABORT, threads)
    if groups > 0:
        low, high = share(groups, thread, threads)
        unit_norm(run.parameters, run.constrained, low, high)
        barrier(run.sync, ARRIVALS, ABORT, threads)
    if thread == 0:
        store(run.sync, COMPLETED, index + 1)


@kernel
def train(run, thread):
    """Take an optimizer step for each mini-batch of the run; every thread calls this.

    With no optimizer the summed gradient stays in `run.gradients[0]`. A stop drops
    the unfinished mini-batch: `sync[COMPLETED]` says how many were finished. A step whose loss is
    not finite is not taken, and is the last.
    """
    width, p = run.values.shape[1], run.parameters.size
    values = view(run.values, thread * width, (width,))
    gradient = view(run.gradients, thread * p, (p,))
    for index in range(run.bounds.size - 1):
        added = add_gradients(run, thread, index, values, 0, gradient)
        if not all_added(run, added, index):
            return
        if run.clip > 0:
            update_clipped(run, thread, index)
        else:
            update(run, thread, index, True)
        finish(run, thread, index)


@kernel
def train_apart(run, thread):
    """The same, with the weights' gradients computed apart from the backward pass."""
    values = view(run.values, 0, (run.values.size,))
    nothing = view(run.gradients, 0, (0,))
    room = np.empty(max(UPDATE_BLOCK, widest(run.table)), run.parameters.dtype)
    clear(room)
    for index in range(run.bounds.size - 1):
        added = add_gradients(run, thread, index, values, 1, nothing)
        if not all_added(run, added, index):
            return
        update_apart(run, thread, index, values, room)
        finish(run, thread, index)
