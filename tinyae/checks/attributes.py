"""Attributes that are checked at every assignment: in the constructor, and whenever later."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .foreign_names import hinting, no_attribute


class Checked:
    """An object whose attributes cannot be given what its constructor would refuse.

    Of what it does not have, it says what it is called here: see `foreign_names`.

    Attributes
    ----------
    checks : mapping of str to callable ``(name, value) -> value``
        By attribute; a class adds to those of the classes that it is derived from.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        inherited = [vars(base).get("checks", {}) for base in reversed(cls.__mro__)]
        cls.checks = {name: check for checks in inherited for name, check in checks.items()}
        ours = cls.__module__.partition(".")[0] == __name__.partition(".")[0]
        if ours and "__init__" in vars(cls):
            cls.__init__ = hinting(cls.__init__)  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.checks:
            value = self.checks[name](name, value)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        found = inspect.getattr_static(type(self), name, None)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)  # which has raised an AttributeError, and does so again
        raise no_attribute(self, name)
