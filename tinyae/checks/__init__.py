"""The door: what users bring is checked and laid out in one place each.

Read ``arrays`` (data) with ``guises`` (what is no array yet), ``rows`` (what is in no memory),
``sample_weights`` (how much each counts) and ``operands`` (of one part alone), then ``arguments``
(single values and names), ``reach`` (outputs that can never be their targets), ``floating_point``
(what overflows), ``memory`` (what does not fit), ``tables`` (columns for a terminal),
``attributes`` (checked at every assignment),
``hints`` (of unknown names) with ``spelling``, ``foreign_names`` and ``foreign_arguments`` (what
other libraries call it), ``handed_out`` (arrays that go the other way), ``undo`` (a refused call
changes nothing), ``public_names`` (imported on first use), ``overridden`` (what a
layer's class defines anew), ``n_components`` (of PCA), ``extras`` (what is optional), ``code``
(what a function refers to), ``places`` (of files to write) and ``forks`` (processes that split
while others work).
"""
