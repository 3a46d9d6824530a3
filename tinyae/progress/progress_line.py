"""The line that `fit` shows while it trains."""

import contextlib
import math
import time
from collections.abc import Callable, Mapping

from ..checks.arguments import shown, whole
from ..checks.tables import figure
from .live_line import TIME_LEFT, LiveLine, columns, duration


class ProgressLine(LiveLine):
    """Epoch, losses and time left: one line that renews itself on a terminal, else a line an epoch.

    Parameters
    ----------
    verbose : "auto", 0, 1 or 2
        Nothing (0), the live line (1), a line per epoch (2); "auto" is 1 on a terminal, else 2.
    first_epoch, epochs : int
        The epochs done before, and after which to end.
    """

    def __init__(self, verbose: str | int, first_epoch: int, epochs: int):
        super().__init__(check_verbose(verbose), elsewhere=2)
        self._first, self._last = first_epoch, epochs
        self._final: tuple[int, dict[str, float]] = 0, {}
        self.reason = ""  # why training has stopped before its last epoch

    def show_epochs(self, finished: float, logs: Callable[[], Mapping[str, float]]) -> None:
        """Renew the live line: `finished` epochs in all, and the last one's figures so far.

        Beside them stand those of the last validation.
        """

        def text() -> str:
            validated = {k: v for k, v in self._final[1].items() if k.startswith("val_")}
            return self._line(max(1, math.ceil(finished)), {**validated, **logs()}, columns())

        self.show((finished - self._first) / max(1, self._last - self._first), text)

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch, counted from 0, is done."""
        if self.plain:
            line = self._line(epoch + 1, logs, math.inf)
            print(f"{line}  {duration(logs['seconds'])}", file=self.stream)
        self._final = (epoch + 1, dict(logs))

    def note(self, text: str) -> None:
        """Leave a line of what a callback has done standing, if there is one."""
        if text and (self.live or self.plain):
            self.clear()
            print(text, file=self.stream)

    def close(self) -> None:
        """Leave the last epoch's figures standing."""
        if self.live and self._final[1]:
            took = duration(time.perf_counter() - self.began)
            self.write(f"{self._line(*self._final, columns())}  {took}")
        if self.text:
            print(file=self.stream)
        if self.reason and (self.live or self.plain):
            print(self.reason, file=self.stream)

    def _line(self, epoch: int, logs: Mapping[str, float], room: float) -> str:
        """Columns that stand still, and leave room for the time; narrow terminals get fewer."""
        # what is left when the penalty is taken away is in the history: here 80 columns must do
        second = "kl" if "kl" in logs else "penalty" if logs.get("penalty") else "loss"
        known = dict.fromkeys(("loss", second, "val_loss", "val_kl"))
        cells = {key: f"  {key} {figure(logs[key]):8}" for key in known if key in logs}
        start = f"epoch {epoch:{len(str(self._last))}d}/{self._last}"
        for key in ("penalty", "val_kl", "kl", "val_loss"):
            if len(start) + sum(map(len, cells.values())) > room - TIME_LEFT:
                cells.pop(key, None)
        return start + "".join(cells.values())


def check_verbose(verbose: object) -> str | int:
    """What `ProgressLine` knows; True and False are 1 and 0."""
    if isinstance(verbose, str) and verbose.lower() == "auto":
        return "auto"
    with contextlib.suppress(ValueError):
        return whole("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0, 2)
    raise ValueError(f'verbose must be "auto", 0, 1 or 2, but got {shown(verbose)}')
