"""Cells that the page offers to run: they run without torch, give what is committed, and need what the build says."""

import json
import subprocess
import sys

import pytest

from bookext import closure, lab
from chapters import ROOT, chapter_paths, read

#: Runs steps without torch, each chapter's in names of its own, and prints what they gave.
WITHOUT_TORCH = """
import json, sys
sys.modules["torch"] = None
import matplotlib
matplotlib.use("agg")
from run import Notebook
steps, notebook = json.load(sys.stdin), Notebook()
print(json.dumps([{"cell": cell, **notebook.run(cell, source, dpi=20)} for cell, source in steps]))
"""


def text_of(cell):
    """What a committed cell shows as text."""
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "".join(part for part in shown if not part.startswith("<Figure")).strip()


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_cells_that_the_page_offers_run_without_torch_and_give_what_is_committed(path):
    cells = {cell.id: cell for cell in read(path).cells}
    found = lab.runnable(path)
    steps = [("imports", lab.imports_of(path)[1]), *((name, cells[name].source) for name in found)]
    environment = {"PYTHONPATH": f"{ROOT / 'code'}:{ROOT / 'lab'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(command, input=json.dumps(steps), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for given in json.loads(done.stdout):
        assert given["error"] == "", given
        if given["cell"] != "imports":
            assert bool(given["figures"]) == any(
                "image/png" in out.get("data", {}) for out in cells[given["cell"]].outputs
            )
            assert given["text"].strip() == text_of(cells[given["cell"]]), given["cell"]
    assert "parameters" in found


def needs(*sources):
    cells = [("imports", "import numpy as np\nimport torch"), *((f"c{i}", text) for i, text in enumerate(sources))]
    return closure.runnable(cells)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["a = 1", "b = 2", "print(a)"], {"c0": [], "c1": [], "c2": ["c0"]}),
        (["a = 1", "a = 2", "print(a)"], {"c0": [], "c1": [], "c2": ["c1"]}),
        (["a = []", "a.append(1)", "print(a)"], {"c0": [], "c1": ["c0"], "c2": ["c0", "c1"]}),
        (["a = {}", "a['x'] = 1", "print(a)"], {"c0": [], "c1": ["c0"], "c2": ["c0", "c1"]}),
        (["a = 1", "a += 1", "print(a)"], {"c0": [], "c1": ["c0"], "c2": ["c0", "c1"]}),
        (["a = 1", "def f():\n    return a", "f()"], {"c0": [], "c1": ["c0"], "c2": ["c0", "c1"]}),
        (["x = torch.ones(2)", "x = 1", "print(x)"], {"c1": [], "c2": ["c1"]}),
        (["x = torch.ones(2)", "print(x)", "for x in range(3):\n    print(x)"], {"c2": []}),
        (["def f(torch):\n    return torch", "f(1)"], {"c0": [], "c1": ["c0"]}),
        (["a = [x for x in range(3)]", "x = torch.ones(1)", "[x for x in a]"], {"c0": [], "c2": ["c0"]}),
        (["g = streams.torch", "h = streams.numpy", "g(1)"], {"c0": [], "c1": []}),
        (["import torch.nn as nn", "nn.Linear(1, 1)"], {}),
    ],
)
def test_what_a_cell_needs(sources, expected):
    assert needs(*sources) == expected
