"""Between the dense layers of a model that trains by units: what needs all numbers of a sample.

Such are layers without weights, as noise or the draws of a variational code, and penalties on
activities. Each thread takes some samples, one at a time, out of the strips and puts back what the
kernels give that all training calls. So a sample's numbers do not depend on whose it is, nor, since
penalties are added up in the samples' order, does the loss.
"""

import numpy as np

from ..engine.loop import share
from ..family.penalised import call_layer_penalty
from ..layers.kernels import call_backward, call_forward
from ..machine.calls import NONE
from ..machine.jit import called, inlined
from ..machine.views import view
from ..maths.activations import FIELDS, activation_backward
from ..maths.penalties import SETTINGS, call_penalty
from ..tiles.strips import from_strips, in_strips, to_strips

# Which of a dense layer's own numbers these are: records of all layers stand in one table
ACTIVATION, SLOPE = map(list(FIELDS).index, ("activation", "slope"))

FORWARD, PENALTIES, BACKWARD = range(3)


@called
def between(run, thread, index, i, direction):
    """What op i does with this thread's samples of a mini-batch, or all ops' penalties."""
    values, room = view(run.values, 0, (run.values.size,)), room_of(run, thread)
    op, before = run.table[i], run.table[max(i - 1, 0)]
    n, step = run.bounds[index + 1] - run.bounds[index], run.first_step + index
    own, position = share(n, thread, run.losses.shape[0]), run.positions[index]
    gain = run.gains[min(index, run.gains.shape[0] - 1)]
    if direction == FORWARD:
        forward_rows(op, values, own, n, room, step, position)
    elif direction == PENALTIES:
        penalties = penalties_of_rows(run.table, values, own, n, room, gain, run.sums)
        run.losses[thread, index, 1] = penalties / run.samples[index]
    else:
        scale = 1.0 / run.samples[index]
        backward_rows(op, before, values, own, n, room, step, position, gain[i], scale)


@inlined
def room_of(run, thread):
    """What the layout keeps for this thread to work in."""
    start = run.table[0].scratch
    size = (run.values.size - start) // run.losses.shape[0]
    return view(run.values, start + thread * size, (size,))


@called
def slope_at_once(op):
    """The slope that a gradient for the op's y is to be multiplied by as soon as it is there.

    None where samples are taken for it: the op has no activation, or a penalty is added before.
    """
    return NONE if op.part == NONE or op.penalty != NONE else op.own[SLOPE]


@called
def take(values, start, size, s, n, room, place):
    """A sample's numbers from the strips at `start`, as one row in the room."""
    from_strips(in_strips(values, start, size, n), s, 1, room, place, size, size)
    return view(room, place, (1, size))


@called
def put(row, s, n, values, start, room, place):
    """A row, which lies at that place of the room, back into the strips."""
    size = row.size
    to_strips(room, place, size, size, in_strips(values, start, size, n), s, 1)


@called
def forward_rows(op, values, own, n, room, step, position):
    """y of these samples, by a layer without weights."""
    nothing, place = view(room, 0, (0,)), op.inputs
    for s in range(own[0], own[1]):
        x = take(values, op.x, op.inputs, s, n, room, 0)
        y = view(room, place, (1, op.outputs))
        call_forward(op.forward, (op, nothing, x, y, nothing, step, position + s))
        put(y, s, n, values, op.y, room, place)


@called
def penalties_of_rows(table, values, own, n, room, gain, sums):
    """The penalties of these samples into sums[n:2n], the layers' figures behind; their total."""
    nothing, no_gradient = view(room, 0, (0,)), view(room, 0, (0, 0))
    found, result = np.empty(2), 0.0
    for s in range(own[0], own[1]):
        sums[n + s], sums[2 * n + s] = 0.0, 0.0
        for i in range(table.size):
            op = table[i]
            if op.penalty == NONE and op.layer_penalty == NONE:
                continue
            y = take(values, op.y, op.outputs, s, n, room, 0)
            if op.penalty != NONE:
                settings = view(op.penalty_settings, 0, (SETTINGS,))
                call_penalty(op.penalty, (y, settings, 1.0, no_gradient, found))
                sums[n + s] += found[0]
            if op.layer_penalty != NONE:
                x = take(values, op.x, op.inputs, s, n, room, op.outputs)
                given = op, nothing, x, y, nothing, no_gradient, gain[i], 1.0, found
                call_layer_penalty(op.layer_penalty, given)
                sums[n + s] += found[0]
                sums[2 * n + s] += found[1]
        result += sums[n + s]
    return result


@called
def backward_rows(op, before, values, own, n, room, step, position, gain, scale):
    """dy of a dense layer with a penalty becomes dz; of another layer, dx comes from dy."""
    nothing, found = view(room, 0, (0,)), np.empty(2)
    ins, outs = op.inputs, op.outputs
    for s in range(own[0], own[1]):
        y = take(values, op.y, outs, s, n, room, 0)
        dy = take(values, op.dy, outs, s, n, room, outs)
        if op.penalty != NONE:
            settings = view(op.penalty_settings, 0, (SETTINGS,))
            call_penalty(op.penalty, (y, settings, scale, dy, found))
        if op.part != NONE:
            activation_backward(y, op.own[SLOPE], dy)
            put(dy, s, n, values, op.dy, room, outs)
            continue
        x, place = take(values, op.x, ins, s, n, room, 2 * outs), 2 * outs + ins
        dx, first = view(room, place, (1, ins)), position + s
        call_backward(op.backward, (op, nothing, x, y, dy, nothing, dx, nothing, step, first))
        if op.layer_penalty != NONE:
            given = op, nothing, x, y, nothing, dx, gain, scale, found
            call_layer_penalty(op.layer_penalty, given)
        activation_backward(x, slope_at_once(before), dx)
        put(dx, s, n, values, before.dy, room, place)
