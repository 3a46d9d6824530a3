"""Where matrix products come from.

``blas`` looks for the routine that NumPy brings; where there is none, ``scipy_blas`` is SciPy's,
and ``portable`` a product in blocks of its own. ``verdict`` says which is faster.
"""
