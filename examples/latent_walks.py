"""From one digit to another, in pixels and in codes; and new digits from densities over codes.

Halfway between two images lies a double exposure that looks like no digit. Halfway between their
codes lies a code, and the decoder has learned to draw digits: so the walk stays nearer to real
images. Where all codes lie is a density; codes drawn from it decode to new digits.

--full trains a wider model on all 60,000 images of MNIST.
"""

import common
import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

try:  # only for the mixture
    from sklearn.mixture import GaussianMixture
except ImportError:
    GaussianMixture = None


def main(arguments=None, sizes=(784, 256, 128, 8), epochs=20, pairs=200):
    options = arguments or common.arguments(__doc__)
    if options.full:
        sizes = (784, 500, 300, 8)
    (x, _), (x_test, y_test) = common.mnist(options)
    ae = tae.models.deep(sizes, seed=options.seed)
    ae.fit(x, epochs=epochs, batch_size=50, verbose=0)
    print(f"{'-'.join(map(str, sizes))} and back: {len(x):,} images, {epochs} epochs, ", end="")
    print(f"test error {ae.evaluate(x_test)['loss']:.4f}")

    # Walks between test images; the real images are the training ones.
    ends = np.random.default_rng(options.seed).choice(len(x_test), (pairs, 2))
    walks = {"pixels": [], "pixels, blurred": [], "codes": []}
    blurred = ae.reconstruct(x_test)
    for start, end in ends:
        walks["pixels"].append(tae.straight_line(x_test[start], x_test[end], 11))
        walks["pixels, blurred"].append(tae.straight_line(blurred[start], blurred[end], 11))
        walks["codes"].append(tae.interpolate(ae, x_test[start], x_test[end], 11))
    rows = [["walk through", *(f"{t}/10" for t in range(1, 10)), "mean"]]
    figures = {}
    for name, strips in walks.items():
        steps = np.stack(strips)[:, 1:-1]  # without both ends
        distances = common.nearest(steps.reshape(-1, 784), x).reshape(pairs, -1).mean(axis=0)
        figures[f"walk {name}"] = float(distances.mean())
        rows.append([name, *(f"{distance:.2f}" for distance in [*distances, distances.mean()])])
    common.show(rows)
    print(f"distance to the nearest of {len(x):,} real images, mean of {pairs} walks; blurred:")
    print("from reconstruction to reconstruction, which are the ends of the walk in codes")

    codes, test_codes = ae.encode(x), ae.encode(x_test)
    densities = {
        f"{kind} Gaussian": tae.GaussianSampler(kind).fit(codes) for kind in ("diag", "full")
    }
    if GaussianMixture is not None:
        densities["20 Gaussians"] = GaussianMixture(20, random_state=options.seed)
        densities["20 Gaussians"].fit(codes.astype(float))
    rows = [["density of the codes", "held-out log-likelihood", "samples to nearest image"]]
    fig, axes = plt.subplots(
        1, len(densities), figsize=(4 * len(densities), 4.3), layout="constrained"
    )
    for ax, (name, density) in zip(axes, densities.items(), strict=True):
        score = getattr(density, "score_samples", None) or density.log_prob
        drawn = tae.generate(ae, density, 500, seed=options.seed)
        figures[f"log {name}"] = float(score(test_codes).mean())
        figures[f"nearest {name}"] = float(common.nearest(drawn, x).mean())
        rows.append([name, f"{figures[f'log {name}']:.3f}", f"{figures[f'nearest {name}']:.2f}"])
        tae.plot.samples(np.clip(drawn[:: len(drawn) // 49][:49], 0, 1), ax=ax)
        ax.set_title(f"{name}: log p = {figures[f'log {name}']:.2f}")
    common.show(rows)
    if GaussianMixture is None:
        print("The mixture is left out: it needs scikit-learn (pip install scikit-learn).")
    common.save(fig, options.out, "samples.png")

    fig, axes = plt.subplots(3, 1, figsize=(8, 5.2), layout="constrained")
    error = ae.reconstruction_error(x_test)  # from digits that the codes do keep
    for ax, (a, b) in zip(axes, ((3, 8), (1, 5), (0, 6)), strict=True):
        start, end = (x_test[np.where(y_test == digit, error, 1).argmin()] for digit in (a, b))
        strips = {"pixels": tae.straight_line(start, end, 11)}
        strips["codes"] = tae.interpolate(ae, start, end, 11)
        tae.plot.interpolation(strips, ax=ax)
        ax.set_title(f"From {a} to {b}")
    common.save(fig, options.out, "walks.png")
    return figures


if __name__ == "__main__":
    main()
