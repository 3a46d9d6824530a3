"""Adam and SGD against plain NumPy, their settings, and that gradients are left cleared."""

import numpy as np
import pytest

from tests.support import naive
from tinyae.maths import optimizers
from tinyae.maths.optimizers import SGD, SLOTS, Adam

STEPS, SIZE = 20, 41
CASES = [
    (Adam(), naive.adam, {}),
    (
        Adam(0.05, 0.8, 0.95, 1e-3),
        naive.adam,
        {"alpha": 0.05, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
    ),
    (SGD(), naive.sgd, {}),
    (SGD(0.1, momentum=0.9), naive.sgd, {"alpha": 0.1, "momentum": 0.9}),
]


def run(optimizer, theta, gradients):
    """θ after one step for each gradient; the gradient vector must come back cleared."""
    theta = theta.copy()
    slots = np.zeros((SLOTS, theta.size), theta.dtype)
    for t, gradient in enumerate(gradients, start=1):
        g = gradient.copy()
        optimizer.kernel(theta, g, slots[0], slots[1], t, optimizer.settings())
        assert not g.any()
    return theta


NAMES = ["adam", "adam with settings", "sgd", "momentum"]


@pytest.mark.parametrize(("optimizer", "reference", "settings"), CASES, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_twenty_steps(optimizer, reference, settings, dtype):
    rng = np.random.default_rng(0)
    theta = rng.normal(size=SIZE).astype(dtype)
    gradients = (rng.normal(size=(STEPS, SIZE)) * 10.0 ** rng.integers(-6, 2, SIZE)).astype(dtype)
    expected = reference(theta, gradients, **settings)
    tolerance = 1e-13 if dtype is np.float64 else 1e-5
    moved = np.abs(expected - theta).max()
    np.testing.assert_allclose(run(optimizer, theta, gradients), expected, atol=tolerance * moved)


@pytest.mark.parametrize(("optimizer", "reference", "settings"), CASES, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_by_hand(optimizer, reference, settings, dtype):
    """The same, without what serves the engine: the gradient stays."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=SIZE).astype(dtype)
    gradients = rng.normal(size=(STEPS, SIZE)).astype(dtype)
    by_kernel, expected = run(optimizer, theta, gradients), reference(theta, gradients, **settings)
    state, before = optimizer.state(theta), gradients.copy()
    assert (state.shape, state.dtype, state.any()) == ((SLOTS, SIZE), dtype, False)
    for t, gradient in enumerate(gradients, start=1):
        optimizer.step(theta, gradient, state, t)
    np.testing.assert_array_equal(gradients, before)
    np.testing.assert_array_equal(theta, by_kernel)
    tolerance = 1e-13 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(theta, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", [Adam(), SGD()])
def test_a_step_by_hand_refuses_what_does_not_fit(optimizer):
    theta, g = np.ones(3), np.ones(3)
    state = optimizer.state(theta)
    wrong = [
        ({"gradient": np.ones(4)}, r"gradient must have shape \(3,\), but its shape is \(4,\)"),
        ({"gradient": np.ones((1, 3))}, r"gradient must have shape \(3,\)"),
        ({"gradient": np.ones(3, complex)}, "gradient must hold real numbers.*complex"),
        ({"state": state[:1]}, r"state must be .* shape \(2, 3\), but got .*\(1, 3\)"),
        ({"state": state.astype(np.float32)}, "state must be .* float64 .* but got float32"),
        ({"t": 0}, r"t must be a whole number from 1 to .*, but got 0"),
        ({"t": 1.0}, "t must be a whole number"),
    ]
    for argument, message in wrong:
        with pytest.raises(ValueError, match=message):
            optimizer.step(theta, **{"gradient": g, "state": state, "t": 1, **argument})
    assert (theta == 1).all()
    assert not state.any()


def test_adams_first_step_in_kerass_form():
    """α g / (|g| + ε / √(1 − β₂)): here ε counts about 32 times as much as in PyTorch's form."""
    g = np.array([1.0, 1e-6, -1e-8])
    theta = run(Adam(0.01, epsilon=1e-7), np.zeros(3), [g])
    np.testing.assert_allclose(theta, -0.01 * g / (np.abs(g) + 1e-7 / np.sqrt(0.001)), rtol=1e-9)


def test_adam_counts_steps_from_one_and_for_long():
    theta, g, slots = np.zeros(1), np.ones(1), np.zeros((2, 1))
    settings = Adam().settings()
    Adam.kernel(theta, g, slots[0], slots[1], 10_000_000, settings)
    # without bias correction left: m = 0.1, v = 0.001
    assert theta[0] == pytest.approx(-1e-3 * 0.1 / (np.sqrt(0.001) + 1e-7), rel=1e-12)


def test_momentum_carries_on_after_the_gradient_stops():
    gradients = np.array([[1.0], [0.0], [0.0]])
    assert run(SGD(1.0, 0.5), np.zeros(1), gradients)[0] == -1.75


@pytest.mark.parametrize("optimizer", [Adam(), SGD(momentum=0.5)])
def test_nan_reaches_its_own_parameter_only(optimizer):
    gradients = np.ones((1, SIZE), np.float32)
    gradients[0, 7] = np.nan
    theta = run(optimizer, np.zeros(SIZE, np.float32), gradients)
    assert np.isnan(theta[7])
    assert np.isfinite(np.delete(theta, 7)).all()


@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf])
def test_settings_out_of_range(rate):
    for make in (Adam, SGD):
        with pytest.raises(ValueError, match="learning_rate must be positive and finite, but got"):
            make(rate)
    with pytest.raises(ValueError, match="epsilon must be positive and finite, but got"):
        Adam(epsilon=rate)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, np.nan])
