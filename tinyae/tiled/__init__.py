"""Training dense models by tiles: products that are too large or too small for BLAS to be fast.

In float32; the large ones need a processor with AVX-512, the small ones AVX2.

Read ``by_units`` (large models, whose units are shared between threads), with ``by_rows`` for what
stands between their dense layers, and ``in_lanes`` (tiny ones, whose samples lie side by side in
vectors); ``choice`` says which models these are.
"""
