"""One file for each kind of layer: mathematics, class, and what the engine needs of it.

Read ``dense``, then ``convolution`` and ``transposed_convolution`` with ``windows`` (sizes) and
``im2col``; ``pooling``, ``borders``, ``reshaping``, ``rescaling`` and ``noise`` have no weights;
``mending`` says what brings a size back.
``layer`` is the contract of them all, with ``weights`` by name, ``building`` and the checks of its
``passes``, and ``affine`` that of layers with a kernel and a bias; ``record`` and ``kernels`` are
what the engine runs, ``upsampled_convolution`` is two layers in one.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
