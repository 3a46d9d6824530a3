"""Variational autoencoders on MNIST in nats: Kingma and Welling's shape, and the Keras example's.

    python -m benchmarks.nats [--epochs N] [dense] [convolutional] [keras]

"dense" is 784-500-20-500-784 with tanh, in mini-batches of 100, the shape of Kingma and Welling
(2013). "convolutional" is the shape of Keras's example of a variational autoencoder, with two
numbers for a code, and "keras" is that example in Keras, from the same initial weights, on the same
mini-batches' sizes with the same Adam. A pixel is 1 with its grey as probability, drawn anew for
each epoch; the test images are drawn once. After each tenth of the epochs the bounds on the log
likelihood of test images are printed, in nats: the ELBO of all 10,000 with 10 draws each; and at
the end, of the first 1,000, the importance-weighted bound with 100. Keras's weights are put into
the model of tinyae, so that all are measured by the same lines.

TINYAE_DATA names the folder with MNIST's four files.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

import tinyae as tae

MODELS = ("dense", "convolutional", "keras")
RATE = 1e-3


def dense() -> tae.Autoencoder:
    """784-500-20-500-784."""
    return tae.Autoencoder(
        [tae.Dense(500, "tanh"), tae.Dense(40), tae.Variational()],
        [tae.Dense(500, "tanh"), tae.Dense(784, "sigmoid")],
        (784,),
        loss="bce",
        optimizer=tae.Adam(RATE),
    )


def convolutional() -> tae.Autoencoder:
    """Two convolutions, 16 units, two numbers, and back by transposed convolutions."""
    same = {"strides": 2, "padding": "same", "activation": "relu"}
    encoder = [tae.Conv2D(32, 3, **same), tae.Conv2D(64, 3, **same), tae.Flatten()]
    decoder = [tae.Dense(7 * 7 * 64, "relu"), tae.Reshape((7, 7, 64))]
    decoder += [tae.Conv2DTranspose(64, 3, **same), tae.Conv2DTranspose(32, 3, **same)]
    last = tae.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")
    return tae.Autoencoder(
        [*encoder, tae.Dense(16, "relu"), tae.Dense(4), tae.Variational()],
        [*decoder, last],
        (28, 28, 1),
        loss="bce",
        optimizer=tae.Adam(RATE),
    )


def in_keras(twin: tae.Autoencoder) -> Callable[[np.ndarray], None]:
    """An epoch of Keras's example, from the twin's weights, which it sets to what it has learnt."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.utils.set_random_seed(0)

    class Sampling(keras.layers.Layer):
        """z = μ + σ ε; KL joins the loss."""

        def __init__(self):
            super().__init__()
            self.noise = keras.random.SeedGenerator(1)

        def call(self, inputs):
            mean, log_variance = keras.ops.split(inputs, 2, axis=1)
            each = 1 + log_variance - keras.ops.square(mean) - keras.ops.exp(log_variance)
            self.add_loss(keras.ops.mean(keras.ops.sum(-0.5 * each, axis=1)))
            epsilon = keras.random.normal(keras.ops.shape(mean), seed=self.noise)
            return mean + keras.ops.exp(0.5 * log_variance) * epsilon

    def nats(target, output):
        each = keras.losses.binary_crossentropy(target, output)
        return keras.ops.sum(each, axis=(1, 2))

    layers = keras.layers
    same = {"strides": 2, "padding": "same", "activation": "relu"}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, **same),
            layers.Conv2D(64, 3, **same),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(4),
            Sampling(),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, **same),
            layers.Conv2DTranspose(32, 3, **same),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    arrays = [array for layer in twin.layers for array in layer.weights.values()]
    for weight, array in zip(model.trainable_weights, arrays, strict=True):
        weight.assign(array)
    model.compile(keras.optimizers.Adam(RATE), nats)

    def epoch(x: np.ndarray) -> None:
        model.fit(x, x, batch_size=128, verbose=0)
        for weight, array in zip(model.trainable_weights, arrays, strict=True):
            array[...] = weight.numpy()

    return epoch


def train(name: str, epochs: int, seed: int = 0) -> None:
    """Train one model and print what its bounds are."""
    model = dense() if name == "dense" else convolutional()
    (x, _), (x_test, _) = tae.datasets.mnist()
    x, x_test = (part.reshape(-1, *model.input_shape) for part in (x, x_test))
    rng = np.random.default_rng(seed)
    x_test = drawn(x_test, rng)
    batch = 100 if name == "dense" else 128
    epoch = in_keras(model) if name == "keras" else None
    seconds = 0.0
    for done in range(1, epochs + 1):
        binary, began = drawn(x, rng), time.perf_counter()
        if epoch is None:
            model.fit(binary, batch_size=batch, verbose=0)
        else:
            epoch(binary)
        seconds += time.perf_counter() - began
        if done % max(1, epochs // 10) == 0 or done == epochs:
            elbo = model.elbo(x_test, samples=10).mean()
            text = f"{name:14} epoch {done:4d}  elbo {elbo:8.2f}  {seconds / done:6.1f} s an epoch"
            print(text, flush=True)
    bound = model.log_likelihood(x_test[:1000], samples=100).mean()
    elbo = model.elbo(x_test[:1000], samples=10).mean()
    print(f"{name:14} first 1,000: elbo {elbo:.2f}, log likelihood {bound:.2f}", flush=True)


def drawn(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pixels that are 1 with x as probability."""
    return (rng.random(x.shape, np.float32) < x).astype(np.float32)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.nats",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--epochs", type=int, default=30, help="default: 30")
    options = parser.parse_args()
    for name in options.models or MODELS:
        if name not in MODELS:
            parser.error(f"MODEL must be one of {', '.join(MODELS)}, but is {name}")
        train(name, options.epochs)


if __name__ == "__main__":
    main()
