"""The mutation score: small faults are listed, put in one at a time, and noticed or reported."""

import argparse
import ast
from pathlib import Path

import pytest

import tinyae
from tools import mutation_score
from tools.faults import faults_in

INSTALLED = Path(tinyae.__file__).parent


def changes(line):
    """What the faults of one line make of it."""
    source = line.encode()
    faults = faults_in("a.py", source)
    return {fault.put_into(source).decode() for fault in faults}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = 0.5", {"x = 5.0", "x = 0.05"}),
        ("x = True", {"x = False"}),
        ("x = a + b", {"x = a - b", "x = a", "x = b"}),
        ("x = (a - b)  # é", {"x = (a + b)  # é", "x = (a)  # é"}),
        ("x = a < b", {"x = a <= b"}),
        ("x = not a", {"x = a"}),
        ("x = a and b", {"x = a or b", "x = a", "x = b"}),
        ("x = a if b else c", {"x = a", "x = c"}),
        ("x = a[n:m]", {"x = a[n + 1:m]", "x = a[n:m - 1]"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = f(a, b)", {"x = f(b, a)"}),
        ("x = f(a, axis=b)", {"x = f(a)"}),
        ("x += a", {"x -= a", "x = a", "pass"}),
        ("f(a)", {"pass"}),
        ("a.b = c", {"pass"}),
        ("raise E(1 + 2)", {"pass"}),
        ("if a: pass", {"if True: pass", "if False: pass"}),
        ('"""1 + 2"""', set()),
        ('x = f"{1 + 2}"', set()),
        ("from a import b", set()),
        ("def f(a: b[0] = 1) -> c[0]: return", {"def f(a: b[0] = 2) -> c[0]: return"}),
    ],
)
def test_the_faults_of_a_line(line, expected):
    assert changes(line) == expected


def test_a_fault_knows_its_function_and_its_lines():
    source = b"class A:\n    def f(self):\n        return g(\n            1)\n"
    (fault,) = faults_in("a.py", source)
    assert fault.function == "A.f"
    assert fault.lines(source) == ("1)", "2)")


def test_every_fault_is_another_program():
    source = (INSTALLED / "decomposition" / "moments.py").read_bytes()
    faults = faults_in("moments.py", source)
    programs = {ast.dump(ast.parse(fault.put_into(source))) for fault in faults}
    assert len(faults) > 50
    assert ast.dump(ast.parse(source)) not in programs


def test_what_stands_as_equivalent_stands_in_the_package():
    """And says why nothing can be seen of it."""
    known = mutation_score.equivalent_faults()
    for (file, before, after), reason in known.items():
        source = (INSTALLED.parent / file).read_bytes()
        found = {fault.lines(source) for fault in faults_in(file, source)}
        stands = (before, after) in found | {(line, None) for line, _ in found}
        assert stands, f"{file} has no such fault now: {before!r}"
        assert len(reason) > 10


def test_an_untested_line_is_found_and_nothing_is_left_behind(tmp_path, capsys):
    root = tmp_path / "repository"
    files = {
        "tinyae/__init__.py": "",
        "tinyae/sums/__init__.py": "",
        "tinyae/sums/plus.py": "def plus(a, b):\n    return a + b\n\ndef less(a):\n    return -a",
        "tests/sums/test_plus.py": "from tinyae.sums.plus import less, plus\n\n"
        "def test_plus():\n    assert plus(2, 3) == 5\n\n"
        "def test_less():\n    assert less(0) == 0",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    given = argparse.Namespace(
        folders=["sums"], faults=9, seed=0, own=True, compiled=False, calls=tmp_path / "calls"
    )
    table = mutation_score.score(root, given)
    assert table.splitlines()[-1].split() == ["sums", "4", "0", "3", "75%"]
    assert "tinyae/sums/plus.py less\n- return -a\n+ return a\n" in capsys.readouterr().out
    assert {name: (root / name).read_text() for name in files} == files
    assert {path.name for path in root.rglob("*.*")} == {"__init__.py", "plus.py", "test_plus.py"}


@pytest.mark.parametrize(
    ("code", "seconds", "expected"),
    [
        ("pass", 60, True),
        ("1 / 0", 60, False),
        ("while True: pass", 0.5, None),
        ("import threading; threading.Event().wait()", 0.05, None),
    ],
)
def test_what_does_not_end_is_ended_and_told_from_what_fails(tmp_path, code, seconds, expected):
    assert mutation_score.run(tmp_path, ["-c", code], seconds, jit=False) is expected
