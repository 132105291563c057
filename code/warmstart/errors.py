"""How the package refuses bad input: one form of message, and the few checks that all modules share."""

import math
from numbers import Integral, Real

import numpy as np


def refuse(name: str, value: object, allowed: str, *, kind: type[Exception] = ValueError) -> Exception:
    """Return the error that says what was received and what is allowed, to be raised by the caller.

    Example:
        >>> refuse("epochs", 0, "whole numbers from 1")
        ValueError('epochs received 0; allowed: whole numbers from 1')
    """
    text = repr(value)
    return kind(f"{name} received {text if len(text) <= 300 else text[:297] + '...'}; allowed: {allowed}")


def check_finite(name: str, value: float, *, minimum: float = -math.inf, above: float = -math.inf) -> float:
    """Return ``value`` as a float if it is a finite number from ``minimum``, and larger than ``above``.

    Example:
        >>> check_finite("std", 1)
        1.0
    """
    try:
        number = math.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number >= minimum and number > above):
        bound = f" from {minimum:g}" if minimum > -math.inf else f" above {above:g}" if above > -math.inf else ""
        raise refuse(name, value, f"finite numbers{bound}")
    return number


def check_count(name: str, value: int, *, minimum: int = 1, maximum: float = math.inf) -> int:
    """Return ``value`` as an int if it is a whole number (not a bool) from ``minimum`` to ``maximum``.

    Example:
        >>> check_count("epochs", np.int64(3))
        3
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral) or not minimum <= value <= maximum:
        raise refuse(name, value, f"whole numbers from {minimum}" + ("" if maximum == math.inf else f" to {maximum}"))
    return int(value)


def check_fraction(name: str, value: float) -> float:
    """Return ``value`` as a float if it lies in [0, 1): a probability of dropping, a momentum.

    Example:
        >>> check_fraction("p", 0.5)
        0.5
    """
    if not (isinstance(value, Real) and 0 <= value < 1):
        raise refuse(name, value, "numbers in [0, 1)")
    return float(value)
