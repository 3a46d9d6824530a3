"""How the numbers change.

Read ``eager`` (a step, layer by layer) and ``compiled`` (steps in the engine), then ``fit`` (the
loop over epochs), ``pace``, ``evaluate``, ``gradient``, ``divergence``, ``alone`` (one training at
a time) and, for loops of one's own, ``one_step``. Which samples a step takes stands in ``feeding``.
"""
