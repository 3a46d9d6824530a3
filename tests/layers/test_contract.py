"""The contract of a layer, held to by every line of one table; and what layers refuse."""

import copy
import math

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive
from tests.support.layer_cases import COPIES, chain_of, each_case, is_whole, samples
from tinyae.engine import program, tuning
from tinyae.feeding.batches import Stretch
from tinyae.maths.losses import MSE
from tinyae.network.chain import training_chain
from tinyae.system.numba_parts import DISABLED
from tinyae.training.compiled import CompiledTrainer
from tinyae.training.eager import EagerTrainer

each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def gradients_of(chain):
    """The layers' gradients as one vector, in the order of `parameters`."""
    parts = [g.ravel() for layer in chain.layers for g in layer.gradients.values()]
    return np.concatenate([np.empty(0), *parts])


def model_of(case, dtype="float64", **options):
    """An autoencoder with the layer in the middle of what has a gradient."""
    size = math.prod(case.input_shape)
    return tae.Autoencoder(
        [tae.Flatten(), tae.Dense(size, "tanh"), tae.Reshape(case.input_shape), case.make()],
        [tae.Flatten(), tae.Dense(size), tae.Reshape(case.input_shape)],
        **{"input_shape": case.input_shape, "dtype": dtype, "seed": 4, **options},
    )


class EagerMSE:
    """Makes a model train eagerly."""

    value_and_gradient = MSE().value_and_gradient


def assert_near(actual, expected, dtype):
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    largest = np.abs(expected).max(initial=1e-300)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * largest)


# The contract


@each_case
@each_dtype
def test_shapes_are_known_before_any_data(case, dtype):
    chain = tae.Sequential([case.make()])
    assert not chain.built
    shape = chain.build(case.input_shape, dtype)
    assert (chain.input_shape, chain.output_shape) == (case.input_shape, shape)
    assert all(isinstance(size, int) for size in shape)
    inner = case.input_shape
    for layer in chain.layers:
        assert layer.built
        assert layer.input_shape == inner
        inner = layer.output_shape
        for name, weight in layer.weights.items():
            assert weight.dtype == layer.gradients[name].dtype == dtype
            assert weight.shape == layer.gradients[name].shape
            assert np.shares_memory(weight, chain.parameters)
    assert inner == shape
    assert chain.parameter_count == chain.parameters.size == gradients_of(chain).size
    assert repr(case.make()).startswith(type(case.make()).__name__ + "(")


@each_case
@each_dtype
def test_forward_is_the_definition(case, dtype):
    chain, x = chain_of(case, dtype), samples(case, dtype=dtype)
    before = x.copy()
    y, _ = chain.forward(x)
    assert (y.shape, y.dtype) == ((len(x), *chain.output_shape), dtype)
    assert_near(y, naive.forward(chain, x), dtype)
    assert_near(chain.predict(x), y, dtype)
    for other in (np.asfortranarray(x), x.astype(">f8"), np.repeat(x, 2, axis=0)[::2]):
        np.testing.assert_array_equal(chain.forward(other)[0], y)
    np.testing.assert_array_equal(x, before)


@each_case
def test_backward_is_the_gradient(case):
    chain, x = chain_of(case), samples(case)
    y, cache = chain.forward(x)
    dy = np.random.default_rng(5).normal(size=y.shape)
    before = dy.copy()

    def value():
        return float((chain.forward(x)[0] * dy).sum())

    dx = chain.backward(dy, cache)
    numeric = naive.numeric_gradient(value, x)
    np.testing.assert_allclose(dx, numeric, rtol=1e-6, atol=1e-8)
    numeric = naive.numeric_gradient(value, chain.parameters)
    np.testing.assert_allclose(gradients_of(chain), numeric, rtol=1e-6, atol=1e-8)
    # once more: the same is added to the first, and what was given is as it was
    once = gradients_of(chain)
    np.testing.assert_array_equal(chain.backward(dy, cache), dx)
    assert_near(gradients_of(chain), 2 * once, "float64")
    np.testing.assert_array_equal(dy, before)
    np.testing.assert_array_equal(gradients_of(chain), chain.gradient)
    chain.clear_gradients()
    assert not chain.gradient.any()


@each_case
@pytest.mark.parametrize("form", ["new axis", "reversed", "broadcast"])
def test_a_single_sample_may_have_any_strides(case, form):
    """NumPy calls an array of one row contiguous whatever its first stride is."""
    chain, x = chain_of(case), samples(case, 2)
    single = {
        "new axis": x[1][np.newaxis],
        "reversed": x[::-1][:1],
        "broadcast": np.broadcast_to(x[1], (1, *x[1].shape)),
    }[form]
    assert single.flags.c_contiguous
    expected, cache = chain.forward(x[1:].copy())
    dy = np.random.default_rng(5).normal(size=expected.shape)
    dx, gradients = chain.backward(dy, cache), gradients_of(chain)
    chain.clear_gradients()
    y, cache = chain.forward(single)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(chain.backward(dy, cache), dx)
    np.testing.assert_array_equal(gradients_of(chain), gradients)


