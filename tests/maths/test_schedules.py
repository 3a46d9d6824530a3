"""Learning rates by step: by their formulas, in `fit` as by hand, saved, and refused."""

import math

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive

x = np.random.default_rng(0).random((40, 4))


def model(rate, optimizer=tae.SGD):
    ends = [tae.Dense(2, "tanh")], [tae.Dense(4)]
    return tae.Autoencoder(*ends, input_shape=(4,), optimizer=optimizer(rate), dtype="float64")


@pytest.mark.parametrize("step", [0, 1, 7, 99, 100, 101, 1000])
def test_cosine_decay(step):
    part = min(step, 100) / 100
    expected = 0.2 * (0.1 + 0.9 * (1 + math.cos(math.pi * part)) / 2)
    assert tae.CosineDecay(0.2, 100, alpha=0.1)(step) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("step", [0, 1, 7, 99, 100, 101, 1000])
def test_exponential_decay(step):
    assert tae.ExponentialDecay(0.2, 100, 0.5)(step) == pytest.approx(0.2 * 0.5 ** (step / 100))
    stairs = tae.ExponentialDecay(0.2, 100, 0.5, staircase=True)
    assert stairs(step) == pytest.approx(0.2 * 0.5 ** (step // 100))


@pytest.mark.parametrize(
    "kind", [tae.CosineDecay, lambda *a, **k: tae.ExponentialDecay(*a, 0.5, **k)]
)
def test_a_warm_up_rises_evenly_to_the_first_rate(kind):
    cold, warm = kind(0.3, 10), kind(0.3, 10, warmup_steps=5)
    assert [warm(step) for step in range(5)] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25])
    assert [warm(step + 5) for step in range(20)] == [cold(step) for step in range(20)]


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize("optimizer", [tae.SGD, tae.Adam])
def test_every_step_has_its_rate(optimizer, eager):
    """As a loop by hand with the rate of each step, however `fit` is cut into epochs."""
    rate = tae.CosineDecay(0.1, 12, warmup_steps=3)
    ae, by_hand = model(rate, optimizer), model(rate, optimizer)
    for epochs in (1, 2):
        ae.fit(x, epochs=epochs, batch_size=8, shuffle=False, verbose=0, eager=eager)
    state = by_hand.optimizer.state(by_hand.parameters)
    expected = naive.adam if optimizer is tae.Adam else naive.sgd
    theta, gradients = by_hand.parameters.copy(), []
    for step in range(15):
        batch = x[step % 5 * 8 :][:8]
        gradients.append(by_hand.loss_and_gradient(batch)[1])
        by_hand.optimizer.step(by_hand.parameters, gradients[-1], state, step + 1)
    np.testing.assert_allclose(ae.parameters, by_hand.parameters, rtol=1e-12)
    rates = [rate(step) for step in range(15)]
    found = expected(theta, np.array(gradients), alpha=rates)
    np.testing.assert_allclose(ae.parameters, found, rtol=1e-10)


def test_any_callable_of_the_step_will_do():
    asked = []

    def halves(step):
        asked.append(step)
        return 0.1 if step < 5 else 0.05

    ae = model(halves)
    asked.clear()
    ae.fit(x, epochs=2, batch_size=8, verbose=0)
    assert sorted({*asked}) == list(range(10))
    with pytest.raises(ValueError, match="cannot be saved: its learning_rate is a function"):
        ae.save("/nowhere/m.npz")


def test_a_new_optimizer_begins_its_schedule():
    """Its steps are those of the optimizer, which count from 0 again."""
    asked = []
    ae = model(0.1)
    ae.fit(x, batch_size=8, verbose=0)
    ae.optimizer = tae.SGD(lambda step: asked.append(step) or 0.1)
    asked.clear()
    ae.fit(x, batch_size=8, verbose=0)
    assert sorted({*asked}) == list(range(5))


@pytest.mark.parametrize(
    "rate",
    [
        tae.CosineDecay(0.1, 40, 0.25, warmup_steps=2),
        tae.ExponentialDecay(0.1, 40, 0.5, staircase=True),
    ],
)
def test_a_schedule_is_saved_and_training_goes_on_in_it(rate, tmp_path):
    whole, first = model(rate), model(rate)
    whole.fit(x, epochs=4, batch_size=8, verbose=0)
    first.fit(x, epochs=2, batch_size=8, verbose=0)
    first.save(tmp_path / "m.npz", training_state=True)
    second = tae.load(tmp_path / "m.npz")
    assert vars(second.optimizer.learning_rate) == vars(rate)
    second.fit(x, epochs=2, batch_size=8, verbose=0)
    np.testing.assert_array_equal(second.parameters, whole.parameters)


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf, "0.1", None, True])
def test_a_rate_that_is_none_is_refused_before_its_stretch(bad):
    with pytest.raises(ValueError, match="learning rate"):
        tae.SGD(lambda step: bad)
    ae = model(lambda step: 0.1 if step < 7 else bad)
    with pytest.raises(ValueError, match="step 7"):
        ae.fit(x, epochs=4, batch_size=8, verbose=0, callbacks=lambda epoch, logs: None)
    assert ae.progress.step == 5  # the epoch before


@pytest.mark.parametrize(
    "make",
    [
        lambda: tae.CosineDecay(0, 10),
        lambda: tae.CosineDecay(0.1, 0),
        lambda: tae.CosineDecay(0.1, 10, alpha=1),
        lambda: tae.CosineDecay(0.1, 10, warmup_steps=-1),
        lambda: tae.ExponentialDecay(0.1, 10, 0),
        lambda: tae.ExponentialDecay(0.1, 10, 1.5),
        lambda: tae.ExponentialDecay(0.1, 10, 0.5, staircase=1),
        lambda: tae.Adam(tae.CosineDecay),
        lambda: tae.CosineDecay(0.1, 10)(-1),
    ],
)
def test_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(ValueError, match="must"):
        make()
