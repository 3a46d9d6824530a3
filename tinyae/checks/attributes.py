"""Attributes that are checked at every assignment: in the constructor, and whenever later."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

from .foreign_arguments import ARGUMENTS
from .hints import hint, hinting, no_attribute
from .spelling import closest


class Checked:
    """An object whose attributes cannot be given what its constructor would refuse.

    Of what it does not have, it says what it is called here: see `hints`.

    Attributes
    ----------
    checks : mapping of str to callable ``(name, value) -> value``
        By attribute; a class adds to those of the classes that it is derived from.
    closed : bool
        Whether an object must not say otherwise than its class, at which tinyae may look; and one
        of a class of tinyae's has no other attributes than those that are checked.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {}
    closed: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        inherited = [vars(base).get("checks", {}) for base in reversed(cls.__mro__)]
        cls.checks = {name: check for checks in inherited for name, check in checks.items()}
        for name, method in [*vars(cls).items()] if is_ours(cls) else ():
            if name == "__init__" or f"{cls.__name__}.{name}" in ARGUMENTS:
                setattr(cls, name, hinting(method))

    def __setattr__(self, name: str, value: Any) -> None:
        checks = type(self).checks
        if name in checks:
            value = checks[name](name, value)
        elif type(self).closed and not name.startswith("_"):
            refuse_unknown(type(self), name)
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # a checker would take every attribute to be there

        def __getattr__(self, name: str) -> Any:
            found = inspect.getattr_static(type(self), name, None)
            if isinstance(found, property) and found.fget is not None:
                return found.fget(self)  # which has raised an AttributeError, and does so again
            raise no_attribute(self, name)

    def __repr__(self) -> str:
        """As it is made: with what it keeps of its constructor's arguments."""
        names = [name for name in inspect.signature(type(self)).parameters if name in vars(self)]
        given = ", ".join(f"{name}={vars(self)[name]!r}" for name in names)
        return f"{type(self).__name__}({given})"

    def __delattr__(self, name: str) -> None:
        if name in type(self).checks:
            raise ValueError(f"{name} stays: give it another value")
        super().__delattr__(name)


def as_given(value: Any) -> str:
    """As Python shows it, and floats without digits that say nothing.

    >>> as_given(255.0), as_given(1 / 3), as_given((0.0, None)), as_given((2,))
    ('255', '0.3333333333333333', '(0, None)', '(2,)')
    """
    if type(value) is tuple:
        inside = [as_given(each) for each in value]
        return f"({', '.join(inside)}{',' * (len(inside) == 1)})"
    short = f"{value:g}" if type(value) is float else ""
    return short if short and float(short) == value else repr(value)


def written(
    part: Any, text: Callable[[Any], str] = as_given, without: Iterable[str] = ()
) -> list[str]:
    """What a part keeps of its constructor's arguments, each as it is written there, by `text`.

    What may be given is named. It is left out where it is the default, and no number that may be
    given by place.
    """
    found = []
    for name, parameter in inspect.signature(type(part)).parameters.items():
        if name not in vars(part) or name in without:
            continue
        value, default = vars(part)[name], parameter.default
        number = isinstance(value, Real) and not isinstance(value, bool)
        if default is parameter.empty:
            found.append(text(value))
        elif repr(value) != repr(default) or (number and parameter.kind != parameter.KEYWORD_ONLY):
            found.append(f"{name}={text(value)}")
    return found


def refuse_unknown(cls: type, name: str) -> None:
    """Refuse what is the class's, and what a class of tinyae's does not have."""
    definer = next((base for base in cls.__mro__ if name in vars(base)), cls)
    method = inspect.isroutine(vars(definer).get(name))
    if is_ours(definer) and (method or is_ours(cls)) and name in vars(definer):
        raise ValueError(f"{name} is the class's: override it in a subclass of {definer.__name__}")
    if is_ours(cls):
        known = ", ".join(sorted(cls.checks))  # type: ignore[attr-defined]
        meant = hint(name, (), cls.checks)  # type: ignore[attr-defined]
        raise ValueError(
            f"{cls.__name__} has no {name} to assign to, only {known or 'none'}{meant}"
        )


def refuse_misspelt(owner: Any, name: str) -> None:
    """Refuse an attribute that is new, of an object of tinyae's, and looks like one that is not."""
    if name.startswith("_") or name in vars(owner) or not is_ours(type(owner)):
        return
    known = {each for each in (*dir(type(owner)), *vars(owner)) if not each.startswith("_")}
    if name not in known and (meant := closest(name, sorted(known))):
        raise ValueError(f"{type(owner).__name__} has no {name}; did you mean {meant!r}?")


def is_ours(part: Any) -> bool:
    """Whether a class or function is tinyae's."""
    return str(getattr(part, "__module__", "")).partition(".")[0] == __name__.partition(".")[0]
