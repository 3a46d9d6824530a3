"""`Autoencoder.export_c`: a trained model as one readable C99 file and its header.

Each primitive step of a layer becomes one call of a function of ``functions.c``, of which the file
brings along those that it needs; the weights stand at its end. It allocates nothing: the room that
it works in is its caller's. Noise and dropout do nothing outside training and vanish.
"""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import replace_file
from ..layers.layer import Layer
from ..maths.activations import KNOWN, ActivationFunction
from ..network.network import Network
from ..primitives import steps
from ..version import __version__
from .c_calls import WRITERS, Call, apply, read_functions
from .constants import Constants
from .shapes import Shape, placed, read_at_the_end

IN_A_ROW = {"float": 6, "double": 4}  # numbers


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
            end = self.reading(model)
            self.bodies["decode", "z", "y"] = self.body(model, "decoder", "z", "y", end)
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

    def body(
        self, model: Network, part: str, source: str, result: str, end: Sequence[str] = ()
    ) -> list[str]:
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
        lines += end
        if not room:
            return lines if end else [*lines, "(void)work;"]
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
                    if isinstance(at.step, steps.Apply):
                        self.check(at.step.activation, layer)
                    self.bring(call.function)
                    name = f"{part}_{position}_{getattr(at.step, 'weight', '')}"
                    arguments = [self.argument(each, name) for each in call.arguments]
                    written = call._replace(arguments=arguments)
                    found.append((written, math.prod(at.after), ""))
            if len(found) > before:
                found[-1] = (*found[-1][:2], f" /* {shape_text(layer.output_shape)} */")
        if not found:  # layers that change nothing but the shape
            count = math.prod(layers[0].input_shape)
            self.bring("copy")
            found = [(Call("copy", [str(count)]), count, "")]
        return found

    def reading(self, model: Network) -> list[str]:
        """The lines that put some columns of y through a function, by way of work."""
        *rows, units = model.decoder.output_shape
        lines: list[str] = []
        for columns, activation in read_at_the_end(model):
            shape = (math.prod(rows), len(columns))
            constant = self.constants.name("decoder_columns", np.array(columns))
            where = f"{shape[0]}, {units}, {constant}, {len(columns)}"
            call = apply(activation, shape)
            counts = ", ".join(map(str, call.arguments))
            lines += [
                f"take_columns(y, {where}, work);",
                f"{call.function}(work, {counts}, work);",
                f"put_columns(work, {where}, y);",
            ]
            for function in ("take_columns", call.function, "put_columns"):
                self.bring(function)
            self.work = max(self.work, math.prod(shape))
        return lines

    def check(self, activation: ActivationFunction, layer: Layer) -> None:
        """Refuse an activation of one's own, though it be called like one that is known."""
        known = KNOWN.get(activation.name) == activation
        if not known or f"apply_{activation.name}" not in self.functions:
            why = f"its activation {activation.name} has no reading in C"
            raise steps.refusal("export_c", layer, why)

    def bring(self, function: str) -> None:
        """Have a function in the file, with all that it calls."""
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
        ending = "f" if self.real == "float" and array.dtype.kind == "f" else ""
        return [number + ending for number in array.ravel().astype(str).tolist()]

    def text(self) -> str:
        """The file of functions and weights."""
        helpers = [text for name, text in self.functions.items() if name in self.called]
        kinds = {"f": self.real, "i": "size_t"}
        weights = {
            f"static const {kinds[array.dtype.kind]} {name}[{array.size}]": array
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


def shape_text(shape: Shape) -> str:
    """A shape as comments show it."""
    return " x ".join(map(str, shape))
