"""How a network runs on the machine: as a table of operations in one compiled loop.

Read ``loop``, then ``program`` (from layers to the table) and ``tuning`` (what was measured).
"""
