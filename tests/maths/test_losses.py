"""Losses against their definitions, and their gradients against finite differences."""

import re

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive
from tinyae.maths import losses
from tinyae.maths.losses import (
    BCE,
    MAE,
    MSE,
    BCEFromLogits,
    CategoricalCrossentropy,
    CategoricalCrossentropyFromLogits,
    Huber,
)
from tinyae.network.chain import training_chain
from tinyae.training.eager import EagerTrainer

DTYPES = [np.float32, np.float64]
SHAPES = [(5, 3), (1, 1), (4, 2, 3, 2)]
REFERENCES = {
    MSE: naive.mse,
    MAE: naive.mae,
    Huber: naive.huber,
    BCE: naive.bce,
    BCEFromLogits: naive.bce_from_logits,
    CategoricalCrossentropy: naive.categorical,
    CategoricalCrossentropyFromLogits: naive.categorical_from_logits,
}
SHARES = BCE, CategoricalCrossentropy  # which take outputs in [0, 1]
OF_CLASSES = CategoricalCrossentropy, CategoricalCrossentropyFromLogits


def example(kind, shape, dtype, seed=0):
    """An output of the kind that the loss takes, and a target."""
    rng = np.random.default_rng(seed)
    output = rng.uniform(0.05, 0.95, shape) if kind in SHARES else rng.normal(0, 3, shape)
    return output.astype(dtype), rng.random(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", REFERENCES)
def test_value_is_the_mean_over_every_element(kind, shape, dtype):
    output, target = example(kind, shape, dtype)
    value, gradient = kind().value_and_gradient(output, target)
    expected = REFERENCES[kind](output.astype(float), target.astype(float))
    assert isinstance(value, float)
    assert value == pytest.approx(expected, rel=20 * float(np.finfo(dtype).eps))
    assert (gradient.shape, gradient.dtype) == (output.shape, output.dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", REFERENCES)
def test_gradient_by_finite_differences(kind, shape):
    output, target = example(kind, shape, np.float64)
    _, gradient = kind().value_and_gradient(output, target)
    numeric = naive.numeric_gradient(
        lambda: kind().value_and_gradient(output, target)[0], output, 1e-5
    )
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


def read(text, **names):
    """What a formula's text means: 2 (y − t)², a mean of many, t log y."""
    for pattern, written in (
        *(("−", "-"), ("²", "**2"), ("^mean of (.*)", r"mean(\1)"), (r"log (\w)", r"log(\1)")),
        (r"(?<=[\w)]) (?=[\w(])", " * "),
    ):
        text = re.sub(pattern, written, text)
    return eval(text, {"mean": np.mean, "log": np.log, **names})


@pytest.mark.parametrize("kind", REFERENCES)
def test_the_formula_that_is_shown_is_what_is_computed(kind):
    output, t = example(kind, (4, 3), np.float64)
    y = naive.sigmoid(output) if kind is BCEFromLogits else output
    value, gradient = kind().value_and_gradient(output, t)
    forward, backward = kind.formula
    assert forward.endswith(", t the target")
    assert backward.startswith("dz = " if kind is BCEFromLogits else "dy = ")
    assert read(forward.partition(",")[0], y=y, t=t) == pytest.approx(value)
    shown = read(backward.partition(" = ")[2], y=y, t=t, size=y.size)
    np.testing.assert_allclose(shown, gradient, rtol=1e-9)


@pytest.mark.parametrize("kind", REFERENCES)
def test_float32_gradient_is_the_float64_one(kind):
    output, target = example(kind, (9, 7), np.float32)
    _, single = kind().value_and_gradient(output, target)
    _, double = kind().value_and_gradient(output.astype(float), target.astype(float))
    np.testing.assert_allclose(single, double, atol=1e-5 * np.abs(double).max())


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
@pytest.mark.parametrize("kind", REFERENCES)
def test_whole_numbers_are_computed_in_float64(kind, dtype):
    output = np.array([[0, 1, 1, 0, 1]], dtype)
    target = np.random.default_rng(0).random(output.shape)
    value, gradient = kind().value_and_gradient(output, target)
    expected = kind().value_and_gradient(output.astype(np.float64), target)
    assert gradient.dtype == np.float64
    assert value == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    assert value != float(np.float32(value))  # so that half the digits would show


@pytest.mark.parametrize("kind", REFERENCES)
def test_any_memory_layout_and_nothing_is_changed(kind):
    output, target = example(kind, (4, 6, 4), np.float64)
    plain = kind().value_and_gradient(output[:, ::2].copy(), target[:, ::2].copy())
    for y, x in (
        (output[:, ::2], target[:, ::2]),
        (np.asfortranarray(output[:, ::2]), target[:, ::2].astype(">f8")),
        (np.moveaxis(np.moveaxis(output, 0, 2).copy(), 2, 0)[:, ::2], target[:, ::2]),
    ):
        before = y.copy(), x.copy()
        value, gradient = kind().value_and_gradient(y, x)
        assert value == pytest.approx(plain[0], rel=1e-14)
        np.testing.assert_allclose(gradient, plain[1], rtol=1e-14)
        np.testing.assert_array_equal((y, x), before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_clips_with_zero_gradient(dtype):
    output = np.array([[0, 1, -3, 4, 0.5]], dtype)
    target = np.array([[1, 0, 0, 1, 1]], dtype)
    value, gradient = BCE().value_and_gradient(output, target)
    high = dtype(1) - dtype(1e-7)  # in float32 the number nearest to it
    wrong = -np.log(1e-7) - np.log(float(dtype(1) - high))
    right = -2 * np.log(float(high))
    assert value == pytest.approx((wrong + right + np.log(2)) / 5, rel=1e-5)
    np.testing.assert_array_equal(gradient[0, :4], 0)
    assert gradient[0, 4] == pytest.approx(-2 / 5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bce_at_its_bounds_has_a_gradient(dtype):
    low = dtype(1e-7)
    for output in (low, dtype(1) - low):
        _, gradient = BCE().value_and_gradient(np.array([[output]]), np.array([[0.5]], dtype))
        assert abs(gradient[0, 0]) > 1e6


@pytest.mark.parametrize("dtype", DTYPES)
def test_logits_far_out_are_finite_and_exact(dtype):
    z = np.array([[1e4, 1e4, -1e4, -1e4, 88, -88, 200, -200]], dtype)
    x = np.array([[1, 0, 1, 0, 0, 1, 0.25, 0.25]], dtype)
    expected = np.array([0, 1e4, 1e4, 0, 88, 88, 150, 50])
    value, gradient = BCEFromLogits().value_and_gradient(z, x)
    assert value == pytest.approx(expected.mean(), rel=1e-6)
    sigmoid = np.array([1, 1, 0, 0, 1, 0, 1, 0])
    np.testing.assert_allclose(gradient[0], (sigmoid - x[0]) / 8, atol=1e-30)
    for j in range(z.size):
        alone = BCEFromLogits().value_and_gradient(z[:, j : j + 1], x[:, j : j + 1])[0]
        assert alone == pytest.approx(expected[j], rel=1e-6, abs=1e-30)


def test_logits_agree_with_the_probabilities():
    z, x = example(BCEFromLogits, (6, 5), np.float64)
    y = naive.sigmoid(z)
    value, gradient = BCEFromLogits().value_and_gradient(z, x)
    by_output, for_output = BCE().value_and_gradient(y, x)
    assert value == pytest.approx(by_output, rel=1e-12)
    np.testing.assert_allclose(gradient, for_output * y * (1 - y), rtol=1e-10)
    np.testing.assert_allclose(gradient, (y - x) / z.size, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", REFERENCES)
def test_nan_shows_in_the_value(kind, dtype):
    for position in range(0, 40, 3):
        output, target = example(kind, (1, 40), dtype)
        output[0, position] = np.nan
        assert np.isnan(kind().value_and_gradient(output, target)[0])
    output[...], target[...] = np.nan, 0
    assert np.isnan(kind().value_and_gradient(output, target)[0])


@pytest.mark.parametrize("kind", REFERENCES)
def test_sums_are_of_each_sample(kind):
    output, target = example(kind, (5, 2, 3), np.float64)
    sums = kind().sums(output, target)
    expected = [6 * REFERENCES[kind](y, x) for y, x in zip(output, target, strict=True)]
    np.testing.assert_allclose(sums, expected, rtol=1e-13)


@pytest.mark.parametrize("kind", REFERENCES)
def test_shapes_must_agree(kind):
    with pytest.raises(ValueError, match=r"target must have shape \(n, 3\), but .* \(2, 1\)"):
        kind().value_and_gradient(np.zeros((2, 3)), np.zeros((2, 1)))


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_there_is_no_mean_of_nothing(kind, shape):
    with pytest.raises(ValueError, match="output is empty: its shape is"):
        kind().value_and_gradient(np.zeros(shape), np.zeros(shape))


def test_integers_are_computed_with_as_real_numbers():
    output, target = np.array([[1, 3, 5]]), np.array([[1, 1, 1]])
    value, gradient = MSE().value_and_gradient(output, target)
    assert value == pytest.approx(20 / 3)
    np.testing.assert_allclose(gradient, [[0, 4 / 3, 8 / 3]])


def test_names():
    assert type(losses.get("mse")) is type(losses.get("mean_squared_error")) is MSE
    assert type(losses.get("bce")) is type(losses.get("binary_crossentropy")) is BCE
    assert type(losses.get("mae")) is type(losses.get("mean_absolute_error")) is MAE
    assert losses.get("huber").delta == 1
    assert type(losses.get("categorical_crossentropy")) is CategoricalCrossentropy
    given = BCE()
    assert losses.get(given) is given
    known = "loss must be one of bce, binary_crossentropy, categorical_crossentropy, huber, "
    for wrong in ("rmse", MSE, None, 3):
        with pytest.raises(ValueError, match=known):
            losses.get(wrong)


def test_a_loss_of_ones_own_is_taken_as_it_is():
    class Absolute:
        def value_and_gradient(self, output, target):
            d = output - target
            return float(np.abs(d).mean()), np.sign(d) / d.size

    mine = Absolute()
    assert losses.get(mine) is mine
    x = np.random.default_rng(0).random((20, 4))
    ae = tae.Autoencoder([tae.Dense(4)], [tae.Dense(4)], loss=mine)
    history = ae.fit(x, epochs=30, verbose=0)
    assert history["loss"][-1] < history["loss"][0]
    expected = np.abs(ae.reconstruct(x) - x).mean()
    assert ae.evaluate(x)["loss"] == pytest.approx(expected, rel=1e-5)
    assert ae.reconstruction_error(x).mean() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", [(), (1,), (20, 1), (4,), (20, 5)])
def test_a_gradient_of_another_shape_is_refused(shape):
    class Wrong:
        def value_and_gradient(self, output, target):
            return 1.0, np.ones(shape)

    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], loss=Wrong(), input_shape=(4,))
    with pytest.raises(ValueError, match=r"Wrong.*\(20, 4\)|Dense.*4"):
        ae.loss_and_gradient(np.ones((20, 4)))


def test_a_subclass_that_overrides_the_value_means_it_everywhere():
    class Doubled(MSE):
        def value_and_gradient(self, output, target):
            value, gradient = super().value_and_gradient(output, target)
            return 2 * value, 2 * gradient

    x = np.random.default_rng(0).random((6, 4))
    models = [
        tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], loss=loss, input_shape=(4,))
        for loss in (MSE(), Doubled())
    ]
    plain, doubled = (model.evaluate(x)["loss"] for model in models)
    assert doubled == pytest.approx(2 * plain, rel=1e-6)
    plain, doubled = (model.loss_and_gradient(x)[1] for model in models)
    np.testing.assert_allclose(doubled, 2 * plain, rtol=1e-5)
    plain, doubled = (model.reconstruction_error(x) for model in models)
    np.testing.assert_allclose(doubled, 2 * plain, rtol=1e-5)


# A sigmoid before BCE: computed from the logits

PENALTY = tae.L1L2(0.03, 0.05)
ENDS = {
    "dense": lambda: [tae.Dense(4, "sigmoid")],
    "activation": lambda: [tae.Dense(4), tae.Activation("sigmoid")],
    "reshaped": lambda: [tae.Dense(4, "sigmoid"), tae.Reshape((2, 2)), tae.Flatten()],
    "penalty": lambda: [tae.Dense(4, "sigmoid", activity_regularizer=PENALTY), tae.Flatten()],
    "penalty behind": lambda: [
        tae.Dense(4, "sigmoid"),
        tae.Reshape((4, 1)),
        tae.Flatten(activity_regularizer=PENALTY),
    ],
}


class EagerBCE(BCE):
    """A subclass, which makes the model compute the loss from its output, in Python."""


def model_with(end, loss="bce", scale=1.0):
    decoder = ENDS[end]()
    ae = tae.Autoencoder(
        [tae.Dense(3, "tanh")], decoder, (4,), loss, dtype="float64", optimizer=tae.SGD(0.1)
    )
    ae.parameters[...] *= scale
    return ae


@pytest.mark.parametrize("end", ENDS)
def test_a_sigmoid_before_bce_is_found_and_changes_nothing_but_precision(end):
    x = np.random.default_rng(0).random((7, 4))
    fused, plain = model_with(end), model_with(end, EagerBCE())
    chain = training_chain(fused.layers, fused.loss)
    assert isinstance(chain.loss, BCEFromLogits)
    assert training_chain(plain.layers, plain.loss).first_logits is None
    for name, figure in plain.evaluate(x).items():
        assert fused.evaluate(x)[name] == pytest.approx(figure, rel=1e-12)
    value, gradient = plain.loss_and_gradient(x)
    assert fused.loss_and_gradient(x)[0] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(fused.loss_and_gradient(x)[1], gradient, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(fused.reconstruction_error(x), plain.reconstruction_error(x))
    eager = EagerTrainer(chain, fused.parameters, fused.gradient, fused.slots)
    losses = eager.loss_and_gradient(x, x, True, 0)
    assert losses[0] + losses[1] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(fused.gradient, gradient, rtol=1e-9, atol=1e-14)
    fused.fit(x, epochs=3, batch_size=3, verbose=0)
    plain.fit(x, epochs=3, batch_size=3, verbose=0)
    np.testing.assert_allclose(fused.parameters, plain.parameters, rtol=1e-9)
    assert fused.decoder.layers[-1].output_shape == (4,)
    assert ((fused.reconstruct(x) > 0) & (fused.reconstruct(x) < 1)).all()


class OwnPenalty(tae.L2):
    """One that is not known as a penalty on sigmoid(z)."""

    of_sigmoid = None


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_penalty_that_needs_the_sigmoids_output_keeps_it(place):
    penalties = [OwnPenalty(0.1) if place == each else PENALTY for each in range(3)]
    layers = [tae.Dense(4, "sigmoid", activity_regularizer=penalties[0])]
    layers += [tae.Flatten(activity_regularizer=penalty) for penalty in penalties[1:]]
    ae = tae.Autoencoder([tae.Dense(3)], layers, (4,), "bce", dtype="float64")
    x = np.random.default_rng(0).random((7, 4))
    assert training_chain(ae.layers, ae.loss).first_logits is None
    expected = sum(naive.penalty(ae.reconstruct(x), p.l1, p.l2) for p in penalties)
    assert ae.evaluate(x)["penalty"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("end", ENDS)
def test_a_fused_gradient_by_finite_differences(end):
    x = np.random.default_rng(1).random((3, 4))
    ae = model_with(end)
    numeric = naive.numeric_gradient(lambda: ae.loss_and_gradient(x)[0], ae.parameters)
    np.testing.assert_allclose(ae.loss_and_gradient(x)[1], numeric, rtol=1e-6, atol=1e-8)


def test_a_saturated_sigmoid_still_learns():
    x = np.tile([0.0, 1.0, 0.0, 1.0], (5, 1))
    ae = model_with("dense")
    ae.decoder.layers[0].weights["bias"][...] = [500, -500, 500, -500]
    assert ae.evaluate(x)["loss"] == pytest.approx(500, rel=0.01)
    assert np.abs(ae.loss_and_gradient(x)[1][-4:]).min() == pytest.approx(0.25)


def test_a_reshaping_layer_of_ones_own_is_not_looked_through():
    class Halved(tae.Flatten):
        def forward(self, x, training=False, step=0, first=0):
            y, cache = super().forward(x, training, step, first)
            return 0.5 * y, cache

        def backward(self, dy, cache):
            return super().backward(0.5 * dy, cache)

    x = np.random.default_rng(0).random((5, 4))
    ae = tae.Autoencoder(
        [tae.Dense(3)], [tae.Dense(4, "sigmoid"), Halved()], (4,), "bce", dtype="float64"
    )
    assert ae.evaluate(x)["loss"] == pytest.approx(naive.bce(ae.reconstruct(x), x), rel=1e-12)
