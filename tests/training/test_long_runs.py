"""What shows only after many steps, at wild learning rates, or after many calls of `fit`."""

import contextlib
import gc
import threading
import tracemalloc

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import PlainMSE
from tinyae.system.numba_parts import DISABLED

# Without JIT the kernels are NumPy code, which warns where compiled code does not.
if DISABLED:
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

too_slow = pytest.mark.skipif(DISABLED, reason="plain Python is too slow for so many steps")


def model(**settings):
    return tae.Autoencoder(
        *([tae.Dense(8, "relu"), tae.Dense(1)], [tae.Dense(8, "relu"), tae.Dense(2)]),
        **{"input_shape": (2,), "threads": 1, **settings},
    )


@too_slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_hundred_thousand_steps_stay_finite_and_in_what_is_fast(dtype):
    x, _ = tae.datasets.two_gaussians(500)
    ae = model(dtype=dtype)
    ae.fit(x, batch_size=4, verbose=0)
    history = ae.fit(x, batch_size=4, steps_per_epoch=1000, epochs=200, verbose=0)
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(ae.parameters).all()
    assert np.isfinite(ae.slots).all()
    assert history["loss"][-1] < history["loss"][0]
    for numbers in (ae.parameters, ae.slots):  # processors compute with denormal ones slowly
        assert not ((numbers != 0) & (np.abs(numbers) < np.finfo(dtype).tiny)).any()


@pytest.mark.parametrize("rate", [1.0, 1e6, 1e30])
@pytest.mark.parametrize("loss", ["mse", "bce", PlainMSE()], ids=["mse", "bce", "eager"])
@pytest.mark.parametrize("optimizer", [tae.Adam, tae.SGD])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:BCE is for outputs")  # of a linear layer, which go anywhere
def test_wild_learning_rates_end_finite_or_say_so(rate, loss, optimizer, dtype):
    x = np.random.default_rng(0).random((60, 2))
    ae = model(loss=loss, optimizer=optimizer(rate), dtype=dtype)
    with contextlib.suppress(tae.TrainingDiverged):
        ae.fit(x, epochs=30, batch_size=8, verbose=0)
    assert np.isfinite(ae.parameters).all()
    assert np.isfinite(ae.history.get("loss", [])).all()
    assert not np.isnan(ae.reconstruct(x)).any()


def test_divergence_is_met_and_reported():
    ae = model(optimizer=tae.SGD(1e6))
    with pytest.raises(tae.TrainingDiverged, match="smaller learning rate") as caught:
        ae.fit(np.random.default_rng(0).random((60, 2)), epochs=30, batch_size=8, verbose=0)
    assert ae.progress.step < caught.value.step
    assert ae.progress.epoch == caught.value.epoch == len(ae.history.get("loss", []))


@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
def test_a_hundred_fits_take_no_memory(loss):
    x = np.random.default_rng(0).random((200, 64)).astype(np.float32)
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(64)], loss=loss, threads=2)

    def fit(times):
        for _ in range(times):
            ae.fit(x, batch_size=100, validation_data=x[:50], verbose=0)

    fit(3)
    gc.collect()
    objects, threads = len(gc.get_objects()), threading.active_count()
    tracemalloc.start()
    try:
        fit(20)
        before = tracemalloc.get_traced_memory()[0]
        fit(100)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    gc.collect()
    assert grown < 2 * x.nbytes  # one array of the data's size forgotten by each would be 100
    assert len(gc.get_objects()) - objects < 50
    assert threading.active_count() == threads
