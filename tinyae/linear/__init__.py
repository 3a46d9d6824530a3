"""Principal component analysis, in NumPy alone.

Read ``pca``, then ``moments`` (what it keeps of data of any length).
"""
