"""Whether a layer of one's own with kernels trains as fast as a built-in one.

    python -m benchmarks.own_layer [--rounds N]

`OwnDense` is what a user would write for Dense. Models of one and of the other are trained on the
same data from the same weights, in turns; first their parameters must be the same, byte by byte.
"""

import argparse
import sys
import time
from statistics import median

import tinyae as tae
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for
from tinyae.machine.products import add_product, product, product_transposed
from tinyae.machine.views import columns, view
from tinyae.maths import activations

NAMES = ("gauss2d", "sigmoid", "latent2d")
ALLOWED = 1.05
ROUND_SECONDS = 0.3


@tae.kernel
def forward(op, w, x, y, scratch, step, first):
    W = view(w, 0, (op.inputs, op.outputs))
    product(x, W, y)
    activations.activation_forward(view(w, W.size, (op.outputs,)), op.activation, y)


@tae.kernel
def backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    activations.activation_backward(y, op.slope, dy)
    if dw.size:
        dW = view(dw, 0, (op.inputs, op.outputs))
        part(op, x, dy, 0, dW, view(dw, dW.size, (op.outputs,)))
    if dx.size:
        product_transposed(dy, view(w, 0, (op.inputs, op.outputs)), dx)


@tae.kernel
def part(op, x, dz, first, dW, db):
    rows = dW.size // op.outputs
    add_product(columns(x, first, rows), dz, view(dW, 0, (rows, op.outputs)))
    activations.add_rows(dz, db)


class OwnDense(tae.Layer):
    """y = f(x W + b)."""

    kernels = tae.Kernels(forward, backward, activations.FIELDS, part)

    def __init__(self, units: int, activation: str | None = None):
        super().__init__()
        self.units, self.activation = units, activation

    def build(self, input_shape):
        self.add_weight("kernel", (input_shape[0], self.units))
        self.add_weight("bias", (self.units,), "zeros")
        return (self.units,)

    def record_fields(self):
        return activations.addresses(self.activation, self.dtype)


class Trained:
    """A workload's model, made of one kind of layer."""

    def __init__(self, name: str, kind: type[tae.Layer]):
        workload = WORKLOADS[name]
        layers = [kind(units, activation) for _, units, activation in workload.layers]
        split = workload.code + 1
        self.batch = workload.batch
        self.x = data_for(workload).reshape(-1, *workload.shape)
        shape = workload.shape
        self.model = tae.Autoencoder(layers[:split], layers[split:], shape, threads=2)

    def run(self, steps: int) -> float:
        """Seconds a step."""
        began = time.perf_counter()
        self.model.fit(self.x, batch_size=self.batch, steps_per_epoch=steps, verbose=0)
        return (time.perf_counter() - began) / steps


def ratios(name: str, rounds: int) -> list[float]:
    """How many times as long the own layers take, round by round."""
    built_in, own = Trained(name, tae.Dense), Trained(name, OwnDense)
    for each in (built_in, own):
        each.run(20)
    if built_in.model.parameters.tobytes() != own.model.parameters.tobytes():
        sys.exit(f"{name}: the own layers give other numbers")
    steps = max(1, round(ROUND_SECONDS / built_in.run(20)))
    found = []
    for turn in range(rounds):  # each goes first in every second round
        first, second = (built_in, own) if turn % 2 else (own, built_in)
        seconds = {first: first.run(steps), second: second.run(steps)}
        found.append(seconds[own] / seconds[built_in])
    return found


def main() -> int:
    """Print the ratios; 1 if own layers are slower than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="default: 15")
    rounds = parser.parse_args().rounds
    print("own layers' time as a multiple of built-in ones'")
    slow = 0
    for name in NAMES:
        found = sorted(ratios(name, rounds))
        slow += median(found) > ALLOWED
        print(f"{name:10} {median(found):.3f}   ({found[0]:.3f} to {found[-1]:.3f})", flush=True)
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
