"""Who is measured: each library's ways to do the workloads, in a file named after it.

In this order: `table` (all of them), `rules` (what each keeps to), `numpy_` (the plainest),
`tinyae_` (whose answers the others must agree with), and the peers.
"""
