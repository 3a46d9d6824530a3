"""Weights of samples and of elements: the loss is Σ w ℓ / Σ w, in every way a model computes it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support.small_models import PlainMSE

N, WIDTH = 24, 5
rng = np.random.default_rng(0)
x = rng.random((N, WIDTH))
ELEMENTS = np.where(rng.random((N, WIDTH)) < 0.3, 0, rng.random((N, WIDTH)))
ELEMENTS[4] = 0
SAMPLES = np.where(np.arange(N) % 5 == 0, 0, rng.random(N))
WEIGHTS = pytest.mark.parametrize("weight", [SAMPLES, ELEMENTS], ids=["samples", "elements"])
EAGER = pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
LOSSES = pytest.mark.parametrize("loss", ["mse", "bce"])


class Same(tae.Layer):
    """A layer of one's own without kernels."""

    def forward(self, x, training=False, step=0, first=0):
        return x, None

    def backward(self, dy, cache):
        return dy


def model(loss="mse", optimizer=None, first=(), **options):
    return tae.Autoencoder(
        [*first, tae.Dense(3, "tanh", activity_regularizer=tae.L2(0.1))],
        [tae.Dense(WIDTH, "sigmoid")],
        input_shape=(WIDTH,),
        loss=loss,
        optimizer=optimizer or tae.SGD(0.1),
        dtype="float64",
        **options,
    )


def element_losses(ae):
    """ℓ by definition, (n, WIDTH)."""
    y = ae.reconstruct(x)
    if ae.loss.__class__.__name__ == "BCE":
        return -x * np.log(y) - (1 - x) * np.log(1 - y)
    return (y - x) ** 2


def each_element(weight):
    return np.broadcast_to(weight.reshape(N, -1), (N, WIDTH))


@LOSSES
@WEIGHTS
@EAGER
def test_the_loss_is_the_weighted_mean(loss, weight, eager):
    ae, w = model(loss), each_element(weight)
    expected = (w * element_losses(ae)).sum() / w.sum()
    figures = ae.evaluate(x, sample_weight=weight)
    assert figures["reconstruction"] == pytest.approx(expected, rel=1e-13)
    value, _ = ae.loss_and_gradient(x, sample_weight=weight, eager=eager)
    assert value == pytest.approx(expected + figures["penalty"], rel=1e-13)
    assert figures["penalty"] == ae.evaluate(x)["penalty"]  # which is not weighted


@LOSSES
@WEIGHTS
@EAGER
def test_the_gradient_is_that_of_the_weighted_mean(loss, weight, eager):
    """By central differences, one parameter at a time."""
    ae = model(loss)
    _, gradient = ae.loss_and_gradient(x, sample_weight=weight, eager=eager)
    differences = np.empty_like(gradient)
    for i in range(len(gradient)):
        sides = []
        for step in (1e-6, -1e-6):
            ae.parameters[i] += step
            sides.append(ae.evaluate(x, sample_weight=weight)["loss"])
            ae.parameters[i] -= step
        differences[i] = (sides[0] - sides[1]) / 2e-6
    np.testing.assert_allclose(gradient, differences, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=N, max_size=N).filter(any), st.booleans())
def test_a_whole_weight_is_that_many_copies(counts, eager):
    ae, copies = model("bce"), np.repeat(x, counts, axis=0)
    ae.encoder.layers[0].activity_regularizer = None  # whose mean is over all samples
    loss, gradient = ae.loss_and_gradient(x, sample_weight=counts, eager=eager)
    expected, of_copies = ae.loss_and_gradient(copies)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, of_copies, atol=1e-14)


@WEIGHTS
@pytest.mark.parametrize("how", [{}, {"eager": True}], ids=["compiled", "eager"])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_has_no_weight_teaches_nothing(weight, how, threads, monkeypatch):
    monkeypatch.setattr("tinyae.engine.tuning.THREAD_OPERATIONS", 1)
    w, found = each_element(weight), []
    for target in (x, np.where(w > 0, x, 1 - x)):
        ae = model("bce", tae.Adam(0.05), threads=threads)
        ae.fit(x, target, sample_weight=weight, epochs=3, batch_size=7, verbose=0, **how)
        found.append([*ae.parameters, *ae.history["loss"]])
    np.testing.assert_array_equal(*found)


