"""What a page says of the long version of its experiment: whether the code that made it changed since."""

import json
from functools import cache
from pathlib import Path

import yaml
from docutils import nodes

from . import memory
from .claims import source
from .naming import name_of

RESULTS = memory.PACKAGE / "studies"


def report(notebook: Path, results: Path = RESULTS) -> str:
    """Return a sentence on the stored results of a chapter, empty if there is nothing to say.

    Results count as checked while the code is the one that gave the same numbers for one setting, run again.
    """
    declared = _declared(notebook.parent / "studies.yml").get(name_of(notebook))
    if declared is None:
        return ""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    now = memory.of_study(declared, {cell["id"]: source(cell) for cell in cells})
    with (results / f"{name_of(notebook)}.jsonl").open(encoding="utf-8") as file:
        first = json.loads(file.readline())
    changed = memory.differences(first["made"], now)
    if not changed:
        return ""
    again = "one setting, run again with the present code, gives the same numbers"
    checked = "checked" in first and not memory.differences(first["checked"], now)
    since = again if checked else "it was not run again since"
    return f"The long version was made with an earlier version of {memory.several(changed)}; {since}."


@cache
def _declared(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def add_reports(app, doctree):
    """Put the sentence below the cell that shows the results (event ``doctree-read``, after ``cells``)."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix == ".ipynb" and (text := report(path)):
        for file in (path.with_name("studies.yml"), RESULTS / f"{name_of(path)}.jsonl"):
            app.env.note_dependency(str(file))
        for container in list(doctree.findall(nodes.container)):
            if "cell-long" in container["ids"]:
                below = nodes.paragraph("", text, classes=["made-with"])
                container.parent.insert(container.parent.index(container) + 1, below)


def setup(app):
    """Connect to Sphinx."""
    app.connect("doctree-read", add_reports, priority=501)
