"""One step of training a dense model by tiles, beside the same in float64."""

import numpy as np

import tinyae as tae
from tinyae.feeding.batches import Stretch
from tinyae.network.chain import training_chain
from tinyae.training.compiled import make_trainer
from tinyae.training.eager import EagerTrainer

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "selu", "softplus")


def model(widths, dtype="float32", seed=0, **settings):
    """Dense layers of these widths, with all that there is in turn: activations, biases, ..."""
    layers = []
    for i, units in enumerate(widths[1:]):
        layers.append(tae.Dense(units, ACTIVATIONS[(seed + i) % 8], use_bias=(seed + i) % 4 != 1))
        layers[-1].trainable = (seed + i) % 5 != 4
    loss = "bce" if layers[-1].activation == "sigmoid" else ("mse", "huber")[seed % 2]
    given = {"loss": loss, "optimizer": tae.SGD(1.0), "seed": 1, **settings}
    return tae.Autoencoder(layers[:-1], layers[-1:], widths[:1], dtype=dtype, **given)


def one_step(widths, batch, seed=0, threads=1, weights=0):
    """What a step goes down, its losses, and both in float64, eagerly."""
    small, exact = (model(widths, dtype, seed) for dtype in ("float32", "float64"))
    small.threads = threads
    exact.parameters[...] = before = small.parameters.copy()
    rng = np.random.default_rng(seed)
    x, y = (rng.random((batch, width)).astype(np.float32) for width in (widths[0], widths[-1]))
    shape = [None, (batch,), (batch, widths[-1])][weights]
    w = None if shape is None else rng.random(shape).astype(np.float32)
    trainer = make_trainer(small, batch)
    assert trainer.by_units or trainer.in_lanes
    assert trainer.threads == min(threads, batch)
    stretch = Stretch(x, y, np.array([0, batch]), 0, weight=w)
    gradient_losses = trainer.run(stretch, None)
    assert (small.parameters == before).all()
    gradient = trainer.gradients[0].copy()
    losses = trainer.run(stretch, small.optimizer)
    trainer.close()
    np.testing.assert_array_equal(losses, gradient_losses)
    np.testing.assert_array_equal(gradient, -small.slots[0])
    eager = EagerTrainer(
        training_chain(exact.layers, exact.loss), exact.parameters, exact.gradient, exact.slots
    )
    rows = x.astype(float), y.astype(float), True, 0, None if w is None else w.astype(float)
    *expected, _ = eager.loss_and_gradient(*rows)
    assert (small.parameters != before).any()
    return gradient, losses[0], exact.gradient, expected