@WEIGHTS
def test_compiled_as_eager_with_any_threads(weight, monkeypatch):
    monkeypatch.setattr("tinyae.engine.tuning.THREAD_OPERATIONS", 1)
    found = []
    for how in ({"threads": 1}, {"threads": 2}, {"eager": True}):
        ae = model("bce", tae.Adam(0.05), threads=how.get("threads"))
        fit = {"epochs": 3, "batch_size": 7, "verbose": 0, "eager": how.get("eager", False)}
        ae.fit(x, sample_weight=weight, validation_data=(x, None, weight), **fit)
        figures = [values for key, values in ae.history.items() if key != "seconds"]
        found.append(np.concatenate([ae.parameters, *figures]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-12)


@WEIGHTS
def test_an_epochs_mean_is_weighted_by_the_weights(weight):
    """With steps that change nothing it is what `evaluate` gives; penalties count by samples."""
    ae = model(optimizer=tae.SGD(1e-300))
    expected = ae.evaluate(x, sample_weight=weight)
    ae.fit(x, sample_weight=weight, batch_size=7, verbose=0, validation_data=(x, x, weight))
    for key, value in expected.items():
        assert ae.history[key] == pytest.approx([value], rel=1e-12)
        assert ae.history[f"val_{key}"] == pytest.approx([value], rel=1e-12)


@EAGER
def test_a_mini_batch_without_weight_has_no_loss_and_takes_no_step(eager):
    ae, before = model(), model().parameters.copy()
    ae.encoder.layers[0].activity_regularizer = None
    weight = np.repeat([0.0, 1.0], [8, N - 8])
    ae.fit(x, sample_weight=weight, steps_per_epoch=1, batch_size=8, shuffle=False, verbose=0)
    ae.fit(x[:8], sample_weight=np.zeros(8), epochs=2, verbose=0, eager=eager)
    assert ae.history["loss"] == [0, 0, 0]
    np.testing.assert_array_equal(ae.parameters, before)
    loss, gradient = ae.loss_and_gradient(x, sample_weight=np.zeros((N, WIDTH)), eager=eager)
    assert (loss, gradient.any()) == (0, False)
    assert ae.evaluate(x, sample_weight=np.zeros(N))["loss"] == 0


@WEIGHTS
@pytest.mark.parametrize("first", [[], [Same]], ids=["compiled", "eager"])
def test_each_samples_own_mean(weight, first):
    ae, w = model("bce", first=[make() for make in first]), each_element(weight)
    with np.errstate(invalid="ignore"):
        expected = (w * element_losses(ae)).sum(axis=1) / w.sum(axis=1)
    found = ae.reconstruction_error(x, sample_weight=weight)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(found).sum() == (w.sum(axis=1) == 0).sum() > 0
    elements = ae.reconstruction_error(x, per_feature=True, sample_weight=weight)
    np.testing.assert_allclose(elements, np.where(w > 0, element_losses(ae), np.nan), rtol=1e-12)


def test_a_loss_of_ones_own_is_asked_sample_by_sample():
    found = []
    for loss in ("mse", PlainMSE()):
        ae = model(loss)
        figures = ae.evaluate(x, sample_weight=SAMPLES)
        loss, gradient = ae.loss_and_gradient(x, sample_weight=SAMPLES)
        errors = ae.reconstruction_error(x, sample_weight=SAMPLES)
        found.append([*figures.values(), loss, *gradient, *errors])
    np.testing.assert_allclose(*found, rtol=1e-12)


# Ways to give them


def test_validation_split_takes_the_last_samples_before_they_are_shuffled():
    found = []
    for data, options in (
        ((x[:18], x[:18] ** 2), {"validation_data": (x[18:], x[18:] ** 2, SAMPLES[18:])}),
        ((x, x**2), {"validation_split": 0.25}),
    ):
        ae = model()
        weight = SAMPLES[: len(data[0])]
        ae.fit(*data, sample_weight=weight, epochs=2, batch_size=5, verbose=0, **options)
        figures = {key: values for key, values in ae.history.items() if key != "seconds"}
        found.append((figures, ae.parameters.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("given", [SAMPLES > 0, (SAMPLES > 0).tolist(), (SAMPLES > 0) * 1])
def test_weights_may_be_flags_and_lists(given):
    figures = model().evaluate(x, sample_weight=given)
    assert figures["reconstruction"] == pytest.approx(
        model().evaluate(x[SAMPLES > 0])["reconstruction"]
    )


def test_missing_values_are_masked():
    holes = np.where(ELEMENTS == 0, np.nan, x)
    filled, weight = tae.mask_missing(holes, fill=0.5)
    np.testing.assert_array_equal(filled, np.where(ELEMENTS == 0, 0.5, x))
    np.testing.assert_array_equal(weight, ELEMENTS > 0)
    assert np.isnan(holes).sum() == (weight == 0).sum()  # what was given is as before
    assert {a.dtype for a in tae.mask_missing(holes.astype("f4"))} == {np.dtype("f4")}
    ae = model()
    ae.fit(filled, sample_weight=weight, verbose=0)
    assert np.isfinite(ae.history["loss"]).all()


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(N - 1), rf"must have shape \({N},\), a weight for each sample, or that of"),
        (np.ones((N, 1)), rf"or that of the targets, \({N}, {WIDTH}\), but its shape is"),
        (np.where(np.arange(N) == 3, -1, 1), "zero or positive numbers, but row 3 holds -1"),
        (np.where(ELEMENTS == 0, np.nan, 1), "must be finite, but row . holds NaN"),
        (["a"] * N, "sample_weight"),
        (np.full(N, 1e-320), r"have a largest number from 2.2e-308 .* but it is 9.99\d*e-321"),
        (np.full(N, 1.7e308), r"whose sum over all \d+ elements is finite, but it is 1.7e\+308"),
        (np.full((N, WIDTH), 1.7e308), r"whose sum over all \d+ elements is finite"),
    ],
)
@pytest.mark.parametrize("what", ["fit", "evaluate", "loss_and_gradient", "reconstruction_error"])
def test_weights_that_are_none_are_refused(what, weight, message):
    ae = model()
    with pytest.raises(ValueError, match=message):
        getattr(ae, what)(x, sample_weight=weight)
    assert ae.progress.step == 0


