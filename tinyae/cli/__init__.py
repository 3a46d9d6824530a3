"""The command line.

Read ``parser`` (commands and their options), ``commands`` (what they do), ``demo`` and ``explore``.
"""
