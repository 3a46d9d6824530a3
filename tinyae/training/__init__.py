"""How the numbers change.

Read ``eager`` (a step, layer by layer) and ``compiled`` (steps in the engine), then ``fit`` (the
loop over epochs) with ``given`` (its data), ``batches`` (the order of samples) or ``stream`` (those
of an iterator), ``weighting``, ``evaluate``, ``gradient``, ``divergence`` and, for loops of one's
own, ``one_step``.
"""
