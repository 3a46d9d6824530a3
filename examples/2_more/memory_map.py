"""Training on files that are larger than the memory that it takes.

Digits, each moved by up to three pixels, are written into .npy files of numbers
of 32 bits; `fit` gets the list of their paths. The files stand for their rows,
one after the other, and are mapped, not read: of the rows of a few mini-batches
at a time copies are made, so memory does not grow with the files.

What is measured is memory of the process's own ("anonymous"): beside it, the
system keeps what it has read of files, as long as nobody else wants that place.
(Where there is no /proc, as outside Linux, nothing is measured.)

The files stand in a temporary folder, which is removed; TMPDIR names another
disk to make it on. They are of 200 MB, with --full of 4 GB.
"""

import errno
import shutil
import tempfile
import threading
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import tinyae as tae

STATUS = Path("/proc/self/status")
MB = 1e6


class Memory:
    """How much the process holds while the block runs: `seconds` and `bytes`, a hundred a second.

    Both are empty where there is no /proc.
    """

    def __enter__(self):
        self.seconds, self.bytes, self._ended = [], [], threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if STATUS.exists():
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self):
        started, ended = time.perf_counter(), False
        while not ended:
            ended = self._ended.wait(0.01)
            fields = STATUS.read_text().partition("RssAnon:")[2].split()
            self.seconds.append(time.perf_counter() - started)
            self.bytes.append(1024 * int(fields[0]))


def moved(images, n, rng):
    """Some of the images, each moved by up to three pixels."""
    wide = np.pad(images.reshape(-1, 28, 28), ((0, 0), (3, 3), (3, 3)))
    views = np.lib.stride_tricks.sliding_window_view(wide, (28, 28), axis=(1, 2))
    down, right = rng.integers(7, size=(2, n))
    return views[rng.integers(len(images), size=n), down, right].reshape(n, 784)


def write(folder, images, megabytes, files, rng):
    """So many files of moved images; their paths."""
    rows = int(megabytes * MB / files / (4 * 784))
    free = shutil.disk_usage(folder).free
    if free < 1.1 * megabytes * MB:
        text = f"{megabytes:,} MB of files do not fit on this disk: {free / MB:,.0f} MB are free"
        raise OSError(errno.ENOSPC, text, str(folder))
    paths = [Path(folder, f"part_{i}.npy") for i in range(files)]
    for path in paths:
        array = np.lib.format.open_memmap(path, "w+", np.float32, (rows, 784))
        for start in range(0, rows, 4096):
            array[start : start + 4096] = moved(images, min(4096, rows - start), rng)
    return paths


def build(seed):
    """784-256-32-256-784."""
    return tae.Autoencoder(
        encoder=[tae.Dense(256, "relu"), tae.Dense(32)],
        decoder=[tae.Dense(256, "relu"), tae.Dense(784, "sigmoid")],
        input_shape=(784,),
        optimizer=tae.Adam(2e-3),
        seed=seed,
    )


def pca_of(paths, k):
    """PCA of all rows, a few at a time."""
    pca = tae.PCA(k)
    for path in paths:
        rows = np.load(path, mmap_mode="r")
        for start in range(0, len(rows), 4096):
            pca.partial_fit(rows[start : start + 4096])
    return pca


def main(out, full=False, seed=0, megabytes=200, files=8, epochs=4):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        megabytes, epochs = 4000, 1
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="tinyae-") as folder:
        paths = write(folder, x, megabytes, files, rng)
        size = sum(path.stat().st_size for path in paths)
        print(f"{files} files of {size / MB:,.0f} MB together in {folder}", flush=True)
        test = moved(x_test, len(x_test), rng)
        ae = build(seed)
        ae.fit(test[:256], verbose=0)  # compiles
        ae = build(seed)
        began = time.perf_counter()
        with Memory() as memory:
            ae.fit(paths, epochs=epochs, batch_size=256, verbose=0)
        seconds = time.perf_counter() - began
        error = float(ae.reconstruction_error(test).mean())
        pca_error = float(pca_of(paths, 32).reconstruction_error(test).mean())
    figures = {"size": size, "error": error, "pca error": pca_error}
    print(f"{ae.progress.step:,} steps of 256 in {seconds:.1f} s; test error {error:.5f}")
    print(f"PCA with as many numbers, from the same files: {pca_error:.5f}")

    fig, axes = plt.subplots(2, 1, figsize=(8, 6.4), layout="constrained")
    if memory.bytes:
        held = np.array(memory.bytes)
        figures |= {"peak": int(held.max()), "grown": int(held.max() - held[0])}
        print(
            f"Memory: {held[0] / MB:,.0f} MB before, at most {held.max() / MB:,.0f} MB in training"
        )
        axes[0].plot(memory.seconds, (held - held[0]) / MB, label="what training takes")
    axes[0].axhline(size / MB, color="tab:orange", label="the files")
    axes[0].set(
        xlabel="Seconds of training",
        ylabel="MB",
        ylim=(0, None),
        title="Memory beside what the process held before",
    )
    axes[0].legend()
    shown = np.stack([test[:10], ae.reconstruct(test[:10])]).reshape(20, 784)
    tae.plot.samples(shown, columns=10, title="Moved digits, and 32 numbers' worth", ax=axes[1])
    fig.savefig(out / "memory.png", bbox_inches="tight")
    return figures


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="4 GB, from all images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder or place, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
