"""A noisy sine, one number a point: a straight, a deep, an over-trained model.

A linear autoencoder finds PCA's line. A deep one finds the sine itself: no
point of it was ever shown without noise. Trained much longer on few points it
finds those points instead, noise and all.

--full takes 100,000 points, as many rows as the tutorial's longest training
(25 points, 4,000 times): 1.33 million steps of 15 for the deep model, in about
a minute. Here it is 1,000 points in steps of 30. Not the tutorial's: the deep
model ends with a tenth of its epochs at a tenth of its learning rate, without
which its last steps leave it swaying.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae


def main(out, full=False, seed=0, epochs=200, overtrain=200):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    points, batch_size = (100_000, 15) if full else (1000, 30)
    x = tae.datasets.sine_curve(points, seed=seed)
    few = x[:: points // 25]
    sine = tae.datasets.sine_curve(1000, noise=0)

    linear = tae.models.deep((2, 1), optimizer=tae.Adam(0.01), seed=seed)
    linear.fit(x, epochs=15, batch_size=30, verbose=0)
    early = tae.compare_with_pca(linear, x).gap
    linear.fit(x, epochs=3000, batch_size=points, verbose=0)  # steps without noise: converges
    deep = elu(0.003, seed)
    deep.fit(x, epochs=epochs, batch_size=batch_size, verbose=0)
    deep.optimizer.learning_rate = 0.0003
    deep.fit(x, epochs=epochs // 10, batch_size=batch_size, verbose=0)
    over = elu(0.0003, seed)  # an epoch is 1,000 steps of 15 of the 25 points
    over.fit(few, epochs=overtrain, steps_per_epoch=1000, batch_size=15, verbose=0)

    pca = tae.PCA(1).fit(x)
    report = tae.compare_with_pca(linear, x)
    print(f"\n{'':18}  trained on  error there  off the sine")
    figures = {"gap after 15 epochs": early, "gap": report.gap}
    for name, model, data in (
        ("the sine's own PCA", tae.PCA(1).fit(sine), sine),
        ("PCA", pca, x),
        ("linear", linear, x),
        ("deep", deep, x),
        ("over-trained", over, few),
    ):
        error = float(model.reconstruction_error(data).mean())
        figures |= {f"error {name}": error, f"off {name}": off(model, sine)}
        print(f"{name:18}{len(data):12,}{error:13.5f}{figures[f'off {name}']:14.4f}")
    print("\nerror: mean squared, per number. off the sine: root mean square distance of")
    print("points of the sine without noise to their reconstructions; no straight line")
    print("has less than the first row's.")
    print(f"The linear model's error was {early:.2%} above PCA's after 15 epochs and")
    print(f"{report.gap:.3%} once converged: {report.angles[0]:.2f}° between its line and PCA's.")

    fig, axes = plt.subplots(1, 3, figsize=(13, 3.4), sharey=True, layout="constrained")
    draw(axes[0], linear, x[:: points // 1000], few, sine, "Linear: PCA's line", pca)
    draw(axes[1], deep, x[:: points // 1000], few, sine, "Deep: the sine")
    draw(axes[2], over, few, few, sine, f"Over-trained: its {len(few)} points")
    handles, names = axes[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=len(names))
    fig.savefig(out / "sine_manifold.png", bbox_inches="tight")
    return figures


def elu(learning_rate, seed):
    """2-64-64-1-64-64-2."""
    adam = tae.Adam(learning_rate)  # one thread: more have nothing to share in steps so small
    return tae.models.deep((2, 64, 64, 1), "elu", optimizer=adam, seed=seed, threads=1)


def off(model, sine):
    """Root mean square distance from points of the sine to their reconstructions."""
    return float(np.sqrt(np.mean(np.sum((model.reconstruct(sine) - sine) ** 2, axis=1))))


def draw(ax, model, data, few, sine, title, pca=None):
    """The model's curve, the sine, and some points (circles) with reconstructions (stars)."""
    tae.plot.curve(model, data, pca=pca, ax=ax)
    ax.get_legend().remove()
    ax.plot(*sine.T, "--", color="black", lw=1, label="sine")
    stars = model.reconstruct(few)
    for pair in zip(few, stars, strict=True):
        ax.plot(*np.transpose(pair), color="black", lw=0.6)
    ax.plot(*few.T, "o", mfc="white", mec="black", ms=5, label="some points")
    ax.plot(*stars.T, "*", color="#ffa90e", mec="black", mew=0.5, ms=10, label="reconstructions")
    ax.set(title=f"{title} ({off(model, sine):.3f} off)", xlim=(-2.5, 2.5), ylim=(-1.4, 1.4))
    ax.set_aspect("equal", adjustable="box")
    ax.label_outer()


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="100,000 points, in steps of 15")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
