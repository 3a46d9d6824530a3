"""A trained model as a program of its own.

Read ``numpy_file`` (one Python file), then ``numpy_layers`` (the functions that it may call).
"""
