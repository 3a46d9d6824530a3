"""A trained model as a program of its own.

Read ``numpy_file``: one Python file that needs NumPy only; ``copied_functions`` brings along what
its lines call. ``c_files`` writes C99, in calls that ``c_calls`` has for each step, and
``onnx_file`` an ONNX graph; both with ``shapes``, what each step makes of the shape of a sample,
and ``constants``, the names of weights. ``exportable`` is how a model is asked for them.
"""
