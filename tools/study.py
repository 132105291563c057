"""Run the long versions of chapters' experiments: ``python tools/study.py [CHAPTER ...]``, ``make study``.

``chapters/studies.yml`` declares for each chapter a table of runs. A run calls a function of the chapter, whose cells
are executed first, with one setting of each argument in the grid::

    07_typical_setup:
      cells: [imports, parameters, setup, ablation]  # these are executed, in this order
      parameters: {WIDTH: 100}                       # what replaces the committed values of the cell `parameters`
      call: ablate                                   # returns a dict of numbers or of lists of numbers
      grid:
      - {rate: [0.01, 0.03], seeds: [30]}            # every combination; several grids are done one after the other

Each result is written to the chapter's file in ``warmstart/studies`` as soon as it is there, so that a run that was
killed goes on where it stopped. A file made with other code or other versions is not added to: begin anew, ``--fresh``.

``--scheduler tcp://...`` sends the runs to a Dask cluster whose workers have the requirements installed, with one
thread each. A run whose worker dies is given to another.
"""

import argparse
import ast
import hashlib
import itertools
import json
import os
import platform
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import yaml
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from chapters import CHAPTERS, read
from warmstart import studies

TOOLS = Path(__file__).parent
DECLARED = CHAPTERS / "studies.yml"
PACKAGES = ("torch", "numpy")


def declared():
    """The studies of ``studies.yml`` by their chapter, checked."""
    found = yaml.safe_load(DECLARED.read_text(encoding="utf-8")) or {}
    for name, study in found.items():
        allowed = {"cells", "parameters", "call", "grid"}
        if set(study) != allowed:
            raise SystemExit(f"{name} received {sorted(study)}; allowed: {sorted(allowed)}")
    return found


def runs(study):
    """All settings of the declared table, in order.

    >>> runs({"grid": [{"rate": [0.1, 0.2], "seeds": [3]}, {"rate": [0.1], "seeds": [3, 9]}]})
    [{'rate': 0.1, 'seeds': 3}, {'rate': 0.2, 'seeds': 3}, {'rate': 0.1, 'seeds': 9}]
    """
    found = []
    for grid in study["grid"]:
        settings = (dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values()))
        found += [setting for setting in settings if setting not in found]
    return found


def sources(name, study):
    """The code of the declared cells, by their id."""
    code = {cell.id: cell.source for cell in read(CHAPTERS / f"{name}.ipynb").cells if cell.cell_type == "code"}
    if missing := set(study["cells"]) - set(code):
        raise SystemExit(f"{name} received the cells {sorted(missing)}; allowed: {', '.join(code)}")
    return {cell: code[cell] for cell in study["cells"]}


def fingerprint(name, study):
    """A short hash of the code and the parameters, without comments: it tells whether results are out of date."""
    code = {cell: ast.unparse(ast.parse(source)) for cell, source in sources(name, study).items()}
    parts = [study["call"], study["parameters"], code]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def header(name, study):
    """The first line of a results file: what was run, when, and with which versions."""
    return {
        "study": name,
        "date": datetime.now(UTC).date().isoformat(),
        "code": fingerprint(name, study),
        "parameters": study["parameters"],
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
    }


@cache
def _function(text):
    """The function that a study calls, from its cells; each worker process executes them once."""
    name, call, parameters, cells = json.loads(text)
    namespace = {"__name__": "__main__"}
    for cell, source in cells.items():
        exec(compile(source, f"{name}:{cell}", "exec"), namespace)
        if cell == "parameters":
            if unknown := set(parameters) - set(namespace):
                raise ValueError(f"parameters received {sorted(unknown)}; allowed: names of the cell `parameters`")
            namespace.update(parameters)
    return namespace[call]


