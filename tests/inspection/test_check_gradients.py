"""`check_gradients`: right gradients pass, and what is checked."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tests.support.gradcheck_models import Affine, big, named, samples, small, spoil
from tinyae.datasets import mnist_mini
from tinyae.inspection.check_gradients import Move, Subject
from tinyae.maths.activations import KNOWN
from tinyae.training.compiled import CompiledTrainer

# Right gradients pass


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("activation", KNOWN)
def test_every_activation_with_every_loss(activation, loss):
    report = tae.check_gradients(small(activation, "sigmoid", loss=loss), samples())
    assert report.passed, report
    assert report.verdict == "passed"
    for row in report.rows[:-1]:
        assert row.checks == math.prod(row.shape)
        assert row.eager_error <= 1e-6
        assert row.compiled_error <= 1e-6


@pytest.mark.parametrize("activation", KNOWN)
def test_every_activation_at_the_end(activation):
    assert tae.check_gradients(small("tanh", activation), samples()).passed


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_penalties_on_several_layers_and_on_a_sigmoid_output(loss):
    ae = tae.Autoencoder(
        [
            tae.Dense(4, "tanh", activity_regularizer=tae.L2(0.3)),
            tae.Dense(3, activity_regularizer=tae.L1(0.2)),
        ],
        [tae.Dense(5), tae.Activation("sigmoid", activity_regularizer=tae.L1L2(0.4, 0.1))],
        loss=loss,
    )
    report = tae.check_gradients(ae, samples())
    assert report.passed, report


def test_images_and_reshaped_layers():
    ae = tae.Autoencoder(
        [tae.Flatten(), tae.Dense(3, "elu")],
        [tae.Dense(12, "sigmoid"), tae.Reshape((2, 3, 2))],
        loss="bce",
    )
    x = samples(4, 12).reshape(4, 2, 3, 2)
    report = tae.check_gradients(ae, x)
    assert report.passed, report
    assert [row.shape for row in report.rows if row.name == "input"] == [(4, 2, 3, 2)]


def test_targets_of_their_own():
    ae = tae.Autoencoder([tae.Dense(3, "tanh")], [tae.Dense(2)])
    assert tae.check_gradients(ae, samples(), samples(6, 2, seed=1)).passed


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    activations=st.lists(st.sampled_from(["elu", "tanh", "sigmoid"]), min_size=4, max_size=4),
    loss=st.sampled_from(["mse", "bce"]),
    seed=st.integers(0, 2**30),
)
def test_smooth_models_pass(sizes, activations, loss, seed):
    layers = [tae.Dense(*pair) for pair in zip(sizes, activations, strict=False)]
    ae = tae.Autoencoder(layers, [tae.Dense(3, "sigmoid")], loss=loss, seed=seed)
    report = tae.check_gradients(ae, samples(3, 3, seed=seed))
    assert report.passed, report


@pytest.mark.parametrize("size", [10.0, 100.0, 1000.0])
def test_strong_curvature_is_neither_an_error_nor_a_kink(size):
    def large(shape, rng):
        return size * rng.normal(size=shape)

    ae = tae.Autoencoder(
        [tae.Dense(4, "sigmoid", kernel_initializer=large)],
        [tae.Dense(3, "tanh", kernel_initializer=large), tae.Dense(5, kernel_initializer=large)],
    )
    report = tae.check_gradients(ae, 0.01 * samples())
    assert report.passed, report
    assert sum(row.kinks for row in report.rows) == 0


def test_cancelling_inputs_are_neither_an_error_nor_a_kink(monkeypatch):
    """Where large numbers cancel, rounding is large against the outcome."""

    def differences(shape, rng):
        return np.outer([1, -1, 1, -1], rng.normal(size=shape[1]))

    ae = tae.Autoencoder(
        [tae.Dense(5, "tanh", kernel_initializer=differences)], [tae.Dense(3)], dtype="float64"
    )
    x, y = 1e4 + samples(6, 4), samples(6, 3, seed=1)
    report = tae.check_gradients(ae, x, y)
    assert report.passed, report
    spoil(monkeypatch, slice(0, 20), 1.01)
    assert named(tae.check_gradients(ae, x, y), "failed") == ["encoder[0].kernel"]


@pytest.mark.parametrize("seed", range(8))
def test_saturated_outputs_of_bce_are_neither_an_error_nor_a_kink(seed):
    """Near 1, rounding of the output itself is large against 1 − y."""

    def large(shape, rng):
        return 20 * rng.normal(size=shape)

    ae = tae.Autoencoder(
        [tae.Dense(6, "sigmoid", kernel_initializer=large)],
        [tae.Dense(5, "tanh", kernel_initializer=large, bias_initializer=tae.RandomNormal(9))],
        loss="bce",
        seed=seed,
    )
    report = tae.check_gradients(ae, samples(seed=seed))
    assert report.passed, report


@pytest.mark.parametrize("away", [0.0, 1e-12, 1e-9, 1e-6])
def test_a_perfect_reconstruction_passes(away):
    """All gradients are nothing but rounding, or little more."""
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    ae = tae.Autoencoder(
        [tae.Dense(5, kernel_initializer=lambda shape, rng: q + away)],
        [tae.Dense(5, kernel_initializer=lambda shape, rng: q.T)],
        dtype="float64",
    )
    report = tae.check_gradients(ae, samples())
    assert report.passed, report


def test_a_big_model_on_digits_by_random_directions():
    (x, _), _ = mnist_mini()
    report = tae.check_gradients(big(loss="bce"), x[:8])
    assert report.passed, report
    checks = {row.name: row.checks for row in report.rows}
    assert checks["encoder[0].kernel"] == checks["input"] == 20
    assert checks["encoder[1].bias"] == 2  # each of its numbers


def test_more_samples_than_the_engine_takes_at_a_time():
    ae = tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(3000)], threads=1)
    report = tae.check_gradients(ae, samples(64, 3000))
    assert report.passed, report


# What a check costs


def test_a_check_moves_one_array_and_takes_no_backward_pass(monkeypatch):
    """Of a model of 103,000 numbers."""
    taken, written = [], []
    run, put = CompiledTrainer.run, Subject._put
    monkeypatch.setattr(CompiledTrainer, "run", lambda *given: taken.append(1) or run(*given))
    monkeypatch.setattr(
        Subject, "_put", lambda *given: written.append(given[2].size) or put(*given)
    )
    (x, _), _ = mnist_mini()
    report = tae.check_gradients(big(loss="bce"), x[:8])
    rows = report.rows[:-1]
    whole = sum(math.prod(row.shape) for row in rows)
    assert len(taken) <= 12  # points to compare with: this, eight around it, three off its kinks
    assert sum(written) <= 12 * whole + 3 * sum(2 * r.checks * math.prod(r.shape) for r in rows)
    assert report.passed


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_the_loss_alone_is_the_loss_of_a_training_step(loss):
    """With noise, dropout and penalties, which a model in use has not, or not so."""
    ae = tae.Autoencoder(
        [
            tae.GaussianNoise(0.3),
            tae.Dense(
                *(6, "tanh"), activity_regularizer=tae.L1(0.2), kernel_regularizer=tae.L2(0.3)
            ),
            tae.Dropout(0.4),
        ],
        [tae.Flatten(), tae.Dense(5, "sigmoid", activity_regularizer=tae.L2(0.1))],
        loss=loss,
    )
    subject = Subject(ae, samples(9), None)
    values = np.concatenate([subject.parameters, subject.x.reshape(-1)])
    losses = subject.at(values).losses
    for where in (slice(0, 30), slice(29, 30), slice(values.size - 45, values.size)):
        move = Move(where, np.ones(values[where].size))
        assert subject.loss(values, move, 0.0) == pytest.approx(losses[1], rel=1e-14)
        elsewhere = values.copy()
        elsewhere[where] += 0.25
        moved = subject.loss(values, move, 0.25)
        assert moved == pytest.approx(Subject(ae, samples(9), None).at(elsewhere).losses[0])
        assert moved != losses[0]
        assert subject.parameters.tobytes() == values[: subject.parameters.size].tobytes()
    subject.close()


# What is checked, and what is left alone


def test_frozen_layers_are_left_out():
    ae = small(input_shape=5)
    ae.encoder.layers[1].trainable = False
    report = tae.check_gradients(ae, samples())
    assert report.passed
    assert named(report, "frozen") == ["encoder[1].kernel", "encoder[1].bias"]
    row = report.rows[2]
    assert row.checks == 0
    assert math.isnan(row.eager_error)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_model_is_untouched(dtype):
    ae = small("relu", dtype=dtype)
    ae.fit(samples(), epochs=2, verbose=0)
    ae.gradient[...] = 7
    before = ae.parameters.tobytes(), ae.slots.tobytes(), ae.gradient.tobytes()
    progress, history = repr(ae.progress), repr(dict(ae.history))
    weights = [layer.weights["kernel"] for layer in ae.layers]
    x = samples()
    assert tae.check_gradients(ae, x).passed
    assert (ae.parameters.tobytes(), ae.slots.tobytes(), ae.gradient.tobytes()) == before
    assert (repr(ae.progress), repr(dict(ae.history))) == (progress, history)
    for layer, weight in zip(ae.layers, weights, strict=True):
        assert np.shares_memory(layer.weights["kernel"], weight)
        assert np.shares_memory(weight, ae.parameters)
    assert ae.parameters.dtype == dtype
    np.testing.assert_array_equal(x, samples())


def test_a_model_not_built_yet_stays_so():
    ae = small()
    assert tae.check_gradients(ae, samples()).passed
    assert ae.input_shape is None


def test_lists_of_integers_and_read_only_arrays():
    ae = small()
    x = np.array([[1, 0, 2, 3, 1], [4, 1, 0, 2, 2]])
    expected = str(tae.check_gradients(ae, x.astype(float)))
    assert str(tae.check_gradients(ae, x.tolist())) == expected
    x.flags.writeable = False
    assert str(tae.check_gradients(ae, x)) == expected


def test_the_same_every_time():
    (x, _), _ = mnist_mini()
    first, second = (tae.check_gradients(big(), x[:4]) for _ in range(2))
    assert first.rows == second.rows


def test_refusals():
    with pytest.raises(ValueError, match="model must be an Autoencoder, but got 'ae'"):
        tae.check_gradients("ae", samples())
    with pytest.raises(ValueError, match="tolerance must lie between 0 and 1, but got 0"):
        tae.check_gradients(small(), samples(), tolerance=0)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 5\)"):
        tae.check_gradients(small(input_shape=5), samples(features=4))
    with pytest.raises(ValueError, match="y must have shape"):
        tae.check_gradients(small(), samples(), samples(features=4))
    ae = small(input_shape=5, dtype="float64")
    ae.parameters[...] = 1e200
    with (
        np.errstate(over="ignore", invalid="ignore"),  # kernels too are NumPy code without JIT
        pytest.raises(ValueError, match="but it is inf"),
    ):
        tae.check_gradients(ae, samples())


@pytest.mark.parametrize(("least", "checks"), [(1, 25), (0.999, 20)])
def test_work_that_is_too_much_is_checked_along_directions(least, checks, monkeypatch):
    ae = tae.Autoencoder([tae.Dense(5, use_bias=False)], [tae.Activation("tanh")], (5,))
    numbers, operations = 25 + 15, 2 * 25 + 5 + 5  # of weights and three samples; of one sample
    most = least * 6 * numbers * 3 * operations
    monkeypatch.setattr("tinyae.inspection.check_gradients.MOST_OPERATIONS", most)
    assert tae.check_gradients(ae, samples(3)).rows[0].checks == checks


def test_where_a_step_leaves_what_the_loss_is_known_for_a_shorter_one_is_taken():
    class Narrow(tae.MSE):
        def value_and_gradient(self, output, target):
            value, gradient = super().value_and_gradient(output, target)
            return value if abs(output - 1).max() < 3e-6 else math.inf, gradient

    ae = tae.Autoencoder([tae.Dense(1, use_bias=False)], [tae.Activation("linear")], (1,))
    ae.loss = Narrow()
    ae.parameters[...] = 1
    report = tae.check_gradients(ae, np.ones((1, 1)), np.zeros((1, 1)))
    assert report.rows[0].eager_error < 1e-6


def test_tolerance_is_the_limit(monkeypatch):
    spoil(monkeypatch, slice(None), 1.01)
    assert tae.check_gradients(small(), samples(), tolerance=0.02).passed
    assert not tae.check_gradients(small(), samples(), tolerance=0.005).passed


def test_the_report_is_a_narrow_table():
    class LongName(Affine):
        def build(self, input_shape):
            self.add_weight("a_name_of_some_length_for_a_weight", input_shape, "zeros")
            return super().build(input_shape)

    ae = tae.Autoencoder([LongName(), tae.Dense(2)], [tae.Dense(5)])
    for report in (
        tae.check_gradients(ae, samples()),
        tae.check_gradients(small(), samples()),
        tae.check_gradients(small("relu"), np.zeros((3, 5)), samples(3)),
    ):
        text = str(report)
        lines = text.splitlines()
        assert repr(report) == text
        assert max(map(len, lines)) <= 80
        assert lines[0].split()[0] == "array"
        assert len(lines) == len(report.rows) + 2
        assert lines[-1].startswith(report.verdict)
        for row, line in zip(report.rows, lines[1:], strict=False):
            assert line.endswith(row.verdict)
    assert "5x4" in text


def test_with_the_jit_off():
    code = (
        "import numpy as np, tinyae as tae\n"
        "x = np.random.default_rng(0).random((2, 3))\n"
        "ae = tae.Autoencoder([tae.Dense(2, 'tanh')], [tae.Dense(3, 'sigmoid')], loss='bce')\n"
        "print(tae.check_gradients(ae, x).verdict)"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "passed"
