"""Pages are read and written by two processes, without being asked for by ``-j 2``.

Before, and alone, the page is read that measures times. What it loads, as compiled kernels, the two
then have: they are copies of this process. There each model trains on one thread.
"""

import sys

from sphinx import builders

from tinyae.system import threads

MEASURES = "learn/compiled"


def one_alone(app, env, names):
    """Read what measures; every other page after it is then read here, and every other there."""
    if MEASURES in names:
        names.remove(MEASURES)
        app.builder.read_doc(MEASURES)
    _, of_blas = threads.thread_functions(threads.libraries())
    if of_blas:
        of_blas(1)
    threads.available = lambda: 1
    usual, builders.make_chunks = builders.make_chunks, lambda names, _: [names[::2], names[1::2]]

    def in_chunks(app, env):  # of usual size, which are written while the next is made ready
        builders.make_chunks, app.parallel = usual, 3

    app.connect("env-updated", in_chunks)


def setup(app):
    if sys.platform == "linux" and threads.available() > 1:  # elsewhere copying is not safe
        app.parallel = 2
        app.connect("env-before-read-docs", one_alone)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
