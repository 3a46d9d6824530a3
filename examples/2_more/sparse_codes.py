"""Sixteen codes of a digit, free and under a penalty: what sparse ones gain.

A penalty λ Σ|code| is added to the loss of each image. Where the
reconstruction's gain is smaller than λ times a code's size, the code is better
near zero. The codes are linear, as in the tutorial: free ones lie anywhere;
penalised ones lie around 0 and are bell-shaped (of a normal density 68% lie
within one standard deviation), but they still depend on each other. With
``code_activation="relu"``, which `models.sparse` has by itself, a penalty makes
most of them exactly zero instead. A penalty is also a prior. −log of a
Laplace density of scale b is |code|/b + constant, −log of a standard normal one
is code²/2; the loss is a mean over 784 pixels, so b = 1/(784 λ), here 0.5 for
2.56e-3, and the standard normal prior is L2(1 / 1568). (Keras 2 of 2017 summed
a penalty over the batch: its 1e-5 at batch size 256 is the 2.56e-3 here.)

Without --full it is 30 epochs on 6,000 images, with it 50 on 60,000.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

PENALTIES = {
    "none": tae.L1(0),
    "L1 2.56e-3": tae.L1(2.56e-3),
    "L1 1e-2": tae.L1(1e-2),
    "L2 normal": tae.L2(1 / (2 * 784)),
}


def main(out, full=False, seed=0, epochs=30, samples=6000):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        epochs, samples = 50, 60000
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    x = x[:samples]
    print(f"784-64-48-32-16 and back, {len(x):,} images, {epochs} epochs; figures on test images\n")
    print(f"{'penalty':12}{'BCE':>9}{'penalty':>9}{'mean |code|':>13}{'off centre':>12}", end="")
    print(f"{'within 1':>10}{'dependence':>12}")

    figures, models, dead = {}, {}, {}
    for name, penalty in PENALTIES.items():
        ae = models[name] = tae.models.sparse(penalty, code_activation=None, seed=seed)
        ae.fit(x, epochs=epochs, batch_size=256, validation_data=x_test, verbose=0)
        parts, codes = ae.evaluate(x_test), ae.encode(x_test)
        report = tae.latent_diagnostics(codes)
        dead[name] = report.dead
        used = [unit for i, unit in enumerate(report.units) if i not in report.dead]
        bell = np.abs(codes - codes.mean(axis=0)) < codes.std(axis=0)
        figures |= {
            f"bce {name}": parts["reconstruction"],
            f"penalty {name}": parts["penalty"],
            f"code {name}": report.mean_absolute,
            f"off centre {name}": float(np.mean([abs(unit.mean) / unit.std for unit in used])),
            f"within {name}": float(bell.mean()),
            f"dependence {name}": report.mean_dependence,
        }
        print(f"{name:12}{parts['reconstruction']:9.4f}{parts['penalty']:9.4f}", end="")
        print(f"{report.mean_absolute:13.3f}{figures[f'off centre {name}']:12.2f}", end="")
        print(f"{figures[f'within {name}']:10.0%}{report.mean_dependence:12.3f}", flush=True)
    print("\noff centre: |mean| of a code in standard deviations; within 1: so many lie there")
    print("dependence: mean distance correlation of two codes, 0 to 1")

    fig, axes = plt.subplots(1, 3, figsize=(13, 5), layout="constrained")
    for ax, name in zip(axes, ("none", "L1 2.56e-3", "L2 normal"), strict=True):
        # codes 1 and 3 as in the tutorial, or the next ones that are not dead
        across, up, *_ = sorted([0, 2, 1, *range(3, 16)], key=dead[name].__contains__)
        codes = models[name].encode(x_test)
        tae.plot.joint(codes, units=(across, up), title=f"penalty: {name}", ax=ax)
    fig.savefig(out / "joint.png", bbox_inches="tight")
    history = models["L1 2.56e-3"].history
    ax = tae.plot.history(history, title="L1 2.56e-3: the loss and its two parts")
    ax.figure.savefig(out / "history.png", bbox_inches="tight")
    return figures


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="50 epochs on 60,000 images")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