def run(text, setting):
    """One run in a worker: its line of the file, or what it raised."""
    os.environ["MPLBACKEND"] = "agg"
    try:
        function, begun = _function(text), time.perf_counter()
        result = function(**setting)
        row = {"settings": setting, "results": result, "seconds": round(time.perf_counter() - begun, 2)}
        json.dumps(row, allow_nan=False)  # only what the file can hold
    except Exception as error:
        return None, f"{setting}: {type(error).__name__}: {error}"
    if shared := set(setting) & set(result):
        return None, f"{setting}: the result received {sorted(shared)}, which are settings; allowed: other names"
    return row, None


def begin(path, first, *, fresh):
    """Open a results file for what is missing: return the lines that it holds already."""
    if fresh or not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(first) + "\n", encoding="utf-8")
        return []
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]  # a kill may have torn the last line
    if len(whole) < len(raw):
        path.write_bytes(whole)
    if not whole:
        return begin(path, first, fresh=True)
    there = studies.load(path.stem, folder=path.parent)
    for key in ("code", "versions"):
        if (old := getattr(there, key)) != first[key]:
            raise SystemExit(f"{path.name} holds results of other {key}: {old}, now {first[key]}; add --fresh")
    return [json.loads(row) for row in whole.splitlines()[1:]]


@contextmanager
def spread(scheduler):
    """Let joblib use the Dask cluster of a scheduler, with this module and its neighbour on every worker."""
    if scheduler is None:
        yield
        return
    from distributed import Client

    with Client(scheduler, timeout=20) as client:
        for module in ("chapters", "study"):
            client.upload_file(str(TOOLS / f"{module}.py"), load=False)
        with parallel_config(backend="dask", wait_for_workers_timeout=60):
            yield


def complete(name, study, *, workers=1, fresh=False, folder=None, scheduler=None):
    """Run what is missing of one study, and put the file in the declared order; return the errors."""
    path = (folder or studies.FOLDER) / f"{name}.jsonl"
    text = json.dumps([name, study["call"], study["parameters"], sources(name, study)])
    rows = begin(path, header(name, study), fresh=fresh)
    table = runs(study)
    missing = [setting for setting in table if setting not in [row["settings"] for row in rows]]
    jobs = (delayed(run)(text, setting) for setting in missing)
    counter = {"desc": name, "total": len(table), "initial": len(table) - len(missing), "unit": "run", "mininterval": 5}
    errors = []
    with spread(scheduler), path.open("a", encoding="utf-8") as file:
        count = workers if scheduler is None else -1
        found = Parallel(count, batch_size=1, return_as="generator_unordered")(jobs)
        for row, error in tqdm(found, disable=not missing, **counter):
            if error:
                errors.append(f"{name} {error}")
                continue
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
    arrange(path, rows, table)
    return errors


def arrange(path, rows, table):
    """Write the rows in the order of the table, and drop those that are not in it any more."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    kept = [json.dumps(row) + "\n" for setting in table for row in rows if row["settings"] == setting]
    draft = path.with_suffix(".draft")
    draft.write_text(first + "\n" + "".join(kept), encoding="utf-8")
    draft.replace(path)


def main():
    """Complete the studies, and list what raised an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="such as 07_typical_setup; default: all studies")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--scheduler", help="address of a Dask cluster, such as tcp://10.0.0.1:8786")
    parser.add_argument("--fresh", action="store_true", help="throw away the results that are there")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    table = declared()
    if unknown := set(options.chapters) - set(table):
        parser.error(f"received {', '.join(sorted(unknown))}; allowed: {', '.join(table)}")
    errors = []
    for name in options.chapters or table:
        how = {"workers": options.workers, "fresh": options.fresh, "scheduler": options.scheduler}
        errors += complete(name, table[name], **how)
        results = studies.load(name, folder=studies.FOLDER)
        print(f"{name}: {len(results.runs)} of {len(runs(table[name]))} runs, begun {results.date}")
    sys.exit("\n".join(errors) if errors else 0)


if __name__ == "__main__":
    import study  # worker processes find what they run by the name of its module, which must not be __main__

    study.main()
