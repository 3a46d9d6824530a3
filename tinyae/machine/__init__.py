"""How Python becomes fast code; knows nothing of networks.

Read ``jit`` (the kernel decorator), ``views`` (parts of arrays in kernels), ``basics`` (min, max
and empty for kernels), ``calls`` (kernels called by address), ``symbols`` (kernels whose code is
there once, whoever calls them), ``references`` (tuples passed on by where they are) and
``products`` (the three matrix products), then ``elementary`` (exponential and logarithm).
``barrier`` is for loops that share work, ``aligned`` makes arrays whose rows begin where the
cache's lines do, and ``cache`` keeps compiled kernels.
"""