def test_shares_out_of_range(share):
    for name in ("beta_1", "beta_2"):
        with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1, but got"):
            Adam(**{name: share})
    with pytest.raises(ValueError, match="momentum must be at least 0 and below 1, but got"):
        SGD(momentum=share)


def test_names():
    assert isinstance(optimizers.get("adam"), Adam)
    assert isinstance(optimizers.get("sgd"), SGD)
    given = SGD(0.5)
    assert optimizers.get(given) is given
    for wrong in ("AdamW", Adam, None):
        with pytest.raises(ValueError, match="optimizer must be one of adam, sgd, but got"):
            optimizers.get(wrong)


def test_defaults_and_words():
    adam = Adam()
    assert (adam.learning_rate, adam.beta_1, adam.beta_2, adam.epsilon) == (1e-3, 0.9, 0.999, 1e-7)
    assert repr(adam) == "Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07)"
    assert repr(SGD(momentum=0.5)) == "SGD(learning_rate=0.01, momentum=0.5)"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [Adam(), SGD(momentum=0.9)])
def test_the_means_of_a_dead_unit_end_at_zero(optimizer, dtype):
    # and not among the denormal numbers, where rounding would keep them for ever
    theta, g, slots = np.ones(2, dtype), np.ones(2, dtype), np.zeros((2, 2), dtype)
    normal = np.finfo(dtype).tiny
    begun = [theta, g, *slots]
    steps = 12_000 if dtype == "float64" else 1_600
    for step in range(1, steps + 1):
        optimizer.kernel(*begun, step, optimizer.settings())
    assert slots[0, 0] == 0
    assert ((slots == 0) | (slots >= normal)).all()
    slots[1] = normal / 2  # what fades more slowly
    for step in range(1, 65):
        optimizer.kernel(*begun, step, optimizer.settings())
    assert not slots[0].any()
    assert not isinstance(optimizer, Adam) or not slots[1].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [Adam(), SGD(momentum=0.9)])
def test_the_smallest_normal_numbers_are_kept(optimizer, dtype):
    theta, g = np.ones(2, dtype), np.zeros(2, dtype)
    slots = np.full((2, 2), 2 * np.finfo(dtype).tiny, dtype)
    optimizer.kernel(theta, g, *slots, 64, optimizer.settings())
    assert slots.all()
