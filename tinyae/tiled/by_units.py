"""Large dense models: the units of each layer are shared between threads, not the samples.

Each thread owns some strips of sixteen units of every layer. Forward it computes them for all
samples of the mini-batch and waits for the others, since the next layer needs all units. Backward
it owns rows of W, those that its units of the layer before go through: with each block of them it
computes these units' gradients and the block's own, and steps the optimizer at once. So W is read
once forward and once backward, and no vector of gradients is kept.

    forward    y[:, mine]  = f(x W[:, mine] + b[mine])             all wait for each other
    loss       dz          = what belongs to some samples          all wait, or leave the step
    backward   dx[:, mine] = dz W[mine, :]ᵀ, times the slope       all wait
               dW[mine, :] = x[:, mine]ᵀ dz, stepped at once

Every sum is one chain over k or over samples, the same whoever computes it: the parameters are the
same bytes for any number of threads. Activations, losses and optimizers are the kernels that all
training calls; a strip is to them a layer of sixteen units.

What needs all numbers of a sample, such as a variational code or a penalty on activities, each
thread does for some samples, between two waits: see `by_rows`.
"""

import numpy as np

from ..engine.loop import ABORT, ARRIVALS, all_added, share, told_to_stop, total
from ..engine.program import Program
from ..engine.updates import optimize
from ..layers.dense import Dense
from ..layers.record import NOWHERE
from ..machine.barrier import barrier
from ..machine.calls import NONE, call_at
from ..machine.jit import called, inlined
from ..machine.views import clear, copy, view
from ..maths.activations import activation_backward, activation_forward, add_rows
from ..maths.loss import weighted_loss
from ..tiles.strips import (
    LANES,
    from_strips,
    in_strips,
    strip_count,
    to_strips,
    transposed_to_strips,
)
from ..tiles.tiles import STRIPS, multiply, multiply_transposed, product, product_address
from .by_rows import ACTIVATION, BACKWARD, FORWARD, PENALTIES, room_of, slope_at_once

DEPTH = 512  # rows or columns of W that are packed together: with four strips half of a small L2
PACKED = STRIPS * DEPTH * LANES
BLOCK_NUMBERS = 1 << 16  # of W, whose gradient is stepped while it is in the cache
BLOCK_STRIPS = 8


