"""`Autoencoder.export_c`: a trained model as one readable C99 file and its header.

Each primitive step of a layer becomes one call of a function of ``functions.c``, of which the file
brings along those that it needs; the weights stand at its end. It allocates nothing: the room that
it works in is its caller's. Noise and dropout do nothing outside training and vanish.
"""

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..files.atomic import replace_file
from ..layers import steps
from ..layers.layer import Layer
from ..maths.activations import KNOWN
from ..network.network import Network
from ..version import __version__
from .constants import Constants
from .shapes import Placed, Shape, placed

IN_A_ROW = {"float": 6, "double": 4}  # numbers


class Call(NamedTuple):
    """``function(x, *arguments, y)``; arrays among the arguments are constants of the file."""

    function: str
    arguments: Sequence[Any]
    in_place: bool = False  # whether y may be x


def size(at: Placed) -> int:
    return math.prod(at.before)


def rows(at: Placed) -> int:
    """How many vectors lie along the last axis."""
    return math.prod(at.before[:-1])


def window(at: Placed, weight: np.ndarray) -> list[Any]:
    """What both convolutions are told."""
    return [*at.before, weight, *at.weight.shape[:2], at.after[2], *at.step.strides]


# One for each primitive step
WRITERS: dict[type, Callable[[Placed], Call | None]] = {
    steps.Product: lambda at: Call("product", [rows(at), at.before[-1], at.weight, at.after[-1]]),
    steps.Bias: lambda at: Call(
        "add_bias", [rows(at), at.before[-1], np.broadcast_to(at.weight, at.before[-1:])], True
    ),
    steps.Scale: lambda at: Call("scale", [size(at), np.broadcast_to(at.weight, at.before)], True),
    steps.Rescale: lambda at: Call("rescale", [size(at), *map(float, at.step)], True),
    steps.Apply: lambda at: Call(f"apply_{at.step.activation.name}", [size(at)], True),
    steps.Reshape: lambda at: None,  # the numbers stay where they are
    steps.Pad: lambda at: Call(
        "pad", [*at.before, *at.step.rows, *at.step.columns, float(at.step.value)]
    ),
    steps.Crop: lambda at: Call("crop", [*at.before[1:], *at.step.rows, *at.step.columns]),
    steps.WindowProduct: lambda at: Call("window_product", window(at, at.weight)),
    steps.WindowProductTransposed: lambda at: Call(
        "window_product_transposed", window(at, at.weight.transpose(0, 3, 1, 2))
    ),
    steps.MaxPool: lambda at: Call("max_pool", [*at.before, *at.step.size, *at.step.strides]),
    steps.AveragePool: lambda at: Call(
        "average_pool",
        [*at.before, *at.step.size, *at.step.strides, *at.step.rows, *at.step.columns],
    ),
    steps.Repeat: lambda at: Call("repeat", [*at.before, *at.step]),
}


