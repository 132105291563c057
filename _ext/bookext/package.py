"""Functions and pages, linked both ways.

The directive ``{package-index}`` lists every public name with the pages that use it: in the code of a notebook, or by a
reference in the text. Each chapter ends with a line that links to the names its code uses.
"""

import ast
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.ext.autodoc.mock import _MockObject
from sphinx.util.docutils import SphinxDirective

from .markup import link, table
from .memory import without_magic

CHAPTER = re.compile(r"chapters/(\d\d)_")
PLUMBING = ("warmstart.plots.", "warmstart.exercises.")  # used by each chapter, and no part of what it teaches
STORES = ("book_index_pages", "book_references", "book_used")
LISTED = ("function", "class", "exception", "data")


class package_index(nodes.General, nodes.Element):  # noqa: N801 (docutils names its nodes so)
    """Stands where the table will be once all pages are read."""


class PackageIndex(SphinxDirective):
    """The table of all public names; see the module's text."""

    def run(self):
        """Return the placeholder, and note where it stands."""
        store(self.env, "book_index_pages")[self.env.docname] = True
        return [package_index()]


def names_in(sources):
    """The full names of the package that the code of a notebook uses.

    >>> sorted(names_in(["from warmstart import scale as s", "from warmstart.models import MLP", "s.gain(MLP)"]))
    ['warmstart.models.MLP', 'warmstart.scale.gain']
    """
    nodes_of_code = list(ast.walk(ast.parse(without_magic("\n".join(sources)))))
    full, found = {}, set()
    for node in nodes_of_code:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "warmstart":
            full |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in nodes_of_code:
        if isinstance(node, ast.Name) and node.id in full:
            found.add(full[node.id])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in full:
            found.add(f"{full[node.value.id]}.{node.attr}")
    return {name for name in found if name.count(".") == 2}


def collect_references(app, doctree):
    """Note which names of the package a page refers to, and which its code uses (event ``doctree-read``)."""
    page, path = app.env.docname, Path(app.env.doc2path(app.env.docname))
    named = {node["reftarget"] for node in doctree.findall(pending_xref) if node.get("refdomain") == "py"}
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.suffix == ".ipynb" else []
    used = names_in("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    store(app.env, "book_references")[page] = named | used
    store(app.env, "book_used")[page] = used


def fill_index(app, doctree, docname):
    """Replace the placeholder by the table (event ``doctree-resolved``)."""
    for placeholder in list(doctree.findall(package_index)):
        references, rows = store(app.env, "book_references"), []
        for name, entry in app.env.get_domain("py").objects.items():
            if entry.objtype in LISTED:
                title = nodes.literal("", name.removeprefix("warmstart."))
                first = nodes.paragraph("", "", link(app, docname, entry.docname, entry.node_id, title))
                users = [page for page, names in sorted(references.items()) if name in names and page != docname]
                rows.append([[first], [_links(app, docname, users)]])
        placeholder.replace_self(table(["Name", "Used in chapter or page"], rows, [60, 40], "package-index"))


def link_back(app, doctree, docname):
    """End a chapter with links to what its code uses of the package (event ``doctree-resolved``)."""
    used, objects = store(app.env, "book_used").get(docname, ()), app.env.get_domain("py").objects
    names = [name for name in objects if name in used and not name.startswith(PLUMBING)]
    if not names:
        return
    paragraph = nodes.paragraph("", "", nodes.strong("", "In the package: "), classes=["in-the-package"])
    for position, name in enumerate(names):
        title = nodes.literal("", name.removeprefix("warmstart."))
        reference = link(app, docname, objects[name].docname, objects[name].node_id, title)
        paragraph += [nodes.Text(", "), reference] if position else [reference]
    list(doctree.findall(nodes.section))[-1].append(paragraph)


def _links(app, docname, pages):
    """A paragraph with a short link to each page: a chapter's number, another page's title; a dash if there is none."""
    paragraph = nodes.paragraph()
    for page in filter(None, pages):
        number = CHAPTER.match(page)
        title = app.env.titles[page].astext()
        reference = link(app, docname, page, "", nodes.inline("", str(int(number[1])) if number else title))
        reference["reftitle"] = title
        paragraph += [nodes.Text(", "), reference] if len(paragraph) else [reference]
    return paragraph if len(paragraph) else nodes.paragraph("", "–")


def pages_to_write(app, env):
    """Write again, whenever any page was read, those that show what others say (event ``env-updated``)."""
    return [*store(env, "book_index_pages"), *(page for page, used in store(env, "book_used").items() if used)]


def purge(app, env, docname):
    """Forget what a page said before it is read again (event ``env-purge-doc``)."""
    for name in STORES:
        store(env, name).pop(docname, None)


def merge(app, env, docnames, other):
    """Take over what a parallel reader found (event ``env-merge-info``)."""
    for name in STORES:
        store(env, name).update(store(other, name))


def store(env, name):
    """A dictionary that is kept in the build environment, so that later builds know what earlier ones read."""
    if not hasattr(env, name):
        setattr(env, name, {})
    return getattr(env, name)


def setup(app):
    """Connect to Sphinx."""
    # The page is built without torch; in Sphinx 7 its stand-in cannot yet be read in hints such as ``Tensor | None``.
    _MockObject.__or__ = _MockObject.__ror__ = lambda self, other: self
    app.add_node(package_index)
    app.add_directive("package-index", PackageIndex)
    app.connect("doctree-read", collect_references)
    app.connect("doctree-resolved", fill_index)
    app.connect("doctree-resolved", link_back)
    app.connect("env-updated", pages_to_write)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
