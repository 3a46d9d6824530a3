"""From one digit to another, in pixels and in codes; new digits from drawn codes.

Halfway between two images lies a double exposure that looks like no digit.
Halfway between their codes lies a code, and the decoder has learned to draw
digits: so the walk stays nearer to real images. Where all codes lie is a
density; codes drawn from it decode to new digits.

--full trains a wider model on all 60,000 images of MNIST.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

try:  # only for the mixture
    from sklearn.mixture import GaussianMixture
except ImportError:
    GaussianMixture = None


def main(out, full=False, seed=0, sizes=(784, 256, 128, 8), epochs=20, pairs=200):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        sizes = (784, 500, 300, 8)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, y_test) = load()
    ae = tae.models.deep(sizes, seed=seed)
    ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
    print(f"{'-'.join(map(str, sizes))} and back: {len(x):,} images, {epochs} epochs, ", end="")
    print(f"test error {ae.evaluate(x_test)['loss']:.4f}")

    # Walks between test images; the real images are the training ones.
    ends = np.random.default_rng(seed).choice(len(x_test), (pairs, 2))
    walks = {"pixels": [], "pixels, blurred": [], "codes": []}
    blurred = ae.reconstruct(x_test)
    for start, end in ends:
        walks["pixels"].append(tae.straight_line(x_test[start], x_test[end], 11))
        walks["pixels, blurred"].append(tae.straight_line(blurred[start], blurred[end], 11))
        walks["codes"].append(tae.interpolate(ae, x_test[start], x_test[end], 11))
    print(f"\n{'walk through':15}" + "".join(f"{t:3}/10" for t in range(1, 10)) + "  mean")
    figures = {}
    for name, strips in walks.items():
        steps = np.stack(strips)[:, 1:-1]  # without both ends
        distances = nearest(steps.reshape(-1, 784), x).reshape(pairs, -1).mean(axis=0)
        figures[f"walk {name}"] = float(distances.mean())
        distances = [*distances, distances.mean()]
        print(f"{name:15}" + "".join(f"{distance:6.2f}" for distance in distances))
    print(f"\ndistance to the nearest of {len(x):,} real images, mean of {pairs} walks; blurred:")
    print("from reconstruction to reconstruction, which are the ends of the walk in codes")

    codes, test_codes = ae.encode(x), ae.encode(x_test)
    densities = {
        f"{kind} Gaussian": tae.GaussianSampler(kind).fit(codes) for kind in ("diag", "full")
    }
    if GaussianMixture is not None:
        densities["20 Gaussians"] = GaussianMixture(20, random_state=seed)
        densities["20 Gaussians"].fit(codes.astype(float))
    print("\ndensity of the codes  held-out log-likelihood  samples to nearest image")
    fig, axes = plt.subplots(
        1, len(densities), figsize=(4 * len(densities), 4.3), layout="constrained"
    )
    for ax, (name, density) in zip(axes, densities.items(), strict=True):
        score = getattr(density, "score_samples", None) or density.log_prob
        drawn = tae.generate(ae, density, 500, seed=seed)
        figures[f"log {name}"] = float(score(test_codes).mean())
        figures[f"nearest {name}"] = float(nearest(drawn, x).mean())
        print(f"{name:20}{figures[f'log {name}']:25.3f}{figures[f'nearest {name}']:26.2f}")
        tae.plot.samples(np.clip(drawn[:: len(drawn) // 49][:49], 0, 1), ax=ax)
        ax.set_title(f"{name}: log p = {figures[f'log {name}']:.2f}")
    if GaussianMixture is None:
        print("\nThe mixture is left out: it needs scikit-learn (pip install scikit-learn).")
    fig.savefig(out / "samples.png", bbox_inches="tight")

    fig, axes = plt.subplots(3, 1, figsize=(8, 5.2), layout="constrained")
    error = ae.reconstruction_error(x_test)  # from digits that the codes do keep
    for ax, (a, b) in zip(axes, ((3, 8), (1, 5), (0, 6)), strict=True):
        start, end = (x_test[np.where(y_test == digit, error, 1).argmin()] for digit in (a, b))
        strips = {"pixels": tae.straight_line(start, end, 11)}
        strips["codes"] = tae.interpolate(ae, start, end, 11)
        tae.plot.interpolation(strips, title=f"From {a} to {b}", ax=ax)
    fig.savefig(out / "walks.png", bbox_inches="tight")
    return figures


def nearest(images, real):
    """The distance of each image to the nearest real one, by |a − b|² = |a|² − 2 a·b + |b|²."""
    squares = np.sum(real**2, axis=1)
    parts = np.array_split(images, 20)  # all products with all of MNIST would be much memory
    least = np.concatenate([np.min(squares - 2 * part @ real.T, axis=1) for part in parts])
    return np.sqrt(np.maximum(np.sum(images**2, axis=1) + least, 0))


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="784-500-300-8 and 60,000 images")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
