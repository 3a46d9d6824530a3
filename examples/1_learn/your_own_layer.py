"""A layer and a loss of your own, in NumPy: gradient-checked, trained by `fit`.

Layer: Swish with a slope β that is learned, one for each unit (Ramachandran and
others, 2017). With s = sigmoid(β x):

    y = x s        dy/dx = s + β x s (1 − s)        dy/dβ = x² s (1 − s)

Loss: the logarithm of the hyperbolic cosine. It is quadratic for small
differences and linear for large ones, because its gradient, tanh, never exceeds
1: a few wild pixels do not rule it.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


class Swish(tae.Layer):
    """y = x · sigmoid(β x)."""

    def build(self, input_shape):
        self.add_weight("beta", input_shape, lambda shape, rng: np.ones(shape))
        return input_shape  # the shape of one output

    def forward(self, x, training=False, step=0, first=0):
        s = 1 / (1 + np.exp(-self.weights["beta"] * x))
        return x * s, (x, s)  # the output, and what backward will need

    def backward(self, dy, cache):
        x, s = cache
        beta = self.weights["beta"]
        self.gradients["beta"] += (dy * x**2 * s * (1 - s)).sum(axis=0)  # β served every sample
        return dy * (s + beta * x * s * (1 - s))


class SlippedSwish(Swish):
    """The same with a slip, x in place of x² in dy/dβ: it would train, and nothing complain."""

    def backward(self, dy, cache):
        x, s = cache
        dx = super().backward(dy, cache)
        self.gradients["beta"][...] = (dy * x * s * (1 - s)).sum(axis=0)
        return dx


class LogCosh:
    """The mean over every element of log cosh(y − x)."""

    def value_and_gradient(self, output, target):
        d = output - target
        # log cosh d = |d| + log(1 + e^−2|d|) − log 2, which does not overflow
        values = np.abs(d) + np.log1p(np.exp(-2 * np.abs(d))) - np.log(2)
        return float(values.mean()), np.tanh(d) / d.size


def model(layer, loss, seed, sizes=(784, 64, 8)):
    """Built-in layers and your own side by side."""
    pixels, hidden, code = sizes
    return tae.Autoencoder(
        encoder=[tae.Dense(hidden), layer(), tae.Dense(code)],
        decoder=[tae.Dense(hidden), layer(), tae.Dense(pixels)],
        input_shape=(pixels,),
        loss=loss,
        seed=seed,
    )


def main(out, full=False, seed=0, epochs=10, samples=3000):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        epochs, samples = 5, 60000
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    x = x[:samples]
    rng = np.random.default_rng(seed)

    right, slipped = (
        tae.check_gradients(model(layer, LogCosh(), seed, (10, 5, 2)), rng.random((6, 10)))
        for layer in (Swish, SlippedSwish)
    )
    print(f"Is backward the derivative of forward?\n\n{right}\n")
    print(f"And with one slip in it?\n\n{slipped}\n")

    print("Training on images where one pixel in a hundred is wild, from -20 to 20:\n")
    wild = np.where(rng.random(x.shape) < 0.01, rng.uniform(-20, 20, x.shape), x)
    figures = {"right": float(right.passed), "slipped": float(slipped.passed)}
    rows = {"test image": x_test[:10], "training images": wild[:10]}
    for name, loss in (("log cosh", LogCosh()), ("MSE", tae.MSE())):
        ae = model(Swish, loss, seed)
        ae.fit(wild, epochs=epochs, batch_size=50, verbose=0)
        outputs = ae.reconstruct(x_test)
        rows[f"loss {name}"] = outputs[:10]
        figures[name] = float(np.mean((outputs - x_test) ** 2))
        print(f"  loss {name:10} error of clean test images {figures[name]:.5f}", flush=True)
    beta = ae.encoder.layers[1].weights["beta"]
    print(f"\nβ began at 1 everywhere and is now between {beta.min():.2f} and {beta.max():.2f}.")

    ax = tae.plot.interpolation(rows, title="Two losses on images with wild pixels")
    ax.figure.savefig(out / "losses.png", bbox_inches="tight")
    return figures


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="60,000 images, for 5 epochs")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