def test_what_cannot_be_weighted_is_refused():
    ae = model(PlainMSE())
    for call in (ae.fit, ae.evaluate, ae.loss_and_gradient, ae.reconstruction_error):
        with pytest.raises(ValueError, match="PlainMSE is not known to be a sum over elements"):
            call(x, sample_weight=ELEMENTS)
    with pytest.raises(ValueError, match=r"validation_data\[2\] must have shape"):
        ae.fit(x, validation_data=(x, x, np.ones(3)))
    with pytest.raises(ValueError, match="validation_data or validation_split, but got both"):
        ae.fit(x, validation_data=x, validation_split=0.5)
    with pytest.raises(ValueError, match="must leave samples on both sides"):
        ae.fit(x[:3], validation_split=0.9)
    with pytest.raises(ValueError, match="validation_split must be at least 0 and below 1"):
        ae.fit(x, validation_split=1)


def test_a_loss_that_a_callback_sets_must_take_the_weights():
    ae = model()

    def replace(epoch, logs):
        ae.loss = PlainMSE()

    with pytest.raises(ValueError, match="not known to be a sum over elements"):
        ae.fit(x, sample_weight=ELEMENTS, epochs=2, callbacks=replace, verbose=0)


TABLES = [
    tae.Columns([(slice(0, 3), "mse"), ([4, 3], "bce")]),
    tae.Columns([(0, "huber"), (slice(1, 5), "mae")]),
    *("mae", tae.Huber(0.1)),
]


@pytest.mark.parametrize("table", TABLES, ids=repr)
@WEIGHTS
@EAGER
def test_every_loss_of_elements_is_weighted(table, weight, eager):
    ae, w = model(table), each_element(weight)
    losses = ae.reconstruction_error(x, per_feature=True)
    value, gradient = ae.loss_and_gradient(x, sample_weight=weight, eager=eager)
    figures = ae.evaluate(x, sample_weight=weight)
    assert figures["reconstruction"] == pytest.approx((w * losses).sum() / w.sum(), rel=1e-12)
    assert value == pytest.approx(figures["loss"], rel=1e-12)
    other = ae.loss_and_gradient(x, sample_weight=weight, eager=not eager)[1]
    np.testing.assert_allclose(gradient, other, atol=1e-14)
    report = tae.check_gradients(model(table), x)
    assert report.passed


def test_classes_have_one_weight_together():
    ae = tae.Autoencoder(
        *([tae.Dense(3)], [tae.Dense(WIDTH, "softmax")]),
        loss="categorical_crossentropy",
        dtype="float64",
    )
    ones = np.eye(WIDTH)[np.arange(N) % WIDTH]
    ae.fit(ones, sample_weight=SAMPLES, verbose=0)
    kept = ae.evaluate(ones[SAMPLES > 0])["loss"]
    assert ae.evaluate(ones, sample_weight=SAMPLES > 0)["loss"] == pytest.approx(kept)
    with pytest.raises(ValueError, match="CategoricalCrossentropy is not known to be a sum over"):
        ae.fit(ones, sample_weight=ELEMENTS)
    mixed = tae.Columns([(slice(0, 3), "categorical_crossentropy"), (slice(3, 5), "mse")])
    with pytest.raises(ValueError, match=r"must weigh the columns \[0, 1, 2\] alike"):
        model(mixed).evaluate(x, sample_weight=ELEMENTS)


class WithElements(PlainMSE):
    """A loss of one's own that can say what each element's share is."""

    def elements(self, output, target):
        return (output - target) ** 2


def test_a_loss_of_ones_own_that_says_its_elements_is_weighted():
    found = []
    for loss in ("mse", WithElements()):
        ae = model(loss)
        figures = ae.evaluate(x, sample_weight=ELEMENTS)
        loss, gradient = ae.loss_and_gradient(x, sample_weight=ELEMENTS)
        errors = ae.reconstruction_error(x, sample_weight=ELEMENTS)
        found.append([*figures.values(), loss, *gradient, *errors])
    np.testing.assert_allclose(*found, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mean_of_large_weights_does_not_overflow(dtype):
    ae, w = tae.Autoencoder([tae.Dense(2)], [tae.Dense(WIDTH)], dtype=dtype), ELEMENTS.astype(dtype)
    expected = ae.reconstruction_error(x, sample_weight=w)
    w *= np.finfo(dtype).max / x.size
    found = ae.reconstruction_error(100 * x, sample_weight=w)  # whose errors are above 1
    np.testing.assert_allclose(found, 1e4 * expected, rtol=1e-5)
