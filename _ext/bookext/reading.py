"""What the book says of its chapters without anybody typing it: the list of the front page, and how long a page takes.

The directive ``{chapter-list}`` lists every notebook with its description, its time and its links to Binder and Colab.
The box of objectives, the first of a chapter, ends with the time.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from .claims import source

FOLDER = "chapters"
FORMULA = re.compile(r"\$\$.*?\$\$(?: \([^)]*\))?", re.DOTALL)
ROLE = re.compile(r"\{[a-z:]+\}`([^`]*)`")
WORD = re.compile(r"\S*\w\S*")


def minutes(cells):
    """The minutes that a reader needs for the cells of a chapter without its exercises, rounded up to fives.

    200 words a minute, half a minute for a figure or a displayed formula, 6 seconds for an open line of code. A reader
    with a watch took 95, 115 and 75 minutes for the first three chapters as they once were; this rule said 82, 103, 70.

    >>> minutes([{"id": "a", "cell_type": "markdown", "source": "word " * 900 + "$$x$$"}])
    5
    """
    total = 0.0
    for cell in cells:
        text, name, tags = source(cell), cell.get("id", ""), cell.get("metadata", {}).get("tags", [])
        if name.startswith(("ex-", "exercises", "sources")):
            continue
        total += 0.5 * name.startswith("fig-")
        if cell["cell_type"] == "markdown":
            total += len(FORMULA.findall(text)) / 2 + len(WORD.findall(ROLE.sub(r"\1", FORMULA.sub("", text)))) / 200
        elif not {"hide-input", "remove-cell"} & set(tags):
            total += sum(1 for line in text.splitlines() if line.strip()) / 10
    return 5 * round(total / 5 + 0.4)


def notebooks(srcdir):
    """The chapters in reading order: page and notebook."""
    for path in sorted((Path(srcdir) / FOLDER).glob("[0-9][0-9]_*.ipynb")):
        yield f"{FOLDER}/{path.stem}", json.loads(path.read_text(encoding="utf-8"))


class ChapterList(SphinxDirective):
    """Every chapter: title, description, time, and where to start it."""

    def run(self):
        """Return a definition list."""
        lines = []
        for page, notebook in notebooks(self.env.srcdir):
            self.env.note_dependency(f"{page}.ipynb")
            start = f"{{binder}}`Binder <{page}.ipynb>` · {{colab}}`Colab <{page}.ipynb>`"
            time = f"{minutes(notebook['cells'])} minutes to read"
            lines += [f"{{doc}}`/{page}`", f": {notebook['metadata']['description']}", f"  {time} · {start}", ""]
        box = nodes.container(classes=["chapter-list"])
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, box)
        return box.children


def add_time(app, doctree):
    """End the box of objectives of a chapter with its time (event ``doctree-read``)."""
    path = Path(app.env.doc2path(app.env.docname))
    boxes = list(doctree.findall(nodes.admonition))
    if path.suffix == ".ipynb" and boxes:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = f" about {minutes(cells)} minutes to read, half a minute to run; the exercises come on top."
        boxes[0] += nodes.paragraph("", "", nodes.strong("", "Time:"), nodes.Text(text))


def setup(app):
    """Connect to Sphinx."""
    app.add_directive("chapter-list", ChapterList)
    app.connect("doctree-read", add_time)
