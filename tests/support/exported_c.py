"""What an exported C program gives, compiled without warnings and watched by the sanitizers."""

import shutil
import subprocess
from typing import NamedTuple

import numpy as np
import pytest

COMPILER = shutil.which("cc")
needs_a_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler called cc")

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
WATCHED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

# From samples at its input to what the calls give for each, one after the other
MAIN = """
#include <stdio.h>
#include "{name}.h"

static {real} x[{macro}_INPUTS], z[{macro}_CODES], work[{macro}_WORK];
{output}
int main(void)
{{
    while (fread(x, sizeof x, 1, stdin)) {{
        {calls}
    }}
    return 0;
}}
"""


class Results(NamedTuple):
    """For all samples; what comes out of the whole is None where there is the encoder alone."""

    encode: np.ndarray
    decode: np.ndarray | None  # of these codes
    reconstruct: np.ndarray | None


def compile_c(folder, name, *flags):
    """Compile a file without a main."""
    command = [COMPILER, *STRICT, *flags, "-c", f"{name}.c", "-o", f"{name}.o"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / f"{name}.o"


def run_c(folder, model, x, encoder_only=False, flags=WATCHED):
    """What the functions of the exported file give for samples."""
    name = "encoder" if encoder_only else "autoencoder"
    real, macro = {"float32": "float", "float64": "double"}[model.dtype.name], name.upper()
    calls = [f"{name}_encode(x, z, work); fwrite(z, sizeof z, 1, stdout);"]
    if not encoder_only:
        calls += [
            f"{name}_{call}, y, work); fwrite(y, sizeof y, 1, stdout);"
            for call in ("decode(z", "reconstruct(x")
        ]
    text = MAIN.format(
        name=name,
        macro=macro,
        real=real,
        output="" if encoder_only else f"static {real} y[{macro}_OUTPUTS];",
        calls="\n        ".join(calls),
    )
    (folder / "main.c").write_text(text)
    objects = [compile_c(folder, each, *flags).name for each in (name, "main")]
    subprocess.run([COMPILER, *flags, *objects, "-lm", "-o", "main"], cwd=folder, check=True)
    given = np.ascontiguousarray(x, model.dtype).tobytes()
    done = subprocess.run([folder / "main"], input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    code, output = model.encoder.output_shape, model.decoder.output_shape
    shapes = [code] if encoder_only else [code, output, output]
    numbers = np.frombuffer(done.stdout, model.dtype).reshape(len(x), -1)
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    assert ends[-1] == numbers.shape[1]
    parts = np.split(numbers, ends[:-1], axis=1)
    found = [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
    return Results(*found, *[None] * (3 - len(found)))
