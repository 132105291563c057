"""Run the long versions of chapters' experiments: ``python tools/study.py [CHAPTER ...]``, ``make study``.

``chapters/studies.yml`` declares for each chapter a table of runs. A run calls a function of the chapter, whose cells
are executed first, with one setting of each argument in the grid::

    typical_setup:
      cells: [imports, parameters, setup, ablation]  # these are executed, in this order
      parameters: {WIDTH: 100}                       # what replaces the committed values of the cell `parameters`
      call: ablate                                   # returns a dict of numbers or of lists of numbers
      grid:
      - {rate: [0.01, 0.03], seeds: [30]}            # every combination; several grids are done one after the other

Each result is written to the chapter's file in ``warmstart/studies`` as soon as it is there, so that a run that was
killed goes on where it stopped. A file made with other code or other versions is not added to: begin anew, ``--fresh``.

A file remembers the code that made it (``bookext/memory.py``). Where that changed since, one setting is run again, the
shortest or the one declared under ``quick``; if its numbers are the same, the file notes the present code as checked.
``--all`` runs all settings again and says which differ.

``--scheduler tcp://...`` sends the runs to a Dask cluster whose workers have the requirements installed, with one
thread each. A run whose worker dies is given to another.
"""

import argparse
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

import numpy as np
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
        if set(study) - {"quick"} != allowed:
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
    from bookext.naming import path_of  # which a worker of a cluster neither has nor needs

    code = {cell.id: cell.source for cell in read(path_of(name, CHAPTERS)).cells if cell.cell_type == "code"}
    if missing := set(study["cells"]) - set(code):
        raise SystemExit(f"{name} received the cells {sorted(missing)}; allowed: {', '.join(code)}")
    return {cell: code[cell] for cell in study["cells"]}


def memory_of(name, study):
    """What the results depend on: the code of the cells, and of what they reach of the package."""
    from bookext.memory import of_study

    return of_study(study, sources(name, study))


def header(name, study):
    """The first line of a results file: what was run, when, and with which versions."""
    return {
        "study": name,
        "date": datetime.now(UTC).date().isoformat(),
        "made": memory_of(name, study),
        "parameters": study["parameters"],
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
    }


def agree(one, other):
    """Whether two runs of one setting are of the same code, on processors that may round differently.

    In training such differences grow. Of the numbers of a setting at least 0.44 were still the same to one in a
    thousand on another processor, and at most 0.13 when each update was halved: a third lies between.

    >>> agree({"loss": [1.0, 2.0]}, {"loss": [1.0001, 2.5]}), agree({"loss": [1.0]}, {"loss": [1.1]})
    (True, False)
    """
    if one.keys() != other.keys() or any(np.shape(one[key]) != np.shape(other[key]) for key in one):
        return False
    same = [np.isclose(one[key], other[key], rtol=1e-3, atol=0).ravel() for key in one]
    return bool(np.concatenate(same).mean() > 1 / 3)


def differing(name, study, *, every=False, workers=1, folder=None):
    """Run stored settings again, one or all; return those that come out differently, or raise an error."""
    path = (folder or studies.FOLDER) / f"{name}.jsonl"
    rows = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines()[1:]]
    if not every:
        chosen = study.get("quick") or min(rows, key=lambda row: row["seconds"])["settings"]
        rows = [row for row in rows if row["settings"] == chosen]
    text = json.dumps([name, study["call"], study["parameters"], sources(name, study)])
    again = Parallel(workers, batch_size=1)(delayed(run)(text, row["settings"]) for row in rows)
    if not rows:
        return [f"{name}: no stored setting is the one declared under quick"]
    return [
        f"{name} {row['settings']}: {error or 'other numbers than those that are stored'}"
        for row, (new, error) in zip(rows, again, strict=True)
        if error or not agree(row["results"], new["results"])
    ]


def changed(name, study, *, folder=None):
    """What is not as it was when the results were made, nor as it was when they were last checked."""
    from bookext.memory import differences

    there, now = studies.load(name, folder=folder or studies.FOLDER), memory_of(name, study)
    return [] if there.checked and not differences(there.checked, now) else differences(there.made, now)


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
    return [json.loads(row) for row in whole.splitlines()[1:]] if whole else begin(path, first, fresh=True)


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
    text, first = json.dumps([name, study["call"], study["parameters"], sources(name, study)]), header(name, study)
    rows, table = begin(path, first, fresh=fresh), runs(study)
    if rows and (old := changed(name, study, folder=folder)):
        if errors := differing(name, study, folder=folder):
            return [f"{error}; made with an earlier version of {', '.join(old)}; add --fresh" for error in errors]
        note_checked(path, first["made"])
    missing = [setting for setting in table if setting not in [row["settings"] for row in rows]]
    if rows and missing and (old := studies.load(name, folder=path.parent).versions) != first["versions"]:
        return [f"{name} holds results of other versions: {old}, now {first['versions']}; add --fresh"]
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


def note_checked(path, now):
    """Write into the first line that the present code gives the same numbers."""
    first, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(json.dumps(json.loads(first) | {"checked": now}) + "\n" + "".join(rows), encoding="utf-8")


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
    parser.add_argument("chapters", nargs="*", help="such as typical_setup; default: all studies")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--scheduler", help="address of a Dask cluster, such as tcp://10.0.0.1:8786")
    parser.add_argument("--fresh", action="store_true", help="throw away the results that are there")
    parser.add_argument("--all", action="store_true", help="run all stored settings again, and list those that differ")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", MPLBACKEND="agg")
    table = declared()
    if unknown := set(options.chapters) - set(table):
        parser.error(f"received {', '.join(sorted(unknown))}; allowed: {', '.join(table)}")
    errors = []
    for name in options.chapters or table:
        if options.all:
            wrong = differing(name, table[name], every=True, workers=options.workers)
            print(f"{name}: {len(wrong)} of {len(runs(table[name]))} settings differ")
            errors += wrong
            continue
        how = {"workers": options.workers, "fresh": options.fresh, "scheduler": options.scheduler}
        errors += complete(name, table[name], **how)
        results = studies.load(name, folder=studies.FOLDER)
        print(f"{name}: {len(results.runs)} of {len(runs(table[name]))} runs, begun {results.date}")
    sys.exit("\n".join(errors) if errors else 0)


if __name__ == "__main__":
    import study  # worker processes find what they run by the name of its module, which must not be __main__

    study.main()
