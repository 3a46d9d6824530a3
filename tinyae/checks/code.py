"""What the code of a function refers to."""

import dis
import inspect
from types import CodeType


def names_in(code: CodeType, *operations: str) -> set[str]:
    """The names that a function, or a function inside it, uses in such operations of Python."""
    inner = (each for each in code.co_consts if inspect.iscode(each))
    own = {each.argval for each in dis.get_instructions(code) if each.opname in operations}
    return own.union(*(names_in(each, *operations) for each in inner))
