"""What makes an autoencoder more than one that copies: each member of the family in its own file.

``variational`` draws a code from a normal distribution; ``penalised`` is a layer with a penalty of
its own kind, as that has. ``tied`` is a layer with the weights of another. ``top_k`` keeps the
largest numbers of a code, and ``active_units`` lets the dense layers around it compute with these
only. ``contractive`` has a penalty on the derivative of a code, which layers carry forward as
``derivatives`` says. ``corruption`` has damage that a denoising autoencoder learns to undo.
``rescaled`` says on which scale a model of pixels gives them back.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
