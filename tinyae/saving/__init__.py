"""What a file holds of a model, in each version of the format.

``document`` is for autoencoders, ``saved`` for a PCA.
"""
