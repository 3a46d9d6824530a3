"""The line that `fit` shows while it trains."""

import contextlib
import math
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from ..checks.arguments import whole


class ProgressLine:
    """Epoch, losses and time left: one line that renews itself on a terminal, else a line an epoch.

    Parameters
    ----------
    verbose : "auto", 0, 1 or 2
        Nothing (0), the live line (1), a line per epoch (2); "auto" is 1 on a terminal, else 2.
    first_epoch, epochs : int
        The epochs done before, and after which to end.
    """

    def __init__(self, verbose: str | int, first_epoch: int, epochs: int):
        verbose = check_verbose(verbose)
        if sys.stdout is None:  # as in a service without any output
            verbose = 0
        self._stream: TextIO = sys.stdout
        if verbose == "auto":
            verbose = 1 if self._stream.isatty() else 2
        self._live, self._plain = verbose == 1, verbose == 2
        self._first, self._last = first_epoch, epochs
        self._began = self._shown = time.perf_counter()
        self._pace: tuple[float, float] | None = None  # when what share of it was done
        self._text = ""

    def show(self, finished: float, logs: Callable[[], Mapping[str, float]]) -> None:
        """Renew the live line: `finished` epochs in all, and the last one's figures so far.

        The time left is told from the second look on: before the first, kernels may have compiled.
        """
        now = time.perf_counter()
        share = (finished - self._first) / max(1, self._last - self._first)
        began, before = self._pace = self._pace or (now, share)
        if self._live and now - self._shown > 0.1:
            line = self._line(max(1, math.ceil(finished)), logs())
            if share > before:
                left = (now - began) * (1 - share) / (share - before)
                line += f"  {_duration(left)} left"
            self._write(line)
            self._shown = now

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, counted from 0, is done."""
        if self._plain:
            print(f"{self._line(epoch + 1, logs)}  {_duration(logs['seconds'])}", file=self._stream)
        self._final = (epoch + 1, dict(logs))

    def close(self) -> None:
        """Leave the last epoch's figures standing."""
        if self._live:
            if hasattr(self, "_final"):
                took = _duration(time.perf_counter() - self._began)
                self._write(f"{self._line(*self._final)}  {took}")
            if self._text:
                print(file=self._stream)

    def _line(self, epoch: int, logs: Mapping[str, float]) -> str:
        # what is left when the penalty is taken away is in the history: here 80 columns must do
        shown = ("loss", "penalty", "val_loss") if logs.get("penalty") else ("loss", "val_loss")
        keys = [key for key in shown if key in logs]
        figures = "".join(f"  {key} {logs[key]:.5g}" for key in keys)
        return f"epoch {epoch:{len(str(self._last))}d}/{self._last}{figures}"

    def _write(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        print("\r" + text.ljust(len(self._text)), end="", file=self._stream, flush=True)
        self._text = text


def check_verbose(verbose: object) -> str | int:
    """What `ProgressLine` knows; True and False are 1 and 0."""
    if isinstance(verbose, str) and verbose.lower() == "auto":
        return "auto"
    with contextlib.suppress(ValueError):
        return whole("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0, 2)
    raise ValueError(f'verbose must be "auto", 0, 1 or 2, but got {verbose!r}')


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
