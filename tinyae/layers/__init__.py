"""One file for each kind of layer, complete: mathematics, class, and what the engine needs of it.

Read ``dense``, then ``convolution`` with ``windows``; ``pooling``, ``reshaping`` and ``noise``
have no weights. ``layer`` is the contract of them all, ``record`` what their kernels know of a
layer.
"""
