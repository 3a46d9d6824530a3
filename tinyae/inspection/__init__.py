"""Questions to a model.

Read ``check_gradients`` (is the backward pass right?) with its ``gradient_report``, ``trace`` (one
step from inside), ``compare_with_pca`` (how far from the linear optimum?) and ``anomalies`` (is
this sample strange, and why?).
"""
