"""How the numbers change.

Read ``trainers`` (steps, compiled or layer by layer), ``fit`` (the loop over epochs),
``batches`` (the order of samples), ``callbacks`` and ``evaluate``.
"""
