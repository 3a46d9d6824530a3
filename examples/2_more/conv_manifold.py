"""From one 8 to another with a convolutional autoencoder: by pixels and by codes.

The code is a small picture itself, 7 × 7 numbers: much better reconstructions
than two numbers allow, and a walk through it that fades less and redraws more
than one through pixels. How near each stays to real eights is measured.

By squared error PCA with 49 numbers is ahead by default. It is what PCA makes
as small as can be, while the network has cross-entropy to learn, few filters,
and four passes over few images; more of each changes it, as --full does.

--full trains the tutorial's 128 and 32 filters on all 60,000 images of MNIST,
for 3 epochs (about 5 minutes; the tutorial has more); else it is 16 and 8
filters and the 6,000 that are bundled.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


def main(out, full=False, seed=0, filters=(16, 8), samples=6000, epochs=4):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        filters, samples, epochs = (128, 32), 60_000, 3
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, y), (x_test, y_test) = load(images=True)
    x, y = x[:samples], y[:samples]
    ae = tae.models.convolutional(filters, optimizer=tae.Adam(0.003), seed=seed)
    print(f"{ae.parameters.size:,} parameters, {len(x):,} images of all digits, {epochs} epochs")
    ae.fit(x, epochs=epochs, batch_size=64, verbose=2)
    error = float(np.mean((ae.reconstruct(x_test) - x_test) ** 2))
    pca = tae.PCA(49).fit(x.reshape(len(x), -1))
    pca_error = float(pca.reconstruction_error(x_test.reshape(len(x_test), -1)).mean())
    figures = {"bce": ae.evaluate(x_test)["loss"], "mse": error, "pca mse": pca_error}
    print(f"\nOn test images: BCE {figures['bce']:.4f}, mean squared error {error:.5f}")
    print(f"(PCA with as many numbers, 49: {pca_error:.5f})")

    eights, ends = x[y == 8], x_test[y_test == 8]
    pairs = np.random.default_rng(seed).choice(len(ends), (100, 2))
    walks = {"pixels": [], "pixels, blurred": [], "codes": []}
    blurred = ae.reconstruct(ends)
    for a, b in pairs:
        walks["pixels"].append(tae.straight_line(ends[a], ends[b], 5))
        walks["pixels, blurred"].append(tae.straight_line(blurred[a], blurred[b], 5))
        walks["codes"].append(tae.interpolate(ae, ends[a], ends[b], 5))
    print("\nwalk through     start   1/4  middle   3/4   end")
    for name, strips in walks.items():
        steps = np.concatenate(strips)
        distances = nearest(steps, eights).reshape(-1, 5).mean(axis=0)
        figures[f"middle {name}"] = float(distances[2])
        print("{:15}{:7.2f}{:6.2f}{:8.2f}{:6.2f}{:6.2f}".format(name, *distances))
    print(f"\ndistance to the nearest of {len(eights):,} real eights, mean of 100 walks; blurred:")
    print("from reconstruction to reconstruction, which are the ends of the walk in codes")

    first, last = ends[0], ends[np.argmax(np.sum((ends - ends[0]) ** 2, axis=(1, 2, 3)))]
    strips = {"pixels": tae.straight_line(first, last, 9)}
    strips["codes"] = tae.interpolate(ae, first, last, 9)
    ax = tae.plot.interpolation(strips)
    ax.set_title("From one 8 to another")
    ax.figure.savefig(out / "walk.png", bbox_inches="tight")
    ax = tae.plot.reconstructions(ae, x_test)
    ax.figure.savefig(out / "reconstructions.png", bbox_inches="tight")
    return figures


def nearest(images, real):
    """The distance of each image to the nearest real one, by |a − b|² = |a|² − 2 a·b + |b|²."""
    a, b = images.reshape(len(images), -1), real.reshape(len(real), -1)
    squares = np.sum(a**2, axis=1, keepdims=True) - 2 * a @ b.T + np.sum(b**2, axis=1)
    return np.sqrt(np.maximum(squares.min(axis=1), 0))


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="60,000 images, more filters")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
