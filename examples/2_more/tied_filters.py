"""Filters of a network whose decoder is its encoder, transposed, and of another.

A hidden unit of 784-100-784 looks at an image through one column of the
encoder's kernel, and draws through one row of the decoder's. Free, these are
two pictures that need not be alike; tied, they are one, and the network has
half as many numbers to learn. Half of the pixels are missing in training
(`Masking`), as in the first denoising autoencoders, which were tied (Vincent et
al. 2008): without damage a tied network with more units than it needs can learn
to copy.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae


def network(tied, units, damage, seed):
    encoder = tae.Dense(units, "sigmoid")
    decoder = tae.Tied(encoder, "sigmoid") if tied else tae.Dense(784, "sigmoid")
    return tae.Autoencoder([tae.Masking(damage), encoder], [decoder], (784,), "bce", seed=seed)


def alike(encoder, decoder):
    """Each unit's cosine between what it looks at and what it draws."""
    lengths = np.linalg.norm(encoder, axis=0) * np.linalg.norm(decoder, axis=1)
    return (encoder * decoder.T).sum(axis=0) / lengths


def pictures(kernel, ax, title):
    """Columns of a kernel as images, each on the scale of its own largest number."""
    images = kernel.T / np.abs(kernel).max(axis=0)[:, np.newaxis]
    shown = tae.plot.tile((images.reshape(-1, 28, 28) + 1) / 2, columns=10, gap=2, fill=1.0)
    ax.imshow(shown, cmap="gray")
    ax.set_title(title)
    ax.set_axis_off()


def main(out, full=False, seed=0, units=100, epochs=15, damage=0.5):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    print(f"{len(x):,} images, {units} units, {epochs} epochs; of each test image\n")
    print(f"{'':8}{'numbers':>10}{'error':>10}{'half masked':>14}{'look as they draw':>20}")
    masked = x_test * (np.random.default_rng(seed).random(x_test.shape) >= damage)
    figures, models = {}, {}
    for name in ("free", "tied"):
        ae = network(name == "tied", units, damage, seed)
        ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
        models[name] = ae
        encoder = ae.layers[1].weights["kernel"]
        decoder = encoder.T if name == "tied" else ae.layers[2].weights["kernel"]
        error, of_masked = (
            float(np.mean((ae.reconstruct(given) - x_test) ** 2)) for given in (x_test, masked)
        )
        cosine = float(np.median(alike(encoder, decoder)))
        figures |= {f"error {name}": error, f"masked {name}": of_masked, f"cosine {name}": cosine}
        figures[f"numbers {name}"] = ae.parameters.size
        numbers = f"{name:8}{ae.parameters.size:10,}{error:10.5f}{of_masked:14.5f}"
        print(f"{numbers}{cosine:20.2f}", flush=True)
    print("\nlook as they draw: the median unit's cosine between its two pictures")

    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.5), layout="constrained")
    free = models["free"]
    pictures(free.layers[1].weights["kernel"], axes[0], "Free: what units look at")
    pictures(free.layers[2].weights["kernel"].T, axes[1], "Free: what they draw")
    pictures(models["tied"].layers[1].weights["kernel"], axes[2], "Tied: both")
    fig.savefig(out / "filters.png", bbox_inches="tight")
    return figures


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
