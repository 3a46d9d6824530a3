"""Threads that fetch the rows of their mini-batches themselves train as on gathered rows."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.jit import needs_jit
from tests.support.ways import EACH_WAY, take
from tinyae.engine import tuning
from tinyae.network.network import Samples
from tinyae.training.compiled import CompiledTrainer, make_trainer

pytestmark = needs_jit  # without it there is one thread


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)


def model(threads=2, **settings):
    settings = {"seed": 0, "threads": threads, **settings}
    return tae.Autoencoder([tae.Dense(9, "relu")], [tae.Dense(20)], (20,), **settings)


def numbers(seed, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=(53, 20)).astype(dtype)


@EACH_WAY
@pytest.mark.parametrize("given", [{"steps_per_epoch": 9}, {}, {"shuffle": False}])
@pytest.mark.parametrize("other_target", [False, True])
def test_the_bytes_are_those_of_gathered_rows(monkeypatch, way, given, other_target):
    take(way, monkeypatch)
    x, y, results = numbers(0), numbers(1) if other_target else None, []
    fetches = CompiledTrainer.fetches
    for usual in (True, False):
        monkeypatch.setattr(CompiledTrainer, "fetches", fetches if usual else lambda *_: False)
        ae = model(3)
        ae.fit(x, y, epochs=3, batch_size=11, verbose=0, **given)
        losses = np.array(ae.history["loss"])
        results.append(b"".join(part.tobytes() for part in (ae.parameters, ae.slots, losses)))
    assert results[0] == results[1]


@EACH_WAY
def test_a_model_that_diverges_goes_back_as_on_gathered_rows(monkeypatch, way):
    take(way, monkeypatch)
    results, fetches = [], CompiledTrainer.fetches
    for usual in (True, False):
        monkeypatch.setattr(CompiledTrainer, "fetches", fetches if usual else lambda *_: False)
        ae = model(optimizer=tae.SGD(30.0))
        with pytest.raises(tae.TrainingDiverged) as error:
            ae.fit(numbers(0), epochs=99, batch_size=11, verbose=0)
        results.append((ae.parameters.tobytes(), str(error.value)))
    assert results[0] == results[1]


def fetches(x, target=None, weight=None, **settings):
    trainer = make_trainer(model(**settings), 11)
    trainer.close()
    return trainer.fetches(Samples(x, x if target is None else target, weight))


def test_what_is_fetched():
    x, y = numbers(0), numbers(1)
    assert fetches(x)
    assert fetches(x, y)
    assert fetches(x.astype(np.float64), dtype="float64")


def test_what_is_gathered():
    x, wide = numbers(0), np.zeros((53, 40), np.float32)
    assert not fetches(x, threads=1)
    assert not fetches(x.astype(np.float64))
    assert not fetches(x, numbers(1, np.float64))
    assert not fetches(x, weight=np.ones(53, np.float32))
    assert not fetches(wide[:, ::2])
    wide.flags.writeable = False  # another type to kernels
    assert not fetches(wide[:, :20])
