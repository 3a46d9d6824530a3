"""What moves a code, and what does not: singular vectors of its Jacobian.

J = ∂code/∂x has a row of 784 derivatives for each number of a code. Its
singular vectors are images: a small step of the input along the first moves the
code the most; along a step at right angles to all of the large ones it stays
where it is. A contractive autoencoder (Rifai et al. 2011) pays for every
direction that moves its code, and keeps those that reconstruction needs: on a
digit, the strokes that may bend, move or thicken. A plain one listens to single
pixels as well.

784-128-784; both decoders use the encoder's kernel transposed (`Tied`), or they
could undo any contraction by larger weights.

Without --full: 7,000 images; with it 60,000.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

SHOWN = 6  # singular vectors


def network(strength, units, seed):
    encoder = tae.Dense(units, "sigmoid")
    return tae.Autoencoder(
        [encoder, tae.Contractive(strength)],
        [tae.Tied(encoder, "sigmoid")],
        (784,),
        loss="bce",
        seed=seed,
    )


def jacobian(ae, image):
    """∂code/∂x of one image: backpropagation from each number of the code, all in one batch."""
    k = ae.encoder.output_shape[0]
    _, cache = ae.encoder.forward(np.repeat(image[np.newaxis], k, axis=0))
    ae.encoder.clear_gradients()
    return ae.encoder.backward(np.eye(k, dtype=np.float32), cache)


def main(out, full=False, seed=0, units=128, epochs=20, strength=1e-2):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, labels) = load()
    print(f"{len(x):,} images, {units} units, {epochs} epochs; of test images\n")
    print(f"{'':14}{'error':>10}{'|J|²':>10}{'directions':>13}")
    digits = [int(np.flatnonzero(labels == digit)[0]) for digit in (2, 4, 8)]
    spectra, rows, figures = {}, [], {}
    for name, weight in (("plain", 0.0), ("contractive", strength)):
        ae = network(weight, units, seed)
        ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
        error = float(np.mean((ae.reconstruct(x_test) - x_test) ** 2))
        parts = [np.linalg.svd(jacobian(ae, image), full_matrices=False) for image in x_test[:100]]
        values = np.array([part[1] for part in parts])
        squares, shares = values**2, values**2 / (values**2).sum(axis=1, keepdims=True)
        count = float(np.mean((shares.cumsum(axis=1) < 0.9).sum(axis=1) + 1))
        spectra[name] = values.mean(axis=0)
        size = float(squares.sum(axis=1).mean())
        print(f"{name:14}{error:10.5f}{size:10.3f}{count:13.1f}", flush=True)
        figures |= {f"error {name}": error, f"size {name}": size, f"directions {name}": count}
        for place in digits:
            vectors = np.linalg.svd(jacobian(ae, x_test[place]), full_matrices=False)[2]
            rows.append((name, x_test[place], vectors[:SHOWN]))
    print("\ndirections: how many singular vectors have nine tenths of |J|²")

    fig, axes = plt.subplots(len(rows), SHOWN + 1, figsize=(7.2, 6.6), layout="constrained")
    for line, (name, image, vectors) in zip(axes, rows, strict=True):
        line[0].imshow(image.reshape(28, 28), cmap="gray")
        for ax, vector in zip(line[1:], vectors, strict=True):
            most = np.abs(vector).max()
            ax.imshow(vector.reshape(28, 28), cmap="RdBu_r", vmin=-most, vmax=most)
        for ax in line:
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    axes[0, 0].set_title("image")
    for i, ax in enumerate(axes[0, 1:], start=1):
        ax.set_title(f"v{i}")
    fig.savefig(out / "directions.png", bbox_inches="tight")

    fig, ax = plt.subplots(layout="constrained")
    for name, values in spectra.items():
        ax.semilogy(np.arange(1, units + 1), values, label=name)
    ax.set(xlabel="singular vector", ylabel="singular value of J", title="How far steps move codes")
    ax.legend()
    fig.savefig(out / "spectrum.png", bbox_inches="tight")
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
