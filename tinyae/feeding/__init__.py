"""Which samples a step takes, and how much each counts.

Read ``given`` (the data of a fit), ``batches`` (the order of samples) or ``stream`` (those of an
iterator), then ``weighting``.
"""
