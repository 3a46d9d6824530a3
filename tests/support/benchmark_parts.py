"""Contenders for the tests of the benchmarks: each goes wrong in its own way."""

import os
import subprocess
import sys
import time

bytearray(200_000_000)  # what an import needs for a moment


def touch():
    """Nothing is put off."""


class Right:
    """Does nothing, which is always right."""

    def __init__(self, workload, data, weights):
        self.data, self.weights = data, weights

    def run(self, count):
        pass

    def check(self):
        return [float(self.data.sum()), len(self.weights)]


class Raises(Right):
    """Says what is wrong."""

    def run(self, count):
        raise MemoryError("no room\nfor a second line")


class Dies(Right):
    """Ends without a word."""

    def run(self, count):
        os._exit(3)


class Hangs(Right):
    """Never comes back, and has started a process of its own."""

    def __init__(self, workload, data, weights):
        print("what libraries print is no answer", flush=True)
        self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    def run(self, count):
        time.sleep(600)

    def check(self):
        return [self.child.pid]


class Stretches(Right):
    """Works in stretches of four."""

    stretch = 4

    def __init__(self, workload, data, weights):
        self.counts = []

    def run(self, count):
        self.counts.append(count)

    def check(self):
        return self.counts


class Wrong(Right):
    """Differs a little."""

    def check(self):
        return [number * 1.0002 for number in super().check()]


class Tires(Right):
    """Goes on for a while only."""

    left = 3

    def run(self, count):
        self.left -= 1
        if self.left < 0:
            raise ValueError("enough")


class Hungry(Right):
    """Takes memory that it gives back."""

    def run(self, count):
        bytearray(60_000_000)
