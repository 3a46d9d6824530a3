"""A table with numbers and yes-or-no columns: a loss for each column.

Of every digit of MNIST eight numbers are measured - ink, height, width, where
its middle is, how far it spreads, how it slants - and for each of 49 squares of
4 × 4 pixels whether there is ink in it. An autoencoder keeps eight numbers of
these 57 columns. With one mean squared error for all, the yes-or-no columns are
taken for numbers; with `Columns` each has the loss that suits it, squared for
numbers, cross-entropy for the rest, and `reconstruct` gives chances for them.
The yes-or-no columns come out better, and the numbers worse: a code of eight
numbers has to be shared, and cross-entropies are the larger part of the mean.

PCA keeps eight numbers, too. A log loss is −log of the chance that was given to
what is true, on average; where a model gives no chance its number is clipped to
[0.001, 0.999] and taken for one.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae

NUMBERS, CELLS = 8, 49
NAMES = ["ink", "height", "width", "row", "column", "spread down", "spread across", "slant"]


def measure(images):
    """The table of images (n, 28, 28): eight numbers and 49 zeros or ones."""
    total = images.sum(axis=(1, 2))
    across, down = images.sum(axis=1), images.sum(axis=2)
    places = np.arange(28)
    row, column = down @ places / total, across @ places / total
    from_row, from_column = places - row[:, np.newaxis], places - column[:, np.newaxis]
    numbers = [
        total,
        *((side > 1).sum(axis=1) for side in (down, across)),
        *(row, column),
        *(
            np.sqrt((a * b**2).sum(axis=1) / total)
            for a, b in ((down, from_row), (across, from_column))
        ),
        np.einsum("nij,ni,nj->n", images, from_row, from_column) / total,
    ]
    cells = images.reshape(-1, 7, 4, 7, 4).max(axis=(2, 4)).reshape(-1, CELLS) > 0.5
    return np.column_stack([*numbers, cells]).astype(np.float32)


def build(loss, size, seed):
    """57-64-size-64-57, its last layer linear."""
    return tae.Autoencoder(
        encoder=[tae.Dense(64, "relu"), tae.Dense(size)],
        decoder=[tae.Dense(64, "relu"), tae.Dense(NUMBERS + CELLS)],
        input_shape=(NUMBERS + CELLS,),
        loss=loss,
        optimizer=tae.Adam(0.002),
        seed=seed,
    )


def main(out, full=False, seed=0, size=8, epochs=60):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (images, _), (test_images, _) = load()
    x, x_test = (measure(each.reshape(-1, 28, 28)) for each in (images, test_images))
    mean, deviation = x[:, :NUMBERS].mean(axis=0), x[:, :NUMBERS].std(axis=0)
    for table in (x, x_test):
        table[:, :NUMBERS] = (table[:, :NUMBERS] - mean) / deviation
    each_its_own = tae.Columns([(slice(0, NUMBERS), "mse"), (slice(NUMBERS, None), "bce")])
    models = {
        "PCA": tae.PCA(size).fit(x),
        "one loss": build("mse", size, seed),
        "each its own": build(each_its_own, size, seed),
    }
    print(f"{len(x):,} rows of {NUMBERS} numbers and {CELLS} yes-or-no columns; {size} are kept")
    print(f"\n{'on test rows':14}{'numbers: squared error':>24}{'log loss':>11}{'bits wrong':>12}")
    figures, errors = {}, {}
    for name, model in models.items():
        if name != "PCA":
            model.fit(x, epochs=epochs, batch_size=64, verbose=0)
        y = model.reconstruct(x_test)
        true, chance = x_test[:, NUMBERS:], np.clip(y[:, NUMBERS:], 0.001, 0.999)
        errors[name] = (y[:, :NUMBERS] - x_test[:, :NUMBERS]) ** 2
        log_loss = -np.mean(true * np.log(chance) + (1 - true) * np.log(1 - chance))
        wrong = np.mean((chance > 0.5) != (true > 0.5))
        figures |= {
            f"error {name}": float(errors[name].mean()),
            f"log loss {name}": float(log_loss),
            f"wrong {name}": float(wrong),
        }
        print(f"{name:14}{errors[name].mean():24.4f}{log_loss:11.4f}{wrong:12.2%}", flush=True)

    detector = tae.AnomalyDetector(models["each its own"]).fit(x_test)
    oddest = int(np.argmax(detector.score(x_test)))
    names = NAMES + [f"ink at {i}, {j}" for i in range(7) for j in range(7)]
    explanation = detector.explain(x_test[oddest : oddest + 1])
    ax = tae.plot.blame(explanation, names=names, title="The strangest row, and why")
    ax.figure.savefig(out / "strangest_row.png", bbox_inches="tight")
    ax = tae.plot.samples(test_images[oddest].reshape(1, 28, 28, 1), title="Its digit")
    ax.figure.savefig(out / "strangest_digit.png", bbox_inches="tight")
    return figures


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 70,000 images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
