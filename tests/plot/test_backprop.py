"""One training step, number by number: as it is kept, and as it is drawn."""

import json
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt

import tinyae as tae
from tinyae import plot
from tinyae.plot.seen_step import seen_step, short

X = np.array([0.1, 0.9, 0.4, 0.7])


def small(*, last="sigmoid", **options):
    settings = {"input_shape": (4,), "seed": 1, "dtype": "float64", **options}
    layers = [tae.Dense(3, "tanh"), tae.Dense(2)], [tae.Dense(3, "elu"), tae.Dense(4, last)]
    return tae.Autoencoder(*layers, **settings)


MODELS = {
    "mse": small,
    "softmax": lambda: small(last="softmax", loss="categorical_crossentropy"),
    "bce": lambda: small(loss="bce"),
    "penalty": lambda: tae.Autoencoder(
        [
            tae.Dense(
                *(2, "relu"),
                **{"activity_regularizer": tae.L1L2(0.1, 0.2), "kernel_regularizer": tae.L1(0.1)},
            )
        ],
        [tae.Dense(4, "leaky_relu", activity_regularizer=tae.L2(0.3))],
        **{"input_shape": (4,), "dtype": "float64"},
    ),
    "without biases": lambda: tae.Autoencoder(
        [tae.Dense(2, "sigmoid", use_bias=False)],
        [tae.Dense(4, use_bias=False)],
        **{"input_shape": (4,), "dtype": "float64"},
    ),
    "layers of other kinds": lambda: tae.Autoencoder(
        [tae.Reshape((2, 2, 1)), tae.Conv2D(2, 2), tae.Flatten(), tae.Activation("tanh")],
        [tae.Dense(4), tae.Dropout(0.5), tae.GaussianNoise(0.1)],
        **{"input_shape": (4,), "dtype": "float64"},
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", [None, X[::-1]])
def test_a_step_is_the_models(name, target):
    ae = MODELS[name]()
    before = ae.parameters.copy()
    seen = seen_step(ae, X, target, "test")
    batch = X[np.newaxis], None if target is None else target[np.newaxis]
    loss, gradient = ae.loss_and_gradient(*batch)
    assert seen.reconstruction + seen.penalty == pytest.approx(loss, rel=1e-12)
    kept = [
        each.ravel()
        for layer in seen.layers
        if layer.connections
        for each in (layer.connections.kernel_gradient, layer.connections.bias_gradient)
        if each is not None
    ]
    if "other" not in name:
        np.testing.assert_allclose(np.concatenate(kept), gradient, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(seen.layers[-1].y, ae.reconstruct(batch[0]).ravel(), rtol=1e-12)
    np.testing.assert_array_equal(ae.parameters, before)
    assert [layer.name for layer in seen.layers] == [layer.label for layer in ae.layers]


SLOPES = {
    "linear": lambda y: 1,
    "relu": lambda y: y > 0,
    "leaky_relu": lambda y: np.where(y > 0, 1, 0.2),
    "elu": lambda y: np.where(y > 0, 1, 1 + y),
    "tanh": lambda y: 1 - y**2,
    "sigmoid": lambda y: y * (1 - y),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_number_is_what_its_formula_says(name):
    seen = seen_step(MODELS[name](), X, None, "test")
    x, penalised = seen.x, {"encoder[0] Dense"} if name == "penalty" else set()
    for layer in seen.layers:
        if (c := layer.connections) is not None:
            np.testing.assert_allclose(c.z, x @ c.kernel + (0 if c.bias is None else c.bias))
            of_penalty = 0.1 * np.sign(c.kernel) if layer.name in penalised else 0
            np.testing.assert_allclose(
                c.kernel_gradient, np.outer(x, c.dz) + of_penalty, atol=1e-15
            )
            np.testing.assert_allclose(layer.dx, c.kernel @ c.dz, atol=1e-15)
            if c.activation == "softmax":
                expected = layer.y * (layer.dy - layer.dy @ layer.y)
            else:
                expected = layer.dy * SLOPES[c.activation](layer.y)
            np.testing.assert_allclose(c.dz, expected, atol=1e-15)
        x = layer.y


def test_what_is_frozen_has_no_gradient():
    ae = small()
    ae.layers[1].trainable = False
    seen = seen_step(ae, X, None, "test")
    assert not seen.layers[1].connections.kernel_gradient.any()
    assert seen.layers[0].connections.kernel_gradient.any()


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_all_of_it_is_drawn():
    ae = small()
    ax = plot.backprop(ae, X)
    found, seen = texts(ax), seen_step(ae, X, None, "test")
    for layer in seen.layers:
        numbers = [layer.y, layer.dy, layer.connections.kernel, layer.connections.kernel_gradient]
        for number in np.concatenate([each.ravel() for each in numbers]):
            assert short(number) in found
        assert layer.formula.forward in found
        for part in layer.formula.backward.split("; "):
            assert part in found
        assert layer.name in found
    assert short(seen.reconstruction) in found
    assert ax.get_title() == f"Backpropagation of one sample: loss {short(seen.reconstruction)}"
    assert len(ax.patches) == 4 + 3 + 2 + 3 + 4 + 1


def test_connections_are_explained_where_there_are_any():
    key = {"— W above 0", "- - W below 0"}
    assert key <= set(texts(plot.backprop(small(), X)))
    ae = tae.Autoencoder([tae.Activation("tanh")], [tae.Activation("tanh")], input_shape=(4,))
    assert not key & set(texts(plot.backprop(ae, X)))


def test_no_target_stands_on_a_line():
    ax = plot.backprop(small(), X)
    targets = [text for text in ax.texts if text.get_text().startswith("t = ")]
    assert len(targets) == 4
    assert all(text.get_bbox_patch() for text in targets)
    for line in ax.lines:
        path = line.get_transform().transform_path(line.get_path())
        assert not any(path.intersects_bbox(text.get_window_extent()) for text in targets)


def test_step_by_step_more_is_known():
    ae = small()
    seen = seen_step(ae, X, None, "test")
    marks = [  # a number that comes with each step
        *(short(layer.y[0]) for layer in seen.layers),
        short(seen.reconstruction),
        *(short(layer.connections.kernel_gradient[0, 0]) for layer in seen.layers[::-1]),
    ]
    counts = []
    for step in range(10):
        found = texts(plot.backprop(ae, X, step=step))
        assert {*marks[:step]} <= {*found}
        counts.append(len(found))
    assert counts == sorted({*counts})  # each step brings numbers
    with pytest.raises(ValueError, match="step must be a whole number from 0 to 9, but got 10"):
        plot.backprop(ae, X, step=10)


def test_large_layers_show_weights_as_lines_only():
    ae = tae.Autoencoder([tae.Dense(5)], [tae.Dense(16)], input_shape=(16,))
    ax = plot.backprop(ae, np.linspace(-1, 1, 16))
    assert len(ax.lines) == 16 * 5 + 5 * 16 + 16
    values = 16 + 5 + 16
    assert sum(bool(re.fullmatch(r"[−\de.]+", text)) for text in texts(ax)) == 2 * values + 1
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    below = sum(int((layer.weights["kernel"] < 0).sum()) for layer in ae.layers)
    assert len(dashed) == below


@pytest.mark.parametrize("draw", [plot.backprop, plot.backprop_page])
def test_refusals(draw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    large = tae.Autoencoder([tae.Dense(17)], [tae.Dense(4)], input_shape=(4,))
    wide = tae.Autoencoder([tae.Dense(2)], [tae.Dense(20)])
    for model, x, message in (
        (large, X, r"models of at most 16 numbers .* model has 17 in encoder\[0\] Dense"),
        (tae.PCA(1), X, "model must be an Autoencoder"),
        (small(), X[np.newaxis], r"x must be one sample of shape \(4,\)"),
        (small(), X[:3], r"x must be one sample of shape \(4,\)"),
        (small(loss="bce"), 2 * X, r"x must lie in \[0, 1\]"),
        (wide, np.ones(20), "20 in the input"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(model, x)
    with pytest.raises(ValueError, match="y must be one sample"):
        draw(small(), X, X[:2])
    assert plt.get_fignums() == []
    assert not list(tmp_path.iterdir())


def test_the_page_holds_the_step(tmp_path):
    ae = small(dtype="float32")
    path = plot.backprop_page(ae, X, X[::-1], tmp_path / "b.html", title="mine")
    text = path.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    seen = seen_step(ae, X, X[::-1], "test")
    np.testing.assert_array_equal(np.float32(data["target"]), np.float32(X[::-1]))
    for kept, layer in zip(data["layers"], seen.layers, strict=True):
        np.testing.assert_array_equal(kept["y"], layer.y)
        np.testing.assert_array_equal(kept["connections"]["dz"], layer.connections.dz)
    assert "<title>mine</title>" in text


def test_numbers_are_short():
    numbers = (0, 0.5, -0.014, 1e-3, -1.5e-12, 99.4, 12345)
    expected = ["0.00", "0.50", "−0.01", "1e−3", "−2e−12", "99.40", "1e4"]
    assert [short(number) for number in numbers] == expected
