"""`Autoencoder.export_numpy`: a trained model as one readable Python file that needs only NumPy.

Each primitive step of a layer becomes one line of NumPy, and the layer's last line says what comes
out; functions that some line calls are copied, tinyae's plain readings or the user's own, with the
functions and plain values that they name in their files. What cannot come along is refused by name
before anything is written. Noise and dropout do nothing outside training and vanish.
"""

import ast
import builtins
import dis
import inspect
import math
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..checks.arrays import shape_text
from ..files.atomic import replace_file
from ..layers import plain_images, steps
from ..layers.layer import Layer, describes
from ..layers.steps import Step
from ..maths import plain
from ..network.chain import training_chain
from ..network.network import Network
from ..version import __version__

Place = tuple[str, Layer]

# What the file calls its own, in and outside its functions: nothing that is copied may be called so
OWN_NAMES = {"np", "Path", "weights", "encode", "decode", "reconstruct", "logits", "score"}
OWN_NAMES |= {"x", "y", "z", "h", "target"}


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
    steps.Apply: lambda step, weight: call(step.activation.numpy),
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
        self.called: list[Callable] = []
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
            f"def {name}({argument}):",
            f'    """From {argument} {before} to {after}."""',
            f"    h = np.asarray({argument}, np.{layers[0].dtype})",
        ]
        for place, layer in places:
            taken = [f"    h = {step}" for step in self._steps(layer, place)]
            if taken:
                taken[-1] += f"  # {shape_text(layer.output_shape)}"
            lines += taken
        self.functions.append("\n".join([*lines, "    return h\n"]))

    def _steps(self, layer: Layer, place: str) -> list[str]:
        def refuse(what: str) -> ValueError:
            return ValueError(f"export_numpy cannot write {layer.label}: {what}")

        def weight(name: str) -> str:
            if name not in [*layer.weights]:
                raise refuse(f"its steps name the weight {name!r}, but it has {[*layer.weights]}")
            if not name.isprintable() or set(name) & {'"', "\\"}:
                raise refuse(f"its weight {name!r} has a name that does not fit between quotes")
            self.weights[f"{place}_{name}"] = layer.weights[name]
            return f'weights["{place}_{name}"]'

        if not describes(layer, "steps"):
            raise refuse(f"{type(layer).__name__} does not say which steps it takes")
        given = layer.steps()
        if (wrong := steps.mistake(given)) is not None:
            raise refuse(wrong)
        lines = [write(step, weight) for step in given]
        self.called += [line.calls for line in lines if line.calls is not None]
        return [line.text for line in lines]

    def add_decoding(self) -> None:
        """decode, reconstruct, score: BCE behind a sigmoid from the logits, as the model does."""
        chain = training_chain(self.model.layers, self.model.loss)
        names = [name for name, _ in self.places]
        places = list(zip(names, chain.layers, strict=True))
        first, logits = len(self.model.encoder.layers), chain.first_logits
        outputs, loss = "reconstruct(x)", chain.kernel_loss
        if logits is not None and logits >= first:
            self.add("logits", "z", places[first:])
            self.functions.append(
                'def decode(z):\n    """The logits through the sigmoid."""\n'
                "    return sigmoid(logits(z))\n"
            )
            self.called.append(plain.sigmoid)
            outputs = "logits(encode(x))"
        else:
            self.add("decode", "z", self.places[first:])
            if logits is not None:  # the sigmoid is the encoder's
                self.add("logits", "x", places)
                outputs = "logits(x)"
        self.functions.append(
            'def reconstruct(x):\n    """The outputs for x, from its codes."""\n'
            "    return decode(encode(x))\n"
        )
        if loss is None or loss.numpy is None:
            raise ValueError(
                f"export_numpy cannot write the loss {self.model.loss!r}, which has no reading in "
                "NumPy; with encoder_only=True it is not needed"
            )
        self.called.append(loss.numpy)
        numbers = "".join(f", {literal(number)}" for number in loss.settings().tolist())
        lines = [
            f"def score({self._score_arguments()}):",
            f'    """The {type(self.model.loss).__name__} of each sample, (n,): large for unusual '
            'ones."""',
            f"    y = {outputs}",
            f"    x = np.asarray({self._score_arguments().split(', ')[-1]}, y.dtype)",
            f"    y = {name_of(loss.numpy)}(y, x{numbers})",
            "    return y.reshape(len(y), -1).mean(axis=1)\n",
        ]
        self.functions.append("\n".join(lines))

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


def write(step: Step, weight: Callable[[str], str]) -> Line:
    """The line for a step."""
    if isinstance(step, steps.Apply) and step.activation.numpy is None:
        raise ValueError(
            f"export_numpy cannot write the activation {step.activation.name}, which has no "
            "reading in NumPy"
        )
    return WRITERS[type(step)](step, weight)


