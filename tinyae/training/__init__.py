"""How the numbers change.

Read ``eager`` (a step, layer by layer) and ``compiled`` (steps in the engine), then ``fit`` (the
loop over epochs), ``pace``, ``evaluate``, ``gradient``, ``divergence``, ``alone`` (one training at
a time) and, for loops of one's own, ``one_step``. Which samples a step takes stands in ``feeding``.

A step from `fit` down: ``fit`` (a stretch of mini-batches), ``compiled`` (which way, and the run's
arrays), ``engine.loop`` (the loop), ``engine.gradients``, the layers' own kernels, and
``engine.updates``; by units and in lanes ``tiled`` in place of the last three.
"""