@each_case
def test_a_batch_is_its_samples(case):
    chain, x = chain_of(case), samples(case)
    y, cache = chain.forward(x)
    dy = np.random.default_rng(5).normal(size=y.shape)
    dx, total = chain.backward(dy, cache), gradients_of(chain)
    chain.clear_gradients()
    for i in range(len(x)):
        y_i, cache_i = chain.forward(x[i : i + 1])
        assert_near(y_i[0], y[i], "float64")
        assert_near(chain.backward(dy[i : i + 1], cache_i)[0], dx[i], "float64")
    np.testing.assert_allclose(gradients_of(chain), total, rtol=0, atol=1e-12)


def chunk_bytes(monkeypatch, model, samples_in_chunk):
    """Make chunks hold about that many samples."""
    table, size = program.Program(model.layers), 1
    monkeypatch.setattr(tuning, "CHUNK_BYTES", size)
    while table.capacity(1000) < samples_in_chunk:
        size += 1 + size // 16
        monkeypatch.setattr(tuning, "CHUNK_BYTES", size)


@each_case
@each_dtype
@pytest.mark.parametrize(
    ("threads", "chunk", "apart_from"),
    [(1, 1000, 1e9), (1, 1000, 0), (3, 1000, 0), (1, 1, 0), (2, 3, 0), (3, 1, 0), (3, 2, 0)],
)
def test_compiled_is_eager(case, dtype, threads, chunk, apart_from, monkeypatch):
    """Mini-batches cut into chunks and threads' shares give the same losses and gradients."""
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    monkeypatch.setattr(tuning, "APART_PARAMETERS", apart_from)
    monkeypatch.setattr(tuning, "POOL_OPERATIONS", 1)
    eager, compiled = (model_of(case, dtype) for _ in range(2))
    chunk_bytes(monkeypatch, compiled, chunk)
    x, target = samples(case, 19, dtype), samples(case, 38, dtype)[19:]
    bounds, optimizer = np.array([0, 8, 16, 19]), tae.SGD(0.1, momentum=0.5)
    chain = training_chain(compiled.layers, compiled.loss)
    fast = CompiledTrainer(chain, compiled.parameters, compiled.slots, 8, threads)
    slow = EagerTrainer(
        training_chain(eager.layers, eager.loss), eager.parameters, eager.gradient, eager.slots
    )
    assert fast.threads == (1 if DISABLED else threads)
    assert fast.capacity < 8 / threads or chunk == 1000 or DISABLED
    assert fast.apart == (fast.program.separable and chunk == 1000 and apart_from == 0)
    try:
        losses = fast.run(Stretch(x[:8], target[:8], np.array([0, 8]), 0), None)
        reconstruction, penalty, _ = slow.loss_and_gradient(x[:8], target[:8], True, 0)
        assert_near(losses[:, :2], [[reconstruction, penalty]], dtype)
        assert_near(fast.gradients[0], slow.gradient, dtype)
        stretch = Stretch(x, target, bounds, 0)
        assert_near(fast.run(stretch, optimizer), slow.run(stretch, optimizer), dtype)
    finally:
        fast.close()
    assert_near(compiled.parameters, eager.parameters, dtype)
    y, _ = compiled.decoder.forward(compiled.encoder.forward(x)[0])
    assert_near(compiled.reconstruct(x), y, dtype)
    by_loss = tae.Autoencoder(
        compiled.encoder.copy(), compiled.decoder.copy(), case.input_shape, EagerMSE(), dtype=dtype
    )
    for name, figure in by_loss.evaluate(x, target).items():
        assert_near(compiled.evaluate(x, target)[name], figure, dtype)


@each_case
def test_a_first_layer_leaves_out_the_gradient_for_its_input(case):
    size = math.prod(case.input_shape)
    model = tae.Autoencoder(
        [case.make()],
        [tae.Flatten(), tae.Dense(size), tae.Reshape(case.input_shape)],
        **{"input_shape": case.input_shape, "dtype": "float64"},
    )
    x, results = samples(case, 6), []
    for wanted in (True, False):
        chain = training_chain(model.layers, model.loss)
        trainer = CompiledTrainer(chain, model.parameters, model.slots, 6, 1, input_gradient=wanted)
        losses = trainer.run(Stretch(x, x, np.array([0, 6]), 0), None)
        results.append((losses.tolist(), trainer.gradients.tolist()))
        trainer.close()
    assert results[0] == results[1]


