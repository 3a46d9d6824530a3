"""Weights from Keras and from PyTorch: the same network here, the same outputs.

A network is built twice, there and here, and its weights are copied over. How
they lie in memory is all there is to know:

                 tinyae, Keras                  PyTorch
Dense            (inputs, units)                (units, inputs)
Conv2D           (rows, columns, in, out)       (out, in, rows, columns)
Conv2DTranspose  (rows, columns, out, in)       (in, out, rows, columns)
images           (height, width, channels)      (channels, height, width)

So Keras's weights are taken as they are, and PyTorch's with their axes turned.
A Linear of PyTorch's behind Flatten, or before Unflatten, counts pixels channel
by channel: its inputs or its units are sorted anew.

padding="same" is Keras's. What PyTorch calls padding=0 is "valid" here, where
no stride of a ConvTranspose2d is above its kernel; padding=k//2 with an odd k
and stride 1 is "same". Other paddings of PyTorch's have no counterpart: with
stride 2 it pads before and behind, "same" behind only.

Needs Keras with one of its backends, PyTorch, or both.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter

import numpy as np

import tinyae as tae


def from_keras(theirs, ours):
    """Copies the weights of a Keras layer into a built layer."""
    names = ("kernel", "bias")
    for name, array in zip(names, theirs.get_weights(), strict=False):
        ours.weights[name][...] = array


def from_pytorch(theirs, ours, image_before=None, image_behind=None):
    """Copies the weights of a PyTorch module into a built layer.

    A Linear behind Flatten or before Unflatten needs the image's shape there, as tinyae has it:
    (height, width, channels).
    """
    kernel = theirs.weight.detach().numpy()
    kernel = kernel.T if kernel.ndim == 2 else kernel.transpose(2, 3, 1, 0)
    if image_before is not None:
        kernel = kernel[by_pixels(image_before)]
    behind = slice(None) if image_behind is None else by_pixels(image_behind)
    ours.weights["kernel"][...] = kernel[..., behind]
    if theirs.bias is not None:
        ours.weights["bias"][...] = theirs.bias.detach().numpy()[behind]


def by_pixels(shape):
    """Where in PyTorch's order the numbers of a flat image are, in tinyae's order."""
    height, width, channels = shape
    places = np.arange(height * width * channels).reshape(channels, height, width)
    return places.transpose(1, 2, 0).ravel()


def keras_pair(seed):
    """A network of Keras's and its twin, from 28 × 28 pixels to 8 numbers and back."""
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    theirs = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(8),
            layers.Dense(14 * 14 * 4, activation="elu"),
            layers.Reshape((14, 14, 4)),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    ours = tae.Autoencoder(
        encoder=[
            tae.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            tae.Flatten(),
            tae.Dense(8),
        ],
        decoder=[
            tae.Dense(14 * 14 * 4, activation="elu"),
            tae.Reshape((14, 14, 4)),
            tae.Conv2DTranspose(1, 5, strides=2, padding="same", activation="sigmoid"),
        ],
        input_shape=(28, 28, 1),
    )
    for layer, twin in zip(theirs.layers, ours.layers, strict=True):
        from_keras(layer, twin)
    return lambda x: np.asarray(theirs(x)), ours


def pytorch_pair(seed):
    """A network of PyTorch's and its twin."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    theirs = nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2),  # no padding: "valid"
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12 * 12 * 8, 8),
        nn.Linear(8, 13 * 13 * 4),
        nn.ELU(),
        nn.Unflatten(1, (4, 13, 13)),
        nn.ConvTranspose2d(4, 4, 4, stride=2),
        nn.ReLU(),
        nn.Conv2d(4, 1, 3, padding=1),  # "same"
        nn.Sigmoid(),
    )
    ours = tae.Autoencoder(
        encoder=[tae.Conv2D(8, 5, strides=2, activation="relu"), tae.Flatten(), tae.Dense(8)],
        decoder=[
            tae.Dense(13 * 13 * 4, activation="elu"),
            tae.Reshape((13, 13, 4)),
            tae.Conv2DTranspose(4, 4, strides=2, activation="relu"),
            tae.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ],
        input_shape=(28, 28, 1),
    )
    layers = ours.layers
    from_pytorch(theirs[0], layers[0])
    from_pytorch(theirs[3], layers[2], image_before=(12, 12, 8))
    from_pytorch(theirs[4], layers[3], image_behind=(13, 13, 4))
    from_pytorch(theirs[7], layers[5])
    from_pytorch(theirs[9], layers[6])

    def run(x):
        with torch.no_grad():
            y = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2)))  # channels first
        return y.numpy().transpose(0, 2, 3, 1)

    return run, ours


PAIRS = {"Keras": keras_pair, "PyTorch": pytorch_pair}


def main(seed=0, names=tuple(PAIRS)):
    x = tae.datasets.mnist_mini()[1][0][:100].reshape(-1, 28, 28, 1)
    differences = {}
    for name in names:
        try:
            theirs, ours = PAIRS[name](int(seed))
        except ImportError as error:
            print(f"{name}: not compared, {error}")
            continue
        expected, found = theirs(x), ours.reconstruct(x)
        differences[name] = float(np.abs(found - expected).max() / np.abs(expected).max())
        print(
            f"{name}: {ours.parameters.size:,} weights; the outputs for {len(x)} images differ "
            f"by {differences[name]:.0e}"
        )
    return differences


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=np.uint32, default=0, help="of the weights (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except OverflowError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
