"""Code cells as link targets: cell ``assert-L01`` of a notebook becomes ``id="cell-assert-L01"`` on its page.

The role ``cell`` links there: ``{cell}`at the border <he#assert-L17>``` in a text of the same folder.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import ReferenceRole

from .markup import link
from .naming import path_of


def code_cells(path):
    """The ids of a notebook's code cells, by their position among all cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {index: cell["id"] for index, cell in enumerate(cells) if cell["cell_type"] == "code"}


def add_ids(app, doctree):
    """Give each code cell of a notebook page its id (event ``doctree-read``)."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    ids = code_cells(path)
    for container in doctree.findall(nodes.container):
        if container.get("nb_element") == "cell_code":
            container["ids"].append(f"cell-{ids[container['cell_index']]}")


class Cell(ReferenceRole):
    """A link to a code cell; that there is one is checked."""

    def run(self):
        """Return the reference, or an error that ends the build."""
        name, _, cell = self.target.partition("#")
        here = Path(self.env.doc2path(self.env.docname))
        path = path_of(name, here.parent)
        if path is None or cell not in code_cells(path).values():
            text = f"cell received {self.target!r}; allowed: <chapter>#<id of a code cell> of {here.parent.name}/"
            return [], [self.inliner.reporter.error(text, line=self.lineno)]
        self.env.note_dependency(str(path))
        page = str(Path(self.env.docname).with_name(path.stem).as_posix())
        return [link(self.env.app, self.env.docname, page, f"cell-{cell}", nodes.inline("", self.title))], []


def setup(app):
    """Connect to Sphinx."""
    app.connect("doctree-read", add_ids)
    app.add_role("cell", Cell())
