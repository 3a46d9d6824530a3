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
training calls.

What a layer gives lies sample after sample, as everywhere, but a whole number of strips apart. So a
tile takes x and dz where they lie, and only W's columns are packed before.

What needs all numbers of a sample, such as a variational code or a penalty on activities, each
thread does for some samples, between two waits: see `by_rows`.
"""

import numpy as np

from ..engine.loop import (
    ABORT,
    ARRIVALS,
    CANCELLED,
    first_row,
    loss_of,
    room_for_sums,
    share,
    told_to_stop,
    total,
)
from ..engine.program import Program
from ..engine.updates import optimize
from ..layers.dense import Dense
from ..layers.record import NOWHERE
from ..machine.barrier import barrier, load
from ..machine.basics import larger, smaller
from ..machine.calls import NONE, call_at
from ..machine.jit import called, inlined
from ..machine.views import clear, copy, view
from ..maths.activations import activate, activation_backward
from ..maths.loss import weighted_loss
from ..tiles.strips import (
    LANES,
    as_strips,
    copy_vector,
    strip_count,
    transposed_to_strips,
)
from ..tiles.tiles import STRIPS, multiply, multiply_transposed, product, strided_address
from .by_rows import ACTIVATION, BACKWARD, FORWARD, PENALTIES, inputs, pitch, room_of, slope_at_once

DEPTH = 512  # rows or columns of W that are packed together: with four strips half of a small L2
PACKED = STRIPS * DEPTH * LANES
BLOCK_NUMBERS = 1 << 16  # of W, whose gradient is stepped while it is in the cache
BLOCK_STRIPS = 8


def layout(program: Program, rows: int, threads: int) -> tuple[np.recarray, int]:
    """The program's table with places for so many samples, and the size that they need together.

    First come each op's outputs, then their gradients, then room to work in for each thread: packed
    weights, and a block's gradient with db behind it.
    """
    table = program.table.copy()
    widths = [int(table.inputs[0]), *map(int, table.outputs)]
    sizes = [pitch(units) * rows for units in widths[1:]]
    places = np.cumsum([0, *sizes, *sizes])
    ops, widest = len(table), pitch(max(widths))
    table.y, table.dy = places[:ops], places[ops:-1]
    table.x, table.dx = [NOWHERE, *table.y[:-1]], [NOWHERE, *table.dy[:-1]]
    table.scratch = places[-1]
    for op, kernels in zip(table, program.kernels, strict=True):
        if kernels is Dense.kernels:
            op.product = strided_address(product, program.dtype)
        else:
            op.forward = kernels.forward_address(program.dtype)
            op.backward = kernels.backward_address(program.dtype)
    room = PACKED + max(BLOCK_NUMBERS, LANES * widest) + widest
    return table, int(places[-1]) + threads * room


def has_rows(table: np.recarray) -> bool:
    """Whether some op takes samples one at a time."""
    penalised = (table.penalty != NONE) | (table.layer_penalty != NONE)
    return bool(np.any(penalised | (table.product == NONE)))


@called
def add_losses(run, thread, index):
    """Forward with one mini-batch, and what its loss is; every thread calls this."""
    threads, ops, size = run.losses.shape[0], run.table.size, run.table[run.table.size - 1].outputs
    values, (pack, room) = view(run.values, 0, (run.values.size,)), rooms(run, thread)
    start, n = first_row(run, index), run.bounds[index + 1] - run.bounds[index]
    told_to_stop(run)
    for i in range(ops):
        op = run.table[i]
        if op.product == NONE:
            call_at(run.between, (run, thread, index, i, FORWARD))
        else:
            own = share(strip_count(op.outputs), thread, threads)
            forward(run, op, values, start, n, own, pack, room)
        barrier(run.sync, ARRIVALS, ABORT, threads)
        if load(run.sync, CANCELLED) != 0:  # by whoever was told before all came here
            return
    whole, per_row = run.totals[index], run.weights.shape[1]
    target = view(run.target, start * size, (n, size))
    w = view(run.weights, start * per_row, (n * (per_row > 0), per_row))
    loss, scale = loss_of(run), 1.0 / whole if whole > 0 else 0.0
    rows, found = share(n, thread, threads), room_for_sums(run, thread)
    measured = measure(op, values, rows, loss, target, w, scale, found, run.sums)
    run.losses[thread, index, 0] = measured * scale
    if run.between != NONE:
        call_at(run.between, (run, thread, index, 0, PENALTIES))


@called
def step_units(run, thread, index):
    """Backward, and a step for the weights of each thread's units; every thread calls this."""
    threads, samples, start = run.losses.shape[0], run.samples[index], first_row(run, index)
    values, (pack, room) = view(run.values, 0, (run.values.size,)), rooms(run, thread)
    n, whole = run.bounds[index + 1] - run.bounds[index], run.totals[index]
    for i in range(run.table.size - 1, -1, -1):
        op, before = run.table[i], run.table[larger(i - 1, 0)]
        if (op.product == NONE and i > 0) or (op.product != NONE and op.penalty != NONE):
            call_at(run.between, (run, thread, index, i, BACKWARD))
            barrier(run.sync, ARRIVALS, ABORT, threads)
        if op.product == NONE:
            continue
        row = LANES * strip_count(op.outputs)
        block = larger(1, smaller(BLOCK_STRIPS, BLOCK_NUMBERS // (LANES * row)))
        low, high = share(strip_count(op.inputs), thread, threads)
        for q in range(low, high, block):
            strips = smaller(block, high - q)
            if i > 0:
                input_gradients(op, before, values, run.parameters, q, strips, n, pack)
            if op.trainable:
                weight_gradients(run, op, values, start, q, strips, n, room)
                step_strips(run, op, q, strips, room, index)
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


@inlined
def forward(run, op, values, start, n, own, pack, room):
    """y = f(x W + b) of these strips of units."""
    (x, place, step), step_y = inputs(run, op, values, start), pitch(op.outputs)
    parameters = run.parameters
    low, high = own
    for q in range(low, high, STRIPS):
        strips, column = smaller(STRIPS, high - q), q * LANES
        y = as_strips(values, op.y + column, step_y, n, strips)
        for k in range(0, op.inputs, DEPTH):
            depth = smaller(DEPTH, op.inputs - k)
            corner, width = op.w + k * op.outputs + column, strips * LANES
            pack_rows(parameters, corner, op.outputs, op.outputs - column, depth, pack, width)
            W = as_strips(pack, 0, width, depth, strips)
            multiply(op.product, x, place + k, step, n, W, y, k > 0)
    column = low * LANES
    units, b = larger(0, smaller(op.outputs, high * LANES) - column), op.w + op.inputs * op.outputs
    bias, activation = view(parameters, b + column, (units,)), op.own[ACTIVATION]
    if op.w_size == b - op.w:
        bias = view(room, 0, (units,))
        clear(bias)
    for s in range(n):
        activate(view(values, op.y + column + s * step_y, (units,)), bias, activation)


@inlined
def measure(op, values, own, loss, target, w, scale, found, sums):
    """The loss of these samples, each one's in sums, and the last op's dz.

    One sample at a time, so that none depends on which are another thread's.
    """
    size, step, per_row = op.outputs, pitch(op.outputs), w.shape[1]
    one, loss_of_all = (1, size), 0.0
    for s in range(own[0], own[1]):
        y, dy = view(values, op.y + s * step, one), view(values, op.dy + s * step, one)
        weight = view(w, s * per_row, (smaller(1, per_row), per_row))
        wanted = view(target, s * size, one)
        weighted_loss(loss, y, wanted, weight, scale, dy, found)
        activation_backward(y, slope_at_once(op), dy)
        sums[s] = found[0]
        loss_of_all += found[0]
    return loss_of_all


@inlined
def input_gradients(op, before, values, parameters, first, strips, n, pack):
    """dx = dz Wᵀ of some strips of inputs, times the slope of the op that they come from."""
    step, step_dx = pitch(op.outputs), pitch(op.inputs)
    for q in range(first, first + strips, STRIPS):
        together = smaller(STRIPS, first + strips - q)
        dx = as_strips(values, before.dy + q * LANES, step_dx, n, together)
        for k in range(0, op.outputs, DEPTH):
            depth, rows = smaller(DEPTH, op.outputs - k), op.inputs - q * LANES
            W, place = view(pack, 0, (together, depth, LANES)), op.w + q * LANES * op.outputs + k
            transposed_to_strips(W, parameters, place, op.outputs, rows, depth)
            multiply(op.product, values, op.dy + k, step, n, W, dx, k > 0)
    some = (1, smaller(op.inputs - first * LANES, strips * LANES))
    for s in range(n):
        place = first * LANES + s * step_dx
        y, dx = view(values, before.y + place, some), view(values, before.dy + place, some)
        activation_backward(y, slope_at_once(before), dx)


@inlined
def weight_gradients(run, op, values, start, first, strips, n, room):
    """dW = xᵀ dz of the rows for some strips of inputs, as they lie in W; behind the last is db."""
    (x, place, step), step_dz = inputs(run, op, values, start), pitch(op.outputs)
    outputs = op.outputs
    rows, all_strips = smaller(strips * LANES, op.inputs - first * LANES), strip_count(outputs)
    dz = as_strips(values, op.dy, step_dz, n, all_strips)
    dW = as_strips(room, 0, all_strips * LANES, rows, all_strips)
    multiply_transposed(op.product, x, place + first * LANES, step, rows, dz, dW, False)
    close_up(room, rows, all_strips * LANES, outputs)
    if rows + first * LANES == op.inputs and op.w_size > op.inputs * outputs:
        db = view(room, rows * outputs, (outputs,))
        clear(db)
        for s in range(n):
            dz_of_s = view(values, op.dy + s * step_dz, (outputs,))
            for j in range(outputs):
                db[j] += dz_of_s[j]


@inlined
def pack_rows(numbers, start, step, columns, rows, packed, width):
    """Some columns of a matrix close together, for a tile to read; zeros where there are none."""
    whole = smaller(columns, width)
    for k in range(rows):
        source = view(numbers, start + k * step, (whole,))
        target = view(packed, k * width, (width,))
        for j in range(whole):
            target[j] = source[j]
        for j in range(whole, width):
            target[j] = 0


@inlined
def close_up(room, rows, step, columns):
    """Bring rows that are `step` apart together; a vector's end is overwritten by the next."""
    if step != columns:
        for k in range(1, rows):
            for j in range(0, columns, LANES):
                copy_vector(room, k * step + j, room, k * columns + j)


@inlined
def step_strips(run, op, first, strips, room, index):
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
