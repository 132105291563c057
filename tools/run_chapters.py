"""Execute chapters in place and write them in canonical form: ``python tools/run_chapters.py [NOTEBOOK ...]``.

With ``--format`` nothing is executed: only the canonical form is written.
"""

import argparse
import os
import time
from pathlib import Path

from nbclient import NotebookClient

from chapters import canonical, chapter_paths, read


def execute(notebook, folder):
    """Run all cells in a fresh kernel in ``folder``; an exception in a cell ends the run with its traceback."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}, coalesce_streams=True)
    client.record_timing = False
    client.execute()


def main():
    """Parse the command line and write each chapter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", type=Path, help="notebooks; default: all chapters")
    parser.add_argument("--format", action="store_true", help="write the canonical form without executing")
    options = parser.parse_args()
    # One thread: the promise is a chapter in 30 s on one core, and sums then have one order.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    for path in options.chapters or chapter_paths():
        notebook = read(path)
        path.write_text(canonical(notebook), encoding="utf-8")  # fills the bootstrap cell before it runs
        started = time.perf_counter()
        if not options.format:
            notebook = read(path)
            execute(notebook, path.parent)
            path.write_text(canonical(notebook), encoding="utf-8")
        print(f"{path.name}: {time.perf_counter() - started:.1f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
