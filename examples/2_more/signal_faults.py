"""Faults in a periodic signal, found by a convolutional autoencoder of sequences.

A made heartbeat: each beat is a few bumps, of which the third is high, and no
two beats take the same time. Windows of 128 steps begin anywhere. The models
learn windows without faults; a detector takes its threshold, which one window
in a hundred exceeds, from others without faults. Then each kind of fault is
planted into half of new windows, the other half stays as it is.

ROC AUC is the chance that a window with a fault scores higher than one without:
0.5 is guessing, 1 is perfect. PCA keeps as many numbers of a window as the
autoencoder, but has to spend them on where the beats are: its directions are
waves, and a wave that is moved is another one. A convolution does not care
where it is.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

STEPS = 128
BUMPS = ((0.20, 0.025, 0.15), (0.36, 0.010, -0.12), (0.40, 0.011, 1.0), (0.44, 0.010, -0.25))
BUMPS += ((0.68, 0.045, 0.3),)  # each: when in the beat, how wide, how high


def heartbeats(n, rng, period=40, jitter=0.08, noise=0.03):
    """Windows of a heartbeat, (n, 128, 1), the time of each beat drawn anew."""
    x = np.zeros((n, STEPS))
    times = np.arange(STEPS)
    for row in x:
        start = -rng.uniform(0, 2 * period)
        while start < STEPS:
            length = period * (1 + jitter * rng.standard_normal())
            for when, width, height in BUMPS:
                distance = (times - start - when * length) / (width * length)
                row += height * np.exp(-(distance**2) / 2)
            start += length
    return (x + noise * rng.standard_normal(x.shape))[..., np.newaxis]


def dropped(row, rng):
    """A high bump is missing: the signal is flat there."""
    beat = 20 + int(np.argmax(row[20:-20]))
    row[beat - 5 : beat + 6] = row[beat - 6]


def early(row, rng):
    """A high bump more, where none belongs."""
    distance = (np.arange(STEPS) - rng.uniform(20, STEPS - 20)) / 1.2
    row += 0.5 * np.exp(-(distance**2) / 2)


def hum(row, rng):
    """A hum of small amplitude for a quarter of the window."""
    first = rng.integers(STEPS - 32)
    row[first : first + 32] += 0.12 * np.sin(np.arange(32) * 1.9)


def stuck(row, rng):
    """The sensor gives one value for ten steps."""
    first = rng.integers(STEPS - 10)
    row[first : first + 10] = row[first]


FAULTS = {"dropped beat": dropped, "early beat": early, "hum": hum, "stuck sensor": stuck}


def roc_auc(normal, anomalous):
    """The share of pairs in which the anomalous window scores higher; equal scores count half."""
    ordered = np.sort(normal)
    below = np.searchsorted(ordered, anomalous, side="left")
    not_above = np.searchsorted(ordered, anomalous, side="right")
    return float((below + not_above).mean() / 2 / len(normal))


def build(seed):
    """128 steps as 16 × 1 numbers and back, by convolutions of stride 2."""
    return tae.Autoencoder(
        encoder=[
            tae.Conv1D(16, 9, 2, "same", "relu"),
            tae.Conv1D(16, 9, 2, "same", "relu"),
            tae.Conv1D(16, 9, 2, "same", "relu"),
            tae.Conv1D(1, 9, padding="same"),
        ],
        decoder=[
            tae.Conv1DTranspose(16, 9, 2, "same", "relu"),
            tae.Conv1DTranspose(16, 9, 2, "same", "relu"),
            tae.Conv1DTranspose(16, 9, 2, "same", "relu"),
            tae.Conv1D(1, 9, padding="same"),
        ],
        input_shape=(STEPS, 1),
        optimizer=tae.Adam(0.002),
        seed=seed,
    )


class FlatPCA:
    """PCA of windows laid out flat, for a detector."""

    def __init__(self, k, x):
        self.pca = tae.PCA(k).fit(x[..., 0])

    def reconstruction_error(self, x, per_feature=False):
        errors = self.pca.reconstruction_error(np.asarray(x)[..., 0], per_feature)
        return errors[..., np.newaxis] if per_feature else errors


def main(out, seed=0, samples=4000, epochs=20):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    rng = np.random.default_rng(seed)
    x, ordinary, x_test = (heartbeats(n, rng) for n in (samples, 2000, 2000))
    ae = build(seed)
    ae.fit(x, epochs=epochs, batch_size=32, verbose=0)
    models = {"PCA": FlatPCA(16, x), "autoencoder": ae}
    detectors = {name: tae.AnomalyDetector(each).fit(ordinary) for name, each in models.items()}
    print(f"Trained on {len(x):,} windows without faults, 16 numbers of each are kept.")

    half, figures = len(x_test) // 2, {}
    print(f"\n{'':14}{'ROC AUC':>18}{'found, of 100':>24}{'false alarms':>22}")
    print(f"{'':14}" + f"{'PCA':>6}{'autoencoder':>12}" * 3)
    found = {}
    for name, plant in FAULTS.items():
        faulty = x_test[half:].copy()
        for row in faulty[..., 0]:
            plant(row, rng)
        found[name] = faulty
        cells = []
        for model, detector in detectors.items():
            scores = detector.score(x_test[:half]), detector.score(faulty)
            figures[f"auc {model} {name}"] = roc_auc(*scores)
            cells.append((figures[f"auc {model} {name}"], *map(rate(detector), scores)))
        areas, false, right = zip(*cells, strict=True)
        print(f"{name:14}{areas[0]:6.3f}{areas[1]:12.3f}", end="")
        print(f"{right[0]:6.0%}{right[1]:12.0%}{false[0]:6.1%}{false[1]:12.1%}", flush=True)

    fig, axes = plt.subplots(len(FAULTS), 1, figsize=(8, 10), layout="constrained")
    for ax, (name, faulty) in zip(axes, found.items(), strict=True):
        explanation = detectors["autoencoder"].explain(faulty[:1])
        tae.plot.blame(explanation, title=f"{name}: score {explanation.scores[0]:.4f}", ax=ax)
    fig.savefig(out / "blame.png", bbox_inches="tight")
    return figures


def rate(detector):
    """How often scores are above the detector's threshold."""
    return lambda scores: float(np.mean(scores > detector.threshold_))


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
