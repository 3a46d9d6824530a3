"""What an exported file gives, run where tinyae cannot be imported."""

import ast
import subprocess
import sys

import numpy as np
import pytest

ALONE = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tinyae", "numba", "llvmlite", "scipy", "matplotlib"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
import importlib
import numpy as np
folder, name = sys.argv[1:]
sys.path.insert(0, folder)
module = importlib.import_module(name)
given = dict(np.load(f"{folder}/given.npz"))
results = {}
for key in ("encode", "decode", "reconstruct", "score"):
    if hasattr(module, key):
        more = [given["target"]] if key == "score" and "target" in given else []
        results[key] = getattr(module, key)(given["z" if key == "decode" else "x"], *more)
np.savez(f"{folder}/results.npz", **results)
"""


def run_alone(folder, name, **given):
    """What the exported functions give, in a process that cannot import tinyae."""
    np.savez(folder / "given.npz", **given)
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, str(folder), name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "results.npz") as results:
        return dict(results)


def assert_equal(result, expected):
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    largest = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(result / largest, expected / largest, rtol=0, atol=1e-6)


def error_of(result, expected):
    """How far away, as a share of the largest number expected."""
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    largest = float(np.abs(expected).max())
    error = float(np.abs(result.astype(np.float64) - expected).max())
    return error / largest if largest > 0 else error


# How far an exported program's outputs may be from the model's, as a share of the largest
ALLOWED = {"float32": 1e-5, "float64": 1e-12}


def assert_close(result, expected):
    """To the precision that every exported program keeps."""
    assert error_of(result, expected) <= ALLOWED[expected.dtype.name]


def functions(file):
    return [
        node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    ]


def assert_refused(model, message, tmp_path, export="export_numpy"):
    with pytest.raises(ValueError, match=message):
        getattr(model, export)(tmp_path / "out")
    assert not (tmp_path / "out").exists()
