"""Rerun chapters with other seeds and other knobs, and report which assertions do not survive.

``python tools/stress.py [NOTEBOOK ...]`` reads the knobs from the cell ``parameters`` of a chapter: ``SEED``, which is
set to 1, 2 and 3, and numbers, which are halved and doubled one at a time. A comment may bound a knob::

    WIDTH = 64  # units a layer, holds from 48
    RATE = 0.1  # learning rate, holds from 0.05 to 0.1

An assertion that fails does not end the run, so that it cannot hide the next one. What was tried and what failed is
written to ``chapters/stress.yml``, which the ledger shows. Cells ``numbers-...`` assert what one run showed and no
more: their failures are listed, but do not make the exit code 1.
"""

import argparse
import ast
import io
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

import yaml

from bookext.claims import stress_memory, stressed_cells
from bookext.naming import name_of
from chapters import CHAPTERS, chapter_paths, read

RESULTS = CHAPTERS / "stress.yml"
SEEDS = (1, 2, 3)
KNOB = re.compile(r"^([A-Z][A-Z_]*) = ([-+.\de]+)(?:\s*#(.*))?$", re.MULTILINE)
BOUNDS = re.compile(r"holds(?: from ([\d.e-]+))?(?: to ([\d.e-]+))?")


def number(text):
    """An int if the text is one, else a float."""
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


def knobs(notebook):
    """For each knob of the cell ``parameters`` its committed value, and the values to try.

    >>> from types import SimpleNamespace as cell
    >>> source = "SEED = 0\\nWIDTH = 64  # units, holds from 48\\nRATE = 0.1  # holds to 0.1"
    >>> knobs(cell(cells=[cell(id="parameters", source=source)]))
    {'SEED': (0, [1, 2, 3]), 'WIDTH': (64, [48, 128]), 'RATE': (0.1, [0.05])}
    """
    source = next((cell.source for cell in notebook.cells if cell.id == "parameters"), "")
    found = {}
    for name, text, comment in KNOB.findall(source):
        value, bounds = number(text), BOUNDS.search(comment)
        low, high = (number(bound) if bound else None for bound in (bounds.groups() if bounds else ("", "")))
        half = value // 2 if isinstance(value, int) else value / 2
        tried = [half if low is None else max(half, low), 2 * value if high is None else min(2 * value, high)]
        found[name] = value, list(SEEDS) if name == "SEED" else [other for other in tried if other != value]
    return found


class _CountAssertions(ast.NodeTransformer):
    """Turn each ``assert`` into a note, so that the code goes on."""

    def visit_Assert(self, node):
        text = ast.Constant(ast.unparse(node.test))
        note = ast.Call(ast.Name("__failed__", ast.Load()), [text], [])
        wrong = ast.UnaryOp(ast.Not(), node.test)
        return ast.copy_location(ast.If(wrong, [ast.Expr(note)], []), node)


def failures(notebook, name=None, value=None):
    """Run the code with one knob changed; return (cell, assertion) of each that failed, an error among them."""
    namespace, found = {"__name__": "__main__"}, []
    for cell in stressed_cells(notebook.cells):
        source, failed = cell.source, []
        if cell.id == "parameters" and name:
            source = re.sub(rf"^{name} = .*", f"{name} = {value}", source, flags=re.MULTILINE)
        tree = ast.fix_missing_locations(_CountAssertions().visit(ast.parse(source)))
        namespace["__failed__"] = failed.append
        try:
            with redirect_stdout(io.StringIO()):
                exec(compile(tree, cell.id, "exec"), namespace)
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
        if "plt" in namespace:
            namespace["plt"].close("all")
        found += [(cell.id, text) for text in dict.fromkeys(failed)]
    return found


def run(job):
    """One run in a process of its own; the chapters need one thread each."""
    path, name, value = job
    os.environ["MPLBACKEND"] = "agg"
    return failures(read(path), name, value)


def summary(notebook, outcomes):
    """What the results file keeps of a chapter: its code, all values tried, and which cells failed where."""
    tried = {name: sorted({value, *others}) for name, (value, others) in knobs(notebook).items()}
    failed = {}
    for (name, value), found in outcomes.items():
        for cell, _ in found:
            places = failed.setdefault(cell, [])
            places += [f"{name} = {value}"] if f"{name} = {value}" not in places else []
    return {"made": stress_memory(notebook.cells), "tried": tried, "failed": failed}


def main():
    """Stress the chapters, print a row for each failure, and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", type=Path, help="notebooks; default: all chapters")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    paths = [path.resolve() for path in options.chapters or chapter_paths()]
    changes = {path: [("SEED", knobs(read(path))["SEED"][0])] for path in paths}
    for path in paths:
        changes[path] += [(name, value) for name, (_, others) in knobs(read(path)).items() for value in others]
    jobs = [(path, *change) for path in paths for change in changes[path]]
    results = yaml.safe_load(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    with ProcessPoolExecutor(options.workers, max_tasks_per_child=1) as pool:
        found = dict(zip(jobs, pool.map(run, jobs), strict=True))
    claims = 0
    for path in paths:
        outcomes = {change: found[path, *change] for change in changes[path]}
        results[name_of(path)] = summary(read(path), outcomes)
        rows = [(*change, *failure) for change, failed in outcomes.items() for failure in failed]
        claims += sum(not cell.startswith("numbers-") for *_, cell, _ in rows)
        print(f"{path.stem}: {len(outcomes)} runs, {len(rows)} failures", flush=True)
        for name, value, cell, text in rows:
            print(f"  {name} = {value:<8} {cell:24} {text[:160]}")
    RESULTS.write_text(yaml.safe_dump(results, default_flow_style=None, width=160), encoding="utf-8")
    sys.exit(bool(claims))


if __name__ == "__main__":
    main()
