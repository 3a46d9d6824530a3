"""How Python becomes fast code; knows nothing of networks.

Read ``jit`` (the kernel decorator), ``views`` (parts of arrays in kernels), ``calls`` (kernels
called by address), ``products`` (the three matrix products) and ``blas`` (where they come from, or
else ``scipy_blas`` or ``portable``, by the ``verdict`` on which is faster), then ``elementary``
(exponential and logarithm). ``threads``, ``barrier`` and ``interruption`` are
for loops that share work; ``cache`` keeps compiled kernels, in one of ``folders``; ``numba_parts``
are those that Numba does not promise to keep.
"""
