"""How principal components are found, in NumPy alone.

Read ``moments`` (what is kept of data of any length), then ``solvers`` (which way is taken) and
``spectrum`` (what is found). The ways: ``eigenvectors`` of a matrix, ``deviations`` (products with
samples that are fewer than their features, or many of both), ``singular`` values, and ``jacobi``
(rotations, for columns of many scales). ``sparse`` reads matrices of scipy.sparse, ``sharing`` has
the cores work on parts of the data, and ``merging`` many ranks.
"""
