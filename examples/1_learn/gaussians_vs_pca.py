"""Two clouds, one number for each point: PCA's line and an autoencoder's curve.

PCA can only say how far along one line a point lies. A 2-20-20-1-20-20-2
autoencoder has one number too, but may bend its line: through the first cloud
and on through the second. It is measured on new points as well, since what
bends can also bend after the noise.

This is the tutorial's own scale, 200 epochs on 2,000 points: --full changes
nothing.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


def main(out, seed=0, points=1000, epochs=200):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    x, labels = tae.datasets.two_gaussians(points, seed=seed)
    x_new, _ = tae.datasets.two_gaussians(points, seed=seed + 1)

    ae = tae.models.deep((2, 20, 20, 1), "relu", seed=seed)
    history = ae.fit(x, epochs=epochs, batch_size=128, validation_data=x_new, verbose=0)
    pca = tae.PCA(1).fit(x)

    print(f"2-20-20-1-20-20-2: {ae.parameters.size:,} parameters, {epochs} epochs")
    report = tae.compare_with_pca(ae, x, x_test=x_new)
    print(f"\n{report}\n")

    passed = np.flatnonzero(np.less(history["val_loss"], report.test_errors["pca"]))
    if len(passed):
        print(f"On new points it is better than PCA from epoch {passed[0] + 1} on.")
    # PCA's line runs along both clouds alike, so it cannot tell which of them a point is from.
    figures = {"parameters": ae.parameters.size}
    for name, model in (("pca", pca), ("ae", ae)):
        reported = "model" if name == "ae" else name
        figures[f"{name} error"] = report.train_errors[reported]
        figures[f"{name} error, new points"] = report.test_errors[reported]
        figures[f"{name} clouds told apart"] = told_apart(model.encode(x)[:, 0], labels)
    print("Points on their own cloud's side of the best single threshold on the code:")
    print(f"PCA {figures['pca clouds told apart']:.1%}, ", end="")
    print(f"autoencoder {figures['ae clouds told apart']:.1%}")

    ax = tae.plot.curve(ae, x, pca=pca)
    ax.figure.savefig(out / "gaussians_curve.png", bbox_inches="tight")
    ax = tae.plot.history(history)
    ax.axhline(report.test_errors["pca"], color="0.4", ls=":", label="PCA on new points")
    ax.legend()
    ax.figure.savefig(out / "gaussians_history.png", bbox_inches="tight")
    return figures


def told_apart(code, labels):
    """The share of points that the best threshold on the code puts with their own cloud."""
    right = np.cumsum(np.where(labels[np.argsort(code)] == 0, 1, -1))  # cloud 0 below it
    share = (right + np.sum(labels == 1)) / len(labels)
    return float(max(share.max(), 1 - share.min()))


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="the same: it is full scale")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        options = parser.parse_args()
        main(options.out, options.seed)
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
