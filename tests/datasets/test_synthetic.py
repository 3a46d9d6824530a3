"""Data sets that are made."""

import numpy as np
import pytest

from tinyae import datasets


def test_two_gaussians():
    x, labels = datasets.two_gaussians(20_000, seed=3)
    assert (x.shape, x.dtype, labels.dtype) == ((40_000, 2), np.float32, np.int64)
    np.testing.assert_array_equal(labels, [0] * 20_000 + [1] * 20_000)
    for label, mean in ((0, (-1.1, 0.1)), (1, (1.1, -0.1))):
        cloud = x[labels == label].astype(np.float64)
        np.testing.assert_allclose(cloud.mean(axis=0), mean, atol=0.03)
        np.testing.assert_allclose(np.cov(cloud.T), [[1, 0.9], [0.9, 1]], atol=0.04)
    clouds = x.reshape(2, 20_000, 2)
    assert abs(np.corrcoef(clouds[0, :, 0], clouds[1, :, 0])[0, 1]) < 0.03


def test_sine_curve():
    x = datasets.sine_curve(20_000, noise=0.06, seed=3)
    assert (x.shape, x.dtype) == ((20_000, 2), np.float32)
    t = np.linspace(-2.2, 2.2, 20_000)
    residual = x - np.stack([t, np.sin(t)], axis=1)
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=0.002)
    np.testing.assert_allclose(np.cov(residual.T), 0.06**2 * np.eye(2), atol=0.0002)
    np.testing.assert_allclose(datasets.sine_curve(5, noise=0)[:, 0], [-2.2, -1.1, 0, 1.1, 2.2])


@pytest.mark.parametrize("make", [lambda **k: datasets.two_gaussians(**k)[0], datasets.sine_curve])
def test_made_data_depends_on_the_seed_alone(make):
    before = repr(np.random.get_state())  # noqa: NPY002
    first = make(n=50, seed=1)
    np.testing.assert_array_equal(first, make(n=np.int32(50), seed=1))
    assert not np.array_equal(first, make(n=50, seed=2))
    assert repr(np.random.get_state()) == before  # noqa: NPY002


@pytest.mark.parametrize("make", [datasets.two_gaussians, datasets.sine_curve])
@pytest.mark.parametrize(("name", "value"), [("n", 0), ("n", 2.0), ("n", True), ("seed", -1)])
def test_made_data_refuses_bad_arguments(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number.* but got {value}"):
        make(**{name: value})


@pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf, "0.1", None])
def test_sine_curve_refuses_bad_noise(noise):
    with pytest.raises(ValueError, match=r"^noise must be zero or positive and finite"):
        datasets.sine_curve(noise=noise)
