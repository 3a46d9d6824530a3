"""Signals at places that are counted, whatever the clock says."""

import inspect
import signal
import sys
from pathlib import Path

import tinyae

PACKAGE = str(Path(tinyae.__file__).parent)


class Timeout(Exception):
    """What a handler of an alarm raises."""


class SignalsAtPlaces:
    """A profiler that raises signals at given places in tinyae where Python would hear of one.

    Python looks for signals when one of its functions begins and when one written in C returns.
    """

    def __init__(self, signals):
        self.signals, self.places, self.where = signals, 0, []

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event not in ("call", "c_return") or not code.co_filename.startswith(PACKAGE):
            return
        if event == "call" and code.co_flags & inspect.CO_GENERATOR:
            return  # an error may be thrown into it just now: it would run no further, not even out
        self.places += 1
        if self.places in self.signals:
            self.where.append(f"{Path(code.co_filename).name}:{frame.f_lineno}")
            signal.raise_signal(self.signals[self.places])


def interrupted_at(place, function):
    """Call a function, with Ctrl-C at the given place, or a signal at each place of a dict.

    How many places there were, and where it was.
    """
    signals = place if isinstance(place, dict) else {place: signal.SIGINT}
    profile, before = SignalsAtPlaces(signals), sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    except (KeyboardInterrupt, Timeout):
        pass
    finally:
        sys.setprofile(before)
    return profile
