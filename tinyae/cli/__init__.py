"""The command line.

Read ``parser`` (commands and their options), ``commands`` (what they do), ``results`` (the files
that they write), ``demo``, ``explore``, ``installation`` (what there is to say of it) and
``terminal`` (how lines fit into one).
"""
