"""What shows how noisy the machine was; it is run as contenders are, and is none."""

import numpy as np


def touch():
    """Nothing is put off."""


class Control:
    """A fixed product: the same work in every round."""

    def __init__(self, workload, x, weights):
        self.x = np.ones((600, 600), np.float32)

    def run(self, count):
        for _ in range(count):
            self.x @ self.x
