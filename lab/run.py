"""Cells of a notebook in the reader's browser: run one after the other in names of their own, with what they show."""

import ast
import base64
import io
import linecache
import sys
import traceback
import warnings
from contextlib import redirect_stdout

LONGEST = 20_000


class Notebook:
    """The names of a chapter, as its kernel would hold them."""

    def __init__(self):
        self.names = {"__name__": "__main__"}

    def run(self, cell, source, dpi=96):
        """Run a cell; return the text it gives, its figures as PNG (base64), and the error that ended it."""
        printed, result, error = io.StringIO(), {"text": "", "figures": [], "error": ""}, None
        linecache.cache[cell] = len(source), None, source.splitlines(keepends=True), cell
        try:
            with redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = self._value(cell, source)
                if value is not None and not hasattr(value, "savefig"):
                    print(repr(value))
        except BaseException as raised:  # what a reader writes may raise anything
            error = raised
        result["text"] = printed.getvalue()[:LONGEST]
        result["error"] = _explained(error, cell) if error is not None else ""
        result["figures"] = _figures(dpi)
        return result

    def _value(self, cell, source):
        """Run the statements, and return the value of the last one if it is an expression that is shown."""
        tree = ast.parse(source, cell)
        shown = tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";")
        last = ast.Expression(tree.body.pop().value) if shown else None
        exec(compile(tree, cell, "exec"), self.names)
        return eval(compile(last, cell, "eval"), self.names) if last is not None else None


def _explained(error, cell):
    """The error, with the lines of the cell that led to it."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cell]
    lines = [f"line {frame.lineno}: {frame.line}" for frame in frames]
    return "\n".join([*lines, f"{type(error).__name__}: {error}".rstrip(": ")])


def _figures(dpi):
    """All open figures, drawn once and closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    drawn = []
    for number in pyplot.get_fignums():
        buffer = io.BytesIO()
        pyplot.figure(number).savefig(buffer, format="png", dpi=dpi)
        drawn.append(base64.b64encode(buffer.getvalue()).decode())
    pyplot.close("all")
    return drawn
