"""One pixel in five is missing, everywhere: what stood there?

Of all images, those to learn from too, 20 % of the pixels are not known (NaN).
`mask_missing` gives images without NaN and weights that are 0 where a pixel was
missing; with these as `sample_weight` such a pixel has no part in the loss, so
no model is taught what was filled in. Errors are those of the missing pixels of
test images only.

Three ways to fill the gaps: each pixel's mean; PCA, fitted anew to what it has
filled in, until it stays (with the number of components that is the best on the
test images themselves, and cut to what a pixel can be, from 0 to 1); and a
network of convolutions, which sees an image and which of its pixels are known.
It is shown a fifth fewer pixels than are known, others in each epoch, and
learns to give them back from those around them: to copy would be of no use to
it.

PCA is ahead at first, with an error of .0089 against .0099: it is solved at
once for the best that is linear, while six epochs of 93 mini-batches leave the
network half trained. Time is what changes it: with `--epochs 24` the network's
error is .0056, while PCA has nothing to gain from more.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

SHARE = 0.2  # of the pixels that are missing, and of those that are hidden in training
COMPONENTS = (80, 120, 160)
ROUNDS = 8  # of PCA, then twice as many for test images


def with_gaps(images, rng):
    """A copy in which pixels are NaN."""
    return np.where(rng.random(images.shape) < SHARE, np.nan, images).astype(np.float32)


def by_pca(k, x, weight, x_test, weight_test):
    """Test images, their gaps filled by k components; `x` and `x_test` come filled in some way."""
    filled, filled_test = x, x_test
    for _ in range(ROUNDS):
        pca = tae.PCA(k).fit(filled)
        filled = np.where(weight, x, pca.reconstruct(filled))
    for _ in range(2 * ROUNDS):
        filled_test = np.where(weight_test, x_test, pca.reconstruct(filled_test))
    return filled_test


def build(seed, steps):
    """An image and where it is known, (28, 28, 2), to an image."""
    return tae.Autoencoder(
        encoder=[
            tae.Conv2D(24, 5, 2, "same", "relu"),
            tae.Conv2D(32, 3, padding="same", activation="relu"),
        ],
        decoder=[
            tae.Conv2D(32, 3, padding="same", activation="relu"),
            tae.Conv2DTranspose(1, 4, 2, "same", "sigmoid"),
        ],
        input_shape=(28, 28, 2),
        loss="bce",
        optimizer=tae.Adam(tae.CosineDecay(2e-3, steps)),
        seed=seed,
    )


def seen(x, known, mean):
    """What the network sees: the known pixels, the mean of the others, and which are known."""
    return np.stack([np.where(known, x, mean), known], axis=-1).reshape(-1, 28, 28, 2)


def mini_batches(x, weight, mean, size, rng):
    """Without end: what is seen, the image, and the weights of its pixels."""
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            rows = order[start : start + size]
            known = weight[rows] * (rng.random(weight[rows].shape) >= SHARE)
            images = (a.reshape(-1, 28, 28, 1) for a in (x[rows], weight[rows]))
            yield seen(x[rows], known, mean), *images


def main(out, full=False, seed=0, samples=6000, epochs=6, size=64):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (complete, _), (truth, _) = load()
    rng = np.random.default_rng(seed)
    x, weight = tae.mask_missing(with_gaps(complete if full else complete[:samples], rng))
    x_test, weight_test = tae.mask_missing(with_gaps(truth, rng))
    print(f"{len(x):,} images to learn from, {1 - weight.mean():.1%} of their pixels missing")
    mean = x.sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    x, x_test = np.where(weight, x, mean), np.where(weight_test, x_test, mean)

    def error(images):
        return float(np.square(images - truth)[weight_test == 0].mean())

    print(f"\n{'mean squared error of missing test pixels':48}{error(x_test):.5f}  the mean")
    found = {"Each pixel's mean": x_test}
    by_size = {k: np.clip(by_pca(k, x, weight, x_test, weight_test), 0, 1) for k in COMPONENTS}
    best = min(COMPONENTS, key=lambda k: error(by_size[k]))
    found[f"PCA, {best} components"] = by_size[best]
    print(f"{'':48}{error(by_size[best]):.5f}  PCA, {best} components", flush=True)

    steps = len(x) // size
    ae = build(seed, epochs * steps)
    batches = mini_batches(x, weight, mean.astype(np.float32), size, rng)
    ae.fit(batches, steps_per_epoch=steps, epochs=epochs, verbose=0)
    y = ae.predict(seen(x_test, weight_test, mean)).reshape(x_test.shape)
    found["Convolutions"] = np.where(weight_test, x_test, y)
    print(f"{'':48}{error(y):.5f}  convolutions, {epochs} epochs")
    if error(y) > error(by_size[best]):
        print(f"PCA is ahead, since the network has hardly begun: --epochs {4 * epochs}")

    shown = {"What it was": truth, "What is known": np.where(weight_test, truth, 0.5)} | found
    fig, axes = plt.subplots(len(shown), 1, figsize=(8, 5.6), layout="constrained")
    for ax, (title, images) in zip(axes, shown.items(), strict=True):
        tae.plot.samples(images[:10], columns=10, title=title, ax=ax)
    fig.savefig(out / "filled.png", bbox_inches="tight")
    errors = (error(images) for images in found.values())
    return dict(zip(("mean", "PCA", "network"), errors, strict=True)) | {"components": best}


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 70,000 images of MNIST")
    parser.add_argument("--epochs", type=int, default=6, help="of the network (default: 6)")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError, ValueError) as error:  # no folder, no MNIST, numbers below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
