"""One network as five autoencoders, from plain to variational, in a table.

784-256-32-256-784, with one change each: a penalty on the code (L1); a fifth of
the pixels set to black or white while it trains (`SaltAndPepper`); a penalty on
the code's derivative (`Contractive`); a code that is drawn (`Variational`).
Pixels are 0 or 1, drawn once with their grey as probability. Of test images:

error           the mean square of pixel minus output
damaged         the same where a fifth of the input's pixels are damaged
probe           how many digits a linear classifier of the codes gets right that
                saw 500 labelled images
log likelihood  in nats, a bound by 100 draws; only the variational one has it

Without --full: 6,000 images; with it 60,000.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae

KINDS = ("plain", "sparse", "denoising", "contractive", "variational")
LABELS = 500
RATE = 0.2


def network(kind, units=256, k=32, seed=0):
    """The network, with that kind's one change."""
    first, code, last = [], tae.Dense(k), []
    if kind == "sparse":
        code = tae.Dense(k, activity_regularizer=tae.L1(1e-3))
    elif kind == "denoising":
        first = [tae.SaltAndPepper(RATE)]
    elif kind == "contractive":
        last = [tae.Contractive(1e-3)]
    elif kind == "variational":
        code, last = tae.Dense(2 * k), [tae.Variational()]
    return tae.Autoencoder(
        encoder=[*first, tae.Dense(units, "relu"), code, *last],
        decoder=[tae.Dense(units, "relu"), tae.Dense(784, "sigmoid")],
        loss="bce",
        seed=seed,
    )


def probe(codes, labels, codes_test, labels_test, ridge=0.03):
    """The share of labels that least squares gets right, learnt from the first codes."""
    mean, scale = codes.mean(axis=0), codes.std(axis=0) + 1e-6
    x, x_test = (np.c_[(each - mean) / scale, np.ones(len(each))] for each in (codes, codes_test))
    x, wanted = x[:LABELS], np.eye(10)[labels[:LABELS]]
    weights = np.linalg.solve(x.T @ x + ridge * len(x) * np.eye(x.shape[1]), x.T @ wanted)
    return float(np.mean((x_test @ weights).argmax(axis=1) == labels_test))


def main(out, full=False, seed=0, units=256, epochs=30, samples=6000):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, labels), (x_test, labels_test) = load()
    rng = np.random.default_rng(seed)
    x, x_test = (
        (rng.random(each.shape, np.float32) < each).astype(np.float32) for each in (x, x_test)
    )
    x, labels = (x, labels) if full else (x[:samples], labels[:samples])
    hit = rng.random(x_test.shape) < RATE
    damaged = np.where(hit, rng.random(x_test.shape) < 0.5, x_test).astype(np.float32)
    print(f"{len(x):,} images, {epochs} epochs, 32 numbers for a code\n")
    print(f"{'':14}{'error':>9}{'damaged':>10}{'probe':>9}{'log likelihood':>17}")
    figures, models = {}, {}
    for kind in KINDS:
        ae = network(kind, units, seed=seed)
        ae.fit(x, epochs=epochs, batch_size=100, verbose=0)
        found = {
            "error": float(np.mean((ae.reconstruct(x_test) - x_test) ** 2)),
            "damaged": float(np.mean((ae.reconstruct(damaged) - x_test) ** 2)),
            "probe": probe(ae.encode(x), labels, ae.encode(x_test), labels_test),
        }
        line = f"{kind:14}{found['error']:9.4f}{found['damaged']:10.4f}{found['probe']:9.1%}"
        if kind == "variational":
            bound = float(ae.log_likelihood(x_test[:500], samples=100).mean())
            found["log likelihood"] = bound
            line += f"{bound:17.1f}"
        print(line, flush=True)
        models[kind] = ae
        figures |= {f"{name} {kind}": value for name, value in found.items()}
    ax = tae.plot.compare_reconstructions(models, damaged, title="Of damaged images")
    ax.figure.savefig(out / "damaged.png", bbox_inches="tight")
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
