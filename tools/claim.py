"""Check a claim: ``python tools/claim.py L17 [SEED]``, ``make claim L=L17 SEED=3``.

Runs the chapter up to the cell that asserts the claim, with another seed if one is given, and says what came out.
"""

import argparse
import contextlib
import io
import re

import matplotlib as mpl

from bookext.memory import without_magic
from chapters import chapter_paths, read


def find(number):
    """The chapter of a claim, and its code cells up to the one that asserts it."""
    known = []
    for path in chapter_paths():
        cells = [cell for cell in read(path).cells if cell.cell_type == "code" and cell.id != "bootstrap"]
        ids = [cell.id for cell in cells]
        known += [name.removeprefix("assert-") for name in ids if re.fullmatch(r"assert-L\d\d", name)]
        if f"assert-{number}" in ids:
            return path, cells[: ids.index(f"assert-{number}") + 1]
    raise SystemExit(f"L received {number!r}; allowed: {', '.join(sorted(known))}")


def run(cells, seed=None):
    """Run the cells; return the assertion that fails, as text, or None, and what the last cell printed."""
    names, printed = {"__name__": "__main__"}, io.StringIO()
    for cell in cells:
        source = without_magic(cell.source)
        if cell.id == "parameters" and seed is not None:
            source = re.sub(r"^SEED = \d+", f"SEED = {seed}", source, flags=re.MULTILINE)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, cell.id, "exec"), names)
        except AssertionError as error:
            line = source.splitlines()[error.__traceback__.tb_next.tb_lineno - 1].strip()
            return f"cell {cell.id}: {line}", printed.getvalue()
    return None, printed.getvalue()


def main():
    """Say whether the claim's assertion holds here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claim", help="such as L17")
    parser.add_argument("seed", nargs="?", type=int, help="in place of the committed one")
    options = parser.parse_args()
    mpl.use("agg")
    path, cells = find(options.claim)
    failed, printed = run(cells, options.seed)
    seed = "the committed seed" if options.seed is None else f"seed {options.seed}"
    print(f"{options.claim} in {path.name}, with {seed}: {f'fails, {failed}' if failed else 'every assertion holds'}")
    print(printed, end="")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
