"""A package's public names, written once: in the `__init__.pyi` that type checkers read."""

import ast
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable
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
    """What a public name stands for, or a folder's; None if there is none of that name."""
    home = homes(package).get(name)
    if home is None:
        if not name.isidentifier() or name.startswith("_"):
            return None
        if importlib.util.find_spec(f"{package}.{name}") is None:
            return None
        home = "."  # as if it had been imported: some other import may have done so
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
            raise _no_name(package, name, homes(package))
        vars(sys.modules[package])[name] = value  # found at once from now on
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes(package)})

    return get, names, sorted(homes(package))


def explaining(package: str) -> Callable[[str], Any]:
    """``__getattr__`` for a module in which people may look for names that stand elsewhere."""

    def get(name: str) -> Any:
        functions = inspect.getmembers(sys.modules[package], inspect.isfunction)
        own = [n for n, each in functions if each.__module__.startswith(package)]
        raise _no_name(package, name, own)

    return get


def _no_name(package: str, name: str, known: Iterable[str]) -> AttributeError:
    from .hints import no_public_name  # which nobody needs before

    return no_public_name(package, name, known, homes(ROOT))
