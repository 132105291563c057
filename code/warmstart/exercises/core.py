"""How an exercise is checked: ``check`` for the reader, ``exercise`` and ``compare`` for those who write one.

A check is a function ``(answer, rng)`` that returns if the answer is right and raises :class:`Wrong` if it is not::

    @exercise(
        "calibrating-variance-sum-variance",
        asks=Function("sum_variance(n, var_w, var_x)"),
        right="Variances add, so a neuron with more inputs has a larger output.",
        hints=("Write the variance of a sum of independent terms.", "All N terms have the same variance."),
    )
    def sum_variance(answer, rng):
        n, var_w, var_x = 1 + rng.integers(50), rng.uniform(0.5, 2), rng.uniform(0.5, 2)
        got = call(answer, n, var_w, var_x)
        compare(got, n * var_w * var_x, mistakes=[
            Mistake("the standard deviation", np.sqrt(n * var_w * var_x), "You took a root too many."),
        ])

``asks.py`` has the kinds of answers, from which the notebook's cell for an attempt is written. Inputs are drawn afresh
from ``rng`` at each call, so that a number that was right by luck fails the next time.
"""

import contextlib
import ctypes
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

SECONDS = 10.0
NARROW = "NumPy's integers have 32 bits in a browser, and overflow beyond 2**31 without a word: compute in floats."
_registry = {}
_tries = Counter()
_compared = deque(maxlen=100)


class Kind(Protocol):
    """A kind of answer; ``asks.py`` has them."""

    name: str

    def attempt(self) -> str:
        """Return the code that a notebook gives to the reader."""

    def read(self, answer: object) -> object:
        """Return the answer as its check gets it, or raise :class:`Unusable` or :class:`Unattempted`."""


class Mistake:
    """A wrong answer we know: its name, the value it gives, and hints that say more with each try."""

    def __init__(self, name: str, value: ArrayLike, *hints: str):
        self.name, self.value, self.hints = name, value, hints


class Wrong(Exception):  # noqa: N818  (a verdict on an answer, not an error of the program)
    """The answer is wrong; ``name`` is the recognized mistake ("" if none is), ``hints`` belong to it."""

    def __init__(self, name: str = "", *hints: str):
        super().__init__(name)
        self.name, self.hints = name, hints


class Unusable(Exception):  # noqa: N818
    """The answer is not of a kind that could be right: the message says what came and what is wanted."""


class Unattempted(Exception):  # noqa: N818
    """The dots that stand for the answer are still there."""


