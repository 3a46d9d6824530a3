"""What may happen to a step: clipped gradients, decayed weights, penalised kernels."""

import itertools

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive, ways
from tests.support.ways import EAGER, PATHS
from tinyae.engine import tuning

rng = np.random.default_rng(0)
x = rng.random((48, 6))
images = rng.random((48, 6, 6, 1))


@pytest.fixture(params=PATHS)
def threads(request, monkeypatch):
    """How many, where the smallest model takes each of the engine's paths."""
    return ways.take_path(request.param, monkeypatch)


def dense(optimizer="adam", threads=None, **options):
    return tae.Autoencoder(
        [tae.Dense(5, "tanh", **options), tae.Dense(2, **options)],
        [tae.Dense(6, "sigmoid", **options)],
        input_shape=(6,),
        optimizer=optimizer,
        dtype="float64",
        threads=threads,
    )


def weight_arrays(ae):
    """Where each lies in the vector of parameters."""
    ends = np.cumsum([0, *(a.size for layer in ae.layers for a in layer.weights.values())])
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def clipped(gradient, arrays, each=None, together=None):
    """By its definition."""
    gradient = gradient.copy()
    for part in [slice(None)] if together else arrays:
        length, limit = np.sqrt((gradient[part] ** 2).sum()), together or each
        if length > limit:
            gradient[part] *= limit / length
    return gradient


# Clipping


@EAGER
@pytest.mark.parametrize("limit", [{"clipnorm": 0.02}, {"global_clipnorm": 0.02}], ids=str)
def test_steps_are_those_with_the_clipped_gradient(limit, eager, threads):
    ae, by_hand = dense(tae.SGD(0.5, **limit), threads), dense()
    ae.layers[1].trainable = by_hand.layers[1].trainable = False
    ae.fit(x, epochs=3, batch_size=16, shuffle=False, verbose=0, eager=eager)
    arrays = weight_arrays(ae)
    each, together = limit.get("clipnorm"), limit.get("global_clipnorm")
    cut = 0
    for step in range(9):
        _, gradient = by_hand.loss_and_gradient(x[step % 3 * 16 :][:16])
        short = clipped(gradient, arrays, each, together)
        cut += bool((short != gradient).any())
        by_hand.parameters[...] -= 0.5 * short
    assert cut > 0
    np.testing.assert_allclose(ae.parameters, by_hand.parameters, rtol=1e-12)


def test_a_long_limit_changes_nothing():
    found = []
    for optimizer in (tae.Adam(), tae.Adam(clipnorm=1e6), tae.Adam(global_clipnorm=1e6)):
        ae = dense(optimizer, threads=1)
        ae.fit(x, epochs=2, verbose=0)
        found.append(ae.parameters)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-13)


def test_a_callback_may_begin_to_clip(threads):
    ae, expected = dense(threads=threads), dense(threads=threads)

    def begin(epoch, logs):
        ae.optimizer.global_clipnorm = 1e-3 if epoch == 0 else None

    ae.fit(x, epochs=3, verbose=0, callbacks=begin)
    for limit in (None, 1e-3, None):
        expected.optimizer.global_clipnorm = limit
        expected.fit(x, verbose=0)
    np.testing.assert_allclose(ae.parameters, expected.parameters, rtol=1e-12)


def test_by_hand_the_vector_that_is_given_is_clipped():
    for limit in ({"clipnorm": 1}, {"global_clipnorm": 1}):
        sgd, theta = tae.SGD(1.0, **limit), np.zeros(2)
        sgd.step(theta, np.array([3.0, 4.0]), sgd.state(theta), 1)
        np.testing.assert_allclose(theta, [-0.6, -0.8], rtol=1e-15)


