"""Tiny dense models: the lanes of vectors hold one unit's numbers for sixteen samples.

A layer of a few units is too narrow for vectors of its own numbers, and its products are too small
for BLAS. So samples lie side by side here: a mini-batch is cut into strips of sixteen samples, and
what is a row of x elsewhere is a column:

    x   (samples, in)      is   (strips, in, 16)
    y   (samples, units)   is   (strips, units, 16)

    forward    yᵀ = f(Wᵀ xᵀ + b)      a tile: some units of y for some strips of samples
    backward   dxᵀ = W dzᵀ            the same with W's two steps exchanged
               dW = xᵀ dz             over all samples: of dz as strips of units

All of the mini-batch, or a thread's share of it, is taken at once. Then the gradient is stepped as
in every training.
"""

import numpy as np

from ..engine.loop import first_row, loss_of, room_for_sums, share, told_to_stop, total
from ..engine.program import Program
from ..layers.record import NOWHERE
from ..machine.jit import called, inlined
from ..machine.views import view
from ..maths.activations import activate, activation_backward
from ..maths.loss import weighted_loss
from ..tiles.dots import SIDE, dots
from ..tiles.strips import (
    LANES,
    from_strips,
    in_strips,
    strip_count,
    transpose,
    transposed_from_strips,
    transposed_to_strips,
)
from ..tiles.tiles import call_product, product, product_address

DOTS_STRIPS = 4  # of samples: with fewer, adding up the lanes takes longer than exchanging them
FULL = 0.75  # of the lanes of strips of units: from here on these are as good


