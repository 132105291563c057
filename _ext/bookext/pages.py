"""What the head and the figures of each page need beyond the theme.

Every page gets a description, which sphinxext-opengraph also puts on the card of a link to it, figures that load when
they come into view and reserve their room before, and the scripts of KaTeX only where there is mathematics.
"""

import html
import json
import posixpath
import re
import textwrap
from pathlib import Path

from docutils import nodes
from sphinx.util.images import get_image_size

LENGTH = 160
IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]+)"')
IDENTIFIER = re.compile(r' id="([^"]*)"')
MATHS = ("katex", "auto-render")


def site_address(repository):
    """The address at which GitHub Pages serves a repository.

    >>> site_address("https://github.com/Someone/course")
    'https://someone.github.io/course/'
    """
    owner, name = repository.rstrip("/").split("/")[-2:]
    return f"https://{owner.lower()}.github.io/{name}/"


def set_addresses(app, config):
    """Derive all addresses from that of the repository, their single source (event ``config-inited``).

    The roles {repo}, {binder} and {colab} then link to a file of the repository, for example
    {colab}`Colab <chapters/01_starting_point.ipynb>`.
    """
    options = config.html_theme_options
    repository, branch = options["repository_url"], options["repository_branch"]
    path = f"{repository.removeprefix('https://github.com/')}/{{}}{branch}"
    config.html_baseurl = config.ogp_site_url = config.html_baseurl or site_address(repository)
    config.extlinks = {
        "repo": (f"{repository}/%s", None),
        "binder": (f"https://mybinder.org/v2/gh/{path.format('')}?urlpath=lab/tree/%s", None),
        "colab": (f"https://colab.research.google.com/github/{path.format('blob/')}/%s", None),
    }


def describe(text):
    """Shorten ``text`` to a description of one line.

    >>> describe("word " * 40)[-10:]
    'word word…'
    """
    return textwrap.shorten(text, LENGTH, placeholder="…")


def description(app, page, doctree):
    """A page's description: from its own metadata if it has one, else its first paragraph, else the book's."""
    metadata = app.env.metadata.get(page, {})
    path = Path(app.env.doc2path(page))
    if path.suffix == ".ipynb":
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    if "description" in metadata:
        return describe(metadata["description"])
    paragraphs = [] if doctree is None else doctree.findall(nodes.paragraph)
    first = next((paragraph.astext() for paragraph in paragraphs if paragraph.parent.tagname == "section"), "")
    return describe(first or app.config.book_description)


def lazy_images(body, size_of):
    """Let all images of ``body`` load when they come into view, and reserve their room so that nothing jumps.

    >>> lazy_images('<p><img alt="a" src="_images/a.png"></p>', lambda source: (30, 20))
    '<p><img loading="lazy" decoding="async" width="30" height="20" alt="a" src="_images/a.png"></p>'
    """

    def add(match):
        size = size_of(SOURCE.search(match[0])[1])
        room = f' width="{size[0]}" height="{size[1]}"' if size else ""
        return match[0].replace("<img", f'<img loading="lazy" decoding="async"{room}', 1)

    return IMAGE.sub(add, body)


def unique_ids(body):
    """Keep only the first of equal ids: theorem and exercise boxes all call their content the same.

    >>> unique_ids('<p id="a"></p><p id="b"></p><p id="a"></p>')
    '<p id="a"></p><p id="b"></p><p></p>'
    """
    seen = set()

    def keep(match):
        known = match[1] in seen
        seen.add(match[1])
        return "" if known else match[0]

    return IDENTIFIER.sub(keep, body)


def current_roles(body):
    """Replace the role that docutils gives to an entry of the bibliography: it is deprecated, and no item of a list.

    >>> current_roles('<div class="citation" role="doc-biblioentry">')
    '<div class="citation" role="listitem">'
    """
    return body.replace(' role="doc-biblioentry"', ' role="listitem"')


def image_size(app, page, source):
    """The size in pixels of an image that the page shows, or None if it is not one of the book's files."""
    files = {name: path for path, name in app.builder.images.items()}
    name = posixpath.basename(source)
    return get_image_size(str(Path(app.srcdir) / files[name])) if name in files else None


def describe_page(app, page, template, context, doctree):
    """Write the description of a page, and hand it on to its card (``html-page-context``, before opengraph)."""
    text = description(app, page, doctree)
    context["metatags"] = (
        f'{context.get("metatags", "")}\n    <meta name="description" content="{html.escape(text)}">\n    '
    )
    context["meta"] = (context.get("meta") or {}) | {"og:description": text}


def finish_page(app, page, template, context, doctree):
    """Add the rest to a page (event ``html-page-context``)."""
    if page == "search":
        app.add_js_file("search-snippets.js", loading_method="defer")
    if "body" in context:
        body = current_roles(unique_ids(context["body"]))
        context["body"] = lazy_images(body, lambda source: image_size(app, page, source))
    has_maths = doctree is not None and any(doctree.findall(lambda node: node.tagname in ("math", "math_block")))
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if has_maths or not is_maths(file)]
    for file in context["script_files"]:
        if is_maths(file):
            file.attributes["defer"] = "defer"


def is_maths(file):
    """Whether a script or style sheet is part of KaTeX."""
    return any(name in str(file.filename or "") for name in MATHS)


def setup(app):
    """Connect to Sphinx."""
    app.add_config_value("book_description", "", "html", [str])
    app.connect("config-inited", set_addresses, priority=400)
    app.connect("html-page-context", describe_page, priority=400)
    app.connect("html-page-context", finish_page, priority=900)
