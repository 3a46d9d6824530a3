"""Which models train by units, and which in lanes: one test for each clause."""

import pytest

import tinyae as tae
from tests.support.jit import needs_jit
from tinyae.engine import tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import tiles
from tinyae.training.compiled import make_trainer

ROWS = 64


@pytest.fixture(autouse=True)
def with_the_registers(monkeypatch):
    have_registers(monkeypatch, tiles.NEED, tiles.NEED_IN_LANES)


def have_registers(monkeypatch, *known):
    monkeypatch.setattr(tiles, "processor_has", lambda feature: feature in known)


def by_units(*between, units=200, rows=ROWS, **settings):
    """Whether a model with these layers in its middle trains by units."""
    end = settings.pop("end", tae.Dense(784))
    whole = settings.pop("whole", False)
    model = tae.Autoencoder(
        [tae.Dense(units), *between], [end], (784,), **{"threads": 2, **settings}
    )
    trainer = make_trainer(model, rows, whole=whole)
    trainer.close()
    return trainer.by_units


@needs_jit
def test_large_dense_models_train_by_units():
    assert by_units()
    assert by_units(rows=tuning.UNITS_ROWS)
    assert by_units(rows=tuning.UNITS_ROWS, threads=1)
    assert by_units(tae.Dense(7, "selu", use_bias=False), units=400, end=tae.Dense(784, "tanh"))
    assert by_units(loss="bce", end=tae.Dense(784, "sigmoid"))


def test_one_vector_of_gradients_is_enough():
    model = tae.Autoencoder([tae.Dense(200)], [tae.Dense(784)], (784,), threads=2)
    trainer = make_trainer(model, ROWS)
    trainer.close()
    assert len(trainer.gradients) == len(trainer.values) == 1 or DISABLED
    assert not (trainer.by_units and trainer.apart)


OTHERWISE = {
    "float64": {"dtype": "float64"},
    "few parameters": {"units": 40, "rows": 256},
    "few samples": {"rows": tuning.UNITS_ROWS - 1},
    "activations larger than caches": {"rows": 20_000},
    "softmax": {"end": tae.Dense(784, "softmax")},
    "a penalty on a kernel": {"end": tae.Dense(784, kernel_regularizer=tae.L2(0.1))},
    "a constraint on a kernel": {"end": tae.Dense(784, kernel_constraint=tae.UnitNorm(1))},
    "the whole gradient before a step": {"whole": True},
}


@pytest.mark.parametrize("clause", OTHERWISE)
def test_what_does_not_train_by_units(clause):
    assert not by_units(**OTHERWISE[clause])


@needs_jit
@pytest.mark.parametrize(
    "layer",
    [tae.GaussianNoise(0.1), tae.Dropout(0.1), tae.Activation("softmax"), tae.Variational()],
)
def test_layers_without_weights_may_stand_between(layer):
    assert by_units(layer, units=300)


@needs_jit
def test_models_with_penalties_on_activities_train_by_units():
    assert by_units(end=tae.Dense(784, activity_regularizer=tae.L1(0.1)))


@pytest.mark.parametrize(
    "layers", [[tae.TopK(3)], [tae.Reshape((10, 10, 2)), tae.Conv2D(2, 3), tae.Flatten()]]
)
def test_models_with_weights_of_other_kinds_do_not(layers):
    assert not by_units(*layers)


def test_a_layer_of_ones_own_is_not_known_to_be_dense():
    class Mine(tae.Dense):
        kernels = tae.Kernels(*tae.Dense.kernels)

    assert not by_units(Mine(200))


def in_lanes(*between, units=20, rows=128, dtype="float32", end=None):
    """Whether a model of two features with these layers in its middle trains in lanes."""
    encoder = [tae.Dense(units, "relu"), *between, tae.Dense(units)]
    decoder = [tae.Dense(units), tae.Dense(2) if end is None else end]
    trainer = make_trainer(tae.Autoencoder(encoder, decoder, (2,), dtype=dtype), rows)
    trainer.close()
    assert not trainer.by_units
    return trainer.in_lanes


@needs_jit
def test_tiny_dense_models_train_in_lanes():
    assert in_lanes()
    assert in_lanes(rows=tuning.LANES_ROWS)
    assert in_lanes(tae.Dense(7, "selu", use_bias=False, kernel_regularizer=tae.L1(0.1)))


@pytest.mark.parametrize(
    "other",
    [
        {"dtype": "float64"},
        {"units": tuning.LANES_UNITS + 1},
        {"units": 12},  # too little to compute for each input and output
        {"rows": tuning.LANES_ROWS - 1},
        {"rows": 20_000},  # more than caches hold
        {"end": tae.Dense(2, "softmax")},
        {"end": tae.Dense(2, activity_regularizer=tae.L1(0.1))},
    ],
)
def test_what_does_not_train_in_lanes(other):
    assert not in_lanes(**other)


@pytest.mark.parametrize("layer", [tae.GaussianNoise(0.1), tae.Activation("relu")])
def test_tiny_models_with_other_layers_do_not(layer):
    assert not in_lanes(layer)


@needs_jit
def test_a_processor_with_fewer_registers_has_lanes_only(monkeypatch):
    have_registers(monkeypatch, tiles.NEED_IN_LANES)
    assert not by_units()
    assert in_lanes()


def test_a_processor_with_none_of_them_trains_as_ever(monkeypatch):
    have_registers(monkeypatch)
    assert not by_units()
    assert not in_lanes()