class TookTooLong(BaseException):
    """Raised inside the reader's function after ``SECONDS``; no ``except Exception`` of theirs can swallow it."""


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``status`` is "right", "wrong", "unusable" or "unattempted"; ``hints`` are all there are."""

    exercise: str
    status: str
    mistake: str
    said: str
    hints: tuple[str, ...] = ()
    tries: int = 0

    @property
    def message(self) -> str:
        """What is said: after a wrong answer one hint, and one more with each try."""
        return " ".join((self.said, *(f"Hint: {hint}" for hint in self.hints[: self.tries])))

    def __str__(self):
        """Return the one paragraph that the reader sees."""
        sign = {"right": "✓", "wrong": "✗", "unusable": "✗", "unattempted": "…"}[self.status]
        return f"{sign} {self.message}"


@dataclass(frozen=True)
class Exercise:
    """A registered exercise: its check, the kind of answer it asks for, and what it says."""

    function: Callable
    asks: Kind
    right: str
    hints: tuple[str, ...]


def exercise(name: str, *, asks: Kind, right: str, hints: tuple[str, ...]) -> Callable:
    """Register the decorated check, which gets what ``asks.read`` returns of an answer.

    ``right`` says why the answer matters, ``hints`` serve unrecognized mistakes.
    """

    def register(function):
        if name in _registry:
            raise ValueError(f"the exercise {name!r} is registered twice")
        _registry[name] = Exercise(function, asks, right, tuple(hints))
        return function

    return register


def exercises() -> list[str]:
    """Return the names of all exercises, in order; the modules beside this one hold them, one a chapter."""
    for module in iter_modules([str(Path(__file__).parent)]):
        if module.name not in ("asks", "core", "page"):
            import_module(f"{__package__}.{module.name}")
    return sorted(_registry)


def registered(name: str) -> Exercise:
    """Return the exercise ``name``; raise KeyError if there is none."""
    exercises()
    return _registry[name]


def recognized(name: str, answer: object) -> list:
    """Return what the check of an exercise compares ``answer`` with: the right value, and those of known mistakes."""
    _compared.clear()
    examine(name, answer, tries=0)
    return list(_compared)


def check(name: str, answer: object = ...) -> None:
    """Print whether ``answer`` solves the exercise ``name``; on a known mistake say which, with a hint.

    Never raises on the reader: nonsense gets a message, too. The hints say more with each wrong try.

    Args:
        name: The exercise, such as ``"starting-point-count"``.
        answer: A number, text, array or function, as the exercise asks; ``...`` means not attempted.

    Example:
        >>> check("starting-point-count", ...)
        … Not attempted yet: replace the dots by your answer and run the cell again.
    """
    print(examine(name, answer))


def examine(
    name: str, answer: object = ..., *, tries: int | None = None, rng: np.random.Generator | None = None
) -> Verdict:
    """Return the :class:`Verdict` on ``answer`` that ``check`` prints.

    Args:
        name: The exercise.
        answer: The answer.
        tries: How many wrong answers were given before; by default those of this session are counted.
        rng: Fixes the random inputs, for tests.
    """
    known = exercises()
    if not isinstance(name, str) or name not in known:
        near = get_close_matches(str(name), known, n=6) or known
        return Verdict(str(name), "unusable", "", f"There is no exercise {name!r}. There are: {', '.join(near)}.")
    entry, started = _registry[name], time.monotonic()
    try:
        with _quiet(), deadline():
            if answer is ...:
                raise Unattempted
            entry.function(entry.asks.read(answer), np.random.default_rng() if rng is None else rng)
    except Unattempted:
        said = "Not attempted yet: replace the dots by your answer and run the cell again."
        return Verdict(name, "unattempted", "", said)
    except TookTooLong:  # code in C is interrupted only when it returns, so say how long it took
        took = f"{time.monotonic() - started:.0f} seconds; allowed are {SECONDS:g}"
        return Verdict(name, "unusable", "", f"The check of your answer took {took}: does a loop never end?")
    except Wrong as wrong:
        tries = _tries[name] if tries is None else tries
        _tries[name] = tries + 1
        said = f"Not yet: this looks like {wrong.name}." if wrong.name else "Not yet."
        return Verdict(name, "wrong", wrong.name, said, wrong.hints or entry.hints, tries + 1)
    except Unusable as unusable:
        return Verdict(name, "unusable", "", str(unusable))
    except (Exception, SystemExit) as error:  # an answer can be anything, and its methods can raise anything
        return Verdict(name, "unusable", "", f"This answer cannot be checked: {_describe_error(error)}")
    _tries[name] = 0
    return Verdict(name, "right", "", f"Right. {entry.right}")


def call(function: Callable, *arguments: object) -> object:
    """Return ``function(*arguments)`` of the reader's; a failure inside becomes :class:`Unusable`.

    Arrays are handed over as copies, so that a function that changes its inputs cannot change the check.
    """
    arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    try:
        value = function(*arguments)
    except (Exception, SystemExit) as error:
        raise Unusable(f"Your function raised {_describe_error(error)}") from None
    if value is ...:
        raise Unattempted
    return value


def draw(function: Callable, *arguments: object, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return the array that ``function(*arguments, generator)`` draws, having seen that the generator decides it."""
    seeds = rng.integers(2**31, size=2)
    first, again, other = (
        as_array(call(function, *arguments, np.random.default_rng(seed)), shape) for seed in (*seeds[[0, 0]], seeds[1])
    )
    if np.array_equal(first, other):
        raise Wrong(
            "random numbers that ignore the generator",
            "Two generators with different seeds gave the same numbers.",
            "Draw from rng, the generator that your function gets, and seed none of your own.",
        )
    if not np.array_equal(first, again):
        raise Wrong(
            "random numbers from another source than the generator",
            "The same seed gave two results.",
            "Draw everything from rng, the generator that your function gets.",
        )
    return first


def check_mean(values: np.ndarray) -> None:
    """Raise :class:`Wrong` if the mean of ``values`` is farther from 0 than five of its standard errors."""
    if abs(values.mean()) > 5 * values.std() / np.sqrt(values.size):
        raise Wrong(
            "random numbers whose mean is not zero",
            "Was it rand where randn was meant?",
            "Their mean should be 0: draw from a distribution that is symmetric, and add nothing.",
        )


