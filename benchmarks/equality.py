"""tinyae's numbers beside those of PyTorch and Keras, from the same weights.

``python -m benchmarks.equality`` compares, in float64, forward pass, gradients and five steps of
plain gradient descent of the convolutional models with PyTorch's, and every rule of padding with
Keras's. What is not installed is named and left out. The exit code is 1 where something disagrees.
"""

import importlib.util
import itertools
import sys

import numpy as np

import tinyae as tae

TOLERANCE = 1e-10


def report(name: str, difference: float) -> bool:
    """Print one comparison's largest difference, relative to the largest entry."""
    agrees = difference < TOLERANCE
    print(f"{name:58} {difference:9.1e}  {'agrees' if agrees else 'DISAGREES'}")
    return agrees


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference, relative to the largest entry."""
    if a.shape != b.shape:
        return float("inf")
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))


# PyTorch


def torch_forward(layers, x):
    """tinyae's layers on NHWC images, by PyTorch; weights are (kernel, bias) tensors."""
    import torch
    from torch.nn import functional as F

    x = x.movedim(-1, 1) if x.ndim == 4 else x
    for layer, weights in layers:
        if isinstance(layer, tae.Conv2DTranspose):
            # PyTorch's padding is the same before and behind: cut here what "same" leaves out
            kernel = weights[0].permute(3, 2, 0, 1).contiguous()
            full = F.conv_transpose2d(x, kernel, weights[1], layer.strides)
            top, left = (pad for _, pad in layer.slides(layer.input_shape))
            height, width, _ = layer.output_shape
            x = full[:, :, top : top + height, left : left + width]
        elif isinstance(layer, tae.Conv2D):
            kernel = weights[0].permute(3, 2, 0, 1).contiguous()
            x = F.conv2d(x, kernel, weights[1], layer.strides, layer.padding)
        elif isinstance(layer, tae.Dense):
            x = x @ weights[0] + weights[1]
        elif isinstance(layer, tae.MaxPooling2D):
            x = F.max_pool2d(x, layer.pool_size)
        elif isinstance(layer, tae.UpSampling2D):
            x = F.interpolate(x, scale_factor=layer.size, mode="nearest")
        else:
            raise TypeError(f"no PyTorch counterpart for {layer!r}")
        activation = getattr(layer, "activation", "linear")
        x = x if activation == "linear" else getattr(torch, activation)(x)
    return x.movedim(1, -1) if x.ndim == 4 else x


def compare_torch(name: str, ae: tae.Autoencoder, x: np.ndarray) -> bool:
    """Forward, gradients and five steps of gradient descent."""
    import torch

    x = x.astype(np.float64)
    batch = torch.tensor(x)
    layers = [
        (layer, [torch.tensor(w.copy(), requires_grad=True) for w in layer.weights.values()])
        for layer in ae.layers
    ]
    tensors = [tensor for _, weights in layers for tensor in weights]
    rate = 0.1

    def vector(arrays):
        return np.concatenate([array.detach().numpy().ravel() for array in arrays])

    agree = [
        report(
            f"{name}: forward",
            difference(ae.reconstruct(x), torch_forward(layers, batch).detach().numpy()),
        )
    ]
    losses = []
    for step in range(5):
        loss = torch.nn.functional.binary_cross_entropy(torch_forward(layers, batch), batch)
        gradients = torch.autograd.grad(loss, tensors)
        losses.append(loss.item())
        if step == 0:
            agree.append(
                report(
                    f"{name}: gradients",
                    difference(ae.loss_and_gradient(x)[1], vector(gradients)),
                )
            )
        with torch.no_grad():
            for tensor, gradient in zip(tensors, gradients, strict=True):
                tensor -= rate * gradient
    ae.optimizer = tae.SGD(rate)
    history = ae.fit(x, epochs=5, batch_size=len(x), shuffle=False, verbose=0)
    agree.append(
        report(
            f"{name}: losses of 5 steps of SGD",
            difference(np.array(history["loss"]), np.array(losses)),
        )
    )
    agree.append(
        report(f"{name}: parameters after them", difference(ae.parameters, vector(tensors)))
    )
    return all(agree)


# Keras


def compare_keras() -> bool:
    """Every combination of size, window, stride and padding, forward."""
    import keras

    keras.backend.set_floatx("float64")
    rng = np.random.default_rng(0)
    worst: dict[str, float] = {}
    cases = itertools.product(range(5, 9), range(1, 6), range(1, 4), ("same", "valid"))
    for size, window, stride, padding in cases:
        x = rng.normal(size=(2, size, size + 1, 3))
        options = {"strides": stride, "padding": padding}
        pairs = [
            (tae.Conv2D(4, window, **options), keras.layers.Conv2D(4, window, **options)),
            (
                tae.Conv2DTranspose(4, window, **options),
                keras.layers.Conv2DTranspose(4, window, **options),
            ),
            (tae.MaxPooling2D(window, **options), keras.layers.MaxPooling2D(window, **options)),
            (
                tae.AveragePooling2D(window, **options),
                keras.layers.AveragePooling2D(window, **options),
            ),
        ]
        for ours, theirs in pairs:
            chain = tae.Sequential([ours])
            chain.build(x.shape[1:], "float64", seed=1)
            theirs.build(x.shape)
            if ours.weights:
                theirs.set_weights(list(ours.weights.values()))
            name = f"Keras: {type(ours).__name__}, padding={padding!r}"
            found = difference(chain.predict(x), np.asarray(theirs(x)))
            worst[name] = max(worst.get(name, 0.0), found)
    return all([report(name, found) for name, found in worst.items()])


def main() -> int:
    """Run what is installed; 1 where something disagrees."""
    (images, _), _ = tae.datasets.mnist_mini(images=True)
    agree = []
    if importlib.util.find_spec("torch"):
        options = {"dtype": "float64", "seed": 3}
        conv = tae.models.convolutional(**options)
        transposed = tae.models.convolutional_transpose(**options)
        agree.append(compare_torch("PyTorch: conv autoencoder", conv, images[:16]))
        agree.append(compare_torch("PyTorch: transposed variant", transposed, images[:16]))
        dense = tae.models.sparse(tae.L1(0), **options)
        agree.append(
            compare_torch("PyTorch: dense 784-64-...-784", dense, images[:64].reshape(64, -1))
        )
    else:
        print("PyTorch is not installed")
    if importlib.util.find_spec("keras"):
        agree.append(compare_keras())
    else:
        print("Keras is not installed")
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
