"""The gradient of a mini-batch: forward, loss and backward over chunks of its samples."""

from ..family.penalised import layer_penalty
from ..layers.kernels import call_backward, call_forward
from ..layers.record import NOWHERE
from ..machine.basics import larger, smaller
from ..machine.calls import NONE
from ..machine.jit import called, inlined
from ..machine.views import view
from ..maths.loss import weighted_loss
from ..maths.penalties import SETTINGS, call_penalty
from .loop import first_row, loss_of, room_for_sums, share, told_to_stop, total


@inlined
def forward(table, parameters, inputs, first, n, values, lane, step, position):
    """Run all ops on rows first to first + n of the inputs, with rows of the values from lane."""
    for i in range(table.size):
        op = table[i]
        w = view(parameters, op.w, (op.w_size,))
        source, row = (inputs, first) if op.x == NOWHERE else (values, lane)
        x = view(source, larger(op.x, 0) + row * op.inputs, (n, op.inputs))
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
        x = view(source, larger(op.x, 0) + row * op.inputs, (n, op.inputs))
        y = view(values, op.y + lane * op.outputs, (n, op.outputs))
        dy = view(values, op.dy + lane * op.outputs, (n, op.outputs))
        if op.penalty != NONE:
            settings = view(op.penalty_settings, 0, (SETTINGS,))
            call_penalty(op.penalty, (y, settings, scale, dy, sums))
            penalties += total(sums, n)
        wanted = op.trainable * (gradient.size > 0)
        dw = view(gradient, op.w, (op.w_size * wanted,))
        dx = view(values, larger(op.dx, 0) + lane * op.inputs, (n * (op.dx != NOWHERE), op.inputs))
        scratch = view(values, op.scratch, (values.size - op.scratch,))
        call_backward(op.backward, (op, w, x, y, dy, dw, dx, scratch, step, position))
        if op.layer_penalty != NONE:
            more = layer_penalty(op, w, x, y, dw, dx, gain[i], scale, sums)
            penalties += more[0]
            figures += more[1]
    return penalties, figures


@called
def add_gradients(run, thread, index):
    """Add the gradient of this thread's share of one mini-batch, unless told to stop.

    The values are this thread's own; or, where the weights' gradients are computed apart, with
    places for all of the mini-batch.
    """
    width, p = run.values.shape[1], run.parameters.size
    values = view(run.values, thread * width * (1 - run.apart), (width,))
    gradient = view(run.gradients, thread * p * (1 - run.apart), (p * (1 - run.apart),))
    last = run.table[run.table.size - 1]
    size, capacity = last.outputs, run.capacity
    start, size_of_batch = first_row(run, index), run.bounds[index + 1] - run.bounds[index]
    samples = run.samples[index]
    low, high = share(size_of_batch, thread, run.losses.shape[0])
    row, end = start + low, start + high
    step = run.first_step + index
    whole_weight, per_row = run.totals[index], run.weights.shape[1]
    inverse = 1.0 / whole_weight if whole_weight > 0 else 0.0
    sums = room_for_sums(run, thread)
    gain = run.gains[smaller(index, run.gains.shape[0] - 1)]
    reconstruction, penalties, figures = 0.0, 0.0, 0.0
    while row < end:
        if told_to_stop(run):
            return
        n = smaller(capacity, end - row)
        lane = run.apart * (row - start)
        position = run.positions[index] + row - start
        forward(run.table, run.parameters, run.x, row, n, values, lane, step, position)
        y = view(values, last.y + lane * size, (n, size))
        dy = view(values, last.dy + lane * size, (n, size))
        target = view(run.target, row * size, (n, size))
        w = view(run.weights, row * per_row, (n * (per_row > 0), per_row))
        weighted_loss(loss_of(run), y, target, w, inverse, dy, sums)
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
