"""Histories: what may happen to models that share parts, as data; and a world that executes them.

A history is a list of steps, each the name of a method of `World` and its arguments, small numbers
that are taken modulo what there is. After every step `tests.support.invariants` looks the world
over. What is tried is the tinyae of the interpreter that runs it: see `tests.support.fork_server`.
"""

import copy
import os
import pickle
import signal
import tempfile
import threading
from pathlib import Path

import numpy as np

import tinyae as tae
from tests.support.assignments import assign, change, misuse
from tests.support.invariants import Broken, check_world, look, state_of
from tests.support.subjects import try_everything
from tests.support.world_parts import (
    CODE,
    CUSTOM,
    DOING,
    DTYPES,
    ENCODERS,
    FEATURES,
    BadCallback,
    Countdown,
    X,
    dense,
    made,
    new_model,
    pick,
    replay,
)

DOING["change"] = change
REFUSALS = (ValueError, TypeError, AttributeError)
COPIES = [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
MOST = 4  # models, and chains


def execute(history):
    """What is broken after the steps, as [kind, what, step]; or None."""
    world, step = World(), None
    try:
        for step in history:
            world.take(*step)
            check_world(world)
        step = None
        for each in world.models:
            each.compare()
    except Broken as broken:
        return [*broken.args, step]
    except Exception as error:
        return ["an error", f"{type(error).__name__}: {error}", step]
    return None


def warm_up():
    """Compile what histories need, once for all."""
    for i in range(len(ENCODERS) * 3):
        for dtype in (0, 1):
            ae = new_model(i, i, i, i + i // 3, dtype, i, 1)
            ae.fit(X, epochs=2, batch_size=5, verbose=0)
            ae.encode(X), ae.reconstruct(X), ae.evaluate(X), ae.loss_and_gradient(X)


class Model:
    """A model, and its journal, from which another comes to the same numbers; None if unknown."""

    def __init__(self, ae, journal):
        self.ae, self.journal = ae, journal

    def do(self, what, **arguments):
        """Do it, and note it in the journal."""
        DOING[what](self.ae, **arguments)
        if self.journal is not None:
            self.journal.append((what, arguments))

    def compare(self):
        """A model that is trained afresh with the same history is equal in every byte."""
        if self.journal is not None and self.ae.built:
            twin = replay([*self.journal, ("build", {})])
            if twin.parameters.tobytes() != self.ae.parameters.tobytes():
                raise Broken("not as trained afresh", str(self.journal))


class World:
    """Models and chains, and the steps that may be taken with them."""

    def __init__(self):
        self.models: list[Model] = []
        self.chains: list[tae.Sequential] = []

    def take(self, name, *arguments):
        """Take a step; it may be refused where a model is to be built of what another has."""
        before = state_of(self)
        try:
            getattr(self, name)(*arguments)
        except ValueError as error:
            if "already belongs to a model" not in str(error):
                raise
            look(before, state_of(self), "a refused call changed")

    def model(self, index):
        if not self.models:
            self.new(index, index, 0, 0, 0, 0, 1)
        return pick(self.models, index)

    def chain(self, index):
        if not self.chains:
            self.new_chain(index, 1)
        return pick(self.chains, index)

    def part(self, source, index):
        return self.model(index).ae.encoder if source else self.chain(index)

    def add(self, ae, journal=None):
        self.models = [*self.models[-MOST + 1 :], Model(ae, journal)]

    def add_chain(self, chain):
        self.chains = [*self.chains[-MOST + 1 :], chain]

    def refused(self, call, word):
        """The call is refused by name, and has changed nothing in any object."""
        before = state_of(self)
        try:
            call()
        except REFUSALS as error:
            if word not in str(error):
                raise Broken("refused without a name", f"{word!r}: {error}") from None
        else:
            raise Broken("not refused", word)
        finally:
            look(before, state_of(self), "a refused call changed")

    # Steps that make models

    def new(self, *numbers):
        self.add(new_model(*numbers), [numbers])

    def new_chain(self, recipe, built):
        chain = tae.Sequential(made(ENCODERS, recipe))
        if built:
            chain.build((FEATURES,), pick(DTYPES, built), seed=recipe)
        self.add_chain(chain)

    def compose(self, source, index, form, fault, built):
        """A model around a part of another, or around a chain; it may be refused."""
        part = self.part(source, index)
        before = part.parameters.copy() if part.built else None
        whole = [
            *(lambda: part, lambda: part.layers, lambda: [part], lambda: tae.Sequential([part])),
            *(lambda: [part.copy()], lambda: part.copy(), lambda: [*part.layers, dense(CODE)]),
        ]
        options = {"threads": 1, "dtype": part.dtype if part.built else "float64"}
        decoder = [dense(FEATURES)]
        if built:
            options["input_shape"] = (FEATURES,)
        fault = pick(
            ["", "", "loss", "optimizer", "seed", "threads", "input_shape", "decoder"], fault
        )
        if fault == "decoder":
            decoder = [3]
        elif fault == "input_shape":
            options[fault] = (0,)
            if part.built:
                options[fault] = (FEATURES + 3,)
        elif fault:
            options[fault] = -1
        state = state_of(self)
        try:
            ae = tae.Autoencoder(pick(whole, form)(), decoder, **options)
        except REFUSALS:
            look(state, state_of(self), "a refused call changed")
            return
        if fault:
            raise Broken("not refused", f"Autoencoder with {fault}: {options}")
        if before is not None and ae.built:
            kept = ae.parameters[: before.size]
            if kept.tobytes() != before.astype(ae.dtype).tobytes():
                raise Broken("lost", "a pretrained part is not what it was")
        self.add(ae)

    def copy_model(self, index, how):
        model = self.model(index)
        twin = pick([*COPIES, lambda ae: ae.copy()], how)(model.ae)
        self.add(twin, None if model.journal is None else list(model.journal))

    def copy_dtype(self, index, dtype):
        self.add(self.model(index).ae.copy(pick(DTYPES, dtype)))

    def copy_chain(self, index, how, source):
        self.add_chain(pick([*COPIES, lambda one: one.copy()], how)(self.part(source, index)))

    def copy_layer(self, index, layer, how):
        """A copy owns its weights."""
        original, before = pick(self.model(index).ae.layers, layer), state_of(self)
        twin = pick(COPIES, how)(original)
        for array in [*twin.weights.values(), *twin.gradients.values()]:
            array[...] = 7
        if original.built:
            twin.forward(np.zeros((2, *original.input_shape), original.dtype))
        look(before, state_of(self), "writing to a copy changed")

    def reload(self, index, training_state):
        model = self.model(index)
        if not model.ae.built:
            return self.refused(lambda: model.ae.save("/nowhere/model"), "built")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            model.ae.save(path, training_state=bool(training_state))
            twin = tae.load(path, custom=CUSTOM, threads=model.ae.threads)
        if twin.parameters.tobytes() != model.ae.parameters.tobytes():
            raise Broken("lost", "a file has other parameters")
        self.add(twin, list(model.journal) if model.journal and training_state else None)
        return None

    # Steps that use them

    def fit(self, index, epochs, batch_size):
        self.model(index).do("fit", epochs=epochs, batch_size=batch_size)

    def write(self, index, seed):
        self.model(index).do("write", seed=seed)

    def change(self, index, what):
        """One of the things that may change."""
        self.model(index).do("change", setting=what)

    def assign(self, index, place, attribute, value):
        """Whatever may be assigned to: it takes effect, or is refused by name."""
        model = self.model(index)
        model.do("build")
        before = state_of(self)
        if assign(model.ae, place, attribute, value):
            model.journal = None
        else:
            look(before, state_of(self), "a refused assignment changed")

    def everything(self, subject):
        """Assign every value to every attribute of one of the public classes."""
        try_everything(subject)

    def misuse(self, index, array, method):
        """What an array that is handed out lets one do to itself: nobody else sees it."""
        self.model(index).do("build")
        before = state_of(self)
        misuse(self.model(index).ae, array, method)
        look(before, state_of(self), "an array that was handed out changed")

    def refuse(self, index, case):
        ae = self.model(index).ae
        wide, nan, few = np.ones((10, FEATURES + 1)), np.full((10, FEATURES), np.nan), X[:3]
        fits = [
            *(((nan,), {}, "x"), ((X, wide), {}, "y"), ((X, few), {}, "y")),
            *(((X,), {"validation_data": bad}, "validation_data") for bad in (nan, wide, (X, few))),
            *(
                ((X,), {"callbacks": bad}, "callbacks")
                for bad in (5, [None], [object()], [tae.EarlyStopping], [lambda: None], "ab")
            ),
            ((X,), {"callbacks": [BadCallback()]}, "set_model"),
            *(((X,), {name: -1}, name) for name in ("epochs", "batch_size", "steps_per_epoch")),
            *(((X,), {name: 3}, name) for name in ("shuffle", "verbose")),
        ]
        others = [
            *(lambda: ae.evaluate(X, wide), lambda: ae.reconstruction_error(X, few)),
            *(lambda: ae.loss_and_gradient(nan), lambda: ae.loss_and_gradient(X, wide)),
            *(lambda: ae.encode(nan), lambda: ae.encode([["a"]]), lambda: ae.copy("float16")),
            lambda: ae.build((0,)),
            lambda: tae.Autoencoder(ae.layers[:1], [dense(FEATURES)], loss="nope"),
            lambda: tae.Autoencoder(ae.encoder, [], input_shape=(FEATURES,)),
        ]
        case %= len(fits) + len(others)
        if case < len(fits):
            arrays, options, word = fits[case]
            options = {"verbose": 0, "initial_epoch": 7, **options}
            self.refused(lambda: ae.fit(*arrays, **options), word)
        else:
            self.refused(others[case - len(fits)], "")

    def interrupt_build(self, index, count, source):
        """Ctrl-C in one of the initializers: nothing has been built, and a retry does as ever."""
        model = self.model(index) if source else None
        part = model.ae if source else self.chain(index)
        before = state_of(self)
        if part.built:
            return
        Countdown.left = 1 + count % 3
        try:
            if source:
                pick([part.encode, lambda x: part.fit(x, verbose=0, initial_epoch=3)], count)(X)
            else:
                part.build((FEATURES,))
        except KeyboardInterrupt:
            look(before, state_of(self), "an interrupted build changed")
        else:
            if source:
                model.journal = None
        finally:
            Countdown.left = 0

    def interrupt_callback(self, index, epoch, error):
        """An exception out of a callback: the epochs before it count."""
        model, error = self.model(index), pick([KeyboardInterrupt, RuntimeError, SystemExit], error)
        began, epochs = model.ae.progress.epoch, 1 + epoch % 3

        def callback(number, logs):
            if number - began == epochs - 1:
                raise error

        twin = model.ae.copy()
        try:
            model.ae.fit(X, epochs=5, batch_size=5, verbose=0, callbacks=callback)
        except error:
            pass
        else:
            raise Broken("lost", "an exception out of a callback")
        twin.fit(X, epochs=epochs, batch_size=5, verbose=0)
        if twin.parameters.tobytes() != model.ae.parameters.tobytes():
            raise Broken("torn", "other numbers than those of the epochs before the interruption")
        if model.journal is not None:
            model.journal.append(("fit", {"epochs": epochs, "batch_size": 5}))

    def interrupt_signal(self, index, milliseconds):
        """Ctrl-C some time after fit was called: the model stands at a finished step."""
        model, own = self.model(index), signal.getsignal(signal.SIGALRM)
        ae, steps = model.ae, model.ae.progress.step
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001 * (1 + milliseconds))
            ae.fit(X, epochs=10**7, batch_size=5, verbose=0)
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, own)
        if ae.progress.step > steps:
            model.journal = None
        if ae.progress.epoch != len(ae.history.get("loss", ())) and model.journal:
            raise Broken("torn", "the history has other epochs than there were")

    def fork(self, index, use):
        """A child works with the models, to the same numbers as a copy here; ours stay."""
        ae = self.model(index).ae
        before, twin = state_of(self), ae.copy()

        def work(model):
            if use % 2:
                model.fit(X, epochs=1, batch_size=5, verbose=0)
            return model.encode(X).tobytes()

        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(theirs, work(ae))
            finally:
                os._exit(0)
        os.close(theirs)
        with open(ours, "rb") as pipe:
            result = pipe.read()
        os.waitpid(child, 0)
        look(before, state_of(self), "a child changed")
        if result != work(twin):
            raise Broken("fork", "a child came to other numbers")

    def together(self, index, action, count):
        """Several threads use the model at once; the first may have to build it."""
        model = self.model(index)
        ae, alone = model.ae, model.ae.copy()
        expected = alone.encode(X).tobytes()
        results, errors, barrier = [], [], threading.Barrier(2 + count % 7)

        def work(number):
            try:
                barrier.wait()
                if action % 4 == 1:
                    ae.evaluate(X)
                if action % 4 > 1 and number % 2:  # beside some that are refused
                    try:
                        ae.fit(X, X[:3]) if action % 4 == 2 else ae.evaluate(X, X[:3])
                    except (ValueError, RuntimeError):
                        return
                results.append(ae.encode(X).tobytes())
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")

        workers = [threading.Thread(target=work, args=[i]) for i in range(barrier.parties)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if errors or set(results) != {expected}:
            raise Broken("threads", str(errors or "other numbers"))
        model.do("build")
