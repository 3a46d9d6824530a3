"""`Autoencoder.export_numpy`: a trained model as one readable Python file that needs only NumPy.

Each primitive step of a layer becomes one line of NumPy, and the layer's last line says what comes
out; functions that some line calls are copied, tinyae's plain readings or the user's own, with the
functions and plain values that they name in their files. What cannot come along is refused by name
before anything is written. Noise and dropout do nothing outside training and vanish.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..checks.arrays import shape_text
from ..files.atomic import replace_file
from ..layers.layer import Layer
from ..maths import activations
from ..maths.loss import Loss, Part, fused_with
from ..network.chain import loss_chain
from ..network.network import Network
from ..primitives import plain_codes, plain_images, steps
from ..primitives.steps import Step
from ..version import __version__
from .copied_functions import is_annotated, literal, name_of, sources

Place = tuple[str, Layer]


QUIET = '@np.errstate(all="ignore")'  # whatever the process has set: what overflows is looked for


def finite(h):
    """In the file: what was computed, unless it overflowed."""
    if not np.isfinite(h).all():
        raise ValueError(f"a result is beyond {h.dtype}: the data, or the weights, are too large")
    return h


class Line(NamedTuple):
    """An expression in h, or in y and x, and the function that it calls, if any."""

    text: str
    calls: Callable | None = None


def call(function: Callable, *arguments: object) -> Line:
    """h = function(h, *arguments)."""
    return Line(f"{name_of(function)}({', '.join(['h', *map(str, arguments)])})", function)


# One for each primitive step: from the step and a weight's name to the text that stands for it
WRITERS: dict[type, Callable[..., Line]] = {
    steps.Product: lambda step, weight: Line(f"h @ {weight(step.weight)}"),
    steps.Bias: lambda step, weight: Line(f"h + {weight(step.weight)}"),
    steps.Scale: lambda step, weight: Line(f"h * {weight(step.weight)}"),
    steps.Rescale: lambda step, weight: Line(f"h * {step.scale!r} + {step.offset!r}"),
    steps.Apply: lambda step, weight: call(step.activation.numpy),
    steps.Head: lambda step, weight: Line(f"h[..., :{step.size}]"),
    steps.Largest: lambda step, weight: call(plain_codes.largest, step.k),
    steps.Reshape: lambda step, weight: Line(
        f"h.reshape(len(h), {', '.join(map(str, step.shape))})"
    ),
    steps.Pad: lambda step, weight: call(
        plain_images.pad, step.rows, step.columns, *(["-np.inf"] if step.value else [])
    ),
    steps.Crop: lambda step, weight: call(plain_images.crop, *step),
    steps.WindowProduct: lambda step, weight: call(
        plain_images.conv, weight(step.weight), step.strides
    ),
    steps.WindowProductTransposed: lambda step, weight: call(
        plain_images.conv_transpose, weight(step.weight), step.strides
    ),
    steps.MaxPool: lambda step, weight: call(plain_images.max_pool, *step),
    steps.AveragePool: lambda step, weight: call(plain_images.average_pool, *step),
    steps.Repeat: lambda step, weight: call(plain_images.upsample, *step),
}


def export_numpy(model: Network, folder: str | os.PathLike[str], encoder_only: bool) -> list[Path]:
    """`Autoencoder.export_numpy`."""
    name = "encoder" if encoder_only else "autoencoder"
    program = Program(model, name)
    program.add("encode", "x", program.places[: len(model.encoder.layers)])
    if not encoder_only:
        program.add_decoding()
    text = program.text()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.py", folder / f"{name}.npz"]
    with replace_file(files[1]) as file:
        np.savez(file, **program.weights)  # type: ignore[arg-type]
    with replace_file(files[0]) as file:
        file.write(text.encode())
    return files


class Program:
    """The file that is being written."""

    def __init__(self, model: Network, name: str):
        self.model, self.name = model, name
        self.functions: list[str] = []
        self.called: list[Callable] = [finite]
        self.weights: dict[str, np.ndarray] = {}
        self.places = [  # what each layer's weights are called, and the layer
            (f"{part}_{position}", layer)
            for part in ("encoder", "decoder")
            for position, layer in enumerate(getattr(model, part).layers)
        ]

    def add(self, name: str, argument: str, places: Sequence[Place]) -> None:
        """A function that runs layers one after the other."""
        layers = [layer for _, layer in places]
        before, after = shape_text(layers[0].input_shape), shape_text(layers[-1].output_shape)
        lines = [
            QUIET,
            f"def {name}({argument}):",
            f'    """From {argument} {before} to {after}."""',
            f"    h = np.asarray({argument}, np.{layers[0].dtype})",
        ]
        for place, layer in places:
            taken = [f"    h = {step}" for step in self._steps(layer, place)]
            if taken:
                taken[-1] += f"  # {shape_text(layer.output_shape)}"
            lines += taken
        self.functions.append("\n".join([*lines, "    return finite(h)\n"]))

    def _steps(self, layer: Layer, place: str) -> list[str]:
        def weight(name: str) -> str:
            if not name.isprintable() or set(name) & {'"', "\\"}:
                why = f"its weight {name!r} has a name that does not fit between quotes"
                raise steps.refusal("export_numpy", layer, why)
            self.weights[f"{place}_{name}"] = steps.weight_of(layer, name)
            return f'weights["{place}_{name}"]'

        lines = [write(step, weight) for step, _ in steps.taken(layer, "export_numpy")]
        self.called += [line.calls for line in lines if line.calls is not None]
        return [line.text for line in lines]

    def add_decoding(self) -> None:
        """decode, reconstruct, score: a loss that takes logits gets them, as in the model."""
        chain = loss_chain(self.model.layers, self.model.loss)
        names = [name for name, _ in self.places]
        places = list(zip(names, chain.layers, strict=True))
        first, logits = len(self.model.encoder.layers), chain.first_logits
        shape: Any = self.model.output_shape
        parts = chain.kernel_loss.parts(shape) if chain.kernel_loss else []
        outputs, reading = "reconstruct(x)", [part for part in parts if part.activation]
        if reading or (logits is not None and logits >= first):
            self.add("logits", "z", places[first:])
            self._add_reading(reading)
            outputs = "logits(encode(x))"
        else:
            self.add("decode", "z", self.places[first:])
            if logits is not None:  # the activation is the encoder's
                self.add("logits", "x", places)
                outputs = "logits(x)"
        self.functions.append(
            'def reconstruct(x):\n    """The outputs for x, from its codes."""\n'
            "    return decode(encode(x))\n"
        )
        lines = [
            QUIET,
            f"def score({self._score_arguments()}):",
            f'    """The {type(self.model.loss).__name__} of each sample, (n,): large for unusual '
            'ones."""',
            f"    y = {outputs}",
            f"    x = np.asarray({self._score_arguments().split(', ')[-1]}, y.dtype)",
            *self._losses(parts),
            "    return finite(y.reshape(len(y), -1).mean(axis=1))\n",
        ]
        self.functions.append("\n".join(lines))

    def _add_reading(self, reading: list[Part]) -> None:
        """decode: what the logits become, all of them or in some columns."""
        lines = [QUIET, "def decode(z):"]
        if reading:
            lines += [
                '    """The logits, some columns through a function."""',
                "    y = logits(z).copy()",
            ]
            places = [(columns_text(part), self._named(part.activation)) for part in reading]
            lines += [f"    y{place} = {function}(y{place})" for place, function in places]
            lines.append("    return y\n")
        else:
            function = self._named(fused_with(self.model.loss))
            lines += [f'    """The logits through the {function}."""']
            lines.append(f"    return {function}(logits(z))\n")
        self.functions.append("\n".join(lines))

    def _losses(self, parts: list[Part]) -> list[str]:
        """The lines that make y each element's loss."""
        lines = [] if len(parts) == 1 else ["    y = y.copy()"]
        for part in parts:
            loss: Loss = part.loss
            shape: Any = self.model.output_shape
            if loss.numpy is None:
                break
            self.called.append(loss.numpy)
            place = columns_text(part)
            inner = shape if part.columns is None else (*shape[:-1], len(part.columns))
            settings = loss.numbers_for(inner, self.model.dtype).tolist()
            numbers = "".join(f", {literal(number)}" for number in settings)
            lines.append(f"    y{place} = {name_of(loss.numpy)}(y{place}, x{place}{numbers})")
        if not parts or any(part.loss.numpy is None for part in parts):
            raise ValueError(
                f"export_numpy cannot write the loss {self.model.loss!r}, which has no reading in "
                "NumPy; with encoder_only=True it is not needed"
            )
        return lines

    def _named(self, activation: Any) -> str:
        """What an activation is called in the file, once its function is in it."""
        function: Any = activations.get(activation).numpy
        self.called.append(function)
        return name_of(function)

    def _score_arguments(self) -> str:
        return "x" if self.model.output_shape == self.model.input_shape else "x, target"

    def text(self) -> str:
        """All of it: what it is, the functions that are called, the functions of the model."""
        model, name = self.model, self.name
        usage = [f"z = {name}.encode(x)    # codes {shape_text(model.encoder.output_shape)}"]
        if name == "autoencoder":
            usage += [
                f"y = {name}.decode(z)    # outputs {shape_text(model.decoder.output_shape)}",
                f"y = {name}.reconstruct(x)    # the same, from the samples",
                f"s = {name}.score({self._score_arguments()})    # the loss of each sample (n,)",
            ]
        constants, helpers = sources(self.called)
        head = (
            f'"""A trained {name} in plain NumPy, written by tinyae {__version__}.\n\n'
            f"For samples x {shape_text(model.encoder.input_shape)}:\n\n"
            + "".join(f"    {line}\n" for line in usage)
            + f'\nThe weights lie beside this file, in {name}.npz.\n"""\n\n'
            + "from __future__ import annotations\n\n" * any(map(is_annotated, helpers))
            + "from pathlib import Path\n\nimport numpy as np\n\n"
            'weights = dict(np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False))\n'
            + "".join(f"{name} = {value}\n" for name, value in constants.items())
        )
        return "\n\n".join([head, *helpers, *self.functions])


def columns_text(part: Part) -> str:
    """An index of the part's columns."""
    if part.columns is None:
        return ""
    first, count = part.columns[0], len(part.columns)
    run = part.columns == tuple(range(first, first + count))
    return f"[..., {first}:{first + count}]" if run else f"[..., {list(part.columns)}]"


def write(step: Step, weight: Callable[[str], str]) -> Line:
    """The line for a step."""
    if isinstance(step, steps.Apply) and step.activation.numpy is None:
        raise ValueError(
            f"export_numpy cannot write the activation {step.activation.name}, which has no "
            "reading in NumPy"
        )
    return WRITERS[type(step)](step, weight)
