"""The command line.

Read ``parser`` (commands and their options), ``train`` and ``commands`` (what they do), ``chosen``
and ``results`` (the files that they read and write), ``demo``, ``explore``, ``warm`` (what compiles
ahead), ``installation`` (what there is to say of it) and ``terminal`` (how lines fit into one).
"""
