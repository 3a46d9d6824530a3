"""One training on many ranks: each mini-batch is shared, and all take the same step.

Read ``rank_trainer`` (a step), ``shares`` (whose rows they are), ``rank_training`` (the loop over
epochs), ``merged_figures`` (the loss of a model, by all) and ``same_model`` (what must be alike).
"""
