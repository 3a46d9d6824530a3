"""A model against PCA: the errors, the closed-form optimum, and the angles between subspaces."""

import math

import numpy as np
import pytest

import tinyae as tae
from tinyae.inspection.compare_with_pca import principal_angles


def plane_data(n=300, seed=0):
    """Points of eight numbers with clearly different variances along rotated axes."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(np.random.default_rng(9).normal(size=(8, 8)))[0]
    return (rng.normal(size=(n, 8)) * (4, 3, 1, 0.8, 0.5, 0.4, 0.2, 0.1)) @ rotation + 2


def linear_model(k=2, **options):
    options = {"input_shape": (8,), "dtype": "float64", **options}
    return tae.Autoencoder([tae.Dense(k)], [tae.Dense(8)], **options)


def set_to(model, components, mean):
    """Make a linear model project on the rows of `components`, in other coordinates."""
    mix = np.array([[2.0, 1.0], [-1.0, 3.0]])
    first, last = model.layers
    first.weights["kernel"][...] = components.T @ mix
    first.weights["bias"][...] = -mean @ components.T @ mix + 5
    last.weights["kernel"][...] = np.linalg.inv(mix) @ components
    last.weights["bias"][...] = mean - 5 * np.ones(2) @ np.linalg.inv(mix) @ components
    return model


def test_pcas_own_subspace_is_the_optimum():
    x = plane_data()
    pca = tae.PCA(2).fit(x)
    report = tae.compare_with_pca(set_to(linear_model(), pca.components_, pca.mean_), x)
    assert report.linear
    assert report.gap == pytest.approx(0, abs=1e-10)
    np.testing.assert_allclose(report.angles, 0, atol=1e-6)
    assert (report.code_size, report.k, report.samples, report.test_samples) == (2, 2, 300, 0)


def test_errors_are_mean_squares_whatever_the_loss():
    x, x_test = np.split(np.random.default_rng(0).random((90, 8)), [60])
    model = tae.Autoencoder(
        [tae.Dense(3, "relu")], [tae.Dense(8, "sigmoid")], loss="bce", input_shape=(8,)
    )
    report = tae.compare_with_pca(model, x, k=2, x_test=x_test)
    pca = tae.PCA(2).fit(x)
    for errors, data in ((report.train_errors, x), (report.test_errors, x_test)):
        assert errors["mean"] == pytest.approx(np.mean((data - x.mean(axis=0)) ** 2))
        assert errors["pca"] == pytest.approx(pca.reconstruction_error(data).mean())
        assert errors["model"] == pytest.approx(np.mean((data - model.reconstruct(data)) ** 2))
    assert report.errors is report.test_errors
    share = report.variance_explained
    assert share["pca"] == pytest.approx(1 - report.errors["pca"] / report.errors["mean"])
    assert share["model"] == pytest.approx(1 - report.errors["model"] / report.errors["mean"])
    assert report.ratio == pytest.approx(report.errors["model"] / report.errors["pca"])
    assert (report.code_size, report.k, report.test_samples) == (3, 2, 30)
    assert (report.linear, report.gap, report.angles) == (False, None, None)


def test_samples_are_measured_some_at_a_time(monkeypatch):
    x, model = plane_data(20), linear_model()
    whole = tae.compare_with_pca(model, x)
    monkeypatch.setattr("tinyae.inspection.compare_with_pca.ROWS", 7)
    assert tae.compare_with_pca(model, x).errors == pytest.approx(whole.errors)


def test_without_held_out_data_the_variance_is_pcas():
    x = plane_data()
    report = tae.compare_with_pca(linear_model(), x)
    ratio = tae.PCA(2).fit(x).explained_variance_ratio_.sum()
    assert report.errors is report.train_errors
    assert report.variance_explained["pca"] == pytest.approx(ratio)


def test_a_trained_linear_model_comes_close():
    x = plane_data()
    model = linear_model(optimizer=tae.Adam(0.02))
    before = tae.compare_with_pca(model, x)
    model.fit(x, epochs=300, batch_size=50, verbose=0)
    after = tae.compare_with_pca(model, x)
    assert -1e-9 < after.gap < 0.01 < before.gap
    assert after.angles.max() < 3 < before.angles.max()


def test_images_and_linear_layers_of_all_kinds():
    x = plane_data().reshape(-1, 2, 4, 1)
    model = tae.Autoencoder(
        [tae.Flatten(), tae.Dense(4), tae.Activation("linear"), tae.Reshape((2, 2))],
        [tae.Flatten(), tae.Dense(8), tae.Reshape((2, 4, 1))],
        input_shape=(2, 4, 1),
    )
    report = tae.compare_with_pca(model, x)
    assert report.linear
    assert report.k == 4
    assert len(report.angles) == 4


@pytest.mark.parametrize(
    "layer", [tae.Dense(8, "elu"), tae.Activation("tanh"), tae.GaussianNoise(0.1)], ids=repr
)
def test_other_layers_make_no_linear_model(layer):
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(8), layer], input_shape=(8,))
    assert not tae.compare_with_pca(model, plane_data()).linear


def test_a_decoder_that_lost_a_direction_has_fewer_angles():
    x = plane_data()
    model = linear_model(3)
    model.layers[1].weights["kernel"][2] = 2 * model.layers[1].weights["kernel"][0]
    assert len(tae.compare_with_pca(model, x).angles) == 2


def test_the_code_may_be_larger_than_the_sample():
    report = tae.compare_with_pca(linear_model(11), plane_data())
    assert (report.code_size, report.k) == (11, 8)
    assert math.isfinite(report.train_errors["model"])


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_optimum_is_pca_with_the_models_numbers_whatever_k_is(k):
    x = plane_data()
    model = linear_model(optimizer=tae.Adam(0.02))
    model.fit(x, epochs=300, batch_size=50, verbose=0)
    report = tae.compare_with_pca(model, x, k=k)
    assert report.k == k
    assert report.ratio == pytest.approx(
        report.errors["model"] / tae.PCA(k).fit(x).reconstruction_error(x).mean(), rel=1e-5
    )
    assert -1e-6 < report.gap < 0.01
    assert len(report.angles) == 2
    assert report.angles.max() < 3
    assert ("closed-form optimum, PCA with 2" in str(report)) == (k != 2)


def test_the_narrowest_layer_decides_the_optimum():
    x = plane_data()
    model = tae.Autoencoder([tae.Dense(1), tae.Dense(3)], [tae.Dense(8)], input_shape=(8,))
    report = tae.compare_with_pca(model, x)
    best = tae.PCA(1).fit(x).reconstruction_error(x).mean()
    assert (report.code_size, report.k, report.narrowest) == (3, 3, 1)
    assert report.gap == pytest.approx(report.errors["model"] / best - 1, rel=1e-5)
    assert len(report.angles) == 1


def test_data_without_variance():
    x = np.ones((5, 8))
    report = tae.compare_with_pca(linear_model(), x)
    assert report.errors["pca"] == 0
    assert report.ratio == report.gap == math.inf
    assert "inf" in str(report)


# Angles


@pytest.mark.parametrize("degrees", [0, 1e-9, 1e-3, 30, 89.999, 90])
def test_angles_are_exact_however_small(degrees):
    turn = math.radians(degrees)
    a = np.array([[1.0, 0], [0, 1], [0, 0], [0, 0]])
    b = np.array([[3.0, 0], [0, math.cos(turn)], [0, math.sin(turn)], [0, 0]])
    np.testing.assert_allclose(principal_angles(a, b), [0, degrees], rtol=1e-6, atol=1e-13)
    np.testing.assert_allclose(principal_angles(b, a), [0, degrees], rtol=1e-6, atol=1e-13)


def test_angles_do_not_depend_on_the_basis():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, 3))
    expected = principal_angles(a, b)
    np.testing.assert_allclose(principal_angles(a @ rng.normal(size=(3, 3)), 5 * b), expected)
    assert (np.diff(expected) > 0).all()
    # the largest one, from its definition: how far a unit vector of one span is from the other
    q, r = np.linalg.qr(a)[0], np.linalg.qr(b)[0]
    distance = np.linalg.norm(r - q @ (q.T @ r), 2)
    assert math.sin(math.radians(expected[-1])) == pytest.approx(distance)


def test_spans_of_different_dimension():
    a = np.eye(4)[:, :3]
    np.testing.assert_allclose(principal_angles(a, np.eye(4)[:, 2:3]), [0], atol=1e-12)
    np.testing.assert_allclose(principal_angles(np.eye(4)[:, 3:], a), [90])


# The table


def test_it_prints_a_table():
    x = plane_data()
    pca = tae.PCA(2).fit(x)
    model = set_to(linear_model(), pca.components_, pca.mean_)
    text = str(tae.compare_with_pca(model, x, x_test=plane_data(50, seed=1)))
    lines = text.splitlines()
    titles = ("train", "error", "train", "explained", "test", "error", "test", "explained")
    assert tuple(lines[0].split()) == titles
    assert lines[1].split()[:3] == ["the", "mean", "alone"]
    assert lines[1].split()[4] == "0%"
    assert lines[2].startswith("PCA, 2 components")
    assert lines[3].startswith("model, 2 code numbers")
    assert lines[4] == "mean squared error per number; PCA fitted on 300, 50 held out"
    assert lines[5] == "the model's error is 1 times PCA's"
    assert lines[6].startswith("linear model: ")
    assert lines[6].endswith("% above the closed-form optimum")
    assert lines[7] == "principal angles to PCA's: 0.00° 0.00°"


def test_the_angles_printed_are_the_largest():
    x = np.random.default_rng(0).normal(size=(300, 14)) * 2.0 ** -np.arange(14)
    model = tae.Autoencoder([tae.Dense(7)], [tae.Dense(14)], input_shape=(14,), dtype="float64")
    kernel, turns = model.layers[1].weights["kernel"], np.radians([1, 2, 4, 8, 16, 32, 64])
    # direction i leads from the i-th axis of the optimum to one that it lacks
    axes = tae.PCA(14).fit(x).components_
    kernel[...] = np.cos(turns)[:, np.newaxis] * axes[:7] + np.sin(turns)[:, np.newaxis] * axes[7:]
    text = str(tae.compare_with_pca(model, x))
    assert "5 largest of 7 principal angles to PCA's: 4.00° 8.00° 16.00° 32.00° 64.00°" in text


def test_of_a_model_that_rescales_it_measures_what_is_given_back():
    """As `evaluate` does: bytes of images are no outputs."""
    x = np.random.default_rng(0).integers(0, 256, (50, 8), np.uint8)
    inside = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(2)], [tae.Dense(8)], seed=1)
    outside = tae.Autoencoder([tae.Dense(2)], [tae.Dense(8)], seed=1)
    inside.fit(x, epochs=3, verbose=0)
    outside.fit(x / 255, epochs=3, verbose=0)
    report, same = tae.compare_with_pca(inside, x, x_test=x), tae.compare_with_pca(outside, x / 255)
    assert report.train_errors["model"] == pytest.approx(inside.evaluate(x)["loss"], rel=1e-5)
    assert report.train_errors == pytest.approx(same.train_errors, rel=1e-4)
    assert report.test_errors == report.train_errors


class Squares(tae.Dense):
    """What it inherits says that it is linear."""

    def forward(self, x, training=False, step=0, first=0):
        y, cache = super().forward(x, training, step, first)
        return y**2, (cache, y)

    def backward(self, dy, cache):
        cache, y = cache
        return super().backward(2 * y * dy, cache)


def test_a_layer_of_ones_own_is_not_linear_because_its_base_is():
    model = tae.Autoencoder([Squares(2)], [tae.Dense(8)], input_shape=(8,), dtype="float64")
    report = tae.compare_with_pca(model, plane_data())
    assert (report.linear, report.gap, report.angles) == (False, None, None)


@pytest.mark.parametrize("k", [1, 8])
def test_it_prints_within_80_columns(k):
    for scale in (1e-9, 1, 1e9):
        x = plane_data() * scale
        text = str(tae.compare_with_pca(linear_model(k), x, x_test=x))
        assert max(map(len, text.splitlines())) <= 80
        assert ("5 largest of 8 principal angles to PCA's: " in text) == (k == 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: tae.compare_with_pca(tae.PCA(2), x), "model must be an Autoencoder"),
        (lambda x: tae.compare_with_pca(linear_model(), x[:, :5]), r"x must have shape \(n, 8\)"),
        (lambda x: tae.compare_with_pca(linear_model(), x, k=9), "k must be a whole number from 1"),
        (lambda x: tae.compare_with_pca(linear_model(), x, k=0), "from 1 to 8, but got 0"),
        (lambda x: tae.compare_with_pca(linear_model(), x[:1]), "at least 2 samples"),
        (
            lambda x: tae.compare_with_pca(linear_model(), x, x_test=x[:, :5]),
            r"x_test must have shape \(n, 8\)",
        ),
        (
            lambda x: tae.compare_with_pca(tae.Autoencoder([tae.Dense(2)], [tae.Dense(8)]), x),
            "model must be built",
        ),
        (
            lambda x: tae.compare_with_pca(
                tae.Autoencoder([tae.Dense(2)], [tae.Dense(3)], input_shape=(8,)), x
            ),
            r"turns \(8,\) into \(3,\)",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(plane_data())
