"""An answer that was typed into the page, judged: what runs in the reader's browser, and in any other Python."""

import io
import math
from contextlib import redirect_stdout

import numpy as np

from .. import activations, data, scale, theory
from . import core

ANSWER = "your answer"  # the name of the file that a traceback shows


def judge(name: str, source: str, given: str = "", tries: int = 0, seed: int | None = None) -> dict:
    """Return the verdict on an answer that is the text of a program.

    Args:
        name: The exercise.
        source: Code that binds the name that the exercise asks for, such as ``def gain(a, b): ...``.
        given: Code that the chapter gives for this exercise; its names are there, as are ``np``, ``math`` and some
            modules of the package that need no torch.
        tries: How many wrong answers were given before.
        seed: Fixes the random inputs of the check, for tests.

    Returns:
        ``status``, ``mistake``, ``said``, ``hints``, and what the code printed.
    """
    printed, namespace = io.StringIO(), _names()
    try:
        with core.deadline(), redirect_stdout(printed):
            exec(compile(given, "the exercise", "exec"), namespace)
            exec(compile(source, ANSWER, "exec"), namespace)
    except core.TookTooLong:
        verdict = core.Verdict(name, "unusable", "", f"Your code took {core.SECONDS:g} seconds: does a loop never end?")
    except (Exception, SystemExit) as error:
        verdict = core.Verdict(name, "unusable", "", f"Your code cannot be run: {_explained(error)}")
    else:
        kind = core.registered(name).asks
        answer, rng = namespace.get(kind.name, ...), np.random.default_rng(seed)
        verdict = core.examine(name, answer, tries=tries, rng=rng)
    said = verdict.said.replace(" and run the cell again", "")
    return {"status": verdict.status, "mistake": verdict.mistake, "said": said, "hints": list(verdict.hints)} | {
        "printed": printed.getvalue()[:10_000]
    }


def _names():
    """The names that an answer finds."""
    return {"__name__": "__main__", "np": np, "math": math} | {
        module.__name__.rpartition(".")[2]: module for module in (activations, data, scale, theory)
    }


def _explained(error):
    """The error with the line of the answer that it comes from."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == ANSWER:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f" (line {line})" if line else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text[:200]}{place}"
