"""What is called after each epoch of training.

Read ``callback`` (what one is, and how the way out of training is told), then ``early_stopping``,
``model_checkpoint`` and ``reduce_lr_on_plateau``; ``learning_rates`` are for the history.
"""

from ..checks.public_names import explaining

__getattr__ = explaining(__name__)
