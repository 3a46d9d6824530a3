"""The same numbers again: same seed, golden values, and an independent implementation."""

import itertools
import threading

import numpy as np
import pytest

import tinyae as tae
from tests.support.ways import EACH_WAY, take
from tinyae.engine import tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.training.compiled import make_trainer

SEED = 7


def samples(n=60, features=6, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).random((n, features)).astype(dtype)


def small_model(seed=SEED, **settings):
    return tae.Autoencoder(
        [tae.Dense(5, "relu"), tae.Dense(2)],
        [tae.Dense(5, "relu"), tae.Dense(6)],
        input_shape=(6,),
        seed=seed,
        **settings,
    )


def fitted(x, seed=SEED, epochs=20, batch_size=16, **settings):
    ae = small_model(seed, **settings)
    ae.fit(x, epochs=epochs, batch_size=batch_size, verbose=0)
    return ae


@EACH_WAY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_seed_gives_one_result(dtype, way, monkeypatch):
    take(way, monkeypatch)
    first, second = fitted(samples(), dtype=dtype), fitted(samples(), dtype=dtype)
    assert first.parameters.tobytes() == second.parameters.tobytes()
    assert first.reconstruct(samples()).tobytes() == second.reconstruct(samples()).tobytes()
    other = fitted(samples(), seed=SEED + 1, dtype=dtype)
    assert other.parameters.tobytes() != first.parameters.tobytes()


def test_without_a_seed_one_is_drawn_and_kept():
    first, second = small_model(seed=None), small_model(seed=None)
    assert first.parameters.tobytes() != second.parameters.tobytes()
    assert small_model(seed=first.seed).parameters.tobytes() == first.parameters.tobytes()


