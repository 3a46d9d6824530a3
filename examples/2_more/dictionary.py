"""A dictionary of strokes: each digit, or patch of one, as a few of many atoms.

The encoder gives many more numbers than are needed, and `TopK` keeps the
largest few. What the decoder adds up are then atoms, the rows of its kernel:
parts that many images share, where PCA's components are the whole image's.

An atom that no image chooses gets no gradient, and stays dead. Two things keep
most of them alive: each begins as a piece of an image, which it then fits
better than others do, and after every step all have length 1 (`UnitNorm`), so
that none is chosen for its size. Both kernels begin as the same atoms, and
part.

Once for whole digits, once for patches of 10 × 10 pixels, which are trained on
from a file that is mapped, not read; with --full from all of MNIST.
"""

import math
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

SIDE, PIECE = 10, 6  # pixels: of a patch, and how far a piece of an image reaches


def network(x, atoms, k, seed, rng):
    """A dictionary whose atoms are pieces of images, drawn from x, until it learns."""
    inputs = x.shape[1]
    encoder = [tae.Dense(atoms, "relu"), tae.TopK(k)]
    decoder = [tae.Dense(inputs, kernel_constraint=tae.UnitNorm(axis=1))]
    ae = tae.Autoencoder(encoder, decoder, (inputs,), seed=seed)
    first = pieces(np.array(x[np.sort(rng.choice(len(x), atoms, replace=len(x) < atoms))]), rng)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    encoder[0].weights["kernel"][...], decoder[0].weights["kernel"][...] = first.T, first
    return ae


def pieces(images, rng):
    """Of each image what lies around a place where it is bright, less and less farther away."""
    side = math.isqrt(images.shape[1])
    chances = (images + 1e-6) / (images + 1e-6).sum(axis=1, keepdims=True)
    places = [rng.choice(side * side, p=each / each.sum()) for each in chances.astype(float)]
    rows, columns = np.divmod(np.arange(side * side), side)
    down, right = np.divmod(np.array(places)[:, np.newaxis], side)
    near = np.exp(-((rows - down) ** 2 + (columns - right) ** 2) / PIECE**2)
    return (images + 1e-6) * near.astype(np.float32)


def mapped(folder, x):
    """The same numbers in a file, of which only what is looked at is in memory."""
    np.save(Path(folder, "patches.npy"), x)
    return np.load(Path(folder, "patches.npy"), mmap_mode="r")


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
    with tempfile.TemporaryDirectory(prefix="tinyae-") as folder:
        many = mapped(folder, patches(x, n, rng))
        kinds = {
            "digits": (x, x_test, 28, 16),
            "patches": (many, patches(x_test, n // 5, rng), SIDE, 4),
        }
        figures = compare(kinds, atoms, epochs, seed, rng, out)
        del many, kinds  # a file that is mapped cannot be removed everywhere
    return figures


def compare(kinds, atoms, epochs, seed, rng, out):
    """Train on each kind, and draw its atoms."""
    print(f"{atoms} atoms, {epochs} epochs; errors are of test images\n")
    print(f"{'':9}{'of each':>9}{'error':>10}{'PCA, as many':>14}{'dead atoms':>12}")
    fig, axes = plt.subplots(1, 2, figsize=(8, 4.3), layout="constrained")
    figures = {}
    for ax, (name, (known, unseen, side, k)) in zip(axes, kinds.items(), strict=True):
        ae = network(known, atoms, k, seed, rng)
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
