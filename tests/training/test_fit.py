"""What `fit` does, against a plain NumPy loop and against itself cut up in other ways."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import PlainMSE
from tinyae.engine import tuning
from tinyae.training import fit as training
from tinyae.training.compiled import CompiledTrainer

SEED = 3


def samples(n=50, features=6, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).random((n, features)).astype(dtype)


def small_model(**settings):
    settings = {"seed": SEED, "input_shape": (6,), **settings}
    return tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(2)], [tae.Dense(5, "relu"), tae.Dense(6)], **settings
    )


def linear_model(optimizer, **settings):
    """One weight matrix, in float64."""
    settings = {"seed": SEED, "input_shape": (4,), "dtype": "float64", **settings}
    return tae.Autoencoder(
        [tae.Dense(4)], [tae.Activation("linear")], optimizer=optimizer, **settings
    )


def order(n, pass_):
    return np.random.default_rng([SEED, 1, pass_]).permutation(n)


def descend(W, b, x, y, batches, method):
    """The plain loop: descent on the mean squared error of x W + b; the losses."""
    losses, vW, vb, mW, mb = [], 0, 0, 0, 0
    for t, rows in enumerate(batches, start=1):
        difference = x[rows] @ W + b - y[rows]
        losses.append(np.mean(difference**2))
        d = 2 * difference / difference.size
        dW, db = x[rows].T @ d, d.sum(axis=0)
        if method == "sgd":
            W -= 0.1 * dW
            b -= 0.1 * db
            continue
        mW, vW = 0.9 * mW + 0.1 * dW, 0.999 * vW + 0.001 * dW**2
        mb, vb = 0.9 * mb + 0.1 * db, 0.999 * vb + 0.001 * db**2
        rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        W -= rate * mW / (np.sqrt(vW) + 1e-7)
        b -= rate * mb / (np.sqrt(vb) + 1e-7)
    return np.array(losses)


OPTIMIZERS = {"sgd": tae.SGD(0.1), "adam": tae.Adam(0.1)}
methods = pytest.mark.parametrize("method", OPTIMIZERS)


@methods
@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_equal_a_plain_numpy_loop(loss, shuffle, method):
    n, size, epochs = 23, 5, 4
    x = samples(n, 4, dtype=np.float64)
    ae = linear_model(OPTIMIZERS[method], loss=loss)
    W, b = (ae.encoder.layers[0].weights[name].copy() for name in ("kernel", "bias"))
    history = ae.fit(x, epochs=epochs, batch_size=size, shuffle=shuffle, verbose=0)

    passes = [order(n, p) if shuffle else np.arange(n) for p in range(epochs)]
    batches = [p[i : i + size] for p in passes for i in range(0, n, size)]
    losses = descend(W, b, x, x, batches, method).reshape(epochs, 5)
    np.testing.assert_allclose(ae.parameters, np.concatenate([W.ravel(), b]), rtol=1e-9)
    # the last batch of 3 is a full step above, and weighs as 3 of 23 here
    means = losses @ np.array([5, 5, 5, 5, 3]) / 23
    np.testing.assert_allclose(history["loss"], means, rtol=1e-9)
    assert abs(means - losses.mean(axis=1)).min() > 1e-6
    assert ae.progress.step == epochs * 5


@methods
@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
def test_stream_equals_a_plain_numpy_loop_over_three_fits(loss, method):
    n, size = 13, 5
    x, y = samples(n, 4, dtype=np.float64), samples(n, 4, seed=1, dtype=np.float64)
    ae = linear_model(OPTIMIZERS[method], loss=loss)
    W, b = (ae.encoder.layers[0].weights[name].copy() for name in ("kernel", "bias"))
    for epochs in (2, 1, 3):
        ae.fit(x, y, epochs=epochs, steps_per_epoch=4, batch_size=size, verbose=0)

    stream = np.concatenate([order(n, p) for p in range(10)])
    losses = descend(W, b, x, y, stream[: 24 * size].reshape(24, size), method)
    np.testing.assert_allclose(ae.parameters, np.concatenate([W.ravel(), b]), rtol=1e-9)
    np.testing.assert_allclose(ae.history["loss"], losses.reshape(6, 4).mean(axis=1), rtol=1e-9)


@pytest.mark.parametrize("steps_per_epoch", [None, 7])
@pytest.mark.parametrize("optimizer", [tae.Adam(1e-2), tae.SGD(0.1, momentum=0.9)], ids=repr)
@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
def test_two_and_three_epochs_are_five(steps_per_epoch, optimizer, loss):
    settings = {"steps_per_epoch": steps_per_epoch, "batch_size": 8, "verbose": 0}
    whole, parts = (small_model(optimizer=optimizer, loss=loss) for _ in range(2))
    whole.fit(samples(), epochs=5, **settings)
    first = parts.fit(samples(), epochs=2, **settings)
    second = parts.fit(samples(), epochs=3, **settings)
    assert parts.parameters.tobytes() == whole.parameters.tobytes()
    assert parts.history["loss"] == whole.history["loss"] == first["loss"] + second["loss"]
    assert parts.progress == whole.progress
    assert parts.progress.epoch == 5


def test_a_pause_after_each_epoch_changes_no_number():
    free, paused = small_model(), small_model()
    free.fit(samples(), epochs=40, batch_size=8, verbose=0)
    paused.fit(samples(), epochs=40, batch_size=8, verbose=0, callbacks=[lambda epoch, logs: None])
    assert free.history["loss"] == paused.history["loss"]
    assert free.parameters.tobytes() == paused.parameters.tobytes()


def test_stretches_of_few_rows_change_no_number(monkeypatch):
    free, short = small_model(), small_model()
    free.fit(samples(), epochs=6, batch_size=8, verbose=0)
    monkeypatch.setattr(tuning, "STRETCH_BYTES", 400)
    short.fit(samples(), epochs=6, batch_size=8, verbose=0)
    assert free.history["loss"] == short.history["loss"]
    assert free.parameters.tobytes() == short.parameters.tobytes()


def test_more_samples_than_there_are_means_all():
    clipped, exact = small_model(), small_model()
    clipped.fit(samples(10), epochs=3, batch_size=1000, verbose=0)
    exact.fit(samples(10), epochs=3, batch_size=10, verbose=0)
    assert clipped.parameters.tobytes() == exact.parameters.tobytes()


def test_targets_of_another_shape_for_a_classifiers_head():
    x, labels = tae.datasets.two_gaussians(100)
    y = np.eye(2)[labels]
    ae = tae.Autoencoder([tae.Dense(3, "tanh")], [tae.Dense(2, "sigmoid")], loss="bce")
    ae.optimizer = tae.Adam(0.05)
    ae.fit(x, y, epochs=20, validation_data=(x, y), verbose=0)
    assert (ae.reconstruct(x).argmax(axis=1) == labels).mean() > 0.95
    with pytest.raises(ValueError, match="cannot learn its input"):
        tae.Autoencoder([tae.Dense(3)], [tae.Dense(5)]).fit(x)


def test_denoising_targets_are_met_by_their_own_samples():
    clean = samples(200)
    noisy = clean + np.float32(0.1) * samples(200, seed=1)
    ae = small_model(optimizer=tae.Adam(1e-2))
    ae.fit(noisy, clean, epochs=2, batch_size=20, verbose=0)
    # rows mixed up would give another loss: one more step on all of them shows it
    before = ae.evaluate(noisy, clean)["loss"]
    history = ae.fit(noisy, clean, batch_size=200, verbose=0)
    assert history["loss"][0] == pytest.approx(before, rel=1e-5)
    assert before != pytest.approx(ae.evaluate(noisy)["loss"], rel=1e-3)


def test_two_samples_in_a_list_are_no_samples_and_targets():
    """Only a tuple is: a list may be rows of numbers, as x itself."""
    rows = samples(2, seed=1).tolist()
    for two in (rows, [np.array(row) for row in rows]):
        ae = small_model()
        ae.fit(samples(), validation_data=two, verbose=0)
        assert ae.history["val_loss"] == [ae.evaluate(np.array(rows))["loss"]]
    four = tuple(samples(4, seed=1).tolist())
    ae.fit(samples(), validation_data=four, verbose=0)
    assert ae.history["val_loss"][-1] == ae.evaluate(np.array(four))["loss"]
    with pytest.raises(ValueError, match=r"validation_data must have shape \(n, 6\)"):
        ae.fit(samples(), validation_data=[samples(9), samples(9)], verbose=0)


@pytest.mark.parametrize("pair", [False, True])
def test_validation_is_evaluate_after_each_epoch(pair):
    x, y = samples(30, seed=1), samples(30, seed=2)
    ae, seen = small_model(), []
    ae.fit(
        samples(),
        epochs=3,
        validation_data=(x, y) if pair else x,
        callbacks=[lambda epoch, logs: seen.append(ae.evaluate(x, y if pair else None))],
        verbose=0,
    )
    for key in ("loss", "reconstruction", "penalty"):
        assert ae.history[f"val_{key}"] == [figures[key] for figures in seen]


def test_initial_epoch_numbers_epochs_as_in_keras():
    ae, seen = small_model(), []
    ae.fit(samples(), epochs=2, verbose=0)
    history = ae.fit(
        samples(), initial_epoch=7, epochs=10, callbacks=[lambda e, _: seen.append(e)], verbose=0
    )
    assert seen == [7, 8, 9]
    assert len(history["loss"]) == 3
    assert len(ae.history["loss"]) == 5
    assert len(ae.fit(samples(), initial_epoch=10, epochs=10, verbose=0)) == 0


def test_no_epochs_build_the_model_and_train_nothing():
    ae = small_model(input_shape=None)
    assert ae.fit(samples(), epochs=0, verbose=0) == {}
    assert ae.parameters.tobytes() == small_model().parameters.tobytes()
    assert ae.progress.step == ae.progress.epoch == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_makes_the_loss_smaller(dtype):
    x = samples(dtype=dtype)
    ae = small_model(dtype=dtype, optimizer=tae.Adam(1e-2))
    before = ae.evaluate(x)["loss"]
    ae.fit(x, epochs=200, verbose=0)
    assert ae.evaluate(x)["loss"] < before / 4
    assert ae.parameters.dtype == dtype


def test_frozen_layers_stay_put_although_adam_has_momentum():
    ae = small_model(optimizer=tae.Adam(1e-2))
    ae.fit(samples(), epochs=3, verbose=0)
    before = [layer.weights["kernel"].copy() for layer in ae.layers]
    ae.layers[1].trainable = False
    ae.fit(samples(), epochs=3, verbose=0)
    same = [np.array_equal(b, l.weights["kernel"]) for b, l in zip(before, ae.layers, strict=True)]
    assert same == [False, True, False, False]
    ae.layers[1].trainable = True
    ae.fit(samples(), verbose=0)
    assert not np.array_equal(before[1], ae.layers[1].weights["kernel"])


@pytest.mark.large
def test_the_linear_autoencoder_reaches_the_closed_form_optimum():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 8))
    x += 0.3 * rng.standard_normal((200, 8)) + 1
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(8)], optimizer=tae.Adam(1e-2), dtype="float64")
    ae.fit(x, epochs=3000, batch_size=200, verbose=0)
    best = eigenvalues[:-2].sum() / 8
    assert best * (1 - 1e-9) < ae.evaluate(x)["loss"] < best * 1.01


@pytest.mark.parametrize("validated", [False, True])
def test_seconds_are_those_of_the_epochs_steps_and_its_validation(validated, monkeypatch):
    clock = {"now": 0.0}

    def taking(seconds, function):
        def slow(*arguments):
            result = function(*arguments)
            clock["now"] += seconds(result)
            return result

        return slow

    run = taking(lambda losses: 0.125 * len(losses), CompiledTrainer.run)  # a step's time
    monkeypatch.setattr(CompiledTrainer, "run", run)
    monkeypatch.setattr(training, "evaluate", taking(lambda figures: 16, training.evaluate))
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock["now"]))
    ae, held_out = small_model(), samples(20) if validated else None
    history = ae.fit(samples(50), epochs=7, batch_size=8, validation_data=held_out, verbose=0)
    assert history["seconds"] == [7 * 0.125 + 16 * validated] * 7
