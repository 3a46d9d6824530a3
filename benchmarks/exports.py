"""How close exported encoders are to the model's, and how long they take for one sample.

    python -m benchmarks.exports [--rounds N]

The ready-made models as ONNX, in onnxruntime, and as C, compiled for this machine. All are called
from Python on one thread, in turns.
"""

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime

import tinyae as tae

MODELS = {
    "deep": tae.models.deep,
    "sparse": tae.models.sparse,
    "denoising": tae.models.denoising,
    "convolutional": tae.models.convolutional,
    "small images": lambda **options: tae.models.convolutional((16, 8), **options),
}
COMPILE = ("cc", "-std=c99", "-O3", "-march=native", "-shared", "-fPIC")
ALLOWED = 1e-5  # of the largest number of a code
ROUND_SECONDS = 0.1


def in_onnxruntime(model: tae.Autoencoder, x: np.ndarray, folder: Path) -> Callable:
    """A call that encodes x."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    file = model.export_onnx(folder / "encoder.onnx", encoder_only=True)
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def in_c(model: tae.Autoencoder, x: np.ndarray, folder: Path) -> Callable:
    """The same."""
    source, header = model.export_c(folder, encoder_only=True)
    subprocess.run([*COMPILE, source, "-lm", "-o", folder / "encoder.so"], check=True)
    encode = ctypes.CDLL(str(folder / "encoder.so")).encoder_encode
    (room,) = (line.split()[-1] for line in header.read_text().splitlines() if "_WORK " in line)
    z, work = np.empty((1, *model.encoder.output_shape), "f"), np.empty(int(room), "f")
    given = [np.ctypeslib.as_ctypes(array) for array in (x, z, work)]  # which keep the arrays

    def call() -> np.ndarray:
        encode(*given)
        return z

    return call


def seconds(call: Callable, count: int) -> float:
    """Of one call."""
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def measured(name: str, rounds: int, folder: Path) -> tuple[list[float], list[float]]:
    """The errors of both exports; the median microseconds of tinyae and of both."""
    model = MODELS[name](threads=1)
    x = tae.datasets.mnist_mini()[0][0][:1].reshape(1, *model.input_shape)
    calls = [lambda: model.encode(x), in_onnxruntime(model, x, folder), in_c(model, x, folder)]
    z = model.encode(x)
    errors = [float(np.abs(call() - z).max() / np.abs(z).max()) for call in calls[1:]]
    counts = [max(1, round(ROUND_SECONDS / seconds(call, 3))) for call in calls]
    turns = [list(map(seconds, calls, counts)) for _ in range(rounds)]
    return errors, [1e6 * median(column) for column in zip(*turns, strict=True)]


def main() -> int:
    """Print the table; 1 if an error is larger than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="default: 15")
    rounds, far = parser.parse_args().rounds, 0
    print(f"{'':13} | {'error':^17} | {'microseconds for one sample':^30}")
    print(f"{'encoder':13} | {'ONNX':>8} {'C':>8} | {'tinyae':>8} {'onnxruntime':>12} {'C':>8}")
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            (onnx, c), (ours, runtime, own) = measured(name, rounds, Path(folder))
        far += max(onnx, c) > ALLOWED
        line = f"{name:13} | {onnx:8.0e} {c:8.0e} | {ours:8.1f} {runtime:12.1f} {own:8.1f}"
        print(line, flush=True)
    return int(far > 0)


if __name__ == "__main__":
    sys.exit(main())
