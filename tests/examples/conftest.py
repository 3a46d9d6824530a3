"""Shared by the tests of the examples: how each is run, in this process or copied elsewhere."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
PATHS = {path.stem: path for path in sorted(ROOT.glob("examples/*/*.py"))}


@functools.cache
def imported(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", PATHS[name])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def paths():
    """Where each example is, by its name."""
    return PATHS


@pytest.fixture
def example():
    """Imports an example by its name."""
    yield imported
    plt.close("all")  # a script leaves that to its end


@pytest.fixture
def run(example, tmp_path, monkeypatch, capsys):
    """Runs an example's `main`: its figures and what it printed, which must fit on a terminal.

    The named pictures are all that it may leave, in a folder that was not there before.
    """

    def run_one(name, pictures, **scale):
        monkeypatch.chdir(tmp_path)
        out = Path("new", "folder")
        figures = example(name).main(out, **scale)
        assert sorted(path.name for path in out.iterdir()) == sorted(pictures)
        for picture in out.iterdir():
            assert picture.read_bytes().startswith(b"\x89PNG")
            assert picture.stat().st_size > 5000
        printed = capsys.readouterr().out
        assert f"Pictures go to {out}\n" in printed
        assert max(map(len, printed.splitlines())) <= 80
        return figures, printed

    return run_one


@pytest.fixture
def run_alone(tmp_path, monkeypatch):
    """Copies one example into an empty folder and runs it there, as its own process."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)  # not installed, perhaps

    def run_copy(name, *arguments):
        shutil.copy(PATHS[name], tmp_path)
        return subprocess.run(
            [sys.executable, f"{name}.py", *arguments],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
        )

    return run_copy
