"""The examples on strided convolutions, similar images and few labels, run small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae

pytestmark = pytest.mark.large


def printed(options, capsys, picture):
    """What was printed, which fits on a terminal, beside one picture."""
    (file,) = options.out.iterdir()
    assert file.name == picture
    assert file.stat().st_size > 5000
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_transposed_conv(example, options, capsys):
    script = example("transposed_conv")
    figures = script.main(options, filters=(8, 4), samples=1500, epochs=4)
    for size, there in ((28, 14), (27, 14), (8, 4), (7, 4)):
        assert figures[f"same {size}"] == (-(-size // 2), 2 * there)
    for size in (28, 27, 8, 7):
        small = (size - 3) // 2 + 1
        assert figures[f"valid {size}"] == (small, 2 * (small - 1) + 3)
    assert figures["transpose gap"] < 1e-14
    assert (figures["products 3"], figures["products 4"]) == ([1, 2, 4], [4])
    for name in ("transposed, kernel 3", "transposed, kernel 4", "repeat, conv, kernel 4"):
        assert figures[f"error {name}"] < 0.055  # the mean image has 0.067
    text = printed(options, capsys, "reconstructions.png")
    assert f"{figures['error transposed, kernel 4']:.5f}" in text
    assert "14 × 14 × 8" in text


def test_retrieval(example, options, capsys):
    script = example("retrieval")
    figures = script.main(options, code_sizes=(4, 32), hidden=(128, 32), epochs=5)
    assert figures["precision autoencoder 4"] > figures["precision PCA 4"] + 0.05
    assert figures["right autoencoder 4"] > figures["right PCA 4"] + 0.05
    assert figures["precision PCA 32"] > figures["precision pixels 784"] > 0.8
    assert figures["right pixels 784"] > 0.9
    text = printed(options, capsys, "nearest.png")
    assert f"{figures['precision autoencoder 4']:.1%}" in text


def test_the_vote_of_neighbours(example):
    vote = example("retrieval").vote
    labels = np.array([[3, 1, 1, 2, 1], [7, 7, 7, 7, 7], [5, 2, 2, 5, 9], [4, 3, 2, 1, 0]])
    np.testing.assert_array_equal(vote(labels), [1, 7, 5, 4])


def test_neighbours_are_those_found_one_by_one(example):
    rng = np.random.default_rng(0)
    points, among = rng.random((450, 3, 2)), rng.random((30, 3, 2))
    positions, distances = example("common").neighbours(points, among, 4)
    for point, position, distance in zip(points, positions, distances, strict=True):
        all_distances = np.linalg.norm((among - point).reshape(30, -1), axis=1)
        np.testing.assert_array_equal(position, np.argsort(all_distances)[:4])
        np.testing.assert_allclose(distance, np.sort(all_distances)[:4], atol=1e-7)


def test_transfer(example, options, capsys):
    figures = example("transfer").main(options, epochs=6, head_epochs=30, draws=2)
    assert figures["frozen"] > figures["never trained, frozen"] + 0.15
    assert figures["fine-tuned"] > figures["frozen"]
    assert figures["fine-tuned"] > figures["from scratch"] > 0.8
    text = printed(options, capsys, "accuracy.png")
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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--seed", "-1"], 2, "argument --seed: must be at least 0, but got -1"),
        (["--seed", "x"], 2, "argument --seed: invalid int value"),
        (["--out", "{file}/folder"], 2, "argument --out: cannot make the folder"),
        (["--wrong"], 2, "unrecognized arguments: --wrong"),
        (["--full"], 1, "{folder}"),
    ],
)
def test_wrong_arguments_end_in_one_line(examples, tmp_path, monkeypatch, arguments, code, message):
    (tmp_path / "file").touch()
    names = {"file": tmp_path / "file", "folder": tmp_path}
    monkeypatch.setenv("TINYAE_DATA", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(tae.__file__).parents[1]))
    done = subprocess.run(
        [sys.executable, examples / "anomalies.py", *(a.format(**names) for a in arguments)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == code
    *usage, line = done.stderr.splitlines()
    assert all(text.startswith("usage:") for text in usage)
    assert message.format(**names) in line