@each_case
@pytest.mark.parametrize(
    ("loss", "apart_from"),
    [("mse", 1e9), ("mse", 0), (EagerMSE(), 0)],
    ids=["compiled", "apart", "eager"],
)
def test_a_frozen_layer_stays(case, loss, apart_from, monkeypatch):
    monkeypatch.setattr(tuning, "APART_PARAMETERS", apart_from)
    model, x = model_of(case, loss=loss), samples(case, 9)
    model.fit(x, epochs=2, batch_size=4, verbose=0)  # momentum must not move it later
    for layer in model.encoder.layers[3:]:
        layer.trainable = False
    kept = [{k: w.copy() for k, w in layer.weights.items()} for layer in model.layers]
    gradient = model.loss_and_gradient(x)[1]
    moved = model.parameters.copy()
    model.fit(x, epochs=2, batch_size=4, verbose=0)
    moved = moved != model.parameters
    start = 0
    for layer, weights in zip(model.layers, kept, strict=True):
        here = slice(start, start + layer.parameter_count)
        start += layer.parameter_count
        assert gradient[here].any() == moved[here].any() == (layer.trainable and bool(weights))
        for name in weights:
            assert layer.trainable or not layer.gradients[name].any()
            assert layer.trainable or np.array_equal(layer.weights[name], weights[name])


@each_case
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_after_a_gradient_each_layer_holds_its_part(case, eager):
    model, x = model_of(case), samples(case, 7)
    expected = model.copy().loss_and_gradient(x, training=True, eager=eager)[1]
    model.gradient[...] = 9  # nothing is left of what was there
    _, gradient = model.loss_and_gradient(x, training=True, eager=eager)
    np.testing.assert_array_equal(gradient, expected)
    start = 0
    for layer in model.layers:
        for name, part in layer.gradients.items():
            here = gradient[start : start + part.size]
            np.testing.assert_array_equal(part, here.reshape(layer.weights[name].shape))
            assert np.shares_memory(part, model.gradient)
            start += part.size
        np.testing.assert_array_equal(layer.gradient, gradient[start - layer.gradient.size : start])
    assert start == gradient.size
    assert not np.shares_memory(gradient, model.gradient)


@each_case
def test_a_shallow_copy_of_a_layer_has_weights_of_its_own(case):
    chain, x = chain_of(case), samples(case)
    layer = chain.layers[-1]
    twin = copy.copy(layer)
    x = chain.forward(x)[1][-1][0]  # what reached the layer
    expected, parameters = layer.forward(x)[0], layer.parameters.copy()
    np.testing.assert_array_equal(twin.forward(x)[0], expected)
    for mine, other in ((twin.weights, layer.weights), (twin.gradients, layer.gradients)):
        assert list(mine) == list(other)
        assert not any(np.shares_memory(mine[name], other[name]) for name in mine)
    y, cache = twin.forward(x)
    twin.backward(np.ones_like(y), cache)
    twin.parameters[...] = 7
    assert all((weight == 7).all() for weight in twin.weights.values())
    np.testing.assert_array_equal(layer.parameters, parameters)
    assert is_whole(chain)
    assert not layer.gradient.any()


@each_case
@pytest.mark.parametrize("how", COPIES)
def test_copies_are_whole_and_independent(case, how):
    model, x = model_of(case, optimizer=tae.SGD(0.1)), samples(case, 6)
    model.fit(x, verbose=0)
    expected, parameters = model.reconstruct(x), model.parameters.copy()
    twin, part = COPIES[how](model), COPIES[how](model.encoder)
    assert is_whole(model)
    assert is_whole(model.encoder)
    np.testing.assert_array_equal(model.parameters, parameters)
    np.testing.assert_array_equal(part.predict(x), model.encode(x))
    assert is_whole(part)
    assert is_whole(twin)
    assert is_whole(twin.encoder)
    np.testing.assert_array_equal(twin.reconstruct(x), expected)
    part.parameters[...] = 0
    twin.fit(x, verbose=0)
    np.testing.assert_array_equal(model.parameters, parameters)
    np.testing.assert_array_equal(model.reconstruct(x), expected)
    model.fit(x, verbose=0)
    np.testing.assert_array_equal(model.parameters, twin.parameters)


@pytest.mark.parametrize(
    ("layer", "input_shape", "expected"),
    [
        (tae.Dense(3), (4,), 2 * 4 * 3 + 3),
        (tae.Dense(3, use_bias=False), (4,), 2 * 4 * 3 + 3),
        (tae.Activation("relu"), (4,), 4),
        (tae.Conv2D(5, (2, 3), padding="same"), (7, 6, 4), 7 * 6 * (2 * 2 * 3 * 4 * 5 + 5)),
        (tae.Conv2D(5, 2, strides=2), (6, 6, 4), 3 * 3 * (2 * 2 * 2 * 4 * 5 + 5)),
    ],
    ids=repr,
)
def test_operations_are_the_products_sums_and_outputs_of_a_sample(layer, input_shape, expected):
    """By which the engine tells how many threads are worth it."""
    tae.Sequential([layer]).build(input_shape)
    assert layer.operations() == expected
