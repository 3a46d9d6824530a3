"""Whole trainings end in the parameters that PyTorch's automatic gradients and optimizers give.

Of PyTorch's optimizers Adam adds its ε at another place, so it gets ε / √(1 − β₂ᵗ) in step t; its
SGD multiplies the velocity with the rate of the day, and so has momentum with a constant rate only;
its SGD takes weight decay into the gradient, so here decay is written out; it clips to
c / (‖g‖ + 1e-6), so that is written out, too.
"""

import itertools
import math

import numpy as np
import pytest

import tinyae as tae
from tests.support.in_torch import assert_same, dense_outputs, leaf, torch

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own, as it is imported

N, BATCH, EPOCHS = 48, 16, 4
STEPS = N // BATCH * EPOCHS
EAGER = pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
rng = np.random.default_rng(0)
X = rng.random((N, 6))
WEIGHT = rng.exponential(size=(N, 6)) * (rng.random((N, 6)) < 0.8)


def model(optimizer, penalty=None, activity=None):
    """6-5-2-6 in float64."""
    return tae.Autoencoder(
        [
            tae.Dense(5, "tanh", kernel_regularizer=penalty),
            tae.Dense(2, "softplus", activity_regularizer=activity),
        ],
        [tae.Dense(6, "sigmoid", kernel_regularizer=penalty)],
        input_shape=(6,),
        optimizer=optimizer,
        dtype="float64",
        seed=3,
    )


def spans(ae):
    """Where each weight array lies in the vector of parameters."""
    ends = np.cumsum([0, *(a.size for layer in ae.layers for a in layer.weights.values())])
    return [slice(int(start), int(stop)) for start, stop in itertools.pairwise(ends)]


def penalties(ae, parameters, outputs, n):
    """Σ over kernels, and over outputs divided by the samples of the mini-batch."""
    total, kernels = torch.zeros((), dtype=torch.float64), spans(ae)[::2]
    for layer, kernel, output in zip(ae.layers, kernels, outputs, strict=True):
        for penalty, values, count in (
            (layer.kernel_regularizer, parameters[kernel], 1),
            (layer.activity_regularizer, output, n),
        ):
            if penalty is not None:
                absolute, squares = values.abs().sum(), (values**2).sum()
                total = total + (penalty.l1 * absolute + penalty.l2 * squares) / count
    return total


def clip_(gradient, parts, limit):
    """Make each part at most so long, in place; whether one was longer."""
    lengths = [float(torch.linalg.vector_norm(gradient[part])) for part in parts]
    for part, length in zip(parts, lengths, strict=True):
        gradient[part] *= min(1.0, limit / length)
    return max(lengths) > limit


def their_optimizer(ours, parameters):
    if isinstance(ours, tae.SGD):
        return torch.optim.SGD([parameters], lr=0.1, momentum=ours.momentum)
    return torch.optim.AdamW(
        [parameters], betas=(ours.beta_1, ours.beta_2), weight_decay=ours.weight_decay
    )


