"""What was measured to be fast: the engine's numbers, in one place."""

ALIGNMENT = 16  # numbers: buffers begin at a cache line
CHUNK_BYTES = 4 << 20  # a chunk's activations; more would fall out of the cache

# Inference
DENSE_CHUNK = 4  # times as many bytes, since BLAS packs all weights again for each chunk
CALL_OPERATIONS = 2e9  # in one call: tens of milliseconds, so that Ctrl-C is heard
CALL_NUMBERS = 1e6  # converted for one call: a memory map is never copied whole
POOL_OPERATIONS = 1e7  # for each thread: below, starting it costs more

# Training
THREAD_OPERATIONS = 1e6  # of a step, for each thread: below, meeting costs more than it brings
APART_PARAMETERS = 1 << 18  # below, vectors of gradients stay in the cache
UNITS_PARAMETERS = 1 << 16  # below, threads wait for each other longer than tiles win
UNITS_ROWS = 8  # samples: below, W takes longer to pack than to use
UNITS_BYTES = 16 << 20  # of all samples' outputs, and two gradients: all threads read them
LANES_UNITS = 64  # in wider layers a vector of their own units is as good
LANES_OPERATIONS = 300  # for each input and output: below, turning samples takes longer
LANES_ROWS = 24  # samples: below, most of the lanes are empty
LANES_BYTES = 1 << 19  # of a thread's activations, all of which are kept
UPDATE_BLOCK = 1 << 14  # parameters that are summed and stepped while they are in the cache
UPDATE_ROWS = 64  # of weights at least, where gradients are computed apart: for fewer BLAS is slow
STRETCH_SECONDS = 0.2  # of compiled work between two looks at progress, Ctrl-C and the losses
STRETCH_PARAMETERS = 1 << 21  # for so many it takes as long again, since all are remembered before
STRETCH_BYTES = 16 << 20  # of gathered samples
STRETCH_ROWS = 1 << 20  # where they are not gathered
