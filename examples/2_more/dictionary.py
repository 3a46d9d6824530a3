"""A dictionary of strokes: each digit, or patch of one, as a few of many atoms.

The encoder gives many more numbers than are needed, and `TopK` keeps the
largest few. What the decoder adds up are then atoms, the rows of its kernel:
parts that many images share, where PCA's components are the whole image's. An
atom that no image chooses gets no gradient, and stays dead.

Once for whole digits, once for patches of 10 × 10 pixels; with --full from all
of MNIST.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

SIDE = 10  # of a patch


def network(inputs, atoms, k, seed):
    encoder = [tae.Dense(atoms, "relu"), tae.TopK(k)]
    return tae.Autoencoder(encoder, [tae.Dense(inputs)], (inputs,), seed=seed)


def patches(x, n, rng):
    """Patches of images, drawn anywhere where something is to be seen."""
    images = x.reshape(-1, 28, 28)
    windows = np.lib.stride_tricks.sliding_window_view(images, (SIDE, SIDE), axis=(1, 2))
    drawn = rng.integers((len(images), 29 - SIDE, 29 - SIDE), size=(4 * n, 3))
    found = windows[tuple(drawn.T)].reshape(-1, SIDE * SIDE)
    return found[found.std(axis=1) > 0.1][:n]


def main(out, full=False, seed=0, atoms=400, epochs=20, n=10_000):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    rng = np.random.default_rng(seed)
    kinds = {
        "digits": (x, x_test, 28, 16),
        "patches": (patches(x, n, rng), patches(x_test, n // 5, rng), SIDE, 4),
    }
    print(f"{atoms} atoms, {epochs} epochs; errors are of test images\n")
    print(f"{'':9}{'of each':>9}{'error':>10}{'PCA, as many':>14}{'dead atoms':>12}")
    fig, axes = plt.subplots(1, 2, figsize=(8, 4.3), layout="constrained")
    figures = {}
    for ax, (name, (known, unseen, side, k)) in zip(axes, kinds.items(), strict=True):
        ae = network(side * side, atoms, k, seed)
        ae.fit(known, epochs=epochs, batch_size=100, verbose=0)
        error = float(ae.reconstruction_error(unseen).mean())
        by_pca = float(tae.PCA(k).fit(known).reconstruction_error(unseen).mean())
        codes = ae.encode(unseen)
        dead = int((codes == 0).all(axis=0).sum())
        figures |= {f"error {name}": error, f"pca {name}": by_pca, f"dead {name}": dead}
        figures[f"used {name}"] = int((codes != 0).sum(axis=1).max())
        print(f"{name:9}{k:9}{error:10.5f}{by_pca:14.5f}{dead:12}", flush=True)
        shown = min(100, (atoms - dead) // 10 * 10)
        used = np.argsort(-(codes != 0).mean(axis=0), kind="stable")[:shown]
        picture(
            ae.decoder.layers[0].weights["kernel"][used], side, ax, f"Atoms of {name}, {k} each"
        )
    fig.savefig(out / "atoms.png", bbox_inches="tight")
    return figures


def picture(atoms, side, ax, title):
    """Atoms as images, each on the scale of its own largest number."""
    atoms = atoms / np.abs(atoms).max(axis=1, keepdims=True)
    shown = tae.plot.tile((atoms.reshape(-1, side, side) + 1) / 2, columns=10, gap=1, fill=1.0)
    ax.imshow(shown, cmap="gray")
    ax.set_title(title)
    ax.set_axis_off()


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 60,000 images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
