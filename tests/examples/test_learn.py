"""The learner's examples: backpropagation by hand, and a layer and a loss of one's own."""

import numpy as np
import pytest

pytestmark = pytest.mark.large


def test_backprop_by_hand(run):
    figures, _ = run("backprop_by_hand", ["reconstructions.png"], epochs=2)
    assert figures["loss"] < 0.045  # the mean image has 0.067
    assert figures["loss_gap"] < 1e-12
    assert figures["gradient_gap"] < 1e-12


def test_the_gradients_by_hand_are_the_slopes_of_the_loss(example):
    script = example("backprop_by_hand")
    rng = np.random.default_rng(0)
    x = rng.random((7, 5))
    weights = script.initial_weights(5, 3, rng)
    _, gradients = script.loss_and_gradients(x, *weights)
    h = 1e-6
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient.shape == weight.shape
        for where in np.ndindex(weight.shape):
            kept, losses = weight[where], []
            for step in (h, -h):
                weight[where] = kept + step
                losses.append(script.loss_and_gradients(x, *weights)[0])
            weight[where] = kept
            slope = (losses[0] - losses[1]) / (2 * h)
            assert gradient[where] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert script.nudge(x, weights, (2, 1)) == pytest.approx(gradients[0][2, 1], rel=1e-6)


def test_backprop_by_hand_stops_at_a_wrong_gradient(example, tmp_path, monkeypatch):
    script = example("backprop_by_hand")
    right = script.loss_and_gradients

    def wrong(x, *weights):
        loss, gradients = right(x, *weights)
        return loss, [gradients[0] * (1 + 1e-9), *gradients[1:]]

    monkeypatch.setattr(script, "loss_and_gradients", wrong)
    with pytest.raises(AssertionError):
        script.main(tmp_path, epochs=1)


def test_your_own_layer(run):
    figures, printed = run("your_own_layer", ["losses.png"], epochs=5, samples=2000)
    assert figures["right"] == 1
    assert figures["slipped"] == 0
    assert figures["log cosh"] < 0.95 * figures["MSE"] < 0.06
    assert "failed: encoder[1].beta" in printed


def test_the_loss_of_your_own_is_the_logarithm_of_the_hyperbolic_cosine(example):
    rng = np.random.default_rng(0)
    output, target = rng.normal(0, 3, (2, 6, 4))
    value, gradient = example("your_own_layer").LogCosh().value_and_gradient(output, target)
    assert value == pytest.approx(np.log(np.cosh(output - target)).mean())
    np.testing.assert_allclose(gradient, np.tanh(output - target) / 24)
    far, slope = example("your_own_layer").LogCosh().value_and_gradient(output + 1e4, target)
    assert np.isfinite(far)
    assert np.abs(slope).max() <= 1 / 24


def test_the_layer_of_your_own_with_a_slope_of_zero_halves(example):
    layer = example("your_own_layer").Swish()
    layer.build((3,))
    x = np.array([[-1.0, 0.5, 4.0]])
    np.testing.assert_allclose(layer.forward(x)[0], x / (1 + np.exp(-x)), rtol=1e-6)
    layer.weights["beta"][...] = 0
    np.testing.assert_allclose(layer.forward(x)[0], x / 2)
