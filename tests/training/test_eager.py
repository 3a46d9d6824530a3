"""Layer by layer in Python: what a layer of one's own may do, and penalties on logits."""

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive

x = np.random.default_rng(0).random((20, 6))
y = np.random.default_rng(1).random((20, 6))


class Doubled(tae.Layer):
    """y = 2 x, in a new array."""

    def forward(self, x, training=False, step=0, first=0):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy


class InPlace(Doubled):
    """The same, written over the input; and the gradient over the other."""

    def forward(self, x, training=False, step=0, first=0):
        x *= 2
        return x, None

    def backward(self, dy, cache):
        dy *= 2
        return dy


def fitted(ae, x, y):
    ae.fit(x, y, epochs=2, batch_size=8, validation_data=x if y is None else (x, y), verbose=0)
    return [*ae.history["loss"], *ae.history["val_loss"], *ae.parameters]


# What a model answers about samples
ANSWERS = {
    "fit": fitted,
    "loss_and_gradient": lambda ae, x, y: np.hstack(ae.loss_and_gradient(x, y)),
    "loss_and_gradient eager": lambda ae, x, y: np.hstack(ae.loss_and_gradient(x, y, eager=True)),
    "evaluate": lambda ae, x, y: [*ae.evaluate(x, y).values()],
    "reconstruction_error": lambda ae, x, y: ae.reconstruction_error(x, y),
    "per_feature": lambda ae, x, y: ae.reconstruction_error(x, y, per_feature=True),
    "encode": lambda ae, x, y: ae.encode(x),
    "reconstruct": lambda ae, x, y: ae.reconstruct(x),
    "check_gradients": lambda ae, x, y: [float(tae.check_gradients(ae, x, y).passed)],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", [None, y], ids=["its input", "another"])
@pytest.mark.parametrize("what", ANSWERS)
def test_a_layer_that_writes_over_its_input_changes_nothing_else(what, target, dtype):
    """Neither the target, which the input may be, nor the caller's arrays."""
    given = x.astype(dtype), None if target is None else target.astype(dtype)
    found = []
    for layer in (InPlace(), Doubled()):
        encoder = [layer, tae.Dense(3, "tanh")]
        ae = tae.Autoencoder(encoder, [tae.Dense(6, "sigmoid")], input_shape=(6,), dtype=dtype)
        found.append(np.array(ANSWERS[what](ae, *given)))
    assert found[0].tobytes() == found[1].tobytes()
    assert given[0].tobytes() == x.astype(dtype).tobytes()
    assert target is None or given[1].tobytes() == y.astype(dtype).tobytes()


# Penalties on outputs that training keeps as logits

PENALTIES = [(0.1, 0.0), (0.0, 0.2), (0.1, 0.2)]
# Behind Dense(6): layers whose outputs are sigmoids, with a penalty on one of them
ENDS = {
    "dense": lambda penalty: [tae.Dense(6, "sigmoid", activity_regularizer=penalty)],
    "activation": lambda penalty: [tae.Activation("sigmoid", activity_regularizer=penalty)],
    "reshaped": lambda penalty: [
        *(tae.Dense(6, "sigmoid"), tae.Reshape((2, 3)), tae.Flatten(activity_regularizer=penalty)),
    ],
    "both": lambda penalty: [
        tae.Dense(6, "sigmoid", activity_regularizer=penalty),
        tae.Flatten(activity_regularizer=penalty),
    ],
}


@pytest.mark.parametrize("way", ["compiled", "eager"])
@pytest.mark.parametrize("numbers", PENALTIES)
@pytest.mark.parametrize("end", ENDS)
def test_a_penalty_on_a_sigmoid_before_bce_is_on_the_sigmoid(end, numbers, way):
    penalty = tae.L1L2(*numbers)
    encoder = [Doubled()] if way == "eager" else []
    ae = tae.Autoencoder(
        [*encoder, tae.Dense(6, "tanh", activity_regularizer=tae.L1(0.3))],
        ENDS[end](penalty),
        *((6,), "bce"),
        dtype="float64",
    )
    output = ae.reconstruct(x)
    hidden = naive.penalty(ae.encode(x), 0.3, 0)
    expected = hidden + (1 + (end == "both")) * naive.penalty(output, *numbers)
    figures = ae.evaluate(x)
    assert figures["penalty"] == pytest.approx(expected, rel=1e-12)
    assert figures["reconstruction"] == pytest.approx(naive.bce(output, x), rel=1e-9)
    assert figures["loss"] == figures["penalty"] + figures["reconstruction"]
    for eager in (False, True):
        assert ae.loss_and_gradient(x, eager=eager)[0] == pytest.approx(figures["loss"], rel=1e-12)
    assert tae.check_gradients(ae, x[:3]).passed
