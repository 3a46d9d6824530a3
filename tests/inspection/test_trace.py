"""One training step, layer by layer: its figures, its formulas and its marks."""

import math
import pickle
import re

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive
from tests.support.gradcheck_models import Affine
from tests.support.layer_cases import LAYER_CASES, chain_of, each_case
from tinyae.checks.overridden import describes
from tinyae.checks.public_names import homes
from tinyae.files.describe import known
from tinyae.maths.activations import KNOWN
from tinyae.maths.losses import BCEFromLogits

RNG = np.random.default_rng(0)


def dense(*activations, units=6, **options):
    """A decoder's worth of layers with those activations, on samples of six numbers."""
    layers = [tae.Dense(units, activation) for activation in activations]
    options = {"input_shape": (6,), "dtype": "float64", **options}
    return tae.Autoencoder([tae.Dense(3, "tanh")], [*layers, tae.Dense(6)], **options)


def test_the_figures_are_those_of_the_step_by_hand():
    """Two linear layers: r = x W V, L = mean (r − x)², written out in NumPy."""
    layers = [tae.Dense(2, use_bias=False)], [tae.Dense(3)]
    model = tae.Autoencoder(*layers, input_shape=(3,), dtype="float64")
    x = RNG.normal(size=(5, 3))
    W, V = (layer.weights["kernel"] for layer in model.layers)
    z = x @ W
    r = z @ V
    dr = 2 * (r - x) / x.size
    dz = dr @ V.T
    report = tae.trace(model, x)
    first, last = report.rows
    assert (first.name, last.name) == ("encoder[0] Dense", "decoder[0] Dense")
    assert (first.shape, last.shape) == ((2,), (3,))
    assert (first.least, first.most) == pytest.approx((z.min(), z.max()))
    assert (first.norm, last.norm) == pytest.approx((np.linalg.norm(z), np.linalg.norm(r)))
    assert last.gradient_norm == pytest.approx(np.linalg.norm(dr))
    assert last.input_gradient_norm == first.gradient_norm == pytest.approx(np.linalg.norm(dz))
    assert first.input_gradient_norm == pytest.approx(np.linalg.norm(dz @ W.T))
    dV, db = z.T @ dr, dr.sum(axis=0)
    assert last.weight_gradient_norm == pytest.approx(math.hypot(*dV.ravel(), *db))
    assert first.weight_gradient_norm == pytest.approx(np.linalg.norm(x.T @ dz))
    assert report.loss == report.reconstruction == pytest.approx(np.mean((r - x) ** 2))
    assert report.input_norm == pytest.approx(np.linalg.norm(x))


def test_loss_and_gradients_are_those_of_training():
    model = tae.Autoencoder(
        [tae.Dropout(0.3), tae.Dense(4, "relu", activity_regularizer=tae.L1(0.1))],
        [tae.GaussianNoise(0.2), tae.Dense(6, "sigmoid", activity_regularizer=tae.L2(0.1))],
        loss="bce",
        dtype="float64",
    )
    x = RNG.random((20, 6))
    model.fit(x, epochs=3, verbose=0)
    report = tae.trace(model, x)
    loss, gradient = model.loss_and_gradient(x, training=True)
    assert report.loss == pytest.approx(loss, rel=1e-12)
    assert report.penalty > 0
    norms = [row.weight_gradient_norm for row in report.rows]
    assert norms[0] is norms[2] is None
    assert math.hypot(norms[1], norms[3]) == pytest.approx(np.linalg.norm(gradient), rel=1e-12)


def test_targets_are_used():
    model, x, y = dense("relu"), RNG.random((8, 6)), RNG.random((8, 6))
    assert tae.trace(model, x, y).loss == pytest.approx(model.loss_and_gradient(x, y)[0])


def test_zeros_are_counted():
    model, x = dense("relu"), RNG.random((50, 6))
    hidden = model.layers[1].forward(model.encode(x))[0]
    assert tae.trace(model, x).rows[1].zeros == (hidden == 0).mean()


def test_the_model_is_not_changed():
    model, x = dense("relu"), RNG.random((20, 6))
    model.fit(x, epochs=2, verbose=0)
    model.loss_and_gradient(x)
    before = pickle.dumps(model)
    tae.trace(model, x)
    assert pickle.dumps(model) == before


def test_the_input_is_not_changed():
    x = RNG.random((20, 6))
    before = x.copy()
    tae.trace(dense("relu"), x)
    np.testing.assert_array_equal(x, before)


# Marks


