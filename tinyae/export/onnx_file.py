"""`Autoencoder.export_onnx`: a trained model as an ONNX graph, which many other programs run.

Each primitive step of a layer becomes one operator of opset 17; samples come and results go as
tinyae has them, any number of them, channels last. ONNX's images have their channels first: they
are turned where the first of some layers of images takes them, and back behind the last. Noise and
dropout do nothing outside training and vanish.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import replace_file
from ..maths.activations import KNOWN
from ..maths.plain import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE
from ..network.network import Network
from ..primitives import steps
from ..version import __version__
from .constants import Constants
from .shapes import Placed, Read, Shape, placed, read_at_the_end

OPSET = 17


def export_onnx(model: Network, path: str | os.PathLike[str], encoder_only: bool) -> Path:
    """`Autoencoder.export_onnx`."""
    onnx = imported()
    graph = Graph(onnx, model.dtype)
    for part in ("encoder", "decoder")[: 1 if encoder_only else 2]:
        for position, layer in enumerate(getattr(model, part).layers):
            graph.place = f"{part}_{position}"
            for at in placed(layer, "export_onnx"):
                if isinstance(at.step, steps.Apply) and not has_operator(at.step.activation):
                    why = f"its activation {at.step.activation.name} has no operator in ONNX"
                    raise steps.refusal("export_onnx", layer, why)
                WRITERS[type(at.step)](graph, at)
    if not encoder_only:
        graph.place = "loss"
        for read in read_at_the_end(model):
            read_columns(graph, read, layer.output_shape[-1])
    name, result = ("encoder", "z") if encoder_only else ("autoencoder", "y")
    whole = graph.model(name, model.encoder.input_shape, result, layer.output_shape)
    onnx.checker.check_model(whole, full_check=True)
    with replace_file(path) as file:
        file.write(whole.SerializeToString(deterministic=True))
    return Path(path)


def imported() -> Any:
    """The package onnx, which is brought by an extra."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError('export_onnx needs onnx: pip install "tinyae[onnx]"') from error
    return onnx


class Graph:
    """The graph that is being written: operator after operator, each of the last one's result."""

    def __init__(self, onnx: Any, dtype: np.dtype):
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants = Constants()
        self.place = ""  # the layer that is being written
        self.result = "x"
        self.channels_first = False

    def add(self, operator: str, *inputs: str, **settings: Any) -> None:
        """The operator of what the last one gave and of further inputs."""
        name, given = f"{self.place}_{operator}_{len(self.nodes)}", [self.result, *inputs]
        self.nodes.append(self.onnx.helper.make_node(operator, given, [name], name, **settings))
        self.result = name

    def constant(self, name: str, values: Any, dtype: Any = None) -> str:
        """The name of an array in the graph, of the model's dtype if of no other."""
        return self.constants.name(f"{self.place}_{name}", np.asarray(values, dtype or self.dtype))

    def turn(self, channels_first: bool) -> None:
        """Have the axes of images in that order from here on."""
        if channels_first != self.channels_first:
            self.add("Transpose", perm=(0, 3, 1, 2) if channels_first else (0, 2, 3, 1))
            self.channels_first = channels_first

    def model(self, name: str, given: Shape, result: str, shape: Shape) -> Any:
        """All of it, from x to the result."""
        self.turn(channels_first=False)
        if not self.nodes:
            self.add("Identity")
        self.nodes[-1].output[0] = result
        helper, kind = self.onnx.helper, self.onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("x", kind, ["n", *given])],
            [helper.make_tensor_value_info(result, kind, ["n", *shape])],
            [self.onnx.numpy_helper.from_array(a, name) for name, a in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),  # so that older programs read it
            producer_name="tinyae",
            producer_version=__version__,
        )


def leaky(graph: Graph, slope: float) -> None:
    """Not LeakyRelu or Selu, whose numbers are float32."""
    graph.add("PRelu", graph.constant("slope", [slope]))


def selu(graph: Graph) -> None:
    """Selu by Elu, for the same reason."""
    graph.add("Elu")
    leaky(graph, SELU_ALPHA)
    graph.add("Mul", graph.constant("scale", SELU_SCALE))


def softmax(graph: Graph) -> None:
    """Along the channels, which come last for it."""
    graph.turn(channels_first=False)
    graph.add("Softmax", axis=-1)


# One for each activation
OPERATORS: dict[str, Callable[[Graph], None]] = {
    "relu": lambda graph: graph.add("Relu"),
    "leaky_relu": lambda graph: leaky(graph, LEAKY_SLOPE),
    "elu": lambda graph: graph.add("Elu"),
    "selu": selu,
    "softplus": lambda graph: graph.add("Softplus"),
    "tanh": lambda graph: graph.add("Tanh"),
    "sigmoid": lambda graph: graph.add("Sigmoid"),
    "softmax": softmax,
}


def has_operator(activation: Any) -> bool:
    """Whether it is one of tinyae's own, and not only called so."""
    return activation.name in OPERATORS and activation == KNOWN[activation.name]


def product(graph: Graph, at: Placed) -> None:
    """x W along the last axis."""
    graph.turn(channels_first=False)
    graph.add("MatMul", graph.constant(at.step.weight, at.weight))