def export_c(model: Network, folder: str | os.PathLike[str], encoder_only: bool) -> list[Path]:
    """`Autoencoder.export_c`."""
    program = Program(model, "encoder" if encoder_only else "autoencoder")
    folder = Path(folder)
    files = {
        folder / f"{program.name}.c": program.text(),
        folder / f"{program.name}.h": program.header(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        with replace_file(path) as file:
            file.write(text.encode())
    return list(files)


HEADER = """\
/* A trained {name} in C99, written by tinyae {version}. It allocates nothing and needs no
   library but libm: cc -std=c99 -O3 -c {name}.c

       {arrays}
       {calls}

   {shapes}; the last index runs fastest.
   No two arrays may overlap. Calls with a work of their own may run at the same time. A result
   beyond {real}, which tinyae would refuse, is infinite or no number. */

#ifndef {guard}
#define {guard}

{sizes}

#ifdef __cplusplus
extern "C" {{
#endif

{functions}

#ifdef __cplusplus
}}
#endif

#endif
"""


class Program:
    """The two files that are being written."""

    def __init__(self, model: Network, name: str):
        self.name, self.real = name, "float" if model.dtype == np.float32 else "double"
        self.comment, self.functions = read_functions()
        self.called: set[str] = set()
        self.constants = Constants()
        self.shapes = {"x": model.encoder.input_shape, "z": model.encoder.output_shape}
        self.work = 1  # numbers; C has no arrays of none
        self.bodies = {("encode", "x", "z"): self.body(model, "encoder", "x", "z")}
        if name == "autoencoder":
            self.shapes["y"] = model.decoder.output_shape
            self.bodies["decode", "z", "y"] = self.body(model, "decoder", "z", "y")
            self.work += math.prod(self.shapes["z"])  # the codes on their way
            codes = f"work + {self.macro('work')} - {self.macro('z')}"
            self.bodies["reconstruct", "x", "y"] = [
                f"{self.real} *z = {codes};",
                "",
                f"{name}_encode(x, z, work);",
                f"{name}_decode(z, y, work);",
            ]

    def macro(self, array: str) -> str:
        """The name of an array's size."""
        sizes = {"x": "INPUTS", "z": "CODES", "y": "OUTPUTS", "work": "WORK"}
        return f"{self.name.upper()}_{sizes[array]}"

    def declare(self, verb: str, source: str, result: str) -> str:
        """A function's name and arguments."""
        x, y, work = (
            f"{self.real} {each}[{self.macro(each)}]" for each in (source, result, "work")
        )
        start = f"void {self.name}_{verb}("
        return start + f",\n{' ' * len(start)}".join([f"const {x}", y, work]) + ")"

    def body(self, model: Network, part: str, source: str, result: str) -> list[str]:
        """The lines of a function: what cannot stay in place goes from a to b and back."""
        lines: list[str] = []
        room: dict[str, int] = {}
        here, calls = source, self.calls(getattr(model, part).layers, part)
        last = max([i for i, (call, _, _) in enumerate(calls) if not call.in_place], default=0)
        for i, (call, count, comment) in enumerate(calls):
            if i >= last:
                there = result
            elif call.in_place and here != source:
                there = here
            else:
                there = "b" if here == "a" else "a"
                room[there] = max(room.get(there, 0), count)
            lines.append(f"{call.function}({', '.join([here, *call.arguments, there])});{comment}")
            here = there
        self.work = max(self.work, sum(room.values()))
        if not room:
            return [*lines, "(void)work;"]
        places = {"a": "work", "b": f"work + {room['a']}"}
        return [*(f"{self.real} *{name} = {places[name]};" for name in sorted(room)), "", *lines]

    def calls(self, layers: Sequence[Layer], part: str) -> list[tuple[Call, int, str]]:
        """What layers do; each with how many numbers come out, and at a layer's end their shape."""
        found: list[tuple[Call, int, str]] = []
        for position, layer in enumerate(layers):
            before = len(found)
            for at in placed(layer, "export_c"):
                call = WRITERS[type(at.step)](at)
                if call is not None:
                    self.require(call.function, layer, at)
                    name = f"{part}_{position}_{getattr(at.step, 'weight', '')}"
                    arguments = [self.argument(each, name) for each in call.arguments]
                    written = call._replace(arguments=arguments)
                    found.append((written, math.prod(at.after), ""))
            if len(found) > before:
                found[-1] = (*found[-1][:2], f" /* {shape_text(layer.output_shape)} */")
        if not found:  # layers that change nothing but the shape
            count = math.prod(layers[0].input_shape)
            self.called.add("copy")
            found = [(Call("copy", [str(count)]), count, "")]
        return found

    def require(self, function: str, layer: Layer, at: Placed) -> None:
        """Bring along a function with all that it calls; refused for an activation of one's own."""
        if isinstance(at.step, steps.Apply):
            activation = at.step.activation
            if KNOWN.get(activation.name) != activation or function not in self.functions:
                why = f"its activation {activation.name} has no reading in C"
                raise steps.refusal("export_c", layer, why)
        waiting = {function}
        while waiting:
            self.called |= waiting
            words = re.findall(r"(\w+)\(", " ".join(self.functions[each] for each in waiting))
            waiting = (self.functions.keys() & words) - self.called

    def argument(self, value: Any, name: str) -> str:
        """As C writes it; an array becomes a constant of that name."""
        if isinstance(value, float):
            special = {"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"}
            return special.get(str(value)) or self.numbers(np.array(value))[0]
        if not isinstance(value, np.ndarray):
            return str(int(value))
        return self.constants.name(name, value)

    def numbers(self, array: np.ndarray) -> list[str]:
        """The shortest decimal numbers that mean these."""
        ending = "f" if self.real == "float" else ""
        return [number + ending for number in array.ravel().astype(str).tolist()]

    def text(self) -> str:
        """The file of functions and weights."""
        helpers = [text for name, text in self.functions.items() if name in self.called]
        weights = {
            f"static const {self.real} {name}[{array.size}]": array
            for name, array in self.constants.items()
        }
        parts = [
            f"/* A trained {self.name}, written by tinyae {__version__}: see {self.name}.h. */",
            f'#include "{self.name}.h"\n\n#include <math.h>\n#include <stddef.h>',
        ]
        if weights:
            names = (f"{name}; /* {shape_text(a.shape)} */" for name, a in weights.items())
            parts.append("/* The weights, whose numbers stand at the end */\n\n" + "\n".join(names))
        parts += [self.comment, *(self.in_real(text) for text in helpers)]
        parts.append("/* The model */")
        for of, lines in self.bodies.items():
            inside = "".join(f"    {line}".rstrip() + "\n" for line in lines)
            parts.append(f"{self.declare(*of)}\n{{\n{inside}}}")
        for name, array in weights.items():
            numbers = self.numbers(array)
            step = IN_A_ROW[self.real]
            rows = (numbers[i : i + step] for i in range(0, len(numbers), step))
            parts.append(f"{name} = {{\n" + "".join(f"    {', '.join(r)},\n" for r in rows) + "};")
        return "\n\n".join(parts) + "\n"

    def in_real(self, text: str) -> str:
        """A function for float as one for the model's numbers: without the f of expf and 0.2f."""
        if self.real == "float":
            return text
        text = re.sub(r"\b(\w+)f\(", r"\1(", text)
        return re.sub(r"\bfloat\b", "double", re.sub(r"\b([\d.]+)f\b", r"\1", text))

    def header(self) -> str:
        """The file that says what can be called."""
        guard, arrays = f"{self.name.upper()}_H", [*self.shapes, "work"]
        sizes = [*map(math.prod, self.shapes.values()), self.work]
        return HEADER.format(
            name=self.name,
            version=__version__,
            real=self.real,
            guard=guard,
            arrays="\n       ".join(f"{self.real} {each}[{self.macro(each)}];" for each in arrays),
            calls="\n       ".join(f"{self.name}_{v}({x}, {y}, work);" for v, x, y in self.bodies),
            shapes=", ".join(f"{each} is {shape_text(s)}" for each, s in self.shapes.items()),
            sizes="\n".join(
                f"#define {self.macro(each)} {size}"
                for each, size in zip(arrays, sizes, strict=True)
            ),
            functions="\n".join(f"{self.declare(*each)};" for each in self.bodies),
        )


def read_functions() -> tuple[str, dict[str, str]]:
    """What ``functions.c`` begins with, and each of its functions by its name."""
    text = Path(__file__).with_name("functions.c").read_text("utf-8")
    comment, *texts = text.rstrip().split("\n\n")
    return comment, {re.findall(r"^static void (\w+)", text, re.M)[0]: text for text in texts}


def shape_text(shape: Shape) -> str:
    return " x ".join(map(str, shape))
