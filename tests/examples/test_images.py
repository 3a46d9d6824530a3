"""The examples on convolutions, gaps, large files, similar images and few labels, run small."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.large


def test_transposed_conv(run):
    scale = {"filters": (8, 4), "samples": 1500, "epochs": 4}
    figures, text = run("transposed_conv", ["reconstructions.png"], **scale)
    for size, there in ((28, 14), (27, 14), (8, 4), (7, 4)):
        assert figures[f"same {size}"] == (-(-size // 2), 2 * there)
    for size in (28, 27, 8, 7):
        small = (size - 3) // 2 + 1
        assert figures[f"valid {size}"] == (small, 2 * (small - 1) + 3)
    assert figures["transpose gap"] < 1e-14
    assert (figures["products 3"], figures["products 4"]) == ([1, 2, 4], [4])
    for name in ("transposed, kernel 3", "transposed, kernel 4", "repeat, conv, kernel 4"):
        assert figures[f"error {name}"] < 0.055  # the mean image has 0.067
    assert f"{figures['error transposed, kernel 4']:.5f}" in text
    assert "14 × 14 × 8" in text


def test_imputation(run):
    figures, text = run("imputation", ["filled.png"], samples=2000, epochs=4)
    assert figures["PCA"] < 0.3 * figures["mean"]
    assert figures["network"] < 0.3 * figures["mean"]
    assert "20.0% of their pixels" in text
    behind = figures["network"] > figures["PCA"]
    assert ("PCA is ahead" in text) == ("--epochs 16" in text) == behind
    assert f"{figures['network']:.5f}" in text


def test_what_is_filled_in_by_pca_is_where_it_was_missing(example):
    script = example("imputation")
    rng = np.random.default_rng(0)
    known = np.outer(rng.normal(size=50), rng.normal(size=12)) + 3  # one component
    x, weight = script.tae.mask_missing(script.with_gaps(known, rng))
    assert 0.1 < 1 - weight.mean() < 0.3
    filled = script.by_pca(1, *[np.where(weight, x, x.sum(0) / weight.sum(0)), weight] * 2)
    np.testing.assert_array_equal(filled[weight == 1], known.astype(np.float32)[weight == 1])
    there = np.abs(np.where(weight, x, x.sum(0) / weight.sum(0)) - known)
    assert np.abs(filled - known).max() < 0.2 * there.max()


def test_memory_map(run):
    figures, text = run("memory_map", ["memory.png"], megabytes=100, files=3, epochs=1)
    assert figures["size"] == pytest.approx(100e6, rel=0.001)
    assert figures["error"] < 0.05
    assert "3 files of 100 MB" in text
    if Path("/proc/self/status").exists():
        assert 0 < figures["grown"] < figures["size"]
    folder = text.partition("together in ")[2].split()[0]
    assert not Path(folder).exists()


def test_files_that_do_not_fit_are_not_begun(example, tmp_path):
    script = example("memory_map")
    with pytest.raises(OSError, match="do not fit on this disk"):
        script.write(tmp_path, np.zeros((1, 784)), 1e12, 1, np.random.default_rng(0))
    assert not list(tmp_path.iterdir())


def test_retrieval(run):
    scale = {"code_sizes": (4, 32), "hidden": (128, 32), "epochs": 5}
    figures, text = run("retrieval", ["nearest.png"], **scale)
    assert figures["precision autoencoder 4"] > figures["precision PCA 4"] + 0.05
    assert figures["right autoencoder 4"] > figures["right PCA 4"] + 0.05
    assert figures["precision PCA 32"] > figures["precision pixels 784"] > 0.8
    assert figures["right pixels 784"] > 0.9
    assert f"{figures['precision autoencoder 4']:.1%}" in text


def test_the_vote_of_neighbours(example):
    vote = example("retrieval").vote
    labels = np.array([[3, 1, 1, 2, 1], [7, 7, 7, 7, 7], [5, 2, 2, 5, 9], [4, 3, 2, 1, 0]])
    np.testing.assert_array_equal(vote(labels), [1, 7, 5, 4])


def test_neighbours_are_those_found_one_by_one(example):
    script = example("retrieval")
    rng = np.random.default_rng(0)
    asked, known = rng.random((120, 6)), rng.random((30, 6))
    found = script.neighbours(asked, known)
    assert found.shape == (120, script.NEAREST)
    for one, positions in zip(asked, found, strict=True):
        nearest = np.argsort(np.linalg.norm(known - one, axis=1))[: script.NEAREST]
        np.testing.assert_array_equal(positions, nearest)


def test_transfer(run):
    scale = {"epochs": 6, "head_epochs": 30, "draws": 2}
    figures, text = run("transfer", ["accuracy.png"], **scale)
    assert figures["frozen"] > figures["never trained, frozen"] + 0.15
    assert figures["fine-tuned"] > figures["frozen"]
    assert figures["fine-tuned"] > figures["from scratch"] > 0.8
    assert f"{figures['fine-tuned']:.1%}" in text


def test_only_the_head_of_a_frozen_encoder_is_trained(example):
    script = example("transfer")
    x = np.random.default_rng(0).random((20, 784), np.float32)
    start = script.encoder()
    start.build((784,))
    before = start.parameters.copy()
    network = script.classifier(start.copy(), 0, frozen=True)
    head = network.decoder.parameters.copy()
    network.fit(x, np.eye(10, dtype=np.float32)[np.arange(20) % 10], epochs=2, verbose=0)
    np.testing.assert_array_equal(network.encoder.parameters, before)
    assert (network.decoder.parameters != head).any()
    script.freeze(network.encoder, False)
    network.fit(x, np.eye(10, dtype=np.float32)[np.arange(20) % 10], epochs=2, verbose=0)
    assert (network.encoder.parameters != before).any()
    np.testing.assert_array_equal(start.parameters, before)