def marks(model, x=None):
    return tae.trace(model, RNG.random((32, 6)) if x is None else x).marked


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "elu", "tanh"])
def test_a_healthy_model_has_no_marks(activation):
    assert marks(dense(*[activation] * 4, units=30)) == {}


def test_vanishing_gradients_are_marked():
    model = dense(*["sigmoid"] * 6)
    rows = tae.trace(model, RNG.random((32, 6))).rows
    limit = 1e-3 * rows[-1].gradient_norm
    assert rows[0].marks == ("vanishing",)
    assert rows[-1].marks == ()
    for row in rows:
        assert ("vanishing" in row.marks) == (row.gradient_norm < limit)


def test_exploding_gradients_are_marked():
    model = dense(*["linear"] * 4)
    for layer in model.layers[2:]:
        layer.weights["kernel"][...] *= 30
    found = marks(model)
    assert found["encoder[0] Dense"] == ("exploding",)


def test_exploding_values_are_marked():
    model = dense("linear")
    model.layers[1].weights["bias"][...] = 1e4
    assert list(marks(model)) == ["decoder[0] Dense", "decoder[1] Dense"]
    model.layers[1].weights["bias"][...] = 100
    assert marks(model) == {}


def test_input_that_is_zero_is_no_yardstick():
    model = dense("relu")
    model.layers[0].weights["bias"][...] = 0.1
    assert marks(model, np.zeros((4, 6))) == {}


@pytest.mark.parametrize("weight", [3e38, np.nan])
def test_what_is_not_finite_is_exploding(weight):
    model = dense("linear", dtype="float32")
    model.layers[1].weights["kernel"][...] = weight
    with np.errstate(all="ignore"):
        found = marks(model)
    assert "exploding" in found["decoder[0] Dense"]


def test_dead_layers_are_marked():
    model = dense("relu", "tanh")
    model.layers[1].weights["bias"][...] = -100
    found = marks(model)
    assert found["decoder[0] Dense"] == ("dead",)
    assert found["encoder[0] Dense"] == ("vanishing",)  # nothing comes through to it
    assert list(found) == ["encoder[0] Dense", "decoder[0] Dense"]


def test_saturated_layers_are_dead():
    model = dense("tanh")
    model.layers[1].weights["bias"][...] = 1000
    assert marks(model)["decoder[0] Dense"] == ("dead",)


def test_frozen_layers_are_marked():
    model = dense("relu")
    model.layers[1].trainable = False
    report = tae.trace(model, RNG.random((32, 6)))
    assert report.marked == {"decoder[0] Dense": ("frozen",)}
    assert report.rows[1].weight_gradient_norm == 0


def test_a_frozen_layer_of_ones_own_has_no_gradient_either():
    layer = Affine()
    layer.trainable = False
    model = tae.Autoencoder([tae.Dense(3), layer], [tae.Dense(6)], input_shape=(6,))
    first, frozen, _ = tae.trace(model, RNG.random((4, 6))).rows
    assert frozen.marks == ("frozen",)
    assert first.weight_gradient_norm > frozen.weight_gradient_norm == 0


# Formulas


def formulas(layers, input_shape):
    """Forward and backward of each layer, in a model that ends in something else."""
    model = tae.Autoencoder(layers, [tae.Flatten(), tae.Dense(2)], input_shape=input_shape)
    x = RNG.random((3, *input_shape))
    rows = tae.trace(model, x, np.ones((3, 2))).rows[: len(layers)]
    return [tuple(row.formula) for row in rows]


def test_formulas_of_dense_layers():
    activations = ("linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid")
    layers = [tae.Dense(3, activation) for activation in activations]
    written = formulas([*layers, tae.Dense(2, use_bias=False)], (4,))
    tail = "; dW = xᵀ dz; db = Σ dz; dx = dz Wᵀ"
    assert written == [
        ("y = x W + b", "dz = dy" + tail),
        ("y = relu(x W + b)", "dz = dy (y > 0)" + tail),
        ("y = leaky_relu(x W + b)", "dz = dy (1 if y > 0 else 0.2)" + tail),
        ("y = elu(x W + b)", "dz = dy (1 + min(y, 0))" + tail),
        ("y = tanh(x W + b)", "dz = dy (1 − y²)" + tail),
        ("y = sigmoid(x W + b)", "dz = dy y (1 − y)" + tail),
        ("y = x W", "dz = dy; dW = xᵀ dz; dx = dz Wᵀ"),
    ]


