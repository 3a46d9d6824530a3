"""What makes an autoencoder more than one that copies: each member of the family in its own file.

``variational`` draws a code from a normal distribution; ``penalised`` is a layer with a penalty of
its own kind, as that has. ``corruption`` has damage that a denoising autoencoder learns to undo.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
