"""The smallest data and the largest numbers: one sample, one feature, constants, far-out logits."""

import numpy as np
import pytest

import tinyae as tae


class Through(tae.Layer):
    """Makes a model train eagerly."""

    def forward(self, x, training=False, step=0, first=0):
        return x, None

    def backward(self, dy, cache):
        return dy


each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
each_way = pytest.mark.parametrize("first", [tae.Activation, Through], ids=["compiled", "eager"])
FAR = 1e4
X = np.array([[1, -1, 1, -1, 1, -1, 0], [-1, 1, 0.5, -0.5, 0, 0, 1]])
Y = np.array([[1, 0, 0, 1, 0.5, 0.25, 0.5], [1, 1, 0, 0, 0, 1, 0.75]])


def with_logits(first, dtype, *after):
    """A model whose logits are 1e4 x."""
    first = first("linear") if first is tae.Activation else first()
    decoder = [tae.Dense(X.shape[1], "sigmoid"), *after]
    settings = {"input_shape": X.shape[1:], "loss": "bce", "dtype": dtype}
    model = tae.Autoencoder([first], decoder, **settings)
    decoder[0].weights["kernel"][...] = FAR * np.eye(X.shape[1])
    return model


@each_dtype
@each_way
@pytest.mark.parametrize("reshaped", [False, True])
def test_cross_entropy_of_far_out_logits_is_exact(dtype, first, reshaped):
    after = [tae.Reshape((7, 1)), tae.Flatten()] if reshaped else []
    model, z = with_logits(first, dtype, *after), FAR * X
    share = np.where(z > 0, 1.0, np.where(z < 0, 0.0, 0.5))
    each = np.maximum(z, 0) - z * Y + np.where(z == 0, np.log(2), 0)
    loss, gradient = model.loss_and_gradient(X, Y)
    d = (share - Y) / X.size
    tolerance = {"rtol": 1e-6 if dtype == "float32" else 1e-14, "atol": 0}
    np.testing.assert_allclose(loss, each.mean(), **tolerance)
    np.testing.assert_allclose(gradient, np.append((X.T @ d).ravel(), d.sum(axis=0)), **tolerance)
    np.testing.assert_allclose(model.evaluate(X, Y)["loss"], each.mean(), **tolerance)
    np.testing.assert_allclose(model.reconstruction_error(X, Y), each.mean(axis=1), **tolerance)
    np.testing.assert_allclose(model.reconstruction_error(X, Y, True), each, **tolerance)
    np.testing.assert_allclose(model.reconstruct(X), share, **tolerance)
    assert tae.check_gradients(model, X, Y).verdict != "failed"
    model.fit(X, Y, epochs=20, batch_size=1, verbose=0)
    assert np.isfinite(model.parameters).all()
    assert model.history["loss"][-1] < model.history["loss"][0]


@each_dtype
@each_way
def test_cross_entropy_of_exact_zeros_and_ones_is_clipped(dtype, first):
    model = with_logits(first, dtype, tae.Activation("linear"))
    low = np.dtype(dtype).type(1e-7)
    share = np.where(X > 0, 1 - low, np.where(X < 0, low, np.dtype(dtype).type(0.5)))
    each = -(Y * np.log(share) + (1 - Y) * np.log1p(-share))
    loss, gradient = model.loss_and_gradient(X, Y)
    np.testing.assert_allclose(loss, each.mean(), rtol=0.02 if dtype == "float32" else 1e-12)
    slope = np.where(X == 0, 0.5 - Y, 0) / X.size  # where it clips there is none
    expected = np.append((X.T @ slope).ravel(), slope.sum(axis=0))
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-30)


