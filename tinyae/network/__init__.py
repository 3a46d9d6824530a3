"""What a model is, apart from what is done with it.

Read ``sequential`` (a chain of layers), ``network`` (encoder, decoder and one vector of weights),
``admission`` (data held against a model) and ``history``.
"""
