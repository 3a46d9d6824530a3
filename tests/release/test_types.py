"""The types of what is installed, as a user's checker sees them: from outside, and strict.

mypy finds an installed package, not one that is installed to be edited.
"""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import tinyae as tae
from tinyae import datasets, models, plot, sklearn

PROGRAM = Path(__file__).with_name("program.py")
FUNCTIONS = {
    "tinyae.datasets": datasets.__all__,
    "tinyae.models": [
        name
        for name, each in vars(models).items()
        if getattr(each, "__module__", "") == "tinyae.models" and not name.startswith("_")
    ],
    "tinyae.plot": plot.__all__,
    "tinyae.sklearn": sklearn.__all__,
}


@pytest.fixture
def checked(tmp_path):
    """Runs mypy on a program in an empty folder: what it says, line by line."""

    def check(code):
        (tmp_path / "program.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-P", "-m", "mypy", "--strict", "program.py"]
        variables = {name: each for name, each in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        return done.stdout.splitlines()

    return check


def test_every_public_name_has_a_type(checked):
    names = [f"tinyae.{name}" for name in tae.__all__]
    names += [f"{home}.{name}" for home, functions in FUNCTIONS.items() for name in functions]
    code = "import tinyae.sklearn\n" + "".join(f"reveal_type({name})\n" for name in names)
    *said, last = checked(code)
    assert last.startswith("Success"), said
    types = [re.search('Revealed type is "(.*)"', line)[1] for line in said]
    assert len(types) == len(names)
    bare = [name for name, kind in zip(names, types, strict=True) if "->" not in kind]
    modules = {"tinyae.datasets", "tinyae.models", "tinyae.plot"}
    assert set(bare) == modules | {"tinyae.plot.COLOURS", "tinyae.plot.MARKERS"}
    assert not [name for name, kind in zip(names, types, strict=True) if kind.endswith("-> Any")]


def test_a_users_program_is_right_in_strict_mode(checked):
    assert checked(PROGRAM.read_text(encoding="utf-8"))[-1].startswith("Success")
    runpy.run_path(str(PROGRAM), run_name="__main__")


def test_a_wrong_program_is_found_out(checked):
    """Else the checker would see no types at all."""
    said = checked("import tinyae as tae\ntae.Dense('many')\ntae.PCA(2).encoder\n")
    assert [line.partition("[")[2] for line in said[:-1]] == ["arg-type]", "attr-defined]"]
