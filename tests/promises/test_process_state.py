"""The state of the process that uses the library is as it was, however the use ends."""

import contextlib
import gc
import locale
import os
import random
import signal
import sys
import threading
import warnings

import numpy as np
import pytest

import tinyae as tae
from tinyae.engine import tuning
from tinyae.system.threads import BLAS_THREADS


class Square(tae.Layer):
    """A layer of one's own: the model that has it trains eagerly."""

    def build(self, input_shape):
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * x, x

    def backward(self, dy, cache):
        return 2 * dy * cache


def samples(n=60):
    return np.random.default_rng(0).random((n, 6)).astype(np.float32)


def small_model(first=None, **options):
    options = {"optimizer": tae.Adam(1e-3), "threads": 2, **options}
    layers = [first or tae.Dropout(0.2), tae.Dense(5, "elu"), tae.Dense(2)]
    return tae.Autoencoder(layers, [tae.Dense(6)], input_shape=(6,), **options)


def state():
    """What belongs to the whole process, and could be changed by a library."""
    generator = np.random.get_state()  # noqa: NPY002
    numbers = [signal.SIGINT, *(number for number in signal.valid_signals() if number < 32)]
    return {
        "NumPy's errors": (np.geterr(), np.geterrcall(), np.getbufsize()),
        "NumPy's printing": np.get_printoptions(),
        "NumPy's generator": (generator[1].tobytes(), generator[2:]),
        "Python's generator": random.getstate(),
        "warning filters": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "signal handlers": [signal.getsignal(number) for number in numbers],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "hooks": (sys.excepthook, threading.excepthook, sys.getprofile(), sys.gettrace()),
        "interpreter": (sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold()),
        "standard streams": (sys.stdin, sys.stdout, sys.stderr),
        "threads": threading.active_count(),
        "BLAS threads": BLAS_THREADS.get_threads() if BLAS_THREADS.get_threads else None,
        "denormals": float(np.float32(1e-40) * np.ones(1, np.float32)[0]),
    }


def interrupt(epoch, logs):
    signal.raise_signal(signal.SIGINT)


def use(how, tmp_path):
    """Use the library in that way, to its end or to the exception that it ends with."""
    ae = small_model(Square() if how == "eagerly" else None)
    if how == "an error":
        with pytest.raises(ValueError, match="x must"):
            ae.fit(samples()[:, :3], verbose=0)
    elif how == "an error in a callback":
        with pytest.raises(ZeroDivisionError):
            ae.fit(samples(), verbose=0, callbacks=[lambda epoch, logs: 1 / 0])
    elif how == "divergence":
        with pytest.raises(tae.TrainingDiverged):
            small_model(optimizer=tae.SGD(1e6)).fit(samples(), epochs=9, verbose=0)
    elif how == "Ctrl-C in fit":
        with pytest.raises(KeyboardInterrupt):
            ae.fit(samples(), epochs=9, verbose=0, callbacks=[interrupt])
    elif how == "Ctrl-C in encode":
        timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            timer.start()
            while True:
                ae.encode(samples(5000))
        timer.join()
    else:
        ae.fit(samples(), epochs=3, validation_data=samples(7), verbose=0)
        ae.encode(samples(5000))
        ae.evaluate(samples(), samples())
        ae.loss_and_gradient(samples())
        ae.copy().reconstruct(samples())
        if how != "eagerly":  # a layer of one's own is not saved without get_config
            ae.save(tmp_path / "model", training_state=True)
            tae.load(tmp_path / "model").encode(samples())
        tae.PCA(2).fit(samples()).save(tmp_path / "pca")


WAYS = ["compiled", "eagerly", "an error", "an error in a callback", "divergence"]
WAYS += ["Ctrl-C in fit", "Ctrl-C in encode"]


@pytest.fixture
def strange_state(monkeypatch):
    """A process whose owner has settings of its own."""
    monkeypatch.setattr(tuning, "POOL_OPERATIONS", 1)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    threads = BLAS_THREADS.get_threads() if BLAS_THREADS.get_threads else None
    if BLAS_THREADS.set_threads:
        BLAS_THREADS.set_threads(2)
    np.random.seed(3)  # noqa: NPY002
    random.seed(4)

    def owners_handler(number, frame):
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGINT, owners_handler)
    with (
        np.errstate(over="raise", divide="call", invalid="print", under="warn"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        yield
    signal.signal(signal.SIGINT, handler)
    if BLAS_THREADS.set_threads:
        BLAS_THREADS.set_threads(threads)
    np.random.set_state(before[0])  # noqa: NPY002
    random.setstate(before[1])


@pytest.mark.parametrize("how", WAYS)
def test_the_processs_own_state_is_left_alone(how, strange_state, tmp_path):
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_NUMERIC, "C.UTF-8")
    before, threads = state(), set(threading.enumerate())
    use(how, tmp_path)
    for thread in set(threading.enumerate()) - threads:
        thread.join(60)  # worker threads that Ctrl-C has sent home may be on their way
    after = state()
    assert [name for name in before if before[name] != after[name]] == []


def test_warnings_of_the_callers_own_parts_are_heard():
    class Warns(Square):
        def forward(self, x, training=False, step=0, first=0):
            return x + (np.log(x * 0) > 0), x  # NumPy warns of a division by zero

    def grumble(epoch, logs):
        warnings.warn("from a callback", UserWarning, stacklevel=1)

    model = small_model(Warns())
    with pytest.warns(RuntimeWarning, match="divide by zero"), np.errstate(invalid="ignore"):
        model.encode(samples())
    with pytest.warns(UserWarning, match="from a callback"):
        small_model().fit(samples(), callbacks=[grumble], verbose=0)
