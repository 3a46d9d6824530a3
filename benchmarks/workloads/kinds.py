"""The three kinds of workload: to train a model, to encode with one, to find components.

Nothing here imports tinyae: the processes of its peers read this too.
"""

from dataclasses import dataclass

# A layer is a tuple: ("dense", units, activation), ("conv", filters, window, stride, activation),
# ("conv_transpose", ...) alike, ("pool",), ("up",), ("flatten",), ("reshape", shape), ("top_k", k)
# or ("draw",): a code drawn from the means and log variances that the two halves of its input are.
# The loss is then the reconstruction, and KL of N(0, 1) divided by the numbers of an output.
Spec = tuple


@dataclass(frozen=True)
class Training:
    """Steps of Adam at 1e-3 with mini-batches.

    Attributes
    ----------
    layers : tuple of Spec
    code : int
        The layer, counted from 0, whose output is the code.
    batch : int
    loss : "mse" or "bce"
    data : "gaussians", "sine", "digits" or "noise"
    shape : tuple of int
        Of one sample.
    l1 : float
        Activity penalty on the code, per sample.
    count : int
        How many different mini-batches there are.
    """

    name: str
    layers: tuple[Spec, ...]
    code: int
    batch: int
    loss: str
    data: str
    shape: tuple[int, ...]
    l1: float = 0.0
    count: int = 16

    task = "train"
    unit = "step"


@dataclass(frozen=True)
class Encoding:
    """The codes of so many images, by dense layers."""

    name: str
    layers: tuple[Spec, ...]
    samples: int

    task = "encode"
    unit = "call"


@dataclass(frozen=True)
class Components:
    """The first principal components of 60,000 × 784 numbers."""

    name: str
    components: int
    samples: int = 60_000

    task = "pca"
    unit = "fit"


Workload = Training | Encoding | Components


def ready_made(workload: Workload) -> bool:
    """Whether all its layers are such as every library has."""
    return all(spec[0] != "top_k" for spec in getattr(workload, "layers", ()))


def all_dense(workload: Workload) -> bool:
    """Whether there are no layers but dense ones."""
    return all(spec[0] == "dense" for spec in getattr(workload, "layers", ()))
