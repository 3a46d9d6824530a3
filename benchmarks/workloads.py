"""What is timed: models described without any library's words, their data and initial weights."""

from dataclasses import dataclass

import numpy as np

import tinyae as tae

# A layer is a tuple: ("dense", units, activation), ("conv", filters, window, stride, activation),
# ("conv_transpose", ...) alike, ("pool",), ("up",), ("flatten",) or ("reshape", shape).
Spec = tuple


@dataclass(frozen=True)
class Workload:
    """A training task.

    Attributes
    ----------
    name : str
    layers : tuple of Spec
    code : int
        The layer, counted from 0, whose output is the code.
    batch : int
    loss : "mse" or "bce"
    data : "gaussians", "sine", "digits" or "images"
    l1 : float
        Activity penalty on the code, per sample.
    """

    name: str
    layers: tuple[Spec, ...]
    code: int
    batch: int
    loss: str
    data: str
    l1: float = 0.0

    def samples(self) -> np.ndarray:
        """Real or made samples, float32."""
        if self.data == "gaussians":
            return tae.datasets.two_gaussians(2000)[0]
        if self.data == "sine":
            return tae.datasets.sine_curve(3000)
        (x, _), _ = tae.datasets.mnist_mini(images=self.data == "images")
        return x

    def batches(self) -> np.ndarray:
        """Whole mini-batches that every contender goes through in turn, (count, batch, ...)."""
        x = self.samples()
        count = max(1, min(len(x) // self.batch, 16))
        order = np.random.default_rng(0).permutation(len(x))[: count * self.batch]
        return np.ascontiguousarray(x[order]).reshape(count, self.batch, *x.shape[1:])

    def model(self, **options) -> tae.Autoencoder:
        """The model in tinyae; its initial weights are everyone's."""
        layers = [
            _layer(spec, self.l1 if i == self.code else 0) for i, spec in enumerate(self.layers)
        ]
        return tae.Autoencoder(
            layers[: self.code + 1],
            layers[self.code + 1 :],
            input_shape=self.samples().shape[1:],
            loss=self.loss,
            **options,
        )

    def weights(self) -> list[tuple[np.ndarray, np.ndarray] | None]:
        """For each layer its kernel and bias in tinyae's layout, or None."""
        return [
            (layer.weights["kernel"].copy(), layer.weights["bias"].copy())
            if layer.weights
            else None
            for layer in self.model(seed=1).layers
        ]


def _layer(spec: Spec, l1: float) -> tae.Layer:
    kind, *arguments = spec
    if kind == "dense":
        return tae.Dense(*arguments, activity_regularizer=tae.L1(l1) if l1 else None)
    if kind in ("conv", "conv_transpose"):
        filters, window, stride, activation = arguments
        make = tae.Conv2D if kind == "conv" else tae.Conv2DTranspose
        return make(filters, window, strides=stride, padding="same", activation=activation)
    simple = {"pool": tae.MaxPooling2D, "up": tae.UpSampling2D, "flatten": tae.Flatten}
    return simple[kind]() if kind in simple else tae.Reshape(*arguments)


def mirrored(sizes: list[int], activation: str, output: str | None = None, inner=None):
    """Dense layers down to a code and back; the code linear unless `inner` says otherwise."""
    down, up = sizes[1:-1], sizes[-2:0:-1]
    return (
        *(("dense", units, activation) for units in down),
        ("dense", sizes[-1], inner),
        *(("dense", units, activation) for units in up),
        ("dense", sizes[0], output),
    )


CONV = (
    *(("conv", 128, 7, 1, "relu"), ("pool",), ("conv", 32, 2, 1, "relu"), ("pool",)),
    ("conv", 1, 7, 1, "relu"),
    *(("conv", 32, 7, 1, "relu"), ("up",), ("conv", 128, 2, 1, "relu"), ("up",)),
    ("conv", 1, 7, 1, "sigmoid"),
)
CONV_DENSE = (
    *(("conv", 32, 3, 2, "relu"), ("conv", 64, 3, 2, "relu"), ("flatten",)),
    ("dense", 16, None),
    *(("dense", 7 * 7 * 64, "relu"), ("reshape", (7, 7, 64))),
    *(("conv_transpose", 32, 3, 2, "relu"), ("conv_transpose", 1, 3, 2, "sigmoid")),
)

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("gauss2d", mirrored([2, 20, 20, 1], "relu"), 2, 128, "mse", "gaussians"),
        Workload("sine", mirrored([2, 64, 64, 1], "elu"), 2, 30, "mse", "sine"),
        Workload("latent2d", mirrored([784, 500, 300, 2], "relu"), 2, 50, "mse", "digits"),
        Workload(
            "sigmoid",
            mirrored([784, 128, 64], "sigmoid", "sigmoid", "sigmoid"),
            *(1, 256, "mse", "digits"),
        ),
        Workload(
            "sparse",
            mirrored([784, 64, 48, 32, 16], "relu", "sigmoid", "relu"),
            *(3, 64, "bce", "digits", 2.56e-3),
        ),
        Workload("conv", CONV, 4, 256, "bce", "images"),
        Workload("convdense", CONV_DENSE, 3, 128, "bce", "images"),
    )
}
