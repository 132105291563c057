"""Pieces of docutils that several directives build."""

from docutils import nodes


def link(app, page, target, anchor, child):
    """A reference from ``page`` to ``anchor`` (may be empty) on the page ``target``, shown as the node ``child``."""
    uri = app.builder.get_relative_uri(page, target) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", child, internal=True, refuri=uri)


def table(head, rows, widths, name):
    """A table of class ``name``; each cell of ``rows`` is a list of nodes.

    On a telephone the style sheet shows each row as a card, so each cell carries its column's number as a class.
    """
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(widths))
    header = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in head))
    body = nodes.tbody()
    for cells in rows:
        body += nodes.row("", *(nodes.entry("", *cell, classes=[f"column-{n}"]) for n, cell in enumerate(cells, 1)))
    group += [nodes.thead("", header), body]
    return nodes.table("", group, classes=[name, "cards"])
