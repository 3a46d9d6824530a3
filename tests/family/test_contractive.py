"""Contractive: the mean over samples of the squares of a code's derivatives, in the penalty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support.exported import assert_equal, run_alone
from tests.support.layer_cases import COPIES
from tinyae.engine import tuning
from tinyae.family.derivatives import BENDS
from tinyae.network.chain import training_chain

activations = st.sampled_from(sorted(BENDS))
x = np.random.default_rng(0).random((7, 6))


def model(*names, strength=0.3, decoder=None, shape=(6,), **options):
    """An encoder of Dense layers with these activations, from weights that are none of them 0."""
    layers = [tae.Dense(5 - i, name) for i, name in enumerate(names)]
    layers = [tae.Flatten(), *layers] if len(shape) > 1 else layers
    decoder = decoder or [tae.Dense(6, "sigmoid"), tae.Reshape(shape)]
    settings = {"loss": "bce", "dtype": "float64", **options}
    ae = tae.Autoencoder([*layers, tae.Contractive(strength)], decoder, shape, **settings)
    ae.parameters[...] += np.random.default_rng(1).normal(0, 0.3, ae.parameters.size)
    return ae


def squares(ae, x, h=1e-5):
    """Each sample's ‖∂code/∂x‖²_F, by differences."""
    shifts = h * np.eye(x[0].size).reshape(-1, *x.shape[1:])
    slopes = [(ae.encode(x + shift) - ae.encode(x - shift)) / (2 * h) for shift in shifts]
    return (np.array(slopes) ** 2).sum(axis=(0, 2))


@settings(deadline=None, max_examples=25)
@given(activations, st.booleans())
def test_of_one_layer_it_is_exact(activation, images):
    ae = model(activation, shape=(2, 3) if images else (6,))
    data = x.reshape(-1, *ae.input_shape)
    assert ae.evaluate(data)["penalty"] == pytest.approx(
        0.3 * squares(ae, data).mean(), rel=1e-6, abs=1e-9
    )


@pytest.mark.parametrize("names", [("tanh", "sigmoid"), ("elu", "linear", "selu")])
def test_of_more_layers_its_mean_is(names):
    ae = model(*names)
    estimates = []
    for step in range(800):
        ae.progress.step = step
        plain = ae.evaluate(x)["reconstruction"]
        estimates.append(ae.loss_and_gradient(x, training=True)[0] - plain)
    expected = 0.3 * squares(ae, x).mean()
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert error < 0.05 * expected
    assert abs(np.mean(estimates) - expected) < 5 * error
    assert ae.evaluate(x)["penalty"] == ae.evaluate(x)["penalty"]  # one v for each sample


@settings(deadline=None, max_examples=30)
@given(st.lists(activations, min_size=1, max_size=3), st.integers(0, 100))
def test_gradients(names, seed):
    ae = model(*names, seed=seed, strength=2.0)
    ae.layers[0].kernel_regularizer = tae.L2(0.1)
    ae.layers[-3].activity_regularizer = tae.L1(0.2)  # on the code, by Contractive itself
    assert isinstance(ae.layers[-3], tae.Contractive)
    report = tae.check_gradients(ae, x)
    assert report.passed or report.verdict == "inconclusive", report


def test_gradients_through_tied_and_frozen_layers():
    first, second = tae.Dense(5, "tanh"), tae.Dense(3, "softplus")
    decoder = [tae.Tied(second, "tanh"), tae.Tied(first)]
    ae = tae.Autoencoder([first, second, tae.Contractive(0.5)], decoder, (6,), dtype="float64")
    assert training_chain(ae.layers, ae.loss).compiled
    assert tae.check_gradients(ae, x).passed
    first.trainable = False
    assert tae.check_gradients(ae, x).passed
    assert not ae.loss_and_gradient(x)[1][: first.parameter_count].any()


@pytest.mark.parametrize("names", [("tanh",), ("relu", "sigmoid")])
def test_a_step_is_the_same_in_chunks_threads_and_python(names, monkeypatch):
    found = []
    for threads, size, eager in ((1, None, False), (3, 400, False), (1, None, True)):
        monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
        monkeypatch.setattr(tuning, "CHUNK_BYTES", size or tuning.CHUNK_BYTES)
        ae = model(*names, threads=threads)
        history = ae.fit(x, epochs=4, batch_size=5, verbose=0, eager=eager)
        assert min(history["penalty"]) > 0
        np.testing.assert_allclose(
            np.add(history["reconstruction"], history["penalty"]), history["loss"]
        )
        found.append(ae.parameters.copy())
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-12)


def test_training_makes_codes_insensitive():
    norms = {}
    for strength in (0.0, 1.0):
        ae = model("tanh", "tanh", strength=strength, optimizer=tae.Adam(0.01))
        ae.fit(x, epochs=300, verbose=0)
        norms[strength] = squares(ae, x).mean()
    assert norms[1.0] < 0.1 * norms[0.0]


