"""What an exercise asks for: how a notebook asks it, and which answers can be read at all.

A kind of answer has ``attempt()``, the code that a notebook gives to the reader, with dots where the answer belongs,
and ``read(answer)``, which returns the answer as its check gets it, or raises :class:`~.core.Unusable`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .core import Unattempted, Unusable, as_array, describe


@dataclass(frozen=True)
class Number:
    """One number, in the variable ``name``."""

    name: str = "answer"

    def attempt(self) -> str:
        """Return the code to complete."""
        return f"{self.name} = ..."

    def read(self, answer: object) -> np.ndarray:
        """Return the number, as an array without dimensions."""
        return as_array(answer, ())


@dataclass(frozen=True)
class Numbers:
    """Several numbers, each with a label."""

    name: str
    labels: tuple[str, ...]

    def attempt(self) -> str:
        """Return the code to complete."""
        return f"{self.name} = ({', '.join('...' for _ in self.labels)})  # {', '.join(self.labels)}"

    def read(self, answer: object) -> np.ndarray:
        """Return the numbers."""
        return as_array(_attempted(answer), (len(self.labels),))


@dataclass(frozen=True)
class Flags:
    """True or false for each of several labels."""

    name: str
    labels: tuple[str, ...]

    def attempt(self) -> str:
        """Return the code to complete, a line for each label."""
        return "\n".join([f"{self.name} = [", *(f"    ...,  # {label}" for label in self.labels), "]"])

    def read(self, answer: object) -> np.ndarray:
        """Return zeros and ones."""
        value = as_array(_attempted(answer), (len(self.labels),))
        if not np.isin(value, (0, 1)).all():
            wanted = f"a list of {len(self.labels)} True or False"
            raise Unusable(f"This exercise asks for {wanted}, and you gave {describe(answer)}.")
        return value


@dataclass(frozen=True)
class Letters:
    """Some of the letters of a list."""

    name: str
    options: str

    def attempt(self) -> str:
        """Return the code to complete."""
        return f'{self.name} = ...  # letters, such as "{self.options[:3]}"'

    def read(self, answer: object) -> set[str]:
        """Return the letters; how they are separated is not looked at."""
        parts = [answer] if isinstance(answer, str) else list(answer) if isinstance(answer, Iterable) else []
        text = " ".join(parts).upper() if all(isinstance(part, str) for part in parts) else ""
        letters = set(re.sub(r"AND|[^A-Z]", "", text))
        if not letters or not letters <= set(self.options):
            first, last, some = self.options[0], self.options[-1], self.options[:3]
            wanted = f"text of the letters {first} to {last}, such as '{some}'"
            raise Unusable(f"This exercise asks for {wanted}, and you gave {describe(answer)}.")
        return letters


@dataclass(frozen=True)
class Function:
    """A function with a signature, such as ``gain(a, b)``."""

    signature: str

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.signature.partition("(")[0]

    def attempt(self) -> str:
        """Return the code to complete."""
        return f"def {self.signature}:\n    return ...\n\n"

    def read(self, answer: object) -> Callable:
        """Return the function; what it returns is judged when it is called."""
        if not callable(answer):
            raise Unusable(f"This exercise asks for a function, and you gave {describe(answer)}.")
        return answer


def _attempted(answer: object) -> object:
    """Raise :class:`~.core.Unattempted` if dots are left in a list."""
    if isinstance(answer, list | tuple) and any(part is ... for part in answer):
        raise Unattempted
    return answer
