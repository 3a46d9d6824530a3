"""A package's public names, written once: in the `__init__.pyi` that type checkers read."""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any


def on_first_use(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` that import a package's names when asked for.

    Parameters
    ----------
    package : str
        With an ``__init__.pyi`` of lines such as ``from .layers.dense import Dense as Dense``.
    """
    stub = pkgutil.get_data(package, "__init__.pyi")
    assert stub is not None, f"{package} lacks its __init__.pyi"
    homes = {
        name.name: "." * line.level + (line.module or "")
        for line in ast.parse(stub).body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    }

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        if home == ".":  # a module of the package itself
            return importlib.import_module(f".{name}", package)
        value = getattr(importlib.import_module(home, package), name)
        vars(sys.modules[package])[name] = value  # found at once from now on
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *homes}), sorted(homes)
