"""Around a TopK the engine computes with the active units only, and finds what all units give."""

import tracemalloc

import numpy as np
import pytest

import tinyae as tae
from tests.support import ways
from tests.support.ways import PATHS
from tinyae.engine.program import eager_predict
from tinyae.family import active_units
from tinyae.family.active_units import DECODE, ENCODE, SELECT
from tinyae.feeding.batches import Stretch
from tinyae.layers.dense import Dense
from tinyae.network.chain import training_chain
from tinyae.training.compiled import CompiledTrainer, make_trainer
from tinyae.training.eager import EagerTrainer

UNITS, K, INPUTS = 64, 3, 21
ROWS = active_units.BLOCK + 41
rng = np.random.default_rng(0)
x = rng.normal(size=(ROWS, INPUTS))


def model(first="relu", between=(), end=None, units=UNITS, k=K, top=None, **options):
    bias = options.pop("use_bias", True)
    dense = [] if first is None else [tae.Dense(units, first, use_bias=bias)]
    last = end or tae.Dense(INPUTS, options.pop("last", None), use_bias=bias)
    layers = [*dense, *between, top or tae.TopK(k)]
    settings = {"dtype": "float64", "seed": 1, "threads": 1, **options}
    return tae.Autoencoder(layers, [last], (INPUTS,), **settings)


def kernels(ae):
    trainer = make_trainer(ae, 8)
    trainer.close()
    return trainer.program.kernels


@pytest.fixture(params=PATHS)
def threads(request, monkeypatch):
    """How many, where the smallest model takes each of the engine's paths."""
    return ways.take_path(request.param, monkeypatch)


MODELS = {
    "plain": ({}, [ENCODE, DECODE]),
    "linear": ({"first": "linear"}, [ENCODE, DECODE]),
    "curved": ({"first": "tanh", "last": "sigmoid", "loss": "bce"}, [ENCODE, DECODE]),
    "no bias": ({"use_bias": False}, [ENCODE, DECODE]),
    "an activation between": (
        {"first": "linear", "between": [tae.Activation("elu")]},
        [Dense.kernels, tae.Activation.kernels, SELECT, DECODE],
    ),
    "units that depend on each other": (
        {"first": "softmax", "last": "softmax"},
        [Dense.kernels, SELECT, DECODE],
    ),
    "a penalty before": (
        {"first": None, "between": [tae.Dense(UNITS, activity_regularizer=tae.L1(0.1))]},
        [Dense.kernels, SELECT, DECODE],
    ),
    "penalties on kernels and the output": (
        {
            "first": None,
            "between": [tae.Dense(UNITS, kernel_regularizer=tae.L2(0.1))],
            "end": tae.Dense(
                *(INPUTS, "tanh"),
                kernel_regularizer=tae.L1(0.1),
                activity_regularizer=tae.L2(0.1),
                kernel_constraint=tae.UnitNorm(1),
            ),
        },
        [ENCODE, DECODE],
    ),
    "no dense layer before": (
        {"first": None, "between": [tae.Reshape((INPUTS,))], "k": 1},
        [tae.Reshape.kernels, SELECT, DECODE],
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_it_is_what_all_units_give(case, threads):
    options, expected = MODELS[case]
    ae = model(threads=threads, **remade(options))
    assert kernels(ae) == expected
    np.testing.assert_allclose(
        ae.reconstruct(x), eager_predict(ae.layers, x, ae.dtype), rtol=1e-11, atol=1e-13
    )
    target = np.abs(np.sin(x))
    losses, gradients = zip(
        *(ae.loss_and_gradient(x, target, eager=eager) for eager in (False, True)), strict=True
    )
    assert losses[0] == pytest.approx(losses[1], rel=1e-13)
    np.testing.assert_allclose(*gradients, rtol=1e-10, atol=1e-15)
    twin = ae.copy()
    for each, eager in ((ae, False), (twin, True)):
        each.fit(x, target, batch_size=67, epochs=2, eager=eager, verbose=0)
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=1e-8, atol=1e-10)


def remade(options):
    """The same with layers that are new."""
    between, end = options.get("between", ()), options.get("end")
    parts = tae.Sequential([*between, *([end] if end else []), tae.Flatten()]).copy().layers
    found = {**options, "between": parts[: len(between)]}
    return found if end is None else {**found, "end": parts[len(between)]}


def test_single_precision_and_weights_of_samples(threads):
    ae = model(dtype="float32", threads=threads)
    weight = rng.random(ROWS)
    twin = ae.copy()
    for each, eager in ((ae, False), (twin, True)):
        options = {"sample_weight": weight, "batch_size": 64, "verbose": 0, "eager": eager}
        each.fit(x, **options)
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=0, atol=2e-6)


def test_threads_and_clipped_steps_are_one_training(threads):
    optimizer = tae.Adam(clipnorm=0.01)
    ae, one = model(threads=threads, optimizer=optimizer), model(optimizer=optimizer)
    for each, eager in ((ae, False), (one, True)):
        each.fit(x, batch_size=50, eager=eager, verbose=0)
    np.testing.assert_allclose(ae.parameters, one.parameters, rtol=1e-8, atol=1e-10)
    again = model(threads=threads, optimizer=optimizer)
    again.fit(x, batch_size=50, verbose=0)
    np.testing.assert_array_equal(again.parameters, ae.parameters)


@pytest.mark.parametrize("case", ["plain", "curved", "an activation between"])
def test_gradients_by_finite_differences(case):
    ae = model(**remade(MODELS[case][0]))
    assert tae.check_gradients(ae, x[:5], np.abs(np.sin(x[:5]))).passed


