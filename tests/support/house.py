"""How a package's files import each other, read from their text: nothing is imported for it.

Counted is every import that is written, wherever it is: in a function, under TYPE_CHECKING, in a
stub. An import of a package is one of its ``__init__``; that Python first runs the ``__init__`` of
every folder above a module is not counted.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One module's import of another, by their dotted names."""

    file: str
    line: int
    source: str
    target: str


def sources(package: Path) -> list[Path]:
    """The package's files of code, its stubs among them."""
    return sorted([*package.rglob("*.py"), *package.rglob("*.pyi")])


def label(package: Path, path: Path) -> str:
    """The file's path from where the package lies, as messages show it."""
    return path.relative_to(package.parent).as_posix()


def module_name(package: Path, path: Path) -> str:
    """The dotted name under which the file is imported."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def code(path: Path) -> str:
    """The text of a file without its docstrings and comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def imports(package: Path) -> list[Import]:
    """Every import of one module of the package by another, in the order of files and lines."""
    modules = {module_name(package, path) for path in sources(package)}
    found = set()
    for path in sources(package):
        source = module_name(package, path)
        folder = source if path.stem == "__init__" else source.rpartition(".")[0]
        for node in nodes(path):
            for name in imported(node, folder):
                while name and name not in modules:  # a name that a module defines
                    name = name.rpartition(".")[0]
                if name and name != source:
                    found.add(Import(label(package, path), node.lineno, source, name))
    return sorted(found)


def imported(node: ast.AST, folder: str) -> list[str]:
    """The dotted names that a statement asks for, if it stands in a module of that folder."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = [node.module] if node.module else []
    if node.level:
        above = folder.split(".")
        base = above[: len(above) - node.level + 1] + base
    return [".".join([*base, alias.name]) for alias in node.names]


# Floors


def unit(module: str) -> str:
    """What has a floor: the folder or module at the package's root that a module belongs to."""
    return [*module.split("."), "__init__"][1]


def wrong_arrows(package: Path, floors: list[tuple[str, ...]]) -> list[str]:
    """Imports that neither lead to a lower floor nor stay in their folder.

    Parameters
    ----------
    package : Path
    floors : list of tuple of str
        From the top down, what stands on each. All of it must be there, and nothing else.
    """
    height = {name: len(floors) - i for i, names in enumerate(floors) for name in names}
    there = {unit(module_name(package, path)) for path in sources(package)}
    wrong = [f"{name} has no floor" for name in sorted(there - set(height))]
    wrong += [f"{name} has a floor, but is not there" for name in sorted(set(height) - there)]
    for file, line, source, target in imports(package):
        a, b = unit(source), unit(target)
        if a != b and a in height and b in height and height[a] <= height[b]:
            wrong.append(f"{file}:{line}: {a} (floor {height[a]}) imports {b} (floor {height[b]})")
    return wrong


def circles(package: Path) -> list[str]:
    """For each import that closes a circle the shortest one that it closes, each circle once."""
    arrows = imports(package)
    follow: dict[str, list[str]] = {}
    for arrow in arrows:
        follow.setdefault(arrow.source, []).append(arrow.target)
    found: dict[frozenset[str], str] = {}
    for file, line, source, target in arrows:
        way = [source, *shortest_way(follow, target, source)]
        if len(way) > 1:
            found.setdefault(frozenset(way), f"{file}:{line}: a circle, {' -> '.join(way)}")
    return list(found.values())


def shortest_way(follow: dict[str, list[str]], start: str, end: str) -> list[str]:
    """The modules from start to end, both named; none where no way leads there."""
    ways = {start: [start]}
    queue = [start]
    for module in queue:
        for after in follow.get(module, []):
            if after not in ways:
                ways[after] = [*ways[module], after]
                queue.append(after)
    return ways.get(end, [])


# What else can be read from the text


def dynamic_imports(package: Path) -> set[str]:
    """Files that can import by a name which does not stand there, and so cannot be read."""
    names = {"import_module", "__import__"}
    return {
        label(package, path)
        for path in sources(package)
        for node in nodes(path)
        if (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.alias) and node.name in names)
    }


def unnamed_modules(package: Path) -> list[str]:
    """Modules that the docstring of their folder's ``__init__`` does not name in backticks."""
    missing = []
    for init in sorted(package.rglob("__init__.py")):
        if init.parent != package:
            text = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
            modules = {path.stem for path in init.parent.glob("*.py")} - {"__init__"}
            for name in sorted(modules - set(re.findall(r"`(\w+)`", text))):
                missing.append(f"{label(package, init)} does not name {name}")
    return missing


TEST_IN_CODE = re.compile(r"\btests\.(?:\w+\.)*test_\w+|\bfrom tests[.\w]* import .*\btest_\w+")


def imports_of_tests(tests: Path) -> list[str]:
    """Where a file, or the code in one of its strings, imports a module called ``test_...``."""
    found = set()
    for path in sources(tests):
        for node in nodes(path):
            called = [
                name
                for name in imported(node, module_name(tests, path.parent))
                if any(part.startswith("test_") for part in name.split("."))
            ]
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                called += TEST_IN_CODE.findall(node.value)
            found |= {(label(tests, path), node.lineno, name) for name in called}
    return [f"{file}:{line}: imports {name}" for file, line, name in sorted(found)]


def tests_in(folder: Path) -> list[str]:
    """The tests that files of this folder hold, where none is looked for."""
    return [
        f"{label(folder, path)}:{node.lineno}: {node.name}"
        for path in sources(folder)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and node.name.startswith(("test_", "Test"))
    ]
