"""Bring pages to life: the script that runs on each page, what it needs to know, and Python for those who ask for it.

The modules of the folder ``lab`` become one script, since browsers refuse modules to a page opened from a folder. Its
name and those of all files that it loads hold their hash, so that no cache gives a page the files of another build.
"""

import ast
import hashlib
import json
import re
import sys
from pathlib import Path

from sphinx.util.logging import getLogger

from . import runtime
from .answers import field, fields
from .claims import source
from .naming import name_of

SOURCES = Path(__file__).resolve().parents[2] / "lab"
PLAIN = {"numpy", *sys.stdlib_module_names}
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
logger = getLogger(__name__)


def bundle(entry: Path) -> str:
    """Return a module and those that it imports as one script, without comments and indentation."""
    done = {}

    def add(path):
        text = path.read_text(encoding="utf-8")
        for name in IMPORT.findall(text):
            if name not in done:
                add(path.with_name(name))
        done[path.name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(entry)
    text = re.sub(r"/\*.*?\*/ ?", "", "\n".join(done.values()), flags=re.DOTALL)  # no text of ours holds such signs
    return "(() => {\n" + re.sub(r"\n\s*", "\n", text).strip() + "\n})();\n"


def hashed(stem: str, text: str) -> str:
    """Return a file's name with the hash of its content."""
    return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"


def imports_of(notebook: Path) -> str:
    """Return the imports of a chapter that a browser can do, so that an answer finds the names of the notebook.

    Those of the package that need torch are left out name by name, as is what draws.
    """
    there = {path.with_suffix("").as_posix().removesuffix("/__init__") for path in runtime.without_torch()} - {"plots"}
    found = []
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for node in ast.parse("\n".join(source(cell) for cell in cells if cell["id"] == "imports")).body:
        if isinstance(node, ast.Import):
            node.names = [alias for alias in node.names if alias.name.split(".")[0] in PLAIN]
        elif isinstance(node, ast.ImportFrom) and node.module == "warmstart":
            node.names = [alias for alias in node.names if alias.name in there]
        elif not isinstance(node, ast.ImportFrom) or node.module not in PLAIN:
            continue
        found += [ast.unparse(node)] if node.names else []
    return "\n".join(found)


def exercises_of(notebook: Path) -> dict[str, dict]:
    """Return what the page asks in a chapter, in the order of its exercises."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = {cell["id"]: source(cell) for cell in cells}
    names = sorted(fields(name_of(notebook)), key=lambda name: list(texts).index(f"ex-{name}-try"))
    return {name: field(name, texts.get(f"ex-{name}-given", "")) for name in names}


def prepare(app):
    """Make all of it before the pages are written (event ``builder-inited``)."""
    if app.builder.format != "html":
        return
    alone = {stem: (SOURCES / f"{stem}.js").read_text(encoding="utf-8") for stem in ("python", "worker")}
    texts = {"lab": bundle(SOURCES / "main.js"), **{f"lab-{stem}": text for stem, text in alone.items()}}
    chapters = sorted(Path(app.srcdir).glob("chapters/[0-9][0-9]_*.ipynb"))
    exercises = {f"chapters/{path.stem}": exercises_of(path) for path in chapters}
    imports = {f"chapters/{path.stem}": imports_of(path) for path in chapters}
    app.lab = {
        "exercises": exercises,
        "imports": imports,
        "scripts": {hashed(stem, text): text for stem, text in texts.items()},
    }
    try:
        app.lab["files"] = runtime.fetch() | {"warmstart.zip": runtime.packed()}
    except runtime.Unavailable as reason:
        app.lab["files"] = None
        logger.info("Pages check functions only where Python comes with them, and it does not: %s", reason)


def add_to_page(app, page, template, context, doctree):
    """Give a page the script and its data (event ``html-page-context``)."""
    if not hasattr(app, "lab"):
        return
    if "python" not in app.lab:
        write(app)
    script, client, worker = app.lab["scripts"]
    data = {
        "exercises": app.lab["exercises"].get(page, {}),
        "imports": app.lab["imports"].get(page, ""),
        "chapters": {chapter: list(names) for chapter, names in app.lab["exercises"].items() if names},
        "python": app.lab["python"] and {**app.lab["python"], "client": client, "worker": worker},
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    context["body"] = context.get("body", "") + f'<script type="application/json" id="lab-data">{text}</script>'
    app.add_js_file(script, loading_method="defer")


def write(app):
    """Write the files into the site."""
    place = Path(app.outdir) / "_static"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in app.lab["scripts"].items():
        (place / name).write_text(text, encoding="utf-8")
    files = app.lab.pop("files")
    app.lab["python"] = None
    if files:
        listed = runtime.write(files, place)
        app.lab["python"] = {**listed, "bytes": sum(file["bytes"] for file in listed["files"].values())}


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", add_to_page, priority=850)
