"""The examples of the family, at a small scale."""

import pytest

pytestmark = pytest.mark.large


def test_variational(run):
    pictures = ["samples.png", "betas.png", "plane.png"]
    figures, printed = run("variational", pictures, units=100, epochs=4, samples=2000)
    kl = [figures[f"kl {beta}"] for beta in ("0.1", "1", "10")]
    assert kl[0] > 2 * kl[1] > 2 * kl[2]
    for beta in ("0.1", "1", "10"):
        assert -300 < figures[f"elbo {beta}"] < figures[f"log likelihood {beta}"] + 3
    assert figures["elbo 1"] > max(figures["elbo 0.1"], figures["elbo 10"])
    assert "A coin for each pixel has log likelihood -543." in printed


def test_tied_filters(run):
    figures, _ = run("tied_filters", ["filters.png"], units=40, epochs=6)
    assert figures["numbers free"] - figures["numbers tied"] == 784 * 40
    assert figures["cosine tied"] == pytest.approx(1, abs=1e-6)
    assert figures["cosine free"] < 0.95
    assert figures["error tied"] < figures["error free"]


def test_dictionary(run):
    figures, _ = run("dictionary", ["atoms.png"], atoms=150, epochs=8, n=4000)
    for name, k in (("digits", 16), ("patches", 4)):
        assert figures[f"used {name}"] <= k
        assert figures[f"error {name}"] < figures[f"pca {name}"]
        assert figures[f"dead {name}"] < 30


def test_contractive_directions(run):
    pictures = ["directions.png", "spectrum.png"]
    figures, _ = run("contractive_directions", pictures, units=64, epochs=5)
    assert figures["size contractive"] < 0.5 * figures["size plain"]
    assert figures["directions contractive"] < 0.8 * figures["directions plain"]
    assert figures["error contractive"] < 0.06


def test_family_table(run):
    figures, _ = run("family_table", ["damaged.png"], units=128, epochs=15, samples=3000)
    kinds = ("plain", "sparse", "denoising", "contractive", "variational")
    assert min(kinds, key=lambda kind: figures[f"damaged {kind}"]) == "denoising"
    assert all(figures[f"probe {kind}"] > 0.5 for kind in kinds)
    assert -250 < figures["log likelihood variational"] < -100