def test_strength_may_change_and_weights_of_samples_do_not_count():
    ae = model("tanh", "elu")
    before = ae.evaluate(x)["penalty"]
    weighted = ae.evaluate(x, sample_weight=np.arange(7.0))
    assert weighted["penalty"] == before
    ae.layers[2].strength = 0.6
    assert ae.evaluate(x)["penalty"] == pytest.approx(2 * before)
    steps = [tae.Autoencoder.train_on_batch(ae, x) for _ in range(2)]
    ae.layers[2].strength = 0.0
    assert ae.train_on_batch(x) < min(steps)


def test_outside_training_nothing_is_changed(tmp_path):
    ae = model("tanh", "sigmoid")
    plain = tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(4, "sigmoid")],
        [tae.Dense(6, "sigmoid")],
        (6,),
        loss="bce",
        dtype="float64",
    )
    plain.parameters[...] = ae.parameters
    for call in ("encode", "reconstruct", "reconstruction_error"):
        np.testing.assert_array_equal(getattr(ae, call)(x), getattr(plain, call)(x))
    source, _ = ae.export_numpy(tmp_path)
    found = run_alone(tmp_path, source.stem, x=x, z=ae.encode(x))
    assert_equal(found["encode"], ae.encode(x))
    assert_equal(found["score"], ae.reconstruction_error(x))


@pytest.mark.parametrize("way", [*COPIES, "file"])
def test_copies_train_as_it_does(way, tmp_path):
    ae = model("tanh", "tanh")
    ae.fit(x, epochs=2, verbose=0)
    if way == "file":
        ae.save(tmp_path / "model.npz", training_state=True)
        other = tae.load(tmp_path / "model.npz")
    else:
        other = COPIES[way](ae)
    assert repr(other.layers[2]) == "Contractive(0.3)"
    for each in (ae, other):
        each.fit(x, epochs=2, verbose=0)
    np.testing.assert_array_equal(other.parameters, ae.parameters)


class EagerMSE:
    """Makes a model train and be evaluated eagerly."""

    value_and_gradient = tae.MSE().value_and_gradient


def test_a_loss_of_ones_own():
    own, known = model("tanh", "elu", loss=EagerMSE()), model("tanh", "elu", loss="mse")
    assert own.evaluate(x) == pytest.approx(known.evaluate(x))
    for each in (own, known):
        each.fit(x, epochs=2, verbose=0)
    np.testing.assert_allclose(own.parameters, known.parameters, rtol=0, atol=1e-12)


def test_a_decoder_that_only_reshapes_leaves_the_codes_activation():
    ae = model("sigmoid", decoder=[tae.Reshape((5,))])
    y = x[:, :5]
    assert ae.evaluate(x, y)["penalty"] == pytest.approx(0.3 * squares(ae, x).mean(), rel=1e-6)
    assert tae.check_gradients(ae, x, y).passed
    assert len(ae.reconstruction_error(x, y)) == 7


@pytest.mark.parametrize("activations", [("elu",), ("tanh", "sigmoid")])
def test_trace_shows_the_models_own_layers(activations):
    ae = model(*activations)
    report = tae.trace(ae, x)
    assert [row.name for row in report.rows] == [layer.label for layer in ae.layers]
    assert [row.shape for row in report.rows] == [layer.output_shape for layer in ae.layers]
    for row, layer in zip(report.rows, ae.encoder.layers, strict=False):
        y = ae.encode(x, layer=layer)
        assert (row.least, row.most) == pytest.approx((y.min(), y.max()), rel=1e-6)
        assert row.norm == pytest.approx(np.linalg.norm(y), rel=1e-6)
    text = str(report)
    assert report.rows[0].formula == tae.Dense(1, activations[0]).formula()
    assert "y = x; 0.3 ‖∂y/∂input‖² joins the loss" in text
    assert "Direction" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_what_it_is_not_for_is_refused():
    def refused(match, encoder, decoder=None, shape=(6,)):
        with pytest.raises(ValueError, match=match):
            tae.Autoencoder(encoder, decoder or [tae.Dense(6)], shape)

    last = tae.Contractive(0.1)
    refused(
        "needs an encoder of Dense.* layer 1 is Dropout", [tae.Dense(3), tae.Dropout(0.1), last]
    )
    refused("layer 0 is Conv2D", [tae.Conv2D(2, 3), tae.Flatten(), last], shape=(4, 4, 1))
    refused("must be the last layer of the encoder", [last, tae.Dense(3)])
    refused("must be the last", [tae.Dense(3)], [tae.Contractive(0.1), tae.Dense(6)])
    refused(
        "layer 0 of the encoder is Dense.3, activation='softmax'", [tae.Dense(3, "softmax"), last]
    )
    refused("without activity_regularizer", [tae.Dense(3, activity_regularizer=tae.L1()), last])
    ae = model("tanh")
    ae.layers[0].activation = "softmax"
    with pytest.raises(ValueError, match="softmax"):
        ae.fit(x, verbose=0)
    assert ae.progress.step == 0
