"""Handwritten 1, 5 and 6 as two numbers: PCA beside 784-500-300-2, and back.

Then the same network as it was first written for TensorFlow 1: tanh, every
weight and bias from N(0, 0.1²), Adam at 1e-4, 2,500 random batches of 50, the
loss every 250; walks through its plane from digit to digit, and digits decoded
from codes that are drawn from it.

--full takes all 18,081 images of MNIST; else it is the 1,793 that are bundled.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

DIGITS = (1, 5, 6)
NORMAL = tae.RandomNormal(0.1)


def main(out, full=False, seed=0, sizes=(784, 500, 300, 2), epochs=10, steps=250):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, y), (x_test, y_test) = load(digits=DIGITS)
    print(f"{len(x):,} training and {len(x_test):,} test images of 1, 5 and 6; {epochs} epochs")

    ae = tae.models.deep(sizes, seed=seed)
    ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
    pca = tae.PCA(2).fit(x)
    tf1 = first_form(sizes, seed)
    history = tf1.fit(x, epochs=10, steps_per_epoch=steps, batch_size=50, verbose=0)

    figures = {"tf1 first": history["loss"][0], "tf1 last": history["loss"][-1]}
    print(f"\n{'':18}  training error  test error  nearest mean is right")
    for name, model in (("PCA", pca), ("ReLU", ae), ("tanh, TensorFlow 1", tf1)):
        train_error, test_error = (model.reconstruction_error(part).mean() for part in (x, x_test))
        means = mean_codes(model, x, y)
        distances = np.linalg.norm(model.encode(x_test)[:, np.newaxis] - means, axis=2)
        right = float(np.mean(np.array(DIGITS)[distances.argmin(axis=1)] == y_test))
        figures |= {f"error {name}": float(test_error), f"right {name}": right}
        print(f"{name:18}{train_error:16.5f}{test_error:12.5f}{right:23.1%}")
    print("\nnearest mean: the mean code nearest to the image's is that of its own digit\n")
    print("TensorFlow 1's form: the mean loss of the batches up to each step")
    for half in (slice(0, 5), slice(5, 10)):
        print("".join(f"{steps * (i + 1):8,}" for i in range(10)[half]))
        print("".join(f"{loss:8.4f}" for loss in history["loss"][half]))

    codes = mean_codes(ae, x, y)
    named = ", ".join(f"({a:.1f}, {b:.1f})" for a, b in codes)
    print(f"\nGenerated from the mean codes: {named}")
    fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.45), layout="constrained")
    for ax, digit, image, (a, b) in zip(axes, DIGITS, ae.decode(codes), codes, strict=True):
        title = f"mean of {digit}: ({a:.1f}, {b:.1f})"
        tae.plot.samples(image[np.newaxis], title=title, ax=ax)
    fig.savefig(out / "generated.png", bbox_inches="tight")
    latent = tae.plot.compare_latent(pca, ae, x_test[:2000], y_test[:2000])
    latent[0].figure.savefig(out / "latent.png", bbox_inches="tight")
    ends = {digit: x_test[np.flatnonzero(y_test == digit)[0]] for digit in DIGITS}
    strips = {
        f"{a} to {b}": tae.interpolate(tf1, ends[a], ends[b], 9)
        for a, b in ((1, 5), (5, 6), (6, 1))
    }
    ax = tae.plot.interpolation(strips, title="Walks through the plane of the tanh network")
    ax.figure.savefig(out / "tanh_walks.png", bbox_inches="tight")
    density = tae.GaussianSampler().fit(tf1.encode(x))
    drawn = tae.generate(tf1, density, 49, seed=seed)
    ax = tae.plot.samples(drawn, title="From codes drawn of the tanh network's plane")
    ax.figure.savefig(out / "tanh_samples.png", bbox_inches="tight")
    some = x_test[np.concatenate([np.flatnonzero(y_test == digit)[:3] for digit in DIGITS])]
    rows = {"image": some, "PCA": pca.reconstruct(some), "autoencoder": ae.reconstruct(some)}
    ax = tae.plot.interpolation(rows, title="Test images, and what two numbers keep of them")
    ax.figure.savefig(out / "reconstructions.png", bbox_inches="tight")
    return figures


def first_form(sizes, seed):
    """The network of 2016, layer by layer."""

    def dense(units, activation=None):
        return tae.Dense(units, activation, kernel_initializer=NORMAL, bias_initializer=NORMAL)

    pixels, *inner, code = sizes
    return tae.Autoencoder(
        encoder=[*(dense(units, "tanh") for units in inner), dense(code)],
        decoder=[*(dense(units, "tanh") for units in reversed(inner)), dense(pixels)],
        optimizer=tae.Adam(1e-4),
        seed=seed,
    )


def mean_codes(model, x, y):
    """The mean code of each digit, (3, 2)."""
    codes = model.encode(x)
    return np.stack([codes[y == digit].mean(axis=0) for digit in DIGITS])


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 18,081 images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
