"""Lines that fit the terminal."""

import shutil
import sys
import textwrap


def say(text: str) -> None:
    """Print a line, or several where the terminal is too narrow."""
    print(_wrapped(text))


def complain(text: str) -> None:
    """Print an error: wrapped for a reader, in one line for programs."""
    print(_wrapped(text) if sys.stderr.isatty() else text, file=sys.stderr)


def _wrapped(text: str) -> str:
    width = shutil.get_terminal_size().columns
    return textwrap.fill(
        text, width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
