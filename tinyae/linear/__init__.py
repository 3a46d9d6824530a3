"""Principal component analysis, in NumPy alone: ``pca`` is the model.

How its components are found stands in ``decomposition``.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
