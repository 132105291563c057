"""What was done with each parameter of a model, as a table."""

import html
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import refuse


@dataclass(frozen=True)
class Entry:
    """What was done with one parameter, or why it was left alone.

    Attributes:
        parameter: Its name in the model.
        shape: Its shape.
        rule: What was done, in a few words.
        nonlinearity: What gets the output of the layer; ``None`` where that does not matter.
        fan: How many products a unit sums, or what the scheme takes in its place; ``None`` if no fan was used.
        gain: Factor for the nonlinearity, ``None`` if there is none.
        std: Standard deviation of what was drawn; 0 for constants, ``None`` if nothing was done.

    Example:
        >>> Entry("head.bias", (10,), "zeros", std=0.0).rule
        'zeros'
    """

    parameter: str
    shape: tuple[int, ...]
    rule: str
    nonlinearity: str | None = None
    fan: float | None = None
    gain: float | None = None
    std: float | None = None


@dataclass(frozen=True)
class Report:
    """What ``initialize_`` or ``lsuv_`` did, one entry a parameter; a table when it is printed.

    Attributes:
        entries: In the order of the model.

    Example:
        >>> Report((Entry("weight", (2, 3), "he, normal", "relu", 3, 1.4142, 0.8165),))
        parameter  shape  rule        followed by  fan  gain   std
        weight     2 x 3  he, normal  relu         3    1.414  0.8165
    """

    entries: tuple[Entry, ...]

    def __getitem__(self, parameter: str) -> Entry:
        """Return the entry of a parameter."""
        found = {entry.parameter: entry for entry in self.entries}
        if parameter not in found:
            raise refuse("parameter", parameter, ", ".join(found))
        return found[parameter]

    def _rows(self) -> Iterator[tuple[str, ...]]:
        yield "parameter", "shape", "rule", "followed by", "fan", "gain", "std"
        for one in self.entries:
            numbers = ("" if value is None else f"{value:.4g}" for value in (one.fan, one.gain, one.std))
            yield one.parameter, " x ".join(map(str, one.shape)), one.rule, one.nonlinearity or "", *numbers

    def __repr__(self) -> str:
        """Return the entries as a table of text."""
        rows = list(self._rows())
        widths = [max(len(row[column]) for row in rows) for column in range(7)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head, *body = (
            "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(self.entries), self._rows(), strict=True)
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
