"""What is Numba's own: all of it in one place, and missed by name where it is missing."""

import ast

import numba
import pytest

from tests.support.fresh_python import PACKAGE, run_python

MISSING = """
import sys
import numba
import numba.core.caching, numba.np.arrayobj
{remove}
try:
    import tinyae
    tinyae.kernel
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("remove", "part", "disabled"),
    [
        ("del numba.np.arrayobj.populate_array", "'populate_array' from 'numba.np.arrayobj'", "0"),
        ("del numba.core.caching._CacheLocator", "'_CacheLocator' from 'numba.core.caching'", "0"),
        ("del numba.extending.overload", "'overload' from 'numba.extending'", "1"),
        ("sys.modules['numba.core.caching'] = None", "numba.core.caching", "0"),
    ],
)
def test_a_numba_that_lacks_a_part_is_refused_by_its_version(remove, part, disabled):
    said = run_python(MISSING.format(remove=remove), NUMBA_DISABLE_JIT=disabled)
    assert said.startswith(f"Numba {numba.__version__} lacks a part that tinyae uses (")
    assert part in said
    assert said.endswith("; 0.61 to 0.68 have all")


PUBLIC = {"numba", "llvmlite.ir", "llvmlite.binding"}
# Attributes with a leading underscore, of other objects than self, that machine/ may name: where
# NumPy has its extension module, and what Numba's manual has intrinsics return.
PRIVATE = {"_core", "_multiarray_umath", "_getvalue"}


def sources():
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "numba_parts.py":
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    """The modules of Numba and llvmlite that are imported, with what is imported from each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                yield (module, "") if module in PUBLIC else (node.module, alias.name)


def dotted(node):
    """The names in a.b.c, or none if it is no such thing."""
    names = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def test_no_other_file_imports_what_numba_does_not_promise():
    found = []
    for file, tree in sources():
        for module, name in imported(tree):
            ours = module.split(".")[0] in ("numba", "llvmlite")
            if ours and (module not in PUBLIC or name.startswith("_") or name == "core"):
                found.append((file, module, name))
    assert found == []


def test_no_other_file_reaches_into_numbas_modules():
    """As by numba.core.typing; what is reached so is on no list of imports."""
    modules = {"core", "np", "extending", "typed", "misc", "cpython"}
    for file, tree in sources():
        for node in ast.walk(tree):
            names = dotted(node)
            if names[:1] == ["numba"]:
                assert not modules & set(names[1:]), f"{file}: {'.'.join(names)}"


def is_own(node):
    """Whether it is an attribute of self, cls, super(), or of what these have."""
    if isinstance(node.value, ast.Call):
        return dotted(node.value.func) == ["super"]
    return dotted(node)[:1] in (["self"], ["cls"])


def test_no_other_file_of_the_machine_names_private_attributes():
    for file, tree in sources():
        for node in ast.walk(tree):
            if not file.startswith("machine/") or not isinstance(node, ast.Attribute):
                continue
            private = node.attr.startswith("_") and not node.attr.endswith("__")
            assert not private or is_own(node) or node.attr in PRIVATE, f"{file}: {node.attr}"
