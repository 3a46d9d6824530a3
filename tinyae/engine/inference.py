"""The forward pass alone, compiled: a model's outputs, and what its loss and penalties are."""

from ..family.penalised import layer_penalty
from ..layers.kernels import NOT_TRAINING
from ..layers.record import NOWHERE
from ..machine.basics import empty, larger, smaller
from ..machine.calls import NONE
from ..machine.jit import kernel, uncounted
from ..machine.views import copy, is_finite, view
from ..maths.loss import weighted_loss
from ..maths.penalties import SETTINGS, call_penalty
from .gradients import forward
from .loop import total


@uncounted
def predict(table, capacity, parameters, x, rows, values, output):
    """The last op's output for `rows` flat rows of x; returns whether all of it is finite."""
    last, finite = table[table.size - 1], True
    for first in range(0, rows, capacity):
        n = smaller(capacity, rows - first)
        forward(table, parameters, x, first, n, values, 0, NOT_TRAINING, 0)
        y = view(values, last.y, (n, last.outputs))
        copy(y, view(output, first * last.outputs, (n, last.outputs)))
        finite &= is_finite(y)
    return finite


@kernel
def evaluate(table, capacity, parameters, x, target, weights, rows, values, loss, step, gain, sums):
    """Each sample's summed loss into sums (rows,); returns the sums of penalties and of figures."""
    last = table[table.size - 1]
    size, penalties, figures, per_row = last.outputs, 0.0, 0.0, weights.shape[1]
    room = empty(capacity * larger(2, per_row), sums)
    for first in range(0, rows, capacity):
        n = smaller(capacity, rows - first)
        forward(table, parameters, x, first, n, values, 0, step, first)
        y = view(values, last.y, (n, size))
        dy = view(values, last.dy, (n, size))
        expected = view(target, first * size, (n, size))
        w = view(weights, first * per_row, (n * (per_row > 0), per_row))
        weighted_loss(loss, y, expected, w, 1.0, dy, room)
        for i in range(n):
            sums[first + i] = room[i]
        for i in range(table.size):
            op = table[i]
            if op.penalty != NONE:
                y, no_gradient = view(values, op.y, (n, op.outputs)), view(values, 0, (0, 0))
                numbers = view(op.penalty_settings, 0, (SETTINGS,))
                call_penalty(op.penalty, (y, numbers, 1.0, no_gradient, room))
                penalties += total(room, n)
            if op.layer_penalty != NONE:
                w = view(parameters, op.w, (op.w_size,))
                source, row = (x, first) if op.x == NOWHERE else (values, 0)
                given = view(source, larger(op.x, 0) + row * op.inputs, (n, op.inputs))
                y, dw, dx = view(values, op.y, (n, op.outputs)), w[:0], given[:0]
                more = layer_penalty(op, w, given, y, dw, dx, gain[i], 1.0, room)
                penalties += more[0]
                figures += more[1]
    return penalties, figures
