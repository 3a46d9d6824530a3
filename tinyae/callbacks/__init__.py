"""What is called after each epoch of training.

Read ``callback`` (what one is, and how the way out of training is told), then ``early_stopping``
and ``model_checkpoint``.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
