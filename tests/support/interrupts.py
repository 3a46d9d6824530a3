"""Ctrl-C at a place that is counted, whatever the clock says."""

import signal
import sys
from pathlib import Path

import tinyae

PACKAGE = str(Path(tinyae.__file__).parent)


class InterruptAtCall:
    """A profiler that raises SIGINT at the n-th place in tinyae where Python would hear of one.

    Python looks for signals when one of its functions begins and when one written in C returns.
    """

    def __init__(self, place):
        self.place, self.places, self.where = place, 0, ""

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event not in ("call", "c_return") or not code.co_filename.startswith(PACKAGE):
            return
        if code.co_name == "<genexpr>":  # one may be closed just now, where no error can be raised
            return
        self.places += 1
        if self.places == self.place:
            self.where = f"{Path(code.co_filename).name}:{frame.f_lineno}"
            signal.raise_signal(signal.SIGINT)


def interrupted_at(place, function):
    """Call a function, with Ctrl-C at the given place; how many places there were, and where."""
    profile, before = InterruptAtCall(place), sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(before)
    return profile