@pytest.mark.parametrize("between", [False, True])
def test_the_gradient_for_the_input(between):
    ae = model(between=[tae.Activation("elu")] if between else [])
    chain = training_chain(ae.layers, ae.loss)
    stretch = Stretch(x, x, np.array([0, ROWS]), -1)
    compiled = CompiledTrainer(chain, ae.parameters, ae.slots, ROWS, 1, input_gradient=True)
    compiled.run(stretch, None)
    compiled.close()
    eager = EagerTrainer(chain, ae.parameters, ae.gradient, ae.slots)
    _, _, dx = eager.loss_and_gradient(x, x, False, 0)
    np.testing.assert_allclose(compiled.input_gradient(ROWS).reshape(x.shape), dx, atol=1e-16)


def test_active_units_of_value_zero_learn():
    """Of equal numbers the first are active; what goes through them goes to their biases."""
    ae = model("linear")
    zeros = np.zeros((4, INPUTS))
    _, gradient = ae.loss_and_gradient(zeros, zeros + 1)
    bias = gradient[INPUTS * UNITS :][:UNITS]
    assert bias[:K].all()
    assert not bias[K:].any()
    np.testing.assert_allclose(
        gradient, ae.loss_and_gradient(zeros, zeros + 1, eager=True)[1], atol=1e-16
    )


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_hidden(wrong):
    ae = model()
    ae.parameters[UNITS - 1] = wrong  # of the last unit
    seen = np.isfinite(eager_finite(ae))
    with np.errstate(all="ignore"):
        trainer = make_trainer(ae, 8)
        losses = trainer.run(Stretch(x[:8], x[:8], np.array([0, 8]), 0), tae.SGD(0.1))
        trainer.close()
    assert np.isfinite(losses).all() == seen


def eager_finite(ae):
    with np.errstate(all="ignore"):
        h = x[:8]
        for layer in ae.layers:
            h, _ = layer.forward(h)
        return (h**2).sum()


@pytest.mark.parametrize("frozen", [0, 2])
def test_what_is_frozen_stays(frozen, threads):
    ae = model(threads=threads)
    ae.layers[frozen].trainable = False
    before = ae.layers[frozen].parameters.copy()
    twin = ae.copy()
    ae.fit(x, verbose=0)
    twin.fit(x, verbose=0, eager=True)
    np.testing.assert_array_equal(ae.layers[frozen].parameters, before)
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=1e-8, atol=1e-10)


class Mine(tae.Dense):
    """A layer of one's own."""


class Kept(tae.TopK):
    """Another."""


OTHERWISE = {
    "many active units": {"k": UNITS // active_units.UNITS_FOR_EACH + 1},
    "a penalty on the code": {"top": tae.TopK(K, activity_regularizer=tae.L1(0.1))},
    "a dense layer of one's own": {"end": Mine(INPUTS)},
    "a TopK of one's own": {"top": Kept(K)},
    "another layer behind": {"end": tae.Activation("linear")},
}


@pytest.mark.parametrize("clause", OTHERWISE)
def test_other_models_compute_with_all_units(clause):
    found = kernels(model(**OTHERWISE[clause]))
    assert not {id(ENCODE), id(SELECT), id(DECODE)} & set(map(id, found))


def test_codes_are_all_units_whatever_the_engine_computes_with():
    ae = model()
    codes = ae.encode(x)
    assert codes.shape == (ROWS, UNITS)
    assert ((codes != 0).sum(axis=1) <= K).all()
    np.testing.assert_allclose(ae.decode(codes), ae.reconstruct(x), rtol=1e-12, atol=1e-14)
    assert [row.shape for row in tae.trace(ae, x).rows] == [(UNITS,), (UNITS,), (INPUTS,)]


def test_two_dictionaries_one_behind_the_other():
    ae = tae.Autoencoder(
        [tae.Dense(UNITS), tae.TopK(K), tae.Dense(48, "relu"), tae.TopK(2)],
        [tae.Dense(INPUTS)],
        (INPUTS,),
        dtype="float64",
    )
    assert kernels(ae) == [ENCODE, DECODE, SELECT, DECODE]
    gradients = [ae.loss_and_gradient(x, eager=eager)[1] for eager in (False, True)]
    np.testing.assert_allclose(*gradients, rtol=1e-10, atol=1e-15)


def activations_of(layer, images, path, rows):
    """What a trained layer makes of so many moved images, in a file that is mapped."""
    found = np.lib.format.open_memmap(path, "w+", np.float32, (rows, layer.units))
    for start in range(0, rows, 1000):
        moved = np.roll(images[start % len(images) :][:1000], start // len(images), axis=1)
        found[start : start + 1000] = layer.forward(moved)[0]
    found.flush()
    return np.load(path, mmap_mode="r")


@pytest.mark.large
def test_memory_does_not_grow_with_the_activations_it_is_trained_on(tmp_path):
    (images, _), _ = tae.datasets.mnist_mini()
    first = tae.Autoencoder([tae.Dense(512, "relu")], [tae.Dense(784)], (784,), seed=1)
    first.fit(images, batch_size=250, verbose=0)
    peaks = []
    for rows in (18_000, 72_000):
        x = activations_of(first.layers[0], images, tmp_path / f"{rows}.npy", rows)
        encoder, last = [tae.Dense(1024, "relu"), tae.TopK(16)], tae.Dense(512)
        last.kernel_constraint = tae.UnitNorm(axis=1)
        ae = tae.Autoencoder(encoder, [last], (512,), seed=1)
        before = float(((x[:1000] - ae.reconstruct(x[:1000])) ** 2).mean())
        tracemalloc.start()
        ae.fit(x, batch_size=1024, verbose=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert ae.evaluate(x[:1000])["loss"] < 0.7 * before
    assert peaks[1] < peaks[0] + 20e6, peaks  # the file has 110 MB more