def layout(program: Program, rows: int, threads: int) -> tuple[np.recarray, int]:
    """The program's table with strips for so many samples, and the size that they need together.

    First come the inputs, then each op's outputs, then their gradients, then room to work in for
    each thread: packed weights, and a block's gradient with db behind it or a sample's rows.
    """
    table = program.table.copy()
    widths = [int(table.inputs[0]), *table.outputs]
    sizes = [-(-units // LANES) * LANES * rows for units in widths]
    places = np.cumsum([0, *sizes, *sizes[1:]])
    ops, widest = len(table), -(-max(widths) // LANES) * LANES
    table.x, table.y, table.dy = places[:ops], places[1 : ops + 1], places[ops + 1 : -1]
    table.dx = [NOWHERE, *table.dy[:-1]]
    table.scratch = places[-1]
    for op, kernels in zip(table, program.kernels, strict=True):
        if kernels is Dense.kernels:
            op.part = product_address(product, program.dtype)
        else:
            op.forward = kernels.forward_address(program.dtype)
            op.backward = kernels.backward_address(program.dtype)
    room = PACKED + max(BLOCK_NUMBERS, LANES * widest) + widest
    return table, int(places[-1]) + threads * room


def has_rows(table: np.recarray) -> bool:
    """Whether some op takes samples one at a time."""
    penalised = (table.penalty != NONE) | (table.layer_penalty != NONE)
    return bool(np.any(penalised | (table.part == NONE)))


@called
def add_losses(run, thread, index):
    """Forward with one mini-batch, and what its loss is; every thread calls this."""
    threads, ops, size = run.losses.shape[0], run.table.size, run.table[run.table.size - 1].outputs
    values, (pack, room) = view(run.values, 0, (run.values.size,)), rooms(run, thread)
    start, n = run.bounds[index], run.bounds[index + 1] - run.bounds[index]
    op, rows = run.table[0], share(n, thread, threads)
    take_inputs(op, run.x, start, n, share(strip_count(op.inputs), thread, threads), values)
    told_to_stop(run)
    if not all_added(run, index):
        return
    for i in range(ops):
        op = run.table[i]
        if op.part == NONE:
            call_at(run.between, (run, thread, index, i, FORWARD))
        else:
            own = share(strip_count(op.outputs), thread, threads)
            forward(op, run.parameters, values, own, n, pack)
        barrier(run.sync, ARRIVALS, ABORT, threads)
    whole, per_row = run.totals[index], run.weights.shape[1]
    target = view(run.target, start * size, (n, size))
    w = view(run.weights, start * per_row, (n * (per_row > 0), per_row))
    loss, scale = (run.loss, run.loss_settings), 1.0 / whole if whole > 0 else 0.0
    measured = measure(op, values, rows, loss, target, w, scale, room, run.sums)
    run.losses[thread, index, 0] = measured * scale
    if run.between != NONE:
        call_at(run.between, (run, thread, index, 0, PENALTIES))


@called
def step_units(run, thread, index):
    """Backward, and a step for the weights of each thread's units; every thread calls this."""
    threads, samples = run.losses.shape[0], run.samples[index]
    values, (pack, room) = view(run.values, 0, (run.values.size,)), rooms(run, thread)
    n, whole = run.bounds[index + 1] - run.bounds[index], run.totals[index]
    for i in range(run.table.size - 1, -1, -1):
        op, before = run.table[i], run.table[max(i - 1, 0)]
        if op.penalty != NONE or (op.part == NONE and i > 0):
            call_at(run.between, (run, thread, index, i, BACKWARD))
            barrier(run.sync, ARRIVALS, ABORT, threads)
        if op.part == NONE:
            continue
        block = max(1, min(BLOCK_STRIPS, BLOCK_NUMBERS // (LANES * op.outputs)))
        low, high = share(strip_count(op.inputs), thread, threads)
        for q in range(low, high, block):
            strips = min(block, high - q)
            if i > 0:
                input_gradients(op, before, run.parameters, values, q, strips, n, pack)
            if op.trainable:
                weight_gradients(op, values, q, strips, n, pack, room)
                step(run, op, q, strips, room, index)
        if i > 0:
            barrier(run.sync, ARRIVALS, ABORT, threads)
    # all samples' in their order, whoever measured them
    scale = 1.0 / whole if whole > 0 else 0.0
    run.losses[thread, index, 0] = scale * total(run.sums, n) if thread == 0 else 0.0
    if run.between != NONE:
        for i in (1, 2):
            more = view(run.sums, i * n, (n * (thread == 0),))
            run.losses[thread, index, i] = total(more, more.size) / samples


@inlined
def rooms(run, thread):
    """This thread's room to work in: for packed weights, and for gradients."""
    room = room_of(run, thread)
    return view(room, 0, (PACKED,)), view(room, PACKED, (room.size - PACKED,))


@called
def some(numbers, start, first, strips, rows):
    """So many of the strips that lie from `start` on."""
    return view(numbers, start + first * rows * LANES, (strips, rows, LANES))


@inlined
def take_inputs(op, x, start, n, own, values):
    """Put these strips of the mini-batch where the first op finds them."""
    low, high = own
    place, left = start * op.inputs + low * LANES, op.inputs - low * LANES
    to_strips(x, place, op.inputs, left, some(values, op.x, low, high - low, n), 0, n)


@inlined
def forward(op, parameters, values, own, n, pack):
    """y = f(x W + b) of these strips of units."""
    x, b = in_strips(values, op.x, op.inputs, n), op.w + op.inputs * op.outputs
    low, high = own
    for q in range(low, high, STRIPS):
        strips, column = min(STRIPS, high - q), q * LANES
        left = op.outputs - column
        y = some(values, op.y, q, strips, n)
        for k in range(0, op.inputs, DEPTH):
            depth = min(DEPTH, op.inputs - k)
            W = view(pack, 0, (strips, depth, LANES))
            place = op.w + k * op.outputs + column
            to_strips(parameters, place, op.outputs, left, W, 0, depth)
            multiply(op.part, x, k // LANES, W, y, k > 0)
        for v in range(strips):
            units = min(LANES, left - v * LANES) * (op.w_size > b - op.w)
            bias = view(parameters, b + column + v * LANES, (units,))
            activation_forward(bias, op.own[ACTIVATION], view(y, v * n * LANES, (n, LANES)))


@inlined
def measure(op, values, own, loss, target, w, scale, room, sums):
    """The loss of these samples, each one's in sums, and the last op's dz.

    One sample at a time, so that none depends on which are another thread's.
    """
    n, size = target.shape
    y, dy = in_strips(values, op.y, size, n), in_strips(values, op.dy, size, n)
    row, gradient = view(room, 0, (1, size)), view(room, size, (1, size))
    address, settings = loss
    result, one, per_row = np.empty(max(1, w.shape[1])), (1, size), w.shape[1]
    loss_of_all = 0.0
    for s in range(own[0], own[1]):
        from_strips(y, s, 1, room, 0, size, size)
        weight = view(w, s * per_row, (min(1, per_row), per_row))
        wanted = view(target, s * size, one)
        weighted_loss(address, row, wanted, weight, settings, scale, gradient, result)
        activation_backward(row, slope_at_once(op), gradient)
        to_strips(room, size, size, size, dy, s, 1)
        sums[s] = result[0]
        loss_of_all += result[0]
    return loss_of_all


@inlined
def input_gradients(op, before, parameters, values, first, strips, n, pack):
    """dx = dz Wᵀ of some strips of inputs, times the slope of the op that they come from."""
    dz = in_strips(values, op.dy, op.outputs, n)
    for q in range(first, first + strips, STRIPS):
        together = min(STRIPS, first + strips - q)
        dx = some(values, before.dy, q, together, n)
        for k in range(0, op.outputs, DEPTH):
            depth, rows = min(DEPTH, op.outputs - k), op.inputs - q * LANES
            W, place = view(pack, 0, (together, depth, LANES)), op.w + q * LANES * op.outputs + k
            transposed_to_strips(parameters, place, op.outputs, rows, depth, W)
            multiply(op.part, dz, k // LANES, W, dx, k > 0)
        y = some(values, before.y, q, together, n)
        for v in range(together):
            place, strip = v * n * LANES, (n, LANES)
            activation_backward(
                view(y, place, strip), slope_at_once(before), view(dx, place, strip)
            )


@inlined
def weight_gradients(op, values, first, strips, n, pack, room):
    """dW = xᵀ dz of the rows for some strips of inputs, as they lie in W; behind the last is db."""
    x, outputs = in_strips(values, op.x, op.inputs, n), op.outputs
    rows = min(strips * LANES, op.inputs - first * LANES)
    biased = rows + first * LANES == op.inputs and op.w_size > op.inputs * outputs
    for q in range(0, strip_count(outputs), STRIPS):
        together = min(STRIPS, strip_count(outputs) - q)
        dz, dW = some(values, op.dy, q, together, n), view(pack, 0, (together, rows, LANES))
        multiply_transposed(op.part, x, first, rows, dz, dW)
        from_strips(dW, 0, rows, room, q * LANES, outputs, outputs - q * LANES)
        for v in range(together * biased):
            db = view(room, rows * outputs + (q + v) * LANES, (LANES,))
            clear(db)
            add_rows(view(dz, v * n * LANES, (n, LANES)), db)


@inlined
def step(run, op, first, strips, room, index):
    """Step the optimizer for the weights of some strips of inputs, or keep their gradient.

    A strip at a time, whoever has how many.
    """
    for v in range(strips):
        low, high = (first + v) * LANES, (first + v + 1) * LANES
        size = op.w_size - low * op.outputs if high >= op.inputs else LANES * op.outputs
        place, g = op.w + low * op.outputs, view(room, v * LANES * op.outputs, (size,))
        if run.optimizer == NONE:
            copy(g, view(run.gradients, place, (size,)))
        optimize(run, place, g, index)