def compare(
    answer: object, right: ArrayLike, *, mistakes: Sequence[Mistake] = (), rtol: float = 1e-6, atol: float = 1e-12
) -> None:
    """Return if ``answer`` equals ``right`` (number or array) to tolerance; else raise :class:`Wrong` with its mistake.

    Of the known mistakes the first that matches counts; one whose value equals the right one (by chance of the
    random inputs) is passed over.
    """
    value = as_array(answer, np.shape(right))
    _compared.extend([right, *(mistake.value for mistake in mistakes)])

    def equals(other):
        other = np.asarray(other, dtype=float)
        return other.shape == value.shape and np.allclose(value, other, rtol=rtol, atol=atol)

    if equals(right):
        return
    for mistake in mistakes:
        if equals(mistake.value):
            raise Wrong(mistake.name, *mistake.hints)
    raise Wrong("", *((NARROW,) if _is_narrow(answer) else ()))


def _is_narrow(answer):
    """Whether the answer was computed in integers of 32 bits because the machine, a browser, takes these by default."""
    return np.dtype(int) == np.int32 and getattr(answer, "dtype", None) == np.int32


def as_array(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``answer`` as a finite float array of ``shape`` (``()`` for a number), or raise :class:`Unusable`."""
    wanted = "a number" if shape == () else f"an array of shape {tuple(shape)}"
    if isinstance(answer, str):
        with suppress(ValueError):
            answer = float(answer)
    if callable(answer) or isinstance(answer, str | bytes | bool | np.bool_) or answer is None:
        raise Unusable(f"This exercise asks for {wanted}, and you gave {describe(answer)}.")
    if hasattr(answer, "detach"):
        answer = answer.detach()
    try:
        array = np.asarray(answer)
        value = array.astype(float) if array.dtype.kind in "iufb" or array.dtype == object else None
    except (TypeError, ValueError, RuntimeError, OverflowError):
        value = None
    if value is None:
        raise Unusable(f"This exercise asks for {wanted}, and you gave {describe(answer)}.")
    if value.shape != tuple(shape):
        got = "a number" if value.shape == () else f"an array of shape {value.shape}"
        raise Unusable(f"This exercise asks for {wanted}, and you gave {got}.")
    if not np.all(np.isfinite(value)):
        which = describe(answer) if shape == () else "an array with values that are not finite"
        raise Unusable(f"This exercise asks for {wanted} (finite), and you gave {which}.")
    return value


def describe(value: object) -> str:
    """Return a short text that says what kind of thing ``value`` is."""
    if value is None:
        return "None (does your function return something?)"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    try:
        text = repr(value)
    except (Exception, SystemExit):
        text = "…"
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _describe_error(error):
    text = str(error)
    return f"{type(error).__name__}: {text if len(text) <= 200 else text[:197] + '...'}"


@contextmanager
def _quiet():
    """Keep NumPy's warnings and what the reader's function prints out of the verdict."""
    with np.errstate(all="ignore"), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield


@contextmanager
def deadline():
    """Raise :class:`TookTooLong` in the body once ``SECONDS`` have passed.

    A timer thread asks the interpreter to raise it, which costs the body nothing. Where there are no threads, as in
    a browser, each loop and each call looks at the clock (Python 3.12 or later).
    """
    raise_in, lock, running = ctypes.pythonapi.PyThreadState_SetAsyncExc, threading.Lock(), [True]
    thread = ctypes.c_ulong(threading.get_ident())

    def expire():
        with lock:
            if running:
                raise_in(thread, ctypes.py_object(TookTooLong))

    timer = threading.Timer(SECONDS, expire)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:
        with _watched() if hasattr(sys, "monitoring") else nullcontext():
            yield
        return
    try:
        yield
    finally:
        with lock:
            running.clear()
        raise_in(thread, None)  # what was asked for but not yet raised
        timer.cancel()


@contextmanager
def _watched():
    """Raise :class:`TookTooLong` in the body at the first jump or call after ``SECONDS``, but in no exit of ours."""
    monitoring, end, ours = sys.monitoring, time.monotonic() + SECONDS, {__file__, contextlib.__file__}
    events = monitoring.events.JUMP, monitoring.events.PY_START

    def look(code, *place):
        if time.monotonic() > end and code.co_filename not in ours:
            raise TookTooLong

    monitoring.use_tool_id(monitoring.PROFILER_ID, "warmstart")
    for event in events:
        monitoring.register_callback(monitoring.PROFILER_ID, event, look)
    monitoring.set_events(monitoring.PROFILER_ID, sum(events))
    try:
        yield
    finally:
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        monitoring.free_tool_id(monitoring.PROFILER_ID)
