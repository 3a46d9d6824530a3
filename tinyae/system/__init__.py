"""What the machine and Numba give, before any code is compiled.

``threads`` are the cores and who may use them, ``interruption`` holds Ctrl-C until a loop can stop,
``folders`` are where files are kept, and ``numba_parts`` those parts of Numba that it does not
promise to keep.
"""
