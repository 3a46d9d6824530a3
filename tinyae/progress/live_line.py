"""A line that renews itself on a terminal while something takes its time."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ..system.numba_parts import on_compilation

COMPILING = "compiling (the first time only) ..."
TIME_LEFT = len("  1:23:45 left")
SECONDS_BETWEEN = 0.1  # two texts: more could not be read


class LiveLine:
    """What is being done, and how long it will take.

    Parameters
    ----------
    verbose : "auto", 0, 1 or 2
        Nothing (0), the live line (1), or lines that stay (2), which are the caller's to print.
    elsewhere : 0 or 2
        What "auto" is where standard output is no terminal; on one it is 1.
    """

    def __init__(self, verbose: str | int, elsewhere: int):
        if sys.stdout is None:  # as in a service without any output
            verbose = 0
        self.stream: TextIO = sys.stdout
        if verbose == "auto":
            verbose = 1 if self.stream.isatty() else elsewhere
        self.live, self.plain = verbose == 1, verbose == 2
        self.began = self._shown = time.perf_counter()
        self._pace: tuple[float, float] | None = None  # when what share of the work was done
        self.text = ""

    def show(self, share: float, text: Callable[[], str]) -> None:
        """Show the text, and the time left when that share of the work is done.

        The time is told from the second look on, and again from the second one after a
        compilation: what compiled will not do so again.
        """
        now = time.perf_counter()
        began, before = self._pace = self._pace or (now, share)
        if self.live and now - self._shown > SECONDS_BETWEEN:
            line = text()
            if before < share < 1:
                left = (now - began) * (1 - share) / (share - before)
                line += f"  {duration(max(0.1, left))} left"
            self.write(line)
            self._shown = now

    @contextmanager
    def noting_compilations(self, more: bool = False) -> Iterator[None]:
        """Say inside the `with` block that kernels are compiled, when they are.

        Where `more` are to follow at once, in a block of their own, it is said until its end.
        """
        try:
            with on_compilation(self._compiles):
                yield
        except BaseException:
            more = False
            raise
        finally:
            if self.text == COMPILING and not more:
                self.clear()

    def _compiles(self) -> None:
        self._pace = None
        if self.live and self.text != COMPILING:  # kernels are many
            self.write(COMPILING)

    def write(self, text: str) -> None:
        """Put the text, or what of it there is room for, in the line's place."""
        text = text[: columns()]
        print("\r" + text.ljust(len(self.text)), end="", file=self.stream, flush=True)
        self.text = text

    def clear(self) -> None:
        """Leave the line empty."""
        if self.text:
            self.write("")
            print("\r", end="", file=self.stream, flush=True)


def columns() -> int:
    """How many columns a line may fill: in the last one some terminals begin a new line."""
    return shutil.get_terminal_size().columns - 1


def duration(seconds: float) -> str:
    """A time, as short as it is clear."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
