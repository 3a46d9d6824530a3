"""The main job: a deep autoencoder beside PCA, on handwritten digits with a code of two numbers."""

import json
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from .. import datasets, models, plot
from ..autoencoder import Autoencoder
from ..checks.tables import table
from ..inspection.compare_with_pca import compare_with_pca
from ..linear.pca import PCA
from .terminal import say

DIGITS = (1, 5, 6)


def run(data: str, epochs: int, seed: int, out: Path) -> None:
    """Train, compare, print the figures, and write figures and pictures into the folder `out`."""
    load = datasets.mnist if data == "mnist" else datasets.mnist_mini
    (x_train, _), (x_test, y_test) = load(digits=DIGITS)
    out.mkdir(parents=True, exist_ok=True)
    names = ", ".join(map(str, DIGITS[:-1])) + f" and {DIGITS[-1]}"
    print(f"{len(x_train):,} training and {len(x_test):,} test images of the digits {names}")

    ae = models.deep(seed=seed)
    print(f"autoencoder 784-500-300-2-300-500-784, {ae.parameters.size:,} parameters")
    ae.fit(x_train, epochs=epochs, batch_size=50, validation_data=x_test)
    pca = PCA(2).fit(x_train)

    report = compare_with_pca(ae, x_train, x_test=x_test)
    figures = {
        name: {
            "train_error": report.train_errors[key],
            "test_error": report.test_errors[key],
            "variance_explained": report.variance_explained[key],
        }
        for name, key in (("PCA, 2 components", "pca"), ("autoencoder", "model"))
    }
    print()
    rows = [["", "test error", "variance explained"]]
    for name, figure in figures.items():
        share = figure["variance_explained"]
        rows.append([name, f"{figure['test_error']:.5f}", f"{share:.1%}"])
    print(*table(rows, gap="    "), sep="\n")
    print(
        f"\nThe autoencoder's error is {report.ratio:.0%} of PCA's (mean squared error per pixel)."
    )

    record = {
        "data": data,
        "digits": DIGITS,
        "seed": seed,
        "epochs": epochs,
        "figures": figures,
        "history": ae.history,
    }
    (out / "figures.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    pictures = draw(pca, ae, x_test, y_test, out)
    page = plot.page(
        ae, x_test, y_test, out / "page.html", title="Handwritten digits as two numbers"
    )
    names = ", ".join(["figures.json", *pictures, page.name])
    say(f"Written to {out}{'/' if out.name else ''}: {names}")
    say(f"Open {page} in a browser: the code under the pointer is decoded")


def draw(pca: PCA, ae: Autoencoder, x: np.ndarray, labels: np.ndarray, out: Path) -> list[str]:
    """Write the pictures into `out`; returns their names."""
    digits = np.concatenate([np.flatnonzero(labels == digit)[:4] for digit in DIGITS])
    pictures = {
        "latent.png": plot.compare_latent(pca, ae, x, labels)[0],
        "reconstructions.png": plot.reconstructions(
            ae, x[digits], n=len(digits), title="Autoencoder with a code of two numbers"
        ),
        "reconstructions_pca.png": plot.reconstructions(
            pca, x[digits], n=len(digits), title="PCA with two components"
        ),
        "manifold.png": plot.manifold(ae, codes=ae.encode(x)),
        "history.png": plot.history(ae.history),
    }
    for name, axes in pictures.items():
        axes.figure.savefig(out / name, dpi=100)
        plt.close(axes.figure)
    return list(pictures)
