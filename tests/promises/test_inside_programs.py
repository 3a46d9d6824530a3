"""Use inside other programs: after fork, under spawn, and in Python's development mode."""

import os
import subprocess
import sys
import textwrap

import pytest

import tinyae as tae

# A program of its own: models of dense layers and of images, on two threads each.
PROGRAM = """
import os, signal, sys, threading, time, warnings
import numpy as np
import tinyae as tae
from tinyae.engine import tuning
tuning.THREAD_OPERATIONS = tuning.POOL_OPERATIONS = 1
x = np.random.default_rng(0).random((60, 8, 8, 1)).astype(np.float32)

def build(seed=0):
    convolution = tae.Conv2D(2, 3, padding="same", activation="relu")
    encoder = [convolution, tae.MaxPooling2D(), tae.Flatten(), tae.Dense(3)]
    decoder = [tae.Dense(64, "sigmoid"), tae.Reshape((8, 8, 1))]
    return tae.Autoencoder(encoder, decoder, loss="bce", seed=seed, threads=2)

def work(model, epochs=2):
    "The bytes of what it has learned and of its codes."
    model.fit(x, epochs=epochs, batch_size=16, verbose=0)
    return model.parameters.tobytes() + model.encode(x).tobytes()
"""

# For programs that fork
IN_A_CHILD = """
# newer Pythons warn whoever forks beside threads, which NumPy's BLAS has from the start
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)

def in_a_child(function):
    "What it gives there; killed rather than to wait for ever for a lock."
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(400)
        with open(theirs, "wb") as pipe:
            pipe.write(function())
        os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        result = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return result
"""
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run(code, *options, before="", folder=None, **environment):
    """Run the program in a process of its own, from a file; what it printed."""
    code = PROGRAM + before + textwrap.dedent(code)
    command = [sys.executable, *options, "-c", code]
    if folder is not None:
        (folder / "program.py").write_text(code)
        command[-2:] = [str(folder / "program.py")]
    path = os.path.dirname(tae.__path__[0])
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@forks
@pytest.mark.large
def test_a_forked_child_fits_and_encodes_as_its_parent_does():
    """Before the parent has used anything, after it, and in the middle of another thread's fit."""
    run(
        """
        first = in_a_child(lambda: work(build()))
        (np.ones((500, 500)) @ np.ones((500, 500))).sum()
        trained = build()
        assert work(trained) == first
        assert in_a_child(lambda: work(build())) == first
        twin = trained.copy()
        assert in_a_child(lambda: work(trained)) == work(twin)  # which is the parent's as it was
        assert trained.progress.epoch == 2

        stop = threading.Event()
        thread = threading.Thread(
            target=lambda: build(1).fit(
                x, epochs=10**6, verbose=0, callbacks=lambda epoch, logs: stop.is_set()
            )
        )
        thread.start()
        results = {in_a_child(lambda: work(build())) for _ in range(10)}
        stop.set()
        thread.join()
        assert results == {first}
        """,
        *("-W", "error"),
        before=IN_A_CHILD,
    )


@forks
@pytest.mark.large
def test_a_child_that_is_forked_in_a_callback_trains_on_as_its_parent_does():
    run(
        """
        ours, theirs = os.pipe()
        children = []

        def fork(epoch, logs):
            if epoch == 1:
                children.append(os.fork())
                if children[0] == 0:
                    signal.alarm(400)

        model, twin = build(), build()
        model.fit(x, epochs=4, batch_size=16, verbose=0, callbacks=fork)
        if children[0] == 0:
            os.write(theirs, model.parameters.tobytes())
            os._exit(0)
        os.close(theirs)
        with open(ours, "rb") as pipe:
            learned = pipe.read()
        assert os.waitpid(children[0], 0)[1] == 0
        work(twin, 4)
        assert learned == model.parameters.tobytes() == twin.parameters.tobytes()
        """,
        *("-W", "error"),
        before=IN_A_CHILD,
    )


