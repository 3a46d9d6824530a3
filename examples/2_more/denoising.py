"""Taking noise out of images: three ways to train for it, and PCA at its best.

Pixels from 0 to 1 get normal noise of standard deviation 0.4, and stay in that
range (``clip``). The network sees the damaged image and is asked for the clean
one:

- noise in the data: each image got its noise once, before training,
  ``fit(noisy, clean)``;
- noise layer: each image gets new noise at every step, ``fit(clean)``;
- masking: half of the pixels are missing, others at every step, ``fit(clean)``.

A network learns to undo the damage it was trained with: each is tested on both
kinds. Without --full the networks have 8 filters, not 32, and see 3,000 images
for 4 epochs. The tutorials train on 60,000 for up to 100 epochs, --full for 3.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae

NOISE = 0.4


def noisy(images, rng):
    return np.clip(images + NOISE * rng.standard_normal(images.shape, np.float32), 0, 1)


def half_missing(images, rng):
    return images * (rng.random(images.shape) < 0.5)


def best_pca(x, damaged, clean, most=150):
    """The reconstructions of PCA with the number of codes that suits it best, and that number.

    Few components lose the digit, many let the noise through. The number is chosen on the very
    images that it is measured on: PCA at its most favourable.
    """
    pca = tae.PCA(most).fit(x.reshape(len(x), -1))
    codes = pca.encode(damaged.reshape(len(damaged), -1))
    counts = np.arange(5, most + 1, 5)
    outputs = [pca.decode(codes * (np.arange(most) < k)).reshape(clean.shape) for k in counts]
    best = np.argmin([mean_squared(output, clean) for output in outputs])
    return outputs[best], int(counts[best])


def mean_squared(a, b):
    return float(np.mean((a - b) ** 2))


def main(out, full=False, seed=0, epochs=4, filters=8, samples=3000, rate=5e-3, batch_size=16):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        epochs, filters, samples, rate, batch_size = 3, 32, 60000, 1e-3, 64
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (clean, _) = load(images=True)
    x, clean = x[:samples], clean[:1000]
    rng = np.random.default_rng(seed)
    tests = {"noise 0.4": noisy(clean, rng), "half missing": half_missing(clean, rng)}

    plain = tae.models.denoising(0, (filters, filters), optimizer=tae.Adam(rate), seed=seed)

    def behind(damage):
        """The same network, with a layer before it that is active in training only."""
        parts = [damage, plain.encoder.copy()], plain.decoder.copy()
        return tae.Autoencoder(*parts, loss="bce", optimizer=tae.Adam(rate), seed=seed)

    ways = {
        "noise in the data": (plain, noisy(x, rng), x),
        "noise layer": (behind(tae.GaussianNoise(NOISE, clip=(0, 1))), x),
        "masking": (behind(tae.Masking(0.5)), x),
    }
    print(
        f"{len(x):,} images, {epochs} epochs, {filters} filters; error to the clean test image:\n"
    )
    print(f"{'':24}" + "".join(f"{test:>14}" for test in tests))
    figures, results = {}, {}

    def report(name, outputs):
        results[name] = outputs
        errors = [mean_squared(output, clean) for output in outputs]
        figures.update({f"{name}, {test}": e for test, e in zip(tests, errors, strict=True)})
        print(f"{name:24}" + "".join(f"{error:14.5f}" for error in errors), flush=True)

    report("as it came", list(tests.values()))
    outputs, counts = zip(*(best_pca(x, test, clean) for test in tests.values()), strict=True)
    report("PCA", outputs)
    for name, (ae, *data) in ways.items():
        ae.fit(*data, epochs=epochs, batch_size=batch_size, verbose=0)
        report(name, [ae.reconstruct(test) for test in tests.values()])
    share = figures["noise layer, noise 0.4"] / figures["PCA, noise 0.4"]
    print(f"\nPCA has its best number of codes, {counts[0]} and {counts[1]}.")
    print(f"On noise the error of the network with a noise layer is {share:.0%} of PCA's.")

    for i, test in enumerate(tests):
        rows = {"clean": clean, **{name: outputs[i] for name, outputs in results.items()}}
        ax = tae.plot.interpolation({name: images[:10] for name, images in rows.items()})
        ax.set_title(f"Test images, {test}: networks are best at the damage they were trained with")
        ax.figure.savefig(out / f"{test.replace(' ', '_')}.png", bbox_inches="tight")
    return figures


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="32 filters, 60,000 images, 3 epochs")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
