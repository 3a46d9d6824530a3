"""Losses and their gradients, with and without weights, are what PyTorch gives for the formula."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.in_torch import assert_same, dense_outputs, functional, leaf, torch

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own, as it is imported

N, SIZE = 7, 6


def each(function, **settings):
    return lambda output, target: function(output, target, reduction="none", **settings)


def mixed(output, target):
    """Huber of the first two columns, cross-entropy of the others' logits, squares of the last."""
    return torch.cat(
        [
            functional.huber_loss(output[:, :2], target[:, :2], delta=0.4, reduction="none"),
            functional.binary_cross_entropy_with_logits(
                output[:, 2:5], target[:, 2:5], reduction="none"
            ),
            functional.mse_loss(output[:, 5:], target[:, 5:], reduction="none"),
        ],
        dim=1,
    )


def clipped_bce(output, target):
    return functional.binary_cross_entropy(output, target, reduction="none")


def classes(output, target):
    return -(target * torch.log(output)).sum(-1)


COLUMNS = [(slice(0, 2), tae.Huber(0.4)), (slice(2, 5), "bce"), (slice(5, 6), "mse")]
# name: ours, theirs for each element, the activation before it
LOSSES = {
    "MSE": (tae.MSE, each(functional.mse_loss), "tanh"),
    "MAE": (tae.MAE, each(functional.l1_loss), "elu"),
    "Huber": (lambda: tae.Huber(0.3), each(functional.huber_loss, delta=0.3), "linear"),
    "BCE of logits": (tae.BCE, clipped_bce, "sigmoid"),
    "BCE": (tae.BCE, clipped_bce, "softmax"),
    "classes of logits": (tae.CategoricalCrossentropy, classes, "softmax"),
    "classes": (tae.CategoricalCrossentropy, classes, "sigmoid"),
    "Columns": (lambda: tae.Columns(COLUMNS), mixed, "linear"),
}


def targets(rng, n=N):
    return rng.dirichlet(np.ones(SIZE), n)


def weights(rng, kind):
    """None, of each sample, or of each element; some of them zero, and large and small ones."""
    shape = {"none": None, "samples": (N,), "elements": (N, SIZE)}[kind]
    if shape is None:
        return None
    drawn = rng.exponential(size=shape) * 10.0 ** rng.integers(-2, 3, shape)
    return drawn * (rng.random(shape) < 0.7)


def weighted_mean(elements, weight):
    if weight is None:
        return elements.mean()
    weight = torch.tensor(weight)
    if weight.ndim < elements.ndim:
        weight = weight[:, None].expand_as(elements)
    return (weight * elements).sum() / weight.sum()


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in LOSSES
        for kind in ("none", "samples", "elements")
        if not (name.startswith("classes") and kind == "elements")  # a loss of whole rows
    ],
)
def test_loss_and_gradient(name, kind, eager):
    make, theirs, activation = LOSSES[name]
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((N, 5)), targets(rng)
        weight = weights(rng, kind)
        ae = tae.Autoencoder(
            [tae.Dense(4, "tanh")],
            [tae.Dense(SIZE, activation)],
            input_shape=(5,),
            loss=make(),
            dtype="float64",
            seed=seed,
        )
        loss, gradient = ae.loss_and_gradient(x, y, sample_weight=weight, eager=eager)
        parameters = leaf(ae.parameters)
        output = dense_outputs(ae.layers, parameters, torch.tensor(x))[-1]
        expected = weighted_mean(theirs(output, torch.tensor(y)), weight)
        expected.backward()
        assert_same(loss, expected)
        assert_same(gradient, parameters.grad)
        assert_same(ae.evaluate(x, y, sample_weight=weight)["loss"], expected)


@pytest.mark.parametrize("name", [name for name in LOSSES if not name.endswith("of logits")])
def test_values_and_gradients_for_the_output(name):
    make, theirs, activation = LOSSES[name]
    for seed in range(8):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 9))
        y = targets(rng, n) * 0.99 + 0.001 if activation in ("softmax", "sigmoid") else None
        y = rng.standard_normal((n, SIZE)) if y is None else y
        x, output = targets(rng, n), leaf(y)
        expected = theirs(output, torch.tensor(x)).mean()
        expected.backward()
        value, gradient = make().value_and_gradient(y, x)
        assert_same(value, expected)
        assert_same(gradient, output.grad)
