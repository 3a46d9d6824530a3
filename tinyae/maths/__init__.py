"""Every formula and its gradient; nothing about layers.

Read ``activations``, ``losses``, ``optimizers``, then ``penalties`` and ``initializers``; ``plain``
says activations and losses in NumPy, ``formula`` as text.
"""
