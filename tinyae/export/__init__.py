"""A trained model as a program of its own.

Read ``numpy_file``: one Python file that needs NumPy only; ``copied_functions`` brings along what
its lines call.
"""
