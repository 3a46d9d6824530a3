"""Training dense models by tiles, in float32, where they win over BLAS.

Large ones, with AVX-512: nothing is packed that is used once, W is read once for two products, and
no vector of gradients goes through the memory. Tiny ones, with AVX2: their products are too small
for BLAS, and their rows for vectors.

Read ``by_units`` (large models, whose units are shared between threads), with ``by_rows`` for what
stands between their dense layers, and ``in_lanes`` (tiny ones, whose samples lie side by side in
vectors); ``choice`` says which models these are.
"""
