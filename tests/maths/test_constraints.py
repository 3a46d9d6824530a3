"""Kernels of unit norm: after each step, however it is taken."""

import copy
import itertools
import pickle
import re

import numpy as np
import pytest

import tinyae as tae
from tests.support import ways
from tests.support.ways import EAGER, PATHS
from tinyae.maths import constraints

rng = np.random.default_rng(0)
x, images, series = rng.random((48, 6)), rng.random((48, 6, 6, 1)), rng.random((48, 8, 2))


@pytest.fixture(params=PATHS)
def threads(request, monkeypatch):
    """How many, where the smallest model takes each of the engine's paths."""
    return ways.take_path(request.param, monkeypatch)


def dense(axis=1, **options):
    layer = tae.Dense(6, "sigmoid", kernel_constraint=tae.UnitNorm(axis))
    return tae.Autoencoder(
        [tae.Dense(5, "tanh")], [layer], (6,), **{"dtype": "float64", "seed": 1, **options}
    )


def by_hand(ae, batches):
    """Steps of descent at 0.1 on a model whose last layer is constrained along its axis."""
    layer = ae.layers[-1]
    for batch in batches:
        ae.parameters[...] -= 0.1 * ae.loss_and_gradient(batch)[1]
        W = layer.weights["kernel"]
        W /= np.sqrt((W**2).sum(axis=layer.kernel_constraint.axis, keepdims=True))


@EAGER
@pytest.mark.parametrize("clipped", [False, True], ids=["", "clipped"])
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1)], ids=repr)
def test_each_step_ends_in_a_kernel_of_that_norm(axis, clipped, eager, threads):
    optimizer = tae.SGD(0.1, clipnorm=1e6 if clipped else None)
    ae = dense(axis, optimizer=optimizer, threads=threads)
    expected = ae.copy()
    ae.fit(x, batch_size=16, epochs=2, shuffle=False, eager=eager, verbose=0)
    by_hand(expected, [x[:16], x[16:32], x[32:]] * 2)
    np.testing.assert_allclose(ae.parameters, expected.parameters, rtol=1e-12)
    ae.train_on_batch(x[:16])
    by_hand(expected, [x[:16]])
    np.testing.assert_allclose(ae.parameters, expected.parameters, rtol=1e-12)


FILTERS = {
    "conv": (tae.Conv2D, {"kernel_size": (3, 2), "padding": "same"}, images, (0, 1, 2)),
    "channels": (tae.Conv2D, {"kernel_size": 2, "padding": "same"}, images, (3, 0, 1)),
    "transposed": (tae.Conv2DTranspose, {"kernel_size": 3, "padding": "same"}, images, [0, 1, 2]),
    "sequences": (tae.Conv1D, {"kernel_size": 3, "padding": "same"}, series, (-3, -2)),
    "drawn": (tae.Conv1DTranspose, {"kernel_size": 3, "padding": "same"}, series, 1),
}


@EAGER
@pytest.mark.parametrize("case", FILTERS)
def test_convolutions_have_it_as_dense_layers_do(case, eager, monkeypatch):
    monkeypatch.setattr("tinyae.engine.tuning.THREAD_OPERATIONS", 1)
    kind, options, data, axis = FILTERS[case]
    first = kind(3, **options, kernel_constraint=tae.UnitNorm(axis))
    channels = data.shape[-1]
    ae = tae.Autoencoder([first], [kind(channels, **options)], data.shape[1:], threads=2)
    ae.fit(data, epochs=2, eager=eager, verbose=0)
    W = first.weights["kernel"].astype(float)
    lengths = np.sqrt((W**2).sum(axis=tuple(axis) if isinstance(axis, list) else axis))
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    lengths = np.sqrt((ae.layers[1].weights["kernel"].astype(float) ** 2).sum(axis=(0, 1)))
    assert abs(lengths - 1).max() > 1e-3  # it is not asked for


def test_threads_change_no_byte(monkeypatch):
    monkeypatch.setattr("tinyae.engine.tuning.THREAD_OPERATIONS", 1)
    ae = dense(1)
    for axis in (0, 1):
        ae.layers[1].kernel_constraint = tae.UnitNorm(axis)
        found = []
        for threads in (1, 2):
            W, parts = rng.normal(size=30), constraints.places(ae.layers)
            W = np.concatenate([np.arange(35), np.linspace(-1, 2, 30), np.ones(6)])
            cuts = np.linspace(0, len(parts.groups), threads + 1).astype(int)
            for low, high in itertools.pairwise(cuts):
                constraints.unit_norm(W, parts, low, high)
            found.append(W)
        np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_stay_and_no_size_is_too_large_or_too_small(dtype):
    ae = dense(1, dtype=dtype)
    limits = np.finfo(dtype)
    numbers = [0, 1, limits.max, limits.smallest_subnormal, limits.tiny]
    W = ae.layers[1].weights["kernel"]
    W[...] = np.array(numbers)[:, np.newaxis] * np.array([1, -1, 1, 1, 0, 0])
    constraints.constrain(ae.parameters, constraints.places(ae.layers))
    assert not W[0].any()
    expected = np.tile([0.5, -0.5, 0.5, 0.5, 0, 0], (4, 1))
    np.testing.assert_allclose(W[1:], expected, rtol=1e-6)