def test_only_one_limit_is_taken():
    with pytest.raises(ValueError, match="give one of them, but got clipnorm=1 and global_clip"):
        tae.Adam(clipnorm=1, global_clipnorm=2)
    optimizer = tae.SGD(clipnorm=1)
    with pytest.raises(ValueError, match="give one of them"):
        optimizer.global_clipnorm = 2
    assert (optimizer.clipnorm, optimizer.global_clipnorm) == (1, None)
    optimizer.clipnorm = None
    optimizer.global_clipnorm = 2
    for bad in (0, -1, "1", np.nan, True):
        with pytest.raises(ValueError, match="clipnorm must be positive"):
            tae.SGD(clipnorm=bad)


# Decoupled weight decay


@EAGER
@pytest.mark.parametrize("kind", ["adam", "sgd", "momentum"])
def test_weights_decay_before_the_step(kind, eager, threads):
    make = {
        "adam": lambda: tae.Adam(0.05, weight_decay=0.2),
        "sgd": lambda: tae.SGD(0.05, weight_decay=0.2),
        "momentum": lambda: tae.SGD(0.05, 0.9, weight_decay=0.2),
    }[kind]
    ae, by_hand = dense(make(), threads), dense()
    ae.fit(x, epochs=2, batch_size=16, shuffle=False, verbose=0, eager=eager)
    start, gradients = by_hand.parameters.copy(), []
    momentum = {"momentum": 0.9} if kind == "momentum" else {}
    reference = naive.adam if kind == "adam" else naive.sgd
    for step in range(6):
        gradients.append(by_hand.loss_and_gradient(x[step % 3 * 16 :][:16])[1])
        by_hand.parameters[...] = reference(start, gradients, alpha=0.05, decay=0.2, **momentum)
    np.testing.assert_allclose(ae.parameters, by_hand.parameters, rtol=1e-11)


def test_what_is_frozen_does_not_decay():
    ae = dense(tae.Adam(weight_decay=0.5))
    ae.layers[1].trainable = False
    before = ae.layers[1].parameters.copy()
    ae.fit(x, verbose=0)
    np.testing.assert_array_equal(ae.layers[1].parameters, before)


# Penalties on kernels

PENALTIES = [tae.L1(0.03), tae.L2(0.07), tae.L1L2(0.03, 0.07)]


def image_model(penalty):
    return tae.Autoencoder(
        [tae.Conv2D(2, 3, strides=2, padding="same", kernel_regularizer=penalty)],
        [tae.Conv2DTranspose(1, 3, strides=2, padding="same", kernel_regularizer=penalty)],
        input_shape=(6, 6, 1),
        dtype="float64",
    )


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("kind", ["dense", "images"])
def test_the_penalty_is_on_the_kernels_alone(penalty, kind, threads):
    ae = image_model(penalty) if kind == "images" else dense(kernel_regularizer=penalty)
    ae.threads = threads
    data = images if kind == "images" else x
    for layer in ae.layers:
        layer.weights["bias"][...] = 5
    kernels = [layer.weights["kernel"] for layer in ae.layers]
    expected = sum(penalty.l1 * abs(W).sum() + penalty.l2 * (W**2).sum() for W in kernels)
    figures = ae.evaluate(data)
    assert figures["penalty"] == pytest.approx(expected, rel=1e-13)
    for eager in (False, True):
        loss, gradient = ae.loss_and_gradient(data, eager=eager)
        assert loss == pytest.approx(figures["loss"], rel=1e-13)
    for layer in ae.layers:
        layer.kernel_regularizer = None
    _, without = ae.loss_and_gradient(data)
    added = np.zeros_like(without)
    for layer, part in zip(ae.layers, weight_arrays(ae)[::2], strict=True):
        W = layer.weights["kernel"].reshape(-1)
        added[part] = penalty.l1 * np.sign(W) + 2 * penalty.l2 * W
    np.testing.assert_allclose(gradient - without, added, atol=1e-14)


def test_gradients_with_penalised_kernels():
    assert tae.check_gradients(dense(kernel_regularizer=tae.L1L2(0.01, 0.02)), x[:8]).passed
    assert tae.check_gradients(image_model(tae.L1L2(0.01, 0.02)), images[:4]).passed


