"""The examples on points, latent spaces and walks, run small: what each must show."""

import numpy as np
import pytest

pytestmark = pytest.mark.large


def test_gaussians_vs_pca(run):
    pictures = ["gaussians_curve.png", "gaussians_history.png"]
    figures, printed = run("gaussians_vs_pca", pictures)
    assert figures["parameters"] == 1003
    assert figures["ae error"] < 0.6 * figures["pca error"]
    assert figures["ae error, new points"] < 0.6 * figures["pca error, new points"]
    assert figures["ae clouds told apart"] > figures["pca clouds told apart"] + 0.1
    assert "1,003 parameters" in printed


def test_sine_manifold(run):
    figures, printed = run("sine_manifold", ["sine_manifold.png"], overtrain=50)
    assert abs(figures["gap"]) < 0.01 < figures["gap after 15 epochs"]
    bound = figures["off the sine's own PCA"]
    assert bound == pytest.approx(0.1756, abs=1e-3)
    assert figures["off linear"] >= bound
    assert figures["off deep"] < bound / 6
    assert figures["error over-trained"] < 0.3 * figures["error deep"]
    assert figures["off over-trained"] > 1.8 * figures["off deep"]
    assert "over-trained" in printed


def test_mnist_latent(run):
    pictures = ["generated.png", "latent.png", "reconstructions.png"]
    pictures += ["tanh_walks.png", "tanh_samples.png"]
    scale = {"sizes": (784, 128, 64, 2), "epochs": 10, "steps": 40}
    figures, printed = run("mnist_latent", pictures, **scale)
    assert figures["error ReLU"] < 0.85 * figures["error PCA"]
    assert figures["right ReLU"] > 0.85
    assert figures["tf1 last"] < 0.6 * figures["tf1 first"]
    assert f"{figures['tf1 last']:.4f}" in printed


@pytest.fixture(scope="module")
def mixture():
    """Whether the third density can be fitted here."""
    try:
        import sklearn.mixture  # noqa: F401
    except ImportError:
        return False
    return True


def test_latent_walks(run, mixture):
    pictures = ["samples.png", "walks.png"]
    scale = {"sizes": (784, 128, 64, 8), "epochs": 8, "pairs": 60}
    figures, printed = run("latent_walks", pictures, **scale)
    assert figures["walk codes"] < figures["walk pixels, blurred"] < figures["walk pixels"]
    assert figures["log full Gaussian"] > figures["log diag Gaussian"]
    if mixture:
        assert figures["log 20 Gaussians"] > figures["log full Gaussian"]
    assert ("needs scikit-learn" in printed) is not mixture


def test_conv_manifold(run):
    pictures = ["reconstructions.png", "walk.png"]
    scale = {"filters": (8, 4), "samples": 2000, "epochs": 4}
    figures, printed = run("conv_manifold", pictures, **scale)
    assert figures["bce"] < 0.21  # the mean image has 0.26
    assert f"{figures['middle codes']:.2f}" in printed
    assert f"{figures['middle pixels']:.2f}" in printed


@pytest.mark.parametrize("name", ["latent_walks", "conv_manifold"])
def test_the_distance_to_the_nearest_image(example, name):
    rng = np.random.default_rng(0)
    images, real = rng.random((45, 6)), rng.random((7, 6))
    expected = [min(np.linalg.norm(image - one) for one in real) for image in images]
    nearest = example(name).nearest
    np.testing.assert_allclose(nearest(images, real), expected, rtol=1e-9)
    np.testing.assert_allclose(nearest(real, real), 0, atol=1e-7)
