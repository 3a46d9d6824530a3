"""What holds for every model, on models drawn at random."""

import contextlib
import pickle
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support.random_models import designs
from tests.support.ways import WAYS, limits
from tinyae.engine import tuning
from tinyae.engine.program import eager_predict
from tinyae.feeding.batches import Stretch
from tinyae.network.chain import training_chain
from tinyae.training.compiled import make_trainer
from tinyae.training.eager import EagerTrainer

# What is drawn need not be able to learn
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(is for outputs in|so outputs lie in|takes means and log variances)"
)
TOLERANCE = {"float32": 2e-4, "float64": 1e-9}


def assert_near(actual, expected, dtype, scale=1e-3):
    """Equal but for rounding, which is relative to the largest number."""
    bound = TOLERANCE[str(dtype)] * max(scale, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


def divided(threads, chunk, way):
    """Share even the smallest work between threads or none, in small chunks or whole, this way."""
    return (
        mock.patch.object(tuning, "POOL_OPERATIONS", threads),
        mock.patch.object(tuning, "THREAD_OPERATIONS", threads),
        mock.patch.object(tuning, "CHUNK_BYTES", chunk),
        *(mock.patch.object(*limit) for limit in limits(way)),
    )


division = st.builds(
    divided,
    st.sampled_from([1, 10**9]),
    st.sampled_from([1, 500, 1 << 18]),
    st.sampled_from(WAYS),
)


@given(designs(), division, st.integers(0, 3))
def test_eager_is_compiled(design, division, batches):
    model = design.make()
    x, y = (np.array(part, model.dtype, order="C") for part in (design.x, design.y))
    twin = model.copy()
    eager = EagerTrainer(
        training_chain(twin.layers, twin.loss), twin.parameters, twin.gradient, twin.slots
    )
    with contextlib.ExitStack() as stack:
        for patch in division:
            stack.enter_context(patch)
        assert_near(model.reconstruct(x), eager_predict(twin.layers, x, twin.dtype), model.dtype)
        loss, gradient = model.loss_and_gradient(x, y, training=True)
        *parts, _ = eager.loss_and_gradient(x, y, True, 0)
        assert_near(loss, sum(parts), model.dtype)
        assert_near(gradient, eager.gradient, model.dtype)
        bounds = np.unique(np.linspace(0, len(x), batches + 2).astype(int))
        stretch = Stretch(x, y, bounds, 0)
        trainer = make_trainer(model, len(x))
        eager.gradient[...] = 0
        try:
            losses = trainer.run(stretch, tae.SGD(0.01, 0.5))
        finally:
            trainer.close()
        assert_near(losses, eager.run(stretch, tae.SGD(0.01, 0.5)), model.dtype)
        assert_near(model.parameters, twin.parameters, model.dtype)


@given(designs(), st.integers(1, 13), st.booleans())
def test_eager_training_is_training(design, batch_size, training):
    compiled, x, y = design.make(dtype="float64"), design.x, design.y
    eager = compiled.copy()
    loss, gradient = compiled.loss_and_gradient(x, y, training=training)
    by_hand = eager.loss_and_gradient(x, y, training=training, eager=True)
    np.testing.assert_allclose(by_hand[0], loss, rtol=1e-12)
    scale = np.abs(gradient).max(initial=1)
    np.testing.assert_allclose(by_hand[1], gradient, rtol=0, atol=1e-12 * scale)
    np.testing.assert_array_equal(eager.gradient, by_hand[1])
    np.testing.assert_array_equal(compiled.gradient, gradient)
    try:
        compiled.copy().fit(x, y, epochs=3, batch_size=batch_size, verbose=0)
    except tae.TrainingDiverged:  # dropout of nine in ten makes large steps
        reject()
    compiled.fit(x, y, epochs=3, batch_size=batch_size, verbose=0)
    eager.fit(x, y, epochs=3, batch_size=batch_size, verbose=0, eager=True)
    scale = np.abs(compiled.parameters).max(initial=1)
    np.testing.assert_allclose(eager.parameters, compiled.parameters, rtol=0, atol=1e-10 * scale)
    np.testing.assert_allclose(eager.history["loss"], compiled.history["loss"], rtol=1e-10)


@given(designs(), division)
def test_a_batch_is_its_samples_and_a_reconstruction_a_decoded_code(design, division):
    model, x, y = design.make(), design.x, design.y
    with contextlib.ExitStack() as stack:
        for patch in division:
            stack.enter_context(patch)
        outputs = model.reconstruct(x)
        assert outputs.dtype == model.dtype
        assert outputs.shape == (len(x), *design.output_shape)
        for i in range(len(x)):
            assert_near(model.reconstruct(x[i : i + 1]), outputs[i : i + 1], model.dtype)
        assert_near(model.decode(model.encode(x)), outputs, model.dtype)
        assert_near(model.reconstruct(np.array(x, model.dtype)), outputs, model.dtype, 0)
        errors = model.reconstruction_error(x, y)
        assert_near(errors.mean(), model.evaluate(x, y)["reconstruction"], model.dtype)
        each = model.reconstruction_error(x, y, per_feature=True).reshape(len(x), -1)
        assert_near(each.mean(axis=1), errors, model.dtype)


@given(design=designs(), batch_size=st.integers(1, 13))
@settings(max_examples=25)
def test_a_saved_model_is_the_model(design, batch_size, tmp_path_factory):
    model, x, y = design.make(), design.x, design.y
    path = tmp_path_factory.getbasetemp() / "random.npz"
    try:
        model.copy().fit(x, y, epochs=3, batch_size=batch_size, verbose=0)
    except tae.TrainingDiverged:  # dropout of nine in ten makes large steps
        reject()
    model.fit(x, y, epochs=2, batch_size=batch_size, verbose=0)
    model.save(path, training_state=True)
    loaded, copied = tae.load(path), pickle.loads(pickle.dumps(model))
    before, output = model.parameters.tobytes(), model.reconstruct(x).tobytes()
    model.fit(x, y, batch_size=batch_size, verbose=0)
    for other in (loaded, copied):
        assert other.parameters.tobytes() == before
        assert other.reconstruct(x).tobytes() == output
        other.fit(x, y, batch_size=batch_size, verbose=0)
        assert other.parameters.tobytes() == model.parameters.tobytes()
        assert other.history["loss"] == model.history["loss"]


@given(designs())
@settings(max_examples=25)
def test_gradients_are_the_slopes_of_the_loss(design):
    report = tae.check_gradients(design.make(), design.x[:4], design.y[:4])
    assert report.verdict != "failed", str(report)