def sources(functions: Iterable[Callable]) -> tuple[dict[str, str], list[str]]:
    """The values that functions name in their files, and the text of these and all they call."""
    texts: dict[FunctionType, str] = {}
    found: dict[str, FunctionType | str] = {}  # each function, and each value as it is written
    waiting: list[tuple[str, Any]] = [(name_of(each), each) for each in functions]
    while waiting:
        name, thing = waiting.pop()
        if found.setdefault(name, thing) != thing:
            raise ValueError(f"export_numpy met two meanings of the name {name!r}")
        if name in OWN_NAMES or hasattr(builtins, name):
            raise ValueError(f"export_numpy cannot copy {name!r}: the file needs that name itself")
        if not isinstance(thing, str) and thing not in texts:
            texts[thing], used = read(thing)
            waiting += [(each, brought(thing, each)) for each in sorted(used, reverse=True)]
    ordered = sorted(texts, key=lambda each: (each.__module__, each.__code__.co_firstlineno))
    values = {name: thing for name, thing in found.items() if isinstance(thing, str)}
    return values, [texts[function] for function in ordered]


def name_of(function: Callable) -> str:
    """What a function is called in its text."""
    if not inspect.isfunction(function) or function.__name__ == "<lambda>":
        raise ValueError(f"export_numpy copies functions written with def, but got {function}")
    return function.__name__


def read(function: FunctionType) -> tuple[str, set[str]]:
    """The text of a function, as a plain def, and the names of its file that it uses."""
    name = function.__name__
    try:
        text = textwrap.dedent(inspect.getsource(function))
        node = ast.parse(text).body[0]
    except (OSError, SyntaxError) as error:  # typed at a prompt, or no text by itself
        raise ValueError(f"export_numpy cannot find the text of {name}") from error
    if not isinstance(node, ast.FunctionDef) or node.name != name:
        raise refusal(function, "its text is no def of that name")
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if decorators - {"staticmethod"} or hasattr(function, "__wrapped__"):
        raise refusal(function, "it is decorated")
    if variables := function.__code__.co_freevars:
        raise refusal(function, f"it uses {', '.join(variables)} of the function around it")
    modules = {module.partition(".")[0] for module in names(function.__code__, "IMPORT_NAME")}
    for module in sorted(modules - {"numpy"} - sys.stdlib_module_names):
        raise refusal(function, f"it imports {module or 'from its package'}")
    text = "\n".join(text.split("\n")[node.lineno - 1 :])  # without decorators
    used = names(function.__code__, "LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")
    used |= names_in_defaults(function, node.args)
    return text, {each for each in used if not is_known(function, each)}


def names_in_defaults(function: FunctionType, arguments: ast.arguments) -> set[str]:
    """The names in default arguments: np, or values that are the defaults still."""
    given = [each.default for each in inspect.signature(function).parameters.values()]
    nodes = [node for node in (*arguments.defaults, *arguments.kw_defaults) if node is not None]
    inside = (each for node in nodes for each in ast.walk(node))
    used = {each.id for each in inside if isinstance(each, ast.Name)}
    for name in sorted(each for each in used if not is_known(function, each)):
        value = function.__globals__.get(name)
        if literal(value) is None or not any(value is each for each in given):
            raise refusal(function, f"a default argument names {name}, which is {value!r} now")
    return used


def brought(function: FunctionType, name: str) -> FunctionType | str:
    """What a function's file means by a name: a function, or a value as it is written."""
    if name not in function.__globals__:
        raise refusal(function, f"it names {name}, which its file does not have")
    value = function.__globals__[name]
    if inspect.isfunction(value) and value.__name__ == name:
        return value
    if (text := literal(value)) is not None:
        return text
    comes = "np, functions under their own names, numbers, strings and tuples of these come along"
    raise refusal(function, f"it names {name}, which is {value!r}; only {comes}")


def literal(value: object) -> str | None:
    """A plain value as Python text, None for anything else."""
    if type(value) is tuple:
        texts = [literal(each) for each in value]
        inside = ", ".join(map(str, texts)) + "," * (len(texts) == 1)
        return None if None in texts else f"({inside})"
    if isinstance(value, np.float32 | np.float64):
        return f"np.{value.dtype}({literal(value.item())})"
    if type(value) is float and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value) if type(value) in (bool, int, float, str) or value is None else None


def names(code: CodeType, *operations: str) -> set[str]:
    """The names that a function, or a function inside it, uses in such operations."""
    inner = (each for each in code.co_consts if inspect.iscode(each))
    own = {each.argval for each in dis.get_instructions(code) if each.opname in operations}
    return own.union(*(names(each, *operations) for each in inner))


def is_known(function: FunctionType, name: str) -> bool:
    """Whether a name means the same in the file that is written: np, or Python's own."""
    if name in function.__globals__:
        return name == "np" and function.__globals__[name] is np
    return hasattr(builtins, name)


def is_annotated(text: str) -> bool:
    """Whether a function's text has annotations, whose names need not come along."""
    fields = ("annotation", "returns")
    return any(getattr(node, each, None) for node in ast.walk(ast.parse(text)) for each in fields)


def refusal(function: Callable, why: str) -> ValueError:
    """The error for a function that cannot be copied."""
    return ValueError(f"export_numpy cannot copy the function {function.__name__}: {why}")