@pytest.mark.skipif(DISABLED, reason="without JIT there is one thread")
@EACH_WAY
def test_threads_change_the_last_digits_at_most_and_each_number_repeats(way, monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    take(way, monkeypatch)
    results = {}
    for threads in (1, 2, 3, 5):
        first, second = fitted(samples(), threads=threads), fitted(samples(), threads=threads)
        assert first.parameters.tobytes() == second.parameters.tobytes()
        results[threads] = first.parameters
        np.testing.assert_allclose(results[threads], results[1], rtol=1e-3, atol=1e-5)
    # as many threads as asked for were really at work: their sums differ in the last digits, though
    # hardly where each thread sums over all samples
    assert len({result.tobytes() for result in results.values()}) > 1 or way != "samples"


def test_large_dense_models_have_their_gradients_computed_apart():
    def trainer(model, batch_rows):
        made = make_trainer(model, batch_rows)
        made.close()
        return made

    wide = tae.Autoencoder(
        *([tae.Dense(400, "relu"), tae.Dense(2)], [tae.Dense(400, "relu"), tae.Dense(784)]),
        input_shape=(784,),
        dtype="float64",
        threads=2,
    )
    assert trainer(wide, 50).apart
    assert not trainer(wide, 5000).apart  # a thread's share is more than a chunk
    assert not trainer(small_model(), 50).apart
    assert not trainer(tae.models.convolutional(), 8).apart


def test_a_batch_smaller_than_the_threads_is_shared(monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    one = fitted(samples(9), epochs=5, batch_size=8, threads=1, dtype="float64")
    many = fitted(samples(9), epochs=5, batch_size=8, threads=4, dtype="float64")
    np.testing.assert_allclose(many.parameters, one.parameters, rtol=1e-9)
    np.testing.assert_allclose(many.history["loss"], one.history["loss"], rtol=1e-9)


def test_noise_does_not_depend_on_threads_pauses_or_fits(monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)

    def noisy(threads):
        return tae.Autoencoder(
            *([tae.GaussianNoise(0.3), tae.Dense(4, "tanh"), tae.Dropout(0.4)], [tae.Dense(6)]),
            **{"input_shape": (6,), "seed": SEED, "dtype": "float64", "threads": threads},
        )

    models = [noisy(1), noisy(1), noisy(3)]
    models[0].fit(samples(), epochs=5, batch_size=16, verbose=0)
    for epochs in (2, 3):
        models[1].fit(
            samples(), epochs=epochs, batch_size=16, callbacks=[lambda e, _: None], verbose=0
        )
    models[2].fit(samples(), epochs=5, batch_size=16, verbose=0)
    assert models[1].parameters.tobytes() == models[0].parameters.tobytes()
    np.testing.assert_allclose(models[2].parameters, models[0].parameters, rtol=1e-9)


# Made once by running this very model on one thread, and written down; agreement with the plain
# NumPy loop below is what says that they are right. Libraries and machines round differently,
# hence the tolerance; anything that changes the mathematics, the initial weights or the order of
# samples changes the losses by far more.
GOLDEN = [
    *(0.128129, 0.112837, 0.0933949, 0.0818557, 0.0686135),
    *(0.070811, 0.0695571, 0.0671753, 0.064668, 0.0615891),
]


def test_golden_losses_on_real_digits():
    x = tae.datasets.mnist_mini()[0][0]
    ae = tae.Autoencoder(
        [tae.Dense(32, "relu"), tae.Dense(8)],
        [tae.Dense(32, "relu"), tae.Dense(784)],
        input_shape=(784,),
        optimizer=tae.Adam(1e-2),
        seed=0,
    )
    history = ae.fit(x, epochs=10, steps_per_epoch=1, batch_size=50, verbose=0)
    np.testing.assert_allclose(history["loss"], GOLDEN, rtol=1e-4)


class PlainAutoencoder:
    """Dense layers, relu where told, mean squared error, Adam: straight from the textbook."""

    def __init__(self, parameters, widths, relu):
        self.weights, self.relu, start = [], relu, 0
        for inputs, outputs in itertools.pairwise(widths):
            for shape in ((inputs, outputs), (outputs,)):
                size = int(np.prod(shape))
                self.weights.append(parameters[start : start + size].reshape(shape).copy())
                start += size
        self.m = [np.zeros_like(w) for w in self.weights]
        self.v = [np.zeros_like(w) for w in self.weights]
        self.t = 0

    def loss_and_gradients(self, x):
        activations = [x]
        for layer, relu in enumerate(self.relu):
            W, b = self.weights[2 * layer : 2 * layer + 2]
            z = activations[-1] @ W + b
            activations.append(np.maximum(z, 0) if relu else z)
        difference = activations[-1] - x
        d, gradients = 2 * difference / difference.size, []
        for layer in reversed(range(len(self.relu))):
            if self.relu[layer]:
                d = np.where(activations[layer + 1] > 0, d, 0)
            gradients = [activations[layer].T @ d, d.sum(axis=0), *gradients]
            d = d @ self.weights[2 * layer].T
        return np.mean(difference**2), gradients

    def adam(self, x, alpha, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        loss, gradients = self.loss_and_gradients(x)
        self.t += 1
        rate = alpha * np.sqrt(1 - beta_2**self.t) / (1 - beta_1**self.t)
        for w, g, m, v in zip(self.weights, gradients, self.m, self.v, strict=True):
            m += (1 - beta_1) * (g - m)
            v += (1 - beta_2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + epsilon)
        return loss

    @property
    def parameters(self):
        return np.concatenate([w.ravel() for w in self.weights])


@pytest.mark.parametrize("threads", [1, 3])
def test_ten_steps_of_adam_agree_with_plain_numpy(threads, monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    x = samples(70, dtype=np.float64)
    ae = small_model(dtype="float64", optimizer=tae.Adam(1e-2), threads=threads)
    plain = PlainAutoencoder(ae.parameters, [6, 5, 2, 5, 6], [True, False, True, False])
    loss, gradient = ae.loss_and_gradient(x)
    plain_loss, plain_gradients = plain.loss_and_gradients(x)
    assert loss == pytest.approx(plain_loss, rel=1e-12)
    plain_gradient = np.concatenate([g.ravel() for g in plain_gradients])
    np.testing.assert_allclose(gradient, plain_gradient, rtol=1e-10, atol=1e-15)

    history = ae.fit(x, epochs=10, steps_per_epoch=1, batch_size=20, verbose=0)
    stream = np.concatenate([np.random.default_rng([SEED, 1, p]).permutation(70) for p in range(3)])
    losses = [plain.adam(x[stream[start : start + 20]], 1e-2) for start in range(0, 200, 20)]
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-10)
    np.testing.assert_allclose(ae.parameters, plain.parameters, rtol=1e-10)


# Threads of the caller


def in_threads(*functions):
    """Run all at once; their results, or the first exception."""
    results, ready = [None] * len(functions), threading.Barrier(len(functions))

    def run(i):
        ready.wait()
        try:
            results[i] = functions[i]()
        except Exception as error:
            results[i] = error

    workers = [threading.Thread(target=run, args=(i,)) for i in range(len(functions))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


@pytest.mark.parametrize("method", ["encode", "reconstruct"])
def test_a_models_use_from_eight_threads_equals_one_after_the_other(method, monkeypatch):
    monkeypatch.setattr(tuning, "POOL_OPERATIONS", 1)
    ae = fitted(samples())
    inputs = [samples(n, seed=n) for n in (1, 3, 50, 400, 7, 1000, 20, 333)]
    expected = [getattr(ae, method)(x) for x in inputs]
    ae = ae.copy()  # which has compiled nothing yet

    def work(x):
        return [getattr(ae, method)(x).tobytes() for _ in range(30)]

    results = in_threads(*[lambda x=x: work(x) for x in inputs])
    for result, z in zip(results, expected, strict=True):
        assert set(result) == {z.tobytes()}


@EACH_WAY
@pytest.mark.parametrize("threads", [1, 3])
def test_two_models_fitted_at_once_are_as_fitted_alone(threads, way, monkeypatch):
    take(way, monkeypatch)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)

    def fit(seed):
        return fitted(samples(seed=seed), seed=seed, epochs=200, threads=threads)

    alone, at_once = [fit(0), fit(1)], in_threads(lambda: fit(0), lambda: fit(1))
    for one, other in zip(alone, at_once, strict=True):
        assert one.parameters.tobytes() == other.parameters.tobytes()


def test_one_model_is_used_while_another_trains():
    used = fitted(samples())
    expected, alone = used.encode(samples()).tobytes(), fitted(samples(), seed=1, epochs=500)
    trained, codes = in_threads(
        lambda: fitted(samples(), seed=1, epochs=500),
        lambda: {used.encode(samples()).tobytes() for _ in range(200)},
    )
    assert codes == {expected}
    assert trained.parameters.tobytes() == alone.parameters.tobytes()


def test_a_second_fit_of_a_model_in_training_is_refused():
    ae, begun, go_on = small_model(), threading.Event(), threading.Event()

    def hold(epoch, logs):
        begun.set()
        go_on.wait(10)

    worker = threading.Thread(
        target=ae.fit, args=(samples(),), kwargs={"callbacks": [hold], "verbose": 0}
    )
    worker.start()
    begun.wait(10)
    with pytest.raises(RuntimeError, match="being trained"):
        ae.fit(samples(), verbose=0)
    go_on.set()
    worker.join()
    assert ae.progress.epoch == 1
    ae.fit(samples(), verbose=0)
    assert ae.progress.epoch == 2
