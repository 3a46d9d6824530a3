"""Between the dense layers of a model that trains by units: what needs all numbers of a sample.

Such are layers without weights, as noise or the draws of a variational code, and penalties on
activities. Each thread takes some samples, one at a time, with the kernels that all training calls.
So a sample's numbers do not depend on whose it is, nor, since penalties are added up in the
samples' order, does the loss.
"""

from ..engine.loop import first_row, share
from ..family.penalised import call_layer_penalty
from ..layers.kernels import call_backward, call_forward
from ..layers.record import NOWHERE
from ..machine.basics import empty, larger, smaller
from ..machine.calls import NONE
from ..machine.jit import allocating, called, inlined
from ..machine.views import view
from ..maths.activations import FIELDS, activation_backward
from ..maths.penalties import SETTINGS, call_penalty
from ..tiles.strips import LANES, strip_count

# Which of a dense layer's own numbers these are: records of all layers stand in one table
ACTIVATION, SLOPE = map(list(FIELDS).index, ("activation", "slope"))

FORWARD, PENALTIES, BACKWARD = range(3)


@allocating
def between(run, thread, index, i, direction):
    """What op i does with this thread's samples of a mini-batch, or all ops' penalties."""
    start, threads = first_row(run, index), run.losses.shape[0]
    n, step = run.bounds[index + 1] - run.bounds[index], run.first_step + index
    own, position = share(n, thread, threads), run.positions[index]
    gain = run.gains[smaller(index, run.gains.shape[0] - 1)]
    if direction == FORWARD:
        forward_rows(run, run.table[i], start, own, step, position)
    elif direction == PENALTIES:
        penalties = penalties_of_rows(run, start, own, n, gain)
        run.losses[thread, index, 1] = penalties / run.samples[index]
    else:
        scale = 1.0 / run.samples[index]
        backward_rows(run, i, start, own, step, position, gain[i], scale)


@inlined
def room_of(run, thread):
    """What the layout keeps for this thread to work in."""
    start = run.table[0].scratch
    size = (run.values.size - start) // run.losses.shape[0]
    return view(run.values, start + thread * size, (size,))


@inlined
def pitch(units):
    """How far apart samples' rows lie: whole strips, an odd number of them.

    With a power of two, the rows that a tile reads together would take each other's place in the
    cache.
    """
    return LANES * (strip_count(units) | 1)


@inlined
def inputs(run, op, values, start):
    """Where the op finds the rows of a mini-batch: in which numbers, from where, how far apart."""
    first = op.x == NOWHERE
    return (
        view(run.x, 0, (run.x.size,)) if first else values,
        start * op.inputs if first else op.x,
        op.inputs if first else pitch(op.inputs),
    )


@called
def slope_at_once(op):
    """The slope that a gradient for the op's y is to be multiplied by as soon as it is there.

    None where samples are taken for it: the op has no activation, or a penalty is added before.
    """
    return NONE if op.product == NONE or op.penalty != NONE else op.own[SLOPE]


@inlined
def forward_rows(run, op, start, own, step, position):
    """y of these samples, by a layer without weights."""
    values = view(run.values, 0, (run.values.size,))
    (numbers, place, step_x), nothing = inputs(run, op, values, start), view(values, 0, (0,))
    for s in range(own[0], own[1]):
        x = view(numbers, place + s * step_x, (1, op.inputs))
        y = view(values, op.y + s * pitch(op.outputs), (1, op.outputs))
        call_forward(op.forward, (op, nothing, x, y, nothing, step, position + s))


@inlined
def penalties_of_rows(run, start, own, n, gain):
    """The penalties of these samples into sums[n:2n], the layers' figures behind; their total."""
    values, sums = view(run.values, 0, (run.values.size,)), run.sums
    nothing, no_gradient = view(values, 0, (0,)), view(values, 0, (0, 0))
    found, result = empty(2, run.sums), 0.0
    for s in range(own[0], own[1]):
        sums[n + s], sums[2 * n + s] = 0.0, 0.0
        for i in range(run.table.size):
            op = run.table[i]
            y = view(values, op.y + s * pitch(op.outputs), (1, op.outputs))
            if op.penalty != NONE:
                settings = view(op.penalty_settings, 0, (SETTINGS,))
                call_penalty(op.penalty, (y, settings, 1.0, no_gradient, found))
                sums[n + s] += found[0]
            if op.layer_penalty != NONE:
                numbers, place, step_x = inputs(run, op, values, start)
                x = view(numbers, place + s * step_x, (1, op.inputs))
                given = op, nothing, x, y, nothing, no_gradient, gain[i], 1.0, found
                call_layer_penalty(op.layer_penalty, given)
                sums[n + s] += found[0]
                sums[2 * n + s] += found[1]
        result += sums[n + s]
    return result


@inlined
def backward_rows(run, i, start, own, step, position, gain, scale):
    """dy of a dense layer with a penalty becomes dz; of another layer, dx comes from dy."""
    op, before = run.table[i], run.table[larger(i - 1, 0)]
    values, found = view(run.values, 0, (run.values.size,)), empty(2, run.sums)
    (numbers, place, step_x), nothing = inputs(run, op, values, start), view(values, 0, (0,))
    for s in range(own[0], own[1]):
        here, one = s * pitch(op.outputs), (1, op.outputs)
        y, dy = view(values, op.y + here, one), view(values, op.dy + here, one)
        if op.penalty != NONE:
            settings = view(op.penalty_settings, 0, (SETTINGS,))
            call_penalty(op.penalty, (y, settings, scale, dy, found))
        if op.product != NONE:
            activation_backward(y, op.own[SLOPE], dy)
            continue
        x = view(numbers, place + s * step_x, (1, op.inputs))
        dx, first = view(values, op.dx + s * step_x, (1, op.inputs)), position + s
        call_backward(op.backward, (op, nothing, x, y, dy, nothing, dx, nothing, step, first))
        if op.layer_penalty != NONE:
            given = op, nothing, x, y, nothing, dx, gain, scale, found
            call_layer_penalty(op.layer_penalty, given)
        activation_backward(x, slope_at_once(before), dx)