def test_a_row_of_zeros_that_learns_nothing_stays():
    ae = dense(1)
    for layer in ae.layers:
        layer.weights["kernel"][...] = 0
    ae.layers[0].trainable = False
    ae.fit(x, verbose=0)
    assert not ae.layers[1].weights["kernel"].any()
    assert np.isfinite(ae.parameters).all()


@EAGER
def test_what_is_frozen_and_what_takes_no_step_stays(eager):
    ae = dense()
    before = ae.parameters.copy()
    ae.loss_and_gradient(x, eager=eager)
    ae.fit(x, epochs=0, verbose=0)
    assert tae.check_gradients(ae, x[:8]).passed
    np.testing.assert_array_equal(ae.parameters, before)
    ae.layers[1].trainable = False
    ae.fit(x, eager=eager, verbose=0)
    np.testing.assert_array_equal(ae.parameters[35:], before[35:])


def test_a_callback_may_set_another():
    ae, steps = dense(1), []

    def change(epoch, logs):
        W = ae.layers[1].weights["kernel"]
        steps.append([np.ptp((W**2).sum(axis=axis)) < 1e-12 for axis in (0, 1)])
        if epoch == 0:
            ae.layers[1].kernel_constraint.axis = 0
        if epoch == 1:
            ae.layers[1].kernel_constraint = None

    ae.fit(x, epochs=3, verbose=0, callbacks=change)
    assert steps == [[False, True], [True, False], [False, False]]


def test_it_is_saved_copied_and_shown(tmp_path):
    ae = dense((0, 1))
    ae.save(tmp_path / "model.npz")
    for again in (tae.load(tmp_path / "model.npz"), ae.copy(), copy.deepcopy(ae)):
        assert repr(again.layers[1].kernel_constraint) == "UnitNorm(axis=(0, 1))"
        again.fit(x, verbose=0)
        assert np.linalg.norm(again.layers[1].weights["kernel"]) == pytest.approx(1)
    assert pickle.loads(pickle.dumps(tae.UnitNorm(1))).axis == 1


@pytest.mark.parametrize("axis", [True, None, "1", 1.0, (), (0, None), 64, -65, {0}, [[0]]])
def test_what_is_no_axis_is_refused(axis):
    text = "axis must be the number of a kernel's axis, or several in a tuple, but got "
    with pytest.raises(ValueError, match=f"^{text}{re.escape(repr(axis))}$"):
        tae.UnitNorm(axis)


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (1, -1), (0, 2)])
def test_axes_that_the_kernel_does_not_have_are_refused_before_anything_is_built(axis):
    layer = tae.Dense(6, kernel_constraint=tae.UnitNorm(axis))
    text = r"decoder\[0\] Dense: kernel_constraint must be for different axes of its kernel, which"
    with pytest.raises(ValueError, match=text + r" has the shape \(5, 6\), but got UnitNorm"):
        tae.Autoencoder([tae.Dense(5)], [layer], (6,))
    assert not layer.built
    ae = dense()
    ae.layers[1].kernel_constraint.axis = axis
    before = ae.parameters.copy()
    with pytest.raises(ValueError, match=text):
        ae.fit(x, verbose=0)
    np.testing.assert_array_equal(ae.parameters, before)


def test_what_is_no_constraint_is_refused():
    for wrong in ("unit_norm", 1, tae.UnitNorm, tae.L2()):
        with pytest.raises(ValueError, match="must be a UnitNorm object, or None, but got"):
            tae.Dense(3, kernel_constraint=wrong)
    with pytest.raises(ValueError, match="has no kernel_constraint to assign to"):
        tae.Flatten().kernel_constraint = tae.UnitNorm()


class Named(tae.Layer):
    """A layer of one's own whose weight has another name."""

    def __init__(self):
        super().__init__()
        self.kernel_constraint = tae.UnitNorm()

    def build(self, input_shape):
        self.add_weight("scale", input_shape)
        return input_shape


def test_a_layer_without_a_kernel_is_refused_by_name():
    with pytest.raises(ValueError, match="a kernel_constraint, but no weight 'kernel', only scale"):
        Named().build((3,))
