"""What a model is, apart from what is done with it.

Read ``backprop`` (backpropagation, all of it), ``sequential`` (a chain of layers), ``chain`` (how a
sigmoid and its loss are one), ``network`` (encoder, decoder and one vector of weights) and
``history``. What a file keeps of it stands in ``saving``.
"""
