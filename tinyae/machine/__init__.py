"""How Python becomes fast code; knows nothing of networks.

Read ``jit`` (the kernel decorator), ``views`` (parts of arrays in kernels), ``calls`` (kernels
called by address), ``products`` (the matrix product) and ``blas`` (where it comes from), then
``elementary`` (exponential and logarithm); ``threads``, ``barrier`` and ``interruption`` are
for loops that share work.
"""
