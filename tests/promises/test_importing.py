"""What `import tinyae` loads, and that its public names are all there."""

import importlib
import subprocess
import sys
import types
from pathlib import Path

import pytest

import tinyae

HEAVY = ("numba", "llvmlite", "matplotlib", "scipy", "sklearn", "pandas", "PIL", "onnx")


def loaded_by(statement):
    """The top-level modules that a fresh interpreter has after the statement."""
    code = f"import sys\n{statement}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import tinyae",
        "import tinyae; dir(tinyae); tinyae.__version__",
        "import tinyae.linear.pca; tinyae.PCA(2)",
        "import tinyae.datasets; tinyae.datasets.two_gaussians",
        "import tinyae.sklearn; dir(tinyae.sklearn)",
        "import tinyae.checks.arrays, tinyae.maths.initializers, tinyae.network.history",
    ],
)
def test_light_parts_load_nothing_heavy(statement):
    loaded = loaded_by(statement)
    assert "tinyae" in loaded
    assert not set(HEAVY) & set(loaded)


def test_a_model_loads_numba_but_no_plotting():
    loaded = loaded_by("import tinyae; tinyae.Autoencoder([tinyae.Dense(2)], [tinyae.Dense(4)])")
    assert "numba" in loaded
    assert not set(HEAVY) & {*loaded} - {*loaded_by("import numba")}  # which may load SciPy


def test_importing_leaves_numpys_random_state_and_warnings_alone():
    loaded_by(
        "import numpy as np, warnings\n"
        "before, filters = np.random.get_state()[1].tobytes(), list(warnings.filters)\n"
        "import tinyae; tinyae.Dense; tinyae.Autoencoder\n"
        "assert np.random.get_state()[1].tobytes() == before\n"
    )


@pytest.mark.parametrize("name", tinyae.__all__)
def test_every_public_name_is_reachable(name):
    value = getattr(tinyae, name)
    assert value is getattr(tinyae, name)
    assert value.__doc__
    if not isinstance(value, types.ModuleType):
        home = importlib.import_module(value.__module__)
        assert value is getattr(home, name)
        assert home.__name__.startswith("tinyae.")


def test_star_import_gives_all_public_names():
    names: dict[str, object] = {}
    exec("from tinyae import *", names)
    assert set(tinyae.__all__) <= set(names)


def test_star_import_works_without_matplotlib():
    code = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "from tinyae import *\n"
        "import tinyae\n"
        "missing = set(tinyae.__all__) - {'plot'} - set(globals())\n"
        "assert not missing, missing\n"
        "Autoencoder([Dense(2)], [Dense(4)], input_shape=(4,))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_type_checkers_are_shown_each_public_name_once_and_sorted():
    stub = Path(tinyae.__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
    lines = [line for line in stub.splitlines() if line.startswith("from ")]
    names = [line.split()[-1] for line in lines]
    assert all(
        line.endswith(f" import {name} as {name}") for line, name in zip(lines, names, strict=True)
    )
    assert names == [*dict.fromkeys(names)]
    assert tinyae.__all__ == sorted(names)


def test_dir_has_every_public_name_once():
    _ = tinyae.Dense  # now also among the module's globals
    names = dir(tinyae)
    assert set(tinyae.__all__) <= set(names)
    assert "__version__" in names
    assert len(set(names)) == len(names)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tinyae' has no attribute 'Dnese'"):
        _ = tinyae.Dnese
    assert not hasattr(tinyae, "_HOMES")
