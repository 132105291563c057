"""A content security policy in the head of each page: scripts are the book's own files, and the theme's by their hash.

So nothing that a reader writes or loads can become a script, and no page asks another host. Styles may stand in the
page, since KaTeX sets formulas by them.
"""

import base64
import hashlib
import html
import re
from pathlib import Path

SCRIPT = re.compile(r"<script(?![^>]*\b(?:src=|application/json))[^>]*>(.*?)</script>", re.DOTALL)
HANDLER = re.compile(r"""<[^>]*\son[a-z]+=(?:"([^"]*)"|'([^']*)')""")
HEAD = re.compile(r"<meta charset[^>]*>")
FIXED = (
    "default-src 'self' file:; style-src 'self' file: 'unsafe-inline'; img-src 'self' file: data: blob:; "
    "font-src 'self' file: data:; object-src 'none'; base-uri 'none'; form-action 'self' file:; "
    "script-src 'self' file: 'wasm-unsafe-eval' 'unsafe-hashes'"
)


def policy(text: str) -> str:
    """Return the policy for a page: what is fixed, and the hashes of the scripts that stand in it.

    >>> policy("<p>text</p>").endswith("'unsafe-hashes'")
    True
    >>> policy("<script>x</script>").split()[-1]
    "'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='"
    """
    handlers = (html.unescape(double or single) for double, single in HANDLER.findall(text))
    parts = sorted({*SCRIPT.findall(text), *handlers})
    hashes = (base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts)
    return " ".join([FIXED, *(f"'sha256-{value}'" for value in hashes)])


def state(app, exception):
    """Write the policy into each page (event ``build-finished``)."""
    if exception is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "Content-Security-Policy" not in text:
            meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(text)}">'
            path.write_text(
                HEAD.sub(lambda match, meta=meta: f"{match[0]}\n    {meta}", text, count=1), encoding="utf-8"
            )


def setup(app):
    """Connect to Sphinx."""
    app.connect("build-finished", state)
