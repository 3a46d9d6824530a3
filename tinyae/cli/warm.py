"""Kernels compiled before they are needed: in processes of their own, on all cores at once."""

import gc
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import numpy as np

from .. import models
from ..autoencoder import Autoencoder
from ..layers.dense import Dense
from ..system.folders import kernel_cache
from ..system.numba_parts import DISABLED
from ..system.threads import available
from .terminal import say

ROWS = 128  # of a mini-batch, for which a model of each kind goes the way that it goes


def tiny() -> Autoencoder:
    """2-20-20-1-20-20-2."""
    down, up = [Dense(20, "relu"), Dense(20, "relu")], [Dense(20, "relu"), Dense(20, "relu")]
    return Autoencoder([*down, Dense(1)], [*up, Dense(2)], (2,))


def small() -> Autoencoder:
    """784-32-784."""
    return Autoencoder([Dense(32, "relu")], [Dense(784, "sigmoid")], (784,), loss="bce")


# The longest first, since the others fill the gaps.
MODELS: dict[str, Callable[[], Autoencoder]] = {
    "images": models.convolutional,
    "large dense models": models.deep,
    "dense models": small,
    "tiny dense models": tiny,
}


def compile_for(kind: str) -> float:
    """Train and run one model of a kind for a moment; returns the seconds."""
    began = time.perf_counter()
    gc.disable()  # what compiling leaves behind is gone with the process
    model = MODELS[kind]()
    rows = 2 if kind == "images" else ROWS  # each of which takes long
    x = np.zeros((rows, *(model.input_shape or ())), model.dtype)
    model.fit(x, epochs=1, batch_size=rows, validation_data=x, verbose=0)
    model.reconstruct(x)
    return time.perf_counter() - began


def end_quietly() -> None:
    """At Ctrl-C a process ends without a word: the one that waits for it says what there is."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def warm() -> None:
    """``python -m tinyae warm``: compile what is not in the cache yet."""
    if DISABLED:
        raise ValueError("nothing is compiled where NUMBA_DISABLE_JIT is set")
    began, workers = time.perf_counter(), min(available(), len(MODELS))
    with ProcessPoolExecutor(workers, get_context("spawn"), end_quietly) as pool:
        kinds = {pool.submit(compile_for, kind): kind for kind in MODELS}
        for future in as_completed(kinds):
            print(f"{kinds[future]}: {future.result():.1f} s", flush=True)
    say(f"All in {time.perf_counter() - began:.1f} s; kernels are kept in {kernel_cache()}")
