"""Code run by an interpreter of its own."""

import os
import subprocess
import sys
from pathlib import Path

import tinyae

PACKAGE = Path(tinyae.__file__).parent


def run_python(code, *, package=PACKAGE, filters=("-W", "error"), **environment):
    """Run code in a fresh interpreter, by default with warnings as errors; its last line."""
    path = os.pathsep.join([str(package.parent), str(Path(__file__).parents[2])])
    command = [sys.executable, "-P", *filters, "-c", code]
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]
