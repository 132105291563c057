"""What the page says to answers that need no Python: tables, made by asking the checks themselves. No Sphinx here."""

import math
import struct
from itertools import pairwise

from warmstart.exercises import asks
from warmstart.exercises.core import examine, exercises, recognized, registered

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Where a check names no numbers, these are tried, in steps of 0.8%; the narrowest band of such a check is 2% wide.
TRIED = [10 ** (step / 288) for step in range(-3 * 288, 288)]


def field(name: str, given: str = "") -> dict:
    """Return what the page needs to ask for an answer and, if it needs no Python, to judge it.

    Args:
        name: The exercise.
        given: Code that the chapter gives for it.
    """
    kind = registered(name).asks
    if isinstance(kind, asks.Function):
        return {"kind": "function", "signature": kind.signature, "given": given}
    if isinstance(kind, asks.Numbers):
        return {"kind": "numbers", "name": kind.name, "labels": kind.labels}
    if isinstance(kind, asks.Number):
        return {"kind": "number", "table": of_number(name)}
    if isinstance(kind, asks.Letters):
        return {"kind": "flags", "labels": list(kind.options), "letters": True, "table": of_letters(name, kind.options)}
    return {"kind": "flags", "labels": kind.labels, "table": of_flags(name, len(kind.labels))}


def fields(chapter: str) -> list[str]:
    """Return the names of the exercises of a chapter."""
    return [name for name in exercises() if registered(name).function.__module__.rpartition(".")[2] == chapter]


class _Verdicts(list):
    """Different verdicts, each once."""

    def index_of(self, name, answer):
        """The place of the verdict on an answer."""
        verdict = examine(name, answer, tries=0)
        entry = {"status": verdict.status, "said": verdict.said, "hints": list(verdict.hints)}
        if entry not in self:
            self.append(entry)
        return self.index(entry)


def of_number(name: str) -> dict:
    """Return the verdicts on all numbers: ``at[i]`` is the one on those up to and with ``cuts[i]``."""
    verdicts, cuts, at = _Verdicts(), [], []
    known = sorted({float(value) for value in recognized(name, 0.5)})
    between = [(one + other) / 2 for one, other in pairwise(known)]
    points = sorted({*(known or TRIED), *between, 0.0, -1e308, 1e308})
    low, here = points[0], verdicts.index_of(name, points[0])
    for high in points[1:]:
        while (there := verdicts.index_of(name, high)) != here:
            cut = _last(lambda value, here=here: verdicts.index_of(name, value) == here, low, high)
            cuts, at, low = [*cuts, cut], [*at, here], math.nextafter(cut, math.inf)
            here = verdicts.index_of(name, low)
            if there == here:
                break
        low = high
    return {"verdicts": verdicts, "cuts": cuts, "at": [*at, here]}


def _last(holds, low, high):
    """The last number between two for which something holds that holds for ``low`` and not for ``high``."""
    low, high = _rank(low), _rank(high)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(_ranked(middle)) else (low, middle)
    return _ranked(low)


def _rank(number):
    """The place of a float among all floats, so that halving takes 64 steps whatever their size.

    >>> _rank(0.0), _rank(5e-324), _rank(-5e-324), _ranked(_rank(-1.5))
    (0, 1, -1, -1.5)
    """
    (bits,) = struct.unpack("q", struct.pack("d", number))
    return bits if bits >= 0 else -(bits & (2**63 - 1))


def _ranked(rank):
    bits = rank if rank >= 0 else -rank - 2**63
    return struct.unpack("d", struct.pack("q", bits))[0]


def of_flags(name: str, count: int) -> dict:
    """Return the verdicts on all rows of ``count`` flags, the first of them the highest bit, a digit each."""
    rows = ([bool(place >> (count - 1 - bit) & 1) for bit in range(count)] for place in range(2**count))
    return _table(name, rows)


def of_letters(name: str, options: str) -> dict:
    """Return the verdicts on all choices of letters, in the same order."""
    count = len(options)
    return _table(
        name,
        ("".join(options[bit] for bit in range(count) if place >> (count - 1 - bit) & 1) for place in range(2**count)),
    )


def _table(name, answers):
    verdicts = _Verdicts()
    at = "".join(DIGITS[verdicts.index_of(name, answer)] for answer in answers)
    return {"verdicts": verdicts, "at": at}
