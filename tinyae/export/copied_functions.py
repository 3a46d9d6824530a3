"""Functions as text, with the functions and plain values that they name in their files."""

import ast
import builtins
import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import numpy as np

from ..checks.code import names_in

# What the file calls its own, in and outside its functions: nothing that is copied may be called so
OWN_NAMES = {"np", "Path", "weights", "encode", "decode", "reconstruct", "logits", "score"}
OWN_NAMES |= {"x", "y", "z", "h", "target"}


def sources(functions: Iterable[Callable]) -> tuple[dict[str, str], list[str]]:
    """The values that functions name in their files, and the text of these and all they call."""
    texts: dict[FunctionType, str] = {}
    found: dict[str, FunctionType | str] = {}  # each function, and each value as it is written
    waiting: list[tuple[str, Any]] = [(name_of(each), each) for each in functions]
    while waiting:
        name, thing = waiting.pop()
        if found.setdefault(name, thing) != thing:
            raise ValueError(f"export_numpy met two meanings of the name {name!r}")
        if name in OWN_NAMES or hasattr(builtins, name):
            raise ValueError(f"export_numpy cannot copy {name!r}: the file needs that name itself")
        if not isinstance(thing, str) and thing not in texts:
            texts[thing], used = read(thing)
            waiting += [(each, brought(thing, each)) for each in sorted(used, reverse=True)]
    ordered = sorted(texts, key=lambda each: (each.__module__, each.__code__.co_firstlineno))
    values = {name: thing for name, thing in found.items() if isinstance(thing, str)}
    return values, [texts[function] for function in ordered]


def name_of(function: Callable) -> str:
    """What a function is called in its text."""
    if not inspect.isfunction(function) or function.__name__ == "<lambda>":
        raise ValueError(f"export_numpy copies functions written with def, but got {function}")
    return function.__name__


def read(function: FunctionType) -> tuple[str, set[str]]:
    """The text of a function, as a plain def, and the names of its file that it uses."""
    name = function.__name__
    try:
        text = textwrap.dedent(inspect.getsource(function))
        node = ast.parse(text).body[0]
    except (OSError, SyntaxError) as error:  # typed at a prompt, or no text by itself
        raise ValueError(f"export_numpy cannot find the text of {name}") from error
    if not isinstance(node, ast.FunctionDef) or node.name != name:
        raise refusal(function, "its text is no def of that name")
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if decorators - {"staticmethod"} or hasattr(function, "__wrapped__"):
        raise refusal(function, "it is decorated")
    if variables := function.__code__.co_freevars:
        raise refusal(function, f"it uses {', '.join(variables)} of the function around it")
    modules = {module.partition(".")[0] for module in names_in(function.__code__, "IMPORT_NAME")}
    for module in sorted(modules - {"numpy"} - sys.stdlib_module_names):
        raise refusal(function, f"it imports {module or 'from its package'}")
    text = "\n".join(text.split("\n")[node.lineno - 1 :])  # without decorators
    used = names_in(function.__code__, "LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")
    used |= names_in_defaults(function, node.args)
    return text, {each for each in used if not is_known(function, each)}


def names_in_defaults(function: FunctionType, arguments: ast.arguments) -> set[str]:
    """The names in default arguments: np, or values that are the defaults still."""
    given = [each.default for each in inspect.signature(function).parameters.values()]
    nodes = [node for node in (*arguments.defaults, *arguments.kw_defaults) if node is not None]
    inside = (each for node in nodes for each in ast.walk(node))
    used = {each.id for each in inside if isinstance(each, ast.Name)}
    for name in sorted(each for each in used if not is_known(function, each)):
        value = function.__globals__.get(name)
        if literal(value) is None or not any(value is each for each in given):
            raise refusal(function, f"a default argument names {name}, which is {value!r} now")
    return used


def brought(function: FunctionType, name: str) -> FunctionType | str:
    """What a function's file means by a name: a function, or a value as it is written."""
    if name not in function.__globals__:
        raise refusal(function, f"it names {name}, which its file does not have")
    value = function.__globals__[name]
    if inspect.isfunction(value) and value.__name__ == name:
        return value
    if (text := literal(value)) is not None:
        return text
    comes = "np, functions under their own names, numbers, strings and tuples of these come along"
    raise refusal(function, f"it names {name}, which is {value!r}; only {comes}")


def literal(value: object) -> str | None:
    """A plain value as Python text, None for anything else."""
    if type(value) is tuple:
        texts = [literal(each) for each in value]
        inside = ", ".join(map(str, texts)) + "," * (len(texts) == 1)
        return None if None in texts else f"({inside})"
    if isinstance(value, np.float32 | np.float64):
        return f"np.{value.dtype}({literal(value.item())})"
    if type(value) is float and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value) if type(value) in (bool, int, float, str) or value is None else None


def is_known(function: FunctionType, name: str) -> bool:
    """Whether a name means the same in the file that is written: np, or Python's own."""
    if name in function.__globals__:
        return name == "np" and function.__globals__[name] is np
    return hasattr(builtins, name)


def is_annotated(text: str) -> bool:
    """Whether a function's text has annotations, whose names need not come along."""
    fields = ("annotation", "returns")
    return any(getattr(node, each, None) for node in ast.walk(ast.parse(text)) for each in fields)


def refusal(function: Callable, why: str) -> ValueError:
    """The error for a function that cannot be copied."""
    return ValueError(f"export_numpy cannot copy the function {function.__name__}: {why}")
