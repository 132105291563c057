"""The chapters as files: where they are, their canonical form, the bootstrap cell they share.

Canonical form keeps diffs small: outputs, order and counts as a fresh run gives them, and no trace of the machine.
"""

import re
from pathlib import Path

import nbformat
import yaml

from warmstart.exercises.core import exercises, registered

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Plumbing, by the cell's id: folded on the page, open in the notebook.
FOLDED = re.compile(r"fig-|assert-|numbers-|limit|setup|same-as-package|draw-|imports$|parameters$")
BOOTSTRAP = """\
# On Colab, install the package of this course; everywhere else it is there already.
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules and find_spec("warmstart") is None:
    %pip install --quiet "warmstart[pretrained] @ git+{repository}"\
"""


def chapter_paths():
    """All chapters in reading order."""
    return sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))


def repository_url():
    """The address of the repository, from its single source: ``repository.url`` in ``_config.yml``."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def counts_as_open(cell):
    """Whether a reader has to read this code: all that is not folded, removed or asked; the setup counts anyway."""
    plumbing = cell.id == "bootstrap" or cell.id.endswith(("-try", "-solution")) or FOLDED.match(cell.id)
    return cell.cell_type == "code" and (cell.id.startswith("setup") or not plumbing)


def open_code(notebook):
    """The lines of code that count as open."""
    shown = [cell.source for cell in notebook.cells if counts_as_open(cell)]
    return [line for source in shown for line in source.splitlines() if line.strip()]


def attempt_for(cell):
    """The code of the cell ``ex-<name>-try`` as the exercise asks for it; None for another cell.

    >>> print(attempt_for("ex-he-halves-try"))
    answer = ...
    check("he-halves", answer)
    """
    found = re.fullmatch(r"ex-([\w-]+)-try", cell)
    if found is None or found[1] not in exercises():
        return None
    asks = registered(found[1]).asks
    return f'{asks.attempt()}\ncheck("{found[1]}", {asks.name})'


def read(path):
    """The notebook at ``path``, in notebook format 4."""
    return nbformat.read(path, as_version=4)


def canonical(notebook):
    """The text of the notebook in canonical form."""
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = {key: notebook.metadata[key] for key in ("description", "draft") if key in notebook.metadata}
    notebook.metadata.update(NOTEBOOK_METADATA)
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("mystnb", "predict", "tags") if cell.metadata.get(key)}
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "hide-input"]
        if cell.cell_type == "code" and FOLDED.match(cell.id):
            tags.append("hide-input")
        cell.metadata = {key: value for key, value in (*cell.metadata.items(), ("tags", tags)) if value}
        if (attempt := attempt_for(cell.id)) is not None:
            cell.source = attempt
        if cell.id == "bootstrap":
            cell.source = BOOTSTRAP.format(repository=repository_url())
            cell.metadata = {"tags": ["remove-cell"]}
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
            if "data" in output and "image/png" in output["data"]:
                output["data"] = {
                    key: output["data"][key] for key in ("image/png", "text/plain") if key in output["data"]
                }
                output["data"]["image/png"] = output["data"]["image/png"].strip() + "\n"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"
