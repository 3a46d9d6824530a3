"""Questions to a model.

Read ``check_gradients`` (is the backward pass right?), ``trace`` (one step from inside) and
``compare_with_pca`` (how far from the linear optimum?).
"""
