"""How a network runs on the machine: as a table of operations in one compiled loop.

Read ``loop``, ``gradients`` and ``updates`` (the two parts of a step), then ``inference`` (the
forward pass alone), ``program`` (from layers to the table) and ``tuning`` (what was measured).
"""
