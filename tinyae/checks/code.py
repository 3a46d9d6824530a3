"""What the code of a function refers to."""

import dis
import inspect
from types import CodeType


def globals_of(code: CodeType) -> set[str]:
    """The names of its file that a function uses, or a function inside it."""
    inner = (each for each in code.co_consts if inspect.iscode(each))
    own = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    return own.union(*map(globals_of, inner))
