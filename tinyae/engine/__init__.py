"""How a network runs on the machine: as a table of operations that one compiled loop goes through.

Read ``loop``, then ``program`` (from layers to the table), ``signatures`` (how kernels are
called) and ``folding`` (two layers as one operation).
"""
