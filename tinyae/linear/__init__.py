"""Principal component analysis, in NumPy alone.

Read ``pca``, then ``solvers`` (which way its components are found), ``moments`` (what is kept of
data of any length) and ``jacobi`` (rotations, for columns of many scales).
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
