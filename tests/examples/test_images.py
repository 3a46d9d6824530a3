"""The examples on strided convolutions, similar images and few labels, run small."""

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
