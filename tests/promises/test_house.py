"""The house: which part of the package may know of which, and where a file is to be found."""

from collections import Counter
from pathlib import Path

import pytest

import tinyae
from tests.support import house

# From the top floor down. What stands on one imports from floors below it and from its own folder,
# nothing else: neither from above, nor from a neighbour.
FLOORS = [
    ("__main__", "__init__"),
    ("cli", "sklearn"),
    ("models", "loading", "exercises"),
    ("inspection",),
    ("autoencoder",),
    ("distributed", "likelihood"),
    ("training", "export"),
    ("callbacks", "feeding", "linear"),
    ("saving",),
    ("network", "decomposition"),
    ("tiled",),
    ("engine", "plot"),
    ("files",),
    ("family",),
    ("composed",),
    ("layers",),
    ("primitives", "codes"),
    ("maths",),
    ("datasets", "progress", "ranks"),
    ("tiles",),
    ("machine",),
    ("blas",),
    ("system",),
    ("checks", "version"),
]

# A layer is one file: with the list of public names and what makes models, no other code names it,
# apart from what says how others call it, and from layers that are made of it.
NAME_MAX_POOLING = {
    *("tinyae/__init__.pyi", "tinyae/layers/pooling.py", "tinyae/models.py"),
    *("tinyae/checks/foreign_names.py", "tinyae/checks/foreign_arguments.py"),
    *("tinyae/composed/sequences.py", "tinyae/cli/train.py"),
}

# Imports by a name that does not stand in the text: of public names, on first use.
IMPORT_BY_NAME = {"tinyae/checks/public_names.py"}

MOST_LINES = 400
MOST_MODULES_AT_THE_ROOT = 4

PACKAGE = Path(tinyae.__file__).parent
TESTS = Path(__file__).parents[1]


def listed(findings):
    return "\n" + "\n".join(findings)


# The package


def test_every_import_leads_downward():
    wrong = house.wrong_arrows(PACKAGE, FLOORS)
    assert not wrong, listed(wrong)


def test_no_import_closes_a_circle():
    wrong = house.circles(PACKAGE)
    assert not wrong, listed(wrong)


def test_imports_can_be_read():
    assert house.dynamic_imports(PACKAGE) == IMPORT_BY_NAME


def test_the_root_is_a_door():
    there = {path.name for path in house.sources(PACKAGE) if path.parent == PACKAGE}
    assert {"__init__.py", "__init__.pyi", "__main__.py"} <= there
    modules = there - {"__init__.py", "__init__.pyi", "__main__.py"}
    assert len(modules) <= MOST_MODULES_AT_THE_ROOT, sorted(modules)


def test_every_folder_says_what_is_in_it():
    wrong = house.unnamed_modules(PACKAGE)
    assert not wrong, listed(wrong)


def test_a_layer_is_named_where_it_is_and_hardly_elsewhere():
    naming = {
        house.label(PACKAGE, path)
        for path in house.sources(PACKAGE)
        if "MaxPooling2D" in house.code(path)
    }
    assert naming == NAME_MAX_POOLING


def test_no_two_modules_have_one_name():
    names = Counter(path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
    assert [name for name, count in names.items() if count > 1] == []


def test_names_say_what_is_certified_or_diagnosed():
    names = {part for path in house.sources(PACKAGE) for part in (path.stem, path.parent.name)}
    assert names.isdisjoint({"certificate", "certificates", "diagnostic", "diagnostics"})


def test_no_file_is_long():
    lines = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in house.sources(PACKAGE) + house.sources(TESTS)
    }
    assert {file: count for file, count in lines.items() if count > MOST_LINES} == {}


# The tests


def test_no_test_imports_another():
    """What two of them need is in tests/support."""
    wrong = house.imports_of_tests(TESTS)
    assert not wrong, listed(wrong)


def test_support_holds_no_tests():
    """They would not be run: pytest looks for them in files called test_*.py."""
    assert house.tests_in(TESTS / "support") == []
    assert list((TESTS / "support").rglob("test_*")) == []


# What would be found, in made-up packages


def build(folder, files):
    """A package called tinyae with these files, and an ``__init__`` in each folder."""
    package = folder / "tinyae"
    for name, text in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return package


THREE = [("__init__",), ("high", "beside"), ("low",)]
NAMES = {
    "high/a.py": "x = 1\n",
    "high/b.py": "",
    "beside/c.py": "",
    "low/d.py": "",
}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "from ..high.a import x\n"),
        (1, "from ..high import a\n"),
        (1, "from ..high import x\n"),
        (1, "from ..high import *\n"),
        (1, "from .. import high\n"),
        (2, "import os\nfrom .. import beside as other, high\n"),
        (1, "from tinyae import high\n"),
        (1, "from tinyae.high.a import x\n"),
        (1, "import tinyae.high\n"),
        (1, "import os, tinyae.high.a as a\n"),
        (2, "def f():\n    from ..high.a import x\n"),
        (3, "class C:\n    def f(self):\n        import tinyae.high.a\n"),
        (3, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..high.a import x\n"),
        (2, "try:\n    from ..high.a import x\nexcept ImportError:\n    x = 2\n"),
        (2, "def f():\n    return 1; from ..high import (\n        a,\n    )\n"),
    ],
)
def test_an_arrow_upward_is_found(line, text, tmp_path):
    package = build(tmp_path, {**NAMES, "low/d.py": text})
    found = house.wrong_arrows(package, THREE)
    assert f"tinyae/low/d.py:{line}: low (floor 1) imports high (floor 2)" in found


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("beside/c.py", "from ..high.a import x", "1: beside (floor 2) imports high (floor 2)"),
        ("low/d.py", "from .. import __version__", "1: low (floor 1) imports __init__ (floor 3)"),
        ("low/d.py", "import tinyae", "1: low (floor 1) imports __init__ (floor 3)"),
        ("low/d.pyi", "from ..high.a import x", "1: low (floor 1) imports high (floor 2)"),
        ("low/__init__.py", "from ..high.a import x", "1: low (floor 1) imports high (floor 2)"),
        ("low/in/e.py", "from ...high.a import x", "1: low (floor 1) imports high (floor 2)"),
    ],
)
def test_an_arrow_to_a_neighbour_or_the_door_is_found(file, text, message, tmp_path):
    package = build(tmp_path, {**NAMES, file: text})
    assert house.wrong_arrows(package, THREE) == [f"tinyae/{file}:{message}"]


