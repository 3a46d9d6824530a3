"""What is done with the gradient of a mini-batch: summed over the threads, clipped, stepped."""

from ..layers.kernels import call_part
from ..layers.record import NOWHERE
from ..machine.barrier import barrier
from ..machine.basics import empty, larger, smaller
from ..machine.calls import NONE, call_at
from ..machine.jit import allocating, called, inlined
from ..machine.views import clear, view
from ..maths.clipping import factor, square_sum
from ..maths.optimizers import call_step
from ..maths.penalties import SETTINGS, call_penalty
from .loop import ABORT, ARRIVALS, first_row, room_for_sums, share, total
from .tuning import UPDATE_BLOCK, UPDATE_ROWS


@inlined
def optimize(run, start, g, index):
    """Step the optimizer for the parameters from `start` on, of which g is the gradient."""
    if run.optimizer != NONE:
        part, p = (g.size,), run.parameters.size
        theta = view(run.parameters, start, part)
        slot_0, slot_1 = view(run.slots, start, part), view(run.slots, p + start, part)
        steps, numbers = run.settings.shape
        settings = view(run.settings, smaller(index, steps - 1) * numbers, (numbers,))
        step = run.optimizer_step + index + 1
        call_step(run.optimizer, (theta, g, slot_0, slot_1, step, settings))


@called
def regularize(run, thread, index, i, start, g):
    """The penalty on what of op i's kernel lies in a block from `start` on; its gradient to g."""
    op, value = run.table[i], room_for_sums(run, thread)
    low, high = larger(start, op.kernel), smaller(start + g.size, op.kernel + op.kernel_size)
    if op.kernel_penalty != NONE and low < high:
        settings, row = view(op.kernel_penalty_settings, 0, (SETTINGS,)), (1, high - low)
        numbers, gradient = view(run.parameters, low, row), view(g, low - start, row)
        call_penalty(op.kernel_penalty, (numbers, settings, 1.0, gradient, value))
        run.losses[thread, index, 1] += value[0]


@inlined
def widest(table):
    """The most numbers of rows of weights that are taken together, or of what is behind them."""
    most = 0
    for i in range(table.size):
        op = table[i]
        behind = op.w_size - op.w_rows * op.w_columns
        most = larger(most, larger(op.w_columns * block_rows(op), behind))
    return most


@inlined
def block_rows(op):
    """How many rows of weights have their gradient computed together, and are stepped then."""
    rows = larger(UPDATE_ROWS, UPDATE_BLOCK // larger(1, op.w_columns))
    return smaller(larger(rows, op.w_together), op.w_rows)


@inlined
def add_up(run, thread, index, take):
    """Sum the threads' gradients, for this thread's part of each op; and take the step, if `take`.

    A block at a time, so that the sum is still in the cache when the optimizer reads it.
    """
    threads, p = run.gradients.shape
    for i in range(run.table.size):
        op = run.table[i]
        low, high = share((op.w_size - op.borrowed) * op.trainable, thread, threads)
        own = op.w + op.borrowed
        for start in range(own + low, own + high, UPDATE_BLOCK):
            part = (smaller(UPDATE_BLOCK, own + high - start),)
            g = view(run.gradients, start, part)
            for other in range(1, threads):
                added = view(run.gradients, other * p + start, part)
                for k in range(g.size):
                    g[k] += added[k]
                    added[k] = 0
            if run.regularize != NONE:
                call_at(run.regularize, (run, thread, index, i, start, g))
            if take:
                optimize(run, start, g, index)


@called
def update(run, thread, index):
    """Step the optimizer with the sum of the threads' gradients."""
    add_up(run, thread, index, True)


@called
def update_clipped(run, thread, index):
    """The same, with the summed gradients made shorter where they are too long."""
    add_up(run, thread, index, False)
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


@allocating
def update_apart(run, thread, index):
    """Compute the gradients of this thread's part of each op's weights, and step the optimizer.

    Without optimizer the gradient is added to the vector instead.
    """
    values = view(run.values, 0, (run.values.size,))
    room = empty(widest(run.table), run.parameters)
    clear(room)  # for the gradient of a block: the optimizer leaves zeros, too
    threads = run.losses.shape[0]
    start, samples = first_row(run, index), run.bounds[index + 1] - run.bounds[index]
    collect, vector = run.optimizer == NONE, view(run.gradients, 0, (run.parameters.size,))
    target, nothing = vector if collect else room, view(room, 0, (0,))
    for i in range(run.table.size):
        op = run.table[i]
        if op.part == NONE or op.trainable == 0:
            continue
        source, row = (run.x, start) if op.x == NOWHERE else (values, 0)
        x = view(source, larger(op.x, 0) + row * op.inputs, (samples, op.inputs))
        dz = view(values, op.dy, (samples, op.outputs))
        low, high = share(op.w_rows, thread, threads)
        block = block_rows(op)
        for first in range(low, high, block):
            size, place = smaller(block, high - first) * op.w_columns, op.w + first * op.w_columns
            dW = view(target, place if collect else 0, (size,))
            call_part(op.part, (op, x, dz, first, dW, nothing))
            if run.regularize != NONE:
                call_at(run.regularize, (run, thread, index, i, place, dW))
            optimize(run, place, dW, index)
        if i % threads == thread:
            b = op.w + op.w_rows * op.w_columns
            db = view(target, b if collect else 0, (op.w + op.w_size - b,))
            call_part(op.part, (op, x, dz, 0, nothing, db))
            optimize(run, b, db, index)