def layout(program: Program, rows: int) -> tuple[np.recarray, int]:
    """The program's table with strips of so many samples, and the size that they need together.

    First come the inputs, then each op's outputs, then their gradients, then room to work in.
    """
    table = program.table.copy().view(program.kernels[0].record).view(np.recarray)
    widths = [int(table.inputs[0]), *table.outputs]
    strips, widest = -(-rows // LANES), max(widths)
    sizes = [width * strips * LANES for width in widths]
    places = np.cumsum([0, *sizes, *sizes[1:]])
    ops = len(table)
    table.x, table.y, table.dy = places[:ops], places[1 : ops + 1], places[ops + 1 : -1]
    table.dx = [NOWHERE, *table.dy[:-1]]
    table.scratch = places[-1]
    table.product = product_address(product, program.dtype)
    # for dz and dW in strips of units; for the last op's outputs and their gradients, row by row
    matrices = -(-widest // LANES) * LANES * (strips * LANES + widest)
    room = max(matrices, 2 * rows * widths[-1], LANES * widest) + (LANES + 1) * LANES
    return table, int(places[-1]) + room


@called
def add_gradients(run, thread, index):
    """The gradient of this thread's share of one mini-batch, in place of what was there."""
    if told_to_stop(run):
        return
    width, p = run.values.shape[1], run.parameters.size
    values = view(run.values, thread * width, (width,))
    gradient = view(run.gradients, thread * p, (p,))
    table, parameters = run.table, run.parameters
    low, high = share(run.bounds[index + 1] - run.bounds[index], thread, run.losses.shape[0])
    row, n = first_row(run, index) + low, high - low
    op = table[0]
    x = view(values, op.x, (strip_count(n), op.inputs, LANES))
    transposed_to_strips(x, run.x, row * op.inputs, op.inputs, n, op.inputs)
    repeat_last(x, n)
    for i in range(table.size):
        forward(table[i], parameters, values, n)
    run.losses[thread, index, 0] = measure(run, thread, values, row, n, index)
    for i in range(table.size - 1, -1, -1):
        op = table[i]
        y, dy = (unit_rows(values, op.y, op.outputs, n), unit_rows(values, op.dy, op.outputs, n))
        activation_backward(y, op.slope, dy)
        if op.trainable:
            weight_gradients(op, values, n, gradient)
        if op.dx != NOWHERE:
            input_gradients(op, parameters, values, n)


@inlined
def repeat_last(x, n):
    """Lanes without a sample as the last sample's.

    Sums over all lanes take theirs times 0; what layers make of numbers that no sample has may be
    infinite, or NaN.
    """
    filled = n % LANES
    if filled > 0:
        for j in range(x.shape[1]):
            for lane in range(filled, LANES):
                x[x.shape[0] - 1, j, lane] = x[x.shape[0] - 1, j, filled - 1]


@inlined
def unit_rows(values, start, units, n):
    """Strips of so many units of n samples, each strip as one row."""
    return view(values, start, (strip_count(n), units * LANES))


@inlined
def strips_of(values, start, units, n):
    return view(values, start, (strip_count(n), units, LANES))


@inlined
def forward(op, parameters, values, n):
    """yᵀ = f(Wᵀ xᵀ + b)."""
    ins, outs, numbers = op.inputs, op.outputs, view(parameters, 0, (parameters.size,))
    x, y = strips_of(values, op.x, ins, n), strips_of(values, op.y, outs, n)
    call_product(op.product, (numbers, op.w, 1, outs, LANES * outs, outs, x, y, 0, False))
    b, biased = view(values, op.scratch, (outs * LANES,)), op.w_size > ins * outs
    for j in range(outs):
        number = parameters[op.w + ins * outs + j] if biased else parameters.dtype.type(0)
        for lane in range(LANES):
            b[j * LANES + lane] = number
    for v in range(y.shape[0]):
        activate(view(y, v * b.size, (b.size,)), b, op.activation)


@inlined
def measure(run, thread, values, row, n, index):
    """The loss of these samples, and the last op's dy."""
    op = run.table[run.table.size - 1]
    size, whole, per_row = op.outputs, run.totals[index], run.weights.shape[1]
    scale = 1.0 / whole if whole > 0 else 0.0
    y_strips, dy_strips = strips_of(values, op.y, size, n), strips_of(values, op.dy, size, n)
    transposed_from_strips(y_strips, values, op.scratch, size, n, size)
    y, dy = view(values, op.scratch, (n, size)), view(values, op.scratch + n * size, (n, size))
    target = view(run.target, row * size, (n, size))
    w = view(run.weights, row * per_row, (n * (per_row > 0), per_row))
    sums = room_for_sums(run, thread)
    weighted_loss(loss_of(run), y, target, w, scale, dy, sums)
    transposed_to_strips(dy_strips, values, op.scratch + n * size, size, n, size)
    return scale * total(sums, n)


@inlined
def weight_gradients(op, values, n, gradient):
    """dW = xᵀ dz and db = 1ᵀ dz."""
    ins, outs, strips, ones = op.inputs, op.outputs, strip_count(n), op.scratch
    for lane in range(LANES):
        values[ones + lane] = 1
    room, b, biased = op.scratch + LANES, op.w + ins * outs, op.w_size > ins * outs
    columns = strip_count(outs)
    if outs <= FULL * LANES * columns and (strips >= DOTS_STRIPS or outs <= SIDE):
        sums = view(values, room, (LANES,))
        dots(values, op.x, ins, ins, values, op.dy, outs, strips, sums, gradient, op.w)
        if biased:
            dots(values, ones, 0, 1, values, op.dy, outs, strips, sums, gradient, b)
        return
    for u in range(columns):
        for v in range(strips):
            source, target = (v * outs + u * LANES) * LANES, (u * n + v * LANES) * LANES
            transpose(values, op.dy + source, LANES, values, room + target, LANES)
    dz, numbers = view(values, room, (columns, n, LANES)), view(values, 0, (values.size,))
    # behind what the last transposition wrote beyond n
    dW = in_strips(values, room + (columns * n + LANES) * LANES, outs, ins)
    call_product(op.product, (numbers, op.x, LANES, 1, ins * LANES, ins, dz, dW, 0, False))
    from_strips(dW, gradient, op.w, outs, ins, outs)
    if biased:
        db = view(dW, 0, (columns, 1, LANES))
        call_product(op.product, (numbers, ones, 0, 0, 0, 1, dz, db, 0, False))
        from_strips(db, gradient, b, outs, 1, outs)


@inlined
def input_gradients(op, parameters, values, n):
    """dxᵀ = W dzᵀ."""
    ins, outs, numbers = op.inputs, op.outputs, view(parameters, 0, (parameters.size,))
    dx, gradients = strips_of(values, op.dx, ins, n), strips_of(values, op.dy, outs, n)
    call_product(op.product, (numbers, op.w, outs, 1, LANES, ins, gradients, dx, 0, False))
