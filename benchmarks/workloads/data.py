"""The data of a workload: made once, and the same for every contender."""

import os

import numpy as np

import tinyae as tae
from benchmarks.workloads.kinds import Encoding, Training, Workload


def data_for(workload: Workload) -> np.ndarray:
    """What the contenders are given, float32.

    To train, whole mini-batches of shape (count, batch, ...) that all go through in turn; else
    samples of shape (n, 784).
    """
    if not isinstance(workload, Training):
        return digits(workload.samples, test=isinstance(workload, Encoding))
    wanted = workload.count * workload.batch
    if workload.data == "gaussians":
        x = tae.datasets.two_gaussians(-(-wanted // 2))[0][:wanted]
    elif workload.data == "sine":
        x = tae.datasets.sine_curve(wanted)
    elif workload.data == "noise":
        x = np.random.default_rng(0).random((wanted, *workload.shape), np.float32)
    else:
        x = digits(wanted)
    x = x[np.random.default_rng(0).permutation(wanted)]
    return x.reshape(workload.count, workload.batch, *workload.shape)


def digits(samples: int, test: bool = False) -> np.ndarray:
    """So many digits of MNIST; the bundled ones, again and again, where there are not enough."""
    bundled = tae.datasets.mnist_mini()[test][0]
    if samples > len(bundled) and has_mnist():
        return tae.datasets.mnist()[test][0][:samples]
    return np.resize(bundled, (samples, bundled.shape[1]))


def has_mnist() -> bool:
    """Whether all of MNIST is here; nothing is downloaded for a benchmark."""
    return "TINYAE_DATA" in os.environ
