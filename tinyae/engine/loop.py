"""The compiled loop: a model as a table of ops, run forward and backward over chunks of samples.

A model's layers are laid out as one record each (`layers.record`). The loop here reads the table,
takes views of the flat buffers, and calls the layers' own kernels: the mathematics is written there
only. The types are the same for every model, so the loop compiles once per dtype.

The samples of a mini-batch are independent, so they are taken in chunks small enough for the cache:
forward, loss, backward, and the chunk's gradient is added to the rest. Threads run the same loop on
their share of each mini-batch, with a gradient vector each, and meet at a barrier; then each
updates its part of the parameters with the gradients summed in a fixed order.

For large dense models, where a thread's share of a mini-batch is one chunk, the weights' gradients
are computed apart instead, after the barrier: by each thread for its part of the parameters, from
all samples, a block at a time that it steps at once. Then no vector of gradients goes through the
memory, which there takes longer than computing them.

Dense models that are large, or tiny, may have other parts of a step: see ``tiled``.

Threads may fetch the rows of a mini-batch themselves, each its share.

A step has two parts, the gradient (``gradients``) and what is done with it (``updates``). They are
compiled apart, those that a model needs only, and the loop calls them by address.
"""

from typing import NamedTuple

import numpy as np

from ..machine.barrier import barrier, load, store
from ..machine.basics import larger
from ..machine.calls import NONE, call_at
from ..machine.jit import inlined, shared, uncounted
from ..machine.views import copy, view
from ..maths.constraints import Places

# Places in the `sync` array that the threads of one run and its caller share.
ARRIVALS, ABORT, STOP, CANCELLED, COMPLETED, SYNC_SIZE = range(6)


class Run(NamedTuple):
    """A stretch of mini-batches and all that training on them needs."""

    add_gradients: int  # address of what computes a thread's part of a mini-batch's gradient
    update: int  # address of what then steps the optimizer
    between: int  # address of what takes single samples between layers trained by units, or NONE
    constrain: int  # address of what constrains parameters, or NONE
    regularize: int  # address of what penalises weights, or NONE
    table: np.ndarray  # (ops,) of records
    capacity: int  # samples in a chunk
    apart: int  # 1 if the weights' gradients are computed apart from the backward pass
    values: np.ndarray  # (threads, ...) activations and their gradients; apart: (1, ...)
    loss: int  # address of the loss
    weighing: int  # address of what weights it, or NONE
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
    x: np.ndarray  # flat rows of all the mini-batches, or room for those of one
    target: np.ndarray  # the same for the targets
    rows: np.ndarray  # (rows,) which of all samples' rows are to be fetched there; or (0,)
    all_x: np.ndarray  # flat rows of all samples, or empty
    all_targets: np.ndarray  # the same for the targets; empty where these are the inputs
    weights: np.ndarray  # (rows, 1) or (rows, outputs) weights of the loss, or (0, 0)
    totals: np.ndarray  # (steps,) elements that the loss of each is the mean of, or their weight
    bounds: np.ndarray  # (steps + 1,) the rows where the mini-batches begin and end
    samples: np.ndarray  # (steps,) how many the mini-batches have, of which these may be a part
    positions: np.ndarray  # (steps,) where the first row stands in its mini-batch
    first_step: int  # mini-batches trained on before the first, or NOT_TRAINING
    optimizer_step: int  # steps that the optimizer has taken before
    gains: np.ndarray  # (steps, ops) of the penalties of layers, or (1, ops) for all steps
    losses: np.ndarray  # (threads, steps, 3) sums of reconstruction, penalty and layers' figures
    sums: np.ndarray  # losses, penalties, figures of all samples (3 capacity); then threads' own
    sync: np.ndarray  # (SYNC_SIZE,)


@inlined
def total(sums, n):
    """The sum of the first n numbers, in their order."""
    result = 0.0
    for i in range(n):
        result += sums[i]
    return result


@inlined
def room_for_sums(run, thread):
    """This thread's own for losses: of samples, or of all elements where these have weights."""
    size = run.capacity * larger(2, run.weights.shape[1])
    return view(run.sums, 3 * run.capacity + thread * size, (size,))


@inlined
def loss_of(run):
    """The addresses of the loss and of what weights it, and the loss's settings."""
    return run.loss, run.weighing, run.loss_settings


@inlined
def share(size, part, parts):
    """The first and last (exclusive) of one of so many nearly equal parts."""
    return size * part // parts, size * (part + 1) // parts


@inlined
def first_row(run, index):
    """Where a mini-batch's rows begin in x and in the targets."""
    return run.bounds[index] if run.rows.size == 0 else 0


@shared
def fetch(numbers, rows, size, fetched, place):
    """Copy these rows of that size to where they lie one after the other, from that place on."""
    for i in range(rows.size):
        row = view(numbers, rows[i] * size, (size,))
        copy(row, view(fetched, (place + i) * size, (size,)))


@inlined
def fetch_rows(run, thread, index):
    """Fetch a mini-batch's rows, each thread its share of them, if they are not there."""
    if run.rows.size > 0:
        start, threads = run.bounds[index], run.losses.shape[0]
        low, high = share(run.bounds[index + 1] - start, thread, threads)
        rows, last = view(run.rows, start + low, (high - low,)), run.table[run.table.size - 1]
        fetch(run.all_x, rows, run.table[0].inputs, run.x, low)
        if run.all_targets.size > 0:
            fetch(run.all_targets, rows, last.outputs, run.target, low)
        barrier(run.sync, ARRIVALS, ABORT, threads)


@inlined
def told_to_stop(run):
    """Whether the run is to end before the next step; then all threads will know."""
    if load(run.sync, STOP) == 0:
        return False
    store(run.sync, CANCELLED, 1)
    return True


@inlined
def all_added(run, index):
    """Wait for the others; False if one was told to stop or failed, or the loss is not finite."""
    barrier(run.sync, ARRIVALS, ABORT, run.losses.shape[0])
    loss = 0.0
    for thread in range(run.losses.shape[0]):
        loss += run.losses[thread, index, 0] + run.losses[thread, index, 1]
    return load(run.sync, CANCELLED) == 0 and load(run.sync, ABORT) == 0 and loss - loss == 0


@inlined
def finish(run, thread, index):
    """Wait until all have updated their parameters, constrain them, and count the step."""
    threads = run.losses.shape[0]
    barrier(run.sync, ARRIVALS, ABORT, threads)
    if run.constrain != NONE:
        low, high = share(run.constrained.groups.shape[0], thread, threads)
        call_at(run.constrain, (run.parameters, run.constrained, low, high))
        barrier(run.sync, ARRIVALS, ABORT, threads)
    if thread == 0:
        store(run.sync, COMPLETED, index + 1)


@uncounted
def train(run, thread):
    """Take an optimizer step for each mini-batch of a run, by reference; every thread calls this.

    With no optimizer the summed gradient stays in `run.gradients[0]`. A stop drops
    the unfinished mini-batch: `sync[COMPLETED]` says how many were finished. A step whose loss is
    not finite is not taken, and is the last.
    """
    for index in range(run.bounds.size - 1):
        fetch_rows(run, thread, index)
        call_at(run.add_gradients, (run, thread, index))
        if not all_added(run, index):
            return
        call_at(run.update, (run, thread, index))
        finish(run, thread, index)
