"""Code cells as link targets: cell ``assert-L01`` of a notebook becomes ``id="cell-assert-L01"`` on its page."""

import json
from pathlib import Path

from docutils import nodes


def add_ids(app, doctree):
    """Give each code cell of a notebook page its id (event ``doctree-read``)."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for container in doctree.findall(nodes.container):
        if container.get("nb_element") == "cell_code":
            container["ids"].append(f"cell-{cells[container['cell_index']]['id']}")


def setup(app):
    """Connect to Sphinx."""
    app.connect("doctree-read", add_ids)
