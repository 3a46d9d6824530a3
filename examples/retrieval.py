"""Finding similar images: the nearest ones in pixels, by PCA's codes and by an autoencoder's.

Comparing codes of a few numbers is a hundred times cheaper than comparing 784 pixels. Is it worse?
Each test image asks for the ten nearest training images; right are those of the same digit. No
label was used in training: that digits lie together is what the models found by themselves.

With few numbers the autoencoder's codes are better, since bent axes hold more. With many PCA's are:
they keep the distances between images, while an autoencoder only has to keep what its decoder can
undo. PCA's 32 are even ahead of all 784 pixels, perhaps as they leave out what differs from
image to image by chance.

--full takes all 60,000 images of MNIST and asks with all 10,000 test images, which takes about four
minutes.
"""

import common
import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

NEAREST, VOTERS = 10, 5


def main(arguments=None, code_sizes=(2, 8, 32), hidden=(256, 64), epochs=15):
    options = arguments or common.arguments(__doc__)
    (x, y), (x_test, y_test) = common.mnist(options)
    print(f"{len(x_test):,} test images ask for the {NEAREST} nearest of {len(x):,}:")

    rows = [["compared by", "numbers", f"precision of {NEAREST}", f"vote of {VOTERS} is right"]]
    figures, found = {}, {}

    def look_up(name, size, asked, known):
        positions, _ = common.neighbours(asked, known, NEAREST)
        precision = float(np.mean(y[positions] == y_test[:, np.newaxis]))
        right = float(np.mean(vote(y[positions[:, :VOTERS]]) == y_test))
        figures.update({f"precision {name} {size}": precision, f"right {name} {size}": right})
        found[f"{name}, {size} numbers"] = positions
        rows.append([name, f"{size}", f"{precision:.1%}", f"{right:.1%}"])

    look_up("pixels", 784, x_test, x)
    for size in code_sizes:
        ae = tae.models.deep((784, *hidden, size), seed=options.seed)
        ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
        for name, one in (("PCA", tae.PCA(size).fit(x)), ("autoencoder", ae)):
            look_up(name, size, one.encode(x_test), one.encode(x))
    common.show(rows)

    shown = code_sizes[len(code_sizes) // 2]
    names = ["pixels, 784 numbers", f"PCA, {shown} numbers", f"autoencoder, {shown} numbers"]
    asked = {digit: int(np.flatnonzero(y_test == digit)[0]) for digit in (2, 4, 5, 9)}
    common.save(draw(x, y, x_test, asked, found, names), options.out, "nearest.png")
    return figures


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
    main()
