"""Functions and chapters, linked both ways.

A docstring of the package ends with a line ``Chapter: 01, 03``; on the API page its numbers become links. The directive
``{package-index}`` lists every public name with those chapters and with all pages whose text refers to it. Each chapter
ends with a line that links back to the names whose docstrings name it.
"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.ext.autodoc.mock import _MockObject
from sphinx.util.docutils import SphinxDirective

from .markup import link, table

CHAPTER_LINE = re.compile(r"^Chapter: (\d\d(?:, \d\d)*)$")
LISTED = ("function", "class", "exception", "data")


class package_index(nodes.General, nodes.Element):  # noqa: N801 (docutils names its nodes so)
    """Stands where the table will be once all pages are read."""


class PackageIndex(SphinxDirective):
    """The table of all public names; see the module's text."""

    def run(self):
        """Return the placeholder, and note where it stands."""
        store(self.env, "book_index_pages")[self.env.docname] = True
        return [package_index()]


def numbers(lines):
    """The chapter numbers that the lines of a docstring name, as strings of two digits.

    >>> numbers(["Return it.", "", "Chapter: 01, 03"])
    ['01', '03']
    """
    return [number for line in lines if (match := CHAPTER_LINE.match(line)) for number in match[1].split(", ")]


def page_of(env, number):
    """The page of chapter ``number``, or None while it is not written."""
    return next((page for page in sorted(env.found_docs) if page.startswith(f"chapters/{number}_")), None)


def link_docstring(app, what, name, obj, options, lines):
    """Turn the chapter line of a docstring into links (event ``autodoc-process-docstring``)."""
    found = numbers(lines)
    if not found:
        return
    store(app.env, "book_chapters")[name] = found
    pages = {number: page_of(app.env, number) for number in found}
    links = [f":doc:`/{page}`" if page else f"chapter {int(number)}, not written yet" for number, page in pages.items()]
    lines[:] = [f"Chapter: {', '.join(links)}" if CHAPTER_LINE.match(line) else line for line in lines]


def collect_references(app, doctree):
    """Note to which names of the package a page refers (event ``doctree-read``)."""
    found = {node["reftarget"] for node in doctree.findall(pending_xref) if node.get("refdomain") == "py"}
    store(app.env, "book_references")[app.env.docname] = found


def fill_index(app, doctree, docname):
    """Replace the placeholder by the table (event ``doctree-resolved``)."""
    for placeholder in list(doctree.findall(package_index)):
        chapters, references = store(app.env, "book_chapters"), store(app.env, "book_references")
        rows = []
        for name, entry in app.env.get_domain("py").objects.items():
            if entry.objtype in LISTED:
                title = nodes.literal("", name.removeprefix("warmstart."))
                first = nodes.paragraph("", "", link(app, docname, entry.docname, entry.node_id, title))
                own = [page_of(app.env, number) for number in chapters.get(name, [])]
                users = [page for page, names in sorted(references.items()) if name in names and page != docname]
                rows.append([[first], [_links(app, docname, own)], [_links(app, docname, users)]])
        placeholder.replace_self(table(["Name", "Chapter", "Referred to in"], rows, [50, 20, 30], "package-index"))


def link_back(app, doctree, docname):
    """End a chapter with links to what the package holds of it (event ``doctree-resolved``)."""
    number = re.match(r"chapters/(\d\d)_", docname)
    chapters, objects = store(app.env, "book_chapters"), app.env.get_domain("py").objects
    names = [name for name in objects if number and number[1] in chapters.get(name, [])]
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
        number = re.match(r"chapters/(\d\d)_", page)
        title = app.env.titles[page].astext()
        reference = link(app, docname, page, "", nodes.inline("", str(int(number[1])) if number else title))
        reference["reftitle"] = title
        paragraph += [nodes.Text(", "), reference] if len(paragraph) else [reference]
    return paragraph if len(paragraph) else nodes.paragraph("", "–")


def pages_to_write(app, env):
    """Write again, whenever any page was read, those that show what others say (event ``env-updated``)."""
    chapters = {page_of(env, number) for numbers in store(env, "book_chapters").values() for number in numbers}
    return [*store(env, "book_index_pages"), *filter(None, chapters)]


def purge(app, env, docname):
    """Forget what a page said before it is read again (event ``env-purge-doc``)."""
    for name in ("book_index_pages", "book_references"):
        store(env, name).pop(docname, None)


def merge(app, env, docnames, other):
    """Take over what a parallel reader found (event ``env-merge-info``)."""
    for name in ("book_index_pages", "book_references", "book_chapters"):
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
    app.connect("autodoc-process-docstring", link_docstring, priority=400)  # before napoleon
    app.connect("doctree-read", collect_references)
    app.connect("doctree-resolved", fill_index)
    app.connect("doctree-resolved", link_back)
    app.connect("env-updated", pages_to_write)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
