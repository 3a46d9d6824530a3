"""Data to try an autoencoder on: real handwritten digits, and points in the plane.

====================  ==========================================================================
`mnist_mini`          7,000 real MNIST images that come with the package: no download
`mnist`               all 70,000, from a folder, the user's cache or a public mirror
`load_idx`            any file in MNIST's own format (Fashion-MNIST, EMNIST, KMNIST, your own)
`two_gaussians`       two elongated clouds of points that overlap along one axis
`sine_curve`          noisy points along a curve: one hidden coordinate in two dimensions
====================  ==========================================================================

Read ``digits`` and ``fetch`` (where MNIST comes from), ``idx`` (its format), ``synthetic`` (made
data), ``missing`` (values) and, for the command line, ``samples`` (files of other formats),
``csv_file`` (text) and ``columns`` (which of them).
"""

from ..checks.public_names import explaining
from .digits import mnist, mnist_mini
from .idx import load_idx
from .synthetic import sine_curve, two_gaussians

__all__ = ["load_idx", "mnist", "mnist_mini", "sine_curve", "two_gaussians"]
__getattr__ = explaining(__name__)
