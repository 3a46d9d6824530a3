"""A loss made of losses, for tables of mixed columns; and losses that say what outputs become."""

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive
from tests.support.exported import assert_equal, run_alone
from tests.support.own_parts import Cauchy
from tests.support.small_models import PlainMSE

ROWS = 11
MIXED = [(slice(0, 2), "mse"), ([3, 2], tae.Huber(0.3)), (4, "mae"), (slice(5, None), "bce")]
CLASSES = [(slice(0, 4), "mse"), (slice(4, 7), "categorical_crossentropy")]


def table(classes=False, dtype="float64"):
    """Seven columns, of which the last two are binary, or the last three shares of classes."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 7))
    x[:, 5:] = x[:, 5:] > 0
    if classes:
        x[:, 4:] = rng.dirichlet([1, 1, 1], ROWS)
    return x.astype(dtype)


def model(columns=MIXED, dtype="float64", **options):
    layers = [tae.Dense(4, "tanh")], [tae.Dense(7)]
    options = {"input_shape": (7,), "dtype": dtype, "seed": 2, **options}
    return tae.Autoencoder(*layers, loss=tae.Columns(columns), **options)


def by_hand(z, x):
    """The mean over every element of `MIXED`, from its own references."""
    parts = [
        2 * naive.mse(z[:, :2], x[:, :2]) + 2 * naive.huber(z[:, 2:4], x[:, 2:4], 0.3),
        naive.mae(z[:, 4:5], x[:, 4:5]) + 2 * naive.bce_from_logits(z[:, 5:], x[:, 5:]),
    ]
    return sum(parts) / 7


def test_value_and_gradient_are_those_of_the_columns():
    x, z = table(), np.random.default_rng(0).normal(size=(ROWS, 7))
    loss = tae.Columns(MIXED)
    value, gradient = loss.value_and_gradient(z, x)
    assert value == pytest.approx(by_hand(z, x), rel=1e-13)
    numeric = naive.numeric_gradient(lambda: by_hand(z, x), z)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)
    elements = loss.elements(z, x)
    assert elements.mean() == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(elements[:, 4], np.abs(z - x)[:, 4], rtol=1e-13)
    np.testing.assert_allclose(loss.sums(z, x), elements.sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize("columns", [MIXED, CLASSES], ids=["binary", "classes"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_trains_compiled_as_eager_and_gives_what_its_targets_are(columns, dtype, tmp_path):
    x = table(columns is CLASSES, dtype)
    ae, eager = model(columns, dtype), model(columns, dtype)
    before = ae.evaluate(x)["loss"]
    ae.fit(x, epochs=4, batch_size=4, verbose=0)
    eager.fit(x, epochs=4, batch_size=4, verbose=0, eager=True)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(ae.parameters, eager.parameters, rtol=0, atol=tolerance)
    figures, logits = ae.evaluate(x), ae.decoder.predict(ae.encode(x))
    assert figures["loss"] < before
    assert figures["loss"] == pytest.approx(ae.loss.value_and_gradient(logits, x)[0], rel=1e-5)
    y = ae.reconstruct(x)
    np.testing.assert_array_equal(y[:, :4], logits[:, :4])
    inner = (slice(4, 7), naive.softmax) if columns is CLASSES else (slice(5, 7), naive.sigmoid)
    np.testing.assert_allclose(y[:, inner[0]], inner[1](logits[:, inner[0]]), rtol=1e-5)
    np.testing.assert_array_equal(ae.decode(ae.encode(x)), y)
    errors = ae.reconstruction_error(x)
    np.testing.assert_allclose(
        ae.reconstruction_error(x, per_feature=True).mean(axis=1), errors, 1e-5
    )
    assert errors.mean() == pytest.approx(figures["loss"], rel=1e-5)
    ae.save(tmp_path / "model.npz")
    loaded = tae.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.reconstruct(x), y)
    assert loaded.evaluate(x) == figures
    ae.export_numpy(tmp_path)
    z = ae.encode(x)
    found = run_alone(tmp_path, "autoencoder", x=x, z=z)
    expected = {"encode": z, "decode": y, "reconstruct": y, "score": errors}
    for name, result in found.items():
        assert_equal(result, expected[name])


def test_gradients_by_finite_differences_with_a_loss_of_ones_own_and_of_images():
    columns = [(0, Cauchy(0.5)), (-1, "bce")]
    x = np.random.default_rng(1).random((5, 3, 2, 2))
    ae = tae.Autoencoder(
        [tae.Conv2D(3, 2, padding="same", activation="tanh")],
        [tae.Conv2D(2, 2, padding="same")],
        **{"loss": tae.Columns(columns), "input_shape": (3, 2, 2), "dtype": "float64"},
    )
    report = tae.check_gradients(ae, x)
    assert report.passed, report
    assert ((ae.reconstruct(x)[..., 1] > 0) & (ae.reconstruct(x)[..., 1] < 1)).all()
    errors = ae.reconstruction_error(x, per_feature=True)
    assert errors.shape == x.shape
    assert errors.mean() == pytest.approx(ae.evaluate(x)["loss"], rel=1e-12)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([(slice(0, 6), "mse")], "each of the 7 columns of the output once, but 6 is not named"),
        ([(slice(0, 7), "mse"), (2, "bce")], "but 2 is named more than once"),
        ([(slice(0, 8), "mse")], "columns names column 8, but outputs have 7 columns"),
        ([(range(6), "mse"), (7, "mse")], "columns names column 7, but outputs have 7 columns"),
    ],
)
def test_columns_that_do_not_fit_the_output_are_refused_and_change_nothing(columns, message):
    with pytest.raises(ValueError, match=message):
        model(columns)
    ae, x = model(columns, input_shape=None), table()
    for call in (ae.fit, ae.evaluate, ae.reconstruct, lambda x: ae.build((7,))):
        with pytest.raises(ValueError, match=message):
            call(x)
        assert not ae.built
    ae = model()
    kept = ae.loss
    with pytest.raises(ValueError, match=message):
        ae.loss = tae.Columns(columns)
    assert ae.loss is kept


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (3, "columns must be a list of pairs"),
        ([], "columns must hold at least one pair"),
        ([slice(0, 2)], r"columns must hold pairs .*, weight\), but got slice"),
        ([(0.5, "mse")], "columns must be given as an index, a slice or indices, but got 0.5"),
        ([(True, "mse")], "columns must be given as an index, a slice or indices, but got True"),
        (
            [(slice(0, "b"), "mse")],
            "columns must be given as an index, a slice or indices, but got sl",
        ),
        ([(0, "rmse")], "loss must be one of bce"),
        ([(0, PlainMSE())], "columns must hold losses with a kernel and no parts, but got"),
        ([(0, tae.Columns([(0, "mse")]))], "columns must hold losses with a kernel and no parts"),
    ],
)
def test_what_is_no_list_of_columns_is_refused_by_name(columns, message):
    with pytest.raises(ValueError, match=message):
        tae.Columns(columns)


def test_targets_of_binary_columns_lie_in_their_bounds():
    x, ae = table(), model()
    x[3, 6] = 1.5
    for call in (ae.evaluate, ae.fit, lambda x: ae.loss.value_and_gradient(x, x)):
        with pytest.raises(
            ValueError,
            match=r"must lie in \[0, 1\] in column 6, whose loss is 'bce', but row 3 holds 1",
        ):
            call(x)
    assert ae.progress.step == 0
    x[3, 6] = 1 + 1e-16
    x[0, 0] = 1e3  # which is bound by nothing
    ae.evaluate(x)


def test_a_last_layer_that_is_not_linear_is_warned_of():
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(7, "sigmoid")], loss=tae.Columns(MIXED))
    with pytest.warns(UserWarning, match="Columns is for a linear last layer.* Dense is sigmoid"):
        ae.fit(table(), verbose=0)


# Losses fused with an activation, and losses that say what each element's share is


def categorical(end, loss="categorical_crossentropy", **options):
    return tae.Autoencoder(
        [tae.Dense(3, "tanh")], end, (4,), loss, dtype="float64", optimizer=tae.SGD(0.1), **options
    )


class EagerCategorical(tae.CategoricalCrossentropy):
    """A subclass, which is not fused."""


@pytest.mark.parametrize(
    ("end", "fused"),
    [
        (lambda: [tae.Dense(4, "softmax")], True),
        (lambda: [tae.Dense(4), tae.Activation("softmax")], True),
        (lambda: [tae.Dense(4), tae.Reshape((2, 2)), tae.Activation("softmax")], True),
        (lambda: [tae.Dense(4, "softmax"), tae.Reshape((2, 2))], False),  # of others than the loss
        (lambda: [tae.Dense(4, "softmax", activity_regularizer=tae.L2(0.1))], False),
        (lambda: [tae.Dense(4, "sigmoid")], False),
    ],
)
def test_a_softmax_before_its_loss_is_found_and_changes_nothing_but_precision(end, fused):
    x = np.random.default_rng(0).dirichlet(np.ones(4), 7)
    y = x.reshape(7, *categorical(end()).output_shape)
    together, apart = categorical(end()), categorical(end(), EagerCategorical())
    report = tae.check_gradients(together, x, y)
    assert report.passed, report
    found = tae.trace(together, x, y).loss_formula.backward
    assert found.startswith("dz =" if fused else "dy =")
    assert tae.trace(apart, x, y).loss_formula.backward.startswith("dy =")
    for name, figure in apart.evaluate(x, y).items():
        assert together.evaluate(x, y)[name] == pytest.approx(figure, rel=1e-12)
    together.fit(x, y, epochs=3, batch_size=3, verbose=0)
    apart.fit(x, y, epochs=3, batch_size=3, verbose=0)
    np.testing.assert_allclose(together.parameters, apart.parameters, rtol=1e-9)


def test_a_saturated_softmax_still_learns():
    x = np.tile([0.0, 1.0, 0.0, 0.0], (5, 1))
    ae = categorical([tae.Dense(4, "softmax")])
    ae.decoder.layers[0].weights["bias"][...] = [500, -500, 500, -500]
    assert ae.evaluate(x)["loss"] == pytest.approx(1000, rel=0.01)
    assert ae.loss_and_gradient(x)[1][-3] == pytest.approx(-1)


def test_the_sum_is_over_the_last_axis_and_the_mean_over_the_rest():
    rng = np.random.default_rng(0)
    y, x = rng.dirichlet(np.ones(3), (4, 5)), rng.dirichlet(np.ones(3), (4, 5))
    value, gradient = tae.CategoricalCrossentropy().value_and_gradient(y, x)
    assert value == pytest.approx(-(x * np.log(y)).sum(axis=-1).mean(), rel=1e-13)
    np.testing.assert_allclose(gradient, -x / y / 20, rtol=1e-13)


class Says:
    """A loss of one's own, without a kernel, that says each element's share."""

    def value_and_gradient(self, output, target):
        d = output - target
        return float((d**4).mean()), 4 * d**3 / d.size

    def elements(self, output, target):
        return (output - target) ** 4


def test_a_loss_of_ones_own_may_say_what_each_element_has():
    x = np.random.default_rng(0).random((6, 4))
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], (4,), Says(), dtype="float64")
    shares = ae.reconstruction_error(x, per_feature=True)
    np.testing.assert_allclose(shares, (ae.reconstruct(x) - x) ** 4, rtol=1e-12)
    np.testing.assert_allclose(shares.mean(axis=1), ae.reconstruction_error(x), rtol=1e-12)

    class Doubled(tae.MSE):  # whose inherited elements say something else
        def value_and_gradient(self, output, target):
            value, gradient = super().value_and_gradient(output, target)
            return 2 * value, 2 * gradient

    class Wrong(Says):
        def elements(self, output, target):
            return super().elements(output, target).mean(axis=1)

    for loss, message in (
        (Doubled(), r"elements\(output, target\), but Doubled gives no element's share"),
        (PlainMSE(), "but PlainMSE gives no element's share"),
        (Wrong(), r"what Wrong.elements gives must have shape \(6, 4\), but its shape is \(6,\)"),
    ):
        ae.loss = loss
        with pytest.raises(ValueError, match=message):
            ae.reconstruction_error(x, per_feature=True)


# Weights


def weighted_by_hand(z, x, factors, weight):
    """Σ w ℓ / Σ w of the two parts of `CLASSES`, with a factor for each."""
    shares = np.exp(z[:, 4:]) / np.exp(z[:, 4:]).sum(axis=1, keepdims=True)
    squares = factors[0] * (z[:, :4] - x[:, :4]) ** 2
    entropies = -3 * factors[1] * x[:, 4:] * np.log(shares)
    return float((weight * np.hstack([squares, entropies])).sum() / weight.sum())


@pytest.mark.parametrize("factors", [(1, 1), (2.5, 0.25), (1, 0)])
@pytest.mark.parametrize("eager", [False, True])
def test_parts_and_elements_have_weights_beside_classes(factors, eager):
    x, z = table(classes=True), np.random.default_rng(0).normal(size=(ROWS, 7))
    weight = np.random.default_rng(1).integers(0, 3, (ROWS, 7)).astype(float)
    weight[:, 5:] = weight[:, 4:5]
    weight[2] = 0
    columns = [(*pair, factor) for pair, factor in zip(CLASSES, factors, strict=True)]
    ae = model(columns)
    ae.train_on_batch(x, sample_weight=weight)
    z = ae.decoder.predict(ae.encode(x))
    value, gradient = ae.loss_and_gradient(x, sample_weight=weight, eager=eager)
    assert value == pytest.approx(weighted_by_hand(z, x, factors, weight), rel=1e-12)
    parameters = ae.parameters

    def loss():
        z = ae.decoder.predict(ae.encode(x))
        return weighted_by_hand(z, x, factors, weight)

    numeric = naive.numeric_gradient(loss, parameters)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)
    assert ae.evaluate(x, sample_weight=weight)["loss"] == pytest.approx(value, rel=1e-12)
    elements = ae.loss.elements(z, x)
    np.testing.assert_allclose(ae.loss.sums(z, x), elements.sum(axis=1), rtol=1e-12)


def test_weights_that_tell_classes_apart_are_refused():
    weight = np.ones((ROWS, 7))
    weight[3, 5] = 0
    ae = model(CLASSES)
    with pytest.raises(ValueError, match=r"columns \[4, 5, 6\] alike.* but row 3 does not"):
        ae.fit(table(classes=True), sample_weight=weight)
    assert ae.progress.step == 0
    with pytest.raises(ValueError, match="a weight in columns must be zero or positive"):
        tae.Columns([(0, "mse", -1)])


def test_a_weighted_loss_comes_back_from_its_file(tmp_path):
    columns = [(slice(0, 4), "mse", 2.0), ([4, 5, 6], "categorical_crossentropy", 0.5)]
    ae, x = model(columns), table(classes=True)
    ae.save(tmp_path / "model.npz")
    assert tae.load(tmp_path / "model.npz").evaluate(x) == ae.evaluate(x)


def test_rows_in_files_have_columns_too(tmp_path):
    """What is read a part at a time is looked at a part at a time."""
    x, paths = table(), [tmp_path / "a.npy", tmp_path / "b.npy"]
    np.save(paths[0], x[:6])
    np.save(paths[1], x[6:])
    assert model().evaluate(paths) == model().evaluate(x)
    x[8, 5] = -2
    np.save(paths[1], x[6:])
    with pytest.raises(ValueError, match=r"\[0, 1\] in column 5, .* 'bce', but row 8 holds -2"):
        model().fit(paths)
