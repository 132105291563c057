"""Questions to answer before the result: the directive ``{predict} name``, a question and a list of options.

The notebook shows both as text. What is said to each option stands in the metadata of its cell, so that nobody reads it
too early: ``"predict": {"name": {"right": [2], "why": ["...", "...", "..."], "beside": "fig-depth"}}``, with the places
of right options from 0, and the cell beside which the page repeats what the reader predicted.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def predictions_of(notebook: Path) -> dict[str, dict]:
    """Return the predictions of a notebook by their name."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return {name: entry for cell in cells for name, entry in cell["metadata"].get("predict", {}).items()}


class Predict(SphinxDirective):
    """A box with a question; the page's script makes its options buttons."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Return the box."""
        name = self.arguments[0]
        box = nodes.container(classes=["predict"], ids=[f"predict-{name}"])
        self.state.nested_parse(self.content, self.content_offset, box)
        options = [len(found) for found in box.findall(nodes.bullet_list)]
        entry = predictions_of(Path(self.env.doc2path(self.env.docname))).get(name)
        if entry is None or options != [len(entry["why"])]:
            allowed = "one list, and a sentence for each option in the metadata of the cell"
            raise self.error(f"predict received {name!r} with lists of {options}; allowed: {allowed}")
        return [box]


def setup(app):
    """Connect to Sphinx."""
    app.add_directive("predict", Predict)
