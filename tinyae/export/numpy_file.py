"""`Autoencoder.export_numpy`: a trained model as one readable Python file that needs only NumPy.

Each layer becomes one line of NumPy with the shape that comes out; of the helper functions in
`numpy_layers.py` those are copied that some line calls. Noise and dropout do nothing outside
training and vanish.
"""

import inspect
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks.arrays import shape_text
from ..files.atomic import replace_file
from ..layers.convolution import Conv2D, Conv2DTranspose
from ..layers.dense import Dense
from ..layers.layer import Layer
from ..layers.noise import Dropout, GaussianNoise
from ..layers.pooling import AveragePooling2D, MaxPooling2D, UpSampling2D
from ..layers.reshaping import Activation, Flatten, Reshape
from ..maths.losses import BCE, CLIP, MSE, Loss
from ..training.trainers import training_chain
from ..version import __version__
from . import numpy_layers

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder

WHOLE = ((0, 0), (0, 0))  # windows that need nothing added to the image
HELPERS = {
    name: function for name, function in vars(numpy_layers).items() if inspect.isfunction(function)
}


def export_numpy(
    model: "Autoencoder", folder: str | os.PathLike[str], encoder_only: bool
) -> list[Path]:
    """`Autoencoder.export_numpy`."""
    name = "encoder" if encoder_only else "autoencoder"
    functions = [_function("encode", "x", model.encoder.layers, "encoder")]
    if not encoder_only:
        functions += _decoding(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.py", folder / f"{name}.npz"]
    with replace_file(files[1]) as file:
        np.savez(file, **_weights(model, encoder_only))  # type: ignore[arg-type]
    with replace_file(files[0]) as file:
        file.write(_module(model, name, functions).encode())
    return files


def _weights(model: "Autoencoder", encoder_only: bool) -> dict[str, np.ndarray]:
    parts = {"encoder": model.encoder.layers}
    if not encoder_only:
        parts["decoder"] = model.decoder.layers
    return {
        f"{part}_{position}_{name}": array
        for part, layers in parts.items()
        for position, layer in enumerate(layers)
        for name, array in layer.weights.items()
    }


def _module(model: "Autoencoder", name: str, functions: list[str]) -> str:
    """The file's text: what it is, the helpers that are called, the functions."""
    usage = [f"z = {name}.encode(x)    # codes {_batch(model.encoder.output_shape)}"]
    if name == "autoencoder":
        arguments = "x" if model.output_shape == model.input_shape else "x, target"
        usage += [
            f"y = {name}.decode(z)    # outputs {_batch(model.output_shape)}",
            f"s = {name}.score({arguments})    # the loss of each sample (n,)",
        ]
    helpers = [inspect.getsource(function) for function in _called("".join(functions))]
    head = (
        f'"""A trained {name} in plain NumPy, written by tinyae {__version__}.\n\n'
        f"For samples x {_batch(model.input_shape)}:\n\n"
        + "".join(f"    {line}\n" for line in usage)
        + f'\nThe weights lie beside this file, in {name}.npz.\n"""\n\n'
        "from pathlib import Path\n\nimport numpy as np\n\n"
        'weights = dict(np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False))\n'
    )
    return "\n\n".join([head, *helpers, *functions])


def _called(text: str) -> list[Any]:
    """The helpers that the text calls, and those that these call, in the order of their file."""
    found: set[str] = set()
    new = {text}
    while new:
        names = {name for part in new for name in re.findall(r"(?<![\w.])(\w+)\(", part)}
        names = (names & HELPERS.keys()) - found
        found |= names
        new = {inspect.getsource(HELPERS[name]) for name in names}
    return [function for name, function in HELPERS.items() if name in found]


def _function(name: str, argument: str, layers: Sequence[Layer], part: str) -> str:
    """A function that runs layers one after the other."""
    before, after = layers[0].input_shape, layers[-1].output_shape
    lines = [
        f"def {name}({argument}):",
        f'    """From {argument} {_batch(before)} to {_batch(after)}."""',
        f"    h = np.asarray({argument}, np.{layers[0].dtype})",
    ]
    for position, layer in enumerate(layers):
        steps = [f"    h = {step}" for step in _steps(layer, f"{part}_{position}")]
        if steps:
            steps[-1] += f"  # {_batch(layer.output_shape)}"
        lines += steps
    return "\n".join([*lines, "    return h\n"])


def _decoding(model: "Autoencoder") -> list[str]:
    """decode and score. BCE behind a sigmoid is computed from the logits, as the model does."""
    first = len(model.encoder.layers)
    chain = training_chain(model.layers, model.loss)
    if chain.first_logits is not None and chain.first_logits >= first:
        functions = [
            _function("logits", "z", chain.layers[first:], "decoder"),
            'def decode(z):\n    """The logits through the sigmoid."""\n'
            "    return sigmoid(logits(z))\n",
        ]
        last, errors = "logits", ["np.maximum(y, 0) - y * x + np.log1p(np.exp(-np.abs(y)))"]
    else:
        functions = [_function("decode", "z", model.decoder.layers, "decoder")]
        last, errors = "decode", _errors(model.loss)
    if model.output_shape == model.input_shape:
        arguments, target = "x", "x"
    else:
        arguments, target = "x, target", "target"
    lines = [
        f"def score({arguments}):",
        f'    """The {type(model.loss).__name__} of each sample, (n,): large for unusual ones."""',
        f"    y = {last}(encode(x))",
        f"    x = np.asarray({target}, y.dtype)",
        *(f"    y = {line}" for line in errors),
        "    return y.reshape(len(y), -1).mean(axis=1)\n",
    ]
    return [*functions, "\n".join(lines)]


def _errors(loss: Loss) -> list[str]:
    """From the output y and the target x to each element's loss, line by line."""
    if type(loss) is MSE:
        return ["(y - x) ** 2"]
    if type(loss) is BCE:
        return [f"np.clip(y, {CLIP}, 1 - {CLIP})", "-x * np.log(y) - (1 - x) * np.log(1 - y)"]
    raise ValueError(
        f"export_numpy cannot write the loss {loss!r}, which is not tinyae's; with "
        "encoder_only=True it is not needed"
    )


def _steps(layer: Layer, name: str) -> list[str]:
    """The layer as expressions in h, one after the other; none for a layer that does nothing."""
    kind = type(layer)
    if kind in (Dropout, GaussianNoise):
        return []
    if isinstance(layer, Reshape) and kind in (Reshape, Flatten):
        return [f"h.reshape(len(h), {', '.join(map(str, layer.output_shape or ()))})"]
    if isinstance(layer, Activation) and kind is Activation:
        return _activation(layer.activation)
    if isinstance(layer, UpSampling2D) and kind is UpSampling2D:
        return [f"upsample(h, {layer.size[0]}, {layer.size[1]})"]
    if isinstance(layer, MaxPooling2D) and kind in (MaxPooling2D, AveragePooling2D):
        return _pooling(layer)
    if isinstance(layer, Dense) and kind is Dense:
        bias = f' + weights["{name}_bias"]' if layer.use_bias else ""
        return [f'h @ weights["{name}_kernel"]{bias}', *_activation(layer.activation)]
    if isinstance(layer, Conv2D) and kind in (Conv2D, Conv2DTranspose):
        bias_step = [f'h + weights["{name}_bias"]'] if layer.use_bias else []
        convolution = _convolution(layer, f'weights["{name}_kernel"]')
        return [*convolution, *bias_step, *_activation(layer.activation)]
    raise ValueError(f"export_numpy cannot write {layer.label}, which is not tinyae's")


def _activation(name: str) -> list[str]:
    return [] if name == "linear" else [f"{name}(h)"]


def _convolution(layer: Conv2D, weight: str) -> list[str]:
    (rows, top), (columns, left) = layer.slides(layer.input_shape or ())
    out = (rows, columns)
    if layer.transposed:
        return [f"conv_transpose(h, {weight}, {layer.strides}, {(top, left)}, {out})"]
    pads = _pads(layer, layer.kernel_size)
    conv = f"conv(h, {weight}, {layer.strides}, {out})"
    return [conv] if pads == WHOLE else [f"pad(h, {pads[0]}, {pads[1]})", conv]


def _pooling(layer: MaxPooling2D) -> list[str]:
    (rows, _), (columns, _) = layer.slides(layer.input_shape or ())
    windows, out = f"{layer.pool_size}, {layer.strides}", (rows, columns)
    pads = _pads(layer, layer.pool_size)
    if isinstance(layer, AveragePooling2D):
        return [f"average_pool(h, {windows}, {pads[0]}, {pads[1]}, {out})"]
    pool = f"max_pool(h, {windows}, {out})"
    return [pool] if pads == WHOLE else [f"pad(h, {pads[0]}, {pads[1]}, -np.inf)", pool]


def _pads(layer: Conv2D | MaxPooling2D, window: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Rows and columns to add, (before, after) the image, so that every window is whole."""
    shape = layer.input_shape or ()
    pads = []
    for axis, (count, before) in enumerate(layer.slides(shape)):
        end = (count - 1) * layer.strides[axis] + window[axis]
        pads.append((before, max(0, end - before - shape[axis])))
    return tuple(pads)


def _batch(shape: tuple[int, ...] | None) -> str:
    return shape_text(shape or ())
