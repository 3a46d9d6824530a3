"""The experiments on codes, compression, noise and anomalies, at a small scale."""

import numpy as np
import pytest

import tinyae as tae

pytestmark = pytest.mark.large


def test_sparse_codes(run):
    pictures = ["joint.png", "history.png"]
    figures, printed = run("sparse_codes", pictures, epochs=25, samples=3000)
    names = ("none", "L1 2.56e-3", "L1 1e-2")
    none, some, much = (figures[f"code {name}"] for name in names)
    assert none > 20 * some > 20 * much
    none, some, much = (figures[f"bce {name}"] for name in names)
    assert min(some, much) > 1.05 * none
    # the tutorial's claim: around 0, bell-shaped, still dependent
    assert figures["off centre L1 2.56e-3"] < 0.6 < figures["off centre none"]
    assert 0.6 < figures["within L1 2.56e-3"] < 0.85
    assert figures["dependence L1 2.56e-3"] > 0.1
    assert figures["penalty none"] == 0
    assert figures["penalty L1 2.56e-3"] == pytest.approx(
        2.56e-3 * 16 * figures["code L1 2.56e-3"], rel=1e-4
    )
    assert figures["bce none"] < figures["bce L2 normal"]
    assert figures["code none"] > 5 * figures["code L2 normal"]
    assert f"{figures['bce none']:.4f}" in printed


def test_sigmoid_compression(example, run):
    figures, printed = run("sigmoid_compression", ["canvases.png"], thousands=1)
    tutorial = example("sigmoid_compression").TUTORIAL
    assert len(tutorial) == 21
    assert figures["first"] == pytest.approx(tutorial[0], abs=0.005)
    assert figures["last"] == pytest.approx(tutorial[1], rel=0.25)
    assert "tutorial" not in printed
    assert f"  1000{figures['last']:11.5f}" in printed


def test_sigmoid_compression_has_the_tutorials_model(example):
    ae = example("sigmoid_compression").build(seed=0)
    assert [layer.output_shape for layer in ae.layers] == [(128,), (64,), (128,), (784,)]
    for layer in ae.layers:
        assert layer.weights["kernel"].std() == pytest.approx(0.05, rel=0.05)
        assert layer.weights["bias"].std() == pytest.approx(0.05, rel=0.25)


def test_denoising(run):
    pictures = ["noise_0.4.png", "half_missing.png"]
    figures, _ = run("denoising", pictures, epochs=4, samples=2000)
    assert figures["as it came, noise 0.4"] < 0.6 * 0.4**2  # what is kept in range is less
    for way in ("noise in the data", "noise layer"):
        assert figures[f"{way}, noise 0.4"] < 0.8 * figures["PCA, noise 0.4"]
    name = "masking"
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


def test_half_missing_is_what_masking_does(example):
    images = np.random.default_rng(0).uniform(0.2, 1, (200, 784)).astype(np.float32)
    ours = example("denoising").half_missing(images, np.random.default_rng(0))
    layer = tae.Masking(0.5)
    layer.build((784,))
    theirs, _ = layer.forward(images, training=True)
    for damaged in (ours, theirs):
        left = damaged != 0
        assert left.mean() == pytest.approx(0.5, abs=0.01)
        np.testing.assert_array_equal(damaged[left], images[left])


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


def test_many_machines(run):
    figures, printed = run("many_machines", ["reconstructions.png"], epochs=4)
    assert figures["measured"] == pytest.approx(figures["autoencoder"], rel=1e-5)
    assert figures["PCA"] < figures["autoencoder"] < 0.04
    assert "1 process(es), the first with 6,000 of 6,000 digits" in printed


def test_signal_faults(run):
    figures, printed = run("signal_faults", ["blame.png"], samples=1500, epochs=12)
    for fault in ("dropped beat", "early beat", "hum"):
        assert figures[f"auc autoencoder {fault}"] > max(0.85, figures[f"auc PCA {fault}"])
        assert f"{figures[f'auc autoencoder {fault}']:.3f}" in printed


def test_a_fault_is_in_its_window_only(example):
    script = example("signal_faults")
    for plant in script.FAULTS.values():
        rng = np.random.default_rng(0)
        x = script.heartbeats(3, rng)
        kept = x.copy()
        plant(x[1, :, 0], rng)
        assert np.array_equal(x[[0, 2]], kept[[0, 2]])
        assert not np.array_equal(x[1], kept[1])


def test_mixed_table(run):
    pictures = ["strangest_row.png", "strangest_digit.png"]
    figures, printed = run("mixed_table", pictures, epochs=25)
    assert figures["log loss each its own"] < 0.8 * figures["log loss one loss"]
    assert figures["wrong each its own"] < figures["wrong one loss"] < figures["wrong PCA"]
    assert f"{figures['log loss PCA']:.4f}" in printed


def test_what_is_measured_of_a_digit(example):
    images = np.zeros((1, 28, 28))
    images[0, 8:12, 4:8] = 1.0
    row = example("mixed_table").measure(images)[0]
    np.testing.assert_allclose(row[:5], [16, 4, 4, 9.5, 5.5])
    np.testing.assert_allclose(row[5:8], [np.sqrt(1.25), np.sqrt(1.25), 0], atol=1e-6)
    assert row[8:].reshape(7, 7)[2, 1] == row[8:].sum() == 1