@pytest.mark.parametrize("activation", KNOWN)
def test_the_written_slopes_are_true(activation):
    layer = tae.Activation(activation)
    x, dy = np.linspace(-2, 2, 16).reshape(4, 4) + 0.01, RNG.normal(size=(4, 4))
    chain = tae.Sequential([layer])
    chain.build((4,), "float64")
    y, cache = layer.forward(x)
    expression = KNOWN[activation].slope
    expression = re.sub(r"\((.+) if (.+) else (.+)\)", r"(where(\2, \1, \3))", expression)
    for written, python in (
        *(("Σ dy y", "rows(dy * y)"), ("e^−y", "exp(−y)"), ("λ α", "λ * α"), ("²", "**2")),
        *(("dy (", "dy * ("), ("dy y (", "dy * y * ("), ("y (dy", "y * (dy")),
    ):
        expression = expression.replace(written, python)
    names = {"y": y, "dy": dy, "min": np.minimum, "where": np.where, "exp": np.exp}
    names |= {"λ": naive.SELU[0], "α": naive.SELU[1], "rows": lambda a: a.sum(1, keepdims=True)}
    expected = eval(expression.replace("−", "-"), names)
    np.testing.assert_allclose(layer.backward(dy, cache), expected, rtol=1e-12)


def test_formulas_of_image_layers():
    written = formulas(
        [
            tae.Conv2D(2, (3, 2), padding="same", activation="relu"),
            tae.MaxPooling2D(2),
            tae.UpSampling2D((1, 2)),
            tae.AveragePooling2D(2, strides=1),
            tae.Conv2DTranspose(1, 3, strides=2, use_bias=False),
            tae.Dropout(0.25),
            tae.GaussianNoise(0.1),
            tae.Activation("tanh"),
            tae.Reshape((-1,)),
        ],
        (8, 8, 1),
    )
    assert [forward for forward, _ in written] == [
        "y = relu(conv(x, W: 3×2, same) + b)",
        "y = max of x over windows 2×2, stride 2×2",
        "y = each pixel of x repeated 1×2",
        "y = mean of x over windows 2×2, stride 1×1",
        "y = convT(x, W: 3×3, valid, stride 2×2)",
        "y = x / 0.75, or 0 with probability 0.25",
        "y = x + 0.1 · N(0, 1)",
        "y = tanh(x)",
        "y = x in another shape",
    ]
    assert written[0][1] == "dz = dy (y > 0); dW = Σ x dz; db = Σ dz; dx = convT(dz, W)"
    assert written[4][1] == "dz = dy; dW = Σ x dz; dx = conv(dz, W)"
    assert written[7][1] == "dx = dy (1 − y²)"


PUBLIC = [part for name in homes("tinyae") if (part := known(name)) is not None]


@each_case
def test_every_layer_has_a_formula_of_its_own(case):
    for layer in chain_of(case).layers:
        assert describes(layer, "formula")
        forward, backward = layer.formula()
        assert forward.startswith("y = ")
        assert "dx = " in backward
        assert type(layer).__name__ not in forward + backward  # "y = Dense.forward(x)" says nothing


def test_the_table_of_layers_has_all():
    built_in = {part for part in PUBLIC if issubclass(part, tae.Layer)}
    assert {type(layer) for case in LAYER_CASES for layer in chain_of(case).layers} == built_in


@pytest.mark.parametrize(
    "loss",
    [*(part for part in PUBLIC if issubclass(part, tae.Loss)), BCEFromLogits],
    ids=lambda loss: loss.__name__,
)
def test_every_loss_has_a_formula_of_its_own(loss):
    assert "formula" in vars(loss)
    assert loss.formula.backward.startswith(("dy = ", "dz = "))


def test_a_sigmoid_before_bce_belongs_to_the_loss():
    x = RNG.random((5, 4))
    for last in ([tae.Dense(4, "sigmoid")], [tae.Dense(4), tae.Activation("sigmoid")]):
        model = tae.Autoencoder([tae.Dense(2)], last, loss="bce", input_shape=(4,))
        report = tae.trace(model, x)
        assert report.rows[-1].formula.forward in ("z = x W + b", "z = x")
        assert report.rows[-1].formula.backward.endswith(("dx = dz Wᵀ", "dx = dz"))
        assert "dy" not in report.rows[-1].formula.backward
        assert report.loss_formula.backward == "dz = (y − t) / size"
        assert report.rows[-1].least < 0
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4, "tanh")], loss="bce", input_shape=(4,))
    assert "y (1 − y)" in tae.trace(model, x).loss_formula.backward


