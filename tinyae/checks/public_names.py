"""A package's public names, written once: in the `__init__.pyi` that type checkers read."""

import ast
import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

ROOT = __name__.partition(".")[0]


@functools.cache
def homes(package: str) -> dict[str, str]:
    """The module that each public name is in; "." for a module of the package itself.

    Parameters
    ----------
    package : str
        With an ``__init__.pyi`` of lines such as ``from .layers.dense import Dense as Dense``.
    """
    stub = pkgutil.get_data(package, "__init__.pyi")
    assert stub is not None, f"{package} lacks its __init__.pyi"
    return {
        name.name: "." * line.level + (line.module or "")
        for line in ast.parse(stub).body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    }


def find(name: str, package: str = ROOT) -> Any:
    """What a public name stands for; None if there is none of that name."""
    home = homes(package).get(name)
    if home is None:
        return None
    from .forks import importing  # with the first name, not with the package

    with importing:
        if home == ".":
            return importlib.import_module(f".{name}", package)
        return getattr(importlib.import_module(home, package), name)


def on_first_use(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` that import a package's names when asked for."""

    def get(name: str) -> Any:
        value = find(name, package)
        if value is None:
            from .foreign_names import ATTRIBUTES, hint  # which nobody needs before

            said = hint(name, [ATTRIBUTES.get(package, {})], homes(package))
            raise AttributeError(f"module {package!r} has no attribute {name!r}{said}")
        vars(sys.modules[package])[name] = value  # found at once from now on
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes(package)})

    return get, names, sorted(homes(package))
