"""Every workload by its name, and the models they share."""

from benchmarks.workloads.kinds import Components, Encoding, Training, Workload


def mirrored(sizes: list[int], activation: str, output: str | None = None, inner=None):
    """Dense layers down to a code and back; the code linear unless `inner` says otherwise."""
    down, up = sizes[1:-1], sizes[-2:0:-1]
    return (
        *(("dense", units, activation) for units in down),
        ("dense", sizes[-1], inner),
        *(("dense", units, activation) for units in up),
        ("dense", sizes[0], output),
    )


def sigmoid(batch: int, name: str = "sigmoid") -> Training:
    """784-128-64-128-784."""
    layers = mirrored([784, 128, 64], "sigmoid", "sigmoid", "sigmoid")
    return Training(name, layers, 1, batch, "mse", "digits", (784,))


def sparse(count: int = 16, name: str = "sparse") -> Training:
    """Eight layers, and a penalty on the code."""
    layers = mirrored([784, 64, 48, 32, 16], "relu", "sigmoid", "relu")
    return Training(name, layers, 3, 64, "bce", "digits", (784,), l1=2.56e-3, count=count)


def dictionary(batch: int, name: str) -> Training:
    """512-4096-512, of which each sample uses 32 units."""
    layers = (("dense", 4096, "relu"), ("top_k", 32), ("dense", 512, None))
    return Training(name, layers, 1, batch, "mse", "noise", (512,), count=4)


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
ENCODER = (("dense", 500, "relu"), ("dense", 300, "relu"), ("dense", 2, None))
GAUSS = mirrored([2, 20, 20, 1], "relu")
SINE = mirrored([2, 64, 64, 1], "elu")
VAE = (
    *(("dense", 500, "relu"), ("dense", 40, None), ("draw",)),
    *(("dense", 500, "relu"), ("dense", 784, "sigmoid")),
)
LATENT = mirrored([784, 500, 300, 2], "relu")
WIDE = (("dense", 2048, "relu"), ("dense", 2048, "relu"), ("dense", 784, None))

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Training("gauss2d", GAUSS, 2, 128, "mse", "gaussians", (2,)),
        Training("sine", SINE, 2, 30, "mse", "sine", (2,)),
        Training("latent2d", LATENT, 2, 50, "mse", "digits", (784,)),
        Training("wide2048", WIDE, 1, 128, "mse", "digits", (784,)),
        sigmoid(256),
        sparse(),
        Training("vae", VAE, 2, 100, "bce", "digits", (784,)),
        Training("conv", CONV, 4, 256, "bce", "digits", (28, 28, 1)),
        Training("convdense", CONV_DENSE, 3, 128, "bce", "digits", (28, 28, 1)),
        dictionary(1024, "dictionary"),
        dictionary(128, "dictionary128"),
        Components("pca2", 2),
        Components("pca64", 64),
        Encoding("encode1", ENCODER, 1),
        Encoding("encode10k", ENCODER, 10_000),
    )
}
