"""Matrix products that stay in the processor's registers, where BLAS is slow with their shapes.

Read ``strips`` (how matrices lie in memory), ``tiles`` (products with columns in the lanes),
``matrices`` (the same for matrices as BLAS takes them, and which of the two does) and ``dots``
(products with the side that is summed over in the lanes).
"""