@each_dtype
@each_way
@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize(
    ("samples", "features", "code"), [(1, 1, 1), (1, 1, 5), (1, 4, 2), (9, 1, 1), (3, 2, 8)]
)
def test_the_smallest_data_train(dtype, first, loss, samples, features, code):
    x = np.random.default_rng(0).random((samples, features))
    through = tae.Activation("linear") if first is tae.Activation else first()
    model = tae.Autoencoder(
        *([through, tae.Dense(code, "tanh")], [tae.Dense(features, "sigmoid")]),
        **{"loss": loss, "dtype": dtype, "optimizer": tae.Adam(0.02)},
    )
    history = model.fit(x, epochs=60, batch_size=1, validation_data=x[:1], verbose=0)
    assert history["loss"][-1] < history["loss"][0]
    assert np.isfinite(history["val_loss"]).all()
    z = model.encode(x)
    assert z.shape == (samples, code)
    np.testing.assert_allclose(model.decode(z), model.reconstruct(x), rtol=1e-5)
    assert model.reconstruction_error(x).shape == (samples,)
    assert tae.check_gradients(model, x).verdict != "failed"
    assert len(tae.trace(model, x).rows) == 3
    assert tae.interpolate(model, x[0], x[-1], 3).shape == (3, features)


@each_dtype
@each_way
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_constant_features_are_learned(dtype, first, value):
    x = np.random.default_rng(0).random((40, 4))
    x[:, 1] = value
    for data in (x, np.full_like(x, value)):
        through = tae.Activation("linear") if first is tae.Activation else first()
        model = tae.Autoencoder(
            *([through, tae.Dense(2)], [tae.Dense(4, "sigmoid")]),
            **{"loss": "bce", "dtype": dtype, "optimizer": tae.Adam(0.05)},
        )
        model.fit(data, epochs=100, batch_size=10, verbose=0)
        assert np.isfinite(model.parameters).all()
        np.testing.assert_allclose(model.reconstruct(data)[:, 1], value, atol=0.1)
        report = tae.compare_with_pca(model, data)
        assert all(np.isfinite(list(report.train_errors.values())))
        assert "PCA" in str(report)
        assert not np.isnan(tae.latent_diagnostics(model.encode(data)).correlation).any()


@each_dtype
def test_pca_of_the_smallest_data(dtype):
    line = np.array([[1.0], [3.0]], dtype)
    pca = tae.PCA(1).fit(line)
    np.testing.assert_array_equal(pca.encode(line), [[-1], [1]])
    np.testing.assert_array_equal(pca.reconstruct(line), line)
    np.testing.assert_array_equal(pca.encode(line[:1]), [[-1]])
    stream = tae.PCA(1).partial_fit(line[:1])
    np.testing.assert_array_equal(stream.reconstruct(line), [[1], [3]])
    np.testing.assert_array_equal(stream.partial_fit(line[1:]).explained_variance_, [2])
    same = tae.PCA().fit(np.full((5, 3), 7, dtype))
    np.testing.assert_array_equal(same.reconstruct(np.full((1, 3), 7, dtype)), [[7, 7, 7]])
    assert not same.explained_variance_ratio_.any()


@pytest.mark.parametrize("shape", [(0,), (0, 4, 1), (4, 0, 1), (4, 4, 0)])
def test_samples_of_no_size_are_refused(shape):
    with pytest.raises(ValueError, match="input_shape"):
        tae.Autoencoder([tae.Flatten(), tae.Dense(2)], [tae.Dense(4)], input_shape=shape)


@pytest.mark.parametrize(
    "make",
    [
        lambda: tae.Dense(0),
        lambda: tae.Conv2D(0, 3),
        lambda: tae.Conv2D(2, 0),
        lambda: tae.Conv2D(2, (3, 0)),
        lambda: tae.Conv2DTranspose(2, 3, strides=0),
        lambda: tae.MaxPooling2D(0),
        lambda: tae.AveragePooling2D(2, strides=(1, 0)),
        lambda: tae.UpSampling2D(0),
        lambda: tae.Reshape((3, 0)),
        lambda: tae.Reshape(()),
    ],
)
def test_layers_of_no_size_are_refused(make):
    with pytest.raises(ValueError, match="must"):
        make()
