"""Principal component analysis, in NumPy alone.

Read ``pca``, then ``solvers`` (which way its components are found), ``moments`` (what is kept of
data of any length) and ``spectrum`` (what is found). The ways: ``eigenvectors`` of a matrix,
``deviations`` (products with samples that are fewer than their features, or many of both),
``singular`` values, and ``jacobi`` (rotations, for columns of many scales). ``sparse`` reads
matrices of scipy.sparse, ``sharing`` has the cores work on parts of the data, and ``saved`` is what
files hold.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
