"""Every formula and its gradient; nothing about layers.

Read ``activations``, ``losses``, ``optimizers``, then ``penalties`` and ``initializers``.
"""
