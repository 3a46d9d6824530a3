"""What signal handlers raise is kept until state is whole again."""

import os
import signal
import threading

import pytest

from tinyae.system.interruption import Interruption

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")


class Timeout(Exception):
    pass


@pytest.fixture(autouse=True)
def handlers():
    """SIGALRM raises Timeout, SIGUSR1 exits, SIGUSR2 only counts."""
    heard = []

    def alarm(number, frame):
        raise Timeout

    def leave(number, frame):
        raise SystemExit

    new = {
        signal.SIGALRM: alarm,
        signal.SIGUSR1: leave,
        signal.SIGUSR2: lambda number, frame: heard.append(number),
    }
    before = {number: signal.signal(number, handler) for number, handler in new.items()}
    yield heard
    for number, handler in new.items():
        assert signal.getsignal(number) == handler
        signal.signal(number, before[number])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_raised_waits_and_stops_the_work():
    stopped, reached = [], []
    with pytest.raises(Timeout), Interruption() as interruption:  # noqa: PT012
        interruption.stop = lambda: stopped.append(True)
        signal.raise_signal(signal.SIGALRM)
        reached.append(len(interruption.pending))
    assert (stopped, reached) == ([True], [1])


def test_a_handler_that_does_not_raise_runs_at_once_and_stops_nothing(handlers):
    with Interruption() as interruption:
        interruption.stop = pytest.fail
        signal.raise_signal(signal.SIGUSR2)
        assert handlers == [signal.SIGUSR2]


def test_the_last_is_raised_and_those_before_are_its_context():
    with pytest.raises(SystemExit) as raised, Interruption():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGALRM)
        signal.raise_signal(signal.SIGUSR1)
    assert isinstance(raised.value.__context__, Timeout)
    assert isinstance(raised.value.__context__.__context__, KeyboardInterrupt)


@pytest.mark.parametrize("passes", [1, 2])
def test_one_may_pass_and_no_other(passes):
    reached = []
    with pytest.raises(SystemExit) as raised, Interruption(passes) as interruption:  # noqa: PT012
        try:
            for _ in range(5):
                reached.append(len(interruption.pending))
                signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGUSR1)
            reached.append("in order")
    assert reached == [*range(passes), "in order"]
    assert isinstance(raised.value.__context__, KeyboardInterrupt)


def test_one_inside_another_leaves_it_to_the_outer():
    reached = []
    with pytest.raises(Timeout), Interruption():  # noqa: PT012
        with Interruption(passes=1):
            signal.raise_signal(signal.SIGALRM)
            reached.append("inner")
        reached.append("outer")
    assert reached == ["inner", "outer"]


def test_a_handler_that_is_replaced_inside_stays():
    def other(number, frame):
        pass

    before = signal.getsignal(signal.SIGUSR2)
    with Interruption():
        signal.signal(signal.SIGUSR2, other)
    assert signal.signal(signal.SIGUSR2, before) is other


def test_other_threads_are_left_alone():
    seen = []

    def enter():
        with Interruption():
            seen.append(signal.getsignal(signal.SIGALRM))

    before = signal.getsignal(signal.SIGALRM)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