@forks
@pytest.mark.large
def test_a_child_says_at_once_that_another_thread_had_been_training_its_model():
    run(
        """
        model, begun, stop = build(), threading.Event(), threading.Event()

        def wait(epoch, logs):
            begun.set()
            return stop.is_set()

        def refused():
            try:
                return model.fit(x, verbose=0)
            except RuntimeError as error:
                return str(error).encode()

        arguments = {"epochs": 10**6, "verbose": 0, "callbacks": wait}
        thread = threading.Thread(target=model.fit, args=(x,), kwargs=arguments)
        thread.start()
        begun.wait()
        said = in_a_child(refused)
        learned = in_a_child(lambda: work(model.copy()))
        stop.set()
        thread.join()
        assert b"is being trained already" in said, said
        assert np.isfinite(np.frombuffer(learned, np.float32)).all()
        """,
        *("-W", "error"),
        before=IN_A_CHILD,
    )


@forks
@pytest.mark.large
@pytest.mark.parametrize("doing", ["importing", "building", "compiling"])
def test_a_fork_waits_for_a_thread_that_is(doing, tmp_path):
    """In the middle of what would never end in the child."""
    run(
        """
        ready = threading.Event()

        def halfway():
            ready.set()
            time.sleep(0.5)  # in which the fork begins

        if doing == "importing":
            os.mkdir(folder)
            with open(folder + "/slow_name.py", "w") as file:
                file.write("import __main__; __main__.halfway(); found = b'found'")
            with open(folder + "/__init__.pyi", "w") as file:
                file.write("from .slow_name import found as found")
            open(folder + "/__init__.py", "w").close()
            sys.path.insert(0, os.path.dirname(folder))
            from tinyae.checks.public_names import find
            use = lambda: find("found", os.path.basename(folder))
        elif doing == "building":
            class Slow(tae.RandomNormal):
                def __call__(self, *arguments):
                    halfway()
                    return super().__call__(*arguments)

            slow = tae.Autoencoder(
                [tae.Flatten(), tae.Dense(2, kernel_initializer=Slow())], [tae.Dense(64)]
            )
            use = lambda: slow.encode(x).tobytes()
        else:
            from numba.extending import overload

            def constant():
                return 3

            @overload(constant)
            def compiled_as():
                halfway()  # while types are found, by the thread that compiles
                return lambda: 3

            @tae.kernel
            def slow_kernel(y):
                y[0] = constant()

            def use():
                y = np.zeros(1)
                slow_kernel(y)
                return y.tobytes()

        thread = threading.Thread(target=use)
        thread.start()
        ready.wait()
        assert in_a_child(use) == use()
        thread.join()
        """,
        *("-W", "error"),
        before=IN_A_CHILD + f"doing, folder = {doing!r}, {str(tmp_path / 'p')!r}\n",
    )


@pytest.mark.large
def test_a_model_goes_to_spawned_processes_and_works_there(tmp_path):
    run(
        """
        if __name__ == "__main__":
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor
            begun = build()
            work(begun)
            models = [begun, build(1)]
            expected = [work(model.copy()) for model in models]
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                assert list(pool.map(work, models)) == expected
            assert begun.progress.epoch == 2
        """,
        *("-W", "error"),
        folder=tmp_path,
    )


@pytest.mark.large
def test_a_whole_session_warns_of_nothing(tmp_path):
    """In Python's development mode, which also tells of files that are left open."""
    run(
        """
        import pickle
        model = build()
        path = sys.argv[0] + ".npz"
        model.fit(x, epochs=2, validation_data=x[:5], verbose=0,
                  callbacks=[tae.ModelCheckpoint(path, save_best_only=True)])
        for other in (model, pickle.loads(pickle.dumps(model)), tae.load(path)):
            other.decode(other.encode(x)), other.reconstruct(x), other.evaluate(x)
            other.reconstruction_error(x), other.reconstruction_error(x, per_feature=True)
            other.loss_and_gradient(x[:5], training=True)
        tae.check_gradients(model, x[:2])
        model.export_numpy(sys.argv[0] + ".exported")
        flat = x.reshape(60, -1)
        tae.PCA(2).fit(flat).save(path)
        tae.load(path).reconstruct(flat)
        tae.latent_diagnostics(model.encode(x)), tae.trace(model, x[:4])
        tae.interpolate(model, x[0], x[1], 3)
        tae.generate(model, tae.GaussianSampler().fit(model.encode(x)), 3)
        try:
            tae.Autoencoder([tae.Dense(3)], [tae.Dense(64)], optimizer=tae.SGD(1e9)).fit(
                flat, epochs=9, verbose=0
            )
        except tae.TrainingDiverged:
            pass
        """,
        *("-W", "error", "-X", "dev"),
        folder=tmp_path,
        PYTHONTRACEMALLOC="0",
    )
