"""Bring pages to life: the script that runs on each page, what it needs to know, and Python for those who ask for it.

The modules of the folder ``lab`` become one script, since browsers refuse modules to a page opened from a folder. Its
name and those of all files that it loads hold their hash, so that no cache gives a page the files of another build.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

import rjsmin
from docutils import nodes
from sphinx.util.logging import getLogger

from . import closure, runtime
from .answers import field, fields
from .claims import source
from .naming import name_of
from .predict import predictions_of

SOURCES = Path(__file__).resolve().parents[2] / "lab"
LOADS = re.compile(r"\b(fashion_mnist|mnist|emoji|photographs)\(|studies\.load\(\"(\w+)\"")
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
logger = getLogger(__name__)


def bundle(entry: Path, *, module: bool = False) -> str:
    """Return a module and those that it imports as one script, without comments.

    Args:
        entry: The module that imports the others.
        module: Whether the script is a module that exports what its entry does, or a plain one with names of its own.
    """
    done = {}

    def add(path):
        text = path.read_text(encoding="utf-8")
        for name in IMPORT.findall(text):
            if name not in done:
                add(path.with_name(name))
        exports = module and path == entry
        done[path.name] = IMPORT.sub("", text) if exports else re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.M)

    add(entry)
    text = "\n".join(done.values())
    return rjsmin.jsmin(text if module else f"(() => {{\n{text}\n}})();")


def hashed(stem: str, text: str) -> str:
    """Return a file's name with the hash of its content."""
    return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"


def cells_of(notebook: Path) -> list[dict]:
    """Return the cells of a notebook."""
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def imports_of(notebook: Path) -> list[str]:
    """Return the imports of a chapter that a browser can do, without those for figures and with them.

    With them an answer finds the names of the notebook.
    """
    text = "\n".join(source(cell) for cell in cells_of(notebook) if cell["id"] == "imports")
    draws = closure.importable(text, draws=True)
    return [closure.importable(text), f"{draws}\nplots.use_style()" if "plots" in closure.names_of(draws) else draws]


@cache
def runnable(notebook: Path) -> dict[str, dict]:
    """Return the cells of a chapter that a browser can run: what each needs, loads and draws, and if it has knobs."""
    code = [cell for cell in cells_of(notebook) if cell["cell_type"] == "code" and not cell["id"].startswith("ex-")]
    texts = {cell["id"]: source(cell) for cell in code if cell["id"] != "bootstrap"}
    plain, draws = map(closure.names_of, imports_of(notebook))
    found = {}
    for name, needs in closure.runnable(list(texts.items())).items():
        whole = "\n".join(texts[one] for one in (*needs, name))
        places = [f"datasets/{one}.npz" if one else f"studies/{other}.jsonl" for one, other in LOADS.findall(whole)]
        reads = closure.look(name, whole).reads
        found[name] = {"needs": needs, "files": sorted(set(places)), "plots": bool(reads & (draws - plain))}
        found[name]["knobs"] = "parameters" in needs and name.startswith(("fig-", "assert-"))
    return found


def exercises_of(notebook: Path) -> dict[str, dict]:
    """Return what the page asks in a chapter, in the order of its exercises."""
    texts = {cell["id"]: source(cell) for cell in cells_of(notebook)}
    names = sorted(fields(name_of(notebook)), key=lambda name: list(texts).index(f"ex-{name}-try"))
    return {name: field(name, texts.get(f"ex-{name}-given", "")) for name in names}


def prepare(app):
    """Make all of it before the pages are written (event ``builder-inited``)."""
    if app.builder.format != "html":
        return
    texts = {"lab": bundle(SOURCES / "main.js"), "lab-python": bundle(SOURCES / "python.js", module=True)}
    texts |= {
        "lab-worker": bundle(SOURCES / "worker.js", module=True),
        "lab-cells": bundle(SOURCES / "cells.js", module=True),
    }
    chapters = sorted(Path(app.srcdir).glob("chapters/[0-9][0-9]_*.ipynb"))
    exercises = {f"chapters/{path.stem}": exercises_of(path) for path in chapters}
    own = {
        f"chapters/{path.stem}": {
            "imports": imports_of(path),
            "cells": runnable(path),
            "predictions": predictions_of(path),
        }
        for path in chapters
    }
    app.lab = {
        "exercises": exercises,
        "own": own,
        "scripts": {stem: hashed(stem, text) for stem, text in texts.items()},
    }
    app.lab["texts"] = {hashed(stem, text): text for stem, text in texts.items()}
    try:
        core = runtime.fetch() | {"warmstart.zip": runtime.packed(runtime.PACKAGE, SOURCES / "run.py")}
        app.lab["files"] = {"files": core, "plots": runtime.fetch(runtime.PLOTS), "data": runtime.data_files()}
    except runtime.Unavailable as reason:
        app.lab["files"] = None
        logger.info("Pages check functions only where Python comes with them, and it does not: %s", reason)


def add_ways_to_colab(app, doctree):
    """Say below each cell that needs torch where it runs (event ``doctree-read``, after ``cells``)."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    address = app.config.extlinks["colab"][0] % path.relative_to(app.srcdir).as_posix()
    for container in list(doctree.findall(nodes.container)):
        cell = next((name.removeprefix("cell-") for name in container["ids"] if name.startswith("cell-")), "ex-")
        if cell not in runnable(path) and not cell.startswith(("ex-", "imports", "bootstrap")):
            way = nodes.reference("", "run it on Colab", refuri=f"{address}#scrollTo={cell}")
            container += nodes.paragraph("", "", nodes.Text("This cell needs torch: "), way, classes=["cell-torch"])


def add_to_page(app, page, template, context, doctree):
    """Give a page the script and its data (event ``html-page-context``)."""
    if not hasattr(app, "lab") or "body" not in context:  # the page of the search has none
        return
    if "python" not in app.lab:
        write(app)
    scripts = app.lab["scripts"]
    data = {
        "exercises": app.lab["exercises"].get(page, {}),
        **app.lab["own"].get(page, {"imports": ["", ""], "cells": {}, "predictions": {}}),
        "chapters": {chapter: list(names) for chapter, names in app.lab["exercises"].items() if names},
        "python": app.lab["python"],
        "scripts": {"python": scripts["lab-python"], "cells": scripts["lab-cells"]},
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    context["body"] += f'<script type="application/json" id="lab-data">{text}</script>'
    app.add_js_file(scripts["lab"], loading_method="defer")


def write(app):
    """Write the files into the site."""
    place = Path(app.outdir) / "_static"
    place.mkdir(parents=True, exist_ok=True)
    for old in (*place.glob("lab-*.js"), *place.glob("python-*/*")):  # of an earlier build
        old.unlink()
    for name, text in app.lab.pop("texts").items():
        (place / name).write_text(text, encoding="utf-8")
    files = app.lab.pop("files")
    app.lab["python"] = None
    if files:
        app.lab["python"] = {**runtime.write(files, place), "worker": app.lab["scripts"]["lab-worker"]}


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", prepare)
    app.connect("doctree-read", add_ways_to_colab, priority=502)
    app.connect("html-page-context", add_to_page, priority=850)
