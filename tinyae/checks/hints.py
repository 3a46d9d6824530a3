"""What is said of a name that is unknown: what it is called here, or which one was misspelt."""

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from .foreign_arguments import ARGUMENTS, POSITIONS
from .foreign_names import ATTRIBUTES, NONE
from .spelling import closest, letters


def hint(name: str, foreign: Iterable[Mapping[str, str]], known: Iterable[str]) -> str:
    """The end of an error's sentence, if there is anything to say."""
    if name.startswith("_"):
        return ""
    known = list(known)
    if not any(letters(name) == letters(each) for each in known):
        for names in foreign:
            for each, here in names.items():
                if letters(each) == letters(name):
                    return f"; {NONE}" if here == NONE else f"; in tinyae: {here}"
    close = closest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def no_attribute(owner: Any, name: str) -> AttributeError:
    """For an object that has no attribute of this name."""
    classes = [each.__name__ for each in type(owner).__mro__]
    tables = [ATTRIBUTES[each] for each in classes if each in ATTRIBUTES]
    known = {*dir(type(owner)), *vars(owner)} - {"checks", "closed"}  # which are the classes' own
    said = hint(name, tables, sorted(each for each in known if not each.startswith("_")))
    return unknown(f"{type(owner).__name__} has no attribute {name!r}{said}")


def no_public_name(package: str, name: str, known: Iterable[str], public: Iterable[str]) -> Any:
    """The same for a module, where people may look for the public names of tinyae, too."""
    root = package.partition(".")[0]
    if name in public:
        said = f"; in tinyae: {root}.{name}"
    else:
        said = hint(name, [ATTRIBUTES.get(package, {})], known)
        said = said or hint(name, [ATTRIBUTES[root]], ())
    return unknown(f"module {package!r} has no attribute {name!r}{said}")


def unknown(text: str) -> AttributeError:
    """The error, to which Python adds no suggestion of its own: it would be a second, or wrong."""
    return AttributeError(text, name=None, obj=None)


P = ParamSpec("P")
R = TypeVar("R")


def hinting(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which says of arguments that it does not have what they are called here.

    Its signature is what it was, for readers and for programs.
    """
    own = inspect.signature(function).parameters
    kinds = inspect.Parameter
    by_position = [name for name in own if own[name].kind is kinds.POSITIONAL_OR_KEYWORD]
    takes_all = any(each.kind is kinds.VAR_POSITIONAL for each in own.values())
    most = math.inf if takes_all else len(by_position)
    _, dot, last = function.__qualname__.rpartition(".")
    method = f".{last}" if dot and last != "__init__" else ""

    @functools.wraps(function)
    def wrapper(*args: P.args, **options: P.kwargs) -> R:
        if len(args) > most:
            title = f"{type(args[0]).__name__}{method}" if dot else last
            raise _too_many(title, by_position[bool(dot) :], len(args) - bool(dot), own)
        unknown = [name for name in options if name not in own] if options else ()
        if unknown:
            mro: Iterable[type] = type(args[0]).__mro__ if dot else ()
            tables = [ARGUMENTS.get(f"{each.__name__}{method}", {}) for each in mro]
            tables = tables or [ARGUMENTS.get(last, {})]
            title = f"{type(args[0]).__name__}{method}" if dot else last
            said = hint(unknown[0], tables, own.keys() - {"self"})
            raise TypeError(f"{title} has no argument {unknown[0]!r}{said}")
        return function(*args, **options)

    return wrapper


def _too_many(title: str, taken: list[str], given: int, own: Mapping[str, Any]) -> TypeError:
    """For more arguments by position than are taken so."""
    named = [name for name in own if own[name].kind is inspect.Parameter.KEYWORD_ONLY]
    said = f"; {POSITIONS[title]}" if title in POSITIONS else ""
    if not said and named:
        said = f"; name the others, such as {named[0]}=..."
    return TypeError(
        f"{title} takes {' and '.join(taken) or 'nothing'} by position, but got {given} "
        f"arguments{said}"
    )
