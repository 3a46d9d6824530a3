"""One training on many ranks: each mini-batch is shared, and all take the same step.

Read ``rank_trainer`` (a step), ``shares`` (whose rows they are), ``rank_training`` (the loop over
epochs), ``merged_figures`` (the loss of a model, by all) and ``same_model`` (what must be alike).
What one rank fails with is heard by all: see the folder of ranks.

A step is one process's: noise and dropout go by a sample's position in the whole mini-batch, losses
and penalties are divided by all samples, or all weights, and what penalises or clips is done to the
sum of the gradients. A loss of one's own must be the mean over its samples.
"""
