"""Every formula and its gradient; nothing about layers.

Read ``activations``, ``losses``, ``optimizers`` with ``clipping`` and ``schedules``, then
``penalties``, ``constraints`` and ``initializers``; ``loss`` is the contract of a loss; ``plain``
says activations and losses in NumPy, ``formula`` as text, and ``with_kernel`` is what losses,
penalties and optimizers share.
"""
