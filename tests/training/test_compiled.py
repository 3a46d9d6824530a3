"""The compiled trainer: how many threads it has, and how many samples each takes at a time."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import small_model
from tinyae.engine import tuning
from tinyae.engine.program import Program
from tinyae.system.numba_parts import DISABLED
from tinyae.training import compiled
from tinyae.training.compiled import make_trainer


@pytest.fixture(autouse=True)
def _without_jit_too(monkeypatch):
    monkeypatch.setattr(compiled, "thread_count", lambda threads: threads)


@pytest.mark.parametrize(
    ("batch", "threads"), [(1, 1), (10, 1), (19, 1), (20, 2), (29, 2), (30, 3), (41, 4), (500, 4)]
)
def test_there_is_a_thread_for_so_many_operations(batch, threads, monkeypatch):
    """Of which a step has about three times those of a forward pass."""
    model = small_model(threads=4)
    operations = Program(model.layers).operations
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 3 * operations * 10)
    trainer = make_trainer(model, batch)
    trainer.close()
    assert trainer.threads == threads
    assert trainer.capacity == -(-batch // threads)


def test_no_thread_is_without_a_sample(monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    trainer = make_trainer(small_model(threads=4), 3)
    trainer.close()
    assert (trainer.threads, trainer.capacity) == (3, 1)


@pytest.mark.parametrize(("apart", "vectors"), [(False, 3), (True, 1)])
def test_apart_all_threads_share_one_gradient_and_room_for_the_whole_batch(
    apart, vectors, monkeypatch
):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    model = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], (4,), threads=3)
    monkeypatch.setattr(tuning, "APART_PARAMETERS", model.parameters.size + (not apart))
    trainer = make_trainer(model, 10)
    trainer.close()
    assert (trainer.apart, trainer.threads) == (apart, 3)
    assert trainer.capacity == (10 if apart else 4)
    assert len(trainer.values) == len(trainer.gradients) == vectors


@tae.kernel
def picky(z, b):
    for k in range(z.size):
        if z[k] > 100:
            raise ValueError("too much")


@tae.kernel
def passed_on(a, d):
    for k in range(d.size):
        d[k] *= 1


@pytest.mark.skipif(DISABLED, reason="without the JIT there is one thread")
@pytest.mark.parametrize("row", [0, 9])
def test_what_a_kernel_raises_on_one_thread_ends_the_others(row, monkeypatch):
    """Which wait for it, and have all but it done."""
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    activation = tae.ActivationFunction("picky", picky, passed_on, "dy", lambda z: z)
    ae = tae.Autoencoder([tae.Dense(3, activation)], [tae.Dense(4)], (4,), threads=2)
    ae.layers[0].weights["kernel"][...] = 1
    before, x = ae.parameters.copy(), np.ones((10, 4))
    x[row] = 1000
    with pytest.raises(ValueError, match="too much"):
        ae.fit(x, batch_size=10, shuffle=False, verbose=0)
    np.testing.assert_array_equal(ae.parameters, before)
    assert ae.progress.step == 0
    ae.fit(np.ones((10, 4)), verbose=0)


def test_one_small_step_is_not_handed_to_a_worker(monkeypatch):
    x = np.random.default_rng(0).random((20, 4))

    def parameters(train):
        ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], (4,), threads=1, seed=0)
        train(ae)
        return ae.parameters

    expected = parameters(lambda ae: ae.fit(x, batch_size=20, shuffle=False, verbose=0))
    monkeypatch.setattr(compiled.ThreadPoolExecutor, "submit", None)
    np.testing.assert_array_equal(parameters(lambda ae: ae.train_on_batch(x)), expected)
