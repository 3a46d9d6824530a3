"""Attributes that are checked at every assignment: in the constructor, and whenever later."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar


class Checked:
    """An object whose attributes cannot be given what its constructor would refuse.

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

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.checks:
            value = self.checks[name](name, value)
        super().__setattr__(name, value)