def test_penalised_training_compiled_as_eager(threads):
    found = []
    for eager in (False, True):
        ae = dense(tae.SGD(0.1), threads, kernel_regularizer=tae.L1L2(0.01, 0.02))
        ae.layers[0].activity_regularizer = tae.L1(0.01)
        ae.fit(x, epochs=3, batch_size=16, verbose=0, eager=eager)
        found.append([*ae.parameters, *ae.history["penalty"], *ae.history["loss"]])
    np.testing.assert_allclose(*found, rtol=1e-11)


@EAGER
def test_a_frozen_kernel_is_not_penalised(eager):
    ae = dense(kernel_regularizer=tae.L2(1.0))
    for layer in ae.layers[1:]:
        layer.trainable = False
    W = ae.layers[0].weights["kernel"]
    expected = (W**2).sum()
    assert ae.evaluate(x)["penalty"] == pytest.approx(expected)
    loss, _ = ae.loss_and_gradient(x, eager=eager)
    assert loss == pytest.approx(ae.evaluate(x)["loss"])


def test_a_callback_may_change_the_penalty():
    ae = dense(kernel_regularizer=tae.L2(1.0))
    expected = ae.copy()

    def change(epoch, logs):
        for layer in ae.layers:
            layer.kernel_regularizer.l2 = 0.0

    ae.fit(x, epochs=2, verbose=0, callbacks=change)
    expected.fit(x, verbose=0)
    for layer in expected.layers:
        layer.kernel_regularizer = None
    expected.fit(x, verbose=0)
    np.testing.assert_array_equal(ae.parameters, expected.parameters)


def test_layers_without_a_kernel_have_no_such_penalty():
    with pytest.raises(ValueError, match="has no kernel_regularizer to assign to"):
        tae.MaxPooling2D().kernel_regularizer = tae.L2()
    with pytest.raises(ValueError, match="kernel_regularizer must be an L1, L2 or L1L2 object"):
        tae.Dense(3, kernel_regularizer="l2")


class Named(tae.Layer):
    """A layer of one's own whose kernel has another name."""

    def __init__(self):
        super().__init__()
        self.kernel_regularizer = tae.L2(0.1)

    def build(self, input_shape):
        self.add_weight("scale", input_shape)
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * self.weights["scale"], x

    def backward(self, dy, cache):
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        return dy * self.weights["scale"]


def test_a_penalty_without_a_kernel_is_refused_by_name():
    ae = tae.Autoencoder([tae.Dense(4)], [tae.Dense(6), Named()])
    with pytest.raises(ValueError, match="but no weight 'kernel', only scale"):
        ae.fit(x, verbose=0)


def test_all_of_it_is_saved(tmp_path):
    optimizer = tae.Adam(weight_decay=0.1, global_clipnorm=0.5)
    whole = dense(optimizer, kernel_regularizer=tae.L2(0.01))
    half = whole.copy()
    whole.fit(x, epochs=4, verbose=0)
    half.fit(x, epochs=2, verbose=0)
    half.save(tmp_path / "m.npz", training_state=True)
    half = tae.load(tmp_path / "m.npz")
    half.fit(x, epochs=2, verbose=0)
    np.testing.assert_array_equal(half.parameters, whole.parameters)
    assert repr(half.optimizer) == repr(optimizer)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm"])
def test_gradients_whose_squares_float32_cannot_hold_are_made_shorter(clip, threads, monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    sgd = tae.SGD(1.0, **{clip: 1.0})
    code, output = tae.Dense(3, use_bias=False), tae.Dense(4, use_bias=False)
    output.trainable = False
    ae = tae.Autoencoder([code], [output], (4,), optimizer=sgd, threads=threads, seed=0)
    before = ae.parameters.copy()
    ae.train_on_batch(np.full((8, 4), 1e13, np.float32))
    moved = np.linalg.norm((ae.parameters - before).astype(float))
    assert moved == pytest.approx(1, rel=1e-5)