def test_a_module_at_the_root_has_a_floor_too(tmp_path):
    package = build(tmp_path, {"low.py": "from .high.a import x", "high/a.py": ""})
    expected = ["tinyae/low.py:1: low (floor 1) imports high (floor 2)"]
    assert house.wrong_arrows(package, [("__init__",), ("high",), ("low",)]) == expected


def test_arrows_downward_are_right(tmp_path):
    files = {
        "__init__.py": "from .high.a import x",
        "__init__.pyi": "from . import beside as beside",
        "high/a.py": "from ..low.d import y\nfrom .b import z\nfrom . import b\nimport tinyae.low",
        "beside/c.py": "import os.path, tinyae_of_another\nfrom ..low import d",
        "low/d.py": "from __future__ import annotations\ntext = 'from ..high import a'  # import a",
    }
    package = build(tmp_path, {**NAMES, **files})
    assert house.wrong_arrows(package, THREE) == []
    assert house.circles(package) == []


def test_all_have_floors_and_no_floor_is_for_nothing(tmp_path):
    package = build(tmp_path, {**NAMES, "new/e.py": ""})
    expected = ["new has no floor", "gone has a floor, but is not there"]
    assert house.wrong_arrows(package, [("gone",), *THREE]) == expected


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        (
            {"low/d.py": "from .e import x", "low/e.py": "def f():\n    from . import d"},
            "tinyae/low/d.py:1: a circle, tinyae.low.d -> tinyae.low.e -> tinyae.low.d",
        ),
        (
            {
                "a.py": "from . import b",
                "b.py": "import tinyae.c",
                "c.py": "import typing\nif typing.TYPE_CHECKING:\n    from .a import x",
            },
            "tinyae/a.py:1: a circle, tinyae.a -> tinyae.b -> tinyae.c -> tinyae.a",
        ),
        (  # an import of a package is one of its __init__
            {"low/__init__.py": "from .d import x", "low/d.py": "from ..low import y"},
            "tinyae/low/__init__.py:1: a circle, tinyae.low -> tinyae.low.d -> tinyae.low",
        ),
    ],
)
def test_a_circle_is_found_once(files, circle, tmp_path):
    assert house.circles(build(tmp_path, files)) == [circle]


def test_two_ways_to_one_module_are_no_circle(tmp_path):
    files = {
        "low/__init__.py": "from . import d, e",
        "low/d.py": "from . import e, f",
        "low/e.py": "from .f import x",
        "low/f.py": "",
    }
    assert house.circles(build(tmp_path, files)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module as get",
        "def f(name):\n    return __import__(name)",
    ],
)
def test_imports_by_name_are_found(text, tmp_path):
    package = build(tmp_path, {**NAMES, "low/d.py": text})
    assert house.dynamic_imports(package) == {"tinyae/low/d.py"}


def test_modules_that_no_docstring_names_are_found(tmp_path):
    text = '"""The bottom: ``d``, `e` and f, ``a sentence of f``."""'
    package = build(
        tmp_path, {"low/__init__.py": text, "low/d.py": "", "low/e.py": "", "low/f.py": ""}
    )
    assert house.unnamed_modules(package) == ["tinyae/low/__init__.py does not name f"]


@pytest.mark.parametrize(
    "text",
    [
        "from tests.maths import {test}",
        "from tests.maths.{test} import case",
        "def f():\n    import tests.maths.{test} as other",
        "from .{test} import case",
        "from . import {test}",
        "code = 'import os\\nfrom tests.maths.{test} import case\\n'",
        "code = f'from tests.maths import case, {test}; x = {{x}}'",
        "importlib.import_module('tests.maths.{test}')",
    ],
)
def test_a_test_imported_by_another_file_is_found(text, tmp_path):
    folder = tmp_path / "tests"
    (folder / "maths").mkdir(parents=True)
    (folder / "maths" / "test_sum.py").write_text("from tests.support import naive\ncase = 1")
    (folder / "maths" / "other.py").write_text(text.format(test="test_sum"))
    (found,) = house.imports_of_tests(folder)
    assert found.startswith("tests/maths/other.py:")
    assert "test_sum" in found


def test_a_test_in_a_folder_without_tests_is_found(tmp_path):
    (tmp_path / "parts.py").write_text("def given(): ...\nclass Case:\n    def test_it(self): ...")
    assert house.tests_in(tmp_path) == [f"{tmp_path.name}/parts.py:3: test_it"]