def train_theirs(ae, rates, weight=None):
    """The same mini-batches in PyTorch: losses by step, the parameters, how often it clipped."""
    ours, parameters = ae.optimizer, leaf(ae.parameters)
    theirs, losses, cuts = their_optimizer(ours, parameters), [], 0
    group = theirs.param_groups[0]
    for step in range(STEPS):
        rows = slice(step % (N // BATCH) * BATCH, (step % (N // BATCH) + 1) * BATCH)
        x = torch.tensor(X[rows])
        outputs = dense_outputs(ae.layers, parameters, x)
        w = torch.ones_like(x) if weight is None else torch.tensor(weight[rows])
        loss = (w * (outputs[-1] - x) ** 2).sum() / w.sum()
        loss = loss + penalties(ae, parameters, outputs, len(x))
        theirs.zero_grad()
        loss.backward()
        losses.append(float(loss.detach()))
        if ours.clipnorm:
            cuts += clip_(parameters.grad, spans(ae), ours.clipnorm)
        if ours.global_clipnorm:
            cuts += clip_(parameters.grad, [slice(None)], ours.global_clipnorm)
        group["lr"] = rates[step]
        if isinstance(ours, tae.SGD):
            with torch.no_grad():
                parameters *= 1 - rates[step] * ours.weight_decay
        else:
            group["eps"] = ours.epsilon / math.sqrt(1 - ours.beta_2 ** (step + 1))
        theirs.step()
    return losses, parameters, cuts


def compare(ae, rates, eager, weight=None):
    """Train both and hold them to each other; how often the gradient was clipped."""
    losses, parameters, cuts = train_theirs(ae, rates, weight)
    assert float((parameters.detach() - torch.tensor(ae.parameters)).abs().max()) > 1e-3
    found = []
    for step in range(STEPS // 2):  # one by one, then in longer stretches
        rows = slice(step % (N // BATCH) * BATCH, (step % (N // BATCH) + 1) * BATCH)
        w = None if weight is None else weight[rows]
        before = ae.loss_and_gradient(X[rows], sample_weight=w, eager=eager)[0]
        found.append(ae.train_on_batch(X[rows], sample_weight=w))
        assert found[-1] == pytest.approx(before, rel=1e-12)
    assert_same(found, torch.tensor(losses[: len(found)], dtype=torch.float64))
    assert STEPS // 2 % (N // BATCH) == 0
    ae.fit(
        X,
        epochs=EPOCHS // 2,
        batch_size=BATCH,
        shuffle=False,
        sample_weight=weight,
        verbose=0,
        eager=eager,
    )
    assert_same(ae.parameters, parameters)
    return cuts


@EAGER
@pytest.mark.parametrize("weighted", [False, True], ids=["all alike", "weighted"])
@pytest.mark.parametrize(
    "optimizer",
    [
        tae.Adam(0.01),
        tae.Adam(0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-3, weight_decay=0.3),
        tae.SGD(0.3, momentum=0.9),
        tae.SGD(0.3, momentum=0.5, weight_decay=0.2),
        tae.Adam(0.01, clipnorm=0.01),
        tae.Adam(0.01, weight_decay=0.1, global_clipnorm=0.01),
        tae.SGD(0.5, clipnorm=0.02),
        tae.SGD(0.5, momentum=0.3, global_clipnorm=0.02),
    ],
    ids=repr,
)
def test_optimizers(optimizer, weighted, eager):
    rates = [optimizer.learning_rate] * STEPS
    cuts = compare(model(optimizer), rates, eager, WEIGHT if weighted else None)
    assert (cuts > 0) == bool(optimizer.clipnorm or optimizer.global_clipnorm)


@EAGER
@pytest.mark.parametrize("penalty", [tae.L1(0.02), tae.L2(0.03), tae.L1L2(0.01, 0.02)], ids=repr)
def test_penalties_on_kernels(penalty, eager):
    ae = model(tae.Adam(0.01), penalty, activity=tae.L1L2(0.1, 0.2))
    compare(ae, [0.01] * STEPS, eager, WEIGHT)


def theirs_by_step(first, make, steps=STEPS):
    """The rates of a schedule of PyTorch's, from that rate."""
    optimizer = torch.optim.SGD([leaf([0.0])], lr=first)
    schedule, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def cosine(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20, eta_min=0.02 * 0.1)


def exponential(optimizer):
    return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5 ** (1 / 3))


def staircase(optimizer):
    return torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.5)


def warm(decay, steps=4):
    """Up evenly in so many steps, then down."""

    def both(optimizer):
        lr = torch.optim.lr_scheduler
        rise = lr.LinearLR(optimizer, 1 / (steps + 1), 1.0, steps)
        return lr.SequentialLR(optimizer, [rise, decay(optimizer)], [steps])

    return both


SCHEDULES = [
    (tae.CosineDecay(0.02, 20, alpha=0.1), cosine),
    (tae.ExponentialDecay(0.02, 3, 0.5), exponential),
    (tae.ExponentialDecay(0.02, 3, 0.5, staircase=True), staircase),
    (tae.CosineDecay(0.02, 20, alpha=0.1, warmup_steps=4), warm(cosine)),
    (tae.ExponentialDecay(0.02, 3, 0.5, warmup_steps=4), warm(exponential)),
]


@EAGER
@pytest.mark.parametrize(("schedule", "theirs"), SCHEDULES, ids=[repr(s) for s, _ in SCHEDULES])
def test_schedules(schedule, theirs, eager):
    rates = theirs_by_step(0.02, theirs)
    np.testing.assert_allclose([schedule(step) for step in range(STEPS)], rates, rtol=1e-12)
    compare(model(tae.Adam(schedule, weight_decay=0.1)), rates, eager, WEIGHT)