def bias(graph: Graph, at: Placed) -> None:
    """x + b, with b where the channels are."""
    b = np.broadcast_to(at.weight, at.before[-1:])
    graph.add(
        "Add", graph.constant(at.step.weight, b[:, None, None] if graph.channels_first else b)
    )


def scale(graph: Graph, at: Placed) -> None:
    """s x, number by number."""
    graph.turn(channels_first=False)
    graph.add("Mul", graph.constant(at.step.weight, at.weight))


def rescale(graph: Graph, at: Placed) -> None:
    """scale x + offset."""
    graph.add("Mul", graph.constant("scale", at.step.scale))
    graph.add("Add", graph.constant("offset", at.step.offset))


def head(graph: Graph, at: Placed) -> None:
    """The first numbers along the last axis."""
    graph.turn(channels_first=False)
    first, end, axis = (graph.constant("head", [n], np.int64) for n in (0, at.step.size, -1))
    graph.add("Slice", first, end, axis)


def largest(graph: Graph, at: Placed) -> None:
    """The k largest numbers, put at their places among zeros."""
    graph.turn(channels_first=False)
    h, name = graph.result, f"{graph.place}_TopK_{len(graph.nodes)}"
    given, found = (
        [h, graph.constant("k", [at.step.k], np.int64)],
        [f"{name}_values", f"{name}_places"],
    )
    graph.nodes.append(graph.onnx.helper.make_node("TopK", given, found, name, axis=-1))
    graph.add("Sub", h)  # zeros
    graph.add("ScatterElements", found[1], found[0], axis=-1)


def reshape(graph: Graph, at: Placed) -> None:
    """The same numbers in another shape."""
    graph.turn(channels_first=False)
    graph.add("Reshape", graph.constant("shape", [0, *at.after], np.int64))  # 0: as many samples


def pad(graph: Graph, at: Placed) -> None:
    """A border around images."""
    graph.turn(channels_first=True)
    before, after = zip(at.step.rows, at.step.columns, strict=True)
    pads = graph.constant("pads", [0, 0, *before, 0, 0, *after], np.int64)
    graph.add("Pad", pads, graph.constant("border", at.step.value))


def crop(graph: Graph, at: Placed) -> None:
    """What is left of images without their borders."""
    graph.turn(channels_first=True)
    ranges = ([at.step.rows[0], at.step.columns[0]], [sum(at.step.rows), sum(at.step.columns)])
    first, end = (graph.constant("crop", each, np.int64) for each in ranges)
    graph.add("Slice", first, end, graph.constant("axes", [2, 3], np.int64))


def convolve(operator: str) -> Callable[[Graph, Placed], None]:
    """ONNX has both kernels as ours, from the last axis to the first but for the window."""

    def write(graph: Graph, at: Placed) -> None:
        graph.turn(channels_first=True)
        kernel = graph.constant(at.step.weight, at.weight.transpose(3, 2, 0, 1))
        graph.add(operator, kernel, strides=at.step.strides)

    return write


def max_pool(graph: Graph, at: Placed) -> None:
    """The largest number of each window."""
    graph.turn(channels_first=True)
    graph.add("MaxPool", kernel_shape=at.step.size, strides=at.step.strides)


def average_pool(graph: Graph, at: Placed) -> None:
    """The mean of each window."""
    graph.turn(channels_first=True)
    (top, bottom), (left, right) = at.step.rows, at.step.columns
    pads = (top, left, bottom, right)  # which are not counted
    graph.add("AveragePool", kernel_shape=at.step.size, strides=at.step.strides, pads=pads)


def repeat(graph: Graph, at: Placed) -> None:
    """Each pixel as a block of its own."""
    graph.turn(channels_first=True)
    times = graph.constant("times", [1, 1, *at.step], np.float32)
    how = {"mode": "nearest", "nearest_mode": "floor"}
    graph.add("Resize", "", times, coordinate_transformation_mode="asymmetric", **how)


def read_columns(graph: Graph, read: Read, count: int) -> None:
    """The columns through their function, put behind the others and all back in their order."""
    graph.turn(channels_first=False)
    output, columns = graph.result, list(read.columns)
    others = [column for column in range(count) if column not in columns]
    graph.add("Gather", graph.constant("columns", columns, np.int64), axis=-1)
    OPERATORS[read.activation.name](graph)
    if others:
        done, graph.result = graph.result, output
        graph.add("Gather", graph.constant("others", others, np.int64), axis=-1)
        graph.add("Concat", done, axis=-1)
    order = graph.constant("order", np.argsort(others + columns), np.int64)
    graph.add("Gather", order, axis=-1)


# One for each primitive step
WRITERS: dict[type, Callable[[Graph, Placed], None]] = {
    steps.Product: product,
    steps.Bias: bias,
    steps.Scale: scale,
    steps.Rescale: rescale,
    steps.Apply: lambda graph, at: OPERATORS[at.step.activation.name](graph),
    steps.Head: head,
    steps.Largest: largest,
    steps.Reshape: reshape,
    steps.Pad: pad,
    steps.Crop: crop,
    steps.WindowProduct: convolve("Conv"),
    steps.WindowProductTransposed: convolve("ConvTranspose"),
    steps.MaxPool: max_pool,
    steps.AveragePool: average_pool,
    steps.Repeat: repeat,
}
