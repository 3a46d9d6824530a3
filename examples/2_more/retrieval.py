"""Finding similar images: nearest in pixels, PCA's codes, an autoencoder's codes.

Comparing codes of a few numbers is a hundred times cheaper than comparing 784
pixels. Is it worse? Each test image asks for the ten nearest training images;
right are those of the same digit. No label was used in training: that digits
lie together is what the models found by themselves.

With few numbers the autoencoder's codes are better, since bent axes hold more.
With many PCA's are: they keep the distances between images, while an
autoencoder only has to keep what its decoder can undo. PCA's 32 are even ahead
of all 784 pixels, perhaps as they leave out what differs from image to image by
chance. Noise on the codes while it trains changes much of that, with a weak
penalty that keeps them from growing out of it: codes near each other must then
decode to nearly the same, so that distances mean something ("noisy codes").

--full takes all 60,000 images of MNIST and asks with all 10,000 test images,
which takes about four minutes.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

NEAREST, VOTERS = 10, 5


def main(out, full=False, seed=0, code_sizes=(2, 8, 32), hidden=(256, 64), epochs=15):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, y), (x_test, y_test) = load()
    print(f"{len(x_test):,} test images ask for the {NEAREST} nearest of {len(x):,}:")

    print(f"\ncompared by  numbers  precision of {NEAREST}  vote of {VOTERS} is right")
    figures, found = {}, {}

    def look_up(name, size, asked, known):
        positions = neighbours(asked, known)
        precision = float(np.mean(y[positions] == y_test[:, np.newaxis]))
        right = float(np.mean(vote(y[positions[:, :VOTERS]]) == y_test))
        figures.update({f"precision {name} {size}": precision, f"right {name} {size}": right})
        found[f"{name}, {size} numbers"] = positions
        print(f"{name:11}{size:9}{precision:17.1%}{right:20.1%}", flush=True)

    look_up("pixels", 784, x_test, x)
    for size in code_sizes:
        ae = tae.models.deep((784, *hidden, size), seed=seed)
        ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
        for name, one in (("PCA", tae.PCA(size).fit(x)), ("autoencoder", ae)):
            look_up(name, size, one.encode(x_test), one.encode(x))
    noisy = with_noise(hidden, size, seed)
    noisy.fit(x, epochs=epochs, batch_size=50, verbose=0)
    look_up("noisy codes", size, noisy.encode(x_test), noisy.encode(x))

    shown = code_sizes[len(code_sizes) // 2]
    names = ["pixels, 784 numbers", f"PCA, {shown} numbers", f"autoencoder, {shown} numbers"]
    asked = {digit: int(np.flatnonzero(y_test == digit)[0]) for digit in (2, 4, 5, 9)}
    fig = draw(x, y, x_test, asked, found, names)
    fig.savefig(out / "nearest.png", bbox_inches="tight")
    return figures


def with_noise(hidden, size, seed):
    """The network of `tae.models.deep`, with noise of deviation 1 on codes that stay small."""
    code = tae.Dense(size, activity_regularizer=tae.L2(1e-4))
    return tae.Autoencoder(
        encoder=[*(tae.Dense(units, "relu") for units in hidden), code, tae.GaussianNoise(1.0)],
        decoder=[*(tae.Dense(units, "relu") for units in reversed(hidden)), tae.Dense(784)],
        input_shape=(784,),
        seed=seed,
    )


def neighbours(asked, known):
    """The positions of the nearest of `known` to each that asks, the nearest first."""
    known_squares, found = np.sum(known**2, axis=1), []
    for part in np.array_split(asked, 50):  # to hold fewer products in memory at a time
        # |a − b|² = |a|² − 2 a·b + |b|², where |a|² does not change the order
        squares = known_squares - 2 * part @ known.T
        first = np.argpartition(squares, NEAREST, axis=1)[:, :NEAREST]
        order = np.take_along_axis(squares, first, axis=1).argsort(axis=1)
        found.append(np.take_along_axis(first, order, axis=1))
    return np.concatenate(found)


def vote(labels):
    """The commonest label of each row (n, voters); of equally common ones the nearest's."""
    counts = np.sum(labels[:, :, np.newaxis] == labels[:, np.newaxis, :], axis=2)
    return labels[np.arange(len(labels)), counts.argmax(axis=1)]


def draw(x, y, x_test, asked, found, names):
    """For each image that asks: in rows what was found by each way, wrong ones framed."""
    fig, axes = plt.subplots(len(asked), 1, figsize=(8.4, 2.3 * len(asked)), layout="constrained")
    for ax, (digit, query) in zip(axes, asked.items(), strict=True):
        rows, wrong = {}, []
        for row, name in enumerate(names):
            positions = found[name][query]
            rows[name] = np.concatenate([x_test[query][np.newaxis], x[positions]])
            wrong += [(column + 1, row) for column in np.flatnonzero(y[positions] != digit)]
        tae.plot.interpolation(rows, ax=ax)
        ax.set_title("")
        ax.set_xticks([13.5 + 29 * i for i in range(NEAREST + 1)], ["asked", *range(1, 11)])
        for column, row in wrong:  # an image is 28 pixels wide and one away from the next
            ax.add_patch(
                plt.Rectangle(
                    (29 * column, 29 * row), 27, 27, fill=False, ec="#ffa90e", lw=2.5, zorder=3
                )
            )
    fig.suptitle("The ten nearest images; those of another digit are framed")
    return fig


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="60,000 images, 10,000 ask (4 minutes)")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
