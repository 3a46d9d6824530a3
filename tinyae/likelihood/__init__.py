"""What a variational autoencoder says of data as a density: its likelihood.

``bounds`` has the formulas, ``density`` the methods of a model.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
