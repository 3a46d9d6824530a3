"""New digits: a plain autoencoder with a Gaussian, and a variational one.

Draw a code from the normal distribution that fits a plain autoencoder's codes,
decode it, and what comes out is often no digit: training asked for nothing in
between the codes of its images. A variational autoencoder decodes codes drawn
around each image's, and is asked to keep them near N(0, 1). So drawing from
N(0, 1) gives digits.

784-500-20-500-784, the shape of Kingma and Welling (2013); then two numbers for
the plane of codes, on the normal distribution's quantiles; and the weight β of
the divergence from 0.1 to 10, with its price. Pixels are 0 or 1, drawn with
their grey as probability, so that bounds are of a likelihood, in nats.

Without --full: 6,000 images; with it 60,000, and ten times as many epochs.
"""

import math
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from statistics import NormalDist

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

BETAS = (0.1, 1.0, 10.0)


def network(k, beta=1.0, units=500, seed=0, activation="relu"):
    """Of no β: a plain autoencoder, with a linear code."""
    code = [tae.Dense(k)] if beta is None else [tae.Dense(2 * k), tae.Variational(beta)]
    return tae.Autoencoder(
        encoder=[tae.Dense(units, activation), *code],
        decoder=[tae.Dense(units, activation), tae.Dense(784, "sigmoid")],
        loss="bce",
        seed=seed,
    )


def quantiles(n):
    """Where a normal distribution has its n parts of equal weight."""
    return np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])


def main(out, full=False, seed=0, units=500, epochs=20, samples=6000):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load, epochs = (tae.datasets.mnist, 10 * epochs) if full else (tae.datasets.mnist_mini, epochs)
    (x, _), (x_test, _) = load()
    rng = np.random.default_rng(seed)
    x, x_test = (rng.random(part.shape, np.float32) < part for part in (x, x_test))
    x, x_test = (part.astype(np.float32) for part in (x if full else x[:samples], x_test))
    settings = {"units": units, "seed": seed}
    print(f"{len(x):,} images of pixels that are 0 or 1, {epochs} epochs, 20 numbers for a code\n")

    plain = network(20, None, **settings)
    plain.fit(x, epochs=epochs, batch_size=100, verbose=0)
    drawn = tae.generate(plain, tae.GaussianSampler().fit(plain.encode(x)), 49, seed=seed)
    fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4), layout="constrained")
    tae.plot.samples(drawn, title="Plain, codes from a Gaussian", ax=axes[0])

    figures = {}
    print(f"{'':12}{'bits wrong':>12}{'kl':>9}{'elbo':>10}{'log likelihood':>17}   (test, nats)")
    figures["wrong plain"] = wrong(plain, x_test)
    print(f"{'plain':12}{figures['wrong plain']:12.2%}", flush=True)
    strips = {}
    for beta in BETAS:
        ae = network(20, beta, **settings)
        ae.fit(x, epochs=epochs, batch_size=100, verbose=0)
        elbo = float(ae.elbo(x_test, samples=10).mean())
        bound = float(ae.log_likelihood(x_test[:1000], samples=100).mean())
        kl, errors = ae.evaluate(x_test)["kl"], wrong(ae, x_test)
        figures |= {f"elbo {beta:g}": elbo, f"log likelihood {beta:g}": bound}
        figures |= {f"kl {beta:g}": kl, f"wrong {beta:g}": errors}
        print(f"{f'beta {beta:g}':12}{errors:12.2%}{kl:9.1f}{elbo:10.1f}{bound:17.1f}", flush=True)
        strips[f"β = {beta:g}"] = ae.sample(10, seed=seed)
        if beta == 1:
            title = "Variational, codes from N(0, 1)"
            tae.plot.samples(ae.sample(49, seed=seed), title=title, ax=axes[1])
    print(f"\nA coin for each pixel has log likelihood {784 * math.log(0.5):.0f}.")
    fig.savefig(out / "samples.png", bbox_inches="tight")
    ax = tae.plot.interpolation(strips, title="The same ten codes from N(0, 1)")
    ax.figure.savefig(out / "betas.png", bbox_inches="tight")

    plane = network(2, **settings)
    plane.fit(x, epochs=epochs, batch_size=100, verbose=0)
    figures["elbo plane"] = float(plane.elbo(x_test, samples=10).mean())
    print(f"With two numbers for a code the bound is {figures['elbo plane']:.1f}.")
    n = 16
    across, up = np.meshgrid(quantiles(n), quantiles(n)[::-1])
    images = plane.decode(np.stack([across.ravel(), up.ravel()], axis=1))
    title = "Two numbers: each image stands for as many codes"
    ax = tae.plot.samples(images, columns=n, title=title)
    ax.figure.savefig(out / "plane.png", bbox_inches="tight")
    return figures


def wrong(ae, x):
    """The share of pixels whose more probable value is not theirs."""
    return float(np.mean((ae.reconstruct(x) > 0.5) != (x > 0.5)))


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="60,000 images, 200 epochs")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