class Doubling(tae.Layer):
    """A layer that tinyae does not know."""

    def forward(self, x, training=False, step=0, first=0):
        return 2 * x, None

    def backward(self, dy, cache):
        dy *= 2  # a layer may write over what it is given
        return dy


class Distance:
    """A loss that tinyae does not know."""

    def value_and_gradient(self, output, target):
        return float(np.abs(output - target).mean()), np.sign(output - target) / output.size


def test_custom_parts_are_traced():
    model = tae.Autoencoder(
        [tae.Dense(3)], [tae.Dense(6), Doubling()], loss=Distance(), input_shape=(6,)
    )
    report = tae.trace(model, RNG.random((4, 6)))
    last = report.rows[-1]
    assert tuple(last.formula) == ("y = Doubling.forward(x)", "dx = Doubling.backward(dy)")
    assert last.input_gradient_norm == pytest.approx(2 * last.gradient_norm)
    assert report.loss_formula.forward == "Distance.value_and_gradient(y, t)[0], t the target"


# The table


def test_it_prints_figures_formulas_and_marks():
    model = dense("relu", "linear")
    model.layers[1].weights["bias"][...] = -100
    report = tae.trace(model, RNG.random((4, 6)))
    lines, norms = str(report).splitlines(), (report.rows[0].norm, report.rows[0].gradient_norm)
    titles = ("layer", "output", "least", "most", "zeros", "|y|", "|dy|", "|dx|", "|dW|")
    assert tuple(lines[0].split()) == titles
    assert lines[4].split()[:6] == ["decoder[0]", "Dense", "6", "0", "0", "100%"]
    assert [float(each) for each in lines[1].split()[-4:-2]] == pytest.approx(norms, rel=0.05)
    assert lines[5] == "    y = relu(x W + b)  << dead"
    assert lines[6] == "    dz = dy (y > 0); dW = xᵀ dz; db = Σ dz; dx = dz Wᵀ"
    assert lines[-3].startswith("loss 0.")
    assert lines[-2:] == ["    mean of (y − t)², t the target", "    dy = 2 (y − t) / size"]


def test_a_penalty_and_a_constraint_are_printed():
    unit = tae.UnitNorm(axis=1)
    output = tae.Dense(6, kernel_regularizer=tae.L2(0.25), kernel_constraint=unit)
    model = tae.Autoencoder([tae.Dense(3, activity_regularizer=tae.L1(0.5))], [output], (6,))
    report = tae.trace(model, RNG.random((4, 6)))
    assert "the L2(0.25) penalty on W adds to the loss" in str(report)
    assert "its L1(0.5) penalty adds to the loss" in str(report)
    assert report.rows[1].formula.forward.endswith(f"; each step ends with {unit!r} on W")
    figures = f"{report.loss:.6g} = {report.reconstruction:.6g} + penalty {report.penalty:.6g}"
    assert figures in str(report)


def test_a_frozen_layer_has_no_penalty_and_no_constraint():
    frozen = tae.Dense(6, kernel_regularizer=tae.L2(0.25), kernel_constraint=tae.UnitNorm())
    model = tae.Autoencoder([tae.Dense(3)], [frozen], (6,))
    frozen.trainable = False
    assert tae.trace(model, RNG.random((4, 6))).rows[1].formula.forward == "y = x W + b"


@pytest.mark.parametrize("scale", [1e-30, 1, 1e6])
def test_it_prints_within_80_columns(scale):
    options = {"padding": "same", "activation": "leaky_relu"}
    penalty = tae.L1L2(0.1, 2)
    many = [
        tae.Conv2DTranspose(120, (11, 11), (1, 1), **options, activity_regularizer=penalty),
        tae.Conv2D(1, 3, padding="same"),
        tae.Conv2DTranspose(120, (11, 11), (1, 1), **options, activity_regularizer=penalty),
    ]
    model = tae.Autoencoder(
        [tae.Conv2D(1, 3, padding="same"), *[tae.Activation("relu") for _ in range(10)]],
        [*many, tae.Conv2D(1, 3, padding="same")],
        input_shape=(12, 12, 1),
    )
    text = str(tae.trace(model, RNG.random((1, 12, 12, 1)) * scale))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tae.trace(tae.PCA(2), np.ones((3, 6))), "model must be an Autoencoder"),
        (lambda: tae.trace(dense(), np.ones((3, 5))), r"x must have shape \(n, 6\)"),
        (lambda: tae.trace(dense(), np.ones((3, 6)), np.ones((2, 6))), "as many samples"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
