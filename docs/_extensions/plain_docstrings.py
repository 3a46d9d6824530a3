"""Docstrings are written for a terminal: ``(n, *shape)``, ``|y − x|``. Here such signs are kept.

In reStructuredText a star begins emphasis, and a bar a substitution. A backslash before them would
stand in the way of those who read ``help()``, so it is put there on the way into the book.
"""

import re

SIGNS = re.compile(r"(?<!\*)\*(?=\w)|\|")


def keep_signs(app, what, name, thing, options, lines):
    example = False
    for place, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[place] = escaped(line)


def escaped(line):
    """The line, with a backslash before each such sign outside of code."""
    parts = re.split(r"(`+[^`]+`+)", line)
    parts[::2] = [SIGNS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)


def setup(app):
    app.connect("autodoc-process-docstring", keep_signs, priority=400)  # numpydoc's is 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
