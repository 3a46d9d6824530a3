"""The experiments on codes, compression, noise and anomalies, at a small scale."""

import numpy as np
import pytest

import tinyae as tae

pytestmark = pytest.mark.large


def test_sparse_codes(run):
    pictures = ["joint.png", "history.png"]
    figures, printed = run("sparse_codes", pictures, epochs=25, samples=3000)
    by_penalty = {
        what: [figures[f"{what} {name}"] for name in ("none", "L1 2.56e-3", "L1 1e-2")]
        for what in ("code", "bce", "zeros", "penalty")
    }
    none, some, much = by_penalty["code"]
    assert none > 20 * some > 20 * much
    none, some, much = by_penalty["bce"]
    assert min(some, much) > 1.05 * none
    none, some, much = by_penalty["zeros"]
    assert none < 0.5 < 0.8 < min(some, much)
    assert by_penalty["penalty"][0] == 0
    assert figures["penalty L1 2.56e-3"] == pytest.approx(
        2.56e-3 * 16 * figures["code L1 2.56e-3"], rel=1e-4
    )
    assert figures["dependence L1 2.56e-3"] < figures["dependence none"]
    assert figures["bce none"] < figures["bce L2 normal"]
    assert figures["code none"] > 5 * figures["code L2 normal"]
    assert f"{figures['bce none']:.4f}" in printed


def test_sigmoid_compression(example, run):
    figures, printed = run("sigmoid_compression", ["canvases.png"], thousands=1)
    tutorial = example("sigmoid_compression").TUTORIAL
    assert figures["first"] == pytest.approx(tutorial[0], abs=0.005)
    assert figures["last"] == pytest.approx(tutorial[1000], rel=0.2)
    assert "tutorial" not in printed
    assert f"  1000{figures['last']:11.5f}" in printed


def test_sigmoid_compression_has_the_tutorials_model(example):
    ae = example("sigmoid_compression").build(seed=0)
    assert [layer.output_shape for layer in ae.layers] == [(128,), (64,), (128,), (784,)]
    for layer in ae.layers:
        assert layer.weights["kernel"].std() == pytest.approx(0.05, rel=0.05)
        assert not layer.weights["bias"].any()


def test_denoising(run):
    pictures = ["noise_0.4.png", "half_missing.png"]
    figures, _ = run("denoising", pictures, epochs=4, samples=2000)
    assert figures["as it came, noise 0.4"] == pytest.approx(0.4**2, rel=0.02)
    for way in ("noise in the data", "noise layer"):
        assert figures[f"{way}, noise 0.4"] < 0.8 * figures["PCA, noise 0.4"]
    name = "dropout on the input"
    assert figures[f"{name}, half missing"] < 0.7 * figures["PCA, half missing"]
    # a network undoes the damage that it was trained with, and no other
    assert figures[f"{name}, noise 0.4"] > 2 * figures["PCA, noise 0.4"]


def test_the_best_pca_is_the_best_of_all_fitted_one_by_one(example):
    script = example("denoising")
    (x, _), (clean, _) = tae.datasets.mnist_mini(digits=(1, 5, 6), images=True)
    damaged = script.noisy(clean, np.random.default_rng(0))
    outputs, best = script.best_pca(x, damaged, clean, most=60)
    flat = [images.reshape(len(images), -1) for images in (x, damaged, clean)]
    errors = {
        k: np.mean((tae.PCA(k).fit(flat[0]).reconstruct(flat[1]) - flat[2]) ** 2)
        for k in range(5, 61, 5)
    }
    assert best == min(errors, key=errors.get)
    assert script.mean_squared(outputs, clean) == pytest.approx(errors[best], rel=1e-4)


def test_half_missing_is_what_dropout_does(example):
    images = np.random.default_rng(0).uniform(0.2, 1, (200, 784)).astype(np.float32)
    ours = example("denoising").half_missing(images, np.random.default_rng(0))
    layer = tae.Dropout(0.5)
    layer.build((784,))
    theirs, _ = layer.forward(images, training=True)
    for damaged in (ours, theirs):
        left = damaged != 0
        assert left.mean() == pytest.approx(0.5, abs=0.01)
        np.testing.assert_allclose(damaged[left], 2 * images[left], rtol=1e-6)


def test_anomalies(run):
    pictures = ["most_anomalous.png", "strangest_0.png", "error_map.png"]
    figures, printed = run("anomalies", pictures, epochs=15)
    assert figures["auc autoencoder"] > figures["auc PCA"] > 0.9
    for name in ("PCA", "autoencoder"):
        assert figures[f"anomalous {name}"] > 2 * figures[f"normal {name}"]
    assert f"{figures['auc autoencoder']:.3f}" in printed


def test_roc_auc_is_the_share_of_pairs_won(example):
    roc_auc = example("anomalies").roc_auc
    rng = np.random.default_rng(0)
    normal, anomalous = rng.integers(0, 9, 40), rng.integers(3, 12, 30)  # many equal scores
    wins = [float(a > n) + 0.5 * float(a == n) for a in anomalous for n in normal]
    assert roc_auc(normal, anomalous) == pytest.approx(np.mean(wins))
    assert roc_auc(np.array([1, 2]), np.array([3, 4])) == 1
    assert roc_auc(np.array([3, 4]), np.array([1, 2])) == 0
    assert roc_auc(normal, normal) == 0.5
