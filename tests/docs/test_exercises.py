"""The exercises: what is handed out fails, and what is said to solve it passes."""

import os
import re
import subprocess
import sys

import pytest

from tinyae.cli import parser
from tinyae.exercises import copying


@pytest.fixture
def folder(tmp_path, capsys):
    assert parser.main(["exercises", str(tmp_path / "mine")]) == 0
    assert str(tmp_path / "mine") in capsys.readouterr().out
    return tmp_path / "mine"


def judged(folder):
    """The exercises that failed, as pytest says in that folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    failed = re.findall(r"^FAILED test_(\w+)\.py", run.stdout, flags=re.MULTILINE)
    return set(failed), run.returncode


def test_all_solutions_pass(folder):
    for name in copying.names():
        (folder / "solutions" / f"{name}.py").replace(folder / f"{name}.py")
    assert judged(folder) == (set(), 0)


def test_no_exercise_passes_as_it_is_handed_out(folder):
    failed, _ = judged(folder)
    assert len(failed) >= 10
    assert failed == set(copying.names())


def test_each_has_a_test_hints_and_a_line_in_the_table(folder):
    hints, table = ((folder / name).read_text("utf-8") for name in ("hints.md", "README.md"))
    for name in copying.names():
        assert (folder / f"test_{name}.py").exists()
        assert f"\n## {name}\n1. " in hints
        assert f"\n| `{name}` | " in table


def test_nothing_gives_a_solution_away(folder):
    for path in folder.glob("*.py"):
        text = path.read_text("utf-8")
        assert "#: " not in text, path.name
        compile(text, path.name, "exec")
    given = (folder / "ex02_dense.py").read_text("utf-8")
    solved = (folder / "solutions" / "ex02_dense.py").read_text("utf-8")
    assert "x.T @ dz" in solved
    assert "x.T @ dz" not in given


def test_work_that_is_there_is_never_written_over(tmp_path, capsys):
    mine = tmp_path / "ex05_check.py"
    mine.write_text("mine")
    assert parser.main(["exercises", str(tmp_path)]) == 1
    assert "ex05_check.py is there already" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]
